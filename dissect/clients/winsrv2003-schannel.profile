name: Windows Server 2003 / IIS 6 as client (WinHTTP, Schannel 5.2)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 0004,0005,000a,0009,0064,0062,0003,0006,0013,0012,0063
extensions: ff01
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
cert_sigs: rsa-md5 rsa-sha1
cert_keys: rsa
san_needed: no
root_era: microsoft 2008-12-31
can_source: no SHA-2 in chains without KB938397 or KB968730: those articles; rest recalled
notes: same Schannel generation as XP (TLS 1.0 at most, RC4/3DES/DES/export); AES suites only after hotfix KB948963 (from memory, unchecked). SHA-2 certificates need KB938397 or KB968730 (archived Microsoft PKI blog "SHA2 and Windows", 2010; DigiCert SO19176)
observed: inferred
source: inferred from winxp-ie8
