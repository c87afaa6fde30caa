#!/bin/sh
# bad_input.sh TLSWHY - what is no capture, or hardly one, and output that cannot be written: one sentence on standard
# error and exit status 2 where the work could not be done; silence and the usual status where it could.
set -u
program=$(realpath "$1")
top=$(cd "$(dirname "$0")/.." && pwd)
good=$top/pcaps/version-client-too-old.pcap
tmp=$(mktemp -d)
trap 'chmod 755 "$tmp"/* 2>/dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2

# Runs tlswhy and compares: exit status, number of sentences on standard error, words that must be in them.
expect() { # NAME STATUS SENTENCES WORDS COMMAND...
    name=$1 status=$2 sentences=$3 words=$4
    shift 4
    "$@" >out 2>err
    got=$?
    lines=$(wc -l <err)
    if [ $got != "$status" ]; then
        echo "FAIL bad input, $name: exit status $got, expected $status: $(head -c 200 err)"
    elif [ "$lines" != "$sentences" ]; then
        echo "FAIL bad input, $name: $lines lines on standard error, expected $sentences: $(head -c 300 err)"
    elif [ -n "$words" ] && ! grep -q -- "$words" err; then
        echo "FAIL bad input, $name: does not say '$words': $(head -c 200 err)"
    else
        echo "PASS bad input, $name"
    fi
}
read_() { "$program" read "$@"; }

le32() { printf '%b' "$(printf '\\0%03o\\0%03o\\0%03o\\0%03o' $(($1 & 255)) $(($1 >> 8 & 255)) $(($1 >> 16 & 255)) $(($1 >> 24 & 255)))"; }
header() { le32 2712847316; printf '\002\000\004\000'; le32 0; le32 0; le32 "$2"; le32 "$1"; } # LINKTYPE SNAPLEN

: >empty
echo "This is a letter, not a capture. It is long enough to hold any header that one may look for." >text
header 1 65535 >no_packets
head -c 10 no_packets >half_header
{ header 147 65535; le32 1700000000; le32 0; le32 4; le32 4; printf abcd; } >unknown_link
head -c 1000 "$good" >ends_early
gzip -c "$good" >packed.gz
head -c $(($(wc -c <packed.gz) - 20)) packed.gz >packed_short.gz
mkdir folder
cp "$good" forbidden && chmod 000 forbidden

expect "empty file" 2 1 empty read_ empty
expect "text file" 2 1 text read_ text
expect "folder" 2 1 folder read_ folder
expect "no such file" 2 1 missing read_ missing
expect "no such key log" 2 1 missing read_ --keylog missing "$good"
expect "a key log of another kind" 2 1 SSLKEYLOGFILE read_ --keylog text "$good"
expect "an empty key log" 1 0 "" read_ --keylog empty "$good"
expect "half a header" 2 1 half_header read_ half_header
expect "unknown link type" 2 1 147 read_ unknown_link
expect "no packets" 0 0 "" read_ no_packets
expect "ends inside a packet" 1 0 "" read_ ends_early
expect "gzipped" 1 0 "" read_ packed.gz
expect "gzipped, cut" 1 0 "" read_ packed_short.gz
expect "standard input" 1 0 "" sh -c '"$0" read - <"$1"' "$program" "$good"
expect "gzipped standard input" 1 0 "" sh -c 'cat "$1" | "$0" read -' "$program" packed.gz
expect "one of two unreadable: the other is read" 2 1 missing read_ missing "$good"
grep -q protocol-version out && echo "PASS bad input, the readable one is told" || echo "FAIL bad input, the readable one is not told"
expect "a side of a comparison that is not there" 2 1 missing "$program" compare "$good" missing
[ -s out ] && echo "FAIL bad input, what was not read is told as not seen there: $(head -c 200 out)" || echo "PASS bad input, nothing is compared with what was not read"
expect "no file named" 2 1 "" read_
expect "unknown option" 2 1 "--nonsense" read_ --nonsense "$good"
expect "unknown command" 2 1 "nonsense" "$program" nonsense
expect "full disk" 2 1 "" sh -c '"$0" read "$1" >/dev/full' "$program" "$good"
expect "full disk, JSON" 2 1 "" sh -c '"$0" read --json --all "$1" >/dev/full' "$program" "$good"
expect "closed pipe" 0 0 "" sh -c '{ "$0" read --json --all "$1"; echo $? >status; } | true; s=$(cat status); [ $s -le 1 ] || [ $s = 141 ]' "$program" "$good"

if [ "$(id -u)" != 0 ]; then
    expect "no permission" 2 1 forbidden read_ forbidden
elif command -v setpriv >/dev/null 2>&1 && chmod 755 "$tmp" && setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$program" 2>/dev/null; then
    touch out err && chmod 666 out err
    expect "no permission" 2 1 forbidden setpriv --reuid=65534 --regid=65534 --clear-groups "$program" read forbidden
else
    echo "SKIP bad input, no permission: running as root, and no other user can run $program"
fi

# 54 bytes of each packet: headers only. All that can be said, and that for certain, is what the capture lacks.
python3 - "$good" snap54 <<'END'
import struct, sys
data, out, at = open(sys.argv[1], "rb").read(), open(sys.argv[2], "wb"), 24
out.write(data[:16] + struct.pack("<I", 54) + data[20:24])
while at < len(data):
    head, n = data[at:at + 16], struct.unpack("<I", data[at + 8:at + 12])[0]
    out.write(head[:8] + struct.pack("<I", min(n, 54)) + head[12:] + data[at + 16:at + 16 + min(n, 54)])
    at += 16 + n
END
expect "54 bytes of each packet" 0 0 "" read_ --json --all snap54
if grep -q '"complete":false' out && ! grep '"type":"handshake"' out | grep -qv '"code":"capture-incomplete".*first 54 bytes.*"outcome":"incomplete_capture"'; then
    echo "PASS bad input, 54 bytes prove nothing but that the capture was cut"
else
    echo "FAIL bad input, 54 bytes prove nothing but that the capture was cut: $(head -c 400 out)"
fi
