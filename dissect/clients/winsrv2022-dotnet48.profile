name: Windows Server 2022, .NET Framework 4.8 WebClient and .NET 6 HttpClient (Schannel TLS 1.3)
record_version: unknown
client_version: 0303
supported_versions: 0304,0303,0302,0301
cipher_suites: 1302,1301,c02c,c02b,c030,c02f,009f,009e,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f
extensions: 0000,0005,002b,000d,0023,000a,000b,0033,0031,0017,ff01,002d
groups: 001d,0017,0018
signature_algorithms: 0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603
alpn: absent
session_id: 32
notes: versions, suites and groups from the dump; extension order and signature algorithms taken from profile win11-schannel (ALPN left out)
observed: mixed
source: rgl/tls-dump-clienthello:example-clients-output-windows-server-2022-21h2.md; win11-schannel
