/* Key agreement, HMAC and AEAD with calls that are public and alike in mbedTLS 2.28 and 3.6. */
#include "tlswhy/keys.h"

#include "crypto_memory.h"

#include <errno.h>
#include <mbedtls/aes.h>
#include <mbedtls/ccm.h>
#include <mbedtls/chachapoly.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecdh.h>
#include <mbedtls/ecp.h>
#include <mbedtls/gcm.h>
#include <mbedtls/md.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* `size`: of a coordinate. X25519 counts from the small end (RFC 7748 section 5), the others from the great one. */
static const struct curve { uint16_t group; mbedtls_ecp_group_id id; size_t size; bool little; } curves[] = {
    { GROUP_X25519, MBEDTLS_ECP_DP_CURVE25519, 32, true }, { GROUP_SECP256R1, MBEDTLS_ECP_DP_SECP256R1, 32, false },
    { GROUP_SECP384R1, MBEDTLS_ECP_DP_SECP384R1, 48, false }, { GROUP_SECP521R1, MBEDTLS_ECP_DP_SECP521R1, 66, false },
};

static const struct curve *curve_of(uint16_t group)
{
    for (size_t i = 0; i < ARRAY_LEN(curves); i++)
        if (curves[i].group == group)
            return &curves[i];
    return NULL;
}

bool keys_can(uint16_t group) { return curve_of(group) != NULL; }

void random_bytes(void *p, size_t n)
{
    uint8_t *to = p;
    while (n > 0) {
        ssize_t got = getrandom(to, n, 0);
        if (got < 0 && errno != EINTR) {
            fprintf(stderr, "tlswhy: the system gives no random numbers: %s\n", strerror(errno));
            exit(2);
        }
        to += got > 0 ? got : 0;
        n -= got > 0 ? (size_t)got : 0;
    }
}

int random_source(void *unused, unsigned char *p, size_t n)
{
    (void)unused;
    random_bytes(p, n);
    return 0;
}

void keys_wipe(void *p, size_t n) { mbedtls_platform_zeroize(p, n); }

static int put(const struct curve *c, const mbedtls_mpi *v, uint8_t *out)
{
    return c->little ? mbedtls_mpi_write_binary_le(v, out, c->size) : mbedtls_mpi_write_binary(v, out, c->size);
}

static int get(const struct curve *c, mbedtls_mpi *v, const uint8_t *in)
{
    return c->little ? checked(mbedtls_mpi_read_binary_le(v, in, c->size)) : checked(mbedtls_mpi_read_binary(v, in, c->size));
}

bool ephemeral_new(uint16_t group, struct ephemeral *out)
{
    const struct curve *c = curve_of(group);
    mbedtls_ecp_group   g;
    mbedtls_ecp_point   q;
    mbedtls_mpi         d;
    if (c == NULL)
        return false;
    *out = (struct ephemeral){ .group = group, .private_len = c->size };
    mbedtls_ecp_group_init(&g);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&d);
    int bad = checked(mbedtls_ecp_group_load(&g, c->id));
    bad = bad != 0 ? bad : checked(mbedtls_ecdh_gen_public(&g, &d, &q, random_source, NULL));
    bad = bad != 0 ? bad : mbedtls_ecp_point_write_binary(&g, &q, MBEDTLS_ECP_PF_UNCOMPRESSED, &out->public_len, out->public_key, sizeof out->public_key);
    bad = bad != 0 ? bad : put(c, &d, out->private_key);
    mbedtls_mpi_free(&d);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_group_free(&g);
    return bad == 0;
}

size_t ephemeral_shared(const struct ephemeral *mine, struct bytes peer, uint8_t out[KEY_SHARED_MAX])
{
    const struct curve *c = curve_of(mine->group);
    mbedtls_ecp_group   g;
    mbedtls_ecp_point   q;
    mbedtls_mpi         d, z;
    if (c == NULL || peer.n != mine->public_len)
        return 0;
    mbedtls_ecp_group_init(&g);
    mbedtls_ecp_point_init(&q);
    mbedtls_mpi_init(&d);
    mbedtls_mpi_init(&z);
    int bad = checked(mbedtls_ecp_group_load(&g, c->id));
    bad = bad != 0 ? bad : checked(mbedtls_ecp_point_read_binary(&g, &q, peer.p, peer.n));
    bad = bad != 0 ? bad : checked(mbedtls_ecp_check_pubkey(&g, &q));
    bad = bad != 0 ? bad : get(c, &d, mine->private_key);
    bad = bad != 0 ? bad : checked(mbedtls_ecdh_compute_shared(&g, &z, &q, &d, random_source, NULL));
    bad = bad != 0 ? bad : put(c, &z, out);
    mbedtls_mpi_free(&z);
    mbedtls_mpi_free(&d);
    mbedtls_ecp_point_free(&q);
    mbedtls_ecp_group_free(&g);
    return bad == 0 ? c->size : 0;
}

static mbedtls_md_type_t md_of(enum hash_id h)
{
    switch (h) {
    case HASH_MD5: return MBEDTLS_MD_MD5;
    case HASH_SHA1: return MBEDTLS_MD_SHA1;
    case HASH_SHA256: return MBEDTLS_MD_SHA256;
    case HASH_SHA384: return MBEDTLS_MD_SHA384;
    default: return MBEDTLS_MD_NONE;
    }
}

size_t hmac_of(enum hash_id h, struct bytes key, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX])
{
    const mbedtls_md_info_t *info = mbedtls_md_info_from_type(md_of(h));
    mbedtls_md_context_t     md;
    if (info == NULL)
        return 0;
    mbedtls_md_init(&md);
    int bad = checked(mbedtls_md_setup(&md, info, 1));
    bad = bad != 0 ? bad : mbedtls_md_hmac_starts(&md, key.p, key.n);
    for (size_t i = 0; i < n && bad == 0; i++)
        if (pieces[i].n != 0)
            bad = mbedtls_md_hmac_update(&md, pieces[i].p, pieces[i].n);
    bad = bad != 0 ? bad : mbedtls_md_hmac_finish(&md, out);
    mbedtls_md_free(&md);
    return bad == 0 ? mbedtls_md_get_size(info) : 0;
}

/* ------------------------------------------------------------------------------------ AEAD */

size_t aead_tag(enum aead a) { return a == AEAD_NONE ? 0 : a == AEAD_AES_CCM_8 ? 8 : 16; }

static int gcm(bool seal, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    enum { TAG = 16 };
    mbedtls_gcm_context c;
    mbedtls_gcm_init(&c);
    int bad = checked(mbedtls_gcm_setkey(&c, MBEDTLS_CIPHER_ID_AES, key.p, (unsigned)key.n * 8));
    if (bad == 0 && seal)
        bad = mbedtls_gcm_crypt_and_tag(&c, MBEDTLS_GCM_ENCRYPT, in.n, nonce, 12, aad.p, aad.n, in.p, out, TAG, out + in.n);
    else if (bad == 0)
        bad = mbedtls_gcm_auth_decrypt(&c, in.n - TAG, nonce, 12, aad.p, aad.n, in.p + in.n - TAG, TAG, in.p, out);
    mbedtls_gcm_free(&c);
    return bad;
}

static int ccm(bool seal, size_t tag, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    mbedtls_ccm_context c;
    mbedtls_ccm_init(&c);
    int bad = checked(mbedtls_ccm_setkey(&c, MBEDTLS_CIPHER_ID_AES, key.p, (unsigned)key.n * 8));
    if (bad == 0 && seal)
        bad = mbedtls_ccm_encrypt_and_tag(&c, in.n, nonce, 12, aad.p, aad.n, in.p, out, out + in.n, tag);
    else if (bad == 0)
        bad = mbedtls_ccm_auth_decrypt(&c, in.n - tag, nonce, 12, aad.p, aad.n, in.p, out, in.p + in.n - tag, tag);
    mbedtls_ccm_free(&c);
    return bad;
}

static int chachapoly(bool seal, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    enum { TAG = 16 };
    mbedtls_chachapoly_context c;
    mbedtls_chachapoly_init(&c);
    int bad = key.n == 32 ? mbedtls_chachapoly_setkey(&c, key.p) : -1;
    if (bad == 0 && seal)
        bad = mbedtls_chachapoly_encrypt_and_tag(&c, in.n, nonce, aad.p, aad.n, in.p, out, out + in.n);
    else if (bad == 0)
        bad = mbedtls_chachapoly_auth_decrypt(&c, in.n - TAG, nonce, aad.p, aad.n, in.p + in.n - TAG, in.p, out);
    mbedtls_chachapoly_free(&c);
    return bad;
}

static bool crypt(bool seal, enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    switch (a) {
    case AEAD_AES_GCM: return gcm(seal, key, nonce, aad, in, out) == 0;
    case AEAD_AES_CCM:
    case AEAD_AES_CCM_8: return ccm(seal, aead_tag(a), key, nonce, aad, in, out) == 0;
    case AEAD_CHACHA20_POLY1305: return chachapoly(seal, key, nonce, aad, in, out) == 0;
    default: return false;
    }
}

bool aead_open(enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    return in.n >= aead_tag(a) && crypt(false, a, key, nonce, aad, in, out);
}

bool aead_seal(enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out)
{
    return crypt(true, a, key, nonce, aad, in, out);
}

/* ------------------------------------------------------------------------------------ CBC */

static bool cbc(mbedtls_operation_t way, enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out)
{
    static const mbedtls_cipher_id_t ids[] = { MBEDTLS_CIPHER_ID_NONE, MBEDTLS_CIPHER_ID_AES, MBEDTLS_CIPHER_ID_CAMELLIA, MBEDTLS_CIPHER_ID_3DES };
    const mbedtls_cipher_info_t     *info = mbedtls_cipher_info_from_values(ids[c], (int)key.n * 8, MBEDTLS_MODE_CBC);
    mbedtls_cipher_context_t         ctx;
    size_t                           n = 0, more = 0;
    if (info == NULL)
        return false;
    mbedtls_cipher_init(&ctx);
    int bad = checked(mbedtls_cipher_setup(&ctx, info));
    bad = bad != 0 ? bad : checked(mbedtls_cipher_setkey(&ctx, key.p, (int)key.n * 8, way));
    bad = bad != 0 ? bad : mbedtls_cipher_set_padding_mode(&ctx, MBEDTLS_PADDING_NONE);
    bad = bad != 0 ? bad : mbedtls_cipher_set_iv(&ctx, iv, c == CIPHER_3DES ? 8 : 16);
    bad = bad != 0 ? bad : mbedtls_cipher_reset(&ctx);
    bad = bad != 0 ? bad : mbedtls_cipher_update(&ctx, in.p, in.n, out, &n);
    bad = bad != 0 ? bad : mbedtls_cipher_finish(&ctx, out + n, &more);
    mbedtls_cipher_free(&ctx);
    return bad == 0 && n + more == in.n;
}

bool aes_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    mbedtls_aes_context aes;
    mbedtls_aes_init(&aes);
    bool ok = mbedtls_aes_setkey_enc(&aes, key, 128) == 0 && mbedtls_aes_crypt_ecb(&aes, MBEDTLS_AES_ENCRYPT, in, out) == 0;
    mbedtls_aes_free(&aes);
    return ok;
}

bool cbc_open(enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out) { return cbc(MBEDTLS_DECRYPT, c, key, iv, in, out); }
bool cbc_seal(enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out) { return cbc(MBEDTLS_ENCRYPT, c, key, iv, in, out); }

/* ------------------------------------------------------------------------------------ Diffie-Hellman */

/* An exponent of 256 bits is as strong as any group of these sizes, and quick. */
bool dh_agree(const struct dh_group *g, struct bytes peer, uint8_t *own, uint8_t *secret, size_t *secret_len)
{
    enum { P, G, Y, X, OWN, SECRET, COUNT, EXPONENT = 32 };
    mbedtls_mpi v[COUNT];
    uint8_t     x[EXPONENT];
    for (int i = 0; i < COUNT; i++)
        mbedtls_mpi_init(&v[i]);
    random_bytes(x, sizeof x);
    int bad = g->p.n == 0 || g->p.n > DH_MAX || checked(mbedtls_mpi_read_binary(&v[P], g->p.p, g->p.n)) != 0 || checked(mbedtls_mpi_read_binary(&v[G], g->g.p, g->g.n)) != 0 ||
              checked(mbedtls_mpi_read_binary(&v[Y], peer.p, peer.n)) != 0 || checked(mbedtls_mpi_read_binary(&v[X], x, sizeof x)) != 0 ||
              mbedtls_mpi_get_bit(&v[P], 0) == 0 || mbedtls_mpi_cmp_int(&v[Y], 1) <= 0 || mbedtls_mpi_cmp_mpi(&v[Y], &v[P]) >= 0 ||
              mbedtls_mpi_cmp_int(&v[G], 1) <= 0 || mbedtls_mpi_cmp_mpi(&v[G], &v[P]) >= 0;
    bad = bad != 0 || checked(mbedtls_mpi_exp_mod(&v[OWN], &v[G], &v[X], &v[P], NULL)) != 0 || checked(mbedtls_mpi_exp_mod(&v[SECRET], &v[Y], &v[X], &v[P], NULL)) != 0 ||
          mbedtls_mpi_write_binary(&v[OWN], own, g->p.n) != 0;
    *secret_len = bad ? 0 : mbedtls_mpi_size(&v[SECRET]);
    bad = bad || *secret_len == 0 || mbedtls_mpi_write_binary(&v[SECRET], secret, *secret_len) != 0;
    for (int i = 0; i < COUNT; i++)
        mbedtls_mpi_free(&v[i]);
    keys_wipe(x, sizeof x);
    return !bad;
}
