#!/bin/sh
# explain.sh TLSWHY - `explain` and `ctl` as people call them: arguments, logs on standard input, exit statuses.
set -u
program=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
lists=tests/wire/lists

check() { # NAME STATUS PATTERN COMMAND...: the exit status, and a pattern in what was printed (both channels)
    name=$1 status=$2 pattern=$3
    shift 3
    out=$("$@" 2>&1 </dev/null)
    got=$?
    if [ $got -ne "$status" ]; then
        echo "FAIL explain $name: exit status $got, not $status"
    elif printf '%s' "$out" | tr '\n' ' ' | tr -s ' ' | grep -qE -- "$pattern"; then
        echo "PASS explain $name"
    else
        echo "FAIL explain $name: no '$pattern' in: $(printf '%s' "$out" | head -3)"
    fi
}

log() { printf "$1" | "$program" explain - ; }

# the codes of the field cases
check "0x80090302 is the version" 0 'protocol-version \(strong\)' "$program" explain 0x80090302
check "negative decimal" 0 'SEC_E_UNSUPPORTED_FUNCTION' "$program" explain -2146893054
check "sharper together, and first" 0 '^Together: protocol-version' "$program" explain 0x80090302 70
check "case of the old server" 0 'Together: protocol-version .*root list' "$program" explain 0x80090302 "event 4107"
check "the root list and its root" 0 'Together: trust-list' "$program" explain "CAPI2 11" 0x800b0109
check "the root list behind a proxy" 0 'Together: proxy-auth' "$program" explain "event 4107" 407
check "key that cannot be opened" 0 'Together: server-no-certificate' "$program" explain 36870 0x8009001a
check "wrong usage" 0 'cert-usage \(strong\)' "$program" explain 0x800b0110
check "record split" 0 'record-split \(strong\)' "$program" explain MS12-006
check "cosmetic usage" 0 'cosmetic' "$program" explain 1.3.6.1.4.1.311.10.3.10
check "words without quotes" 0 'cert-untrusted-root \(strong\)' "$program" explain PKIX path building failed
check "ambiguous number" 0 'curl 60 .*Or alert 60' "$program" explain 60
check "unknown code" 2 'not in the table' "$program" explain 0xdeadbeef
check "unknown code, nearest" 2 'Near .*SEC_E_' "$program" explain 0x80090310
check "page of a cause" 0 'By system .*KB4019276' "$program" explain protocol-version
pages=$("$program" explain --json | sed -n 's/.*"symbol":"\([^"]*\)".*/\1/p')
for cause in $pages; do
    for part in 'What happened' 'On the wire' 'How we know' 'Fix' 'Settle' 'Not to be confused with'; do
        "$program" explain "$cause" | grep -qx "$part" || echo "FAIL explain page of $cause: it has no part '$part'"
    done
done
check "all causes" 0 'cert-expired .*trust-list' "$program" explain
check "json" 0 '"type":"explanation".*"code":"protocol-version","strength":"strong"' "$program" explain --json 0x80090302
check "wrong option" 2 'no option' "$program" explain --nonsense

# logs
check "log" 0 '^Together: protocol-version.*line [23] .*line [23] ' log 'nothing\nError 0x80090302\nThe TLS protocol defined fatal alert code is 70.\n'
check "a number and its name count once" 0 'SEC_E_UNSUPPORTED_FUNCTION .schannel. line 1 Means' log 'Error 0x80090302 (SEC_E_UNSUPPORTED_FUNCTION)\n'
check "two lines count twice" 0 'line 1, 2 times' log 'Error 0x80090302 (SEC_E_UNSUPPORTED_FUNCTION)\nagain 0x80090302\n'
check "log without codes" 0 'No code' log 'nothing\nat all\n'
check "binary" 2 'binary' log '\001\002\003\004\005\006\007\010\016\017\020\021\022'
check "binary event log" 2 'wevtutil' log 'ElfFile\000\001\002\003'
check "control characters" 0 'x1b\[31m' log '\033[31m error 0x80090302\n'

# root lists
check "sound list" 0 '^OK' "$program" ctl --ca $lists/root.pem $lists/sound.cab
check "intermediate missing" 1 'missing_intermediate' "$program" ctl --ca $lists/root.pem $lists/signer-only.stl
check "old client" 1 'KB4474419' "$program" ctl --ca $lists/root.pem --client winsrv2008sp2 $lists/sound.stl
check "root and limits" 0 'issued after 2023-11-14' "$program" ctl --ca $lists/root.pem --root "test root 2" $lists/sound.stl
check "root not there" 1 'NOT in this list' "$program" ctl --ca $lists/root.pem --root 0000000000000000000000000000000000000000 $lists/sound.stl
check "name not there" 1 'no entry has "nobody"' "$program" ctl --ca $lists/root.pem --root nobody $lists/sound.stl
check "two lists" 0 '1 added, 1 removed, 1 changed' "$program" ctl --ca $lists/root.pem $lists/sound.stl $lists/later.stl
check "no list" 1 'no root list' "$program" ctl README.md
check "no file" 2 'cannot open' "$program" ctl does-not-exist.cab
check "https refused" 2 'plain http' "$program" ctl https://127.0.0.1/authrootstl.cab
check "unknown client" 2 'did you mean' "$program" ctl --client winsrv2008sp $lists/sound.stl

# nothing but a fetch may load libcurl
if command -v ldd >/dev/null && ldd "$program" | grep -q libcurl; then
    echo "FAIL explain libcurl: it is linked, so every command pays for it"
else
    echo "PASS explain libcurl"
fi

# a long log: time is not judged here, memory is
if [ -x /usr/bin/time ]; then
    kb=$(awk 'BEGIN { for (i = 0; i < 300000; i++) print "2024-02-03T10:11:12 host app[" i "]: request handled in " i " ms, error 0x80090302" }' |
        /usr/bin/time -f %M "$program" explain - 2>&1 >/dev/null | tail -1)
    if [ "${kb:-999999}" -lt 100000 ]; then echo "PASS explain memory: $kb KB"; else echo "FAIL explain memory: $kb KB"; fi
else
    echo "SKIP explain memory: time is not installed"
fi
