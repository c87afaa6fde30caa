name: Thunderbird 91.9
record_version: 0301
client_version: 0303
supported_versions: 0304,0303
cipher_suites: 1301,1303,1302,c02b,c02f,cca9,cca8,c02c,c030,c00a,c009,c013,c014,009c,009d,002f,0035,000a
extensions: 0000,0017,ff01,000a,000b,0023,0005,0022,0033,002b,000d,002d,001c,0015
groups: 001d,0017,0018,0019,0100,0101
signature_algorithms: 0403,0503,0603,0804,0805,0806,0401,0501,0601,0203,0201
alpn: absent
session_id: 32
point_formats: 00
key_shares: 001d:32,0017:65
hello_bytes: 517
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Thunderbird (91.9)"
