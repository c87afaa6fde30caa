/* tls12_client.c - the rest of a client's handshake in TLS 1.0 to 1.2 (RFC 5246 section 7.4). */
#include "client.h"

#include "tlswhy/reader.h"
#include "tlswhy/tls.h"
#include "tlswhy/writer.h"

#include <stdlib.h>
#include <string.h>

enum { TLS_1_2 = 0x0303, DATA_KEPT = 2048, PREMASTER = 48, MESSAGE_MAX = 256 * 1024 };

static void add(struct text *t, struct bytes b)
{
    if (b.n != 0)
        text_add_n(t, (const char *)b.p, b.n);
}

static struct bytes bytes_of(const struct text *t) { return (struct bytes){ (const uint8_t *)(t->s != NULL ? t->s : ""), t->n }; }

void tls12_client_free(struct tls12_client *c)
{
    text_free(&c->heard);
    text_free(&c->messages);
    text_free(&c->data);
    keys_wipe(c, sizeof *c);
}

/* ------------------------------------------------------------------------------------ listening */

/* Finished: its header, and what the keys and all messages before it make (section 7.4.9). */
static void check_finished(struct tls12_client *c, const struct handshake *h, struct bytes message)
{
    uint8_t own[TLS12_FINISHED];
    if (c->finished != SIG_UNCHECKED || message.n != 4 + TLS12_FINISHED || message.p[0] != HS_FINISHED)
        return;
    bool same = tls12_finished(h, c->master, SERVER, bytes_of(&c->messages), own) && memcmp(own, message.p + 4, sizeof own) == 0;
    c->finished = same ? SIG_GOOD : SIG_BAD;
}

static void hear_sealed(struct tls12_client *c, const struct handshake *h, const struct record *rec, const uint8_t *body)
{
    uint8_t  *plain = mem_get(rec->len + 1, 1);
    ptrdiff_t n = tls12_open(&c->receive, rec->type, body, rec->len, plain);
    if (n >= 0 && rec->type == TLS_HANDSHAKE)
        check_finished(c, h, (struct bytes){ plain, (size_t)n });
    else if (n > 0 && rec->type == TLS_APPLICATION_DATA && c->data.n < DATA_KEPT)
        add(&c->data, (struct bytes){ plain, (size_t)n < DATA_KEPT ? (size_t)n : DATA_KEPT });
    free(plain);
}

static void hear_record(struct tls12_client *c, const struct handshake *h, const struct record *rec, const uint8_t *body)
{
    if (c->ccs && c->keyed)
        hear_sealed(c, h, rec, body);
    else if (rec->type == TLS_CHANGE_CIPHER_SPEC)
        c->ccs = true;
    else if (rec->type == TLS_HANDSHAKE && !c->ccs)
        add(&c->messages, (struct bytes){ body, rec->len });
}

void tls12_client_hear(struct tls12_client *c, const struct handshake *h, struct bytes b)
{
    struct record rec;
    size_t        at = 0;
    if (c->messages.n == 0) /* a hello of SSL 2.0's format stands there without its length, as `raw` is */
        add(&c->messages, h->hello.raw);
    add(&c->heard, b);
    for (;;) {
        struct reader r = rd_of(c->heard.s + at, c->heard.n - at);
        if (record_peek(&r, false, &rec) != RECORD_YES || rd_left(&r) < rec.header + rec.len)
            break;
        hear_record(c, h, &rec, (const uint8_t *)c->heard.s + at + rec.header);
        at += rec.header + rec.len;
    }
    memmove(c->heard.s, c->heard.s + at, c->heard.n - at);
    c->heard.n -= at;
}

/* ------------------------------------------------------------------------------------ key exchange */

/* EncryptedPreMasterSecret (section 7.4.7.1): the version is the one that the hello offered. */
static bool exchange_rsa(const struct handshake *h, struct writer *message, uint8_t *premaster, size_t *len)
{
    uint8_t sealed[SIGNATURE_MAX];
    random_bytes(premaster, PREMASTER);
    premaster[0] = (uint8_t)(h->hello.version >> 8);
    premaster[1] = (uint8_t)h->hello.version;
    *len = PREMASTER;
    size_t n = h->cert_count != 0 ? key_encrypts(h->certs[0]->spki, (struct bytes){ premaster, PREMASTER }, sealed, sizeof sealed) : 0;
    wr_u16(message, (unsigned)n);
    wr_bytes(message, sealed, n);
    return n != 0;
}

/* RFC 8422 section 5.4 and 5.7. */
static bool exchange_ecdhe(const struct handshake *h, struct writer *message, uint8_t *premaster, size_t *len)
{
    struct reader    params = rd_of(h->kex.params.p, h->kex.params.n);
    unsigned         type = rd_u8(&params, "curve type");
    uint16_t         group = rd_u16(&params, "group");
    struct reader    point = rd_vec(&params, 1, "point");
    struct ephemeral own;
    enum { NAMED_CURVE = 3 };
    if (params.want != NULL || type != NAMED_CURVE || !ephemeral_new(group, &own))
        return false;
    *len = ephemeral_shared(&own, rd_rest(&point), premaster);
    wr_u8(message, (unsigned)own.public_len);
    wr_bytes(message, own.public_key, own.public_len);
    keys_wipe(&own, sizeof own);
    return *len != 0;
}

/* Section 7.4.3 and 7.4.7.2. */
static bool exchange_dhe(const struct handshake *h, struct writer *message, uint8_t *premaster, size_t *len)
{
    struct reader   params = rd_of(h->kex.params.p, h->kex.params.n);
    struct reader   p = rd_vec(&params, 2, "prime"), g = rd_vec(&params, 2, "generator"), y = rd_vec(&params, 2, "public number");
    struct dh_group group = { .p = rd_rest(&p), .g = rd_rest(&g) };
    uint8_t         own[DH_MAX];
    if (params.want != NULL || !dh_agree(&group, rd_rest(&y), own, premaster, len))
        return false;
    wr_u16(message, (unsigned)group.p.n);
    wr_bytes(message, own, group.p.n);
    return true;
}

static bool exchange(const struct handshake *h, struct writer *message, uint8_t *premaster, size_t *len)
{
    const struct suite *s = suite_of(h->answer.suite);
    switch (s != NULL ? s->kex : KEX_UNKNOWN) {
    case KEX_RSA: return exchange_rsa(h, message, premaster, len);
    case KEX_ECDHE: return exchange_ecdhe(h, message, premaster, len);
    case KEX_DHE: return exchange_dhe(h, message, premaster, len);
    default: return false;
    }
}

/* ------------------------------------------------------------------------------------ speaking */

static void put_record(struct text *out, const struct handshake *h, unsigned type, struct bytes body)
{
    uint16_t version = h->answer.chosen_version;
    for (size_t at = 0; at < body.n;) {
        size_t  n = body.n - at < TLS12_CONTENT_MAX ? body.n - at : TLS12_CONTENT_MAX;
        uint8_t head[5] = { (uint8_t)type, (uint8_t)(version >> 8), (uint8_t)version, (uint8_t)(n >> 8), (uint8_t)n };
        add(out, (struct bytes){ head, sizeof head });
        add(out, (struct bytes){ body.p + at, n });
        at += n;
    }
}

/* A handshake message, whole in the writer: into the transcript and out. */
static bool put_message(struct tls12_client *c, const struct handshake *h, const struct writer *w, struct text *out)
{
    struct bytes whole = { w->p, w->n };
    if (w->full)
        return false;
    add(&c->messages, whole);
    put_record(out, h, TLS_HANDSHAKE, whole);
    return true;
}

static bool say_certificate(struct tls12_client *c, const struct handshake *h, const struct identity *own, struct writer *w, struct text *out)
{
    size_t              n = 0;
    struct cert *const *chain = own != NULL ? identity_chain(own, &n) : NULL;
    w->n = 0;
    wr_u8(w, HS_CERTIFICATE);
    size_t body = wr_begin(w, 3), list = wr_begin(w, 3);
    for (size_t i = 0; i < n; i++) {
        size_t one = wr_begin(w, 3);
        wr_bytes(w, chain[i]->der.p, chain[i]->der.n);
        wr_end(w, one, 3);
    }
    wr_end(w, list, 3);
    wr_end(w, body, 3);
    return put_message(c, h, w, out);
}

/* Also makes the master secret: with extended_master_secret it hangs on the messages up to here. */
static bool say_keys(struct tls12_client *c, const struct handshake *h, struct writer *w, struct text *out)
{
    uint8_t premaster[DH_MAX];
    size_t  len = 0;
    w->n = 0;
    wr_u8(w, HS_CLIENT_KEY_EXCHANGE);
    size_t body = wr_begin(w, 3);
    bool   ok = exchange(h, w, premaster, &len);
    wr_end(w, body, 3);
    ok = ok && put_message(c, h, w, out) && tls12_master(h, (struct bytes){ premaster, len }, bytes_of(&c->messages), c->master);
    keys_wipe(premaster, sizeof premaster);
    return ok;
}

/* CertificateVerify (section 7.4.8; before TLS 1.2 without a scheme). */
static bool say_verify(struct tls12_client *c, const struct handshake *h, const struct identity *own, uint16_t scheme, struct writer *w, struct text *out)
{
    uint8_t      signature[SIGNATURE_MAX];
    struct bytes messages = bytes_of(&c->messages);
    size_t       n = identity_sign(own, scheme, &messages, 1, signature);
    w->n = 0;
    wr_u8(w, HS_CERTIFICATE_VERIFY);
    size_t body = wr_begin(w, 3);
    if (h->answer.chosen_version == TLS_1_2)
        wr_u16(w, scheme);
    wr_u16(w, (unsigned)n);
    wr_bytes(w, signature, n);
    wr_end(w, body, 3);
    return n != 0 && put_message(c, h, w, out);
}

static bool say_finished(struct tls12_client *c, const struct handshake *h, struct text *out)
{
    static const uint8_t ccs[] = { 1 };
    struct tls12_opener  both[2];
    uint8_t              message[4 + TLS12_FINISHED] = { HS_FINISHED, 0, 0, TLS12_FINISHED };
    if (!tls12_openers(h, c->master, both) || !tls12_finished(h, c->master, CLIENT, bytes_of(&c->messages), message + 4))
        return false;
    c->send = both[CLIENT];
    c->receive = both[SERVER];
    keys_wipe(both, sizeof both);
    put_record(out, h, TLS_CHANGE_CIPHER_SPEC, (struct bytes){ ccs, sizeof ccs });
    struct bytes whole = { message, sizeof message };
    add(&c->messages, whole);
    c->keyed = tls12_client_send(c, TLS_HANDSHAKE, whole, false, out);
    return c->keyed;
}

bool tls12_client_reply(struct tls12_client *c, const struct handshake *h, const struct identity *own, struct text *out)
{
    struct writer w = { .cap = MESSAGE_MAX };
    uint16_t      scheme = 0;
    bool          asked = knows(h, KNOW_CERT_REQUEST);
    if (!tls12_can(h) || h->hello_done.len == 0)
        return false;
    w.p = mem_get(w.cap, 1);
    if (own != NULL && !(asked && identity_scheme(own, h->answer.chosen_version, &h->cert_request, &scheme)))
        own = NULL;
    bool ok = (!asked || say_certificate(c, h, own, &w, out)) && say_keys(c, h, &w, out) && (own == NULL || say_verify(c, h, own, scheme, &w, out)) &&
              say_finished(c, h, out);
    free(w.p);
    return ok;
}

bool tls12_client_send(struct tls12_client *c, unsigned type, struct bytes content, bool split, struct text *out)
{
    uint8_t *record = mem_get(TLS12_SEALED_MAX, 1);
    size_t   first = split && content.n > 1 ? 1 : content.n, n = tls12_seal(&c->send, type, content.p, first, record);
    bool     ok = n != 0;
    add(out, (struct bytes){ record, n });
    if (ok && first < content.n) {
        n = tls12_seal(&c->send, type, content.p + first, content.n - first, record);
        ok = n != 0;
        add(out, (struct bytes){ record, n });
    }
    free(record);
    return ok;
}
