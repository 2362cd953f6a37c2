#!/usr/bin/env bash
# A journal in a terminal, made with the Kotlin SDK. Builds what is missing, which takes some minutes the first time.
#
#   client-sdk/kotlin/sample-journal.sh FOLDER NAME      a phone is a folder; the name is yours
#
# Open two of them, in two terminals, and a relay in a third (`cargo run --release -p entwine-server -- serve`).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v mvn >/dev/null || { echo "sample-journal.sh: Maven and a JDK of 17 or newer are needed (Debian: apt-get install maven)" >&2; exit 1; }
if ! compgen -G "$here/sample/target/entwine-sample-*.jar" >/dev/null; then
    echo "Building the SDK and the sample" >&2
    mvn -B -q -f "$here" -DskipTests package >&2
fi
exec java -cp "$here/sample/target/*:$here/sample/target/lib/*" app.entwine.sample.SampleJournalKt "$@"
