name: Safari 9, iOS 9
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: 00ff,c02c,c02b,c024,c023,c00a,c009,c008,c030,c02f,c028,c027,c014,c013,c012,009d,009c,003d,003c,0035,002f,000a,c007,c011,0005,0004
extensions: 0000,000a,000b,000d,3374,0010,0005,0012
groups: 0017,0018,0019
signature_algorithms: 0501,0401,0201,0503,0403,0203
alpn: h2,h2-16,h2-15,h2-14,spdy/3.1,spdy/3,http/1.1
session_id: 0
point_formats: 00
hello_bytes: 231
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Safari 9 iOS 9", taken there from SSL Labs getClients
