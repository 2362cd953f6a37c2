import Foundation

/// What a client takes where the app says nothing else.
struct Platform {
    let keyStore: (any KeyStore)?
    let network: (any NetworkMonitor)?
}

#if canImport(Security) && canImport(Network)
    extension Platform {
        static func prepare(_ folder: URL) throws -> Platform {
            try calling { try ProfileFolder.prepare(folder) }
            return Platform(keyStore: KeychainKeyStore(profile: folder), network: PathMonitor())
        }
    }
#else
    extension Platform {
        /// Rust makes the folder, keeps the keys in a file of it, and tries the network.
        static func prepare(_ folder: URL) throws -> Platform {
            Platform(keyStore: nil, network: nil)
        }
    }
#endif
