/* serve_cases.c - the lab's cases: a row each, in the order of a listing. */
#include "serving.h"

#include "tlswhy/keys.h"
#include "tlswhy/names.h"

#include <string.h>

/* ------------------------------------------------------------------------------------ whom a case refuses */

static bool newer_than_10(const struct client_hello *c, size_t records) { return (void)records, version_rank(c->max_version) > version_rank(0x0301); }
static bool offers_13(const struct client_hello *c, size_t records) { return (void)records, offers_version(c, 0x0304); }
static bool lacks_13(const struct client_hello *c, size_t records) { return !offers_13(c, records); }
static bool without_name(const struct client_hello *c, size_t records) { return (void)records, c->sni.p == NULL; }
static bool in_records(const struct client_hello *c, size_t records) { return (void)c, records > 1; }
static bool lacks_sha1(const struct client_hello *c, size_t records) { return (void)records, !offers_sigalg(c, 0x0203); }

static bool any_other_name(const struct client_hello *c, size_t records)
{
    static const char only[] = "only.lab.example";
    (void)records;
    return c->sni.p != NULL && (c->sni.n != sizeof only - 1 || memcmp(c->sni.p, only, c->sni.n) != 0);
}

static bool takes_two_packets(const struct client_hello *c, size_t records)
{
    enum { ONE_PACKET = 1400 };
    (void)records;
    return c->raw.n > ONE_PACKET;
}

/* ------------------------------------------------------------------------------------ what they send */

#define PLAY(...) &(const struct serve_play){ __VA_ARGS__ }
#define WEB(kind) PLAY(.act = ACT_TLS, .chain = (kind))
#define ECDHE_ECDSA { 0xc02b, 0xc02c, 0xcca9, 0xc009, 0xc00a }
#define SUITES_13 { 0x1301, 0x1302, 0x1303 }
#define FLIGHT_12(marks) { .version = 0x0303, .suites = ECDHE_ECDSA, .group = GROUP_SECP256R1, .sigalg = 0x0403, .flags = (marks) }
#define FLIGHT_13(which, marks) { .version = 0x0304, .suites = SUITES_13, .group = (which), .sigalg = 0x0403, .flags = (marks) }
#define OLD_RSA { 0x0005, 0x0004, 0x000a, 0x002f, 0x0035 }

static const struct serve_case cases[] = {
    { "healthy", "nothing: ECDSA certificate, TLS 1.2, answers HTTP", "ok", "", NULL, WEB(CHAIN_SOUND) },
    { "healthy-rsa", "nothing: RSA certificate, answers HTTP", "ok", "", NULL, WEB(CHAIN_RSA) },
    { "healthy-tls13", "nothing: TLS 1.3 only, as far as the server's Finished", "ok", "", NULL,
      PLAY(.act = ACT_FLIGHT, .alert = ALERT_PROTOCOL_VERSION, .flight = FLIGHT_13(0, 0)) },
    { "hello-retry", "nothing: asks for a P-384 share first (HelloRetryRequest)", "ok", "", NULL,
      PLAY(.act = ACT_FLIGHT, .alert = ALERT_PROTOCOL_VERSION, .flight = FLIGHT_13(GROUP_SECP384R1, FLIGHT_RETRY)) },

    { "iis6", "speaks TLS 1.0 at most and ignores supported_versions, as IIS 6 does", "protocol-version", "", NULL,
      PLAY(.act = ACT_FLIGHT, .refusal = ACT_RESET, .chain = CHAIN_RSA, .flight = { .version = 0x0301, .suites = OLD_RSA, .flags = FLIGHT_NO_RENEGO }) },
    { "tls10", "a whole TLS 1.0 server", "protocol-version", "", NULL,
      PLAY(.act = ACT_TLS, .chain = CHAIN_RSA, .tls = { .low = 0x0301, .high = 0x0301 }) },
    { "tls11", "a whole TLS 1.1 server", "protocol-version", "", NULL,
      PLAY(.act = ACT_TLS, .chain = CHAIN_RSA, .tls = { .low = 0x0302, .high = 0x0302 }) },
    { "tls13-only", "refuses everything older than TLS 1.3 with alert 70", "protocol-version", "--tls 1.2", NULL,
      PLAY(.act = ACT_FLIGHT, .refuses = lacks_13, .alert = ALERT_PROTOCOL_VERSION, .flight = FLIGHT_13(0, 0)) },
    { "alert70", "speaks TLS 1.0 and refuses every hello that offers more with alert 70", "protocol-version", "", NULL,
      PLAY(.act = ACT_FLIGHT, .refuses = newer_than_10, .alert = ALERT_PROTOCOL_VERSION, .chain = CHAIN_RSA, .flight = { .version = 0x0301, .suites = OLD_RSA }) },
    { "intolerant-close", "speaks TLS 1.2 and closes on a hello that offers 1.3 as well", "version-intolerance", "", NULL,
      PLAY(.act = ACT_TLS, .refuses = offers_13, .refusal = ACT_CLOSE) },
    { "intolerant-reset", "speaks TLS 1.2 and resets on a hello that offers 1.3 as well", "version-intolerance", "", NULL,
      PLAY(.act = ACT_TLS, .refuses = offers_13, .refusal = ACT_RESET) },
    { "intolerant-alert", "speaks TLS 1.2 and refuses a hello that offers 1.3 as well with alert 40", "version-intolerance", "", NULL,
      PLAY(.act = ACT_TLS, .refuses = offers_13) },
    { "downgrade", "its random says that it speaks TLS 1.3, and it agrees on 1.2", "version-downgrade", "", NULL,
      PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_MARK)) },

    { "rc4-only", "takes RC4 suites only", "cipher-mismatch", "", NULL,
      PLAY(.act = ACT_FLIGHT, .chain = CHAIN_RSA, .flight = { .version = 0x0303, .suites = { 0x0005, 0x0004 } }) },
    { "p521-only", "takes P-521 for the key exchange only", "group-mismatch", "--groups x25519,secp256r1", NULL,
      PLAY(.act = ACT_FLIGHT, .flight = { .version = 0x0303, .suites = ECDHE_ECDSA, .group = GROUP_SECP521R1, .sigalg = 0x0403 }) },
    { "hybrid-only", "takes X25519MLKEM768 only", "group-mismatch", "--groups x25519,secp256r1", NULL,
      PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_13(GROUP_X25519MLKEM768, 0)) },
    { "ecdsa-only", "has an ECDSA certificate; the client asked for speaks RSA only", "cert-key-type", "--tls 1.2 --ciphers c02f,c030,009c,002f --sigalgs 0401,0804",
      NULL, WEB(CHAIN_SOUND) },
    { "rsa-only", "has an RSA certificate; the client asked for speaks ECDSA only", "cert-key-type", "--tls 1.2 --ciphers c02b,c02c,cca9 --sigalgs 0403", NULL,
      WEB(CHAIN_RSA) },
    { "sha1-signature", "can sign its key exchange with SHA-1 only", "signature-algorithms", "--tls 1.2 --sigalgs 0403,0401,0804", NULL,
      PLAY(.act = ACT_FLIGHT, .refuses = lacks_sha1, .flight = { .version = 0x0303, .suites = ECDHE_ECDSA, .group = GROUP_SECP256R1, .sigalg = 0x0203 }) },
    { "sha2-chain", "nothing, but the client asked for cannot verify SHA-2", "sha2-unsupported", "--as winsrv2003-schannel", NULL,
      PLAY(.act = ACT_FLIGHT, .refusal = ACT_RESET, .chain = CHAIN_RSA, .flight = { .version = 0x0301, .suites = OLD_RSA }) },

    { "expired", "certificate expired a month ago", "cert-expired", "", NULL, WEB(CHAIN_EXPIRED) },
    { "not-yet-valid", "certificate is valid in a month", "cert-not-yet-valid", "", NULL, WEB(CHAIN_EARLY) },
    { "wrong-name", "certificate is for other.example", "cert-name", "", NULL, WEB(CHAIN_OTHER_NAME) },
    { "no-san", "certificate has its name in the subject only", "cert-name", "", NULL, WEB(CHAIN_NAMELESS) },
    { "self-signed", "certificate signed itself", "cert-self-signed", "", NULL, WEB(CHAIN_SELF_SIGNED) },
    { "untrusted-root", "certificate of a root that nobody trusts, which is sent too", "cert-untrusted-root", "", NULL, WEB(CHAIN_STRANGE_ROOT) },
    { "missing-intermediate", "leaves the intermediate certificate out", "cert-missing-intermediate", "", NULL, WEB(CHAIN_ALONE) },
    { "wrong-usage", "certificate is for clients only", "cert-usage", "", NULL, WEB(CHAIN_CLIENT_USAGE) },
    { "not-a-ca", "certificate was issued by another server's, which is no CA", "cert-constraint", "", NULL, WEB(CHAIN_BY_LEAF) },
    { "unknown-critical", "certificate has a critical extension that nobody knows", "cert-constraint", "", NULL, WEB(CHAIN_CRITICAL) },
    { "weak-key", "certificate has an RSA key of 1024 bits", "cert-weak-key", "", NULL, WEB(CHAIN_WEAK_KEY) },
    { "sha1-chain", "certificate is signed with SHA-1", "sha1-refused", "", NULL, WEB(CHAIN_SHA1) },
    { "md5-chain", "certificate is signed with MD5", "sha1-refused", "", NULL, WEB(CHAIN_MD5) },
    { "bad-signature", "the signature on the certificate is wrong", "cert-malformed", "", NULL, WEB(CHAIN_BAD_SIGNATURE) },
    { "malformed", "the certificate's last bytes are missing", "cert-malformed", "", NULL, WEB(CHAIN_TORN) },
    { "must-staple", "certificate demands a stapled status and none is sent", "cert-status", "", NULL, WEB(CHAIN_STAPLE_WANTED) },
    { "revoked", "stapled status says that the certificate was revoked", "cert-revoked", "", NULL,
      PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_REVOKED)) },
    { "web", "plain HTTP: a revocation list, OCSP answers, a file of roots", "not-tls", "", NULL, PLAY(.act = ACT_WEB) },
    { "revoked-list", "certificate stands in the revocation list that it points to (of the case web)", "ok", "", NULL, WEB(CHAIN_REVOKED) },
    { "key-mismatch", "private key is not the certificate's", "key-mismatch", "", NULL, WEB(CHAIN_OTHER_KEY) },

    { "client-certificate", "demands a client certificate, TLS 1.2", "client-cert-missing", "", NULL,
      PLAY(.act = ACT_TLS, .tls = { .wants_certificate = true }) },
    { "client-certificate-13", "demands a client certificate, TLS 1.3", "client-cert-missing", "", NULL,
      PLAY(.act = ACT_FLIGHT, .alert = ALERT_PROTOCOL_VERSION, .flight = FLIGHT_13(0, FLIGHT_ASKS)) },
    { "unknown-name", "knows only.lab.example and refuses other names with alert 112", "sni-unrecognized", "", NULL,
      PLAY(.act = ACT_TLS, .refuses = any_other_name, .alert = ALERT_UNRECOGNIZED_NAME) },
    { "name-needed", "refuses a hello without a server name with alert 112", "sni-unrecognized", "--no-sni", "",
      PLAY(.act = ACT_TLS, .refuses = without_name, .alert = ALERT_UNRECOGNIZED_NAME) },
    { "h2-only", "speaks HTTP/2 only (ALPN)", "alpn-mismatch", "--alpn http/1.1", NULL, PLAY(.act = ACT_TLS, .tls = { .alpn = { "h2" } }) },
    { "h2", "nothing: agrees on h2 or http/1.1", "ok", "--alpn h2,http/1.1", NULL, PLAY(.act = ACT_TLS, .tls = { .alpn = { "h2", "http/1.1" } }) },

    { "http", "plain HTTP on the TLS port", "not-tls", "", NULL,
      PLAY(.act = ACT_TEXT, .text = "HTTP/1.1 400 Bad Request\r\nServer: tlswhy-lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") },
    { "ssh", "an SSH server", "not-tls", "", NULL, PLAY(.act = ACT_CLOSE, .lines = { "SSH-2.0-lab\r\n" }) },
    { "smtp", "a mail server: TLS begins with STARTTLS here", "not-tls", "", NULL,
      PLAY(.act = ACT_CLOSE, .lines = { "220 mail.lab.example ESMTP\r\n", "500 5.5.2 What?\r\n" }) },
    { "starttls-refused", "a mail server that refuses STARTTLS", "starttls-refused", "--starttls smtp", NULL,
      PLAY(.act = ACT_CLOSE, .lines = { "220 mail.lab.example ESMTP\r\n", "250-mail.lab.example\r\n250 STARTTLS\r\n", "454 4.7.0 TLS not available\r\n" }) },
    { "starttls-missing", "a mail server without STARTTLS", "starttls-refused", "--starttls smtp", NULL,
      PLAY(.act = ACT_CLOSE, .lines = { "220 mail.lab.example ESMTP\r\n", "250 mail.lab.example\r\n", "502 5.5.1 No such command\r\n" }) },
    { "no-certificate", "has no certificate: closes on any hello", "server-no-certificate", "", NULL, PLAY(.act = ACT_CLOSE) },
    { "no-certificate-reset", "has no certificate: resets on any hello", "server-no-certificate", "", NULL, PLAY(.act = ACT_RESET) },
    { "no-key", "cannot use its key: alert 80 to any hello", "server-no-certificate", "", NULL, PLAY(.act = ACT_ALERT, .alert = ALERT_INTERNAL_ERROR) },

    { "record-split", "TLS 1.0 with CBC; hangs up on the 1/n-1 record split, behind the handshake", "ok", "--tls 1.0", NULL,
      PLAY(.act = ACT_TLS, .chain = CHAIN_RSA, .tls = { .low = 0x0301, .high = 0x0301, .hates_split = true }) },
    { "split-hello", "closes on a hello that is split over records", "ok", "", NULL, PLAY(.act = ACT_TLS, .refuses = in_records, .refusal = ACT_CLOSE) },
    { "legacy-renegotiation", "has no secure renegotiation (RFC 5746)", "legacy-renegotiation", "--as openssl3015 --tls 1.2", NULL,
      PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_NO_RENEGO)) },
    { "garbage", "sends what is no TLS after its ServerHello", "protocol-error", "", NULL, PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_GARBAGE)) },
    { "huge", "begins a Certificate of 16 MB", "protocol-error", "--timeout 3", NULL, PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_HUGE)) },
    { "endless", "handshake records without end", "protocol-error", "", NULL, PLAY(.act = ACT_FLOOD, .flight = FLIGHT_12(FLIGHT_HUGE)) },

    { "refused", "nothing listens on the port", "tcp-refused", "", NULL, PLAY(.door = DOOR_CLOSED) },
    { "stuck", "never takes a connection", "tcp-timeout", "--timeout 2", NULL, PLAY(.door = DOOR_STUCK) },
    { "reset", "resets the connection in the middle of its answer", "tcp-reset", "", NULL, PLAY(.act = ACT_FLIGHT, .flight = FLIGHT_12(FLIGHT_CUT)) },
    { "silent", "takes the hello and never answers", "silent-drop", "--timeout 1", NULL, PLAY(.act = ACT_SILENCE) },
    { "large-hello", "never sees a hello of more than 1400 bytes", "hello-size", "--timeout 2", NULL,
      PLAY(.act = ACT_TLS, .refuses = takes_two_packets, .refusal = ACT_SILENCE) },
    { "tar-pit", "answers one byte a second", "silent-drop", "--timeout 3", NULL, PLAY(.act = ACT_DRIP, .flight = FLIGHT_12(0)) },
};

const struct serve_case *serve_case_at(size_t i) { return i < ARRAY_LEN(cases) ? &cases[i] : NULL; }

const struct serve_case *serve_case_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i];
    return NULL;
}

const char *serve_cannot(const struct serve_case *c)
{
    const struct tls_setup *t = &c->play->tls;
    if (c->play->act == ACT_TLS && (!tls_server_can(t->low) || !tls_server_can(t->high)))
        return "this build's Mbed TLS has no TLS 1.0 and 1.1";
    return NULL;
}
