name: Java 17.0.15 with SSLv2Hello, SSL 3.0, TLS 1.0
record_version: sslv2
client_version: 0301
supported_versions: absent
cipher_suites: 00c00a,0700c0,00c014,00c009,060040,00c013,000039,000038,000033,000032,00c005,00c00f,00c004,010080,00c00e,000035,00002f,00c008,00c012,000016,000013,00c003,020080,00c00d,00000a,0700c0,0000ff
extensions: none
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 124
notes: SSLv2-format hello: 3-byte cipher specs, challenge 16 bytes, no compression field, no extensions; the Java 6 style of hello from a live stack
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: openjdk-17, jdk.tls.disabledAlgorithms empty
