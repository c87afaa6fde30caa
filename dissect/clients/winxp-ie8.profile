name: Windows XP SP3, IE 8 (Schannel 5.1)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 0004,0005,000a,0009,0064,0062,0003,0006,0013,0012,0063
extensions: ff01
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 77
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512
cert_keys: rsa
san_needed: no
root_era: microsoft 2008-12-31
can_source: SHA-2 in chains from XP SP3 on: Microsoft KB938397 and KB968730; no ECC and the age of the root list: recalled
notes: TLS 1.0 at most; no AES, no ECC, no SNI
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 8 XP", taken there from SSL Labs getClients
