name: OpenSSL 3.5.0 (git)
record_version: 0301
client_version: 0303
supported_versions: 0304,0303
cipher_suites: 1302,1303,1301,c02c,c030,009f,cca9,cca8,ccaa,c02b,c02f,009e,c024,c028,006b,c023,c027,0067,c00a,c014,0039,c009,c013,0033,009d,009c,003d,003c,0035,002f
extensions: ff01,0000,000b,000a,0023,0016,0017,000d,002b,002d,0033
groups: 11ec,001d,0017,001e,0018,0019,0100,0101
signature_algorithms: 0905,0906,0904,0403,0503,0603,0807,0808,081a,081b,081c,0809,080a,080b,0804,0805,0806,0401,0501,0601,0303,0301,0302,0402,0502,0602
alpn: absent
session_id: 32
point_formats: 00,01,02
key_shares: 11ec:1216,001d:32
hello_bytes: 1543
renegotiation: secure
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "OpenSSL 3.5.0 (git)"
