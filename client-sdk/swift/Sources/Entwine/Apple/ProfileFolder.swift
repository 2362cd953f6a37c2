#if canImport(Security)
    import Foundation

    /// A profile's folder, as a phone should keep it.
    public enum ProfileFolder {
        /// Makes the folder where it is missing, and sets it up:
        ///
        /// - its files open from the first unlock after a start on, so that a locked phone can sync in the background
        ///   (`FileProtectionType.completeUntilFirstUserAuthentication`);
        /// - no backup contains it. A profile that is restored elsewhere lacks its keys, which the Keychain keeps on this
        ///   device: the way to a next phone is ``EntwineClient/inviteDevice()``, or the recovery phrase.
        ///
        /// ``EntwineClient/open(at:name:keyStore:network:certificateAuthorities:)`` does this by itself.
        public static func prepare(_ folder: URL) throws {
            var attributes: [FileAttributeKey: Any] = [.posixPermissions: 0o700]
            #if !os(macOS)
                // Files that are made in the folder take this over.
                attributes[.protectionKey] = FileProtectionType.completeUntilFirstUserAuthentication
            #endif
            let files = FileManager.default
            try files.createDirectory(at: folder, withIntermediateDirectories: true, attributes: attributes)
            // Also where the folder was there before.
            try files.setAttributes(attributes, ofItemAtPath: folder.path)
            var place = folder
            var values = URLResourceValues()
            values.isExcludedFromBackup = true
            try place.setResourceValues(values)
        }
    }
#endif
