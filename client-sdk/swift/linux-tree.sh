#!/usr/bin/env bash
# Makes a folder with a Swift compiler in it, from Debian's packages, without installing anything on the machine: for Linux
# machines that have none, CI among them. Needs root and a Debian that knows its mirror. Once: a minute, and 3 GB.
#
#   client-sdk/swift/linux-tree.sh DIR                     make it, unless it is there
#   client-sdk/swift/linux-tree.sh DIR COMMAND ARGUMENT…   and run a command in it
#
# The command sees this repository, and the cargo target folder, under their own names, and the machine's network.
set -euo pipefail

RELEASE=trixie # the first with a Swift that knows language mode 6
PACKAGES=(swiftlang bash coreutils libc-bin libc6-dev libstdc++-14-dev gcc binutils zlib1g-dev)
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

fail() {
    echo "linux-tree.sh: $*" >&2
    exit 1
}

tree=$(realpath -m "${1:?usage: linux-tree.sh DIR [COMMAND ARGUMENT…]}")
shift
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

make_tree() {
    [[ $(id -u) -eq 0 ]] || fail "only root can make a folder with another system in it"
    for tool in apt-get dpkg-deb chroot unshare; do
        command -v $tool >/dev/null || fail "$tool is missing here"
    done
    unshare --mount true 2>/dev/null || fail "this machine does not let root mount (unshare --mount)"
    [[ -f $KEYRING ]] || fail "Debian's keys are missing here ($KEYRING)"
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' | grep -v security | grep -m 1 '/debian/\?$') ||
        fail "no Debian mirror is set up here"

    local made=$tree.made
    rm -rf "$made"
    mkdir -p "$made"/{apt/lists/partial,apt/cache/archives/partial,usr/bin,usr/sbin,usr/lib,usr/lib64,dev,proc,tmp}
    : > "$made/apt/status"
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$RELEASE" "$KEYRING" \
        > "$made/apt/list.sources"
    # With a state of its own, in which nothing is installed, so that all that is needed comes.
    local options=(
        -qq
        -o Dir::State="$made/apt" -o Dir::State::status="$made/apt/status" -o Dir::Cache="$made/apt/cache"
        -o Dir::Etc::sourcelist="$made/apt/list.sources" -o Dir::Etc::sourceparts=/dev/null
        -o APT::Sandbox::User=root
    )
    apt-get "${options[@]}" update
    apt-get "${options[@]}" install -y --no-install-recommends --download-only "${PACKAGES[@]}" >/dev/null
    local name
    for name in bin sbin lib lib64; do
        ln -s usr/$name "$made/$name"
    done
    for package in "$made"/apt/cache/archives/*.deb; do
        dpkg-deb --extract "$package" "$made"
    done
    rm -rf "$made/apt"
    mv "$made" "$tree"
}

[[ -d $tree ]] || make_tree
[[ $# -gt 0 ]] || exit 0

target=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")
mkdir -p "$tree$repository" "$tree$target"
export tree repository target
# Mounted where only this command sees it, and gone with it.
exec unshare --mount bash -c '
    set -e
    mount -t proc proc "$tree/proc"
    mount --rbind /dev "$tree/dev"
    mount --bind "$repository" "$tree$repository"
    [[ $target == "$repository"/* ]] || mount --bind "$target" "$tree$target"
    exec chroot "$tree" /usr/bin/env --chdir="$repository" HOME=/tmp TMPDIR=/tmp \
        PATH=/usr/libexec/swift/bin:/usr/bin:/usr/sbin "$@"
' linux-tree.sh "$@"
