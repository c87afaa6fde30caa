#!/bin/sh
# bench.sh BUILD [MEGABYTES] - CPU seconds of `tlswhy read` as ratios of what reading the file costs at all (floor.c), each the
# median of three runs taken in turn, and what was found of what is there (recall.py). The captures are made of the recordings
# in pcaps/ (workload.c). At the end hosts a second of `tlswhy probe` against a responder on loopback (hosts.py).
set -eu
build=$1
size=${2:-250}
here=$(dirname "$0")
dir=$build/bench
slow=0
mkdir -p "$dir"
cc=${CC:-cc}
flags="-std=c11 -O2 -D_GNU_SOURCE -Iinclude"
# shellcheck disable=SC2086
$cc $flags -o "$dir/floor" "$here/floor.c" -lpcap
# shellcheck disable=SC2086
$cc $flags -o "$dir/workload" "$here/workload.c" "$build/dissect.a" "$build/base.a" -lz
for kind in handshakes bulk mixed scan; do
    megabytes=$size
    [ $kind = scan ] && megabytes=$((size / 5))
    [ -s "$dir/$kind-$size.pcap.tsv" ] || "$dir/workload" $kind "$megabytes" "$dir/$kind-$size.pcap" pcaps/*.pcap pcaps/*.pcapng
    python3 "$here/measure.py" $kind "$build/tlswhy" "$dir/floor" "$dir/$kind-$size.pcap" || slow=1
    python3 "$here/recall.py" "$dir/$kind-$size.pcap.tsv" "$dir/$kind-$size.pcap" "$build/tlswhy" || slow=1
done
# shellcheck disable=SC2086
for tool in responder hosts_floor; do $cc $flags -o "$dir/$tool" "$here/$tool.c"; done
python3 "$here/hosts.py" "$build/tlswhy" "$dir/responder" "$dir/hosts_floor" "$dir/hosts" || slow=1
exit $slow
