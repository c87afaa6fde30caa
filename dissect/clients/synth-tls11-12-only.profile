name: TLS 1.1 and 1.2 only, as in the IIS 6 scenario
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c028,c027,c014,c013,009f,009e,009d,009c,003d,003c,0035,002f,c02c,c02b,c024,c023,c00a,c009,006a,0040,0038,0032,000a,0013
extensions: 0000,0005,000a,000b,000d,0017,ff01
groups: 0017,0018
signature_algorithms: 0601,0603,0401,0501,0201,0403,0503,0203,0202
alpn: absent
session_id: 0
notes: same hello as TLS 1.2; the client refuses a TLS 1.0 ServerHello itself
observed: synthetic
source: made from win7-ie11
