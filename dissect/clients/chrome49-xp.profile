name: Chrome 49 on XP SP3
record_version: 0301
client_version: 0303
supported_versions: absent
cipher_suites: c02f,cca8,cc13,c014,c013,009c,0035,002f,000a
extensions: ff01,0000,0017,0023,000d,0005,3374,0012,0010,7550,000b,000a
groups: 0017,0018
signature_algorithms: 0601,0603,0501,0503,0401,0403,0301,0303,0201,0203
alpn: h2,spdy/3.1,http/1.1
session_id: 0
point_formats: 00
hello_bytes: 195
cert_sigs: rsa-sha1 rsa-sha256 rsa-sha384 rsa-sha512
cert_keys: rsa
san_needed: no
root_era: microsoft 2008-12-31
can_source: certificates are checked by the system, XP SP3: as winxp-ie8; recalled
notes: last Chrome for XP; own TLS stack, so better than the system
observed: yes
source: testssl/testssl.sh:etc/client-simulation.txt (9fdf8028) "Chrome 49 XP SP3", taken there from SSL Labs getClients
