name: Android 7.0 (native)
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c02b,c02c,cca9,c02f,c030,cca8,c013,c014,009c,009d,002f,0035
extensions: ff01,0000,0017,0023,000d,0010,000b,000a
groups: 0017
signature_algorithms: 0601,0603,0501,0503,0401,0403,0301,0303,0201,0203
alpn: h2,http/1.1
session_id: 0
point_formats: 00
hello_bytes: 162
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
root_era: android 2016-08-22
can_source: root list by the date of the release; recalled
notes: one group only (secp256r1)
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 7.0 (native)"
