#if canImport(Security)
    import Darwin
    import Foundation
    import Security

    /// Keeps a profile's keys in the Keychain: on this device only, in no backup, readable from the first unlock after a start
    /// on, so that a locked phone can sync in the background.
    ///
    /// On macOS that is so where an access group is given, which only a signed app may; else the keys lie in the login keychain.
    ///
    /// The Keychain outlives an app that is deleted, and its folder does not. So a profile's item has a name of its own, kept
    /// in the profile's folder: a fresh folder never meets the keys of one that is gone.
    public struct KeychainKeyStore: KeyStore {
        private let nameFile: URL
        private let service: String
        private let accessGroup: String?

        /// - Parameters:
        ///   - profile: The profile's folder.
        ///   - service: What the items are filed under.
        ///   - accessGroup: A Keychain access group, for an app and its extension that open the same profile.
        public init(profile: URL, service: String = "app.entwine.keys", accessGroup: String? = nil) {
            nameFile = profile.appendingPathComponent("keychain-item")
            self.service = service
            self.accessGroup = accessGroup
        }

        public func load() throws -> Data? {
            guard let name = try keptName() else { return nil }
            var query = item(name)
            query[kSecReturnData as String] = true
            query[kSecMatchLimit as String] = kSecMatchLimitOne
            var found: CFTypeRef?
            switch SecItemCopyMatching(query as CFDictionary, &found) {
            case errSecSuccess: return found as? Data
            case errSecItemNotFound: return nil
            case let status: throw KeychainError(status: status)
            }
        }

        public func create(_ secret: Data) throws {
            var new = item(try keptName() ?? makeName())
            new[kSecValueData as String] = secret
            new[kSecAttrAccessible as String] = kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly
            new[kSecAttrSynchronizable as String] = false
            // Where there is one already, this says so.
            let status = SecItemAdd(new as CFDictionary, nil)
            guard status == errSecSuccess else { throw KeychainError(status: status) }
        }

        private func item(_ name: String) -> [String: Any] {
            var item: [String: Any] = [
                kSecClass as String: kSecClassGenericPassword,
                kSecAttrService as String: service,
                kSecAttrAccount as String: name,
            ]
            if let accessGroup {
                item[kSecAttrAccessGroup as String] = accessGroup
                item[kSecUseDataProtectionKeychain as String] = true
            }
            return item
        }

        /// The name of this profile's item, where one was given.
        private func keptName() throws -> String? {
            do {
                return try String(contentsOf: nameFile, encoding: .utf8)
            } catch CocoaError.fileReadNoSuchFile {
                return nil
            }
        }

        /// Gives it a name: on the disk before there are keys under it. Who else does so at this moment is quicker or not.
        private func makeName() throws -> String {
            let name = UUID().uuidString
            let draft = nameFile.deletingLastPathComponent().appendingPathComponent("keychain-item-\(name)")
            try Data(name.utf8).write(to: draft)
            defer { try? FileManager.default.removeItem(at: draft) }
            try synchronise(draft)
            do {
                try FileManager.default.linkItem(at: draft, to: nameFile)
            } catch CocoaError.fileWriteFileExists {
                return try keptName() ?? name
            }
            try synchronise(nameFile.deletingLastPathComponent())
            return name
        }

        private func synchronise(_ place: URL) throws {
            let descriptor = Darwin.open(place.path, O_RDONLY)
            guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            defer { Darwin.close(descriptor) }
            guard fsync(descriptor) == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        }
    }

    /// What the Keychain said.
    public struct KeychainError: LocalizedError, Equatable {
        /// The status code of the Security framework.
        public let status: OSStatus

        public var errorDescription: String? {
            SecCopyErrorMessageString(status, nil) as String? ?? "the Keychain says \(status)"
        }
    }
#endif
