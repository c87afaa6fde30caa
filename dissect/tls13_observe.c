/* tls13_observe.c - TLS 1.3 records whose secrets somebody knows: opened, and their messages read as if sent in clear
 * (RFC 8446 section 5.2). CertificateVerify is checked on the way (section 4.4.3), for it signs all that came before. */
#include <stdlib.h>
#include <string.h>

#include "observe_conn.h"

struct reading_13 {
    struct tls13_secrets secrets;
    struct tls13_opener  open[2]; /* by TLS side */
    bool                 done[2]; /* its Finished was read: the keys are those of application data */
    uint8_t             *seen;    /* the server's messages since its hello, for what CertificateVerify signs */
    size_t               seen_n, seen_cap;
};

void forget_13(struct conn *c)
{
    if (c->keys == NULL)
        return;
    forget_bytes(&c->keys->seen, &c->keys->seen_cap);
    keys_wipe(c->keys, sizeof *c->keys);
    free(c->keys);
    c->keys = NULL;
}

/* Asked when the first encrypted record is there: by then both hellos are. */
static void ask(struct conn *c)
{
    const struct handshake *h = c->cur;
    struct reading_13      *k = c->keys = mem_get(1, sizeof *k);
    if (!c->o->ask(c->o->ask_ctx, h, &k->secrets))
        return;
    for (int t = 0; t < 2; t++)
        if (k->secrets.handshake_len[t] != 0)
            tls13_opener_init(&k->open[t], h->answer.suite, k->secrets.handshake[t], k->secrets.handshake_len[t]);
}

bool opens_13(struct conn *c, enum side w)
{
    if (c->o->ask == NULL || !speaks_13(c) || !knows(c->cur, KNOW_SERVER_HELLO))
        return false;
    if (c->keys == NULL)
        ask(c);
    return c->keys->open[tls_side(c, w)].suite != NULL;
}

/* In a long flow of application data only short records can be of interest: alerts, KeyUpdate, tickets. */
bool wants_13(const struct conn *c, enum side w, const struct record *rec)
{
    enum { SHORT = 1024 };
    enum side t = tls_side(c, w);
    return rec->len <= SHORT || !c->keys->done[t] || c->cur->side[t].enc_records < 2 * ENC_KEPT;
}

void passed_13(struct conn *c, enum side w)
{
    if (c->keys != NULL)
        c->keys->open[tls_side(c, w)].sequence++;
}

static void use_application_keys(struct conn *c, enum side t)
{
    struct reading_13   *k = c->keys;
    struct tls13_secrets late = { 0 };
    if (k->secrets.application_len[t] == 0 && c->o->ask(c->o->ask_ctx, c->cur, &late)) { /* a key log may have grown meanwhile */
        memcpy(k->secrets.application[t], late.application[t], late.application_len[t]);
        k->secrets.application_len[t] = late.application_len[t];
        keys_wipe(&late, sizeof late);
    }
    if (!tls13_opener_init(&k->open[t], c->cur->answer.suite, k->secrets.application[t], k->secrets.application_len[t]))
        k->open[t] = (struct tls13_opener){ 0 };
}

/* The hash of both hellos, the server's messages so far, and `more` (section 4.4.1). */
static bool hash_messages(const struct conn *c, const struct tls13_suite *s, struct bytes more, uint8_t hash[DIGEST_MAX])
{
    const struct handshake *h = c->cur;
    uint8_t                 first[4 + DIGEST_MAX] = { HS_MESSAGE_HASH, 0, 0 };
    struct bytes            pieces[6];
    size_t                  n = 0;
    if (h->retry.raw.p != NULL) {
        first[3] = (uint8_t)digest(s->hash, &h->hello.raw, 1, first + 4);
        pieces[n++] = (struct bytes){ first, 4u + first[3] };
        pieces[n++] = h->retry.raw;
        pieces[n++] = h->hello2.raw;
    } else {
        pieces[n++] = h->hello.raw;
    }
    pieces[n++] = h->answer.raw;
    pieces[n++] = (struct bytes){ c->keys->seen, c->keys->seen_n };
    pieces[n++] = more;
    return digest(s->hash, pieces, n, hash) != 0;
}

/* After its Finished a side goes on under other keys (RFC 8446 section 7.3). */
static void side_finished(struct conn *c, enum side t)
{
    const struct tls13_suite *s = tls13_suite_of(c->cur->answer.suite);
    uint8_t                   hash[DIGEST_MAX];
    if (t == SERVER && c->keys->secrets.secret_len != 0 && hash_messages(c, s, (struct bytes){ 0 }, hash))
        tls13_application_secrets(s, hash, &c->keys->secrets);
    if (!c->keys->done[t])
        use_application_keys(c, t);
    c->keys->done[t] = true;
}

/* And after a KeyUpdate under the next ones (section 7.2). */
static void key_update(struct conn *c, enum side t)
{
    struct reading_13        *k = c->keys;
    const struct tls13_suite *s = tls13_suite_of(c->cur->answer.suite);
    struct bytes              old = { k->secrets.application[t], k->secrets.application_len[t] }, nothing = { (const uint8_t *)"", 0 };
    if (k->done[t] && s != NULL && tls13_expand(s->hash, old, "traffic upd", nothing, k->secrets.application[t], s->hash_len))
        use_application_keys(c, t);
}

static void encrypted_extensions(struct handshake *h, struct reader body)
{
    struct reader list = rd_vec(&body, 2, "extensions");
    while (rd_more(&list)) {
        uint16_t      type = rd_u16(&list, "extension type");
        struct reader ext = rd_vec(&list, 2, "extension");
        if (type != EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
            continue;
        struct reader names = rd_vec(&ext, 2, "protocol names"), name = rd_vec(&names, 1, "protocol name");
        struct bytes  chosen = rd_rest(&name);
        if (chosen.n > 0)
            h->answer.alpn = (struct bytes){ arena_copy(&h->arena, chosen.p, chosen.n), chosen.n };
    }
}

/* What the signature covers: 64 blanks, a label, a zero byte, and the hash of all messages so far. */
static void certificate_verify(struct conn *c, struct reader body, struct place where)
{
    static const char label[] = "                                                                TLS 1.3, server CertificateVerify";
    struct handshake         *h = c->cur;
    const struct tls13_suite *s = tls13_suite_of(h->answer.suite);
    uint8_t                   hash[DIGEST_MAX];
    h->kex.where = where;
    h->kex.sigalg = rd_u16(&body, "signature scheme");
    struct reader sig = rd_vec(&body, 2, "signature");
    struct bytes  signature = rd_rest(&sig);
    if (s == NULL || signature.n == 0 || h->cert_count == 0 || !hash_messages(c, s, (struct bytes){ 0 }, hash))
        return;
    struct bytes is_signed[] = { { (const uint8_t *)label, sizeof label }, { hash, s->hash_len } };
    h->kex.verified = cert_verifies(h->certs[0], h->kex.sigalg, is_signed, ARRAY_LEN(is_signed), signature);
}

/* Every whole message comes by; those of a handshake without secrets are none of our business. */
void message_13(struct conn *c, enum side w, unsigned type, struct bytes whole, struct place where)
{
    struct handshake *h = c->cur;
    enum side         t = tls_side(c, w);
    struct reader     body = rd_of(whole.p + 4, whole.n - 4);
    if (c->keys == NULL || c->keys->open[t].suite == NULL)
        return;
    if (t == SERVER && type == HS_ENCRYPTED_EXTENSIONS)
        encrypted_extensions(h, body);
    if (t == SERVER && type == HS_CERTIFICATE_VERIFY && h->kex.where.len == 0)
        certificate_verify(c, body, where);
    if (t == SERVER && !c->keys->done[t] && c->keys->seen_n + whole.n <= DIRECTION_KEPT)
        keep_bytes(&c->keys->seen, &c->keys->seen_n, &c->keys->seen_cap, whole.p, whole.n);
    if (type == HS_FINISHED)
        side_finished(c, t);
    if (type == HS_KEY_UPDATE)
        key_update(c, t);
}

void opened_13(struct conn *c, enum side w, const struct record *rec, const uint8_t *body, uint64_t at, struct place where)
{
    struct handshake    *h = c->cur;
    enum side            t = tls_side(c, w);
    struct tls13_opener *o = &c->keys->open[t];
    uint8_t             *plain = mem_get(rec->len + 1, 1), inner = 0;
    ptrdiff_t            n = tls13_open(o, rec->version, body, rec->len, plain, &inner);
    if (n < 0 && t == CLIENT && h->hello.early_data && o->sequence == 0 && knows(h, KNOW_DECRYPTED)) {
        note_encrypted(&h->side[t], rec->type, rec->len, where); /* 0-RTT has keys of its own (RFC 8446 section 4.2.10) */
        add_message(c, t, MSG_ENCRYPTED, rec->version, where);
    } else if (n < 0) { /* not these keys: what follows cannot be read either */
        *o = (struct tls13_opener){ 0 };
        h->unopened = h->unopened || t == SERVER;
        encrypted_record(c, w, rec->type, rec->len, where);
    } else {
        h->known |= KNOW_DECRYPTED;
        c->h->tls_seen[t] = true;
        note_encrypted(&h->side[t], rec->type, rec->len, where);
        if (inner == TLS_HANDSHAKE)
            handshake_fragment(c, w, (struct bytes){ plain, (size_t)n }, at + rec->header);
        else if (inner == TLS_ALERT)
            clear_alerts(c, t, plain, (size_t)n, rec->version, true, where);
        else
            application_record(c, t, rec->len, where);
    }
    keys_wipe(plain, rec->len);
    free(plain);
}

bool observing_hash_13(const void *slot, struct bytes more, uint8_t hash[DIGEST_MAX])
{
    const struct conn        *c = slot;
    const struct tls13_suite *s = c != NULL && c->keys != NULL && c->keys->done[SERVER] ? tls13_suite_of(c->cur->answer.suite) : NULL;
    return s != NULL && hash_messages(c, s, more, hash);
}

const struct tls13_secrets *observing_secrets(const void *slot)
{
    const struct conn *c = slot;
    return c != NULL && c->keys != NULL ? &c->keys->secrets : NULL;
}
