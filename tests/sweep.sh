#!/bin/sh
# sweep.sh TLSWHY - sweeps of real servers on loopback (OpenSSL, and the built-in lab), and what compare tells of two of them.
# Ports are free ones, servers are ended by their process ids, and every wait is bounded.
set -u
. "$(dirname "$0")/servers.sh"

serve() { # OPTIONS...: sets port
    port=$(free_port)
    openssl s_server -accept "127.0.0.1:$port" -cert "$work/rsa.pem" -key "$work/rsa.key" -quiet "$@" >"$work/server.log" 2>&1 </dev/null &
    servers="$servers $!"
    listening "$port"
}

sweep() { # NAME OPTIONS...: sets $work/NAME.json
    name=$1
    shift
    timeout 60 "$program" probe --sweep --json --ca "$work/rsa.pem" --sni www.example "$@" "127.0.0.1:$port" >"$work/$name.json" 2>"$work/err"
    status=$?
    if [ $status != 0 ]; then
        echo "FAIL sweep $name: exit status $status, $(head -1 "$work/err")"
    fi
}

holds() { # NAME WHAT PYTHON: an expression of d, the object, and v, its versions
    if python3 - "$work/$1.json" "$3" <<'PY' >"$work/said" 2>&1; then
import json, sys
lines = open(sys.argv[1]).read().splitlines()
assert len(lines) == 1, "%d lines" % len(lines)
d = json.loads(lines[0])
v = d["versions"]
accepted = sorted(k for k in v if v[k]["accepted"])
sys.exit(not eval(sys.argv[2]))
PY
        echo "PASS sweep $2"
    else
        echo "FAIL sweep $2: not so: $3; $(tail -1 "$work/said" | cut -c1-300) $(cut -c1-1200 "$work/$1.json")"
    fi
}

compared() { # WHAT STATUS TEXT ARGUMENTS...
    what=$1 want=$2 text=$3
    shift 3
    out=$("$program" compare "$@" 2>&1)
    status=$?
    if [ $status = "$want" ] && printf '%s\n' "$out" | tr -s ' \n' ' ' | grep -q -- "$text"; then
        echo "PASS compare $what"
    else
        echo "FAIL compare $what: exit status $status, $(printf '%s\n' "$out" | head -3)"
    fi
}

command -v openssl >/dev/null || { echo "SKIP sweep: openssl is not installed"; exit 0; }
printf '[req]\ndistinguished_name=d\n[d]\n[leaf]\nsubjectAltName=DNS:www.example\n' >"$work/c.cnf"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/rsa.key" -out "$work/rsa.pem" -subj "/CN=www.example" -days 30 -config "$work/c.cnf" \
    -extensions leaf >"$work/make.log" 2>&1
openssl ecparam -name prime256v1 -genkey -noout -out "$work/ec.key"
openssl req -x509 -key "$work/ec.key" -out "$work/ec.pem" -subj "/CN=www.example" -days 30 -config "$work/c.cnf" -extensions leaf >>"$work/make.log" 2>&1

suites=ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-GCM-SHA256:AES256-SHA:AES128-SHA256
order='["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA256"]'
serve -serverpref -cipher "$suites" -ciphersuites TLS_AES_128_GCM_SHA256 -groups P-256:X25519 -alpn h2
first=$port
sweep ordered
holds ordered "versions" 'accepted == ["TLS 1.2", "TLS 1.3"]'
holds ordered "suites in the server's order" "v['TLS 1.2']['ciphers'] == $order and v['TLS 1.2']['preference'] == 'server'"
holds ordered "TLS 1.3" 'v["TLS 1.3"]["ciphers"] == ["TLS_AES_128_GCM_SHA256"] and v["TLS 1.3"]["preference"] == "unknown"'
holds ordered "refusals" 'v["SSL 3.0"]["refusal"] == "alert 40" and v["TLS 1.1"]["refusal"].startswith("alert ") and v["SSL 2.0"]["accepted"] is False'
holds ordered "groups" 'v["TLS 1.3"]["group_preference"] == "server" and v["TLS 1.3"]["groups"] == ["secp256r1", "x25519"] and sorted(v["TLS 1.2"]["groups"]) == ["secp256r1", "x25519"]'
holds ordered "signature algorithms" '"rsa_pss_rsae_sha256" in v["TLS 1.3"]["signature_algorithms"] and "rsa_pkcs1_sha256" in v["TLS 1.2"]["signature_algorithms"]'
holds ordered "DH bits" 'd["dh_bits"] >= 1024'
holds ordered "ALPN" 'd["alpn"] == {"h2": "chosen", "http/1.1": "alert 120", "unknown": "alert 120"}'
holds ordered "the certificate" '[c["key"] for c in d["certificates"]] == ["rsa-2048"] and d["certificates"][0]["chain"]["verdict"] == "ok"'
holds ordered "names" 'd["server_name"] == {"none": "same-certificate", "unknown": "same-certificate"}'
holds ordered "what it tolerates" 'all(d["tolerates"][k] == "ok" for k in ("grease", "unknown-extension", "newer-version", "newer-version-list", "large-hello", "split-records", "split-segments"))'
holds ordered "features" 'd["secure_renegotiation"] and d["extended_master_secret"] and d["compression"] is False and d["fallback_scsv"] == "alert 86"'
holds ordered "sessions taken up again" 'd["resumption"] == {k + r: True for k in ("session_id", "ticket", "psk") for r in ("", "_resumed")}'
holds ordered "no cause" 'd["causes"] == [] and d["client_certificate"] is None'
holds ordered "few connections" 'd["cost"]["suites"]["connections"] <= 40 and d["connections"] == d["cost"]["sweep"]["connections"] + 1 + d["repeated"]["times"]'
sweep serial --jobs 1
holds serial "one at a time" "v['TLS 1.2']['ciphers'] == $order and d['cost']['suites']['connections'] <= 26"
timeout 60 "$program" probe --sweep --ca "$work/rsa.pem" --sni www.example "127.0.0.1:$port" >"$work/page" 2>&1
if grep -q '^  TLS 1.2   yes: 5 cipher suites, in the server.s order$' "$work/page" && grep -q '^            TLS_RSA_WITH_AES_256_CBC_SHA  no forward secrecy$' "$work/page" &&
    ! grep -q '.\{101\}' "$work/page"; then
    echo "PASS sweep the page"
else
    echo "FAIL sweep the page: $(head -20 "$work/page")"
fi

serve -cipher "$suites" -tls1_2 -Verify 1 -verify_return_error -CAfile "$work/rsa.pem" -dcert "$work/ec.pem" -dkey "$work/ec.key"
second=$port
sweep client
holds client "the client's order" 'v["TLS 1.2"]["preference"] == "client" and len(v["TLS 1.2"]["ciphers"]) == 5 and accepted == ["TLS 1.2"]'
holds client "a client certificate" 'd["client_certificate"]["required"] and d["client_certificate"]["names"] == ["CN=www.example"]'
holds client "its cause" 'd["causes"] == ["client-cert-missing"]'
# Two servers behind one address that take turns: what the hellos between show is mixed, and that is told.
port=$(free_port)
python3 - "$port" "$first" "$second" <<'PY' &
import socket, sys, threading
def copy(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", int(sys.argv[1])))
s.listen(64)
s.settimeout(60)
turn = 0
while True:
    c, _ = s.accept()
    u = socket.create_connection(("127.0.0.1", int(sys.argv[2 + turn % 2])))
    turn += 1
    for x, y in ((c, u), (u, c)):
        threading.Thread(target=copy, args=(x, y), daemon=True).start()
PY
servers="$servers $!"
listening "$port"
sweep turns
holds ordered "one server answers alike" 'd["repeated"] == {"times": 4, "unlike": 0}'
holds turns "servers that take turns" 'd["repeated"]["times"] == 4 and d["repeated"]["unlike"] >= 1'
serve -no_ticket -no_cache -cipher AES256-SHA -num_tickets 1
sweep forgetful
holds forgetful "sessions that are not taken up" 'd["resumption"] == {"session_id": False, "ticket": False, "psk": True, "psk_resumed": False}'
port=$first
sweep again
compared "a server with itself" 0 'same 127.0.0.1' "$work/ordered.json" "$work/again.json"
compared "a version that is gone" 1 'versions, TLS 1.3: accepted, 1 cipher suites -> refused' "$work/ordered.json" "$work/client.json"
compared "as JSON" 1 '"field":"versions, TLS 1.2, preference","before":"server","after":"client"' --json "$work/ordered.json" "$work/client.json"
printf '{"type":"server",' >"$work/cut.json"
compared "a cut file" 2 'cut.json, byte' "$work/ordered.json" "$work/cut.json"
printf '{"type":"handshake"}\n' >"$work/other.json"
compared "no sweep" 2 'holds no result of a sweep' "$work/ordered.json" "$work/other.json"
compared "one sweep alone" 2 'BEFORE.json AFTER.json' "$work/ordered.json"
printf '{"type":"server","versions":{},"causes":["\\u001b[31m\\u202e"]}\n' >"$work/escape.json"
if "$program" compare "$work/ordered.json" "$work/escape.json" | grep -q "$(printf '\033')"; then
    echo "FAIL compare outside bytes: an escape sequence came through"
else
    echo "PASS compare outside bytes"
fi
: "$second"

"$program" lab --json --root "$work/lab.pem" --for 60 tls10 >"$work/lab.json" 2>"$work/lab.err" &
servers="$servers $!"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s "$work/lab.json" ] && break
    sleep 0.2
done
port=$(python3 -c 'import json, sys; print(json.loads(open(sys.argv[1]).readline()).get("port", ""))' "$work/lab.json" 2>/dev/null)
if [ -n "$port" ]; then
    sweep old
    holds old "a server of TLS 1.0" 'accepted == ["TLS 1.0"] and v["TLS 1.2"]["refusal"] == "ServerHello TLS 1.0" and "protocol-version" in d["causes"]'
else
    echo "SKIP sweep of the lab: it did not start, $(head -1 "$work/lab.err")"
fi

port=$(free_port)
timeout 60 "$program" probe --sweep --json --ca "$work/rsa.pem" --sni www.example "127.0.0.1:$first" "127.0.0.1:$port" >"$work/two.json" 2>"$work/err"
if [ $? = 2 ] && tail -1 "$work/two.json" | grep -q '"type":"summary".*"handshakes":1,"failed":0.*"complete":false'; then
    echo "PASS sweep several targets"
else
    echo "FAIL sweep several targets: $(tail -1 "$work/two.json" | cut -c1-300) $(cat "$work/err")"
fi
compared "a sweep among the sums" 0 'same 127.0.0.1' "$work/ordered.json" "$work/two.json"
timeout 20 "$program" probe --sweep "127.0.0.1:$port" >"$work/out" 2>"$work/err"
if [ $? = 2 ] && [ ! -s "$work/out" ] && grep -q 'nothing to sweep' "$work/err"; then
    echo "PASS sweep nothing there"
else
    echo "FAIL sweep nothing there: $(cat "$work/out" "$work/err")"
fi
if command -v python3 >/dev/null && python3 -c 'import jsonschema' 2>/dev/null; then
    "$program" compare --json "$work/ordered.json" "$work/client.json" >"$work/changes.json"
    python3 - "$work"/ordered.json "$work"/client.json "$work"/serial.json "$work"/changes.json <<'PY'
import json, jsonschema, sys
schema = json.load(open("doc/schema.json"))
for path in sys.argv[1:]:
    for line in open(path):
        record = json.loads(line)
        branch = {"$ref": "#/$defs/" + record["type"], "$defs": schema["$defs"]}
        errors = ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:200]) for e in jsonschema.Draft202012Validator(branch).iter_errors(record)]
        print("FAIL sweep schema of %s: %s" % (record["type"], errors[0]) if errors else "PASS sweep schema of %s" % record["type"])
PY
fi
