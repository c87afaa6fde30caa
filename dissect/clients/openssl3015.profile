name: OpenSSL 3.0.15 (Debian)
record_version: 0301
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: 1302,1303,1301,c02c,c030,009f,cca9,cca8,ccaa,c02b,c02f,009e,c024,c028,006b,c023,c027,0067,c00a,c014,0039,c009,c013,0033,009d,009c,003d,003c,0035,002f,00ff
extensions: 0000,000b,000a,0023,0016,0017,000d,002b,002d,0033
groups: 001d,0017,001e,0019,0018,0100,0101,0102,0103,0104
signature_algorithms: 0403,0503,0603,0807,0808,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602
alpn: absent
session_id: 32
point_formats: 00,01,02
key_shares: 001d:32
hello_bytes: 316
cert_sigs: rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ed25519
cert_keys: rsa ecdsa ed25519
rsa_min: 2048
dh_min: 2048
can_source: OpenSSL security level 2, Debian default: SSL_CTX_set_security_level(3)
renegotiation: secure
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "OpenSSL 3.0.15 (Debian)"
