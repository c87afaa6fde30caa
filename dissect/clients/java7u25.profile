name: Java 7u25
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c009,c013,002f,c004,c00e,0033,0032,c007,c011,0005,c002,c00c,c008,c012,000a,c003,c00d,0016,0013,0004,00ff
extensions: 000a,000b,0000
groups: 0017,0001,0003,0013,0015,0006,0007,0009,000a,0018,000b,000c,0019,000d,000e,000f,0010,0011,0002,0012,0004,0005,0014,0008,0016
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 178
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
dh_max: 1024
san_needed: no
root_era: java 2013-06-18
can_source: recalled
notes: TLS 1.0 client default
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Java 7u25", taken there from SSL Labs getClients
