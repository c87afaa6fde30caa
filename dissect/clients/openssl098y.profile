name: OpenSSL 0.9.8y
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 0039,0038,0035,0016,0013,000a,0033,0032,002f,0007,0005,0004,0015,0012,0009,0014,0011,0008,0006,0003,00ff
extensions: 0000,0023
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 120
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512
cert_keys: rsa
can_source: OpenSSL CHANGES: SHA-2 registered from 0.9.8o on; checks no names itself
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "OpenSSL 0.9.8y", taken there from SSL Labs getClients
