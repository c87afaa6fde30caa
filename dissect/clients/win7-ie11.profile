name: Windows 7 / Server 2008 R2, IE 11 (TLS 1.2 on)
record_version: 0303
client_version: 0303
supported_versions: absent
cipher_suites: c028,c027,c014,c013,009f,009e,009d,009c,003d,003c,0035,002f,c02c,c02b,c024,c023,c00a,c009,006a,0040,0038,0032,000a,0013
extensions: 0000,0005,000a,000b,000d,0017,ff01
groups: 0017,0018
signature_algorithms: 0601,0603,0401,0501,0201,0403,0503,0203,0202
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 180
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft TLS pages for chains; with TLS 1.2 Schannel also holds a chain against its signature_algorithms; SAN recalled
notes: also stands for WinHTTP on Windows 7 once TLS 1.2 is made a default (KB3140245; from memory)
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 11 Win 7", taken there from SSL Labs getClients
