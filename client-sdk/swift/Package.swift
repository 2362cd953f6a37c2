// swift-tools-version: 6.0
import PackageDescription

// Where the compiled Rust comes from.
//
// On Apple's systems: from the release of this version, or, in a checkout, from the folder that build-xcframework.sh makes.
// release-package.sh writes a release's address and checksum into the next line; here there is none.
let release: (url: String, checksum: String)? = nil

// On Linux: from a library beside the compiler, `-Xlinker -L…` on the command line. test-on-linux.sh does all of it.
#if os(Linux)
let rust = Target.systemLibrary(name: "entwine_sdkFFI", path: "Sources/entwine_sdkFFI")
#else
let rust: Target =
    if let release {
        .binaryTarget(name: "entwine_sdkFFI", url: release.url, checksum: release.checksum)
    } else {
        .binaryTarget(name: "entwine_sdkFFI", path: "build/entwine_sdkFFI.xcframework")
    }
#endif

let package = Package(
    name: "Entwine",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Entwine", targets: ["Entwine"])],
    targets: [
        rust,
        // Generated, by bindings.sh. What a generator writes is held to the older language mode.
        .target(
            name: "EntwineFFI",
            dependencies: ["entwine_sdkFFI"],
            swiftSettings: [.swiftLanguageMode(.v5)],
            linkerSettings: [
                .linkedLibrary("entwine_sdk", .when(platforms: [.linux])),
                .linkedFramework("Security", .when(platforms: [.iOS, .macOS])),
                .linkedFramework("SystemConfiguration", .when(platforms: [.iOS, .macOS])),
            ]
        ),
        .target(name: "Entwine", dependencies: ["EntwineFFI"]),
        .testTarget(name: "EntwineTests", dependencies: ["Entwine"]),
    ],
    swiftLanguageModes: [.v6]
)
