name: Windows 8.1 / Server 2012 R2, IE 11
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c028,c027,c014,c013,009f,009e,0039,0033,009d,009c,003d,003c,0035,002f,c02c,c02b,c024,c023,c00a,c009,006a,0040,0038,0032,000a,0013
extensions: 0000,0005,000a,000b,000d,0023,0010,3374,0017,ff01
groups: 0017,0018
signature_algorithms: 0401,0501,0601,0201,0403,0503,0603,0203,0202
alpn: spdy/3,http/1.1
session_id: 0
point_formats: 00
hello_bytes: 214
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft TLS pages for chains; with TLS 1.2 Schannel also holds a chain against its signature_algorithms; SAN recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 11 Win 8.1", taken there from SSL Labs getClients
