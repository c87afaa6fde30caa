name: Go 1.17.8
record_version: 0301
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: c02b,c02f,c02c,c030,cca9,cca8,c009,c013,c00a,c014,009c,009d,002f,0035,c012,000a,1301,1302,1303
extensions: 0000,0005,000a,000b,000d,ff01,0010,0012,002b,0033
groups: 001d,0017,0018,0019
signature_algorithms: 0804,0403,0807,0805,0806,0401,0501,0601,0503,0603,0201,0203
alpn: h2,http/1.1
session_id: 32
point_formats: 00
key_shares: 001d:32
hello_bytes: 280
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512 ed25519
cert_keys: rsa ecdsa ed25519
san_needed: yes
can_source: Go 1.15 and 1.18 release notes
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "go 1.17.8"
