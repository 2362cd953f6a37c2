#!/usr/bin/env bash
# Makes the Swift package of a release: these sources, with a manifest that names the release's XCFramework by its address and
# checksum (`swift package compute-checksum FILE`). For the workflow that makes a release, after build-xcframework.sh.
#
#   client-sdk/swift/release-package.sh URL CHECKSUM DIR
set -euo pipefail
[[ $# -eq 3 ]] || {
    echo "usage: release-package.sh URL CHECKSUM DIR" >&2
    exit 2
}
mkdir -p "$3"
url=$1 checksum=$2 made=$(cd "$3" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"

rm -rf "$made"
mkdir -p "$made"
cp -R Package.swift Sources Examples README.md "$made"
none='let release: (url: String, checksum: String)? = nil'
named="let release: (url: String, checksum: String)? = (\"$url\", \"$checksum\")"
# Exactly one line is another one.
awk -v none="$none" -v named="$named" '$0 == none { print named; found++; next } { print } END { exit found != 1 }' \
    Package.swift > "$made/Package.swift"
# A release has no stories: they need the programs of the repository.
sed -i.before '/\.testTarget(/d' "$made/Package.swift"
rm "$made/Package.swift.before"
