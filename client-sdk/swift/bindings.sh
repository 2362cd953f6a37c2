#!/usr/bin/env bash
# Writes the Swift side of the Rust library, which is checked in; or says whether what is checked in is current.
#
#   client-sdk/swift/bindings.sh            write it anew, after a change in client-sdk/src/ffi
#   client-sdk/swift/bindings.sh --check    fail where it is not what would be written
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

locked=()
[[ -z ${CI:-} ]] || locked=(--locked)
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)

cargo rustc "${locked[@]}" -p entwine-sdk --lib --features ffi --crate-type cdylib
cargo build "${locked[@]}" -p entwine-sdk --bin entwine-bindgen --features bindgen
library=$target/debug/libentwine_sdk.so
[[ -f $library ]] || library=$target/debug/libentwine_sdk.dylib

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT
"$target/debug/entwine-bindgen" generate --language swift --no-format --out-dir "$made" "$library"

swift=client-sdk/swift/Sources
# With "use" a module map names modules that only Apple's compilers know, and theirs do without it.
{ sed "/^ *use \"/d" "$made/entwine_sdkFFI.modulemap" && echo; } > "$made/module.modulemap"
compare_or_copy() {
    if [[ ${check:-} ]]; then
        cmp "$1" "$2" && return
        echo "$2 is not what client-sdk/src/ffi says: client-sdk/swift/bindings.sh writes it anew" >&2
        exit 1
    fi
    cp "$1" "$2"
}
[[ ${1:-} != --check ]] || check=yes
compare_or_copy "$made/EntwineFFI.swift" $swift/EntwineFFI/EntwineFFI.swift
compare_or_copy "$made/entwine_sdkFFI.h" $swift/entwine_sdkFFI/entwine_sdkFFI.h
compare_or_copy "$made/module.modulemap" $swift/entwine_sdkFFI/module.modulemap
