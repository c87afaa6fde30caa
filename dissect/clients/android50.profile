name: Android 5.0.0
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: cc14,cc13,cc15,c014,c00a,0039,0038,0035,c012,c008,0016,0013,000a,c02f,c02b,c013,c009,00a2,009e,0033,0032,009c,002f,c011,c007,0005,0004,00ff
extensions: 0000,0023,000d,3374,000b,000a
groups: 0019,0018,0017
signature_algorithms: 0601,0602,0603,0501,0502,0503,0401,0402,0403,0301,0302,0303,0201,0202,0203,0101
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 194
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
root_era: android 2014-11-03
can_source: root list by the date of the release; recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 5.0.0", taken there from SSL Labs getClients
