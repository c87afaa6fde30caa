name: Windows 7, IE 8-10, second capture
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c014,c013,0035,002f,c00a,c009,0038,0032,000a,0013,0005,0004
extensions: 0000,0005,000a,000b,ff01
groups: 0017,0018,0019
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 130
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft, "SHA2 and Windows"; rest recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 8-10 Win 7", taken there from SSL Labs getClients
