name: Node.js 20 (OpenSSL 3.0)
record_version: 0301
client_version: 0303
supported_versions: 0304,0303
cipher_suites: 1302,1303,1301,c02f,c02b,c030,c02c,009e,c027,0067,c028,006b,00a3,009f,cca9,cca8,ccaa,c0af,c0ad,c0a3,c09f,c05d,c061,c057,c053,00a2,c0ae,c0ac,c0a2,c09e,c05c,c060,c056,c052,c024,006a,c023,0040,c00a,c014,0039,0038,c009,c013,0033,0032,009d,c0a1,c09d,c051,009c,c0a0,c09c,c050,003d,003c,0035,002f,00ff
extensions: 0000,000b,000a,0023,0016,0017,000d,002b,002d,0033
groups: 001d,0017,001e,0019,0018,0100,0101,0102,0103,0104
signature_algorithms: 0403,0503,0603,0807,0808,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602
alpn: absent
session_id: 32
point_formats: 00,01,02
key_shares: 001d:32
hello_bytes: 369
cert_sigs: rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ed25519
cert_keys: rsa ecdsa ed25519
san_needed: no
can_source: OpenSSL 3.0 at security level 1 and above refuses SHA-1 in chains: OpenSSL CHANGES
renegotiation: secure
observed: yes
source: captured on loopback from the installed program, 2026-11-21: node 20.20.2
