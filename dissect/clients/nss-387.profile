name: NSS 3.87 tstclnt, TLS 1.0-1.3
record_version: 0301
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: 1301,1303,1302,c02b,c02f,cca9,cca8,c02c,c030,c00a,c009,c013,c023,c027,c014,009e,ccaa,009f,0033,0032,0067,0039,0038,006b,0016,0013,009c,009d,002f,003c,0035,003d,000a,0005,0004
extensions: 0000,0017,ff01,000a,000b,0033,002b,000d,002d,001c,0015
groups: 001d,0017,0018,0019,0100,0101,0102,0103,0104
signature_algorithms: 0403,0503,0603,0203,0804,0805,0806,0401,0501,0601,0201,0402,0502,0602,0202
alpn: absent
session_id: 0
point_formats: 00
key_shares: 001d:32
hello_bytes: 517
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512
cert_keys: rsa ecdsa
can_source: measured: a SHA-1 leaf under a private root is accepted (tstclnt 3.87)
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: libnss3-tools
