name: Safari 6.0.4, OS X 10.8.4
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 00ff,c00a,c009,c007,c008,c014,c013,c011,c012,c004,c005,c002,c003,c00e,c00f,c00c,c00d,002f,0005,0004,0035,000a,0033,0039,0016
extensions: 0000,000a,000b
groups: 0017,0018,0019
signature_algorithms: absent
alpn: absent
session_id: 32
point_formats: 00
hello_bytes: 174
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Safari 6.0.4 OS X 10.8.4", taken there from SSL Labs getClients
