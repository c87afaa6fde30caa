name: Android 4.4.2
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c030,c02c,c014,c00a,00a3,009f,006b,006a,0039,0038,009d,003d,0035,c012,c008,0016,0013,000a,c02f,c02b,c027,c023,c013,c009,00a2,009e,0067,0040,0033,0032,009c,003c,002f,c011,c007,0005,0004,00ff
extensions: 0000,000b,000a,0023,000d,3374
groups: 0019,0018,0017
signature_algorithms: 0601,0602,0603,0501,0502,0503,0401,0402,0403,0301,0302,0303,0201,0202,0203,0101
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 214
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
root_era: android 2013-12-09
can_source: root list by the date of the release; recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 4.4.2", taken there from SSL Labs getClients
