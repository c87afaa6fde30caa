name: Baidu spider, January 2015
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 00ff,c00a,c014,0088,0087,0039,0038,c00f,c005,0084,0035,c007,c009,c011,c013,0045,0044,0033,0032,c00c,c00e,c002,c004,0096,0041,0004,0005,002f,c008,c012,0016,0013,c00d,c003,feff,000a
extensions: 0000,000a,000b,0023
groups: 0017,0018,0019
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 168
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Baidu Jan 2015", taken there from SSL Labs getClients
