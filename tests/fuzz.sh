#!/bin/sh
# fuzz.sh BUILD SECONDS - runs every fuzz target for so long, two at a time, from the seeds that are there for it.
set -u
build=$1
seconds=$2
cd "$(dirname "$0")/.." || exit 2
failed=0
ran=0

start() {
    name=$(basename "$1")
    mkdir -p "$build/corpus/$name"
    # shellcheck disable=SC2046
    "$1" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -artifact_prefix="$build/$name-" "$build/corpus/$name" $(sh tests/seeds.sh "$name") >"$build/$name.log" 2>&1 &
}

finish() { # PID TARGET
    name=$(basename "$2")
    ran=$((ran + 1))
    if wait "$1"; then
        echo "PASS fuzz $name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$build/$name.log") runs in $seconds s"
    else
        failed=$((failed + 1))
        tail -15 "$build/$name.log"
        echo "FAIL fuzz $name: see $build/$name.log"
    fi
}

before= before_pid=
for target in "$build"/tests/fuzz/fuzz_*; do
    case $target in *.o | *.d) continue ;; esac
    [ -x "$target" ] || continue
    start "$target"
    pid=$!
    if [ -n "$before" ]; then
        finish "$before_pid" "$before"
        finish "$pid" "$target"
        before=
    else
        before=$target before_pid=$pid
    fi
done
[ -z "$before" ] || finish "$before_pid" "$before"
[ $failed = 0 ] && [ $ran != 0 ]
