#!/bin/sh
# msan.sh BUILD - what was built with MemorySanitizer takes all seeds of the fuzz targets, and what they make of them in a moment.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
failed=0

run() { # NAME COMMAND...
    name=$1
    shift
    "$@" >"$build/$name.log" 2>&1 && echo "PASS msan $name" && return
    tail -25 "$build/$name.log" | sed 's/^/    /'
    echo "FAIL msan $name: see $build/$name.log"
    failed=1
}

for target in "$build"/tests/fuzz/fuzz_*; do
    [ -x "$target" ] || continue
    name=$(basename "$target")
    mkdir -p "$build/corpus/$name"
    # shellcheck disable=SC2046
    run "$name" "$target" -max_total_time="${FUZZ_SECONDS:-2}" -timeout=20 -artifact_prefix="$build/$name-" "$build/corpus/$name" $(sh tests/seeds.sh "$name")
done
exit $failed
