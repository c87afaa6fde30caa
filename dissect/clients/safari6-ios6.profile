name: Safari 6, iOS 6.0.1
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: 00ff,c024,c023,c00a,c009,c007,c008,c028,c027,c014,c013,c011,c012,c026,c025,c02a,c029,c004,c005,c002,c003,c00e,c00f,c00c,c00d,003d,003c,002f,0005,0004,0035,000a,0067,006b,0033,0039,0016,c006,c010,c001,c00b,003b,0002,0001
extensions: 0000,000a,000b,000d
groups: 0017,0018,0019
signature_algorithms: 0501,0401,0201,0403,0203
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 196
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Safari 6 iOS 6.0.1", taken there from SSL Labs getClients
