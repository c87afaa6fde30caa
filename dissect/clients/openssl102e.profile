name: OpenSSL 1.0.2e
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c030,c02c,c028,c024,c014,c00a,00a5,00a3,00a1,009f,006b,006a,0069,0068,0039,0038,0037,0036,0088,0087,0086,0085,c032,c02e,c02a,c026,c00f,c005,009d,003d,0035,0084,c02f,c02b,c027,c023,c013,c009,00a4,00a2,00a0,009e,0067,0040,003f,003e,0033,0032,0031,0030,009a,0099,0098,0097,0045,0044,0043,0042,c031,c02d,c029,c025,c00e,c004,009c,003c,002f,0096,0041,0007,c011,c007,c00c,c002,0005,0004,c012,c008,0016,0013,0010,000d,c00d,c003,000a,0015,0012,000f,000c,0009,00ff
extensions: 0000,000b,000a,0023,000d,0005,000f
groups: 0017,0019,001c,001b,0018,001a,0016,000e,000d,000b,000c,0009,000a
signature_algorithms: 0601,0602,0603,0501,0502,0503,0401,0402,0403,0301,0302,0303,0201,0202,0203
alpn: absent
session_id: 0
point_formats: 00,01,02
hello_bytes: 350
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
can_source: OpenSSL CHANGES; checks no names unless asked
renegotiation: any
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "OpenSSL 1.0.2e", taken there from SSL Labs getClients
