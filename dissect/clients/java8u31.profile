name: Java 8u31
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c023,c027,003c,c025,c029,0067,0040,c009,c013,002f,c004,c00e,0033,0032,c02b,c02f,009c,c02d,c031,009e,00a2,c008,c012,000a,c003,c00d,0016,0013,c007,c011,0005,c002,c00c,0004,00ff
extensions: 000a,000b,000d,0000
groups: 0017,0001,0003,0013,0015,0006,0007,0009,000a,0018,000b,000c,0019,000d,000e,000f,0010,0011,0002,0012,0004,0005,0014,0008,0016
signature_algorithms: 0603,0601,0503,0501,0403,0401,0303,0301,0203,0201,0202,0101
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 236
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
root_era: java 2015-01-20
can_source: recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Java 8u31", taken there from SSL Labs getClients
