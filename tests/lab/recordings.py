"""The recordings: what is started, what is broken, and the cause that must be found."""
from dataclasses import dataclass, field

from lab import OTHER, PROXY, SERVER, SERVER6
from stacks import (curl, exim, gnutls_cli, gnutls_serv, haproxy, java, java_server, keylog, nginx, node, node_server, path, play, python, relay,
                    replay, s_client, s_server, selfserv, squid, stunnel, tinyproxy, tstclnt, write)


@dataclass
class Recording:
    name: str
    cause: str
    side: str
    broken: str
    servers: list
    clients: list
    box: list = field(default_factory=list)      # nft rules of the box on the path
    before: list = field(default_factory=list)   # (namespace, command...)
    undo: list = field(default_factory=list)
    capture: dict = field(default_factory=dict)  # arguments of lab.Capture
    say: bytes = None                            # typed into the client
    pause: float = 0.7                           # before it
    seconds: float = 10                          # a client is ended after that
    after: float = 0
    late: float = None                           # capture starts that long after the client
    cut: int = 0                                 # bytes of the file kept (negative: dropped from its end)
    far: bool = False                            # 203.0.113.80 is 80 ms away
    pcapng: bool = False
    secrets: bool = False                        # a pcapng with the secrets that the clients wrote (SSLKEYLOGFILE)


SECLEVEL0 = ("-cipher", "DEFAULT@SECLEVEL=0")
GET = b"GET / HTTP/1.0\r\n\r\n"
TLS10, TLS12 = "NORMAL:-VERS-ALL:+VERS-TLS1.0", "NORMAL:-VERS-ALL:+VERS-TLS1.2"
HELLO = "@ih,0,8 0x16 @ih,40,8 0x01"   # a TLS record that starts a ClientHello

REDIRECT = "table ip lab { chain nat { type nat hook prerouting priority dstnat; ip saddr 192.0.2.11 tcp dport 443 dnat to 198.51.100.8:8443; } ; }"


def one(name, cause, side, broken, server, client, **more):
    """The usual shape: one server, one client. Both are called when the recording is made."""
    servers = server if isinstance(server, list) else [server]
    clients = client if isinstance(client, list) else [client]
    return Recording(name, cause, side, broken, [s for s in servers if s], clients, **more)


OK = [
    one("ok-tls13-curl-nginx", "ok", "none", "nothing", lambda: nginx(), lambda: curl()),
    one("ok-tls12-gnutls", "ok", "none", "nothing", lambda: gnutls_serv(), lambda: gnutls_cli(TLS12), say=GET, pcapng=True),
    one("ok-tls12-java-haproxy", "ok", "none", "nothing", lambda: haproxy("ec", "alpn h2,http/1.1"), lambda: java("protocols=TLSv1.2")),
    one("ok-tls10-nss", "ok", "none", "nothing", lambda: selfserv("www", "tls1.0:tls1.0"), lambda: tstclnt("tls1.0:tls1.0"), say=GET),
    one("ok-tls13-retry-ipv6", "ok", "none", "nothing; the server wants another group (HelloRetryRequest)", lambda: s_server("ec", "-groups", "P-384"),
        lambda: s_client("-groups", "X25519:P-384", host=SERVER6), say=GET),
    one("ok-tls12-resumed", "ok", "none", "nothing; five connections resume the first", lambda: s_server("www", "-tls1_2", "-no_ticket"),
        lambda: s_client("-tls1_2", "-reconnect"), say=GET),
    one("ok-client-certificate", "ok", "none", "nothing; client certificate accepted", lambda: s_server("www", "-Verify", "2", "-verify_return_error", "-CAfile", path("roots.pem")),
        lambda: curl("--tlsv1.2", "--tls-max", "1.2", "--cert", path("user.pem"), "--key", path("user.key"))),
    one("ok-smtp-starttls", "ok", "none", "nothing; STARTTLS in SMTP", lambda: exim(), lambda: s_client("-starttls", "smtp", port=25), say=b"QUIT\r\n"),
    one("ok-connect-tinyproxy", "ok", "none", "nothing; through an HTTP proxy", [lambda: node_server(), lambda: tinyproxy()],
        lambda: curl("-x", "http://%s:8080" % PROXY, "--connect-to", "www.lab.example:443:%s:443" % SERVER)),
    one("ok-stunnel-python", "ok", "none", "nothing; the service behind is down after the handshake", lambda: stunnel(), lambda: python(), capture={"dev": "any"}),
    one("ok-hello-in-many-records", "ok", "none", "nothing; the hello comes in records of 512 bytes", lambda: s_server("ec", "-tls1_2"),
        lambda: s_client("-tls1_2", "-max_send_frag", "512", "-alpn", ",".join(c * 200 for c in "abcd")), say=GET),
]

VERSION = [
    one("version-client-too-old", "protocol-version", "client", "client speaks TLS 1.0 only, server from TLS 1.2", lambda: nginx("www", "ssl_protocols TLSv1.2 TLSv1.3;"),
        lambda: s_client("-tls1", *SECLEVEL0)),
    one("version-client-too-old-gnutls", "protocol-version", "client", "client speaks TLS 1.0 only, server from TLS 1.2", lambda: gnutls_serv("NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"),
        lambda: gnutls_cli(TLS10)),
    one("version-client-12-only", "protocol-version", "client", "client stops at TLS 1.2, server wants 1.3", lambda: haproxy("www", "ssl-min-ver TLSv1.3"), lambda: curl("--tls-max", "1.2"), pcapng=True),
    one("version-client-13-only", "protocol-version", "server", "client wants TLS 1.3 only, server stops at 1.2", lambda: s_server("www", "-tls1_2"), lambda: node("{minVersion:'TLSv1.3'}")),
    one("version-server-10-only", "protocol-version", "server", "server speaks TLS 1.0 only, a TLS 1.2 client refuses its ServerHello", lambda: s_server("www", "-tls1", *SECLEVEL0),
        lambda: gnutls_cli(TLS12)),
    one("version-server-10-only-curl", "protocol-version", "server", "server speaks TLS 1.0 only, curl sends internal_error", lambda: gnutls_serv(TLS10), lambda: curl("--tls-max", "1.2")),
    one("version-client-11-12-server-10", "protocol-version", "server", "client set to TLS 1.1 and 1.2, server speaks TLS 1.0 at most", lambda: selfserv("www", "tls1.0:tls1.0"),
        lambda: s_client("-min_protocol", "TLSv1.1", "-max_protocol", "TLSv1.2", *SECLEVEL0)),
    one("version-winsrv2008sp2", "protocol-version", "client", "the hello of Windows Server 2008 SP2 (TLS 1.0) to a server from TLS 1.2", lambda: nginx("www", "ssl_protocols TLSv1.2 TLSv1.3;"),
        lambda: replay("winsrv2008sp2", "fin")),
    one("version-server-older-seen", "protocol-version", "server", "server speaks TLS 1.0 only; another client gets an answer with it", lambda: s_server("www", "-tls1", *SECLEVEL0),
        [lambda: node("{minVersion:'TLSv1.2'}"), lambda: s_client("-tls1", *SECLEVEL0)]),
    one("version-old-hello-internal-error", "protocol-version", "client", "a TLS 1.0 hello to OpenSSL 3, which says internal_error", lambda: s_server(), lambda: replay("winsrv2008sp2", "fin")),
    one("version-13-only-java", "protocol-version", "server", "client wants TLS 1.3 only, a Java server stops at 1.2", lambda: java_server("www", "protocols=TLSv1.2"), lambda: s_client("-tls1_3")),
    one("downgrade-scsv", "version-downgrade", "client", "client retries with TLS 1.2 and the fallback SCSV, server speaks 1.3", lambda: nginx(), lambda: s_client("-tls1_2", "-fallback_scsv")),
    one("downgrade-hidden-13", "version-downgrade", "path", "a box hides supported_versions; the client sees the DOWNGRD sentinel",
        [lambda: nginx(port=8443), lambda: relay("hide", "43")], lambda: python()),
    one("intolerant-of-13", "version-intolerance", "server", "resets hellos that offer TLS 1.3, answers TLS 1.2",
        [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("intolerant", "0303")], [lambda: java(), lambda: java("protocols=TLSv1.2")]),
]

CIPHER = [
    one("cipher-none-shared", "cipher-mismatch", "client", "client offers AES128 only, server AES256 only", lambda: nginx("www", "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES256-GCM-SHA384;"),
        lambda: python("c.maximum_version=ssl.TLSVersion.TLSv1_2;c.set_ciphers('ECDHE-RSA-AES128-GCM-SHA256')")),
    one("cipher-answered-with-others", "cipher-mismatch", "client", "the same, then a hello with more suites is answered", lambda: s_server("www", "-tls1_2", "-cipher", "ECDHE+CHACHA20"),
        [lambda: curl("--tls-max", "1.2", "--ciphers", "AES256-GCM-SHA384"), lambda: curl("--tls-max", "1.2")]),
    one("cipher-tls13-none-shared", "cipher-mismatch", "server", "TLS 1.3, one suite each", lambda: s_server("www", "-tls1_3", "-ciphersuites", "TLS_AES_256_GCM_SHA384"),
        lambda: s_client("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")),
    one("group-none-shared", "group-mismatch", "client", "TLS 1.3, client X25519 only, server P-384 only", lambda: nginx("www", "ssl_protocols TLSv1.3; ssl_ecdh_curve secp384r1;"),
        lambda: s_client("-tls1_3", "-groups", "X25519")),
    one("group-answered", "group-mismatch", "client", "the same; a hello with P-384 is answered", lambda: nginx("www", "ssl_protocols TLSv1.3; ssl_ecdh_curve secp384r1;"),
        [lambda: s_client("-tls1_3", "-groups", "X25519"), lambda: s_client("-tls1_3", "-groups", "P-384")]),
    one("group-dh-too-small", "group-mismatch", "server", "512-bit Diffie-Hellman from an old Java setting", lambda: java_server("www", "legacy=1", "protocols=TLSv1.2", "suites=TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
        jvm=("-Djdk.tls.ephemeralDHKeySize=legacy",)), lambda: s_client("-tls1_2", "-cipher", "DHE")),
    one("key-type-ecdsa-server", "cert-key-type", "client", "server has an ECDSA certificate, client offers RSA suites only", lambda: nginx("ec", "ssl_protocols TLSv1.2;"),
        lambda: s_client("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256")),
    one("key-type-answered", "cert-key-type", "client", "the same; a hello with ECDSA suites is answered", lambda: nginx("ec", "ssl_protocols TLSv1.2;"),
        [lambda: s_client("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"), lambda: s_client("-tls1_2")]),
    one("sigalgs-sha1-only", "signature-algorithms", "client", "client offers RSA with SHA-1 only", lambda: s_server("www", "-tls1_2"), lambda: s_client("-tls1_2", "-sigalgs", "RSA+SHA1", *SECLEVEL0)),
    one("sigalgs-tls13-no-pss", "signature-algorithms", "client", "TLS 1.3 client without RSA-PSS, RSA server", lambda: node_server(), lambda: s_client("-tls1_3", "-sigalgs", "RSA+SHA384:ECDSA+SHA256")),
    one("renegotiation-info-missing", "legacy-renegotiation", "server", "server without renegotiation_info, OpenSSL 3 refuses", lambda: gnutls_serv(TLS12 + ":%DISABLE_SAFE_RENEGOTIATION"),
        lambda: s_client("-tls1_2")),
]

TRUST = [
    one("expired-openssl", "cert-expired", "server", "leaf expired", lambda: nginx("expired", "ssl_protocols TLSv1.2;"), lambda: s_client()),
    one("expired-gnutls", "cert-expired", "server", "leaf expired; GnuTLS says bad_certificate", lambda: s_server("expired", "-tls1_2"), lambda: gnutls_cli()),
    one("expired-nss", "cert-expired", "server", "leaf expired; NSS", lambda: s_server("expired", "-tls1_2"), lambda: tstclnt("tls1.2:tls1.2"), say=GET),
    one("not-yet-valid", "cert-not-yet-valid", "server", "valid in twenty days", lambda: gnutls_serv(TLS12, "notyet"), lambda: curl()),
    one("other-name-openssl", "cert-name", "server", "certificate for other names", lambda: haproxy("othername", "ssl-max-ver TLSv1.2"), lambda: s_client()),
    one("other-name-java", "cert-name", "server", "certificate for other names; Java", lambda: s_server("othername", "-tls1_2"), lambda: java(), pcapng=True),
    one("other-name-curl-after", "cert-name", "server", "certificate for other names; curl looks after the handshake", lambda: nginx("othername", "ssl_protocols TLSv1.2;"), lambda: curl()),
    one("self-signed", "cert-self-signed", "server", "self-signed leaf", lambda: stunnel("selfsigned", "sslVersionMax = TLSv1.2"), lambda: python()),
    one("unknown-root", "cert-untrusted-root", "server", "chain to a root nobody trusts", lambda: nginx("stranger", "ssl_protocols TLSv1.2;"), lambda: curl()),
    one("missing-intermediate", "cert-missing-intermediate", "server", "intermediate not sent", lambda: s_server("nointer", "-tls1_2"), lambda: curl()),
    one("missing-intermediate-node", "cert-missing-intermediate", "server", "intermediate not sent; Node closes after the handshake", lambda: nginx("nointer", "ssl_protocols TLSv1.2;"), lambda: node()),
    one("usage-client-only", "cert-usage", "server", "extended key usage allows clientAuth only", lambda: s_server("clientonly", "-tls1_2"), lambda: s_client()),
    one("usage-code-signing-java", "cert-usage", "server", "extended key usage allows codeSigning only", lambda: gnutls_serv(TLS12, "codesign"), lambda: java()),
    one("weak-key", "cert-weak-key", "server", "1024-bit RSA leaf", lambda: gnutls_serv(TLS12, "weak"), lambda: python(), capture={"dev": "any", "linktype": "LINUX_SLL"}),
    one("issued-by-a-leaf", "cert-constraint", "server", "issuer is no CA", lambda: s_server("byleaf", "-tls1_2"), lambda: curl()),
    one("path-length", "cert-constraint", "server", "CA below a CA with pathlen 0", lambda: nginx("deep", "ssl_protocols TLSv1.2;"), lambda: python()),
    one("sha1-leaf", "sha1-refused", "server", "leaf signed with SHA-1", lambda: gnutls_serv(TLS12, "sha1"), lambda: s_client()),
    one("sha1-leaf-gnutls", "sha1-refused", "server", "leaf signed with SHA-1; GnuTLS", lambda: s_server("sha1", "-tls1_2", *SECLEVEL0), lambda: gnutls_cli()),
    one("revoked-stapled", "cert-revoked", "server", "the stapled OCSP answer says revoked", lambda: s_server("revoked", "-tls1_2", "-status_file", path("revoked.ocsp")), lambda: gnutls_cli()),
    one("revoked-crl", "cert-revoked", "server", "on the client's revocation list", lambda: nginx("revoked", "ssl_protocols TLSv1.2;"), lambda: s_client("-crl_check", "-CRL", path("inter.crl"))),
    one("staple-demanded", "cert-status", "server", "certificate demands a stapled answer, none sent", lambda: s_server("muststaple", "-tls1_2"), lambda: gnutls_cli()),
    one("bad-signature", "cert-malformed", "server", "one bit of the leaf's signature is wrong", lambda: gnutls_serv(TLS12, "badsig"), lambda: curl()),
    one("rejected-by-pin", "cert-rejected", "client", "sound chain, the client's own check refuses", lambda: s_server("www", "-tls1_2"), lambda: java("reject=1")),
    one("rejected-after-handshake", "cert-rejected", "client", "sound chain, curl's pin fails after the handshake", lambda: nginx("www", "ssl_protocols TLSv1.2;"),
        lambda: curl("--pinnedpubkey", "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
    one("winsrv2008sp2-sha256-chain", "sha2-unsupported", "client", "the hello of Windows Server 2008 SP2, closes after a chain signed with SHA-256",
        lambda: s_server("www", "-min_protocol", "TLSv1", *SECLEVEL0), lambda: replay("winsrv2008sp2", "fin")),
    one("winxp-sha256-chain-reset", "sha2-unsupported", "client", "the hello of Windows XP, resets after a chain signed with SHA-256",
        lambda: java_server("www", "legacy=1", "protocols=TLSv1", "suites=SSL_RSA_WITH_3DES_EDE_CBC_SHA"), lambda: replay("winxp-ie8", "rst")),
    one("expired-tls13", "cert-expired", "server", "leaf expired, TLS 1.3: the chain is encrypted", lambda: s_server("expired"), lambda: curl()),
    one("unknown-root-tls13", "cert-untrusted-root", "server", "chain to a root nobody trusts, TLS 1.3", lambda: nginx("stranger"), lambda: curl()),
    one("usage-client-only-tls13", "cert-usage", "server", "extended key usage allows clientAuth only, TLS 1.3", lambda: haproxy("clientonly"), lambda: s_client()),
]

CLIENT_AUTH = [
    one("client-cert-missing", "client-cert-missing", "client", "server demands a client certificate, none sent",
        lambda: s_server("www", "-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", path("roots.pem")), lambda: curl()),
    one("client-cert-missing-gnutls", "client-cert-missing", "client", "the same, GnuTLS server", lambda: gnutls_serv(TLS12, "www", "--require-client-cert", "--x509cafile", path("roots.pem")),
        lambda: java("protocols=TLSv1.2")),
    one("client-cert-missing-tls13", "client-cert-missing", "client", "the same, TLS 1.3", lambda: node_server("www", "{requestCert:true,rejectUnauthorized:true}"), lambda: s_client("-tls1_3"), say=GET),
    one("client-cert-unknown-ca-tls13", "client-cert-rejected", "client", "client certificate of a CA the server does not know, TLS 1.3",
        lambda: node_server("www", "{requestCert:true,rejectUnauthorized:true}"), lambda: curl("--cert", path("user-stranger.pem"), "--key", path("user-stranger.key"))),
    one("client-cert-expired", "client-cert-rejected", "client", "client certificate expired", lambda: s_server("www", "-tls1_2", "-Verify", "2", "-verify_return_error", "-CAfile", path("roots.pem")),
        lambda: curl("--cert", path("user-expired.pem"), "--key", path("user-expired.key"))),
    one("client-cert-unknown-ca", "client-cert-rejected", "client", "client certificate of a CA the server does not know",
        lambda: java_server("www", "need=1", "protocols=TLSv1.2"), lambda: s_client("-cert", path("user-stranger.crt"), "-key", path("user-stranger.key"), "-cert_chain", path("user-stranger.chain"))),
]

NAME = [
    one("name-unknown-nginx", "sni-unrecognized", "client", "nginx with ssl_reject_handshake", lambda: nginx("www", "ssl_reject_handshake on;"), lambda: curl("--tls-max", "1.2")),
    one("name-unknown-gnutls", "sni-unrecognized", "client", "server knows another name only", lambda: gnutls_serv(TLS12, "www", "--sni-hostname", "other.lab.example", "--sni-hostname-fatal"), lambda: python()),
    one("name-none-sent", "sni-unrecognized", "client", "no name sent to a server that needs one", lambda: nginx("www", "ssl_reject_handshake on;"), lambda: s_client(servername=False)),
    one("name-warned-java", "sni-unrecognized", "client", "the server warns that it does not know the name and goes on; Java",
        lambda: s_server("www", "-tls1_2", "-servername", "other.lab.example", "-cert2", path("othername.crt"), "-key2", path("othername.key")), lambda: java()),
    one("name-missing-reset", "sni-unrecognized", "client", "no name sent: reset; with the name it is answered", [lambda: nginx(port=8443), lambda: relay("only", "www.lab.example")],
        [lambda: s_client(servername=False), lambda: s_client()]),
    one("alpn-http11-h2", "alpn-mismatch", "client", "client offers http/1.1, server h2 only", lambda: java_server("www", "alpn=h2", "protocols=TLSv1.2"), lambda: python("c.set_alpn_protocols(['http/1.1'])")),
    one("alpn-tls13", "alpn-mismatch", "client", "client offers h2, server imap only; TLS 1.3", lambda: s_server("www", "-alpn", "imap"), lambda: node("{ALPNProtocols:['h2']}")),
]

SERVICE = [
    one("plain-http-on-443", "not-tls", "server", "a web server without TLS", lambda: (["/usr/bin/python3", "-m", "http.server", "443"], 443, "Python 3.11 http.server"), lambda: curl()),
    one("tls-into-smtp", "not-tls", "server", "TLS sent to a plain SMTP port", lambda: exim(), lambda: gnutls_cli(port=25)),
    one("http-to-tls-port", "not-tls", "client", "plain HTTP sent to a TLS port", lambda: nginx(), lambda: curl(scheme="http", port=443)),
    one("http-to-tls-port-alert", "not-tls", "client", "plain HTTP sent to a TLS port; GnuTLS answers with an alert", lambda: gnutls_serv(), lambda: curl(scheme="http", port=443)),
    one("starttls-not-offered", "starttls-refused", "server", "mail server has no STARTTLS", lambda: exim(cert=None), lambda: curl("--ssl-reqd", "--mail-from", "a@lab.example", "--mail-rcpt", "b@lab.example", "-T", "/dev/null", scheme="smtp", port=25)),
    one("starttls-454", "starttls-refused", "server", "STARTTLS answered with 454", lambda: play("smtp", "220 mail.lab.example ESMTP\\r\\n", "250-mail.lab.example\\r\\n250 STARTTLS\\r\\n", "454 4.7.0 TLS not available due to local problem\\r\\n", "221 bye\\r\\n", port=25),
        lambda: curl("--ssl-reqd", "--mail-from", "a@lab.example", "--mail-rcpt", "b@lab.example", "-T", "/dev/null", scheme="smtp", port=25)),
    one("no-certificate-nginx", "server-no-certificate", "server", "certificate file is missing: internal_error to every hello",
        lambda: nginx("www", "ssl_certificate /nonexistent/$ssl_server_name.pem; ssl_certificate_key /nonexistent/$ssl_server_name.key;"), lambda: python()),
    one("hangs-up-on-hello", "server-no-certificate", "server", "the hello is answered by a close", lambda: play("close"), lambda: curl()),
    one("no-certificate-resets", "server-no-certificate", "server", "every hello is reset, as by HTTP.SYS without a binding", lambda: play("reset"),
        [lambda: curl(), lambda: gnutls_cli(TLS12), lambda: replay("win7-ie11", "fin")]),
    one("wrong-private-key", "key-mismatch", "server", "the server signs with another certificate's key", lambda: java_server("www", "signwith=" + path("othername-java.p12"), "protocols=TLSv1.2"), lambda: curl()),
]

PROTOCOL = [
    one("record-split-closed", "record-split", "server", "server closes on the 1/n-1 record split of NSS", [lambda: s_server("www", "-tls1", *SECLEVEL0, port=8443), lambda: relay("nosplit")],
        lambda: tstclnt("tls1.0:tls1.0"), say=GET),
    one("split-hello-closed", "record-split", "server", "server closes on a hello split over records, answers a whole one", [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("whole")],
        [lambda: s_client("-tls1_2", "-max_send_frag", "512", "-alpn", ",".join(c * 200 for c in "abc")), lambda: s_client("-tls1_2")]),
    one("cut-after-keys", "protocol-error", "server", "the connection is closed on the client's key exchange", [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("cut")], lambda: s_client("-tls1_2")),
    one("bad-mac", "protocol-error", "client", "one bit of the client's Finished is turned", [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("flip")], lambda: s_client("-tls1_2")),
    one("abandoned-midway", "abandoned", "client", "the server is slow, the client's time is up in the middle of its flight", [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("slow", "3")], lambda: curl("-m", "1")),
    one("abandoned-hello", "abandoned", "client", "client closes right after its hello, before a round trip", lambda: nginx(), lambda: replay("win7-ie11", "cancel", host="203.0.113.80"), far=True, capture={"dev": "tun0"}, after=0.5),
]

PROXY_CASES = [
    one("proxy-407-tinyproxy", "proxy-auth", "proxy", "proxy wants a login", lambda: tinyproxy("BasicAuth lab secret"), lambda: curl("-x", "http://%s:8080" % PROXY)),
    one("proxy-407-negotiate", "proxy-auth", "proxy", "proxy wants Negotiate or NTLM", lambda: play("answer", "HTTP/1.1 407 Proxy Authentication Required\\r\\nProxy-Authenticate: Negotiate\\r\\nProxy-Authenticate: NTLM\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n", port=8080),
        lambda: curl("-x", "http://%s:8080" % PROXY)),
    one("proxy-403-squid", "proxy-denied", "proxy", "squid refuses the destination", lambda: squid("http_access deny all"), lambda: curl("-x", "http://%s:8080" % PROXY)),
    one("proxy-503-squid", "proxy-upstream", "proxy", "nothing listens behind the proxy", lambda: squid(), lambda: curl("-x", "http://%s:8080" % PROXY, "--connect-to", "www.lab.example:443:%s:444" % SERVER)),
    one("intercepted-on-the-way", "interception", "proxy", "a box redirects one of two clients to a server with a certificate of another authority",
        [lambda: nginx("www", "ssl_protocols TLSv1.2;"), lambda: s_server("stranger", "-tls1_2", port=8443)],
        [lambda: curl("--interface", "192.0.2.10"), lambda: curl("--interface", "192.0.2.11")], box=[REDIRECT]),
    one("tunnel-closed", "proxy-upstream", "proxy", "the proxy opens the tunnel and closes on the hello", lambda: play("tunnel", port=8080), lambda: curl("-x", "http://%s:8080" % PROXY)),
    one("tunnel-plain-answer", "proxy-upstream", "proxy", "the proxy opens the tunnel and answers the hello in plain HTTP",
        lambda: play("tunnel", "HTTP/1.1 502 Bad Gateway\\r\\nVia: 1.1 proxy.lab.example\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n", port=8080), lambda: curl("-x", "http://%s:8080" % PROXY)),
    one("proxy-silent", "proxy-upstream", "proxy", "the proxy does not answer CONNECT", lambda: play("hang", port=8080), lambda: curl("-m", "3", "-x", "http://%s:8080" % PROXY)),
    one("intercepted", "interception", "proxy", "squid answers with a certificate of its own CA", [lambda: nginx(), lambda: squid(bump="proxy-ca")],
        lambda: curl("-x", "http://%s:8080" % PROXY, "--connect-to", "www.lab.example:443:%s:443" % SERVER, "--tls-max", "1.2")),
    one("intercepted-and-direct", "interception", "proxy", "the same server seen direct, then through the inspecting proxy", [lambda: nginx(), lambda: squid(bump="proxy-ca")],
        [lambda: curl("--tls-max", "1.2"), lambda: curl("-x", "http://%s:8080" % PROXY, "--tls-max", "1.2", "--connect-to", "www.lab.example:443:%s:443" % SERVER)]),
    one("rootlist-407", "trust-list", "proxy", "authrootstl.cab answered 407, then the chain is dropped", [lambda: play("authroot", "407 Proxy Authentication Required\\r\\nProxy-Authenticate: Negotiate", port=8080), lambda: nginx("stranger", "ssl_protocols TLSv1.2;")],
        [lambda: curl("-A", "Microsoft-CryptoAPI/6.1", "-x", "http://%s:8080" % PROXY, scheme="http", port=80, name="ctldl.windowsupdate.com/msdownload/update/v3/static/trustedr/en/authrootstl.cab#"), lambda: replay("win7-ie11", "fin")]),
]

PATH = [
    one("nothing-listens", "tcp-refused", "server", "no listener: RST to SYN", None, lambda: curl()),
    one("nothing-listens-ipv6", "tcp-refused", "server", "no listener, IPv6", None, lambda: python(host=SERVER6), pcapng=True),
    one("prohibited-icmp", "tcp-refused", "server", "a box answers ICMP administratively prohibited", None, lambda: python(), box=["tcp dport 443 reject with icmpx type admin-prohibited"]),
    one("syn-unanswered", "tcp-timeout", "path", "SYNs are dropped", None, lambda: curl("-m", "4"), box=["tcp dport 443 drop"]),
    one("reset-on-hello", "tcp-reset", "path", "a box resets on the hello", lambda: nginx(), lambda: python(), box=["tcp dport 443 %s reject with tcp reset" % HELLO]),
    one("hello-swallowed", "silent-drop", "path", "the hello is dropped on the path", lambda: nginx(), lambda: python(timeout=3), box=["tcp dport 443 %s drop" % HELLO]),
    one("server-says-nothing", "silent-drop", "server", "server acknowledges the hello and stays silent", lambda: play("hang"), lambda: gnutls_cli(), seconds=4),
    one("server-flight-lost", "silent-drop", "path", "large segments of the server are lost on the path", lambda: nginx("www", "ssl_protocols TLSv1.2;"), lambda: curl("-m", "4"),
        box=["meta length > 1000 ip saddr 198.51.100.80 drop"]),
    one("large-hello-lost", "hello-size", "path", "segments over 1000 bytes are lost, a small hello is answered", lambda: nginx(),
        [lambda: s_client("-alpn", ",".join(c * 200 for c in "abcdefg")), lambda: s_client()], box=["meta length > 1000 ip saddr 192.0.2.10 drop"], seconds=3),
]

CAPTURE = [
    one("half-client-only", "capture-incomplete", "-", "only the client's direction was captured", lambda: nginx("www", "ssl_protocols TLSv1.2;"), lambda: s_client("-tls1_2"), capture={"expr": "src host 192.0.2.10"}),
    one("half-server-only", "capture-incomplete", "-", "only the server's direction was captured", lambda: nginx("www", "ssl_protocols TLSv1.2;"), lambda: s_client("-tls1_2"), capture={"expr": "src host 198.51.100.80"}),
    one("snaplen-96", "capture-incomplete", "-", "96 bytes of each packet", lambda: nginx("expired", "ssl_protocols TLSv1.2;"), lambda: s_client("-tls1_2"), capture={"snaplen": 96}),
    one("file-cut-short", "capture-incomplete", "-", "the file ends inside the server's flight", lambda: nginx("expired", "ssl_protocols TLSv1.2;"), lambda: s_client("-tls1_2"), cut=1500),
    one("started-late", "capture-incomplete", "-", "capture starts after the handshake", lambda: gnutls_serv(), lambda: s_client("-tls1_2"), late=1, say=GET, pause=0.5),
]

SECRETS = [
    one("keys-ok-tls13", "ok", "none", "nothing; TLS 1.3 with its secrets", lambda: nginx(), lambda: curl(), secrets=True),
    one("keys-revoked-tls13", "cert-revoked", "server", "the stapled OCSP answer says revoked; HelloRetryRequest, TLS 1.3 with its secrets",
        lambda: s_server("revoked", "-groups", "P-384", "-status_file", path("revoked.ocsp")), lambda: gnutls_cli(), secrets=True),
    one("keys-expired-tls13", "cert-expired", "server", "server certificate expired, TLS 1.3 with its secrets", lambda: nginx("expired"), lambda: curl(), secrets=True),
    one("keys-unknown-root-tls13", "cert-untrusted-root", "client,server", "chain of a CA the client does not have, TLS 1.3 with its secrets", lambda: s_server("stranger"), lambda: gnutls_cli(), secrets=True),
    one("keys-wrong-name-tls13", "cert-name", "server", "certificate for another name, TLS 1.3 with its secrets", lambda: gnutls_serv("NORMAL", "othername"), lambda: python(), secrets=True),
    one("keys-client-cert-missing-tls13", "client-cert-missing", "client", "server demands a client certificate, none sent, TLS 1.3 with its secrets",
        lambda: s_server("www", "-Verify", "2", "-verify_return_error", "-CAfile", path("roots.pem")), lambda: curl(), secrets=True),
    one("keys-client-cert-rejected-tls13", "client-cert-rejected", "client", "client certificate of a CA the server does not know, TLS 1.3 with its secrets",
        lambda: s_server("www", "-Verify", "2", "-verify_return_error", "-CAfile", path("roots.pem")), lambda: curl("--cert", path("user-stranger.pem"), "--key", path("user-stranger.key")), secrets=True),
    one("keys-ok-tls12-gcm", "ok", "none", "nothing; TLS 1.2 with AES-GCM, with its secrets", lambda: nginx("ec", "ssl_protocols TLSv1.2;"), lambda: curl(), secrets=True),
    one("keys-ok-tls12-cbc", "ok", "none", "nothing; TLS 1.2 with CBC, encrypt-then-MAC, with its secrets", lambda: gnutls_serv(TLS12 + ":-CIPHER-ALL:+AES-128-CBC"), lambda: gnutls_cli(TLS12), say=GET, secrets=True),
    one("keys-ok-tls10", "ok", "none", "nothing; TLS 1.0 with CBC, with its secrets", lambda: s_server("www", "-tls1", *SECLEVEL0), lambda: gnutls_cli(TLS10 + ":%NO_ETM"), say=GET, secrets=True),
    one("keys-ok-tls12-chacha", "ok", "none", "nothing; TLS 1.2 with ChaCha20-Poly1305, with its secrets", lambda: nginx("ec", "ssl_protocols TLSv1.2; ssl_ciphers ECDHE+CHACHA20;"), lambda: curl(), secrets=True),
    one("keys-renegotiation", "ok", "none", "nothing; TLS 1.2 negotiated twice, with its secrets", lambda: s_server("ec", "-tls1_2", "-client_renegotiation"),
        lambda: s_client("-tls1_2", "-keylogfile", keylog()), say=b"R\n", secrets=True),
    one("keys-early-data", "ok", "none", "nothing; a session resumed with early data, with its secrets", lambda: gnutls_serv("NORMAL", "ec", "--earlydata"),
        lambda: gnutls_cli("NORMAL", "-r", "--waitresumption", "--earlydata=" + write("early.txt", "GET / HTTP/1.0\r\n\r\n")), say=GET, secrets=True),
    one("keys-bad-finished-tls12", "protocol-error", "client", "one bit of the client's Finished is turned; TLS 1.2 with its secrets", [lambda: s_server("www", "-tls1_2", port=8443), lambda: relay("flip")],
        lambda: gnutls_cli(TLS12), secrets=True),
]

DTLS12 = "NORMAL:-VERS-ALL:+VERS-DTLS1.2"

DATAGRAMS = [
    one("ok-dtls12", "ok", "none", "nothing; DTLS 1.2", lambda: gnutls_serv("NORMAL", "www", "--udp", "--echo", "--noticket"),
        lambda: s_client("-dtls1_2"), say=b"hello\n"),
    one("dtls-unknown-root", "cert-untrusted-root", "server", "DTLS 1.2: the root is not in the client's list", lambda: gnutls_serv("NORMAL", "stranger", "--udp", "--echo"),
        lambda: s_client("-dtls1_2")),
    one("dtls-refused-silently", "silent-drop", "server", "DTLS 1.2: no cipher suite in common, and the server says nothing", lambda: gnutls_serv("NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", "www", "--udp", "--echo"),
        lambda: s_client("-dtls1_2", "-cipher", "AES128-SHA:AES256-SHA")),
    one("dtls-nothing-listens", "tcp-refused", "server", "DTLS 1.2: nothing listens there (ICMP port unreachable)", None, lambda: s_client("-dtls1_2"), seconds=4),
    one("dtls-no-answer", "silent-drop", "path", "DTLS 1.2: all answers are dropped on the way", lambda: gnutls_serv("NORMAL", "www", "--udp", "--echo"),
        lambda: s_client("-dtls1_2"), box=["ip saddr 198.51.100.80 udp sport 443 drop"], seconds=8),
]

RECORDINGS = OK + VERSION + CIPHER + TRUST + CLIENT_AUTH + NAME + SERVICE + PROTOCOL + PROXY_CASES + PATH + CAPTURE + SECRETS + DATAGRAMS
