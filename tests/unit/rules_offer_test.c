/* Rules about what was offered: versions, suites, groups, keys, signatures, names, and about what listens there. */
#include "rules_case.h"

#include "tlswhy/profile.h"

static void suites_of_xp(struct handshake *h, int unused)
{
    (void)unused;
    h->hello.suites = LIST32(h, 0x0004, 0x0005, 0x000a, 0x0009, 0x0064, 0x0062, 0x0003);
    h->hello.groups = (struct u16s){ NULL, 0 };
    h->hello.sni = (struct bytes){ NULL, 0 };
}
static void one_suite(struct handshake *h, int id) { h->hello.suites = LIST32(h, (uint32_t)id); }
static void one_group(struct handshake *h, int id)
{
    h->hello.groups = LIST16(h, (uint16_t)id);
    if (h->hello.max_version == 0x0303)
        h->hello.suites = LIST32(h, 0xc02b, 0xc02f, 0xc030, 0xc013);
}
static void no_sigalgs(struct handshake *h, int unused) { (void)unused, h->hello.sigalgs = (struct u16s){ NULL, 0 }; }
static void sha1_sigalgs(struct handshake *h, int unused) { (void)unused, h->hello.sigalgs = LIST16(h, 0x0201, 0x0203); }
static void no_pss(struct handshake *h, int unused) { (void)unused, h->hello.sigalgs = LIST16(h, 0x0403, 0x0401, 0x0501); }
static void pss_only(struct handshake *h, int unused) { (void)unused, h->hello.sigalgs = LIST16(h, 0x0804, 0x0805); }
static void no_name(struct handshake *h, int unused) { (void)unused, h->hello.sni = (struct bytes){ NULL, 0 }; }
static void no_renego(struct handshake *h, int unused) { (void)unused, h->answer.renego_info = false; }
static void marked(struct handshake *h, int mark) { h->answer.downgrade = mark == 12 ? DOWNGRD_TLS12 : DOWNGRD_TLS11; }
static void retry(struct handshake *h, int group)
{
    h->retry = (struct server_hello){ .where = now(h, 2), .version = 0x0303, .chosen_version = 0x0304, .group = (uint16_t)group };
    h->tls_seen[SERVER] = true;
    message(h, SERVER, MSG_HELLO_RETRY_REQUEST, h->retry.where);
}
static void dh(struct handshake *h, int bits)
{
    h->known |= KNOW_SERVER_KEX;
    h->kex = (struct server_kex){ .where = h->certs_at, .kind = KEX_DHE, .dh_bits = (unsigned)bits };
}
static void kex(struct handshake *h, int verified)
{
    h->known |= KNOW_SERVER_KEX;
    h->kex = (struct server_kex){ .where = h->certs_at, .kind = KEX_ECDHE, .group = 29, .sigalg = 0x0804, .verified = (enum sig_check)verified };
}
static void kex_group(struct handshake *h, int group) { kex(h, SIG_GOOD), h->kex.group = (uint16_t)group; }
static void kex_signed(struct handshake *h, int scheme) { kex(h, SIG_GOOD), h->kex.sigalg = (uint16_t)scheme; }
static void alpn(struct handshake *h, int unused)
{
    struct bytes *name = ARENA_NEW(&h->arena, struct bytes);
    (void)unused;
    *name = bytes_of("h2", 2);
    h->hello.alpn = (struct byte_list){ name, 1 };
}
static void chose(struct handshake *h, int other) { h->answer.alpn = other ? bytes_of("echo/0.1", 8) : bytes_of("h2", 2); }
static void falls_back(struct handshake *h, int unused) { (void)unused, h->hello.fallback_scsv = true; }
static void shared_key(struct handshake *h, int unused) { (void)unused, h->hello.psk_identities = 1; }
static void agreed(struct handshake *h, int suite) { h->answer.suite = (uint32_t)suite, h->hello.suites = LIST32(h, (uint32_t)suite); }
static void strong_secret(struct handshake *h, int unused) { (void)unused, h->hello.ems = true; }
static void on_port(struct handshake *h, int port) { h->ends[SERVER].port = (uint16_t)port; }
static void groups_beside_rsa(struct handshake *h, int id) { h->hello.groups = LIST16(h, (uint16_t)id); }
/* The alert is the first thing on the wire. */
static void no_hello(struct handshake *h, int unused)
{
    (void)unused;
    h->known &= ~(unsigned)KNOW_CLIENT_HELLO;
    h->hello = (struct client_hello){ .malformed = NULL };
    h->message_count = 0;
}
/* TLS 1.3: all that the server sent under encryption is one record. */
static void one_record(struct handshake *h, int len)
{
    h->side[SERVER].enc_records = 1;
    h->side[SERVER].enc_len[0] = (uint32_t)len;
    h->side[SERVER].enc_where[0] = now(h, 0);
}
static void records(struct handshake *h, int n) { h->hello.records = (size_t)n; }
static void not_offered(struct handshake *h, int suite) { h->answer.suite = (uint32_t)suite; }

static void plain(struct handshake *h, int from)
{
    enum side side = from == SERVER ? SERVER : CLIENT;
    h->plain[side] = (struct plain){ .where = now(h, 1), .start = bytes_of("HTTP/1.1 400 Bad Request\r\n", 26), .protocol = "http" };
}
static void page(struct handshake *h, int status)
{
    h->plain[SERVER].start = status == 220 ? bytes_of("220 mx ESMTP\r\n", 14) : status == 302 ? bytes_of("HTTP/1.1 302 Found\r\n", 20) : bytes_of("HTTP/1.1 502 Bad Gateway\r\n", 26);
    h->plain[SERVER].protocol = status == 220 ? "smtp" : "http";
}
static void changes_keys(struct handshake *h, int unused)
{
    (void)unused;
    h->side[CLIENT].ccs = true;
    h->side[CLIENT].ccs_at = now(h, 1);
}
static void tunnel(struct handshake *h, int status)
{
    h->prelude = (struct prelude){ .kind = PRELUDE_CONNECT, .protocol = "http-connect", .host = bytes_of("www.example", 11), .port = 443, .status = status,
                                   .answer = bytes_of("HTTP/1.1", 8), .asked_for_tls = true, .accepted = status == 200, .refused = status != 200,
                                   .asked = now(h, 1), .answered = now(h, 1) };
    if (!h->tls_seen[CLIENT])
        h->outcome = OUTCOME_NOT_OPENED;
}
static void socks(struct handshake *h, int reply)
{
    tunnel(h, reply);
    h->prelude.kind = PRELUDE_SOCKS;
    h->prelude.accepted = reply == 0;
    h->prelude.refused = reply != 0;
    h->prelude.auth_failed = reply == 92;
}
static void starttls(struct handshake *h, int status)
{
    h->prelude = (struct prelude){ .kind = PRELUDE_STARTTLS, .protocol = "smtp", .status = status, .answer = bytes_of("502 no", 6), .asked = now(h, 1),
                                   .answered = now(h, 1), .asked_for_tls = status != 0, .refused = status != 0, .not_offered = status == 0 };
    h->outcome = OUTCOME_NOT_TLS;
    h->known = KNOW_OPEN | KNOW_BOTH_SIDES;
    h->tls_seen[CLIENT] = false;
}
static void starttls_begins(struct handshake *h, int unused)
{
    (void)unused;
    h->prelude = (struct prelude){ .kind = PRELUDE_STARTTLS, .protocol = "smtp", .status = 220, .answer = bytes_of("220 go", 6), .asked_for_tls = true, .accepted = true };
}
static void echoes(struct handshake *h, int unused)
{
    (void)unused;
    h->tls_seen[SERVER] = true;
    message(h, SERVER, 1, now(h, 1));
}
static void plain_on(struct handshake *h, int unused) { (void)unused, h->prelude.plain_on = true; }

enum { VERSION = ALERT_PROTOCOL_VERSION, FAILURE = ALERT_HANDSHAKE_FAILURE, INTERNAL = ALERT_INTERNAL_ERROR, ILLEGAL = ALERT_ILLEGAL_PARAMETER };
static const struct rules_case cases[] = {
    { "client too old, 70", { { hello, 0x0301 }, { server_says, VERSION } }, "protocol-version", BLAME_CLIENT, CERTAIN },
    { "client stops at 1.2, 70", { { hello, 0x0303 }, { server_says, VERSION } }, "protocol-version", BLAME_CLIENT, CERTAIN },
    { "client 1.2 only by list, 70", { { hello, 0x0303 }, { lowest, 0x0303 }, { server_says, VERSION } }, "protocol-version", BLAME_CLIENT, LIKELY },
    { "client 1.3 only, 70", { { hello, 0x0304 }, { lowest, 0x0304 }, { server_says, VERSION } }, "protocol-version", BLAME_SERVER, CERTAIN },
    { "client 1.2 to 1.3, 70", { { hello, 0x0304 }, { server_says, VERSION } }, "protocol-version", BLAME_SERVER, CERTAIN },
    { "client 1.3 only, 40", { { hello, 0x0304 }, { lowest, 0x0304 }, { server_says, FAILURE } }, "protocol-version", BLAME_SERVER, LIKELY },
    { "old client, 80", { { hello, 0x0301 }, { server_says, INTERNAL } }, "protocol-version", BLAME_CLIENT, LIKELY },
    { "old client, closed", { { hello, 0x0301 }, { server_closes, 1 } }, "protocol-version", BLAME_CLIENT, POSSIBLE },
    { "old client, 40", { { hello, 0x0301 }, { server_says, FAILURE } }, "protocol-version", BLAME_CLIENT, POSSIBLE },
    { "answer below the list", { { hello, 0x0304 }, { answer, 0x0301 }, { client_says, ILLEGAL } }, "protocol-version", BLAME_SERVER, CERTAIN },
    { "answer 1.0, client says 70", { { hello, 0x0303 }, { answer, 0x0301 }, { flight, HASH_SHA256 }, { client_says, VERSION } }, "protocol-version", BLAME_SERVER, CERTAIN },
    { "answer 1.0, client says 80", { { hello, 0x0303 }, { answer, 0x0301 }, { flight, HASH_SHA256 }, { client_says, INTERNAL } }, "protocol-version", BLAME_SERVER, LIKELY },
    { "answer 1.0, client closes", { { hello, 0x0303 }, { answer, 0x0301 }, { client_closes, 1 } }, "protocol-version", BLAME_SERVER, LIKELY },
    { "fallback marked", { { hello, 0x0303 }, { falls_back, 0 }, { answer, 0x0303 }, { marked, 12 }, { client_says, ILLEGAL } }, "version-downgrade", BLAME_CLIENT, CERTAIN },
    { "1.2 marked, nobody fell back", { { hello, 0x0303 }, { answer, 0x0303 }, { marked, 12 }, { client_says, ILLEGAL } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "no version to offer", { { hello, 0x0303 }, { no_hello, 0 }, { client_says, VERSION } }, "protocol-version", BLAME_CLIENT, LIKELY },
    { "nothing to offer", { { hello, 0x0303 }, { no_hello, 0 }, { client_says, INTERNAL }, { server_says, ALERT_UNEXPECTED_MESSAGE } }, "protocol-error", BLAME_CLIENT, LIKELY },
    { "downgrade marked", { { hello, 0x0304 }, { answer, 0x0303 }, { marked, 12 }, { client_says, ILLEGAL } }, "version-downgrade", BLAME_PATH, CERTAIN },
    { "no fallback, and refused as one", { { hello, 0x0303 }, { server_says, ALERT_INAPPROPRIATE_FALLBACK } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "fallback refused", { { hello, 0x0303 }, { falls_back, 0 }, { server_says, ALERT_INAPPROPRIATE_FALLBACK } }, "version-downgrade", BLAME_CLIENT, CERTAIN },

    { "one suite", { { hello, 0x0303 }, { one_suite, 0xc02f }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_CLIENT, LIKELY },
    { "one suite of 1.3", { { hello, 0x0304 }, { lowest, 0x0304 }, { one_suite, 0x1303 }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_CLIENT, LIKELY },
    { "suites of XP", { { hello, 0x0301 }, { suites_of_xp, 0 }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_CLIENT, LIKELY },
    { "ordinary offer, 40", { { hello, 0x0304 }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_SERVER, POSSIBLE },
    { "one group", { { hello, 0x0303 }, { one_group, 25 }, { server_says, FAILURE } }, "group-mismatch", BLAME_CLIENT, LIKELY },
    { "one group, 1.2 to 1.3", { { hello, 0x0304 }, { groups_beside_rsa, 29 }, { server_says, FAILURE } }, "group-mismatch", BLAME_CLIENT, LIKELY },
    { "one group beside RSA", { { hello, 0x0303 }, { groups_beside_rsa, 24 }, { server_says, FAILURE } }, "group-mismatch", BLAME_CLIENT, POSSIBLE },
    { "one group of 1.3", { { hello, 0x0304 }, { lowest, 0x0304 }, { one_group, 29 }, { server_says, FAILURE } }, "group-mismatch", BLAME_CLIENT, LIKELY },
    { "retry with another group", { { hello, 0x0304 }, { retry, 25 }, { client_says, ILLEGAL } }, "group-mismatch", BLAME_SERVER, CERTAIN },
    { "DH of 768 bits", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { dh, 768 }, { client_says, FAILURE } }, "group-mismatch", BLAME_SERVER, CERTAIN },
    { "DH of 1024 bits", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { dh, 1024 }, { client_says, FAILURE } }, "group-mismatch", BLAME_SERVER, LIKELY },
    { "DH of 2048 bits, Java 6", { { hello, 0x0301 }, { no_name, 0 }, { answer, 0x0301 }, { flight, HASH_SHA256 }, { dh, 2048 }, { client_says, INTERNAL } }, "group-mismatch", BLAME_CLIENT, LIKELY },
    { "ECDSA suites only", { { hello, 0x0303 }, { one_suite, 0xc02b }, { server_says, FAILURE } }, "cert-key-type", BLAME_CLIENT, LIKELY },
    { "PSS only", { { hello, 0x0304 }, { lowest, 0x0304 }, { pss_only, 0 }, { server_says, FAILURE } }, "cert-key-type", BLAME_CLIENT, LIKELY },
    { "no signature_algorithms", { { hello, 0x0303 }, { no_sigalgs, 0 }, { server_says, FAILURE } }, "signature-algorithms", BLAME_CLIENT, LIKELY },
    { "SHA-1 only", { { hello, 0x0303 }, { sha1_sigalgs, 0 }, { server_says, FAILURE } }, "signature-algorithms", BLAME_CLIENT, LIKELY },
    { "1.3 without PSS", { { hello, 0x0304 }, { lowest, 0x0304 }, { no_pss, 0 }, { server_says, FAILURE } }, "signature-algorithms", BLAME_CLIENT, LIKELY },
    { "1.3 without any", { { hello, 0x0304 }, { no_sigalgs, 0 }, { server_says, ALERT_MISSING_EXTENSION } }, "signature-algorithms", BLAME_CLIENT, CERTAIN },

    { "name unknown", { { hello, 0x0303 }, { server_says, ALERT_UNRECOGNIZED_NAME } }, "sni-unrecognized", BLAME_CLIENT, CERTAIN },
    { "no ALPN in common", { { hello, 0x0304 }, { server_says, ALERT_NO_APPLICATION_PROTOCOL } }, "alpn-mismatch", BLAME_CLIENT, CERTAIN },
    { "ALPN nobody offered", { { hello, 0x0303 }, { alpn, 0 }, { answer, 0x0303 }, { chose, 1 }, { client_says, ALERT_DECODE_ERROR } }, "alpn-mismatch", BLAME_SERVER, CERTAIN },
    { "ALPN nobody offered, closed", { { hello, 0x0303 }, { alpn, 0 }, { answer, 0x0303 }, { chose, 1 }, { client_closes, 1 } }, "alpn-mismatch", BLAME_SERVER, LIKELY },
    { "ALPN that was offered", { { hello, 0x0303 }, { alpn, 0 }, { answer, 0x0303 }, { chose, 0 }, { client_says, ALERT_DECODE_ERROR } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "1.3: no ALPN in common", { { hello, 0x0304 }, { alpn, 0 }, { answer, 0x0304 }, { one_record, 19 }, { server_closes, 1 } }, "alpn-mismatch", BLAME_CLIENT, LIKELY },
    { "1.3: no ALPN offered", { { hello, 0x0304 }, { answer, 0x0304 }, { one_record, 19 }, { server_closes, 1 } }, "unknown", BLAME_NONE, POSSIBLE },
    { "1.3: more than an alert", { { hello, 0x0304 }, { alpn, 0 }, { answer, 0x0304 }, { one_record, 900 }, { server_closes, 1 } }, "unknown", BLAME_NONE, POSSIBLE },
    { "a group nobody offered", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex_group, 25 }, { client_says, ILLEGAL } }, "group-mismatch", BLAME_SERVER, CERTAIN },
    { "a group that was offered", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex_group, 23 }, { client_says, ILLEGAL } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "a signature nobody offered", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex_signed, 0x0201 }, { client_says, ILLEGAL } }, "signature-algorithms", BLAME_SERVER, CERTAIN },
    { "a signature that was offered", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex_signed, 0x0401 }, { client_says, ILLEGAL } }, "protocol-error", BLAME_SERVER, LIKELY },

    { "plain HTTP on the port", { { hello, 0x0304 }, { plain, SERVER }, { server_closes, 1 } }, "not-tls", BLAME_SERVER, CERTAIN },
    { "plain text behind the alert", { { hello, 0x0303 }, { one_suite, 0x002f }, { server_says, FAILURE }, { plain, SERVER }, { server_closes, 1 } }, "cipher-mismatch", BLAME_CLIENT, LIKELY },
    { "TLS at once to LDAP", { { hello, 0x0303 }, { on_port, 389 }, { server_closes, 1 } }, "not-tls", BLAME_SERVER, LIKELY },
    { "TLS at once to LDAP over TLS", { { hello, 0x0303 }, { on_port, 636 }, { server_closes, 1 } }, "server-no-certificate", BLAME_SERVER, POSSIBLE },
    { "no TLS, and the client goes on", { { hello, 0x0304 }, { plain, SERVER }, { changes_keys, 0 }, { server_closes, 1 } }, "unknown", BLAME_NONE, POSSIBLE },
    { "tunnel with plain HTTP in it", { { hello, 0x0304 }, { tunnel, 200 }, { plain, SERVER }, { server_closes, 1 } }, "not-tls", BLAME_SERVER, LIKELY },
    { "tunnel with a proxy's page in it", { { hello, 0x0304 }, { tunnel, 200 }, { plain, SERVER }, { page, 502 }, { server_closes, 1 } }, "proxy-upstream", BLAME_PROXY, CERTAIN },
    { "tunnel with a banner in it", { { hello, 0x0304 }, { tunnel, 200 }, { plain, SERVER }, { page, 220 }, { server_closes, 1 } }, "not-tls", BLAME_SERVER, CERTAIN },
    { "a page for everybody on the port", { { hello, 0x0304 }, { plain, SERVER }, { page, 302 }, { server_closes, 1 } }, "not-tls", BLAME_SERVER, LIKELY },
    { "SOCKS 4, no identd", { { socks, 92 } }, "proxy-auth", BLAME_PROXY, CERTAIN },
    { "tunnel that closes", { { hello, 0x0304 }, { tunnel, 200 }, { server_closes, 1 } }, "proxy-upstream", BLAME_PROXY, LIKELY },
    { "407", { { tunnel, 407 } }, "proxy-auth", BLAME_PROXY, CERTAIN },
    { "403", { { tunnel, 403 } }, "proxy-denied", BLAME_PROXY, CERTAIN },
    { "302", { { tunnel, 302 } }, "proxy-denied", BLAME_PROXY, CERTAIN },
    { "504", { { tunnel, 504 } }, "proxy-upstream", BLAME_PROXY, CERTAIN },
    { "SOCKS: not allowed", { { socks, 2 } }, "proxy-denied", BLAME_PROXY, CERTAIN },
    { "SOCKS: refused", { { socks, 5 } }, "proxy-upstream", BLAME_PROXY, CERTAIN },
    { "STARTTLS refused", { { hello, 0x0303 }, { starttls, 502 }, { client_closes, 1 } }, "starttls-refused", BLAME_SERVER, CERTAIN },
    { "STARTTLS not offered", { { hello, 0x0303 }, { starttls, 0 }, { client_closes, 1 } }, "starttls-refused", BLAME_SERVER, LIKELY },
    { "STARTTLS refused, plain on", { { hello, 0x0303 }, { starttls, 502 }, { plain_on, 0 }, { client_closes, 1 } }, "not-tls", BLAME_NONE, CERTAIN },
    { "internal error at an ordinary hello", { { hello, 0x0303 }, { server_says, INTERNAL } }, "server-no-certificate", BLAME_SERVER, LIKELY },
    { "STARTTLS agreed to, plain text after it", { { hello, 0x0303 }, { starttls_begins, 0 }, { plain, SERVER }, { client_closes, 1 } }, "not-tls", BLAME_SERVER, CERTAIN },
    { "the hello comes back", { { hello, 0x0303 }, { echoes, 0 }, { client_closes, 1 } }, "not-tls", BLAME_SERVER, CERTAIN },
    { "hangs up at an ordinary hello", { { hello, 0x0304 }, { server_closes, 1 } }, "server-no-certificate", BLAME_SERVER, POSSIBLE },
    { "key of another certificate", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex, SIG_BAD }, { client_says, ALERT_DECRYPT_ERROR } }, "key-mismatch", BLAME_SERVER, CERTAIN },
    { "key of another certificate, bad_certificate", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex, SIG_BAD }, { client_says, ALERT_BAD_CERTIFICATE } }, "key-mismatch", BLAME_SERVER, CERTAIN },
    { "RSA keys that do not decrypt", { { hello, 0x0303 }, { answer, 0x0303 }, { agreed, 0x009d }, { flight, HASH_SHA256 }, { keys, 0 }, { server_says, ALERT_BAD_RECORD_MAC } }, "key-mismatch", BLAME_SERVER, LIKELY },
    { "1.3, signature fails", { { hello, 0x0304 }, { answer, 0x0304 }, { client_says, ALERT_DECRYPT_ERROR } }, "key-mismatch", BLAME_SERVER, LIKELY },

    { "no secure renegotiation", { { hello, 0x0303 }, { answer, 0x0303 }, { no_renego, 0 }, { client_says, FAILURE } }, "legacy-renegotiation", BLAME_SERVER, LIKELY },
    { "hello in two records", { { hello, 0x0303 }, { records, 2 }, { server_says, ALERT_DECODE_ERROR } }, "record-split", BLAME_SERVER, LIKELY },
    { "a suite nobody offered", { { hello, 0x0303 }, { answer, 0x0303 }, { not_offered, 0x0005 }, { client_says, ILLEGAL } }, "protocol-error", BLAME_SERVER, CERTAIN },
    { "a suite nobody offered, closed", { { hello, 0x0303 }, { answer, 0x0303 }, { not_offered, 0x0005 }, { client_closes, 1 } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "a suite that was offered, closed", { { hello, 0x0303 }, { answer, 0x0303 }, { client_closes, 1 } }, "abandoned", BLAME_CLIENT, POSSIBLE },
    { "bad MAC from the client", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { kex, SIG_GOOD }, { keys, 0 }, { server_says, ALERT_BAD_RECORD_MAC } }, "protocol-error", BLAME_CLIENT, LIKELY },
    { "shared key, 1.2", { { hello, 0x0303 }, { answer, 0x0303 }, { agreed, 0x00a8 }, { keys, 0 }, { server_says, ALERT_BAD_RECORD_MAC } }, "protocol-error", BLAME_CLIENT, LIKELY },
    { "shared key unknown", { { hello, 0x0303 }, { answer, 0x0303 }, { agreed, 0x00a8 }, { keys, 0 }, { server_says, ALERT_UNKNOWN_PSK_IDENTITY } }, "protocol-error", BLAME_CLIENT, LIKELY },
    { "shared key, 1.3", { { hello, 0x0304 }, { shared_key, 0 }, { server_says, ILLEGAL } }, "protocol-error", BLAME_CLIENT, LIKELY },
    { "no shared key, 1.3", { { hello, 0x0304 }, { server_says, ILLEGAL } }, "protocol-error", BLAME_CLIENT, POSSIBLE },
    { "shared key, 1.3 only, 40", { { hello, 0x0304 }, { lowest, 0x0304 }, { shared_key, 0 }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_SERVER, POSSIBLE },
    { "no extended master secret in the answer", { { hello, 0x0303 }, { strong_secret, 0 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { client_says, ALERT_INSUFFICIENT_SECURITY } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "no extended master secret in the hello", { { hello, 0x0303 }, { server_says, ALERT_INSUFFICIENT_SECURITY } }, "protocol-error", BLAME_CLIENT, POSSIBLE },
    { "user cancelled, by the server", { { hello, 0x0304 }, { server_says, ALERT_USER_CANCELED } }, "unknown", BLAME_NONE, POSSIBLE },
};

/* ---- a probe that saw the flight and hung up */

static void hung_up(struct handshake *h, int unused)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    (void)unused;
    *p = (struct probed){ .target = "www.example:443" };
    h->probed = p;
    h->stopped_by_us = true;
    h->outcome = OUTCOME_STOPPED;
}
static void waited_out(struct handshake *h, int ms)
{
    hung_up(h, 0);
    h->stopped_by_us = false;
    h->timed_out = true;
    h->outcome = knows(h, KNOW_SERVER_HELLO) ? OUTCOME_STOPPED : OUTCOME_NO_SERVER_HELLO;
    h->error_at = now(h, ms);
}
static void oversized(struct handshake *h, int bytes) { h->oversized[SERVER] = (size_t)bytes; }
static void as(struct handshake *h, int insists)
{
    struct client_match *m = ARENA_NEW(&h->arena, struct client_match);
    *m = client_match_of(profile_named(insists ? "openssl3015" : "openssl111d"));
    h->client = m;
}
static void never_spoke(struct handshake *h, int how)
{
    hung_up(h, 0);
    h->stopped_by_us = false;
    h->known &= ~(unsigned)(KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART);
    h->known |= KNOW_CLOSE;
    h->tls_seen[CLIENT] = false;
    h->outcome = OUTCOME_NOT_TLS;
    h->close = (struct closing){ .where = now(h, 1), .by = SERVER, .how = (enum close_how)how };
}

static const struct rules_case probes[] = {
    { "marked random", { { hello, 0x0304 }, { answer, 0x0303 }, { marked, 12 }, { flight, HASH_SHA256 }, { hung_up, 0 } }, "version-downgrade", BLAME_PATH, CERTAIN },
    { "marked random, 1.2 was the most", { { hello, 0x0303 }, { answer, 0x0303 }, { marked, 12 }, { flight, HASH_SHA256 }, { hung_up, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "an application protocol nobody offered", { { hello, 0x0303 }, { alpn, 0 }, { answer, 0x0303 }, { chose, 1 }, { flight, HASH_SHA256 }, { hung_up, 0 } }, "alpn-mismatch", BLAME_SERVER, LIKELY },
    { "garbage behind the ServerHello", { { hello, 0x0303 }, { answer, 0x0303 }, { plain, SERVER }, { hung_up, 0 } }, "protocol-error", BLAME_SERVER, CERTAIN },
    { "16 MB", { { hello, 0x0303 }, { answer, 0x0303 }, { oversized, 0xffffff }, { waited_out, 900 } }, "protocol-error", BLAME_SERVER, CERTAIN },
    { "no end, nothing large", { { hello, 0x0303 }, { answer, 0x0303 }, { waited_out, 900 } }, "silent-drop", BLAME_SERVER, LIKELY },
    { "silence as long as was chosen", { { hello, 0x0303 }, { waited_out, 500 } }, "silent-drop", BLAME_PATH, POSSIBLE },
    { "a client that wants RFC 5746", { { hello, 0x0303 }, { answer, 0x0303 }, { no_renego, 0 }, { flight, HASH_SHA256 }, { as, 1 }, { hung_up, 0 } }, "legacy-renegotiation", BLAME_SERVER, CERTAIN },
    { "a client that does not", { { hello, 0x0303 }, { answer, 0x0303 }, { no_renego, 0 }, { flight, HASH_SHA256 }, { as, 0 }, { hung_up, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "reset before the hello", { { hello, 0x0303 }, { never_spoke, CLOSE_RST } }, "tcp-reset", BLAME_SERVER, LIKELY },
    { "closed before the hello", { { hello, 0x0303 }, { never_spoke, CLOSE_FIN } }, "server-no-certificate", BLAME_SERVER, POSSIBLE },
};

static void probed_ones(void) { expect_all(probes, ARRAY_LEN(probes)); }

static void offers(void) { expect_all(cases, ARRAY_LEN(cases)); }

/* ---- with a neighbour: the same server and another hello */

static const struct pair {
    struct rules_case is, other;
} pairs[] = {
    { { "newer version not taken", { { hello, 0x0304 }, { server_resets, 1 } }, "version-intolerance", BLAME_SERVER, LIKELY },
      { "", { { hello, 0x0303 }, { answer, 0x0303 }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
    { { "server seen to speak newer only", { { hello, 0x0301 }, { server_closes, 1 } }, "protocol-version", BLAME_CLIENT, LIKELY },
      { "", { { hello, 0x0304 }, { answer, 0x0304 }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
    { { "server seen to speak older only", { { hello, 0x0304 }, { lowest, 0x0304 }, { server_says, FAILURE } }, "protocol-version", BLAME_SERVER, LIKELY },
      { "", { { hello, 0x0304 }, { answer, 0x0303 }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
    { { "other suite taken", { { hello, 0x0303 }, { one_suite, 0xc030 }, { server_says, FAILURE } }, "cipher-mismatch", BLAME_CLIENT, LIKELY },
      { "", { { hello, 0x0303 }, { answer, 0x0303 }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
    { { "two old hellos", { { hello, 0x0301 }, { server_says, INTERNAL } }, "protocol-version", BLAME_CLIENT, LIKELY },
      { "", { { hello, 0x0302 }, { no_name, 0 }, { server_says, INTERNAL } }, "", BLAME_NONE, CERTAIN } },
    { { "RSA keys that decrypted elsewhere", { { hello, 0x0303 }, { answer, 0x0303 }, { agreed, 0x009d }, { flight, HASH_SHA256 }, { keys, 0 }, { server_says, ALERT_BAD_RECORD_MAC } }, "key-mismatch", BLAME_SERVER, POSSIBLE },
      { "", { { hello, 0x0303 }, { answer, 0x0303 }, { agreed, 0x009d }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
    { { "named hello answered", { { hello, 0x0304 }, { no_name, 0 }, { server_resets, 1 } }, "sni-unrecognized", BLAME_CLIENT, LIKELY },
      { "", { { hello, 0x0304 }, { answer, 0x0304 }, { done, 0 } }, "", BLAME_NONE, CERTAIN } },
};

static void neighbours(void)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct handshake *h = made(&pairs[i].is), *other = made(&pairs[i].other);
        struct peers     *peers = peers_new();
        other->stream = 2;
        peers_add(peers, h);
        peers_add(peers, other);
        expect(&pairs[i].is, h, peers);
        peers_free(peers);
        sample_free(h);
        sample_free(other);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "what was offered", offers }, { "probes", probed_ones }, { "with a neighbour", neighbours }, CU_TEST_INFO_NULL };
    return run_tests("rules_offer", tests);
}
