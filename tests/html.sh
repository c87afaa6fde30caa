#!/bin/sh
# html.sh TLSWHY - the page of `read --html`, as a browser sees it: no message on its console, hostile names inert, its size bounded.
set -u
program=$(realpath "$1")
cd "$(dirname "$0")/.." || exit 2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
said() { [ "$2" = 0 ] && echo "PASS html $1" || echo "FAIL html $1"; }

"$program" read --ca pcaps/roots.pem --html "$dir/all.html" pcaps/*.pcap pcaps/*.pcapng >"$dir/text"
said "exit status as without it" $(($? != 1))
said "text goes on beside it" "$(grep -q '^FAILED' "$dir/text"; echo $?)"
"$program" read --ca pcaps/roots.pem --html - pcaps/self-signed.pcap >"$dir/one.html"
said "on standard output it stands alone" "$(head -1 "$dir/one.html" | grep -qx '<!doctype html>' && ! grep -q '^FAILED' "$dir/one.html"; echo $?)"
failures=$(grep -c '^<details.* id=' "$dir/all.html")
"$program" read --html "$dir/page.html" pcaps/self-signed.pcap >"$dir/out"
said "the page of its cause" "$(grep -q 'What is <b>cert-self-signed</b>' "$dir/page.html" && grep -q 'Not to be confused with' "$dir/page.html"; echo $?)"
size=$(wc -c <"$dir/all.html")
said "$failures handshakes in $size bytes: a hundred take less than 300 KB" $((size * 100 / failures > 307200))
"$program" read --html /dev/full pcaps/self-signed.pcap >"$dir/out" 2>"$dir/err"
said "a full disk is trouble" "$([ $? = 2 ] && [ "$(wc -l <"$dir/err")" = 1 ]; echo $?)"
"$program" read --html "$dir/none/page.html" pcaps/self-signed.pcap >"$dir/out" 2>"$dir/err"
said "a folder that is not there is trouble" "$([ $? = 2 ] && [ "$(wc -l <"$dir/err")" = 1 ]; echo $?)"
"$program" read --html "$dir/none.html" pcaps/MANIFEST.tsv >"$dir/out" 2>"$dir/err"
said "no page of nothing" "$([ ! -e "$dir/none.html" ]; echo $?)"

"$program" probe --html "$dir/probe.html" --timeout 2 127.0.0.1:1 >"$dir/out" 2>"$dir/err"
said "a probe's page" "$([ $? = 1 ] && grep -q 'tcp-refused' "$dir/probe.html" && ! grep -q 'packets,' "$dir/probe.html"; echo $?)"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -z "$browser" ]; then
    echo "SKIP html in a browser: chromium is not installed"
    exit 0
fi
see() { # PAGE EXTRA...: in a browser of its own, without a network
    page=$1
    shift
    timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$dir/profile" --hide-scrollbars --enable-logging=stderr "$@" "file://$page"
}
# a name that would be a script, an image and an end of title, put where the sample's name stands, byte for byte as long
python3 - "$dir/hostile.pcap" <<'END'
import sys
data = open("pcaps/self-signed.pcap", "rb").read()
evil = b"<script>x("
at = data.find(b"www.lab.example")
assert at > 0
evil = (evil + b"a" * 15)[:14] + b">"
open(sys.argv[1], "wb").write(data.replace(b"www.lab.example", evil))
END
"$program" read --html "$dir/hostile.html" "$dir/hostile.pcap" >"$dir/text"
see "$dir/hostile.html" --dump-dom >"$dir/dom" 2>"$dir/console"
said "a name of markup stays text" "$(grep -q '&lt;script&gt;' "$dir/dom" && ! grep -q '<script' "$dir/dom"; echo $?)"
see "$dir/all.html" --window-size=1100,2000 --screenshot="$dir/wide.png" >"$dir/out" 2>"$dir/console"
said "a wide picture" "$([ -s "$dir/wide.png" ]; echo $?)"
see "$dir/all.html" --window-size=420,2000 --screenshot="$dir/phone.png" >"$dir/out" 2>>"$dir/console"
said "a phone's picture" "$([ -s "$dir/phone.png" ]; echo $?)"
said "nothing on the console" "$(! grep -q 'CONSOLE' "$dir/console"; echo $?)"
exit 0
