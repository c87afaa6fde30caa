#!/bin/sh
# make_certs.sh - makes certs.h: throw-away certificates for the unit tests. Only openssl is needed.
# Run it again when a case is added; the keys are thrown away, so the whole file changes.
set -e
cd "$(dirname "$0")"
out=$PWD/certs.h
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

ec() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

# self NAME SUBJECT EXTENSIONS [OPTIONS]: a self-signed certificate with NAME.key
self() {
    printf '%b' "[e]\n$3\n" > e.cnf
    openssl req -new -key "$1.key" -subj "$2" -out r.pem 2>/dev/null
    # shellcheck disable=SC2086
    openssl x509 -req -in r.pem -signkey "$1.key" -extfile e.cnf -extensions e -days 3650 -out "$1.pem" $4 2>/dev/null
}
# issue NAME SUBJECT ISSUER EXTENSIONS [OPTIONS]: NAME.key certified by ISSUER
issue() {
    printf '%b' "[e]\n$4\n[dn]\nCN=x\n[nc_dir]\nO=Example\n" > e.cnf
    openssl req -new -key "$1.key" -subj "$2" -out r.pem 2>/dev/null
    # shellcheck disable=SC2086
    openssl x509 -req -in r.pem -CA "$3.pem" -CAkey "$3.key" -extfile e.cnf -extensions e -days 1000 -out "$1.pem" $5 2>/dev/null
}

ca='basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'
leaf='basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth'
san='subjectAltName=DNS:www.example,DNS:*.wild.example,IP:192.0.2.1,IP:2001:db8::1'

for k in root other inter inter2 wwww self usage below badca v1ca nc ncleaf ncroot staple ocsp rsa1024 short sha1 pss dsa ed p384 bmp bigint; do ec $k; done
openssl genrsa -out rsa1024.key 1024 2>/dev/null
openssl genrsa -out short.key 512 2>/dev/null
openssl genrsa -out pss.key 2048 2>/dev/null
openssl genpkey -algorithm ED25519 -out ed.key
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out p384.key 2>/dev/null
openssl dsaparam -noout -genkey -out dsa.key 1024 2>/dev/null

self root '/C=XX/O=Test/CN=Test Root' "$ca"
self other '/C=XX/O=Test/CN=Other Root' "$ca"
issue inter '/C=XX/O=Test/CN=Test Issuing CA' root "$ca\nauthorityKeyIdentifier=keyid"
cp wwww.key leaf.key
issue leaf '/CN=www.example' inter "$leaf\n$san\nauthorityKeyIdentifier=keyid\nauthorityInfoAccess=caIssuers;URI:http://ca.example/i.crt,OCSP;URI:http://ocsp.example\ncrlDistributionPoints=URI:http://ca.example/c.crl\ncertificatePolicies=2.23.140.1.2.1"
self self '/CN=www.example' "$leaf\n$san"
issue usage '/CN=www.example' inter "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n$san"
issue below '/CN=www.example' leaf "$leaf\n$san"
issue badca '/CN=Not A CA' root "basicConstraints=critical,CA:FALSE\nkeyUsage=digitalSignature,keyCertSign"
cp below.key underbad.key
issue underbad '/CN=www.example' badca "$leaf\n$san"
issue nc '/C=XX/O=Test/CN=Bound CA' root "$ca\nnameConstraints=critical,permitted;DNS:allowed.example,excluded;DNS:no.allowed.example,permitted;IP:192.0.2.0/255.255.255.0"
issue ncleaf '/CN=www.example' nc "$leaf\n$san"
cp ncleaf.key ncgood.key
issue ncgood '/CN=x' nc "$leaf\nsubjectAltName=DNS:www.allowed.example,IP:192.0.2.9"
cp ncleaf.key ncno.key
issue ncno '/CN=x' nc "$leaf\nsubjectAltName=DNS:www.no.allowed.example"
issue staple '/CN=www.example' inter "$leaf\n$san\ntlsfeature=status_request"
issue ocsp '/CN=Test OCSP' inter "basicConstraints=CA:FALSE\nextendedKeyUsage=OCSPSigning"
issue rsa1024 '/CN=www.example' inter "$leaf\n$san"
issue short '/CN=www.example' inter "$leaf\n$san"
issue sha1 '/CN=www.example' inter "$leaf\n$san" -sha1
self pss '/CN=www.example' "$ca\n$san" '-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32'
cp pss.key rsaroot.key
self rsaroot '/CN=RSA Root' "$ca" -sha384
self dsa '/CN=DSA Root' "$ca" -sha256
self ed '/CN=Ed25519 Root' "$ca"
cp inter2.key underded.key
issue underded '/CN=www.example' ed "$leaf\n$san"
self p384 '/CN=P-384 Root' "$ca" -sha512
self v1ca '/CN=No SAN' 'basicConstraints=CA:FALSE'
openssl req -new -x509 -key bmp.key -subj '/CN=Zürich/O=Zwei  Leer' -utf8 -days 3650 -out bmp.pem -set_serial -5 2>/dev/null

# OCSP answers for the leaf: good and revoked, by the delegated responder
hex() { openssl x509 -in "$1.pem" -noout -serial | sed 's/.*=//'; }
printf 'V\t350101000000Z\t\t%s\tunknown\t/CN=www.example\n' "$(hex leaf)" > good.txt
printf 'R\t350101000000Z\t%s,keyCompromise\t%s\tunknown\t/CN=www.example\n' "$(date -u +%y%m%d%H%M%SZ)" "$(hex leaf)" > revoked.txt
openssl ocsp -issuer inter.pem -cert leaf.pem -no_nonce -reqout req.der >/dev/null 2>&1
for s in good revoked; do
    openssl ocsp -index $s.txt -rsigner ocsp.pem -rkey ocsp.key -CA inter.pem -reqin req.der -ndays 7 -respout $s.der >/dev/null 2>&1
done

{
    echo "/* certs.h - made by make_certs.sh: throw-away certificates of our own, for the unit tests. */"
    echo "#define CERTS_MADE INT64_C($(date +%s))"
    for f in root other inter leaf self usage below badca underbad nc ncleaf ncgood ncno staple rsa1024 short sha1 pss rsaroot dsa ed underded p384 v1ca bmp; do
        echo "#define PEM_$(echo $f | tr a-z A-Z) \\"
        openssl x509 -in $f.pem -outform PEM | sed 's/.*/    "&\\n" \\/'
        echo '    ""'
    done
    for s in good revoked; do
        echo "static const unsigned char ocsp_$s[] = {"
        od -An -v -tx1 $s.der | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
        echo "};"
    done
    printf 'signed text' > text
    for k in leaf pss p384; do
        for h in sha1 sha256; do
            openssl dgst -$h -sign $k.key -out sig text
            echo "static const unsigned char sig_${k}_$h[] = {"
            od -An -v -tx1 sig | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
            echo "};"
        done
    done
    openssl dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sign pss.key -out sig text
    echo "static const unsigned char sig_pss_pss[] = {"
    od -An -v -tx1 sig | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    echo "};"
    { openssl dgst -md5 -binary text; openssl dgst -sha1 -binary text; } > both
    openssl pkeyutl -sign -inkey pss.key -in both -pkeyopt rsa_padding_mode:pkcs1 -out sig
    echo "static const unsigned char sig_pss_tls10[] = {"
    od -An -v -tx1 sig | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
    echo "};"
} > "$out"
