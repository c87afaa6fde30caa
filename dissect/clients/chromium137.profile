name: Chromium 137 (Windows 11)
record_version: 0301
client_version: 0303
supported_versions: GREASE,0304,0303
cipher_suites: GREASE,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035
extensions: GREASE,0023,fe0d,0033,002d,0005,000d,0000,0010,002b,0017,0012,44cd,000b,001b,000a,ff01,GREASE
groups: GREASE,11ec,001d,0017,0018
signature_algorithms: 0403,0804,0401,0503,0805,0501,0806,0601
alpn: h2,http/1.1
session_id: 32
point_formats: 00
key_shares: GREASE:1,11ec:1216,001d:32
hello_bytes: 1720
cert_sigs: rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512
cert_keys: rsa ecdsa
rsa_min: 1024
san_needed: yes
can_source: Chrome 58 release notes (SAN); SHA-1 removed: Chromium policy pages; recalled
notes: extension order permuted at each connection, GREASE varies; X25519MLKEM768
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Chromium 137 (Win 11)"
