name: Android 16 (native)
record_version: 0301
client_version: 0303
supported_versions: GREASE,0304,0303
cipher_suites: GREASE,1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035
extensions: GREASE,000b,002b,0017,ff01,0033,fe0d,002d,001b,000d,44cd,0005,0010,0023,000a,0000,0012,GREASE
groups: GREASE,11ec,001d,0017,0018
signature_algorithms: 0403,0804,0401,0503,0805,0501,0806,0601
alpn: h2,http/1.1
session_id: 32
point_formats: 00
key_shares: GREASE:1,11ec:1216,001d:32
hello_bytes: 1816
notes: extension order permuted by the client at each connection; a stored JA3 differs for that reason
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 16 (native)"
