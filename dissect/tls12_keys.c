/* tls12_keys.c - from a master secret to record keys (RFC 5246 section 6.3), and records opened and sealed with them
 * (section 6.2.3). */
#include "tlswhy/tls12.h"

#include <string.h>

enum { TLS_1_0 = 0x0301, TLS_1_2 = 0x0303 };

/* What a suite's name says between "_WITH_" and its hash. `fixed`: bytes of the nonce or IV that the key block gives;
 * `sent`: those that each record carries. */
static const struct tls12_cipher {
    const char       *name;
    enum aead         aead;
    enum block_cipher cbc;
    uint8_t           key_len, fixed, sent;
} ciphers[] = {
    { "AES_128_GCM_", AEAD_AES_GCM, CIPHER_NONE, 16, 4, 8 },
    { "AES_256_GCM_", AEAD_AES_GCM, CIPHER_NONE, 32, 4, 8 },
    { "AES_128_CCM_8", AEAD_AES_CCM_8, CIPHER_NONE, 16, 4, 8 },
    { "AES_256_CCM_8", AEAD_AES_CCM_8, CIPHER_NONE, 32, 4, 8 },
    { "AES_128_CCM", AEAD_AES_CCM, CIPHER_NONE, 16, 4, 8 },
    { "AES_256_CCM", AEAD_AES_CCM, CIPHER_NONE, 32, 4, 8 },
    { "CHACHA20_POLY1305_", AEAD_CHACHA20_POLY1305, CIPHER_NONE, 32, 12, 0 }, /* RFC 7905 */
    { "AES_128_CBC_", AEAD_NONE, CIPHER_AES, 16, 16, 16 },
    { "AES_256_CBC_", AEAD_NONE, CIPHER_AES, 32, 16, 16 },
    { "CAMELLIA_128_CBC_", AEAD_NONE, CIPHER_CAMELLIA, 16, 16, 16 },
    { "CAMELLIA_256_CBC_", AEAD_NONE, CIPHER_CAMELLIA, 32, 16, 16 },
    { "3DES_EDE_CBC_", AEAD_NONE, CIPHER_3DES, 24, 8, 8 },
};

static const struct tls12_cipher *cipher_of(const struct suite *s)
{
    const char *with = s != NULL ? strstr(s->name, "_WITH_") : NULL;
    for (size_t i = 0; with != NULL && i < ARRAY_LEN(ciphers); i++)
        if (strncmp(with + 6, ciphers[i].name, strlen(ciphers[i].name)) == 0)
            return &ciphers[i];
    return NULL;
}

static enum hash_id hash_of(const struct suite *s, size_t *len)
{
    static const struct { const char *end; enum hash_id hash; size_t len; } hashes[] = {
        { "_MD5", HASH_MD5, 16 }, { "_SHA", HASH_SHA1, 20 }, { "_SHA256", HASH_SHA256, 32 }, { "_SHA384", HASH_SHA384, 48 },
    };
    const char *end = strrchr(s->name, '_');
    for (size_t i = 0; end != NULL && i < ARRAY_LEN(hashes); i++)
        if (strcmp(end, hashes[i].end) == 0) {
            *len = hashes[i].len;
            return hashes[i].hash;
        }
    *len = 0;
    return HASH_NONE; /* CCM suites name none */
}

/* ------------------------------------------------------------------------------------ keys */

static bool has_answer_ext(const struct server_hello *s, uint16_t type)
{
    for (size_t i = 0; i < s->exts; i++)
        if (s->ext[i].type == type)
            return true;
    return false;
}

/* "key expansion", the server's random, the client's: RFC 5246 section 6.3. */
static bool key_block(const struct handshake *h, const uint8_t *master, uint8_t *out, size_t len)
{
    struct tls12_randoms r;
    if (!tls12_randoms(h, &r))
        return false;
    struct bytes seed[2] = { { r.server, sizeof r.server }, { r.client, sizeof r.client } };
    return tls12_prf(h, (struct bytes){ master, TLS12_MASTER }, "key expansion", seed, out, len);
}

bool tls12_can(const struct handshake *h)
{
    uint16_t version = h->answer.chosen_version;
    return cipher_of(suite_of(h->answer.suite)) != NULL && version >= TLS_1_0 && version <= TLS_1_2 && h->answer.compression == 0;
}

bool tls12_openers(const struct handshake *h, const uint8_t master[TLS12_MASTER], struct tls12_opener open[2])
{
    const struct suite        *suite = suite_of(h->answer.suite);
    const struct tls12_cipher *c = cipher_of(suite);
    uint16_t                   version = h->answer.chosen_version;
    uint8_t                    block[2 * (48 + 32 + 16)];
    memset(open, 0, 2 * sizeof *open);
    if (!tls12_can(h))
        return false;
    size_t       mac_len, fixed = c->aead == AEAD_NONE && version > TLS_1_0 ? 0 : c->fixed;
    enum hash_id hash = hash_of(suite, &mac_len);
    mac_len = c->aead == AEAD_NONE ? mac_len : 0;
    if ((c->aead == AEAD_NONE && mac_len == 0) || !key_block(h, master, block, 2 * (mac_len + c->key_len + fixed)))
        return false;
    for (int t = 0; t < 2; t++) {
        const uint8_t *mac = block + (size_t)t * mac_len, *key = block + 2 * mac_len + (size_t)t * c->key_len;
        const uint8_t *iv = block + 2 * (mac_len + c->key_len) + (size_t)t * fixed;
        open[t] = (struct tls12_opener){ .cipher = c, .version = version, .mac = hash, .mac_len = mac_len };
        open[t].encrypt_then_mac = c->aead == AEAD_NONE && has_answer_ext(&h->answer, EXT_ENCRYPT_THEN_MAC);
        memcpy(open[t].mac_key, mac, mac_len);
        memcpy(open[t].key, key, c->key_len);
        memcpy(open[t].iv, iv, fixed);
    }
    keys_wipe(block, sizeof block);
    return true;
}

/* ------------------------------------------------------------------------------------ records */

enum { HEADER = 13 }; /* what is authenticated besides the content: sequence number, type, version, length */

static void header_of(const struct tls12_opener *o, unsigned type, size_t len, uint8_t out[HEADER])
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(o->sequence >> 8 * (7 - i));
    out[8] = (uint8_t)type;
    out[9] = (uint8_t)(o->version >> 8);
    out[10] = (uint8_t)o->version;
    out[11] = (uint8_t)(len >> 8);
    out[12] = (uint8_t)len;
}

static ptrdiff_t open_aead(const struct tls12_opener *o, unsigned type, struct bytes body, uint8_t *out)
{
    const struct tls12_cipher *c = o->cipher;
    size_t                     extra = c->sent + aead_tag(c->aead);
    uint8_t                    nonce[12], aad[HEADER];
    if (body.n < extra)
        return -1;
    header_of(o, type, body.n - extra, aad);
    memcpy(nonce, o->iv, c->fixed);
    if (c->sent != 0)
        memcpy(nonce + c->fixed, body.p, c->sent);
    for (size_t i = 0; c->sent == 0 && i < 8; i++)
        nonce[4 + i] ^= aad[i];
    struct bytes sealed = { body.p + c->sent, body.n - c->sent };
    bool         ok = aead_open(c->aead, (struct bytes){ o->key, c->key_len }, nonce, (struct bytes){ aad, HEADER }, sealed, out);
    return ok ? (ptrdiff_t)(body.n - extra) : -1;
}

static bool mac_fits(const struct tls12_opener *o, unsigned type, struct bytes content, const uint8_t *mac)
{
    uint8_t head[HEADER], own[DIGEST_MAX];
    header_of(o, type, content.n, head);
    struct bytes pieces[] = { { head, HEADER }, content };
    return hmac_of(o->mac, (struct bytes){ o->mac_key, o->mac_len }, pieces, ARRAY_LEN(pieces), own) == o->mac_len &&
           memcmp(own, mac, o->mac_len) == 0;
}

/* The last byte tells how many of the same stand before it. Gives what is left without them, or -1. */
static ptrdiff_t without_padding(const uint8_t *p, size_t n)
{
    size_t pad = n != 0 ? p[n - 1] + 1u : 1;
    for (size_t i = 0; pad <= n && i < pad; i++)
        if (p[n - 1 - i] != pad - 1)
            return -1;
    return pad <= n ? (ptrdiff_t)(n - pad) : -1;
}

/* The IV stands before the ciphertext, or was the last block of the record before (TLS 1.0). */
static ptrdiff_t open_cbc(struct tls12_opener *o, unsigned type, struct bytes body, uint8_t *out)
{
    const struct tls12_cipher *c = o->cipher;
    size_t                     block = c->fixed, mac_behind = o->encrypt_then_mac ? o->mac_len : 0;
    uint8_t                    iv[16];
    struct bytes               in = body, key = { o->key, c->key_len };
    if (in.n < mac_behind + (o->version > TLS_1_0 ? block : 0))
        return -1;
    in.n -= mac_behind;
    if (mac_behind != 0 && !mac_fits(o, type, in, body.p + in.n))
        return -1;
    memcpy(iv, o->version > TLS_1_0 ? in.p : o->iv, block);
    if (o->version > TLS_1_0)
        in = (struct bytes){ in.p + block, in.n - block };
    if (in.n == 0 || in.n % block != 0 || o->chain_lost || !cbc_open(c->cbc, key, iv, in, out))
        return -1;
    ptrdiff_t n = without_padding(out, in.n);
    if (n >= 0 && mac_behind == 0)
        n = (size_t)n >= o->mac_len && mac_fits(o, type, (struct bytes){ out, (size_t)n - o->mac_len }, out + (size_t)n - o->mac_len)
              ? n - (ptrdiff_t)o->mac_len
              : -1;
    if (n >= 0 && o->version == TLS_1_0)
        memcpy(o->iv, in.p + in.n - block, block);
    return n;
}

ptrdiff_t tls12_open(struct tls12_opener *o, unsigned type, const uint8_t *body, size_t len, uint8_t *out)
{
    struct bytes in = { body, len };
    if (o->cipher == NULL)
        return -1;
    ptrdiff_t n = o->cipher->aead != AEAD_NONE ? open_aead(o, type, in, out) : open_cbc(o, type, in, out);
    o->sequence += n >= 0;
    return n;
}

bool tls12_chained(const struct tls12_opener *o) { return o->cipher != NULL && o->cipher->aead == AEAD_NONE && o->version == TLS_1_0; }

void tls12_skip(struct tls12_opener *o)
{
    o->sequence++;
    o->chain_lost = o->chain_lost || tls12_chained(o);
}

/* ------------------------------------------------------------------------------------ sealing */

/* Content, MAC and padding are laid out in `out` behind `head` bytes and encrypted there. */
static size_t seal_cbc(struct tls12_opener *o, unsigned type, struct bytes in, uint8_t *out)
{
    const struct tls12_cipher *c = o->cipher;
    size_t                     block = c->fixed, iv_n = o->version > TLS_1_0 ? block : 0, n = in.n;
    uint8_t                    head[HEADER], mac[DIGEST_MAX], iv[16], *body = out + iv_n;
    struct bytes               mac_key = { o->mac_key, o->mac_len }, key = { o->key, c->key_len };
    memcpy(iv, o->iv, block);
    if (iv_n != 0) {
        random_bytes(out, iv_n);
        memcpy(iv, out, iv_n);
    }
    if (n != 0)
        memmove(body, in.p, n);
    if (!o->encrypt_then_mac) {
        header_of(o, type, n, head);
        struct bytes pieces[] = { { head, HEADER }, { body, n } };
        if (hmac_of(o->mac, mac_key, pieces, ARRAY_LEN(pieces), mac) != o->mac_len)
            return 0;
        memcpy(body + n, mac, o->mac_len);
        n += o->mac_len;
    }
    size_t pad = block - n % block;
    memset(body + n, (int)(pad - 1), pad);
    n += pad;
    if (!cbc_seal(c->cbc, key, iv, (struct bytes){ body, n }, body))
        return 0;
    if (iv_n == 0)
        memcpy(o->iv, body + n - block, block);
    n += iv_n;
    if (o->encrypt_then_mac) {
        header_of(o, type, n, head);
        struct bytes pieces[] = { { head, HEADER }, { out, n } };
        if (hmac_of(o->mac, mac_key, pieces, ARRAY_LEN(pieces), mac) != o->mac_len)
            return 0;
        memcpy(out + n, mac, o->mac_len);
        n += o->mac_len;
    }
    return n;
}

/* The part of the nonce that is sent is the sequence number (RFC 5288 section 3). */
static size_t seal_aead(const struct tls12_opener *o, unsigned type, struct bytes in, uint8_t *out)
{
    const struct tls12_cipher *c = o->cipher;
    uint8_t                    nonce[12], aad[HEADER];
    header_of(o, type, in.n, aad);
    memcpy(nonce, o->iv, c->fixed);
    if (c->sent != 0) {
        memcpy(nonce + c->fixed, aad, c->sent);
        memcpy(out, aad, c->sent);
    }
    for (size_t i = 0; c->sent == 0 && i < 8; i++)
        nonce[4 + i] ^= aad[i];
    bool ok = aead_seal(c->aead, (struct bytes){ o->key, c->key_len }, nonce, (struct bytes){ aad, HEADER }, in, out + c->sent);
    return ok ? c->sent + in.n + aead_tag(c->aead) : 0;
}

size_t tls12_seal(struct tls12_opener *o, unsigned type, const uint8_t *content, size_t n, uint8_t *out)
{
    struct bytes in = { content, n };
    if (o->cipher == NULL || n > TLS12_CONTENT_MAX)
        return 0;
    size_t len = o->cipher->aead != AEAD_NONE ? seal_aead(o, type, in, out + 5) : seal_cbc(o, type, in, out + 5);
    if (len == 0)
        return 0;
    uint8_t head[5] = { (uint8_t)type, (uint8_t)(o->version >> 8), (uint8_t)o->version, (uint8_t)(len >> 8), (uint8_t)len };
    memcpy(out, head, sizeof head);
    o->sequence++;
    return sizeof head + len;
}
