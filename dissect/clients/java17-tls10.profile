name: Java 17.0.15 limited to TLS 1.0
record_version: 0301
client_version: 0301
supported_versions: 0301
cipher_suites: c00a,c014,c009,c013,0039,0038,0033,0032,c005,c00f,c004,c00e,0035,002f,c008,c012,0016,0013,c003,c00d,000a,00ff
extensions: 0000,0005,000a,000b,0011,0017,0023,002b
groups: 001d,0017,0018,0019,001e,0100,0101,0102,0103,0104
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 183
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: openjdk-17, jdk.tls.disabledAlgorithms empty
