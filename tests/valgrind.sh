#!/bin/sh
# valgrind.sh BUILD [NAME...] - unit tests (all, or those named) and some runs of the program under valgrind: no error, and nothing lost.
set -u
build=$1
shift
cd "$(dirname "$0")/.." || exit 2
command -v valgrind >/dev/null 2>&1 || { echo "SKIP valgrind: it is not installed"; exit 0; }
mkdir -p "$build/valgrind"
failed=0

run() { # NAME STATUS COMMAND...
    name=$1 status=$2
    shift 2
    valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
        --log-file="$build/valgrind/$name.txt" "$@" >"$build/valgrind/$name.out" 2>&1
    got=$?
    [ $got = "$status" ] && [ ! -s "$build/valgrind/$name.txt" ] && echo "PASS valgrind $name" && return
    head -20 "$build/valgrind/$name.txt" | sed 's/^/    /'
    echo "FAIL valgrind $name: exit status $got, see $build/valgrind/$name.txt"
    failed=1
}

if [ $# = 0 ]; then
    for t in "$build"/tests/unit/*_test; do
        [ -x "$t" ] && set -- "$@" "$(basename "$t" _test)"
    done
fi
for name in "$@"; do
    run "$name" 0 "$build/tests/unit/${name}_test"
done
some="pcaps/self-signed.pcap pcaps/missing-intermediate.pcap pcaps/keys-expired-tls13.pcapng pcaps/starttls-454.pcap"
# shellcheck disable=SC2086
{
run read-text 1 "$build/tlswhy" read --no-sandbox -v --ca pcaps/roots.pem $some
run read-json 1 "$build/tlswhy" read --no-sandbox --json --all --ca pcaps/roots.pem $some
run read-html 1 "$build/tlswhy" read --no-sandbox --html "$build/valgrind/page.html" --write "$build/valgrind/failed.pcapng" \
    --annotate "$build/valgrind/all.pcapng" --ca pcaps/roots.pem pcaps/self-signed.pcap
}
run chain 1 "$build/tlswhy" chain --ca tests/wire/lists/root.pem pcaps/roots.pem
run ctl 0 "$build/tlswhy" ctl --ca tests/wire/lists/root.pem tests/wire/lists/sound.cab
run explain 0 "$build/tlswhy" explain 0x80090326
exit $failed
