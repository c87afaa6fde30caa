name: Java 8u161
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c024,c028,003d,c026,c02a,006b,006a,c00a,c014,0035,c005,c00f,0039,0038,c023,c027,003c,c025,c029,0067,0040,c009,c013,002f,c004,c00e,0033,0032,c02c,c02b,c030,009d,c02e,c032,009f,00a3,c02f,009c,c02d,c031,009e,00a2,c008,c012,000a,c003,c00d,0016,0013,00ff
extensions: 000a,000b,000d,0017,0000
groups: 0017,0018,0019,0009,000a,000b,000c,000d,000e,0016
signature_algorithms: 0603,0601,0503,0501,0403,0401,0402,0203,0201,0202
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 236
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
root_era: java 2018-01-16
can_source: recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Java 8u161", taken there from SSL Labs getClients
