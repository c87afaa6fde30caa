name: gnutls-cli 3.7.9, TLS 1.0 only
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: c00a,c009,c014,c013,0035,002f,0039,0033
extensions: 0005,000a,000b,0016,0017,0023,ff01,0000,001c
groups: 0017,0018,0019,001d,001e,0100,0101,0102,0103,0104
signature_algorithms: absent
alpn: absent
session_id: 0
point_formats: 00
hello_bytes: 150
observed: yes
source: captured on loopback from the Debian 12 package, 2026-11-21: gnutls-bin
