name: Java 6u45
record_version: sslv2
client_version: 0301
supported_versions: absent
cipher_suites: 000004,010080,000005,00002f,000033,000032,00000a,0700c0,000016,000013,000009,060040,000015,000012,000003,020080,000008,000014,000011,0000ff
extensions: none
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 103
cert_sigs: rsa-md5 rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512
cert_keys: rsa
dh_max: 1024
san_needed: no
root_era: java 2013-04-16
can_source: JDK-7093640 for versions; DH limit and keys recalled
notes: SSLv2-format hello: 3-byte cipher specs, challenge 16 bytes, no compression field, no extensions; SSLv2Hello on by default; TLS 1.0
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Java 6u45", taken there from SSL Labs getClients
