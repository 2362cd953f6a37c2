#!/usr/bin/env bash
# Builds the Rust library for iPhones, their simulators and Macs as one XCFramework, into client-sdk/swift/build. Needs macOS with
# Xcode and rustup. Package.swift takes it from there; a release carries it as a zip file.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $(uname -s) != Darwin ]]; then
    echo "build-xcframework.sh: this needs macOS: Apple's SDKs and xcodebuild are nowhere else. Here is $(uname -s):" >&2
    echo "client-sdk/swift/test-on-linux.sh compiles and runs the Swift SDK with a library for Linux." >&2
    exit 1
fi

NAME=entwine_sdkFFI
SOURCES=client-sdk/swift/Sources/$NAME
OUT=client-sdk/swift/build
TARGETS=(aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin)

# As Package.swift says.
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0

target=${CARGO_TARGET_DIR:-target}
rustup target add "${TARGETS[@]}"
for triple in "${TARGETS[@]}"; do
    scripts/phone-library "$triple"
done
library() { echo "$target/$1/phone/libentwine_sdk.a"; }

rm -rf "$OUT"
mkdir -p "$OUT/simulator" "$OUT/mac" "$OUT/headers/$NAME"
# One library for each kind of system, with both processors in it.
lipo -create "$(library aarch64-apple-ios-sim)" "$(library x86_64-apple-ios)" -output "$OUT/simulator/libentwine_sdk.a"
lipo -create "$(library aarch64-apple-darwin)" "$(library x86_64-apple-darwin)" -output "$OUT/mac/libentwine_sdk.a"
# In a folder of its own: two frameworks with a module map at the top of their headers cannot be in one app.
cp "$SOURCES/$NAME.h" "$SOURCES/module.modulemap" "$OUT/headers/$NAME"
xcodebuild -create-xcframework \
    -library "$(library aarch64-apple-ios)" -headers "$OUT/headers" \
    -library "$OUT/simulator/libentwine_sdk.a" -headers "$OUT/headers" \
    -library "$OUT/mac/libentwine_sdk.a" -headers "$OUT/headers" \
    -output "$OUT/$NAME.xcframework"
rm -rf "$OUT/simulator" "$OUT/mac" "$OUT/headers"

(cd "$OUT" && zip -q -r -X "$NAME.xcframework.zip" "$NAME.xcframework")
echo "$OUT/$NAME.xcframework.zip"
echo "checksum: $(swift package compute-checksum "$OUT/$NAME.xcframework.zip")"
