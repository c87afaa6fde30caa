/* checks_algorithms.c - signatures and keys of a path: do they hold, are they strong enough, and can this client check them? */
#include "judge.h"

#include <stdio.h>
#include <string.h>

static bool is_sha2(enum hash_id h) { return h >= HASH_SHA224 && h <= HASH_SHA512; }

/* The word of a client's list for a signature: "rsa-sha256", "rsa-pss-sha256", "ecdsa-sha384", "ed25519". */
static void sig_word(const struct cert *c, char out[32])
{
    static const char *const kinds[] = { [SIG_RSA] = "rsa", [SIG_RSA_PSS] = "rsa-pss", [SIG_ECDSA] = "ecdsa",
                                         [SIG_DSA] = "dsa", [SIG_ED25519] = "ed25519",
                                         [SIG_ED448] = "ed448", [SIG_SM2] = "sm2", [SIG_GOST] = "gost",
                                         [SIG_MLDSA] = "mldsa", [SIG_KIND_UNKNOWN] = "unknown" };
    static const char *const names[] = { [HASH_MD2] = "-md2", [HASH_MD4] = "-md4", [HASH_MD5] = "-md5",
                                         [HASH_SHA1] = "-sha1", [HASH_SHA224] = "-sha224",
                                         [HASH_SHA256] = "-sha256", [HASH_SHA384] = "-sha384",
                                         [HASH_SHA512] = "-sha512" };
    bool named = c->sig_hash < ARRAY_LEN(names) && names[c->sig_hash] != NULL;
    snprintf(out, 32, "%s%s", kinds[c->sig_kind], named ? names[c->sig_hash] : "");
}

static const char *key_word(const struct cert *c)
{
    static const char *const words[] = { [CERT_KEY_UNKNOWN] = "unknown", [CERT_KEY_RSA] = "rsa",
                                         [CERT_KEY_RSA_PSS] = "rsa-pss", [CERT_KEY_DSA] = "dsa",
                                         [CERT_KEY_EC] = "ecdsa",
                                         [CERT_KEY_ED25519] = "ed25519", [CERT_KEY_ED448] = "ed448",
                                         [CERT_KEY_DH] = "dh", [CERT_KEY_GOST] = "gost",
                                         [CERT_KEY_MLDSA] = "mldsa", [CERT_KEY_SM2] = "sm2" };
    return words[c->key];
}

bool in_list(const char *const *list, const char *word)
{
    for (; *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

static bool list_has_sha2(const char *const *list)
{
    for (; *list != NULL; list++)
        if (strstr(*list, "-sha256") != NULL || strstr(*list, "-sha384") != NULL ||
            strstr(*list, "-sha512") != NULL || strstr(*list, "-sha224") != NULL)
            return true;
    return false;
}

static const char *this_client(const struct judge *j)
{
    return j->q->client_guessed ? "this client, as its hello tells," : "this client";
}

/* What a known client's list allows is its own affair; otherwise what current clients do counts. */
void check_signature(struct judge *j, int i, const struct cert *c)
{
    char word[32];
    bool sha1 = c->sig_hash == HASH_SHA1, known = j->q->sigs != NULL && !j->q->client_guessed;
    sig_word(c, word);
    if (j->q->sigs != NULL && !in_list(j->q->sigs, word)) {
        bool sha2 = is_sha2(c->sig_hash) && !list_has_sha2(j->q->sigs);
        by_client(j, problem_add(j, sha2 ? "sha2_unsupported_by_client" : "sig_unsupported_by_client", i,
                                 "%s is signed with %s, which %s cannot verify%s", who(j, c), cert_sig_name(c),
                                 this_client(j), sha2 ? ": it has no SHA-2 at all" : ""));
    } else if (sha1 || c->sig_hash == HASH_MD2 || c->sig_hash == HASH_MD4 || c->sig_hash == HASH_MD5) {
        problem_add_as(j, "weak_signature", known ? SEV_INFO : sha1 ? SEV_WARNING : SEV_ERROR, i,
                       "%s is signed with %s, which %s", who(j, c), cert_sig_name(c),
                       sha1 ? "browsers and Windows have refused since 2017"
                           : "every current client refuses");
    }
    if (i + 1 < (int)j->path.n && j->path.sig[i] == SIG_UNSUPPORTED)
        problem_add(j, "unsupported_by_tool", i, "the signature of %s (%s) cannot be checked here", who(j, c),
                    cert_sig_name(c));
}

void check_key(struct judge *j, int i, const struct cert *c)
{
    char     name[64];
    bool     rsa = c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS || c->key == CERT_KEY_DSA;
    unsigned least = rsa ? (j->q->rsa_min != 0 ? j->q->rsa_min : 1024) : c->key == CERT_KEY_EC ? 224 : 0;
    bool     own_least = rsa && j->q->rsa_min != 0 && c->key_bits >= 1024;
    cert_key_name(c, name);
    if (j->q->keys != NULL && !in_list(j->q->keys, key_word(c)))
        by_client(j, problem_add(j, "unsupported_key_for_client", i, "the key of %s is %s, which %s cannot use",
                                 who(j, c), name, this_client(j)));
    if (c->key_bits != 0 && c->key_bits < least)
        problem_add(j, "weak_key", i, "the key of %s is %s, too small for %s", who(j, c), name,
                    own_least ? this_client(j) : "every current client")->unsure = own_least && j->q->client_guessed;
    else if (rsa && c->key_bits != 0 && c->key_bits < 2048)
        problem_add_as(j, "weak_key", SEV_WARNING, i, "the key of %s is %s; many clients want 2048 bits",
                       who(j, c), name);
    else if (rsa && c->key_bits % 8 != 0)
        problem_add(j, "profile_violation", i, "the key of %s has %u bits, no multiple of 8", who(j, c),
                    c->key_bits);
}

/* A root may be as small as those of old, but below 1,024 bits OpenSSL and Java take no signature of it. */
void check_anchor_key(struct judge *j, int i, const struct cert *c)
{
    char name[64];
    if ((c->key == CERT_KEY_RSA || c->key == CERT_KEY_RSA_PSS) && c->key_bits != 0 && c->key_bits < 1024)
        problem_add(j, "weak_key", i, "the key of %s is %s, too small for every current client", who(j, c),
                    cert_key_name(c, name));
}

/* Curves beside those of NIST are good arithmetic that few can do. */
void check_curve(struct judge *j, int i, const struct cert *c)
{
    static const char *const rare[] = { "1.3.132.0.10", "1.3.132.0.31", "1.3.132.0.32", "1.3.36.3.3.2.8.1.1.7", "1.3.36.3.3.2.8.1.1.11",
                                        "1.3.36.3.3.2.8.1.1.13" };
    char name[64];
    for (size_t k = 0; c->curve_oid != NULL && k < ARRAY_LEN(rare); k++)
        if (strcmp(rare[k], c->curve_oid) == 0)
            problem_add_as(j, "unsupported_key_for_client", SEV_WARNING, i,
                           "the key of %s is %s: OpenSSL and Mbed TLS have this curve; browsers, Java, Go and GnuTLS do not",
                           who(j, c), cert_key_name(c, name))->unsure = true;
}
