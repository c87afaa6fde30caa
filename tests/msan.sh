#!/bin/sh
# msan.sh BUILD - what was built with MemorySanitizer takes all seeds of the fuzz targets, and what they make of them in a moment; the program
# reads all recordings, and the captures below TLSWHY_EXTRA, and writes all that it can write of them.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
failed=0

# else a finding ends the program as a failed handshake does
export MSAN_OPTIONS=exitcode=99

run() { # NAME STATUS COMMAND...
    name=$1 status=$2
    shift 2
    "$@" >"$build/$name.log" 2>&1
    got=$?
    [ $got = "$status" ] && echo "PASS msan $name" && return
    tail -25 "$build/$name.log" | sed 's/^/    /'
    echo "FAIL msan $name: exit status $got, see $build/$name.log"
    failed=1
}

reads() { # NAME FOLDER
    read_name=$1
    # shellcheck disable=SC2046
    set -- $(find "$2" -name '*.pcap' -o -name '*.pcapng' | LC_ALL=C sort)
    run "$read_name-text" 1 "$build/tlswhy" read --no-sandbox --all -v --ca pcaps/roots.pem --html "$build/page.html" "$@"
    run "$read_name-json" 1 "$build/tlswhy" read --no-sandbox --all --json --write "$build/failed.pcapng" --annotate "$build/all.pcapng" "$@"
}

reads read pcaps
if [ -d "${TLSWHY_EXTRA:-}/captures" ]; then
    reads read-extra "$TLSWHY_EXTRA/captures"
elif [ -n "${TLSWHY_EXTRA:-}" ]; then
    echo "SKIP msan read-extra: no captures in TLSWHY_EXTRA"
else
    echo "SKIP msan read-extra: TLSWHY_EXTRA is not set"
fi

for target in "$build"/tests/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "$build/corpus/$name"
    # shellcheck disable=SC2046
    run "$name" 0 "$target" -max_total_time="${FUZZ_SECONDS:-2}" -timeout=20 -artifact_prefix="$build/$name-" "$build/corpus/$name" $(sh tests/seeds.sh "$name")
done
exit $failed
