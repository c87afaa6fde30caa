name: Android 2.3.7
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 0004,0005,002f,0033,0032,000a,0016,0013,0009,0015,0012,0003,0008,0014,0011,00ff
extensions: none
groups: absent
signature_algorithms: absent
alpn: absent
session_id: 0
hello_bytes: 80
cert_keys: rsa
san_needed: no
root_era: android 2011-09-21
can_source: root list by the date of the release; recalled
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Android 2.3.7", taken there from SSL Labs getClients
