#!/bin/sh
# live.sh BUILD [MEGABYTES] - how many packets the kernel drops while `tlswhy watch` looks at handshakes that pass a veth pair, by rate
# and by size of its ring. Needs root; sender and receiver share this machine's processors.
set -eu
build=$1
size=${2:-250}
here=$(cd "$(dirname "$0")" && pwd)
dir=$build/bench
if [ "${3:-}" != inside ]; then
    mkdir -p "$dir"
    cc=${CC:-cc}
    [ -x "$dir/workload" ] || $cc -std=c11 -O2 -D_GNU_SOURCE -Iinclude -o "$dir/workload" "$here/workload.c" "$build/dissect.a" "$build/base.a" -lz
    $cc -std=c11 -O2 -D_GNU_SOURCE -o "$dir/sender" "$here/sender.c"
    [ -s "$dir/handshakes-$size.pcap" ] || "$dir/workload" handshakes "$size" "$dir/handshakes-$size.pcap" pcaps/*.pcap pcaps/*.pcapng
    exec unshare -n "$0" "$build" "$size" inside
fi
capture=$dir/handshakes-$size.pcap
ip link add v0 mtu 65535 type veth peer name v1 mtu 65535
for end in v0 v1; do
    echo 1 >/proc/sys/net/ipv6/conf/$end/disable_ipv6
    ip link set $end up
done
lost=0

once() { # PACKETS-PER-SECOND RING
    "$build/tlswhy" watch v1 --json --ring "$2" >"$dir/live.json" 2>"$dir/live.err" &
    watch=$!
    sleep 0.5
    sent=$("$dir/sender" v0 "$capture" "$1")
    sleep 0.5
    cpu=$(awk '{ print ($14 + $15) / 100 }' /proc/$watch/stat)
    peak=$(awk '/VmHWM/ { print int($2 / 1024) }' /proc/$watch/status)
    kill -INT $watch
    wait $watch || true
    tail -1 "$dir/live.json" | sed -n 's/.*"packets":\([0-9]*\),"dropped":\([0-9]*\),.*/\1 \2/p' |
        awk -v sent="$sent" -v ring="$2" -v cpu="$cpu" -v peak="$peak" -v asked="$1" '{
            split(sent, s, " ")
            printf "%s asked %7d packets/s, sent %7.0f/s: ring %4s, %d of %d taken, dropped %d (%.2f %%), CPU %.2f s, %d MB\n",
                $2 == 0 ? "ok  " : "lost", asked, s[1] / s[2], ring, $1, s[1], $2, 100 * $2 / s[1], cpu, peak }' | tee "$dir/live.txt"
}
once 73000 16M
grep -q '^ok' "$dir/live.txt" || lost=1
once 150000 16M
once 250000 64M
once 0 64M
exit $lost
