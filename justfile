# `just` lists the recipes. None of them hides anything: each is a command that you could type yourself.

features := "entwine-sdk/cli,entwine-sdk/ffi,entwine-sdk/test-switches,entwine-server/test-switches"

_default:
    @just --list --unsorted

# Exactly what CI runs
check:
    bash .ci/run

# All the tests, or those whose name contains the words given
test *ARGS:
    scripts/test {{ ARGS }}

# Live through so many seeded worlds of couples, on all processors, from a first seed on; SIMULATION_TABLE=FILE keeps the table
simulate SEEDS="10000" FIRST="0":
    SIMULATION_SEEDS={{ SEEDS }} SIMULATION_FIRST={{ FIRST }} \
        cargo test --release -p entwine-core --test simulation couples -- --nocapture

# Play every trick of a hostile relay on every act, or those whose names hold these words (some 25 minutes for all)
hostile CASES="all":
    HOSTILE_CASES="{{ CASES }}" scripts/test hostile

# Tell what happens in one of the seeded worlds
simulate-one SEED:
    SIMULATION_SEED={{ SEED }} cargo test -p entwine-core --test simulation one_seed -- --nocapture

# Let relays and phones die and lose their power, and their disks fill up, fail and rot, by so many seeds
storage SEEDS="0..100":
    STORY_SEEDS={{ SEEDS }} scripts/test -- _dying disk_ bit_rot

# Ask python-dateutil anew what it says of 3,000 random rules: writes core/tests/recurrence/cases.txt
recurrence-cases:
    test -x target/python/bin/python || python3 -m venv target/python
    target/python/bin/python -m pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
    target/python/bin/python core/tests/recurrence/make_cases.py > target/recurrence-cases.txt
    mv target/recurrence-cases.txt core/tests/recurrence/cases.txt

# Format the code
fmt:
    cargo fmt --all

# The lints, over everything, tests included
lint:
    cargo clippy --workspace --all-targets --features {{ features }} -- -D warnings

# Licences, banned crates and sources of the dependencies
deny:
    cargo deny check bans licenses sources

# The spelling
spell:
    typos

# The documentation of the crates
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --features {{ features }}

# Write a journal of ten years, and one of this month, into target/ten-years for `just bench` to open; it does so once
ten-years:
    cargo build --release -p entwine-server -p entwine-sdk --features entwine-sdk/cli --bins
    cargo bench -p entwine-tests --features entwine-sdk/test-switches --bench load -- --write-ten-years

# How fast the relay and a phone are on this machine, which should do nothing else: writes docs/performance.md
bench:
    cargo build --release -p entwine-server -p entwine-sdk --features entwine-sdk/cli --bins
    cargo bench -p entwine-tests --bench load -- --write

# Break the rules of the product one at a time, in a copy, and see who notices; `just break-rules --only cut` takes some
break-rules *ARGS:
    cargo bench --profile dev -p entwine-tests --bench rules -- {{ ARGS }}

# Everything about reliability that takes long, and docs/reliability.md made of it
reliability SEEDS="100000" FIRST="0":
    SIMULATION_TABLE={{ justfile_directory() }}/target/simulation.md just simulate {{ SEEDS }} {{ FIRST }}
    just break-rules --write

# Build the library that an app carries, for this machine or another target, and say how large it is
phone-library *TARGET:
    scripts/phone-library {{ TARGET }}

# Build the Kotlin SDK with its native library, play its stories, and follow its quick start
kotlin:
    mvn -B --no-transfer-progress -f client-sdk/kotlin verify
    client-sdk/kotlin/quick-start.sh

# Compile the Swift SDK on Linux and play its stories, or those whose name contains the word, with a Swift of its own if need be
swift *ARGS:
    client-sdk/swift/test-on-linux.sh {{ ARGS }}

# Write the Swift side of the library for phones anew, after a change in client-sdk/src/ffi
swift-bindings:
    client-sdk/swift/bindings.sh

# Start a relay; `just relay --help` lists its settings
relay *ARGS:
    cargo run --release -p entwine-server -- serve {{ ARGS }}

# Watch two phones and a relay play the walk; `just demo --fast` leaves out the pauses
demo *ARGS:
    cargo build --release -p entwine-server -p entwine-sdk --features entwine-sdk/cli --bins
    target/release/entwine demo {{ ARGS }}
