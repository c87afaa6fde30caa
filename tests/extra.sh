#!/bin/sh
# extra.sh TLSWHY - the folder in TLSWHY_EXTRA holds captures of others with the values expected of them, and the
# checkers that compare. The thresholds are what was reached; they only go up.
set -u
program=$(realpath "$1")
extra=${TLSWHY_EXTRA:-}

share() { # NAME WANTED REACHED: percent
    if awk -v a="$3" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 >= b) }'; then
        echo "PASS extra $1: $3 %, at least $2 % wanted"
    else
        echo "FAIL extra $1: ${3:-no figure}, at least $2 % wanted"
    fi
}

skip() { echo "SKIP extra $1: $2"; }

have() { # NAME FILE
    if [ -z "$extra" ]; then
        skip "$1" "TLSWHY_EXTRA is not set"
    elif [ ! -e "$extra/$2" ]; then
        skip "$1" "no $2 in TLSWHY_EXTRA"
    else
        return 0
    fi
    return 1
}

number() { # PATTERN: the first percentage on the first line that matches
    grep -E "$1" | head -1 | grep -oE '[0-9.]+ ?%' | head -1 | tr -d ' %'
}

captures() {
    have captures tools/check_captures.py || return
    out=$(python3 "$extra/tools/check_captures.py" "$extra/captures" --cmd "$program read --json --all {file}")
    share "captures, all fields" 99.5 "$(echo "$out" | number '^all fields')"
    share "captures, outcomes" 99.5 "$(echo "$out" | number '^outcome ')"
    crashes=$(echo "$out" | grep '^CRASH' | head -3)
    [ -z "$crashes" ] && echo "PASS extra captures: no crash" || echo "FAIL extra captures: $crashes"
}

blame() {
    have blame tools/check_blame.py || return
    out=$(python3 "$extra/tools/check_blame.py" --dir "$extra/captures/blame" --cmd "$program read --json --all --ca {roots} {file}" --quiet)
    share "blame, acceptable" 97 "$(echo "$out" | number '^top-1 acceptable')"
    wrong=$(echo "$out" | sed -n 's/^CONFIDENT AND WRONG *\([0-9]*\) of.*/\1/p')
    [ "$wrong" = 0 ] && echo "PASS extra blame: none certain and wrong" || echo "FAIL extra blame: ${wrong:-?} certain and wrong"
}

chains() {
    have chains tools/check_chains.py || return
    "$program" chain --help >/dev/null 2>&1 || { skip chains "this tlswhy has no chain command"; return; }
    [ -e "$extra/trust/cases.json" ] || { skip chains "no trust/cases.json in TLSWHY_EXTRA"; return; }
    out=$(python3 "$extra/tools/check_chains.py" --cases "$extra/trust/cases.json" -- "$program" chain --json --trust ROOTS --time TIME \
        --name NAME --pool POOL --cert-sigs SIGS --cert-keys KEYS CHAIN)
    share "chains, verdicts" 99 "$(echo "$out" | sed -n 's,^SCORE core+client verdict \([0-9]*\)/\([0-9]*\).*,\1 \2,p' | awk '{ printf "%.1f", 100 * $1 / $2 }')"
}

datagrams() {
    have datagrams captures/udp/expected-udp.tsv || return
    out=$(python3 "$extra/tools/check_captures.py" "$extra/captures/udp" --expected "$extra/captures/udp/expected-udp.tsv" --cmd "$program read --json --all {file}")
    share "datagrams, outcomes" 95 "$(echo "$out" | number '^outcome ')"
}

# Both sides of a proxy: what they are to each other, the verdict, the side.
proxies() {
    have proxies captures/proxy || return
    while read -r name relation code side; do
        [ -e "$extra/captures/proxy/$name.client.pcap" ] || continue
        got=$("$program" compare --json "$extra/captures/proxy/$name.client.pcap" "$extra/captures/proxy/$name.server.pcap" |
            python3 -c 'import json, sys; o = json.loads(sys.stdin.readline()); print(o["relation"], o["event"]["code"], o["tlswhy"].get("side", "-"))')
        [ "$got" = "$relation $code $side" ] && echo "PASS extra proxies: $name" || echo "FAIL extra proxies: $name: $got, not $relation $code $side"
    done <<END
splice_good forwarded ok -
basic_auth_tunnel forwarded ok -
bump_untrusted_tls12 terminated proxy-upstream server
reset_on_tls13 unpaired tcp-reset path
END
}

captures
datagrams
proxies
blame
chains
