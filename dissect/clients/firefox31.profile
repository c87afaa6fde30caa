name: Firefox 31 ESR (Windows 7)
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c02b,c02f,c00a,c009,c013,c014,c012,c007,c011,0033,0032,0045,0039,0038,0088,0016,002f,0041,0035,0084,000a,0005,0004
extensions: 0000,ff01,000a,000b,0023,3374,0005,000d
groups: 0017,0018,0019
signature_algorithms: 0401,0501,0201,0403,0503,0203,0402,0202
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 182
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Firefox 31.3.0 ESR Win 7", taken there from SSL Labs getClients
