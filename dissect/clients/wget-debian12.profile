name: wget 1.21 (GnuTLS 3.7), Debian 12
record_version: 0301
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: 1302,1303,1301,1304,c02c,cca9,c0ad,c00a,c02b,c0ac,c009,c030,cca8,c014,c02f,c013,009d,c09d,0035,009c,c09c,002f,009f,ccaa,c09f,0039,009e,c09e,0033
extensions: 0005,000a,000b,000d,0023,0033,002b,0031,ff01,0000,002d,001c,0015
groups: 0017,0018,0019,001d,001e,0100,0101,0102,0103,0104
signature_algorithms: 0401,0809,0804,0403,0807,0501,080a,0805,0503,0808,0601,080b,0806,0603,0201,0203
alpn: absent
session_id: 32
point_formats: 00
key_shares: 0017:65,001d:32
hello_bytes: 517
cert_sigs: rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ed25519
cert_keys: rsa ecdsa ed25519
rsa_min: 1024
can_source: measured: a SHA-1 chain is refused, an RSA-1024 leaf is accepted (GnuTLS 3.7, Debian 12)
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: wget
