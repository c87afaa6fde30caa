name: Apple Mail 16.0
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: 00ff,c02c,c02b,c024,c023,c00a,c009,c008,c030,c02f,c028,c027,c014,c013,c012,009d,009c,003d,003c,0035,002f,000a
extensions: 0000,000a,000b,000d,0005,0012,0017
groups: 0017,0018,0019
signature_algorithms: 0401,0201,0501,0601,0403,0203,0503,0603
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 174
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Apple Mail (16.0)"
