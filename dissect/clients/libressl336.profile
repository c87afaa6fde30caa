name: LibreSSL 3.3.6 (macOS)
record_version: 0301
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: 1303,1302,1301,cca9,cca8,ccaa,c030,c02c,c028,c024,c014,c00a,009f,006b,0039,ff85,00c4,0088,0081,009d,003d,0035,00c0,0084,c02f,c02b,c027,c023,c013,c009,009e,0067,0033,00be,0045,009c,003c,002f,00ba,0041,c011,c007,0005,0004,c012,c008,0016,000a,00ff
extensions: 002b,0033,0000,000b,000a,0023,000d
groups: 001d,0017,0018,0019
signature_algorithms: 0806,0601,0603,0805,0501,0503,0804,0401,0403,0201,0203
alpn: absent
session_id: 32
point_formats: 00
key_shares: 001d:32
hello_bytes: 306
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "LibreSSL 3.3.6 (macOS)"
