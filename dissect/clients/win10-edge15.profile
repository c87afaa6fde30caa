name: Windows 10 1703, Edge 15 (Schannel TLS 1.2, x25519)
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c02c,c02b,c030,c02f,c024,c023,c028,c027,c00a,c009,c014,c013,009d,009c,003d,003c,0035,002f,000a
extensions: 0000,0005,000a,000b,000d,0023,0010,0017,0018,ff01
groups: 001d,0017,0018
signature_algorithms: 0401,0501,0201,0403,0503,0203,0202,0601,0603
alpn: h2,http/1.1
session_id: 0
point_formats: 00
hello_bytes: 204
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft TLS pages for chains; with TLS 1.2 Schannel also holds a chain against its signature_algorithms; SAN recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Edge 15 Win 10", taken there from SSL Labs getClients
