name: Windows Server 2019, .NET Framework 4.8 WebClient and .NET 6 HttpClient (Schannel TLS 1.2)
record_version: unknown
client_version: 0303
supported_versions: absent
cipher_suites: c02c,c02b,c030,c02f,009f,009e,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f,000a
extensions: 0000,0005,000a,000b,000d,0023,0017,ff01
groups: 001d,0017,0018
signature_algorithms: 0804,0805,0806,0401,0501,0201,0403,0503,0203,0202,0601,0603
alpn: absent
session_id: 0
notes: suites and groups from the dump; extension order from the JA3 771,49196-...-10,0-5-10-11-13-35-23-65281,29-23-24,0 published for Schannel on Windows 10-era clients; signature algorithms and record version not seen (the Windows 11 list is used)
observed: mixed
source: rgl/tls-dump-clienthello:example-clients-output-windows-server-2019-1809.md; JA3 text in a joy2ja3 readme
