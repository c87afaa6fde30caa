name: Windows Vista, IE 7 (Schannel 6.0)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 002f,0035,0005,000a,c009,c00a,c013,c014,0032,0038,0013,0004
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
root_era: microsoft 2008-12-31
can_source: SHA-2 in chains by CNG: DigiCert SO19176, Microsoft PKI blog "SHA2 and Windows"; rest recalled
notes: TLS 1.0 at most, AES and ECDHE
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 7 Vista", taken there from SSL Labs getClients
