name: OpenSSL 1.0.1h
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c030,c02c,c028,c024,c014,c00a,c022,c021,00a3,009f,006b,006a,0039,0038,0088,0087,c032,c02e,c02a,c026,c00f,c005,009d,003d,0035,0084,c012,c008,c01c,c01b,0016,0013,c00d,c003,000a,c02f,c02b,c027,c023,c013,c009,c01f,c01e,00a2,009e,0067,0040,0033,0032,009a,0099,0045,0044,c031,c02d,c029,c025,c00e,c004,009c,003c,002f,0096,0041,0007,c011,c007,c00c,c002,0005,0004,0015,0012,0009,0014,0011,0008,0006,0003,00ff
extensions: 0000,000b,000a,0023,000d,000f
groups: 000e,000d,0019,000b,000c,0018,0009,000a,0016,0017,0008,0006,0007,0014,0015,0004,0005,0012,0013,0001,0002,0003,000f,0010,0011
signature_algorithms: 0601,0602,0603,0501,0502,0503,0401,0402,0403,0301,0302,0303,0201,0202,0203,0101
alpn: absent
session_id: 0
point_formats: 00,01,02
hello_bytes: 345
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
can_source: OpenSSL CHANGES; checks no names unless asked
renegotiation: any
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "OpenSSL 1.0.1h", taken there from SSL Labs getClients
