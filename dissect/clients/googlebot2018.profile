name: Googlebot, February 2018
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c02b,c02f,cca9,cca8,c02c,c030,c009,c013,c00a,c014,009c,009d,002f,0035,000a
extensions: ff01,0000,0017,0023,000d,0005,3374,0012,000b,000a
groups: 001d,0017,0018
signature_algorithms: 0403,0804,0401,0503,0805,0501,0806,0601,0201
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 176
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Googlebot Feb 2018", taken there from SSL Labs getClients
