name: Windows 11, curl 8.21 with Schannel (TLS 1.3)
record_version: unknown
client_version: 0303
supported_versions: 0304,0303
cipher_suites: 1302,1301,c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f
extensions: 0000,0005,002b,000d,0023,000a,000b,0010,0033,0031,0017,ff01,002d
groups: 001d,0017,0018
signature_algorithms: 0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603
alpn: http/1.1
session_id: 32
point_formats: 00
key_shares: 001d:32,0017:65,0018:97
notes: handshake_length=453; JA3 fae0e5d973c96ae1888b99538efa0363 and JA4 t13d2013h1_2b729b4bf6f3_e24568c0d440 recomputed from this row and equal; also stands for Windows Server 2022 and 2025 Schannel
observed: yes
source: annotated capture of 2026-09-15 in a teaching text; both fingerprints checked
