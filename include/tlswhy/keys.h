/* keys.h - the arithmetic of handshakes of our own: key agreement, HMAC, record protection.
 * dissect/keys_mbedtls.c sees mbedTLS (2.28 or 3.6), beside crypto_mbedtls.c.
 *
 * Keys live in the structs of the caller and are never printed; what held one is wiped with keys_wipe.
 * Errors: false means that the library cannot do it, or that the peer's bytes are no key or no ciphertext. */
#ifndef TLSWHY_KEYS_H
#define TLSWHY_KEYS_H

#include "tlswhy/crypto.h"

enum { GROUP_SECP256R1 = 0x0017, GROUP_SECP384R1 = 0x0018, GROUP_SECP521R1 = 0x0019, GROUP_X25519 = 0x001d, GROUP_X25519MLKEM768 = 0x11ec };

#define KEY_PRIVATE_MAX 66  /* P-521 */
#define KEY_PUBLIC_MAX  133 /* an uncompressed point of P-521 */
#define KEY_SHARED_MAX  66

/* One ephemeral key of a group that the library computes (RFC 8446 section 4.2.8). */
struct ephemeral {
    uint16_t group;
    size_t   private_len, public_len;
    uint8_t  private_key[KEY_PRIVATE_MAX], public_key[KEY_PUBLIC_MAX];
};

bool keys_can(uint16_t group);                       /* is this a group that ephemeral_new can make? */
bool ephemeral_new(uint16_t group, struct ephemeral *out);
/* The shared secret with the peer's share; gives its length, 0 where the share is no key. */
size_t ephemeral_shared(const struct ephemeral *mine, struct bytes peer, uint8_t out[KEY_SHARED_MAX]);

void   random_bytes(void *p, size_t n);              /* from the system; ends the program where there is none */
int    random_source(void *unused, unsigned char *p, size_t n); /* the same in the shape that mbedTLS asks for; 0 */
void   keys_wipe(void *p, size_t n);
size_t hmac_of(enum hash_id h, struct bytes key, const struct bytes *pieces, size_t n, uint8_t out[DIGEST_MAX]);

enum aead { AEAD_NONE, AEAD_AES_GCM, AEAD_AES_CCM, AEAD_AES_CCM_8, AEAD_CHACHA20_POLY1305 };
size_t aead_tag(enum aead a);
/* Opens ciphertext with its tag behind it into `out` (in.n - tag bytes); nonce of 12 bytes. */
bool aead_open(enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out);
/* Seals in.n bytes into `out` (in.n + tag bytes). */
bool aead_seal(enum aead a, struct bytes key, const uint8_t nonce[12], struct bytes aad, struct bytes in, uint8_t *out);

enum block_cipher { CIPHER_NONE, CIPHER_AES, CIPHER_CAMELLIA, CIPHER_3DES };
/* Decrypts whole blocks in CBC mode into `out` (in.n bytes); padding and MAC are the caller's. */
bool cbc_open(enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out);
/* Encrypts whole blocks; `out` may be in.p. */
bool cbc_seal(enum block_cipher c, struct bytes key, const uint8_t *iv, struct bytes in, uint8_t *out);

/* Finite-field Diffie-Hellman with a group that the server names (RFC 5246 section 7.4.3), at most 8192 bits: draws an exponent,
 * writes our public number (p.n bytes) and the secret without leading zeros (section 8.1.2; at most p.n bytes). */
enum { DH_MAX = 1024 };
struct dh_group {
    struct bytes p, g;
};
bool dh_agree(const struct dh_group *g, struct bytes peer, uint8_t *own, uint8_t *secret, size_t *secret_len);

/* One block of AES-128, encrypted: the mask of QUIC's header protection (RFC 9001 section 5.4.3). */
bool aes_block(const uint8_t key[16], const uint8_t in[16], uint8_t out[16]);

#endif
