/* Rules about certificates: the chain's faults against the client's way of leaving, client certificates, and finished
 * handshakes, which must not alarm. */
#include "rules_case.h"

#define JUDGED(name, code, severity, own) static void name(struct handshake *h, int unused) { (void)unused, judged(h, code, severity, own); }
JUDGED(sound, NULL, SEV_INFO, true)
JUDGED(expired, "expired", SEV_ERROR, true)
JUDGED(other_name, "name_mismatch", SEV_ERROR, false)
JUDGED(unknown_root, "untrusted_root", SEV_ERROR, true)
JUDGED(unknown_here, "untrusted_root", SEV_ERROR, false)
JUDGED(self_signed, "self_signed_leaf", SEV_ERROR, true)
JUDGED(self_signed_here, "self_signed_leaf", SEV_ERROR, false)
JUDGED(no_intermediate, "missing_intermediate", SEV_ERROR, true)
JUDGED(wrong_usage, "wrong_eku", SEV_ERROR, true)
JUDGED(not_a_ca, "not_a_ca", SEV_ERROR, true)
JUDGED(revoked, "revoked", SEV_ERROR, true)
JUDGED(no_staple, "ocsp_missing", SEV_ERROR, true)
JUDGED(malformed, "malformed", SEV_ERROR, true)
JUDGED(weak_hash, "weak_signature", SEV_WARNING, true)
JUDGED(weak_key, "weak_key", SEV_ERROR, true)
JUDGED(no_sha2, "sha2_unsupported_by_client", SEV_ERROR, true)
JUDGED(unknown_signature, "sig_unsupported_by_client", SEV_ERROR, true)
JUDGED(unknown_key, "unsupported_key_for_client", SEV_ERROR, true)
JUDGED(extra_unreadable, "malformed", SEV_WARNING, true)
JUDGED(bad_signature, "bad_signature", SEV_ERROR, false)
JUDGED(root_expired, "expired_anchor", SEV_ERROR, true)
JUDGED(wrong_key_usage, "wrong_ku", SEV_ERROR, true)
JUDGED(odd_serial, "profile_violation", SEV_INFO, false)
JUDGED(made_by_box, "interception_suspected", SEV_ERROR, true)

static void in_2014(struct handshake *h, int unused)
{
    (void)unused;
    h->start_ns = INT64_C(1397600000) * NS_PER_S;
    h->hello.sigalgs = LIST16(h, 0x0401, 0x0403, 0x0201, 0x0203);
}
static void old_hello(struct handshake *h, int unused)
{
    (void)unused;
    h->hello.suites = LIST32(h, 0x0004, 0x0005, 0x000a);
    h->hello.groups = (struct u16s){ NULL, 0 };
    h->hello.sni = (struct bytes){ NULL, 0 };
}
static void asked(struct handshake *h, int authorities)
{
    h->known |= KNOW_CERT_REQUEST;
    h->cert_request = (struct cert_request){ .where = h->certs_at, .authorities = (size_t)authorities };
}
static void client_cert(struct handshake *h, int n)
{
    h->known |= KNOW_CLIENT_CERT;
    h->client_certs_at = now(h, 1);
    h->client_cert_count = (size_t)n;
    h->client_certs = h->certs;
    keys(h, 0);
}
static void lists(struct handshake *h, int scheme) { h->hello.sigalgs = LIST16(h, 0x0403, (uint16_t)scheme); }
static void pss_signed(struct handshake *h, int unused) { (void)unused, h->certs[0]->sig_kind = SIG_RSA_PSS; }
static void key_bits(struct handshake *h, int bits) { h->certs[0]->key_bits = (unsigned)bits; }
static void key_on_curve(struct handshake *h, int bits)
{
    h->certs[0]->key = CERT_KEY_EC;
    h->certs[0]->key_bits = (unsigned)bits;
    h->certs[0]->curve_oid = bits == 521 ? "1.3.132.0.35" : "1.2.840.10045.3.1.7";
}
static void must_staple(struct handshake *h, int unused) { (void)unused, h->certs[0]->must_staple = h->hello.status_request = true; }
static struct chain *own_chain(struct handshake *h)
{
    struct chain *chain = ARENA_NEW(&h->arena, struct chain);
    *chain = *h->chain;
    h->chain = chain;
    return chain;
}
static void by_issuer(struct handshake *h, int unused) { (void)unused, h->chain->problems[0].cert = 1; }
/* A second fault beside the first. */
static void besides(struct handshake *h, int unused)
{
    (void)unused;
    struct chain_problem *both = ARENA_NEW_N(&h->arena, 2, struct chain_problem);
    both[0] = (struct chain_problem){ .code = "self_signed_leaf", .severity = SEV_ERROR, .role = "leaf", .detail = "by itself" };
    both[1] = h->chain->problems[0];
    struct chain *chain = own_chain(h);
    chain->problems = both;
    chain->n = 2;
}
/* The path leaf, first issuer, second issuer, of which the second was sent before the first; then the root. */
static void backwards(struct handshake *h, int unused)
{
    (void)unused;
    static struct cert issuer, root = { .self_issued = true };
    struct path_step *path = ARENA_NEW_N(&h->arena, 4, struct path_step);
    path[0] = (struct path_step){ .from = "chain", .index = 0, .cert = h->certs[0] };
    path[1] = (struct path_step){ .from = "chain", .index = 2, .cert = &issuer };
    path[2] = (struct path_step){ .from = "chain", .index = 1, .cert = &issuer };
    path[3] = (struct path_step){ .from = "trust", .index = 0, .cert = &root };
    struct chain *chain = own_chain(h);
    chain->path = path;
    chain->path_len = 4;
}
static void is_a_ca(struct handshake *h, int unused) { (void)unused, h->certs[0]->ca = true; }
static void pss_key(struct handshake *h, int unused) { (void)unused, h->certs[0]->key = CERT_KEY_RSA_PSS; }
static void kex_is_good(struct handshake *h, int unused) { (void)unused, h->kex.verified = SIG_GOOD; }
static void no_name(struct handshake *h, int unused) { (void)unused, h->hello.sni = (struct bytes){ NULL, 0 }; }
static void flight_stops(struct handshake *h, int unused) { (void)unused, h->hello_done = (struct place){ 0 }; }
static void emptied(struct handshake *h, int unused) { (void)unused, h->cert_count = 0; }
static void entry_emptied(struct handshake *h, int unused) { (void)unused, h->malformed[SERVER] = "certificate without a byte"; }
static void kex_is_bad(struct handshake *h, int unused)
{
    (void)unused;
    h->known |= KNOW_SERVER_KEX;
    h->kex.verified = SIG_BAD;
    h->kex.where = h->hello_done;
}
static void alert_sized(struct handshake *h, int n)
{
    for (int i = 0; i < n; i++)
        h->side[CLIENT].enc_len[h->side[CLIENT].enc_records++] = 19;
}
static void stapled(struct handshake *h, int unused) { (void)unused, h->known |= KNOW_STAPLE; }

/* Encrypted records of the client in TLS 1.3, and one of the server after them. */
static void sends13(struct handshake *h, int len)
{
    struct side_progress *p = &h->side[CLIENT];
    p->enc_len[p->enc_records] = (uint32_t)len;
    p->enc_type[p->enc_records] = 23;
    p->enc_where[p->enc_records++] = now(h, 1);
    h->outcome = OUTCOME_ESTABLISHED;
}
static void replies13(struct handshake *h, int len)
{
    struct side_progress *p = &h->side[SERVER];
    for (size_t i = 0; i < 4; i++)
        p->enc_where[i] = h->answer.where;
    p->enc_len[4] = (uint32_t)len;
    p->enc_where[4] = now(h, 1);
    p->enc_records = 5;
    p->app_records = 1;
    p->app_bytes = (uint64_t)len;
}
/* TLS 1.2: after data a second handshake under encryption, which the server ends; `len`: what the client says first in it. */
static void asked_again(struct handshake *h, int len)
{
    struct handshake *again = ARENA_NEW(&h->arena, struct handshake);
    struct side_progress *p = again->side;
    h->outcome = OUTCOME_ESTABLISHED;
    h->side[SERVER].enc_records = h->side[CLIENT].app_records = 1;
    h->side[SERVER].enc_len[0] = 40;
    p[SERVER] = (struct side_progress){ .enc_records = 2, .enc_type = { 22, 21 }, .enc_len = { 1702, 26 } };
    p[SERVER].enc_where[0] = now(h, 1);
    p[CLIENT] = (struct side_progress){ .enc_records = len == 61 ? 2 : 3, .enc_type = { 22, 22, 22 }, .enc_len = { (uint32_t)len, 61, 40 } };
    p[CLIENT].enc_where[0] = now(h, 1);
    p[SERVER].enc_where[1] = now(h, 1);
    again->outcome = OUTCOME_ABORTED_BY_SERVER;
    h->again = again;
}
static void data(struct handshake *h, int unused)
{
    (void)unused;
    h->side[CLIENT].app_records = h->side[SERVER].app_records = 1;
}

static void windows(struct handshake *h, int unused)
{
    static struct client_match m;
    (void)unused;
    m = client_match_of(profile_named("win7-ie11"));
    h->client = &m;
}

#define FLIGHT { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA256 }
#define FLIGHT13 { hello, 0x0304 }, { answer, 0x0304 }
static const struct rules_case cases[] = {
    { "asked for later, none", { FLIGHT, { asked_again, 31 }, { server_closes, 1 } }, "client-cert-missing", BLAME_CLIENT, LIKELY },
    { "asked for later, one", { FLIGHT, { asked_again, 888 }, { server_closes, 1 } }, "client-cert-rejected", BLAME_CLIENT, POSSIBLE },
    { "a second handshake about nothing", { FLIGHT, { asked_again, 61 }, { server_closes, 1 } }, "ok", BLAME_NONE, LIKELY },
    { "expired, 45", { FLIGHT, { expired, 0 }, { client_says, 45 } }, "cert-expired", BLAME_SERVER, CERTAIN },
    { "expired, GnuTLS", { FLIGHT, { expired, 0 }, { client_says, 42 } }, "cert-expired", BLAME_SERVER, CERTAIN },
    { "expired, no word", { FLIGHT, { expired, 0 }, { client_closes, 2 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "expired, NSS", { FLIGHT, { expired, 0 }, { keys, 0 }, { client_hides, 0 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "expired, Node", { FLIGHT, { expired, 0 }, { done, 0 }, { client_closes, 2 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "sound, 45: a wrong clock or store", { FLIGHT, { sound, 0 }, { client_says, 45 } }, "cert-expired", BLAME_CLIENT, LIKELY },
    { "other name, Java", { FLIGHT, { other_name, 0 }, { client_says, 46 } }, "cert-name", BLAME_SERVER, CERTAIN },
    { "unknown root, 48", { FLIGHT, { unknown_root, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, CERTAIN },
    { "unknown here, 48", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY },
    { "known here, 48", { FLIGHT, { sound, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_CLIENT, LIKELY },
    { "self-signed", { FLIGHT, { self_signed, 0 }, { client_says, 48 } }, "cert-self-signed", BLAME_SERVER, CERTAIN },
    { "intermediate missing", { FLIGHT, { no_intermediate, 0 }, { client_says, 48 } }, "cert-missing-intermediate", BLAME_SERVER, LIKELY },
    { "usage", { FLIGHT, { wrong_usage, 0 }, { client_says, 43 } }, "cert-usage", BLAME_SERVER, CERTAIN },
    { "issued by no CA", { FLIGHT, { not_a_ca, 0 }, { client_says, 48 } }, "cert-constraint", BLAME_SERVER, CERTAIN },
    { "revoked, stapled", { FLIGHT, { revoked, 0 }, { client_says, 42 } }, "cert-revoked", BLAME_SERVER, CERTAIN },
    { "revoked, the client knows", { FLIGHT, { sound, 0 }, { client_says, 44 } }, "cert-revoked", BLAME_SERVER, CERTAIN },
    { "staple missing", { FLIGHT, { no_staple, 0 }, { client_says, 113 } }, "cert-status", BLAME_SERVER, CERTAIN },
    { "does not decode", { FLIGHT, { malformed, 0 }, { client_says, 50 } }, "cert-malformed", BLAME_SERVER, CERTAIN },
    { "small key", { FLIGHT, { weak_key, 0 }, { client_says, 42 } }, "cert-weak-key", BLAME_SERVER, CERTAIN },
    { "SHA-1", { { hello, 0x0303 }, { answer, 0x0303 }, { flight, HASH_SHA1 }, { sound, 0 }, { client_says, 42 } }, "sha1-refused", BLAME_SERVER, LIKELY },
    { "SHA-1 in 2014", { { hello, 0x0303 }, { in_2014, 0 }, { answer, 0x0303 }, { flight, HASH_SHA1 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "made on the way", { FLIGHT, { made_by_box, 0 }, { client_says, 48 } }, "interception", BLAME_PROXY, LIKELY },
    { "two voices: expired, 48", { FLIGHT, { expired, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY },
    { "sound, 46", { FLIGHT, { sound, 0 }, { client_says, 46 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "sound, no word", { FLIGHT, { sound, 0 }, { client_resets, 2 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "XP and a SHA-2 chain", { { hello, 0x0301 }, { old_hello, 0 }, { answer, 0x0301 }, { flight, HASH_SHA256 }, { sound, 0 }, { client_closes, 3 } }, "sha2-unsupported", BLAME_CLIENT, LIKELY },

    { "SHA-2, which this client cannot", { FLIGHT, { no_sha2, 0 }, { client_closes, 2 } }, "sha2-unsupported", BLAME_CLIENT, LIKELY },
    { "SHA-2, which this client cannot, 43", { FLIGHT, { no_sha2, 0 }, { client_says, 43 } }, "sha2-unsupported", BLAME_CLIENT, CERTAIN },
    { "SHA-2, which this client cannot, and goes on", { FLIGHT, { no_sha2, 0 }, { done, 0 }, { data, 0 }, { client_closes, 2 } }, "ok", BLAME_NONE, CERTAIN },
    { "a signature this client cannot check", { FLIGHT, { unknown_signature, 0 }, { client_says, 42 } }, "signature-algorithms", BLAME_CLIENT, CERTAIN },
    { "a signature this client cannot check, 45", { FLIGHT, { unknown_signature, 0 }, { client_says, 45 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "a key this client cannot use", { FLIGHT, { unknown_key, 0 }, { client_says, 43 } }, "cert-key-type", BLAME_CLIENT, CERTAIN },
    { "a key this client cannot use, closed", { FLIGHT, { unknown_key, 0 }, { client_closes, 2 } }, "cert-key-type", BLAME_CLIENT, LIKELY },
    { "the client minds the staple", { FLIGHT, { sound, 0 }, { client_says, 113 } }, "cert-status", BLAME_SERVER, CERTAIN },
    { "lists SHA-1 only", { { hello, 0x0303 }, { lists, 0x0201 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { sound, 0 }, { client_says, 42 } }, "sha2-unsupported", BLAME_CLIENT, LIKELY },
    { "lists SHA-256", { { hello, 0x0303 }, { lists, 0x0401 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "PSS, not listed", { { hello, 0x0303 }, { lists, 0x0401 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { pss_signed, 0 }, { sound, 0 }, { client_says, 42 } }, "signature-algorithms", BLAME_CLIENT, LIKELY },
    { "PSS, listed", { { hello, 0x0303 }, { lists, 0x0804 }, { answer, 0x0303 }, { flight, HASH_SHA256 }, { pss_signed, 0 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "a curve that is not listed", { FLIGHT, { key_on_curve, 521 }, { sound, 0 }, { client_says, 43 } }, "cert-key-type", BLAME_SERVER, LIKELY },
    { "a curve that is listed", { FLIGHT, { key_on_curve, 256 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "must-staple, none sent", { FLIGHT, { must_staple, 0 }, { sound, 0 }, { client_says, 42 } }, "cert-status", BLAME_SERVER, LIKELY },
    { "must-staple, sent", { FLIGHT, { must_staple, 0 }, { stapled, 0 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "SHA-1, listed and refused", { { hello, 0x0303 }, { lists, 0x0201 }, { answer, 0x0303 }, { flight, HASH_SHA1 }, { sound, 0 }, { client_says, 42 } }, "sha1-refused", BLAME_SERVER, LIKELY },
    { "SHA-1, listed, an unknown root", { { hello, 0x0303 }, { lists, 0x0201 }, { answer, 0x0303 }, { flight, HASH_SHA1 }, { sound, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_CLIENT, LIKELY },
    { "1024 bits", { FLIGHT, { key_bits, 1024 }, { sound, 0 }, { client_says, 42 } }, "cert-weak-key", BLAME_SERVER, LIKELY },
    { "3072 bits", { FLIGHT, { key_bits, 3072 }, { sound, 0 }, { client_says, 42 } }, "cert-rejected", BLAME_CLIENT, LIKELY },

    { "bad signature, mbedTLS looks for another issuer", { FLIGHT, { bad_signature, 0 }, { client_says, 48 } }, "cert-malformed", BLAME_SERVER, CERTAIN },
    { "bad signature, 51", { FLIGHT, { bad_signature, 0 }, { client_says, 51 } }, "cert-malformed", BLAME_SERVER, CERTAIN },
    { "does not decode, OpenSSL passes it over", { FLIGHT, { malformed, 0 }, { client_says, 48 } }, "cert-malformed", BLAME_SERVER, LIKELY },
    { "the root expired, wolfSSL has thrown it out", { FLIGHT, { root_expired, 0 }, { client_says, 48 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "an issuer that may not sign, 48", { FLIGHT, { wrong_key_usage, 0 }, { by_issuer, 0 }, { client_says, 48 } }, "cert-usage", BLAME_SERVER, LIKELY },
    { "the leaf's key usage, 48", { FLIGHT, { wrong_key_usage, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY },
    { "key usage and self-signed, 43", { FLIGHT, { wrong_key_usage, 0 }, { besides, 0 }, { client_says, 43 } }, "cert-usage", BLAME_SERVER, LIKELY },
    { "51, own signature good, root unknown here", { FLIGHT, { unknown_here, 0 }, { kex_is_good, 0 }, { client_says, 51 } }, "cert-malformed", BLAME_SERVER, LIKELY },
    { "51, own signature not checked", { FLIGHT, { sound, 0 }, { client_says, 51 } }, "key-mismatch", BLAME_SERVER, LIKELY },
    { "out of order, 48", { FLIGHT, { sound, 0 }, { backwards, 0 }, { client_says, 48 } }, "cert-missing-intermediate", BLAME_SERVER, LIKELY },
    { "out of order, 45", { FLIGHT, { sound, 0 }, { backwards, 0 }, { client_says, 45 } }, "cert-expired", BLAME_CLIENT, LIKELY },
    { "a CA's certificate, rustls", { FLIGHT, { is_a_ca, 0 }, { sound, 0 }, { client_says, 42 } }, "cert-constraint", BLAME_SERVER, LIKELY },
    { "a CA's certificate, and goes on", { FLIGHT, { is_a_ca, 0 }, { sound, 0 }, { done, 0 }, { data, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, CERTAIN },
    { "a PSS key, no word", { FLIGHT, { pss_key, 0 }, { sound, 0 }, { client_resets, 5 } }, "cert-key-type", BLAME_CLIENT, LIKELY },
    { "a PSS key, unknown root", { FLIGHT, { pss_key, 0 }, { sound, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_CLIENT, LIKELY },
    { "serial number 0, 50", { FLIGHT, { odd_serial, 0 }, { client_says, 50 } }, "cert-malformed", BLAME_SERVER, LIKELY },
    { "sound, 50", { FLIGHT, { sound, 0 }, { client_says, 50 } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "asked by address", { FLIGHT, { no_name, 0 }, { sound, 0 }, { client_says, 46 } }, "cert-name", BLAME_SERVER, LIKELY },
    { "asked by address, no word", { FLIGHT, { no_name, 0 }, { sound, 0 }, { client_closes, 5 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "GnuTLS says farewell, the server closes first", { FLIGHT, { wrong_key_usage, 0 }, { client_says, 0 }, { server_closes, 5 } }, "cert-usage", BLAME_SERVER, LIKELY },
    { "one more certificate that does not decode", { FLIGHT, { extra_unreadable, 0 }, { client_says, 42 } }, "cert-malformed", BLAME_SERVER, LIKELY },
    { "one more that does not decode, unknown root", { FLIGHT, { extra_unreadable, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_CLIENT, LIKELY },
    { "one more that does not decode, and goes on", { FLIGHT, { extra_unreadable, 0 }, { done, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "no certificate in the message", { FLIGHT, { emptied, 0 }, { client_says, 50 } }, "server-no-certificate", BLAME_SERVER, LIKELY },
    { "an entry without a certificate", { FLIGHT, { entry_emptied, 0 }, { sound, 0 }, { client_says, 50 } }, "cert-malformed", BLAME_SERVER, CERTAIN },
    { "changed on the way: both signatures wrong", { FLIGHT, { kex_is_bad, 0 }, { bad_signature, 0 }, { client_says, 51 } }, "cert-malformed", BLAME_SERVER, CERTAIN },
    { "512 bits, the server cannot sign", { FLIGHT, { key_bits, 512 }, { flight_stops, 0 }, { server_says, 80 } }, "cert-weak-key", BLAME_SERVER, LIKELY },
    { "2048 bits, 80", { FLIGHT, { flight_stops, 0 }, { server_says, 80 } }, "protocol-error", BLAME_SERVER, POSSIBLE },

    { "1.3: two encrypted alerts, wolfSSL", { FLIGHT13, { alert_sized, 2 }, { client_hides, 0 } }, "cert-rejected", BLAME_CLIENT, LIKELY },
    { "1.3: 48", { FLIGHT13, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY },
    { "1.3: 45", { FLIGHT13, { client_says, 45 } }, "cert-expired", BLAME_SERVER, LIKELY },
    { "1.3: encrypted alert", { FLIGHT13, { client_hides, 0 } }, "cert-rejected", BLAME_CLIENT, LIKELY },

    { "no client certificate", { FLIGHT, { asked, 2 }, { client_cert, 0 }, { server_says, 40 } }, "client-cert-missing", BLAME_CLIENT, CERTAIN },
    { "no client certificate, closed", { FLIGHT, { asked, 2 }, { client_cert, 0 }, { server_closes, 1 } }, "client-cert-missing", BLAME_CLIENT, LIKELY },
    { "client certificate expired", { FLIGHT, { asked, 2 }, { client_cert, 1 }, { server_says, 45 } }, "client-cert-rejected", BLAME_CLIENT, CERTAIN },
    { "1.3: no client certificate", { FLIGHT13, { sends13, 25 }, { sends13, 53 }, { replies13, 19 }, { server_closes, 1 } }, "client-cert-missing", BLAME_CLIENT, LIKELY },
    { "1.3: 116 in clear", { FLIGHT13, { server_says, 116 } }, "client-cert-missing", BLAME_CLIENT, CERTAIN },

    { "good, with data", { FLIGHT, { sound, 0 }, { done, 0 }, { data, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, CERTAIN },
    { "good, without data", { FLIGHT, { sound, 0 }, { done, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "good, expired, with data", { FLIGHT, { expired, 0 }, { done, 0 }, { data, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, CERTAIN },
    { "health check, private CA", { FLIGHT, { unknown_here, 0 }, { done, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "health check, self-signed", { FLIGHT, { self_signed_here, 0 }, { done, 0 }, { client_resets, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "old days: SHA-1, no data", { { hello, 0x0301 }, { answer, 0x0301 }, { flight, HASH_SHA1 }, { weak_hash, 0 }, { done, 0 }, { client_closes, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "1.3: good, server closes", { FLIGHT13, { sends13, 53 }, { server_closes, 5 } }, "ok", BLAME_NONE, LIKELY },
    { "1.3: good, close_notify both ways", { FLIGHT13, { sends13, 53 }, { replies13, 19 }, { server_closes, 1 } }, "ok", BLAME_NONE, LIKELY },
};

static void certificates(void) { expect_all(cases, ARRAY_LEN(cases)); }

/* What the client fetched beside the handshake, `ms` after its start. */
static void fetches(void)
{
    static const struct { struct rules_case is; enum fetch_kind kind; int status, ms; } t[] = {
        { { "root list, 407", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "trust-list", BLAME_PROXY, LIKELY }, FETCH_ROOT_LIST, 407, 4 },
        { { "root list, 404", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "trust-list", BLAME_SERVER, LIKELY }, FETCH_ROOT_LIST, 404, -5000 },
        { { "root list, 407, the day before", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY }, FETCH_ROOT_LIST, 407, -86400000 },
        { { "root list, 407, long after", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY }, FETCH_ROOT_LIST, 407, 90000 },
        { { "root list, 407, and expired", { FLIGHT, { expired, 0 }, { client_says, 45 } }, "cert-expired", BLAME_SERVER, CERTAIN }, FETCH_ROOT_LIST, 407, 4 },
        { { "root list, 200", { FLIGHT, { unknown_here, 0 }, { client_says, 48 } }, "cert-untrusted-root", BLAME_SERVER, LIKELY }, FETCH_ROOT_LIST, 200, 4 },
        { { "issuer, 407: the server has to send it", { FLIGHT, { no_intermediate, 0 }, { client_says, 48 } }, "cert-missing-intermediate", BLAME_SERVER, LIKELY }, FETCH_ISSUER, 407, 4 },
        { { "issuer, 407, that nobody needs", { FLIGHT, { sound, 0 }, { client_says, 46 } }, "cert-rejected", BLAME_CLIENT, LIKELY }, FETCH_ISSUER, 407, 4 },
        { { "issuer, 407, before", { FLIGHT, { no_intermediate, 0 }, { client_says, 48 } }, "cert-missing-intermediate", BLAME_SERVER, LIKELY }, FETCH_ISSUER, 407, -9 },
        { { "CRL, 407, of nobody known", { FLIGHT, { sound, 0 }, { client_says, 46 } }, "cert-rejected", BLAME_CLIENT, LIKELY }, FETCH_CRL, 407, 4 },
        { { "CRL, 407, by Windows", { FLIGHT, { sound, 0 }, { windows, 0 }, { client_says, 46 } }, "trust-list", BLAME_PROXY, LIKELY }, FETCH_CRL, 407, 4 },
        { { "OCSP, 200, by Windows", { FLIGHT, { sound, 0 }, { windows, 0 }, { client_says, 46 } }, "cert-rejected", BLAME_CLIENT, LIKELY }, FETCH_OCSP, 200, 4 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake *h = made(&t[i].is), plain = { .stream = 0, .outcome = OUTCOME_NOT_TLS, .ends = { h->ends[CLIENT] }, .fetch_n = 1 };
        struct place      at = { .frame = 90, .ns = h->start_ns + t[i].ms * MS };
        struct fetch      f = { .kind = t[i].kind, .status = t[i].status, .client = h->ends[CLIENT], .asked = at, .answered = at, .ended = at, .url = bytes_of("/x", 2) };
        struct peers     *others = peers_new();
        plain.fetches = &f;
        peers_add(others, &plain);
        expect(&t[i].is, h, others);
        peers_free(others);
        sample_free(h);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "certificates", certificates }, { "fetches", fetches }, CU_TEST_INFO_NULL };
    return run_tests("rules_certificate", tests);
}
