/* tls13_keys.c - from a shared secret to record keys, and records opened with them. HKDF is made of HMAC (RFC 5869). */
#include "tlswhy/tls13.h"

#include <string.h>

static const struct tls13_suite suites[] = {
    { 0x1301, HASH_SHA256, 32, 16, AEAD_AES_GCM },   { 0x1302, HASH_SHA384, 48, 32, AEAD_AES_GCM },
    { 0x1303, HASH_SHA256, 32, 32, AEAD_CHACHA20_POLY1305 }, { 0x1304, HASH_SHA256, 32, 16, AEAD_AES_CCM },
    { 0x1305, HASH_SHA256, 32, 16, AEAD_AES_CCM_8 },
};

const struct tls13_suite *tls13_suite_of(uint32_t id)
{
    for (size_t i = 0; i < ARRAY_LEN(suites); i++)
        if (suites[i].id == id)
            return &suites[i];
    return NULL;
}

/* What fits into one block of the hash is all that TLS 1.3 asks for. */
bool tls13_expand(enum hash_id h, struct bytes secret, const char *label, struct bytes context, uint8_t *out, size_t len)
{
    uint8_t info[2 + 1 + 255 + 1 + 255 + 1], block[DIGEST_MAX];
    size_t  label_len = strlen(label), n = 0;
    if (label_len > 200 || context.n > 255 || len > DIGEST_MAX)
        return false;
    info[n++] = (uint8_t)(len >> 8);
    info[n++] = (uint8_t)len;
    info[n++] = (uint8_t)(6 + label_len);
    memcpy(info + n, "tls13 ", 6);
    memcpy(info + n + 6, label, label_len);
    n += 6 + label_len;
    info[n++] = (uint8_t)context.n;
    if (context.n != 0)
        memcpy(info + n, context.p, context.n);
    n += context.n;
    info[n++] = 1;
    size_t got = hmac_of(h, secret, &(struct bytes){ info, n }, 1, block);
    if (got < len)
        return false;
    memcpy(out, block, len);
    keys_wipe(block, sizeof block);
    return true;
}

static bool extract(enum hash_id h, struct bytes salt, struct bytes input, uint8_t out[DIGEST_MAX])
{
    return hmac_of(h, salt, &input, 1, out) != 0;
}

/* The hash of the messages up to the ServerHello. After a HelloRetryRequest the first hello stands there as its own hash
 * (RFC 8446 section 4.4.1). */
static bool transcript(const struct handshake *h, const struct tls13_suite *s, uint8_t out[DIGEST_MAX])
{
    uint8_t first[4 + DIGEST_MAX] = { 254, 0, 0, (uint8_t)s->hash_len };
    if (h->retry.raw.p == NULL) {
        struct bytes pieces[] = { h->hello.raw, h->answer.raw };
        return digest(s->hash, pieces, ARRAY_LEN(pieces), out) != 0;
    }
    if (digest(s->hash, &h->hello.raw, 1, first + 4) == 0)
        return false;
    struct bytes pieces[] = { { first, 4 + s->hash_len }, h->retry.raw, h->hello2.raw, h->answer.raw };
    return digest(s->hash, pieces, ARRAY_LEN(pieces), out) != 0;
}

bool tls13_handshake_secrets(const struct handshake *h, struct bytes shared, struct tls13_secrets *out)
{
    static const uint8_t zeros[DIGEST_MAX];
    const struct tls13_suite *s = tls13_suite_of(h->answer.suite);
    uint8_t early[DIGEST_MAX], derived[DIGEST_MAX], secret[DIGEST_MAX], empty[DIGEST_MAX], seen[DIGEST_MAX];
    bool    ok = s != NULL && transcript(h, s, seen) && digest(s->hash, NULL, 0, empty) != 0;
    *out = (struct tls13_secrets){ 0 };
    if (!ok)
        return false;
    struct bytes none = { zeros, s->hash_len }, of_nothing = { empty, s->hash_len }, of_messages = { seen, s->hash_len };
    ok = extract(s->hash, none, none, early) &&
         tls13_expand(s->hash, (struct bytes){ early, s->hash_len }, "derived", of_nothing, derived, s->hash_len) &&
         extract(s->hash, (struct bytes){ derived, s->hash_len }, shared, secret) &&
         tls13_expand(s->hash, (struct bytes){ secret, s->hash_len }, "c hs traffic", of_messages, out->handshake[CLIENT], s->hash_len) &&
         tls13_expand(s->hash, (struct bytes){ secret, s->hash_len }, "s hs traffic", of_messages, out->handshake[SERVER], s->hash_len);
    if (ok) {
        out->handshake_len[CLIENT] = out->handshake_len[SERVER] = out->secret_len = s->hash_len;
        memcpy(out->secret, secret, s->hash_len);
    }
    keys_wipe(derived, sizeof derived);
    keys_wipe(secret, sizeof secret);
    return ok;
}

static bool master_secret(const struct tls13_suite *s, const struct tls13_secrets *known, uint8_t master[DIGEST_MAX])
{
    static const uint8_t zeros[DIGEST_MAX];
    uint8_t      derived[DIGEST_MAX], empty[DIGEST_MAX];
    struct bytes none = { zeros, s->hash_len }, of_nothing = { empty, s->hash_len };
    bool ok = known->secret_len == s->hash_len && digest(s->hash, NULL, 0, empty) != 0 &&
              tls13_expand(s->hash, (struct bytes){ known->secret, s->hash_len }, "derived", of_nothing, derived, s->hash_len) &&
              extract(s->hash, (struct bytes){ derived, s->hash_len }, none, master);
    keys_wipe(derived, sizeof derived);
    return ok;
}

bool tls13_application_secrets(const struct tls13_suite *s, const uint8_t *messages, struct tls13_secrets *io)
{
    uint8_t      master[DIGEST_MAX];
    struct bytes of_messages = { messages, s->hash_len };
    bool ok = master_secret(s, io, master) &&
              tls13_expand(s->hash, (struct bytes){ master, s->hash_len }, "c ap traffic", of_messages, io->application[CLIENT], s->hash_len) &&
              tls13_expand(s->hash, (struct bytes){ master, s->hash_len }, "s ap traffic", of_messages, io->application[SERVER], s->hash_len);
    if (ok)
        io->application_len[CLIENT] = io->application_len[SERVER] = s->hash_len;
    keys_wipe(master, sizeof master);
    return ok;
}

bool tls13_session_key(const struct tls13_suite *s, const struct tls13_secrets *known, const uint8_t *messages, struct bytes nonce,
                       uint8_t out[DIGEST_MAX])
{
    uint8_t master[DIGEST_MAX], resumption[DIGEST_MAX];
    bool    ok = master_secret(s, known, master) &&
              tls13_expand(s->hash, (struct bytes){ master, s->hash_len }, "res master", (struct bytes){ messages, s->hash_len }, resumption, s->hash_len) &&
              tls13_expand(s->hash, (struct bytes){ resumption, s->hash_len }, "resumption", nonce, out, s->hash_len);
    keys_wipe(master, sizeof master);
    keys_wipe(resumption, sizeof resumption);
    return ok;
}

size_t tls13_binder(enum hash_id h, struct bytes key, struct bytes hello, uint8_t out[DIGEST_MAX])
{
    static const uint8_t zeros[DIGEST_MAX];
    uint8_t      early[DIGEST_MAX], binder[DIGEST_MAX], finished[DIGEST_MAX], empty[DIGEST_MAX], seen[DIGEST_MAX];
    size_t       n = digest(h, NULL, 0, empty);
    struct bytes nothing = { empty, 0 };
    bool         ok = n != 0 && digest(h, &hello, 1, seen) == n && extract(h, (struct bytes){ zeros, n }, key, early) &&
              tls13_expand(h, (struct bytes){ early, n }, "res binder", (struct bytes){ empty, n }, binder, n) &&
              tls13_expand(h, (struct bytes){ binder, n }, "finished", nothing, finished, n) &&
              hmac_of(h, (struct bytes){ finished, n }, &(struct bytes){ seen, n }, 1, out) == n;
    keys_wipe(early, sizeof early);
    keys_wipe(binder, sizeof binder);
    keys_wipe(finished, sizeof finished);
    return ok ? n : 0;
}

bool tls13_opener_init(struct tls13_opener *o, uint32_t suite, const uint8_t *secret, size_t len)
{
    const struct tls13_suite *s = tls13_suite_of(suite);
    struct bytes              from = { secret, len }, nothing = { (const uint8_t *)"", 0 };
    *o = (struct tls13_opener){ 0 };
    if (s == NULL || len != s->hash_len || !tls13_expand(s->hash, from, "key", nothing, o->key, s->key_len) ||
        !tls13_expand(s->hash, from, "iv", nothing, o->iv, sizeof o->iv))
        return false;
    o->suite = s;
    return true;
}

static void nonce_of(const struct tls13_opener *o, uint8_t nonce[12])
{
    memcpy(nonce, o->iv, 12);
    for (int i = 0; i < 8; i++)
        nonce[11 - i] ^= (uint8_t)(o->sequence >> 8 * i);
}

ptrdiff_t tls13_open(struct tls13_opener *o, uint16_t record_version, const uint8_t *body, size_t len, uint8_t *out, uint8_t *inner)
{
    uint8_t nonce[12], aad[5] = { 23, (uint8_t)(record_version >> 8), (uint8_t)record_version, (uint8_t)(len >> 8), (uint8_t)len };
    if (o->suite == NULL || len < aead_tag(o->suite->aead))
        return -1;
    nonce_of(o, nonce);
    if (!aead_open(o->suite->aead, (struct bytes){ o->key, o->suite->key_len }, nonce, (struct bytes){ aad, 5 }, (struct bytes){ body, len }, out))
        return -1;
    size_t n = len - aead_tag(o->suite->aead);
    while (n > 0 && out[n - 1] == 0) /* padding */
        n--;
    if (n == 0)
        return -1;
    *inner = out[n - 1];
    o->sequence++;
    return (ptrdiff_t)(n - 1);
}

size_t tls13_seal(struct tls13_opener *o, uint8_t type, const uint8_t *content, size_t n, uint8_t *out)
{
    uint8_t nonce[12], plain[16384 + 1];
    if (o->suite == NULL || n + 1 > sizeof plain)
        return 0;
    size_t  len = n + 1 + aead_tag(o->suite->aead);
    uint8_t head[5] = { 23, 3, 3, (uint8_t)(len >> 8), (uint8_t)len };
    memcpy(plain, content, n);
    plain[n] = type;
    memcpy(out, head, 5);
    nonce_of(o, nonce);
    bool ok = aead_seal(o->suite->aead, (struct bytes){ o->key, o->suite->key_len }, nonce, (struct bytes){ head, 5 }, (struct bytes){ plain, n + 1 }, out + 5);
    keys_wipe(plain, n);
    if (!ok)
        return 0;
    o->sequence++;
    return 5 + len;
}
