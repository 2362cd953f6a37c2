#!/usr/bin/env bash
# Builds what the Kotlin SDK is made of, into the folder given: the native library where JNA looks for it, the bindings, and the
# programs that the tests start.
#   native.sh FOLDER [dev|phone]
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
profile=${2:-dev}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

target=${CARGO_TARGET_DIR:-target}
built=$target/$profile
[[ $profile != dev ]] || built=$target/debug

case $(uname -s)-$(uname -m) in
    Linux-x86_64) place=linux-x86-64 name=libentwine_sdk.so ;;
    Linux-aarch64) place=linux-aarch64 name=libentwine_sdk.so ;;
    Darwin-x86_64) place=darwin-x86-64 name=libentwine_sdk.dylib ;;
    Darwin-arm64) place=darwin-aarch64 name=libentwine_sdk.dylib ;;
    *) echo "native.sh: the native library was never built for $(uname -s) on $(uname -m)" >&2 && exit 1 ;;
esac

cargo build --quiet --package entwine-server --package entwine-sdk --features entwine-sdk/cli,entwine-sdk/bindgen --bins
cargo rustc --quiet --package entwine-sdk --lib --features ffi --crate-type cdylib --profile "$profile"

bindings=$folder/generated-sources/bindings
rm -rf "$bindings"
# The symbols that tell what there is to bind are gone from a small library; the one for tests has them.
[[ $profile == dev ]] || cargo rustc --quiet --package entwine-sdk --lib --features ffi --crate-type cdylib
"$target/debug/entwine-bindgen" generate --language kotlin --no-format --out-dir "$bindings" "$target/debug/$name"

mkdir -p "$folder/classes/$place" "$folder/programs"
strip -S -o "$folder/classes/$place/$name" "$built/$name"
# One of them may be running.
rm -f "$folder"/programs/*
cp "$target/debug/entwine" "$target/debug/entwine-relay" "$folder/programs/"
