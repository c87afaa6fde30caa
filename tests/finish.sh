#!/bin/sh
# finish.sh TLSWHY - handshakes that a probe finishes by hand, against OpenSSL, GnuTLS where installed, and the lab: versions and key
# exchanges, client certificates, and records that are split. Ports are free ones, servers are ended by their process ids.
set -u
. "$(dirname "$0")/servers.sh"

certificates() { # a root, a server, three clients of it and one of nobody
    printf '[req]\ndistinguished_name=d\n[d]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n[leaf]\nsubjectAltName=DNS:www.example\nextendedKeyUsage=serverAuth\n[client]\nextendedKeyUsage=clientAuth\n' >c.cnf
    openssl req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -subj "/CN=Finish root" -days 30 -config c.cnf -extensions ca
    openssl req -x509 -newkey rsa:2048 -nodes -keyout stranger.key -out stranger.pem -subj "/CN=stranger" -days 30 -config c.cnf -extensions client
    openssl genrsa -out leaf.key 2048
    openssl genrsa -out rsa.key 2048
    openssl ecparam -name prime256v1 -genkey -noout -out ec.key
    openssl ecparam -name secp384r1 -genkey -noout -out p384.key
    for name in leaf rsa ec p384; do
        use=client
        [ $name = leaf ] && use=leaf
        openssl req -new -key $name.key -out $name.csr -subj "/CN=$name" -config c.cnf
        openssl x509 -req -in $name.csr -CA root.pem -CAkey root.key -CAcreateserial -extfile c.cnf -extensions $use -out $name.pem -days 20
    done
    cat rsa.pem rsa.key >both.pem
    openssl pkey -in ec.key -outform DER -out ec.der
    openssl pkey -in rsa.key -aes256 -passout pass:secret -out locked.key
    openssl pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass:secret -out rsa.p12
    openssl genpkey -algorithm ed25519 -out ed.key
    head -c 300 rsa.key >cut.key
    : >empty.key
}

serve() { # OPTIONS...: sets port
    port=$(free_port)
    openssl s_server -accept "127.0.0.1:$port" -cert leaf.pem -key leaf.key -quiet -cipher ALL:@SECLEVEL=0 "$@" >server.log 2>&1 </dev/null &
    servers="$servers $!"
    listening "$port"
}

expect() { # NAME CAUSE TEXT OPTIONS...
    name=$1 cause=$2 text=$3
    shift 3
    got=$(timeout 30 "$program" probe --json --ca "$work/root.pem" --sni www.example --timeout 5 --expect "$cause" "$@" "127.0.0.1:$port" 2>&1)
    if [ $? = 0 ] && echo "$got" | grep -q "$text"; then
        echo "PASS finish $name"
    else
        echo "FAIL finish $name: $(echo "$got" | tail -2 | cut -c1-500)"
    fi
}

refused() { # NAME TEXT OPTIONS...: one sentence, exit status 2
    name=$1 text=$2
    shift 2
    got=$(timeout 10 "$program" probe "$@" 127.0.0.1:9 2>&1)
    if [ $? = 2 ] && [ "$(echo "$got" | wc -l)" = 1 ] && echo "$got" | grep -q "$text"; then
        echo "PASS finish $name"
    else
        echo "FAIL finish $name: $got"
    fi
}

command -v openssl >/dev/null || { echo "SKIP finish: openssl is not installed"; exit 0; }
case $program in /*) ;; *) program=$PWD/$program ;; esac
cd "$work" || exit 2
certificates >make.log 2>&1

refused "a key without a certificate" "give that to --cert" --key rsa.key
refused "an encrypted key" "is encrypted; decrypt it" --cert rsa.pem --key locked.key
refused "PKCS#12 for a certificate" "openssl pkcs12" --cert rsa.p12
refused "PKCS#12 for a key" "openssl pkcs12" --cert rsa.pem --key rsa.p12
refused "a key of another certificate" "does not belong" --cert rsa.pem --key ec.key
refused "no key in the file" "holds no private key" --cert rsa.pem
refused "a key for a certificate" "no certificate" --cert rsa.key
refused "a key that cannot sign here" "must be RSA or EC" --cert rsa.pem --key ed.key
refused "half a key" "must be RSA or EC" --cert rsa.pem --key cut.key
refused "an empty file" "is empty" --cert rsa.pem --key empty.key
refused "a file that is not there" "cannot open" --cert nowhere.pem
refused "a certificate for every client" "leave out" --cert both.pem --clients
refused "split records in a sweep" "leave out" --record-split --sweep

whole='"established":true'
for version in 1.0 1.1 1.2; do
    serve "-tls$(echo $version | sed 's/^1\.0$/1/; s/\./_/')" -Verify 1 -CAfile root.pem -verify_return_error
    suites="002f 0084 0039 c014"
    [ $version = 1.2 ] && suites="$suites 003d 009d 009f c0a1 c028 c02f cca8"
    for suite in $suites; do
        expect "TLS $version, $suite" ok "$whole" --tls $version --ciphers $suite --cert rsa.pem --key rsa.key
    done
    expect "TLS $version, P-521" ok "$whole" --tls $version --ciphers c013 --groups secp521r1 --cert rsa.pem --key rsa.key
    expect "TLS $version, EC client" ok "took that of ec. Its issuer is the one that the server names" --tls $version --cert ec.pem --key ec.der
    expect "TLS $version, P-384 client" ok "took that of p384" --tls $version --cert p384.pem --key p384.key
    expect "TLS $version, stranger" client-cert-rejected 'unknown_ca (48).*None of its issuers is one that the server names: .*CN=Finish root' --tls $version --cert stranger.pem --key stranger.key
    expect "TLS $version, nobody" client-cert-missing 'It takes certificates from .*CN=Finish root' --tls $version
done
serve -tls1 -verify 1
expect "encrypt-then-MAC" ok "$whole" --as openssl30-tls10
expect "without a certificate where one is welcome" ok "does not object to none.*$whole" --tls 1.0
serve -tls1_3 -Verify 1 -CAfile root.pem -verify_return_error
for client in rsa ec p384; do
    expect "TLS 1.3, $client" ok "took that of $client" --cert $client.pem --key $client.key
done
expect "TLS 1.3, one file" ok "took that of rsa" --cert both.pem
expect "TLS 1.3, stranger" client-cert-rejected 'unknown_ca' --cert stranger.pem --key stranger.key
expect "TLS 1.3, nobody" client-cert-missing 'certificate_required (116)'
serve -tls1_2 -Verify 1 -CAfile root.pem -client_sigalgs ECDSA+SHA256
expect "a server that takes no RSA" client-cert-missing 'none of the signature algorithms that yours can sign with' --cert rsa.pem --key rsa.key
serve -tls1_2 -cipher AES128-SHA:@SECLEVEL=0
expect "an RSA key exchange shows that the server has the key" ok "$whole"
expect "a certificate that nobody asks for" ok 'did not ask for a client certificate' --cert both.pem
serve -tls1 -www
expect "split records are taken" ok 'alike with and without the 1/n-1 split' --record-split
serve -tls1_2 -www
expect "no TLS 1.0 to split in" protocol-version '' --record-split
expect "TLS 1.2 has no need to" ok 'was not compared' --record-split --tls 1.2

serve -tls1_2 -Verify 1 -CAfile root.pem -verify_return_error
"$program" probe --write out.pcapng --ca root.pem --sni www.example --cert stranger.pem --key stranger.key "127.0.0.1:$port" >/dev/null
serve -tls1_2 -cipher AES128-SHA256:@SECLEVEL=0
"$program" probe --write rsa.pcapng --ca root.pem --sni www.example "127.0.0.1:$port" >/dev/null
if grep -q CLIENT_RANDOM rsa.pcapng && "$program" read --all --json --ca root.pem rsa.pcapng | grep -q "$whole" && "$program" read --json --ca root.pem out.pcapng | grep -q '"code":"client-cert-rejected"'; then
    echo "PASS finish recordings hold the secrets and give the same verdict"
else
    echo "FAIL finish recordings: $("$program" read --all --json --ca root.pem rsa.pcapng out.pcapng | cut -c1-300)"
fi

if command -v gnutls-serv >/dev/null; then
    for version in TLS1.0 TLS1.2; do
        port=$(free_port)
        gnutls-serv --quiet --port "$port" --x509certfile leaf.pem --x509keyfile leaf.key --x509cafile root.pem --require-client-cert --verify-client-cert --priority "NORMAL:-VERS-ALL:+VERS-$version:+3DES-CBC:+DHE-RSA" </dev/null >gnutls.log 2>&1 &
        servers="$servers $!"
        listening "$port"
        for suite in 000a 0016 0033 c014; do
            expect "GnuTLS, $version, $suite" ok "took that of ec" --tls "${version#TLS}" --ciphers $suite --cert ec.pem --key ec.key
        done
        expect "GnuTLS, $version, stranger" client-cert-rejected '' --tls "${version#TLS}" --cert stranger.pem --key stranger.key
    done
else
    echo "SKIP finish GnuTLS: gnutls-serv is not installed"
fi

# A relay that puts another certificate of the same length before the server's key: what the server cannot read, or signs wrongly.
openssl req -new -key rsa.key -out other.csr -subj "/CN=leaf" -config c.cnf >>make.log 2>&1
for pair in leaf.csr:first.pem other.csr:second.pem; do
    openssl x509 -req -in "${pair%:*}" -CA root.pem -CAkey root.key -set_serial 77 -extfile c.cnf -extensions leaf -out "${pair#*:}" -days 20 >>make.log 2>&1
done
openssl x509 -in first.pem -outform DER -out first.der
openssl x509 -in second.pem -outform DER -out second.der
swap() { # PORT: a relay to it; sets port
    python3 - "$1" swapped.port <<'PY' &
import os, socket, sys, threading
old, new = open("first.der", "rb").read(), open("second.der", "rb").read()
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
open(sys.argv[2] + ".new", "w").write(str(s.getsockname()[1]))
os.rename(sys.argv[2] + ".new", sys.argv[2])

def pump(a, b, swap):
    seen = b""
    try:
        while True:
            d = a.recv(65536)
            if not d:
                break
            b.sendall(d.replace(old, new) if swap else d)
    except OSError:
        pass
    try:
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass

while True:
    c, _ = s.accept()
    t = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    threading.Thread(target=pump, args=(c, t, False), daemon=True).start()
    threading.Thread(target=pump, args=(t, c, True), daemon=True).start()
PY
    servers="$servers $!"
    rm -f swapped.port
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -f swapped.port ] && break
        sleep 0.1
    done
    port=$(cat swapped.port)
}
if [ "$(wc -c <first.der)" = "$(wc -c <second.der)" ]; then
    serve -tls1_2 -cert first.pem
    swap "$port"
    expect "a key that cannot read, and signs wrongly" key-mismatch 'cannot read what was encrypted.*"certainty":"certain"' --tls 1.2 --ciphers 002f
    expect "a key that signs wrongly" key-mismatch '"certainty":"certain"' --tls 1.2 --ciphers c02f
    serve -tls1_2 -cert first.pem -cipher AES128-SHA:@SECLEVEL=0
    swap "$port"
    expect "a key that cannot read, and never signs" key-mismatch '"certainty":"likely"' --tls 1.2 --ciphers 002f
fi
if command -v gnutls-serv >/dev/null; then
    port=$(free_port)
    gnutls-serv --quiet --port "$port" --x509certfile leaf.pem --x509keyfile leaf.key --priority "NORMAL:%SAFE_RENEGOTIATION:+VERS-TLS1.2" </dev/null >gnutls.log 2>&1 &
    servers="$servers $!"
    listening "$port"
    expect "a server that insists on RFC 5746" legacy-renegotiation 'insists on secure renegotiation.*"certainty":"certain"' --tls 1.2 --no-ext 65281
fi

"$program" lab --root lab.pem --for 60 --json record-split split-hello >lab.json 2>/dev/null &
servers="$servers $!"
for case in record-split split-hello; do
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        port=$(sed -n "s/.*\"type\":\"lab\".*\"name\":\"$case\".*\"port\":\([0-9]*\).*/\1/p" lab.json | head -1)
        [ -n "$port" ] && break
        sleep 0.2
    done
    if [ -z "$port" ]; then
        echo "SKIP finish lab case $case: it cannot be started here"
        continue
    fi
    listening "$port"
    expect "lab case $case" record-split '"certainty":"certain".*' --ca lab.pem --sni www.lab.example --record-split
done
