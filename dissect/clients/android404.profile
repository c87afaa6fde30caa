name: Android 4.0.4
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c014,c00a,0039,0038,c00f,c005,0035,c012,c008,0016,0013,c00d,c003,000a,c013,c009,0033,0032,c00e,c004,002f,c011,c007,c00c,c002,0005,0004,00ff
extensions: 0000,000b,000a,0023,3374
groups: 0001,0002,0003,0004,0005,0006,0007,0008,0009,000a,000b,000c,000d,000e,000f,0010,0011,0012,0013,0014,0015,0016,0017,0018,0019
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00,01,02
compression: 01,00
hello_bytes: 203
san_needed: no
root_era: android 2012-03-28
can_source: root list by the date of the release; recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 4.0.4", taken there from SSL Labs getClients
