/* The certificate reader: facts, names, dates, loading; broken input. */
#include "certs.h"
#include "tlswhy/x509.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

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

static void facts(void)
{
    struct cert_store *s = cert_store_new();
    struct arena       a = { 0 };
    char               buf[64];
    const struct cert *c = one_cert(s, PEM_LEAF), *root = one_cert(s, PEM_ROOT), *inter = one_cert(s, PEM_INTER);
    CU_ASSERT_FALSE(c->malformed);
    CU_ASSERT_EQUAL(c->version, 3);
    CU_ASSERT_STRING_EQUAL(cert_sig_name(c), "ecdsa-with-SHA256");
    CU_ASSERT_STRING_EQUAL(c->sig_oid, c->inner_sig_oid);
    CU_ASSERT_STRING_EQUAL(cert_key_name(c, buf), "EC secp256r1");
    CU_ASSERT_STRING_EQUAL(cert_key_name(one_cert(s, PEM_RSA1024), buf), "RSA 1024");
    CU_ASSERT_STRING_EQUAL(x509_name_text(&a, &c->issuer), "CN=Test Issuing CA, O=Test, C=XX");
    CU_ASSERT_STRING_EQUAL(cert_short_name(&a, c), "www.example");
    CU_ASSERT_EQUAL_FATAL(c->sans, 4);
    CU_ASSERT_STRING_EQUAL(san_text(&a, &c->san[1]), "dns:*.wild.example");
    CU_ASSERT_STRING_EQUAL(san_text(&a, &c->san[3]), "ip:2001:db8::1");
    CU_ASSERT_EQUAL_FATAL(c->ekus, 1);
    CU_ASSERT_STRING_EQUAL(c->eku[0], "1.3.6.1.5.5.7.3.1");
    CU_ASSERT_TRUE(c->has_ku && c->ku == KU_DIGITAL_SIGNATURE);
    CU_ASSERT_TRUE(c->has_bc && !c->ca && c->path_len == -1);
    CU_ASSERT_TRUE(root->ca && root->self_issued && root->ku == (KU_CERT_SIGN | KU_CRL_SIGN));
    CU_ASSERT_TRUE(bytes_equal(c->aki, inter->ski) && bytes_equal(inter->aki, root->ski));
    CU_ASSERT_EQUAL(c->aia_issuers.n, 1);
    CU_ASSERT_EQUAL(c->aia_ocsp.n, 1);
    CU_ASSERT_EQUAL(c->crl.n, 1);
    CU_ASSERT_EQUAL(c->policy_count, 1);
    CU_ASSERT_TRUE(one_cert(s, PEM_STAPLE)->must_staple);
    CU_ASSERT_FALSE(c->must_staple);
    CU_ASSERT_EQUAL(c->not_after.s - c->not_before.s, 1000 * 86400);
    c = one_cert(s, PEM_NC);
    CU_ASSERT_TRUE(c->has_nc && c->permitted_count == 2 && c->excluded_count == 1);
    CU_ASSERT_STRING_EQUAL(san_text(&a, &c->permitted[1]), "ip:192.0.2.0/255.255.255.0");
    c = one_cert(s, PEM_PSS);
    CU_ASSERT_TRUE(c->sig_kind == SIG_RSA_PSS && c->sig_hash == HASH_SHA256 && c->pss_salt == 32 && c->key == CERT_KEY_RSA);
    c = one_cert(s, PEM_BMP);
    CU_ASSERT_STRING_EQUAL(x509_name_text(&a, &c->subject), "O=Zwei  Leer, CN=Z\xc3\xbcrich");
    CU_ASSERT_TRUE(c->serial.p[0] & 0x80);
    arena_free(&a);
    cert_store_free(s);
}

static void interning(void)
{
    struct cert_store *s = cert_store_new();
    struct cert       *first = one_cert(s, PEM_LEAF);
    uint8_t            want[DIGEST_MAX];
    for (unsigned i = 0; i < 2000; i++) { /* enough for the table to grow */
        uint8_t  der[64] = { 0x30, 62 };
        memcpy(der + 2, &i, sizeof i);
        struct cert *c = cert_intern(s, der, sizeof der);
        CU_ASSERT_TRUE(c->malformed);
        CU_ASSERT_PTR_EQUAL(c, cert_intern(s, der, sizeof der));
    }
    CU_ASSERT_PTR_EQUAL(first, cert_intern(s, first->der.p, first->der.n));
    digest_of(HASH_SHA256, first->der.p, first->der.n, want);
    CU_ASSERT_EQUAL(memcmp(want, cert_sha256(first), 32), 0);
    digest_of(HASH_SHA1, first->der.p, first->der.n, want);
    CU_ASSERT_EQUAL(memcmp(want, cert_sha1(first), 20), 0);
    cert_store_free(s);
}

static void host_names(void)
{
    static const char leaf[] = PEM_LEAF, no_san[] = PEM_V1CA;
    static const struct { const char *pem, *name; bool want, cn; } t[] = {
        { leaf, "www.example", true, false },       { leaf, "WWW.Example.", true, false },     { leaf, "example", false, false },
        { leaf, "a.wild.example", true, false },    { leaf, "wild.example", false, false },    { leaf, "a.b.wild.example", false, false },
        { leaf, ".wild.example", false, false },    { leaf, "192.0.2.1", true, false },        { leaf, "192.0.2.2", false, false },
        { leaf, "2001:db8::1", true, false },       { leaf, "[2001:db8:0::1]", true, false },  { leaf, "2001:db8::2", false, false },
        { leaf, "", false, false },                 { leaf, ".", false, false },               { leaf, "www.example.com", false, false },
        { no_san, "no san", true, true },           { no_san, "other", false, false },
    };
    struct cert_store *s = cert_store_new();
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        bool cn, got = cert_matches_name(one_cert(s, t[i].pem), t[i].name, strlen(t[i].name), &cn);
        if (got != t[i].want || cn != t[i].cn)
            printf("\n%s\n", t[i].name);
        CU_ASSERT_EQUAL(got, t[i].want);
        CU_ASSERT_EQUAL(cn, t[i].cn);
    }
    cert_store_free(s);
}

/* RFC 5280 section 7.1: case and blanks do not count, the string type does not either. */
static void name_comparison(void)
{
    struct attr { const char *text; uint8_t tag; } ;
    static const struct { struct attr a, b; bool want; } t[] = {
        { { "Test CA", 0x0c }, { "test  ca ", 0x13 }, true }, { { " Test CA", 0x13 }, { "Test CA", 0x13 }, true },
        { { "Test CA", 0x0c }, { "TestCA", 0x0c }, false },   { { "Test CA", 0x0c }, { "Test CB", 0x0c }, false },
        { { "", 0x0c }, { " ", 0x0c }, true },                { { "a", 0x14 }, { "A", 0x0c }, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct x509_attr a = { .oid = "2.5.4.3", .type = "CN", .value = t[i].a.text, .len = strlen(t[i].a.text), .tag = t[i].a.tag };
        struct x509_attr b = { .oid = "2.5.4.3", .type = "CN", .value = t[i].b.text, .len = strlen(t[i].b.text), .tag = t[i].b.tag };
        CU_ASSERT_EQUAL(x509_attr_equal(&a, &b), t[i].want);
        CU_ASSERT_EQUAL(x509_attr_equal(&b, &a), t[i].want);
        b.joined = true;
        CU_ASSERT_FALSE(x509_attr_equal(&a, &b));
    }
}

/* Replaces the notBefore of a certificate by another text; everything else stays, lengths included. */
static struct x509_time date_of(struct cert_store *s, const struct cert *c, uint8_t tag, const char *text)
{
    uint8_t *der = mem_get(c->der.n, 1);
    size_t   at = (size_t)(c->not_before.raw.p - c->der.p);
    memcpy(der, c->der.p, c->der.n);
    der[at - 2] = tag;
    CU_ASSERT_EQUAL_FATAL(strlen(text), c->not_before.raw.n);
    memcpy(der + at, text, strlen(text));
    struct x509_time t = cert_intern(s, der, c->der.n)->not_before;
    free(der);
    return t;
}

static void dates(void)
{
    static const struct { const char *text; uint8_t tag; bool ok, odd; int64_t s; } t[] = { /* 13 octets, as a UTCTime has */
        { "700101000000Z", 0x17, true, false, 0 },           { "491231235959Z", 0x17, true, false, 2524607999 },
        { "500101000000Z", 0x17, true, false, -631152000 },  { "000229000000Z", 0x17, true, false, 951782400 },
        { "010229000000Z", 0x17, false, false, 0 },          { "701301000000Z", 0x17, false, false, 0 },
        { "700101240000Z", 0x17, false, false, 0 },          { "19700101000000", 0x18, true, true, 0 },
        { "197001010001Z", 0x18, true, true, 60 },           { "7001010000+01", 0x17, false, true, 0 },
        { "70010100000 Z", 0x17, false, true, 0 },           { "xxxxxxxxxxxxx", 0x17, false, false, 0 },
        { "700101000000Z", 0x04, false, false, 0 },
    };
    struct cert_store *s = cert_store_new();
    const struct cert *c = one_cert(s, PEM_LEAF);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        if (strlen(t[i].text) != c->not_before.raw.n)
            continue; /* only texts of that length fit without moving the rest */
        struct x509_time got = date_of(s, c, t[i].tag, t[i].text);
        if (got.ok != t[i].ok || (got.ok && got.s != t[i].s))
            printf("\n%s\n", t[i].text);
        CU_ASSERT_EQUAL(got.ok, t[i].ok);
        if (t[i].ok) {
            CU_ASSERT_EQUAL(got.s, t[i].s);
            CU_ASSERT_EQUAL(got.odd, t[i].odd);
        }
    }
    cert_store_free(s);
}

static void broken_ones(void)
{
    struct cert_store *s = cert_store_new();
    struct arena       a = { 0 };
    const struct cert *c = one_cert(s, PEM_LEAF);
    for (size_t n = 1; n < c->der.n; n++) {
        const struct cert *cut = cert_intern(s, c->der.p, n);
        CU_ASSERT_TRUE(cut->malformed && cut->broken != NULL);
        CU_ASSERT_PTR_NOT_NULL(cert_short_name(&a, cut));
        CU_ASSERT_EQUAL(cert_signed_by(s, cut, cut), SIG_UNSUPPORTED);
    }
    uint8_t *der = mem_get(c->der.n + 3, 1);
    memcpy(der, c->der.p, c->der.n);
    const struct cert *longer = cert_intern(s, der, c->der.n + 3);
    CU_ASSERT_TRUE(!longer->malformed && longer->trailing == 3 && longer->der.n == c->der.n);
    for (size_t i = 0; i < c->der.n; i++) { /* every octet changed: whatever comes of it, it must be readable */
        der[i] ^= 0x41;
        const struct cert *odd = cert_intern(s, der, c->der.n);
        CU_ASSERT_PTR_NOT_NULL(x509_name_text(&a, &odd->subject));
        CU_ASSERT_NOT_EQUAL(cert_signed_by(s, odd, one_cert(s, PEM_INTER)), SIG_GOOD);
        der[i] ^= 0x41;
    }
    free(der);
    arena_free(&a);
    cert_store_free(s);
}

static void loading(void)
{
    static const struct { const char *what, *text; size_t n, bad; } t[] = {
        { "two in a row", PEM_LEAF PEM_INTER, 2, 0 },
        { "text around them", "subject=x\n" PEM_LEAF "and so on\n" PEM_ROOT "end", 2, 0 },
        { "no end line", "-----BEGIN CERTIFICATE-----\nMIIB\n", 1, 1 },
        { "the second is cut", PEM_LEAF "-----BEGIN CERTIFICATE-----\nMIIB\n", 2, 1 },
        { "a text that begins like DER", "0 s:CN = x\n" PEM_LEAF, 1, 0 },
        { "a header", "-----BEGIN CERTIFICATE-----\nComment: hello\n\nMIIB\n-----END CERTIFICATE-----\n", 1, 0 },
        { "line breaks as in JSON", "-----BEGIN CERTIFICATE-----\\nMI\\nIB\\n-----END CERTIFICATE-----\\n", 1, 0 },
        { "no base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", 1, 1 },
        { "nothing between", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", 0, 1 },
        { "a key", "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", 0, 0 },
        { "plain text", "hello\n", 0, 0 }, { "nothing", "", 0, 0 }, { "a start only", "-----BEGIN ", 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct cert_store *s = cert_store_new();
        struct cert      **v = NULL;
        size_t             n = 9, bad = 9;
        certs_from_memory(s, t[i].text, strlen(t[i].text), &v, &n, &bad);
        if (n != t[i].n || bad != t[i].bad)
            printf("\n%s: %zu %zu\n", t[i].what, n, bad);
        CU_ASSERT_EQUAL(n, t[i].n);
        CU_ASSERT_EQUAL(bad, t[i].bad);
        free(v);
        cert_store_free(s);
    }
}

static void der_in_a_row(void)
{
    struct cert_store *s = cert_store_new();
    const struct cert *a = one_cert(s, PEM_LEAF), *b = one_cert(s, PEM_INTER);
    uint8_t           *both = mem_get(a->der.n + b->der.n, 1);
    struct cert      **v = NULL;
    size_t             n = 0, bad = 0;
    memcpy(both, a->der.p, a->der.n);
    memcpy(both + a->der.n, b->der.p, b->der.n);
    certs_from_memory(s, both, a->der.n + b->der.n, &v, &n, &bad);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT_PTR_EQUAL(v[0], a);
    CU_ASSERT_PTR_EQUAL(v[1], b);
    free(v);
    free(both);
    cert_store_free(s);
}

static void staples(void)
{
    struct cert_store *s = cert_store_new();
    struct arena       a = { 0 };
    struct ocsp        o;
    const struct cert *leaf = one_cert(s, PEM_LEAF), *inter = one_cert(s, PEM_INTER);
    ocsp_read(&a, (struct bytes){ ocsp_good, sizeof ocsp_good }, leaf, &o);
    CU_ASSERT_TRUE(o.readable && o.about_this && o.status == OCSP_GOOD && o.next_update.ok && o.response_status == 0);
    CU_ASSERT_EQUAL(ocsp_signed_by(s, &o, inter), SIG_GOOD);
    CU_ASSERT_EQUAL(ocsp_signed_by(s, &o, one_cert(s, PEM_ROOT)), SIG_BAD);
    ocsp_read(&a, (struct bytes){ ocsp_revoked, sizeof ocsp_revoked }, leaf, &o);
    CU_ASSERT_TRUE(o.about_this && o.status == OCSP_REVOKED && o.revoked_at.ok && o.reason == 1);
    ocsp_read(&a, (struct bytes){ ocsp_good, sizeof ocsp_good }, one_cert(s, PEM_USAGE), &o);
    CU_ASSERT_TRUE(o.readable && !o.about_this);
    ocsp_read(&a, (struct bytes){ (const uint8_t *)"\x30\x03\x0a\x01\x03", 5 }, leaf, &o);
    CU_ASSERT_TRUE(!o.readable && o.response_status == 3);
    for (size_t n = 0; n < sizeof ocsp_good; n++) {
        ocsp_read(&a, (struct bytes){ ocsp_good, n }, leaf, &o);
        CU_ASSERT_NOT_EQUAL(o.response_status, 0);
    }
    arena_free(&a);
    cert_store_free(s);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("x509", NULL, NULL);
    CU_ADD_TEST(suite, facts);
    CU_ADD_TEST(suite, interning);
    CU_ADD_TEST(suite, host_names);
    CU_ADD_TEST(suite, name_comparison);
    CU_ADD_TEST(suite, dates);
    CU_ADD_TEST(suite, broken_ones);
    CU_ADD_TEST(suite, loading);
    CU_ADD_TEST(suite, der_in_a_row);
    CU_ADD_TEST(suite, staples);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
