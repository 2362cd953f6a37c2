#!/usr/bin/env bash
# Compiles the Swift SDK on Linux and lets it live: with the real relay, and with a phone in a terminal.
#
#   client-sdk/swift/test-on-linux.sh                      everything
#   client-sdk/swift/test-on-linux.sh EventStories         only the stories whose name contains that
#
# It takes the Swift on the PATH, where that is 6.0 or newer, or makes a folder with one in it (linux-tree.sh), which needs root
# and a Debian. Where neither works, it says so and ends with 77: skipped, and nothing was shown.
#
# What is only there on Apple's systems is not run here, and not compiled against their frameworks: Sources/Entwine/Apple is
# checked for its types against stand-ins for them (StandIns), and Examples for its grammar.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

FEATURES=entwine-sdk/cli,entwine-sdk/ffi,entwine-sdk/test-switches,entwine-server/test-switches
QUICK_START=docs/sdk/quick-start-swift.md
QUICK_START_LINES_MAX=25

source scripts/quick-start-parts.bash
locked=()
[[ -z ${CI:-} ]] || locked=(--locked)
repository=$PWD
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
target=$(cd "$target" && pwd)
package=client-sdk/swift

say() { printf '\n== %s\n' "$*"; }

find_swift() {
    if swift --version 2>/dev/null | grep -q 'Swift version \([6-9]\|[1-9][0-9]\)\.'; then
        in_swift=(env)
    elif $package/linux-tree.sh "$target/swift-tree"; then
        in_swift=($package/linux-tree.sh "$target/swift-tree" env)
    else
        echo "SKIPPED: no Swift compiler (see above): the Swift SDK was not compiled or run"
        exit 77
    fi
    in_swift+=(LD_LIBRARY_PATH="$target/debug" STORY_PROGRAMS="$target/debug")
    "${in_swift[@]}" swift --version 2>/dev/null | head -1
}

# What SwiftPM makes lies in Cargo's folder, and it finds the library there.
swift_package() {
    local action=$1 folder=$2 made=$3
    shift 3
    "${in_swift[@]}" swift "$action" --package-path "$folder" --scratch-path "$made" -Xlinker "-L$target/debug" "$@"
}

follow_quick_start() {
    local work=$target/swift-quick-start
    rm -rf "$work"
    mkdir -p "$work/OurJournal/Sources/OurJournal"
    ln -s "$repository" "$work/entwine"
    code_of $QUICK_START Package.swift > "$work/OurJournal/Package.swift"
    code_of $QUICK_START Sources/OurJournal/main.swift > "$work/OurJournal/Sources/OurJournal/main.swift"
    local lines
    lines=$(cat "$work"/OurJournal/Package.swift "$work"/OurJournal/Sources/OurJournal/main.swift | grep -vc '^ *$')
    [[ $lines -gt 10 && $lines -le $QUICK_START_LINES_MAX ]] ||
        fail "$QUICK_START has $lines lines of code, and promises at most $QUICK_START_LINES_MAX"
    start_relay "$target/debug/entwine-relay"
    local told
    told=$(swift_package run "$work/OurJournal" "$work/made" OurJournal "$url" "$token")
    echo "$told"
    grep -q '^Both see: [a-z]* [a-z]* [a-z]* [a-z]* [a-z]* [a-z]*$' <<<"$told" || fail "the quick start shows no six words"
    [[ $(tail -1 <<<"$told") == "Noor reads: We walked to the lake." ]] || fail "the quick start's journal does not sync"
    echo "$lines lines"
}

# Every public name is explained, and every name in the articles is there.
check_documentation() {
    local graph=$target/swift-documentation/graph
    swift_package package $package "$target/swift" dump-symbol-graph --minimum-access-level public \
        --skip-synthesized-members >/dev/null
    rm -rf "$target/swift-documentation"
    mkdir -p "$graph"
    cp "$target"/swift/*/symbolgraph/Entwine.symbols.json "$graph"
    python3 - "$graph/Entwine.symbols.json" <<'END'
import json, sys

symbols = json.load(open(sys.argv[1]))["symbols"]
silent = [".".join(symbol["pathComponents"]) for symbol in symbols if "docComment" not in symbol]
print(f"{len(symbols)} public names, {len(silent)} of them without a word: {', '.join(silent)}")
sys.exit(bool(silent) or len(symbols) < 100)
END
    "${in_swift[@]}" docc convert $package/Sources/Entwine/Entwine.docc --warnings-as-errors \
        --fallback-display-name Entwine --fallback-bundle-identifier app.entwine \
        --additional-symbol-graph-dir "$graph" --output-path "$target/swift-documentation/site"
}

# With the stand-ins there, `canImport` takes the parts for Apple's systems in.
check_apple_parts() {
    local stand_ins=$target/swift-stand-ins name
    mkdir -p "$stand_ins"
    for name in Darwin Network Security; do
        "${in_swift[@]}" swiftc -emit-module -parse-as-library -module-name $name \
            -o "$stand_ins/$name.swiftmodule" $package/StandIns/$name.swift
    done
    "${in_swift[@]}" swiftc -typecheck -swift-version 6 -warnings-as-errors -module-name Entwine -I "$stand_ins" \
        -I "$target/swift/debug/Modules" -I $package/Sources/entwine_sdkFFI $package/Sources/Entwine/{,Apple/}*.swift
    "${in_swift[@]}" swiftc -parse $package/Examples/*/*.swift
    echo "types checked against stand-ins, examples read for their grammar: nothing of it was compiled or run as Apple's systems do"
}

say "A Swift compiler"
find_swift

say "The library, and whether what was generated is what it says"
cargo build "${locked[@]}" --workspace --bins --features "$FEATURES"
$package/bindings.sh --check

say "The stories"
swift_package build $package "$target/swift" --build-tests
filter=()
[[ $# -eq 0 ]] || filter=(--filter "$1")
swift_package test $package "$target/swift" --skip-build "${filter[@]}"
[[ $# -eq 0 ]] || exit 0

say "The quick start, as it stands ($QUICK_START)"
follow_quick_start

say "The documentation"
check_documentation

say "What only Apple's systems can compile and run"
check_apple_parts

say "A release's package names the release's file"
$package/release-package.sh https://example.org/entwine.xcframework.zip 0123456789abcdef "$target/swift-release"
manifest=$("${in_swift[@]}" swift package --package-path "$target/swift-release" --scratch-path "$target/swift-release/.build" dump-package)
grep -q '"name" : "Entwine"' <<<"$manifest" || fail "SwiftPM does not read a release's package"
