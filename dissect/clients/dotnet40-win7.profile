name: .NET Framework 4.0-4.5 on Windows 7 (SslProtocols default SSL 3.0+TLS 1.0, through Schannel)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 002f,0035,0005,000a,c013,c014,c009,c00a,0032,0038,0013,0004
extensions: ff01,0000,0005,000a,000b
groups: 0017,0018
signature_algorithms: absent
alpn: absent
session_id: 0
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512 ecdsa-sha256 ecdsa-sha384 ecdsa-sha512
cert_keys: rsa ecdsa
san_needed: no
can_source: Microsoft, "SHA2 and Windows"; rest recalled
notes: Schannel hello at TLS 1.0; extension order of SslStream not seen
observed: inferred
source: inferred from win7-ie8
