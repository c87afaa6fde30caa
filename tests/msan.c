/* msan.c - linked into builds with MemorySanitizer: what libraries wrote that are not built with it counts as written. The linker's
 * --wrap sends calls of NAME to __wrap_NAME here, and __real_NAME is the function itself. */
#include <sanitizer/msan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tlswhy/keys.h"
#include "tlswhy/packed.h"

#define REAL(type, name, ...) type __real_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__); type __wrap_##name(__VA_ARGS__)

REAL(size_t, digest, enum hash_id h, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX])
{
    size_t len = __real_digest(h, pieces, n, out);
    __msan_unpoison(out, len);
    return len;
}

REAL(size_t, digest_of, enum hash_id h, const void *p, size_t n, uint8_t out[DIGEST_MAX])
{
    size_t len = __real_digest_of(h, p, n, out);
    __msan_unpoison(out, len);
    return len;
}

/* Inside, the library compares what it has worked out itself. */
REAL(enum sig_check, key_verifies, struct bytes spki, const struct sig_alg *alg, const struct bytes *pieces, size_t n, struct bytes signature)
{
    __msan_scoped_disable_interceptor_checks();
    enum sig_check got = __real_key_verifies(spki, alg, pieces, n, signature);
    __msan_scoped_enable_interceptor_checks();
    return got;
}

REAL(size_t, key_encrypts, struct bytes spki, struct bytes in, uint8_t *out, size_t room)
{
    size_t len = __real_key_encrypts(spki, in, out, room);
    __msan_unpoison(out, len);
    return len;
}

REAL(bool, ephemeral_new, uint16_t group, struct ephemeral *out)
{
    bool good = __real_ephemeral_new(group, out);
    __msan_unpoison(out, sizeof *out);
    return good;
}

REAL(size_t, ephemeral_shared, const struct ephemeral *mine, struct bytes peer, uint8_t out[KEY_SHARED_MAX])
{
    size_t len = __real_ephemeral_shared(mine, peer, out);
    __msan_unpoison(out, len);
    return len;
}

REAL(void, random_bytes, void *p, size_t n)
{
    __real_random_bytes(p, n);
    __msan_unpoison(p, n);
}

REAL(int, random_source, void *unused, unsigned char *p, size_t n)
{
    __real_random_source(unused, p, n);
    __msan_unpoison(p, n);
    return 0;
}

REAL(size_t, hmac_of, enum hash_id h, struct bytes key, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX])
{
    size_t len = __real_hmac_of(h, key, pieces, n, out);
    __msan_unpoison(out, len);
    return len;
}

REAL(bool, aead_open, enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    bool good = __real_aead_open(a, key, nonce, aad, in, out);
    if (good)
        __msan_unpoison(out, in.n - aead_tag(a));
    return good;
}

REAL(bool, aead_seal, enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    bool good = __real_aead_seal(a, key, nonce, aad, in, out);
    if (good)
        __msan_unpoison(out, in.n + aead_tag(a));
    return good;
}

REAL(bool, cbc_open, enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out)
{
    bool good = __real_cbc_open(c, key, iv, in, out);
    if (good)
        __msan_unpoison(out, in.n);
    return good;
}

REAL(bool, cbc_seal, enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out)
{
    bool good = __real_cbc_seal(c, key, iv, in, out);
    if (good)
        __msan_unpoison(out, in.n);
    return good;
}

REAL(bool, dh_agree, const struct dh_group *g, struct bytes peer, uint8_t *own, uint8_t *secret, size_t *secret_len)
{
    bool good = __real_dh_agree(g, peer, own, secret, secret_len);
    if (good) {
        __msan_unpoison(secret_len, sizeof *secret_len);
        __msan_unpoison(secret, *secret_len);
        __msan_unpoison(own, g->p.n);
    }
    return good;
}

REAL(bool, aes_block, const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    bool good = __real_aes_block(key, in, out);
    if (good)
        __msan_unpoison(out, 16);
    return good;
}

REAL(int, inflate, z_streamp z, int flush)
{
    uint8_t *out = z->next_out;
    int      code = __real_inflate(z, flush);
    __msan_unpoison(z, sizeof *z);
    __msan_unpoison(out, (size_t)(z->next_out - out));
    return code;
}

REAL(int, uncompress, Bytef *out, uLongf *out_n, const Bytef *in, uLong n)
{
    int code = __real_uncompress(out, out_n, in, n);
    __msan_unpoison(out_n, sizeof *out_n);
    __msan_unpoison(out, *out_n);
    return code;
}

/* Nothing behind what was read is to be looked at, whatever was there before. */
REAL(int, gzread, gzFile file, voidp out, unsigned n)
{
    int got = __real_gzread(file, out, n);
    __msan_poison(out, n);
    __msan_unpoison(out, got > 0 ? (size_t)got : 0);
    return got;
}

/* The fuzzer's own code writes files, too, and is one of those libraries. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) __attribute__((weak));
REAL(size_t, fwrite, const void *p, size_t size, size_t n, FILE *to)
{
    if (LLVMFuzzerTestOneInput == NULL)
        __msan_check_mem_is_initialized(p, size * n);
    return __real_fwrite(p, size, n, to);
}

/* Packing takes words as they are, with the padding between members, so for that time all of them count as written. What was not
 * is remembered, and is not written either when it has been unpacked. */
static struct unwritten {
    struct unwritten    *next;
    const struct packed *in;
    struct handshake     h;
    uint8_t              more[PACK_MORE];
} *unwritten;

/* Counts `n` bytes as unwritten where those at `as` are. */
static void poison_like(void *p, const void *as, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (__msan_test_shadow((const uint8_t *)as + i, 1) >= 0)
            __msan_poison((uint8_t *)p + i, 1);
}

REAL(struct packed *, handshake_pack, struct handshake *h, const void *more, size_t n)
{
    struct unwritten *u = malloc(sizeof *u);
    if (u == NULL)
        abort();
    memcpy(&u->h, h, sizeof u->h);
    memcpy(u->more, more, n);
    __msan_unpoison(h, sizeof *h);
    __msan_unpoison(h->messages, h->message_count * sizeof *h->messages);
    __msan_unpoison(h->alerts, h->alert_count * sizeof *h->alerts);
    __msan_unpoison(more, n);
    u->in = __real_handshake_pack(h, more, n);
    u->next = unwritten;
    unwritten = u;
    return (struct packed *)(uintptr_t)u->in;
}

REAL(struct handshake *, handshake_unpack, struct packed *p, void *more)
{
    struct unwritten **at = &unwritten;
    while ((*at)->in != p)
        at = &(*at)->next;
    struct unwritten *u = *at;
    size_t            n = p->more;
    *at = u->next;
    struct handshake *h = __real_handshake_unpack(p, more);
    poison_like(h, &u->h, sizeof *h);
    poison_like(more, u->more, n);
    free(u);
    return h;
}
