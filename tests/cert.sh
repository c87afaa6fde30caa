#!/bin/sh
# cert.sh TLSWHY - chain and cert with files that hold no certificate, a broken one, or one in odd clothes: one clear
# sentence on standard error and exit status 2 where there is nothing to judge, a verdict where there is.
set -u
program=$(realpath "$1")
pcaps=$(cd "$(dirname "$0")/../pcaps" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 2
command -v openssl >/dev/null 2>&1 || { echo "SKIP cert: openssl is not installed"; exit 0; }

{
    openssl ecparam -genkey -name prime256v1 -out ec-key.pem
    openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out key.pem
    openssl pkey -in key.pem -outform DER -out key.der
    openssl pkey -in key.pem -pubout -out public.pem
    openssl pkey -in key.pem -aes128 -passout pass:secret -out locked.pem
    openssl req -new -key key.pem -subj /CN=a.example -out request.pem
    openssl req -in request.pem -outform DER -out request.der
    openssl req -x509 -new -key key.pem -subj /CN=a.example -addext subjectAltName=DNS:a.example -out good.pem
    openssl x509 -in good.pem -outform DER -out good.der
    openssl pkcs12 -export -inkey key.pem -in good.pem -passout pass:x -out bundle.p12
    openssl crl2pkcs7 -nocrl -certfile good.pem -out bundle.p7b
    openssl base64 -A -in good.der -out bare.txt
    : >index.txt
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ndefault_md=sha256\ndefault_crl_days=9\n' >ca.cnf
    openssl ca -config ca.cnf -gencrl -keyfile key.pem -cert good.pem | openssl crl -outform DER -out list.crl
} >/dev/null 2>&1
: >empty
mkdir folder
begin=-----BEGIN\ CERTIFICATE----- end=-----END\ CERTIFICATE-----
printf '%s\n%s\n' "$begin" "$end" >empty-block.pem
printf '%s\n!!! this is not base64 !!!\n%s\n' "$begin" "$end" >not-base64.pem
printf '%s\nMAA=\n%s\n' "$begin" "$end" >no-certificate-inside.pem
head -5 good.pem >cut.pem
head -c 300 good.der >cut.der
echo "Dear customer, please find your certificate attached." >letter
echo "<html><body>Please log in</body></html>" >page.html
head -c 3000 "$program" >junk
printf '\376\355\376\355\000\000\000\002\000\000\000\001' >store.jks
printf '\377\376-\000-\000' >utf16.pem
printf '\324\303\262\241\002\000\004\000' >capture.pcap
sed 's/$/\r/' good.pem >crlf.pem
{ printf '\357\273\277'; cat good.pem; } >bom.pem
{ cat letter good.pem letter key.pem; } >mixed.pem

# Compares the exit status, the number of sentences on standard error and the words in them.
expect() { # STATUS SENTENCES WORDS COMMAND...
    status=$1 sentences=$2 words=$3
    shift 3
    "$program" "$@" >out 2>err
    got=$? lines=$(wc -l <err)
    if [ $got != "$status" ] || [ "$lines" != "$sentences" ]; then
        echo "FAIL cert, $*: exit status $got and $lines sentences, expected $status and $sentences: $(head -c 200 err)"
    elif [ -n "$words" ] && ! grep -q -- "$words" err; then
        echo "FAIL cert, $*: does not say '$words': $(head -c 200 err)"
    else
        echo "PASS cert, $*"
    fi
}

# Nothing to judge: the same sentence from both, also where the file is the list of roots.
nothing() { # WORDS FILE
    expect 2 1 "$1" cert "$2"
    expect 2 1 "$1" chain --ca good.pem "$2"
    expect 2 1 "$1" chain --ca "$2" good.pem
}
nothing "private key" key.pem
nothing "private key" ec-key.pem
nothing "private key" key.der
nothing "private key" locked.pem
nothing "public key" public.pem
nothing "certificate request" request.pem
nothing "certificate request" request.der
nothing "revocation list" list.crl
nothing "openssl pkcs12" bundle.p12
nothing "keytool" store.jks
nothing "is empty" empty
nothing "base64" empty-block.pem
nothing "base64" not-base64.pem
nothing "cut short" cut.pem
nothing "UTF-16" utf16.pem
nothing "tlswhy read" capture.pcap
nothing "no certificate" letter
nothing "no certificate" page.html
nothing "no certificate" junk
nothing "missing" missing
expect 2 1 folder cert folder
expect 2 1 folder chain --ca good.pem folder
expect 2 1 folder chain --ca folder good.pem

# A certificate in odd clothes is one.
for f in good.pem good.der bundle.p7b bare.txt crlf.pem bom.pem mixed.pem; do
    expect 0 0 "" cert "$f"
    expect 0 0 "" chain --ca good.pem --name a.example "$f"
done

# One that does not decode is a verdict, not trouble.
for f in cut.der no-certificate-inside.pem; do
    expect 1 0 "" cert "$f"
    expect 1 0 "" chain --ca good.pem "$f"
done

expect 2 1 "no such client\|no client\|no profile" chain --client nobody-knows good.pem
expect 2 1 "is no time" chain --at someday good.pem
expect 2 1 "no file" chain
expect 2 1 "" cert
expect 2 1 "more than one" chain good.pem good.pem
expect 2 1 "--nonsense" chain --nonsense good.pem

# A name that only a DNS answer in the capture tells: shown, held against the certificate, and never certain. Where the
# address answered to several names, it is held against none of them.
dns() { # OUT NAME...: answers before the packets of a connection whose hello names no host
    python3 - "$pcaps/winxp-sha256-chain-reset.pcap" "$@" <<'END'
import struct, sys
data, names = open(sys.argv[1], "rb").read(), sys.argv[3:]
assert struct.unpack("<I", data[20:24])[0] == 1  # Ethernet
server, client, first = bytes([198, 51, 100, 80]), bytes([192, 0, 2, 10]), data[24:32]
out = data[:24]
for n in names:
    question = b"".join(bytes([len(l)]) + l.encode() for l in n.split(".")) + b"\0" + struct.pack(">HH", 1, 1)
    answer = struct.pack(">HHHIH", 0xc00c, 1, 1, 60, 4) + server
    message = struct.pack(">HHHHHH", 7, 0x8180, 1, 1, 0, 0) + question + answer
    udp = struct.pack(">HHHH", 53, 50000, 8 + len(message), 0) + message
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes([192, 0, 2, 1]), client) + udp
    frame = bytes(12) + b"\x08\0" + ip
    out += first + struct.pack("<II", len(frame), len(frame)) + frame
open(sys.argv[2], "wb").write(out + data[24:])
END
}
names() { # WHAT WORDS... : all in the verdict on learnt.pcap
    what=$1
    shift
    "$program" read --json --ca "$pcaps/roots.pem" learnt.pcap >out
    for words; do
        grep -q -- "$words" out || { echo "FAIL cert, $what: does not say $words: $(head -c 300 out)"; return; }
    done
    echo "PASS cert, $what"
}
if command -v python3 >/dev/null 2>&1; then
    dns learnt.pcap other.example
    names "a name by DNS that is not in the certificate" '"domain":"other.example"' '"code":"cert-name"' '"certainty":"likely"' '"code":"name_mismatch"'
    dns learnt.pcap www.lab.example
    names "a name by DNS that is" '"domain":"www.lab.example"' '"code":"sha2-unsupported"' '"verdict":"ok","primary":null'
    dns learnt.pcap other.example third.example
    names "several names of one address" '"code":"sha2-unsupported"' '"verdict":"ok","primary":null'
else
    echo "SKIP cert, names by DNS: python3 is not installed"
fi
