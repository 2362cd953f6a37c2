#!/usr/bin/env bash
# Would every Android load these libraries? Says of each whether all its LOAD segments lie on borders of 16 KB, as phones with pages
# of that size need them. (Where an APK keeps libraries unpacked is the work of its packer, and `zipalign -c -P 16` says.)
#   check-alignment.sh FILE...    .so, .aar, .apk or .jar files; it needs readelf, and unzip for archives
# It ends with 1 where one library is not aligned, or an archive has none, and with 2 where it was asked the wrong way.
set -euo pipefail
PAGE=16384

wrong() { printf 'check-alignment.sh: %s\n' "$*" >&2 && exit 2; }

[[ $# -gt 0 ]] || wrong "give it .so, .aar, .apk or .jar files"
for tool in readelf unzip; do
    command -v "$tool" >/dev/null || wrong "$tool is missing"
done
for file in "$@"; do
    [[ -f $file ]] || wrong "there is no file $file"
    case $file in
        *.so | *.aar | *.apk | *.jar) ;;
        *) wrong "$file is no .so, .aar, .apk or .jar file" ;;
    esac
done

unpacked=$(mktemp -d)
trap 'rm -rf "$unpacked"' EXIT
bad=0

# Says of one library, under the name given, how it lies.
check() {
    local library=$1 name=$2 found='' alignment
    while read -r alignment; do
        found=$alignment
        if ((alignment % PAGE != 0)); then
            printf '%s: NOT aligned: a segment lies on a border of %d bytes\n' "$name" "$alignment"
            bad=1
            return
        fi
    done < <(readelf -lW "$library" 2>/dev/null | awk '$1 == "LOAD" { print $NF }')
    if [[ -z $found ]]; then
        printf '%s: NOT a library: it has no segment to load\n' "$name"
        bad=1
    else
        printf '%s: aligned\n' "$name"
    fi
}

number=0
for file in "$@"; do
    if [[ $file == *.so ]]; then
        check "$file" "$file"
        continue
    fi
    number=$((number + 1))
    folder=$unpacked/$number
    mkdir "$folder"
    # 11 says that none of them is in it.
    status=0
    unzip -q "$file" '*.so' -d "$folder" 2>/dev/null || status=$?
    [[ $status -eq 0 || $status -eq 11 ]] || wrong "$file cannot be unpacked"
    libraries=0
    while IFS= read -r -d '' library; do
        libraries=$((libraries + 1))
        check "$library" "$file: ${library#"$folder"/}"
    done < <(find "$folder" -type f -name '*.so' -print0 | sort -z)
    if [[ $libraries -eq 0 ]]; then
        printf '%s: NO library is in it\n' "$file"
        bad=1
    fi
done
exit "$bad"
