/* serve_flight.c - server flights written by hand, with what is wrong in them: TLS 1.0 to 1.2 up to ServerHelloDone, TLS 1.3 up to
 * the server's Finished (RFC 8446 section 2). Only the first flight is played: whoever reads it knows what it came for. */
#include "serving.h"

#include "tlswhy/tls.h"
#include "tlswhy/tls13.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGES_MAX = 12, HYBRID_SHARE = 1120 }; /* ML-KEM-768 ciphertext and an X25519 point */

struct flown {
    struct arena         arena;
    struct handshake     h; /* what the key schedule asks for: raw messages, the suite */
    struct bytes         messages[MESSAGES_MAX]; /* of the transcript, in order */
    size_t               n;
    uint8_t              server_random[32];
    struct tls13_secrets secrets;
    struct tls13_opener  sealer;
};

struct flown *flown_new(void) { return mem_get(1, sizeof(struct flown)); }

void flown_free(struct flown *f)
{
    if (f == NULL)
        return;
    keys_wipe(&f->secrets, sizeof f->secrets);
    keys_wipe(&f->sealer, sizeof f->sealer);
    arena_free(&f->arena);
    free(f);
}

bool flight_retried(const struct flown *kept) { return kept->h.retry.raw.p != NULL && kept->h.hello2.raw.p == NULL; }

/* ------------------------------------------------------------------------------------ messages and records */

/* A handshake message is being written: where its length goes. */
static size_t message_begin(struct writer *w, unsigned type)
{
    wr_u8(w, type);
    return wr_begin(w, 3);
}

static void record(struct writer *out, unsigned type, uint16_t version, const void *p, size_t n)
{
    wr_u8(out, type);
    wr_u16(out, version);
    wr_u16(out, (unsigned)n);
    wr_bytes(out, p, n);
}

static struct bytes keep(struct flown *k, const struct writer *w)
{
    return w->full ? (struct bytes){ 0 } : (struct bytes){ arena_copy(&k->arena, w->p, w->n), w->n };
}

/* Puts a message into the transcript. */
static void remember(struct flown *k, struct bytes message)
{
    if (k->n < MESSAGES_MAX)
        k->messages[k->n++] = message;
}

static uint16_t suite_for(const struct flight *f, const struct client_hello *hello)
{
    for (size_t i = 0; i < ARRAY_LEN(f->suites) && f->suites[i] != 0; i++)
        if (offers_suite(hello, f->suites[i]))
            return f->suites[i];
    return 0;
}

static void extension(struct writer *w, unsigned type, const void *p, size_t n)
{
    wr_u16(w, type);
    wr_u16(w, (unsigned)n);
    wr_bytes(w, p, n);
}

static void extensions_12(struct writer *w, const struct flight *f, const struct client_hello *hello)
{
    size_t all = wr_begin(w, 2), before = w->n;
    if ((f->flags & FLIGHT_NO_RENEGO) == 0 && (hello->renego_info || hello->renego_scsv))
        extension(w, EXT_RENEGOTIATION_INFO, "", 1);
    if ((f->flags & FLIGHT_REVOKED) != 0 && hello->status_request)
        extension(w, EXT_STATUS_REQUEST, "", 0);
    if (f->group != 0 && hello->point_formats.p != NULL)
        extension(w, EXT_EC_POINT_FORMATS, "\1", 2);
    wr_end(w, all, 2);
    if (w->n == before && !w->full)
        w->n = all; /* an empty list is left out, as old servers do */
}

static void server_hello(struct writer *w, struct flown *k, const struct flight *f, const struct client_hello *hello, uint16_t suite)
{
    size_t body = message_begin(w, HS_SERVER_HELLO);
    random_bytes(k->server_random, sizeof k->server_random);
    if ((f->flags & FLIGHT_MARK) != 0)
        memcpy(k->server_random + 24, "DOWNGRD\1", 8);
    wr_u16(w, f->version > 0x0303 ? 0x0303 : f->version);
    wr_bytes(w, k->server_random, sizeof k->server_random);
    wr_u8(w, 0);
    wr_u16(w, suite);
    wr_u8(w, 0);
    extensions_12(w, f, hello);
    wr_end(w, body, 3);
}

static void certificate(struct writer *w, const struct serve_certs *certs, bool new)
{
    size_t body = message_begin(w, HS_CERTIFICATE);
    if (new)
        wr_u8(w, 0);
    size_t list = wr_begin(w, 3);
    for (size_t i = 0; i < certs->n; i++) {
        wr_uint(w, 3, certs->der[i].n);
        wr_bytes(w, certs->der[i].p, certs->der[i].n);
        if (new)
            wr_u16(w, 0);
    }
    wr_end(w, list, 3);
    wr_end(w, body, 3);
}

static void status(struct writer *w, struct bytes staple)
{
    size_t body = message_begin(w, HS_CERTIFICATE_STATUS);
    wr_u8(w, 1); /* ocsp */
    wr_uint(w, 3, staple.n);
    wr_bytes(w, staple.p, staple.n);
    wr_end(w, body, 3);
}

static enum hash_id hash_of(uint16_t sigalg)
{
    switch (sigalg_hash(sigalg)) {
    case 2: return HASH_SHA1;
    case 5: return HASH_SHA384;
    case 6: return HASH_SHA512;
    default: return HASH_SHA256;
    }
}

/* ECDHE (RFC 8422 section 5.4). */
static bool key_exchange(struct writer *w, const struct flown *k, const struct flight *f, const struct serve_certs *certs, const struct client_hello *hello)
{
    struct ephemeral e;
    uint8_t          signature[PKI_SIGNATURE_MAX];
    if (!ephemeral_new(f->group, &e))
        return false;
    size_t body = message_begin(w, HS_SERVER_KEY_EXCHANGE), params = w->n;
    wr_u8(w, 3); /* named_curve */
    wr_u16(w, f->group);
    wr_u8(w, (unsigned)e.public_len);
    wr_bytes(w, e.public_key, e.public_len);
    if (w->full)
        return false;
    struct bytes pieces[] = { hello->random, { k->server_random, sizeof k->server_random }, { w->p + params, w->n - params } };
    size_t n = pki_sign(certs, hash_of(f->sigalg), pieces, ARRAY_LEN(pieces), signature);
    if (f->version >= 0x0303)
        wr_u16(w, f->sigalg);
    wr_u16(w, (unsigned)n);
    wr_bytes(w, signature, n);
    wr_end(w, body, 3);
    return n != 0;
}

/* ------------------------------------------------------------------------------------ TLS 1.0 to 1.2 */

/* A Certificate that says to be as long as can be, and 64 KB of it. */
static void huge(struct writer *out, uint16_t version)
{
    uint8_t piece[4096] = { HS_CERTIFICATE, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc, 0xff, 0xff, 0xf9 };
    for (size_t i = 0; i < 16; i++) {
        record(out, TLS_HANDSHAKE, version, piece, sizeof piece);
        memset(piece, 0, sizeof piece);
    }
}

static bool flight_12(const struct flight *f, struct flown *k, struct pki *pki, const struct serve_certs *certs, const struct client_hello *hello,
                      uint16_t suite, struct writer *out)
{
    static const char garbage[] = "\x99\x98\x97 this is no TLS record \x96\x95\x94";
    uint8_t           room[8192];
    struct writer     w = { .p = room, .cap = sizeof room };
    bool              ok = true;
    if (f->group != 0 && !offers_group(hello, f->group))
        return false;
    server_hello(&w, k, f, hello, suite);
    if ((f->flags & (FLIGHT_GARBAGE | FLIGHT_HUGE)) != 0) {
        record(out, TLS_HANDSHAKE, f->version, w.p, w.n);
        if ((f->flags & FLIGHT_HUGE) != 0)
            huge(out, f->version);
        else
            wr_bytes(out, garbage, sizeof garbage);
        return !out->full;
    }
    certificate(&w, certs, false);
    struct bytes staple = (f->flags & FLIGHT_REVOKED) != 0 && hello->status_request ? pki_revoked(pki, certs, &k->arena) : (struct bytes){ 0 };
    if (staple.n != 0)
        status(&w, staple);
    if (f->group != 0)
        ok = key_exchange(&w, k, f, certs, hello);
    wr_end(&w, message_begin(&w, HS_SERVER_HELLO_DONE), 3);
    if (ok && !w.full)
        record(out, TLS_HANDSHAKE, f->version, w.p, w.n);
    return ok && !w.full && !out->full;
}

/* ------------------------------------------------------------------------------------ TLS 1.3 */

/* The client's share for a group; p NULL = none (RFC 8446 section 4.2.8). */
static struct bytes share_of(const struct client_hello *hello, uint16_t group)
{
    for (size_t i = 0; i < hello->exts; i++) {
        struct reader r = rd_of(hello->ext[i].body.p, hello->ext[i].body.n), list;
        if (hello->ext[i].type != EXT_KEY_SHARE)
            continue;
        list = rd_vec(&r, 2, "client_shares");
        while (rd_more(&list)) {
            uint16_t      of = rd_u16(&list, "group");
            struct reader share = rd_vec(&list, 2, "key_exchange");
            if (of == group)
                return rd_rest(&share);
        }
    }
    return (struct bytes){ 0 };
}

static uint16_t group_for(const struct flight *f, const struct client_hello *hello)
{
    if (f->group != 0)
        return offers_group(hello, f->group) ? f->group : 0;
    for (size_t i = 0; i < hello->key_shares.n; i++)
        if (keys_can(hello->key_shares.v[i]))
            return hello->key_shares.v[i];
    return 0;
}

/* ServerHello of TLS 1.3, or HelloRetryRequest (share p NULL). */
static struct bytes hello_13(struct flown *k, const struct client_hello *hello, uint16_t suite, uint16_t group, struct bytes share)
{
    static const uint8_t retry[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                       0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
    uint8_t       room[2048];
    struct writer w = { .p = room, .cap = sizeof room };
    size_t        body = message_begin(&w, HS_SERVER_HELLO);
    random_bytes(k->server_random, sizeof k->server_random);
    wr_u16(&w, 0x0303);
    wr_bytes(&w, share.p != NULL ? k->server_random : retry, 32);
    wr_u8(&w, (unsigned)hello->session_id.n);
    wr_bytes(&w, hello->session_id.p, hello->session_id.n);
    wr_u16(&w, suite);
    wr_u8(&w, 0);
    size_t list = wr_begin(&w, 2);
    extension(&w, EXT_SUPPORTED_VERSIONS, "\3\4", 2);
    wr_u16(&w, EXT_KEY_SHARE);
    size_t key = wr_begin(&w, 2);
    wr_u16(&w, group);
    if (share.p != NULL) {
        wr_u16(&w, (unsigned)share.n);
        wr_bytes(&w, share.p, share.n);
    }
    wr_end(&w, key, 2);
    wr_end(&w, list, 2);
    wr_end(&w, body, 3);
    return keep(k, &w);
}

static size_t transcript(const struct flown *k, const struct tls13_suite *s, uint8_t out[DIGEST_MAX]) { return digest(s->hash, k->messages, k->n, out); }

/* Seals what was written as one message, into the transcript, too. */
static void send_sealed(struct flown *k, struct writer *w, struct writer *out)
{
    uint8_t sealed[2048 + 64];
    remember(k, keep(k, w));
    wr_bytes(out, sealed, tls13_seal(&k->sealer, TLS_HANDSHAKE, w->p, w->n, sealed));
    w->n = 0;
}

static bool verify_and_finish(struct flown *k, const struct flight *f, const struct serve_certs *certs, struct writer *w, struct writer *out)
{
    const struct tls13_suite *s = k->sealer.suite;
    static const char         context[] = "TLS 1.3, server CertificateVerify"; /* with its zero */
    uint8_t      spaces[64], hash[DIGEST_MAX], signature[PKI_SIGNATURE_MAX], key[DIGEST_MAX];
    struct bytes pieces[] = { { spaces, sizeof spaces }, { (const uint8_t *)context, sizeof context }, { hash, transcript(k, s, hash) } };
    memset(spaces, ' ', sizeof spaces);
    size_t n = pki_sign(certs, hash_of(f->sigalg), pieces, ARRAY_LEN(pieces), signature), body = message_begin(w, HS_CERTIFICATE_VERIFY);
    wr_u16(w, f->sigalg);
    wr_u16(w, (unsigned)n);
    wr_bytes(w, signature, n);
    wr_end(w, body, 3);
    send_sealed(k, w, out);
    struct bytes seen = { hash, transcript(k, s, hash) }, none = { hash, 0 };
    if (n == 0 || !tls13_expand(s->hash, (struct bytes){ k->secrets.handshake[SERVER], s->hash_len }, "finished", none, key, s->hash_len))
        return false;
    uint8_t mac[DIGEST_MAX];
    size_t  mac_len = hmac_of(s->hash, (struct bytes){ key, s->hash_len }, &seen, 1, mac);
    body = message_begin(w, HS_FINISHED);
    wr_bytes(w, mac, mac_len);
    wr_end(w, body, 3);
    send_sealed(k, w, out);
    transcript(k, s, hash);
    return tls13_application_secrets(s, hash, &k->secrets) &&
           tls13_opener_init(&k->sealer, s->id, k->secrets.application[SERVER], s->hash_len);
}

static bool sealed_flight(struct flown *k, const struct flight *f, const struct serve_certs *certs, struct writer *out)
{
    static const uint8_t sigalgs[] = { 0, 8, 4, 3, 8, 4, 4, 1, 5, 3 };
    uint8_t       room[2048];
    struct writer w = { .p = room, .cap = sizeof room };
    size_t        body = message_begin(&w, HS_ENCRYPTED_EXTENSIONS);
    wr_u16(&w, 0);
    wr_end(&w, body, 3);
    send_sealed(k, &w, out);
    if ((f->flags & FLIGHT_ASKS) != 0) {
        body = message_begin(&w, HS_CERTIFICATE_REQUEST);
        wr_u8(&w, 0);
        size_t list = wr_begin(&w, 2);
        extension(&w, EXT_SIGNATURE_ALGORITHMS, sigalgs, sizeof sigalgs);
        wr_end(&w, list, 2);
        wr_end(&w, body, 3);
        send_sealed(k, &w, out);
    }
    certificate(&w, certs, true);
    if (w.full)
        return false;
    send_sealed(k, &w, out);
    return verify_and_finish(k, f, certs, &w, out);
}

/* After a HelloRetryRequest the first hello stands in the transcript as its hash (RFC 8446 section 4.4.1). */
static bool retry(struct flown *k, const struct client_hello *hello, uint16_t suite, uint16_t group, struct writer *out)
{
    const struct tls13_suite *s = tls13_suite_of(suite);
    uint8_t                   first[4 + DIGEST_MAX] = { HS_MESSAGE_HASH, 0, 0, (uint8_t)s->hash_len };
    k->h.hello.raw = (struct bytes){ arena_copy(&k->arena, hello->raw.p, hello->raw.n), hello->raw.n };
    k->h.retry.raw = hello_13(k, hello, suite, group, (struct bytes){ 0 });
    digest(s->hash, &k->h.hello.raw, 1, first + 4);
    remember(k, (struct bytes){ arena_copy(&k->arena, first, 4 + s->hash_len), 4 + s->hash_len });
    remember(k, k->h.retry.raw);
    record(out, TLS_HANDSHAKE, 0x0303, k->h.retry.raw.p, k->h.retry.raw.n);
    return !out->full;
}

/* The share of a group that nobody here can compute: it is only looked at. */
static bool hybrid(struct flown *k, const struct client_hello *hello, uint16_t suite, struct writer *out)
{
    uint8_t noise[HYBRID_SHARE];
    random_bytes(noise, sizeof noise);
    struct bytes message = hello_13(k, hello, suite, GROUP_X25519MLKEM768, (struct bytes){ noise, sizeof noise });
    record(out, TLS_HANDSHAKE, 0x0303, message.p, message.n);
    record(out, TLS_APPLICATION_DATA, 0x0303, noise, 512);
    return !out->full;
}

static bool flight_13(const struct flight *f, struct flown *k, const struct serve_certs *certs, const struct client_hello *hello, uint16_t suite,
                      struct writer *out)
{
    uint16_t         group = group_for(f, hello);
    struct bytes     share = share_of(hello, group);
    struct ephemeral mine;
    uint8_t          shared[KEY_SHARED_MAX];
    if (group == 0 || tls13_suite_of(suite) == NULL || !offers_version(hello, 0x0304))
        return false;
    if (((f->flags & FLIGHT_RETRY) != 0 && k->h.retry.raw.p == NULL) || (share.p == NULL && k->h.retry.raw.p == NULL))
        return retry(k, hello, suite, group, out);
    if (group == GROUP_X25519MLKEM768)
        return hybrid(k, hello, suite, out);
    size_t n = share.p != NULL && ephemeral_new(group, &mine) ? ephemeral_shared(&mine, share, shared) : 0;
    if (n == 0)
        return false;
    *(k->h.retry.raw.p != NULL ? &k->h.hello2.raw : &k->h.hello.raw) = (struct bytes){ arena_copy(&k->arena, hello->raw.p, hello->raw.n), hello->raw.n };
    remember(k, k->h.retry.raw.p != NULL ? k->h.hello2.raw : k->h.hello.raw);
    k->h.answer.raw = hello_13(k, hello, suite, group, (struct bytes){ mine.public_key, mine.public_len });
    k->h.answer.suite = suite;
    remember(k, k->h.answer.raw);
    record(out, TLS_HANDSHAKE, 0x0303, k->h.answer.raw.p, k->h.answer.raw.n);
    record(out, TLS_CHANGE_CIPHER_SPEC, 0x0303, "\1", 1);
    bool ok = tls13_handshake_secrets(&k->h, (struct bytes){ shared, n }, &k->secrets) &&
              tls13_opener_init(&k->sealer, suite, k->secrets.handshake[SERVER], k->secrets.handshake_len[SERVER]) &&
              sealed_flight(k, f, certs, out);
    keys_wipe(shared, sizeof shared);
    keys_wipe(&mine, sizeof mine);
    return ok && !out->full;
}

bool flight_write(const struct flight *f, struct flown *kept, struct pki *pki, const struct serve_certs *certs, const struct client_hello *hello,
                  struct writer *out)
{
    uint16_t suite = suite_for(f, hello);
    if (suite == 0)
        return false;
    return f->version >= 0x0304 ? flight_13(f, kept, certs, hello, suite, out) : flight_12(f, kept, pki, certs, hello, suite, out);
}

bool flight_alert(struct flown *kept, unsigned number, struct writer *out)
{
    uint8_t alert[2] = { 2, (uint8_t)number }, sealed[64];
    size_t  n = tls13_seal(&kept->sealer, TLS_ALERT, alert, sizeof alert, sealed);
    wr_bytes(out, sealed, n);
    return n != 0 && !out->full;
}
