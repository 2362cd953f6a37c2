#!/usr/bin/env bash
# Follows docs/sdk/quick-start-kotlin.md as it stands, from an empty folder, with a relay of its own; and has two people keep a
# journal in the sample. For tests: `mvn verify` must have run before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
source scripts/quick-start-parts.bash
page=docs/sdk/quick-start-kotlin.md
relay_program=client-sdk/kotlin/sdk/target/programs/entwine-relay
LINES_MAX=25

start_relay "$relay_program"
folder=$relay_folder

echo "== the quick start"
mkdir -p "$folder/journal/src/main/kotlin"
code_of $page pom.xml >"$folder/journal/pom.xml"
code_of $page src/main/kotlin/Journal.kt >"$folder/journal/src/main/kotlin/Journal.kt"
lines=$(grep -cv '^ *\(//.*\)\?$' "$folder/journal/src/main/kotlin/Journal.kt")
[[ $lines -le $LINES_MAX ]] || fail "the page promises $LINES_MAX lines of one's own, and there are $lines"
mvn -B -q -f client-sdk/kotlin -DskipTests install
run=$(code_of $page "Run it" | sed "s|http://127.0.0.1:8080|$url|; s|TOKEN|$token|")
[[ $run == mvn* ]] || fail "the page says nothing to run"
(cd "$folder/journal" && eval "$run") | tee "$folder/quick-start.out"
grep -q '^Noor reads: We walked to the lake\.$' "$folder/quick-start.out" || fail "Noor did not read what Ada wrote"
echo "$lines lines of one's own"

echo "== the sample"
sample() { client-sdk/kotlin/sample-journal.sh "$folder/$1" "$1"; }
token=$("$relay_program" tokens new --data "$folder/data" 2>/dev/null | sed -n 's/^registration token: //p')
[[ $token ]] || fail "no second token could be made"
link=$(printf 'create %s %s\ninvite\nwrite Good morning\nsync\nquit\n' "$url" "$token" | sample Ada | tee "$folder/ada.out" | grep '^entwine://')
[[ $link ]] || { cat "$folder/ada.out"; fail "Ada made no link"; }
printf 'join %s\nwrite Good night\nsync\nlist\nquit\n' "$link" | sample Noor >"$folder/noor.out"
printf 'sync\nlist\nnonsense\nquit\n' | sample Ada >"$folder/ada.out"
for out in ada noor; do
    for words in 'Ada: Good morning' 'Noor: Good night'; do
        grep -q "^20.*$words" "$folder/$out.out" || { cat "$folder/$out.out"; fail "$out does not list '$words'"; }
    done
done
grep -q '^! there is no `nonsense` here' "$folder/ada.out" || fail "nonsense is not told"
echo "Ada and Noor read each other in the sample"
