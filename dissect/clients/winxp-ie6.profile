name: Windows XP, IE 6 (Schannel, WinINet)
record_version: sslv2
client_version: 0300
supported_versions: absent
cipher_suites: 000004,000005,00000a,010080,0700c0,030080,000009,060040,000064,000062,000003,000006,020080,040080,000013,000012,000063,0000ff
extensions: none
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 81
cert_keys: rsa
san_needed: no
root_era: microsoft 2008-12-31
can_source: recalled. SHA-2 in chains only from SP3 on, and nothing tells the service pack: cert_sigs is not known
notes: SSLv2-format hello: 3-byte cipher specs, challenge 16 bytes, no compression field, no extensions; SSL 3.0 offered in an SSLv2-format hello; 40- and 56-bit export suites; 128-bit first
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "IE 6 XP", taken there from SSL Labs getClients
