#!/bin/sh
# probe.sh TLSWHY - probes of real servers on loopback: OpenSSL and, where installed, GnuTLS. Ports are free ones, servers are
# ended by their process ids, and every wait is bounded.
set -u
. "$(dirname "$0")/servers.sh"

certificates() { # a root, a leaf, one that has expired, one for another name
    conf=$work/c.cnf
    printf '[req]\ndistinguished_name=d\n[d]\n[ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n[leaf]\nsubjectAltName=DNS:www.example\nextendedKeyUsage=serverAuth\n[other]\nsubjectAltName=DNS:other.example\n' >"$conf"
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/root.key" -out "$work/root.pem" -subj "/CN=Probe root" -days 30 -config "$conf" -extensions ca
    openssl req -newkey rsa:2048 -nodes -keyout "$work/leaf.key" -out "$work/leaf.csr" -subj "/CN=www.example" -config "$conf"
    sign() { openssl x509 -req -in "$work/leaf.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial -extfile "$conf" -extensions "$2" -out "$work/$1.pem" -days "$3"; }
    sign leaf leaf 20
    sign other other 20
    openssl ecparam -name prime256v1 -genkey -noout -out "$work/ec.key"
    openssl req -new -key "$work/ec.key" -out "$work/ec.csr" -subj "/CN=www.example" -config "$conf"
    openssl x509 -req -in "$work/ec.csr" -CA "$work/root.pem" -CAkey "$work/root.key" -CAcreateserial -extfile "$conf" -extensions leaf -out "$work/ec.pem" -days 20
}

serve() { # CERTIFICATE KEY OPTIONS...: sets port
    port=$(free_port)
    crt=$1 key=$2
    shift 2
    openssl s_server -accept "127.0.0.1:$port" -cert "$work/$crt.pem" -key "$work/$key.key" -quiet "$@" >"$work/server.log" 2>&1 </dev/null &
    servers="$servers $!"
    listening "$port"
}

expect() { # NAME CAUSE OPTIONS...
    name=$1 cause=$2
    shift 2
    got=$(timeout 30 "$program" probe --json --ca "$work/root.pem" --sni www.example --timeout 5 --expect "$cause" "$@" "127.0.0.1:$port" 2>&1)
    if [ $? = 0 ]; then
        echo "PASS probe $name"
    else
        echo "FAIL probe $name: $(echo "$got" | tail -1 | cut -c1-400)"
    fi
}

contains() { # NAME TEXT OPTIONS...
    name=$1 text=$2
    shift 2
    if timeout 30 "$program" probe --ca "$work/root.pem" --sni www.example --timeout 5 "$@" "127.0.0.1:$port" 2>&1 | tr -s ' \n' ' ' | grep -q "$text"; then
        echo "PASS probe $name"
    else
        echo "FAIL probe $name: no '$text'"
    fi
}

command -v openssl >/dev/null || { echo "SKIP probe: openssl is not installed"; exit 0; }
certificates >"$work/make.log" 2>&1

serve leaf leaf
for suite in 1301 1302 1303; do
    for group in x25519 secp256r1 secp384r1 secp521r1; do
        expect "TLS 1.3, $suite, $group" ok --tls 1.3 --ciphers $suite --groups $group
    done
done
expect "TLS 1.2" ok --tls 1.2
expect "another root" cert-missing-intermediate --ca "$work/other.pem"
expect "a client of TLS 1.0" protocol-version --as winsrv2008sp2
expect "SHA-1 only, against a server that signs with SHA-2" signature-algorithms --as synth-tls12-sha1-sigalgs
expect "after its last day" cert-expired --at 2100-01-01
python3 - "$work/hello.hex" <<'PY'
import sys
line = next(l for l in open("tests/wire/hello-profiles.hex") if l.startswith("openssl102e "))
open(sys.argv[1], "w").write(line.split()[1])
PY
contains "a hello from a file" "TLS 1.2" --hello "$work/hello.hex"
contains "every client" "clients get in" --clients
serve leaf leaf -ciphersuites TLS_AES_128_CCM_SHA256
expect "AES-CCM" ok --tls 1.3 --ciphers 1304
serve leaf leaf -groups P-384
expect "HelloRetryRequest" ok
serve ec ec
expect "an RSA-only client of an ECDSA server" cert-key-type --tls 1.2 --ciphers 009c,002f,c02f --sigalgs 0401,0804
serve leaf leaf -Verify 1 -CAfile "$work/root.pem"
expect "a client certificate is demanded, TLS 1.3" client-cert-missing
expect "a client certificate is demanded, TLS 1.2" client-cert-missing --tls 1.2
serve leaf leaf -verify 1 -CAfile "$work/root.pem"
expect "a client certificate is welcome, TLS 1.3" ok
expect "a client certificate is welcome, TLS 1.2" ok --tls 1.2
serve other leaf
expect "another name" cert-name
serve leaf leaf -tls1 -cipher ALL:@SECLEVEL=0
expect "TLS 1.0 only" protocol-version
contains "asked again" "certain: we asked again with SSL 3.0 to TLS 1.3 offered and it answered"
serve leaf leaf -tls1_2 -cipher AES128-SHA
expect "one suite only" cipher-mismatch --tls 1.2 --ciphers c02f,c030
serve leaf leaf -alpn h2
expect "ALPN" alpn-mismatch --alpn http/1.1
serve leaf leaf -tls1_2 -named_curve P-521
expect "P-521 only" group-mismatch --groups x25519,secp256r1 --ciphers c02f,c030
port=$(free_port)
expect "nobody there" tcp-refused
if command -v gnutls-serv >/dev/null; then
    port=$(free_port)
    gnutls-serv --quiet --port "$port" --x509certfile "$work/leaf.pem" --x509keyfile "$work/leaf.key" --noticket </dev/null >"$work/gnutls.log" 2>&1 &
    servers="$servers $!"
    listening "$port"
    expect "GnuTLS" ok
    expect "GnuTLS with AES-CCM" ok --tls 1.3 --ciphers 1304
else
    echo "SKIP probe GnuTLS: gnutls-serv is not installed"
fi
python3 - "$work/port" <<'PY' &
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
s.settimeout(60)
open(sys.argv[1] + ".new", "w").write(str(s.getsockname()[1]))
import os
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    c, _ = s.accept()
    c.settimeout(5)
    try:
        c.sendall(b"220 mail.example ESMTP\r\n")
        c.recv(999)
        c.sendall(b"250 mail.example\r\n")
        c.recv(999)
        c.sendall(b"454 4.7.0 no TLS today\r\n")
        c.recv(999)
    except OSError:
        pass
    c.close()
PY
servers="$servers $!"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -e "$work/port" ] && break
    sleep 0.5
done
port=$(cat "$work/port")
expect "SMTP that refuses" starttls-refused --starttls smtp
contains "its words" '454 4.7.0 no TLS today' --starttls smtp
expect "SMTP without asking" not-tls --starttls none
expect "IMAP asked of SMTP" not-tls --starttls imap
