name: Java 17.0.3 / 21.0.6 (OpenJDK)
record_version: 0303
client_version: 0303
supported_versions: 0304,0303
cipher_suites: 1302,1301,1303,c02c,c02b,cca9,c030,cca8,c02f,009f,ccaa,009e,c024,c028,c023,c027,006b,0067,c00a,c014,c009,c013,0039,0033,009d,009c,003d,003c,0035,002f,00ff
extensions: 0000,0005,000a,000b,0011,0017,0023,000d,002b,002d,0032,0033
groups: 001d,0017,0018,0019,001e,0100,0101,0102,0103,0104
signature_algorithms: 0403,0503,0603,0807,0808,0804,0805,0806,0809,080a,080b,0401,0501,0601,0303,0301
alpn: absent
session_id: 32
point_formats: 00
key_shares: 001d:32,0017:65
hello_bytes: 427
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512
cert_keys: rsa ecdsa
rsa_min: 1024
san_needed: no
can_source: jdk.certpath.disabledAlgorithms as shipped: SHA-1 only under private roots; SAN recalled
notes: record version 0303 in the first record, unlike most
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Java 17.0.3/21.0.6 (OpenJDK)"
