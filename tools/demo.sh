#!/bin/sh
# demo.sh BUILD - the live half of `make demo`: the lab's broken servers are started on loopback, two of them are probed. The lab ends
# with this script, at the latest after 30 seconds.
set -eu
program=$1/tlswhy
work=$(mktemp -d)
"$program" lab --json --for 30 --root "$work/root.pem" iis6 expired >"$work/lab" &
lab=$!
trap 'kill $lab 2>/dev/null || true; wait $lab 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ "$(wc -l <"$work/lab")" -ge 2 ] && break
    sleep 0.2
done
echo
echo "$ tlswhy lab iis6 expired"
for case in iis6 expired; do
    port=$(sed -n "s/.*\"name\":\"$case\".*\"port\":\([0-9]*\).*/\1/p" "$work/lab")
    echo
    echo "$ tlswhy probe --ca root.pem --sni www.lab.example 127.0.0.1:$port"
    status=0
    "$program" probe --ca "$work/root.pem" --sni www.lab.example --timeout 5 "127.0.0.1:$port" || status=$?
    [ "$status" = 1 ]
done
