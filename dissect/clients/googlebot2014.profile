name: Googlebot, June 2014
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c007,c011,c009,c013,c00a,c014,0005,0004,002f,000a,0035,0033,0032,0016,0013,0039,0038,00ff
extensions: 0000,0023,3374,000b,000a
groups: 000e,000d,0019,000b,000c,0018,0009,000a,0016,0017,0008,0006,0007,0014,0015,0004,0005,0012,0013,0001,0002,0003,000f,0010,0011
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00,01,02
hello_bytes: 182
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Googlebot Jun 2014", taken there from SSL Labs getClients
