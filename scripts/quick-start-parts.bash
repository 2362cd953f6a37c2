# What the two scripts share that follow a quick start of docs/sdk as it stands: `source` it from the top of the repository.

# A relay or phone of your own, set up by variables in this shell, is not what they talk about.
for name in "${!ENTWINE_@}"; do
    unset "$name"
done

fail() {
    printf '\n%s: %s\n' "$0" "$*" >&2
    exit 1
}

# The code block of a page after the line that names it in bold type, such as `**main.swift**`.
#   code_of PAGE NAME
code_of() {
    awk -v name="**$2**" '$0 == name { near = 1; next } near && /^```/ { if (inside) exit; inside = 1; next } inside { print }' "$1"
}

# Starts a relay with a folder of its own, `$relay_folder`, which goes with this script: its `$url`, and a `$token`.
#   start_relay PROGRAM
start_relay() {
    relay_folder=$(mktemp -d)
    mkfifo "$relay_folder/told"
    "$1" serve --data "$relay_folder/data" --listen 127.0.0.1:0 >"$relay_folder/told" 2>/dev/null &
    relay=$!
    trap 'kill "$relay" 2>/dev/null; rm -rf "$relay_folder"' EXIT
    exec 3<"$relay_folder/told"
    local line
    while read -r line <&3; do
        case $line in
            "registration token: "*) token=${line#registration token: } ;;
            "listening on "*) url=${line#listening on } && return ;;
        esac
    done
    fail "the relay did not come to listen"
}
