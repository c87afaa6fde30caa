name: Safari 26.4 (iOS and iPadOS)
record_version: 0301
client_version: 0303
supported_versions: GREASE,0304,0303
cipher_suites: GREASE,1302,1303,1301,c02c,c02b,cca9,c030,c02f,cca8,c00a,c009,c014,c013,009d,009c,0035,002f,c008,c012,000a
extensions: GREASE,0000,0017,ff01,000a,000b,0010,0005,000d,0012,0033,002d,002b,001b,GREASE
groups: GREASE,11ec,001d,0017,0018,0019
signature_algorithms: 0403,0804,0401,0503,0805,0805,0501,0806,0601,0201
alpn: h2,http/1.1
session_id: 32
point_formats: 00
key_shares: GREASE:1,11ec:1216,001d:32
hello_bytes: 1533
cert_sigs: rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512 rsa-pss-sha256 rsa-pss-sha384 rsa-pss-sha512
cert_keys: rsa ecdsa
rsa_min: 2048
san_needed: yes
can_source: Apple HT210176, requirements for trusted certificates in iOS 13
notes: GREASE values vary
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Safari 26.4 (iOS+iPadOS 26.4)"
