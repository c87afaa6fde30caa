name: OpenSSL 3.0 s_client -tls1 at SECLEVEL 0
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c00a,c014,0039,c009,c013,0033,0035,002f,00ff
extensions: 0000,000b,000a,0023,0016,0017
groups: 001d,0017,001e,0019,0018
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00,01,02
hello_bytes: 124
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ed25519
cert_keys: rsa ecdsa ed25519
can_source: security level 0
notes: sigalgs: see below; TLS 1.0 hello
renegotiation: secure
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: openssl 3.0.22
