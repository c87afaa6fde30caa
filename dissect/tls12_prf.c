/* tls12_prf.c - the pseudorandom function (RFC 5246 section 5; TLS 1.0 and 1.1: RFC 2246 section 5), and the secrets and
 * checks that handshakes make with it. */
#include "tlswhy/tls12.h"

#include <string.h>

enum { TLS_1_2 = 0x0303 };

/* P_hash, added to what `out` holds by exclusive or: TLS 1.0 wants two of them over each other. */
static bool p_hash(enum hash_id h, struct bytes secret, const struct bytes seed[3], uint8_t *out, size_t len)
{
    uint8_t a[DIGEST_MAX], block[DIGEST_MAX];
    size_t  n = hmac_of(h, secret, seed, 3, a);
    for (size_t at = 0; n != 0 && at < len; at += n) {
        struct bytes pieces[] = { { a, n }, seed[0], seed[1], seed[2] };
        if (hmac_of(h, secret, pieces, ARRAY_LEN(pieces), block) != n)
            return false;
        for (size_t i = 0; i < n && at + i < len; i++)
            out[at + i] ^= block[i];
        hmac_of(h, secret, pieces, 1, a);
    }
    keys_wipe(a, sizeof a);
    keys_wipe(block, sizeof block);
    return n != 0;
}

/* What TLS 1.2 hashes with: the suite's hash, if it is a long one (RFC 5246 section 5, RFC 5289). */
static enum hash_id suite_hash(const struct handshake *h)
{
    const struct suite *s = suite_of(h->answer.suite);
    const char         *end = s != NULL ? strrchr(s->name, '_') : NULL;
    return end != NULL && strcmp(end, "_SHA384") == 0 ? HASH_SHA384 : HASH_SHA256;
}

bool tls12_prf(const struct handshake *h, struct bytes secret, const char *label, const struct bytes seed[2], uint8_t *out, size_t len)
{
    struct bytes all[3] = { { (const uint8_t *)label, strlen(label) }, seed[0], seed[1] };
    size_t       half = (secret.n + 1) / 2; /* of an odd secret they share the byte in the middle */
    memset(out, 0, len);
    if (h->answer.chosen_version == TLS_1_2)
        return p_hash(suite_hash(h), secret, all, out, len);
    return p_hash(HASH_MD5, (struct bytes){ secret.p, half }, all, out, len) &&
           p_hash(HASH_SHA1, (struct bytes){ secret.p + secret.n - half, half }, all, out, len);
}

bool tls12_randoms(const struct handshake *h, struct tls12_randoms *out)
{
    struct bytes client = h->hello.random, server = h->answer.random;
    *out = (struct tls12_randoms){ 0 };
    if (client.n == 0 || client.n > sizeof out->client || server.n != sizeof out->server)
        return false;
    memcpy(out->server, server.p, server.n);
    memcpy(out->client + sizeof out->client - client.n, client.p, client.n); /* SSL 2.0 format: filled up in front (RFC 5246 E.2) */
    return true;
}

static size_t hash_messages(const struct handshake *h, struct bytes messages, uint8_t out[DIGEST_MAX])
{
    return digest(h->answer.chosen_version == TLS_1_2 ? suite_hash(h) : HASH_MD5_SHA1, &messages, 1, out);
}

bool tls12_master(const struct handshake *h, struct bytes premaster, struct bytes messages, uint8_t master[TLS12_MASTER])
{
    struct tls12_randoms r;
    uint8_t              hash[DIGEST_MAX];
    if (!tls12_randoms(h, &r))
        return false;
    struct bytes randoms[2] = { { r.client, sizeof r.client }, { r.server, sizeof r.server } };
    struct bytes session[2] = { { hash, h->answer.ems ? hash_messages(h, messages, hash) : 0 }, { NULL, 0 } };
    return h->answer.ems ? tls12_prf(h, premaster, "extended master secret", session, master, TLS12_MASTER) /* RFC 7627 section 4 */
                         : tls12_prf(h, premaster, "master secret", randoms, master, TLS12_MASTER);
}

bool tls12_finished(const struct handshake *h, const uint8_t master[TLS12_MASTER], enum side by, struct bytes messages, uint8_t out[TLS12_FINISHED])
{
    uint8_t      hash[DIGEST_MAX];
    struct bytes seed[2] = { { hash, hash_messages(h, messages, hash) }, { NULL, 0 } };
    return seed[0].n != 0 && tls12_prf(h, (struct bytes){ master, TLS12_MASTER }, by == CLIENT ? "client finished" : "server finished", seed, out, TLS12_FINISHED);
}
