#!/bin/sh
# sandbox.sh BUILD - what cannot be done in the sandbox, that `read` does all it can in it, and which system calls that takes.
# The list of calls that were met is $build/check/sandbox-calls.txt.
set -u
build=$1
cd "$(dirname "$0")/.." || exit 2
program=$PWD/$build/tlswhy
work=$(mktemp -d)
mkdir -p "$build/check"
trap 'rm -rf "$work"' EXIT
mkdir "$work/granted" "$work/certs"
echo input >"$work/input"
"$build/tests/sandbox_test" "$work/granted"

same() { # NAME COMMAND: text and status with and without the sandbox
    sh -c "$2" >"$work/in" 2>"$work/in.err"
    in=$?
    sh -c "$(echo "$2" | sed 's/ read / read --no-sandbox /')" >"$work/out" 2>"$work/out.err"
    [ $in = $? ] && cmp -s "$work/in" "$work/out" && cmp -s "$work/in.err" "$work/out.err" && echo "PASS sandbox, $1" && return
    echo "FAIL sandbox, $1: not the same as without it"
    diff "$work/in.err" "$work/out.err" | head -5 | sed 's/^/    /'
}
gzip -c pcaps/self-signed.pcap >"$work/a.pcap.gz"
same "many files, JSON" "'$program' read --json pcaps/*.pcap"
same "standard input" "'$program' read - <pcaps/self-signed.pcap"
same "a pipe" "cat pcaps/self-signed.pcap | '$program' read /dev/stdin"
same "gzip" "'$program' read '$work/a.pcap.gz'"
same "a file that is not there, a folder, no capture" "'$program' read '$work/nothing' '$work' '$work/input'"
same "the system's anchors, needed late" "'$program' read -v pcaps/ok-tls12-gnutls.pcapng pcaps/expired-openssl.pcap 2>/dev/null"
same "anchors from a folder" "'$program' read --ca pcaps/roots.pem pcaps/*.pcap"
same "--write" "'$program' read --write '$work/granted/w.pcapng' pcaps/self-signed.pcap && cat '$work/granted/w.pcapng'; cat '$work/granted/w.pcapng'"
same "--write over a file that is there" "'$program' read --write '$work/granted/w.pcapng' pcaps/*.pcap; cat '$work/granted/w.pcapng'"
same "--annotate from standard input" "'$program' read --annotate '$work/granted/a.pcapng' - <pcaps/self-signed.pcap; cat '$work/granted/a.pcapng'"
same "--certs" "'$program' read --certs '$work/certs' pcaps/*.pcap; ls '$work/certs'; rm -f '$work'/certs/*"
same "a full disk" "'$program' read --write /dev/full pcaps/self-signed.pcap"
same "a closed pipe" "'$program' read --json pcaps/*.pcap | head -1"

# Every call that is met is one that the list in cmd/sandbox.c allows, so nothing fails quietly.
if ! command -v strace >/dev/null 2>&1 || ! strace -o /dev/null true 2>/dev/null; then
    echo "SKIP sandbox, system calls: strace is not installed, or may not trace"
    exit 0
fi
export ASAN_OPTIONS=detect_leaks=0 # which traces, too
strace -qq -o "$work/trace" "$program" read --certs "$work/certs" --annotate "$work/granted/b.pcapng" --json - <pcaps/self-signed.pcap >/dev/null
strace -qq -o "$work/trace2" "$program" read --write "$work/granted/w.pcapng" "$work/a.pcap.gz" pcaps/*.pcap >/dev/null
sed -n '/^seccomp(SECCOMP_SET_MODE_FILTER, 0/,$p' "$work/trace" >"$work/inside"
sed -n '/^seccomp(SECCOMP_SET_MODE_FILTER, 0/,$p' "$work/trace2" >>"$work/inside"
sed -n 's/^\([a-z0-9_]*\)(.*/\1/p' "$work/inside" | grep -v '^seccomp$' | sort | uniq -c | sort -rn >"$build/check/sandbox-calls.txt"
denied=$(grep -cE 'EPERM|EACCES' "$work/inside")
if [ ! -s "$build/check/sandbox-calls.txt" ]; then
    echo "SKIP sandbox, system calls: this build enters no seccomp filter"
elif [ "$denied" = 0 ]; then
    echo "PASS sandbox, no call of read is denied; met: $(awk '{ printf "%s ", $2 }' "$build/check/sandbox-calls.txt")"
else
    echo "FAIL sandbox, read makes calls that are denied: $(grep -E "EPERM|EACCES" "$work/inside" | head -3)"
fi
