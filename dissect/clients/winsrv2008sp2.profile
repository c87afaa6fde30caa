name: Windows Server 2008 SP2 (Schannel 6.0, WinHTTP/WinINet, as shipped)
record_version: 0301
client_version: 0301
supported_versions: absent
cipher_suites: 002f,0035,0005,000a,c009,c00a,c013,c014,0032,0038,0013,0004
extensions: 0000,0005,000a,000b,ff01
groups: 0017,0018,0019
signature_algorithms: absent
alpn: absent
session_id: 0
cert_keys: rsa ecdsa
san_needed: no
root_era: microsoft 2008-12-31
disputed: sha2-chain
can_source: sources conflict on SHA-2 in chains (yes by CNG; field reports of no before the SHA-2 updates of 2019), so cert_sigs is left out; rest recalled
notes: same Schannel 6.0 as Vista: TLS 1.0 at most, no signature_algorithms extension at all; TLS 1.1/1.2 only with KB4019276 and registry keys (not default; from memory). A server that cannot or will not sign for TLS 1.0 or without SHA-2 refuses it
observed: inferred
source: inferred from winvista-ie7
