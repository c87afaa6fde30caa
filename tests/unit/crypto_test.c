/* Digests, signature checks, DER. */
#include "certs.h"
#include "tlswhy/der.h"
#include "tlswhy/x509.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

static void digests(void)
{
    static const struct { enum hash_id h; size_t n; uint8_t first[4]; } t[] = { /* of "abc" */
        { HASH_MD5, 16, { 0x90, 0x01, 0x50, 0x98 } },    { HASH_SHA1, 20, { 0xa9, 0x99, 0x3e, 0x36 } },
        { HASH_SHA224, 28, { 0x23, 0x09, 0x7d, 0x22 } }, { HASH_SHA256, 32, { 0xba, 0x78, 0x16, 0xbf } },
        { HASH_SHA384, 48, { 0xcb, 0x00, 0x75, 0x3f } }, { HASH_SHA512, 64, { 0xdd, 0xaf, 0x35, 0xa1 } },
        { HASH_MD5_SHA1, 36, { 0x90, 0x01, 0x50, 0x98 } }, { HASH_MD2, 0, { 0 } }, { HASH_OTHER, 0, { 0 } }, { HASH_NONE, 0, { 0 } },
    };
    const struct bytes pieces[] = { { (const uint8_t *)"a", 1 }, { NULL, 0 }, { (const uint8_t *)"bc", 2 } };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint8_t out[DIGEST_MAX] = { 0 }, one[DIGEST_MAX] = { 0 };
        CU_ASSERT_EQUAL(digest(t[i].h, pieces, 3, out), t[i].n);
        CU_ASSERT_EQUAL(digest_of(t[i].h, "abc", 3, one), t[i].n);
        CU_ASSERT_EQUAL(memcmp(out, one, sizeof out), 0);
        CU_ASSERT_EQUAL(memcmp(out, t[i].first, 4), 0);
    }
}

static struct cert *one_cert(struct cert_store *s, const char *pem)
{
    struct cert **v = NULL, *c;
    size_t        n = 0, bad = 0;
    certs_from_memory(s, pem, strlen(pem), &v, &n, &bad);
    CU_ASSERT_EQUAL_FATAL(n, 1);
    c = v[0];
    free(v);
    return c;
}

static void handshake_signatures(void)
{
    static const char rsa[] = PEM_PSS, ec[] = PEM_LEAF, p384[] = PEM_P384, ed[] = PEM_ED;
    static const struct { const char *what, *pem; uint16_t scheme; const unsigned char *sig; size_t n; enum sig_check want; } t[] = {
        { "rsa_pkcs1_sha256", rsa, 0x0401, sig_pss_sha256, sizeof sig_pss_sha256, SIG_GOOD },
        { "rsa_pkcs1_sha1", rsa, 0x0201, sig_pss_sha1, sizeof sig_pss_sha1, SIG_GOOD },
        { "the wrong hash", rsa, 0x0501, sig_pss_sha256, sizeof sig_pss_sha256, SIG_BAD },
        { "rsa_pss_rsae_sha256", rsa, 0x0804, sig_pss_pss, sizeof sig_pss_pss, SIG_GOOD },
        { "PSS taken for PKCS#1", rsa, 0x0401, sig_pss_pss, sizeof sig_pss_pss, SIG_BAD },
        { "TLS 1.0 RSA: MD5 and SHA-1", rsa, 0, sig_pss_tls10, sizeof sig_pss_tls10, SIG_GOOD },
        { "one octet short", rsa, 0x0401, sig_pss_sha256, sizeof sig_pss_sha256 - 1, SIG_BAD },
        { "ecdsa_secp256r1_sha256", ec, 0x0403, sig_leaf_sha256, sizeof sig_leaf_sha256, SIG_GOOD },
        { "TLS 1.0 ECDSA: SHA-1", ec, 0, sig_leaf_sha1, sizeof sig_leaf_sha1, SIG_GOOD },
        { "P-384 key, SHA-256", p384, 0x0403, sig_p384_sha256, sizeof sig_p384_sha256, SIG_GOOD },
        { "another key", p384, 0x0403, sig_leaf_sha256, sizeof sig_leaf_sha256, SIG_BAD },
        { "RSA scheme, EC key", ec, 0x0401, sig_pss_sha256, sizeof sig_pss_sha256, SIG_UNSUPPORTED },
        { "Ed25519", ed, 0x0807, sig_leaf_sha256, sizeof sig_leaf_sha256, SIG_UNSUPPORTED },
        { "a scheme nobody knows", rsa, 0xfefe, sig_pss_sha256, sizeof sig_pss_sha256, SIG_UNSUPPORTED },
    };
    const struct bytes text[] = { { (const uint8_t *)"signed", 6 }, { (const uint8_t *)" text", 5 } };
    struct cert_store *s = cert_store_new();
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        enum sig_check got = cert_verifies(one_cert(s, t[i].pem), t[i].scheme, text, 2, (struct bytes){ t[i].sig, t[i].n });
        if (got != t[i].want)
            printf("\n%s: %d\n", t[i].what, (int)got);
        CU_ASSERT_EQUAL(got, t[i].want);
    }
    cert_store_free(s);
}

static void certificate_signatures(void)
{
    static const struct { const char *what, *child, *issuer; enum sig_check want; } t[] = {
        { "ECDSA", PEM_LEAF, PEM_INTER, SIG_GOOD },         { "another CA", PEM_LEAF, PEM_ROOT, SIG_BAD },
        { "ECDSA with SHA-1", PEM_SHA1, PEM_INTER, SIG_GOOD }, { "RSA-PSS on an RSA key", PEM_PSS, PEM_PSS, SIG_GOOD },
        { "RSA with SHA-384", PEM_RSAROOT, PEM_RSAROOT, SIG_GOOD }, { "DSA", PEM_DSA, PEM_DSA, SIG_GOOD },
        { "P-384 with SHA-512", PEM_P384, PEM_P384, SIG_GOOD }, { "Ed25519", PEM_ED, PEM_ED, SIG_UNSUPPORTED },
        { "Ed25519 by an EC key", PEM_ED, PEM_ROOT, SIG_BAD }, { "RSA by an EC key", PEM_RSAROOT, PEM_ROOT, SIG_BAD },
    };
    struct cert_store *s = cert_store_new();
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        for (int again = 0; again < 2; again++) { /* the second answer comes from the cache */
            enum sig_check got = cert_signed_by(s, one_cert(s, t[i].child), one_cert(s, t[i].issuer));
            if (got != t[i].want)
                printf("\n%s: %d\n", t[i].what, (int)got);
            CU_ASSERT_EQUAL(got, t[i].want);
        }
    cert_store_free(s);
}

static void oids(void)
{
    static const struct { uint8_t in[12]; size_t n; const char *want; } t[] = {
        { { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d }, 6, "1.2.840.113549" }, { { 0x55, 0x1d, 0x11 }, 3, "2.5.29.17" },
        { { 0x88, 0x37 }, 2, "2.999" },                                  { { 0x27 }, 1, "0.39" },
        { { 0x2a, 0x86 }, 2, NULL },                                     { { 0 }, 0, NULL },
        { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f }, 11, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        char text[64];
        bool got = der_oid((struct bytes){ t[i].in, t[i].n }, text, sizeof text);
        CU_ASSERT_EQUAL(got, t[i].want != NULL);
        if (got && t[i].want != NULL)
            CU_ASSERT_STRING_EQUAL(text, t[i].want);
        CU_ASSERT_FALSE(der_oid((struct bytes){ t[i].in, t[i].n }, text, 2));
    }
}

static void elements(void)
{
    static const struct { const char *what; uint8_t in[8]; size_t n; bool good, loose; size_t body; } t[] = {
        { "short form", { 0x04, 0x02, 1, 2 }, 4, true, false, 2 },        { "nothing inside", { 0x30, 0x00 }, 2, true, false, 0 },
        { "longer than need be", { 0x04, 0x81, 0x01, 9 }, 4, true, true, 1 }, { "leading zero", { 0x04, 0x82, 0x00, 0x01, 9 }, 5, true, true, 1 },
        { "past the end", { 0x04, 0x03, 1, 2 }, 4, false, false, 0 },     { "indefinite", { 0x30, 0x80, 0, 0 }, 4, false, false, 0 },
        { "five length octets", { 0x04, 0x85, 0, 0, 0, 0, 1, 9 }, 8, false, false, 0 }, { "a high tag", { 0x1f, 0x01, 0x01, 9 }, 4, false, false, 0 },
        { "only a tag", { 0x30 }, 1, false, false, 0 },                   { "nothing", { 0 }, 0, false, false, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct reader r = rd_of(t[i].in, t[i].n);
        struct der    d;
        bool          got = der_next(&r, &d, "it");
        if (got != t[i].good)
            printf("\n%s\n", t[i].what);
        CU_ASSERT_EQUAL(got, t[i].good);
        CU_ASSERT_EQUAL(d.loose, t[i].loose);
        CU_ASSERT_EQUAL(d.body.n, t[i].body);
        CU_ASSERT_EQUAL(r.want == NULL, t[i].good);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("crypto", NULL, NULL);
    CU_ADD_TEST(suite, digests);
    CU_ADD_TEST(suite, elements);
    CU_ADD_TEST(suite, oids);
    CU_ADD_TEST(suite, handshake_signatures);
    CU_ADD_TEST(suite, certificate_signatures);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
