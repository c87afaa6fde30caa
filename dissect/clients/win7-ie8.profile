name: Windows 7 / Server 2008 R2, IE 8 (Schannel 6.1, TLS 1.0 default)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 002f,0035,0005,000a,c013,c014,c009,c00a,0032,0038,0013,0004
extensions: ff01,0000,0005,000a,000b
groups: 0017,0018
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 128
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft, "SHA2 and Windows"; rest recalled
notes: TLS 1.1 and 1.2 exist but are off by default in IE 8-10 and WinHTTP
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 8 Win 7", taken there from SSL Labs getClients
