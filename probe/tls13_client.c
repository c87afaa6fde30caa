/* tls13_client.c - the client's last flight of TLS 1.3 (RFC 8446 section 4.4). */
#include "client.h"

#include "tlswhy/tls.h"
#include "tlswhy/writer.h"

#include <stdlib.h>
#include <string.h>

enum { FLIGHT_MAX = 256 * 1024, RECORD_MAX = 16384, SEALED_EXTRA = 22 };

/* The messages so far, without a client's own before them. */
struct flight {
    const void               *slot;
    const struct tls13_suite *suite;
    const uint8_t            *secret; /* the client's handshake traffic secret */
    struct writer             w;
};

static bool hash(const struct flight *f, uint8_t out[DIGEST_MAX]) { return observing_hash_13(f->slot, (struct bytes){ f->w.p, f->w.n }, out); }

static void say_certificate(struct flight *f, const struct identity *own)
{
    size_t              n = 0;
    struct cert *const *chain = own != NULL ? identity_chain(own, &n) : NULL;
    wr_u8(&f->w, HS_CERTIFICATE);
    size_t body = wr_begin(&f->w, 3);
    wr_u8(&f->w, 0); /* certificate_request_context: empty in a handshake */
    size_t list = wr_begin(&f->w, 3);
    for (size_t i = 0; i < n; i++) {
        size_t one = wr_begin(&f->w, 3);
        wr_bytes(&f->w, chain[i]->der.p, chain[i]->der.n);
        wr_end(&f->w, one, 3);
        wr_u16(&f->w, 0); /* no extensions */
    }
    wr_end(&f->w, list, 3);
    wr_end(&f->w, body, 3);
}

/* Section 4.4.3: 64 blanks, a label, a zero byte, and the hash of all messages so far. */
static bool say_verify(struct flight *f, const struct identity *own, uint16_t scheme)
{
    static const char label[] = "                                                                TLS 1.3, client CertificateVerify";
    uint8_t           seen[DIGEST_MAX], signature[SIGNATURE_MAX];
    if (!hash(f, seen))
        return false;
    struct bytes pieces[] = { { (const uint8_t *)label, sizeof label }, { seen, f->suite->hash_len } };
    size_t       n = identity_sign(own, scheme, pieces, ARRAY_LEN(pieces), signature);
    wr_u8(&f->w, HS_CERTIFICATE_VERIFY);
    size_t body = wr_begin(&f->w, 3);
    wr_u16(&f->w, scheme);
    wr_u16(&f->w, (unsigned)n);
    wr_bytes(&f->w, signature, n);
    wr_end(&f->w, body, 3);
    return n != 0;
}

/* Section 4.4.4. */
static bool say_finished(struct flight *f)
{
    uint8_t      key[DIGEST_MAX], seen[DIGEST_MAX], mac[DIGEST_MAX];
    size_t       n = f->suite->hash_len;
    struct bytes nothing = { (const uint8_t *)"", 0 };
    bool         ok = hash(f, seen) && tls13_expand(f->suite->hash, (struct bytes){ f->secret, n }, "finished", nothing, key, n) &&
              hmac_of(f->suite->hash, (struct bytes){ key, n }, &(struct bytes){ seen, n }, 1, mac) == n;
    wr_u8(&f->w, HS_FINISHED);
    wr_uint(&f->w, 3, n);
    wr_bytes(&f->w, mac, n);
    keys_wipe(key, sizeof key);
    return ok;
}

/* One message a record, as far as it fits. */
static bool seal(const struct flight *f, struct text *out)
{
    enum { HEADER = 4 };
    struct tls13_opener o;
    uint8_t            *record = mem_get(RECORD_MAX + SEALED_EXTRA, 1);
    bool                ok = tls13_opener_init(&o, f->suite->id, f->secret, f->suite->hash_len);
    for (size_t at = 0; ok && at < f->w.n;) {
        const uint8_t *p = f->w.p + at;
        size_t         whole = HEADER + ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]), end = at + whole;
        for (; ok && at < end;) {
            size_t n = end - at < RECORD_MAX ? end - at : RECORD_MAX, len = tls13_seal(&o, TLS_HANDSHAKE, f->w.p + at, n, record);
            ok = len != 0;
            text_add_n(out, (const char *)record, len);
            at += n;
        }
    }
    keys_wipe(&o, sizeof o);
    free(record);
    return ok;
}

bool tls13_client_reply(const void *slot, const struct handshake *h, const struct identity *own, struct text *out, uint8_t all[DIGEST_MAX])
{
    const struct tls13_secrets *s = observing_secrets(slot);
    const struct tls13_suite   *suite = tls13_suite_of(h->answer.suite);
    uint16_t                    scheme = 0;
    uint8_t                     seen[DIGEST_MAX];
    if (s == NULL || suite == NULL || s->handshake_len[CLIENT] != suite->hash_len || !observing_hash_13(slot, (struct bytes){ seen, 0 }, seen))
        return false;
    struct flight f = { slot, suite, s->handshake[CLIENT], { .p = mem_get(FLIGHT_MAX, 1), .cap = FLIGHT_MAX } };
    bool          asked = knows(h, KNOW_CERT_REQUEST), sends = own != NULL && asked && identity_scheme(own, h->answer.chosen_version, &h->cert_request, &scheme);
    if (asked)
        say_certificate(&f, sends ? own : NULL);
    bool ok = (!sends || say_verify(&f, own, scheme)) && say_finished(&f) && hash(&f, all) && !f.w.full && seal(&f, out);
    free(f.w.p);
    return ok;
}
