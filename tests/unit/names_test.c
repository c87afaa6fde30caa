/* names_test.c - the tables of dissect/names/ and their look-ups. */
#include <CUnit/Basic.h>
#include <string.h>

#include "tlswhy/names.h"

static void versions(void)
{
    static const struct { uint16_t v; const char *name; bool is13; } t[] = {
        { 0x0002, "SSL 2.0", false }, { 0x0300, "SSL 3.0", false }, { 0x0301, "TLS 1.0", false },
        { 0x0303, "TLS 1.2", false }, { 0x0304, "TLS 1.3", true },  { 0x7f13, "TLS 1.3-draft19", true },
        { 0xfb1a, "TLS 1.3-fb-draft26", true }, { 0xfefd, "DTLS 1.2", false }, { 0x0000, "0x0000", false },
        { 0x0305, "0x0305", false },
    };
    static const uint16_t age[] = { 0x0000, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x7f10, 0x7f1c, 0x0304 };
    char buf[NAME_MAX_LEN];
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        CU_ASSERT_STRING_EQUAL(version_name(t[i].v, buf), t[i].name);
        CU_ASSERT_EQUAL(version_is_13(t[i].v), t[i].is13);
    }
    for (size_t i = 1; i < ARRAY_LEN(age); i++)
        CU_ASSERT(version_rank(age[i - 1]) < version_rank(age[i]));
}

static void suites(void)
{
    static const struct { uint32_t id; const char *name; enum kex kex; enum sig_key auth; int cbc, aead, tag, weak; } t[] = {
        { 0x0000, "TLS_NULL_WITH_NULL_NULL", KEX_UNKNOWN, KEY_UNKNOWN, 0, 0, 0, 1 },
        { 0x0004, "TLS_RSA_WITH_RC4_128_MD5", KEX_RSA, KEY_RSA, 0, 0, 0, 1 },
        { 0x000a, "TLS_RSA_WITH_3DES_EDE_CBC_SHA", KEX_RSA, KEY_RSA, 1, 0, 0, 0 },
        { 0x0009, "TLS_RSA_WITH_DES_CBC_SHA", KEX_RSA, KEY_RSA, 1, 0, 0, 1 },
        { 0x0034, "TLS_DH_anon_WITH_AES_128_CBC_SHA", KEX_DHE, KEY_ANON, 1, 0, 0, 1 },
        { 0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", KEX_ECDHE, KEY_ECDSA, 0, 1, 24, 0 },
        { 0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", KEX_ECDHE, KEY_RSA, 0, 1, 16, 0 },
        { 0xc0a0, "TLS_RSA_WITH_AES_128_CCM_8", KEX_RSA, KEY_RSA, 0, 1, 16, 0 },
        { 0xc035, "TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA", KEX_ECDHE_PSK, KEY_NONE, 1, 0, 0, 0 },
        { 0x1301, "TLS_AES_128_GCM_SHA256", KEX_TLS13, KEY_ANY, 0, 1, 16, 0 },
        { 0x1305, "TLS_AES_128_CCM_8_SHA256", KEX_TLS13, KEY_ANY, 0, 1, 8, 0 },
        { 0x0700c0, "SSL2_DES_192_EDE3_CBC_WITH_MD5", KEX_RSA, KEY_RSA, 1, 0, 0, 0 },
    };
    char buf[NAME_MAX_LEN];
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const struct suite *s = suite_of(t[i].id);
        CU_ASSERT_PTR_NOT_NULL_FATAL(s);
        CU_ASSERT_STRING_EQUAL(s->name, t[i].name);
        CU_ASSERT(s->kex == t[i].kex && s->auth == t[i].auth && s->weak == t[i].weak);
        CU_ASSERT(s->cbc == t[i].cbc && s->aead == t[i].aead && s->tag == t[i].tag);
        CU_ASSERT_STRING_EQUAL(suite_name(t[i].id, buf), t[i].name);
    }
    CU_ASSERT_PTR_NULL(suite_of(0x2175));
    CU_ASSERT_STRING_EQUAL(suite_name(0x2175, buf), "Unknown(0x2175)");
    CU_ASSERT_STRING_EQUAL(suite_name(0x8a8a, buf), "GREASE(0x8a8a)");
    CU_ASSERT(is_grease(0xfafa) && !is_grease(0xfaea) && !is_grease(0x0b0b));
}

static void others(void)
{
    char buf[NAME_MAX_LEN];
    CU_ASSERT_STRING_EQUAL(group_name(0x11ec, buf), "X25519MLKEM768");
    CU_ASSERT_STRING_EQUAL(sigalg_name(0x0804, buf), "rsa_pss_rsae_sha256");
    CU_ASSERT(sigalg_key(0x0804) == KEY_RSA && sigalg_hash(0x0804) == 4 && sigalg_is_pss(0x0804));
    CU_ASSERT(sigalg_key(0x0203) == KEY_ECDSA && sigalg_hash(0x0203) == 2 && !sigalg_is_pss(0x0203));
    CU_ASSERT(sigalg_key(0x0101) == KEY_RSA && sigalg_hash(0x0101) == 1);
    CU_ASSERT(sigalg_key(0x5555) == KEY_UNKNOWN && sigalg_hash(0x5555) == 0);
    CU_ASSERT_STRING_EQUAL(extension_name(0, buf), "server_name");
    CU_ASSERT_STRING_EQUAL(extension_name(EXT_ENCRYPTED_CLIENT_HELLO, buf), "encrypted_client_hello");
    CU_ASSERT_STRING_EQUAL(handshake_type_name(1, buf), "ClientHello");
    CU_ASSERT_STRING_EQUAL(handshake_type_name(99, buf), "Unknown(0x0063)");
    CU_ASSERT_STRING_EQUAL(content_type_name(22, buf), "Handshake");
    CU_ASSERT_STRING_EQUAL(content_type_name(20, buf), "ChangeCipherSpec");
}

static void alerts(void)
{
    char buf[NAME_MAX_LEN];
    CU_ASSERT_STRING_EQUAL(alert_name(ALERT_UNKNOWN_CA, buf), "unknown_ca");
    CU_ASSERT_STRING_EQUAL(alert_name(201, buf), "201 (unassigned)");
    CU_ASSERT_EQUAL(alert_number("protocol_version"), 70);
    CU_ASSERT_EQUAL(alert_number("no_such_alert"), ALERT_NONE);
    CU_ASSERT(strlen(alert_plain(40)) > 0);
    CU_ASSERT_STRING_EQUAL(alert_plain(201), "");
}

/* A binary search finds every row only if the rows are in order. */
static void oids(void)
{
    static const char *const dotted[] = {
#define OID(dotted, name, attribute) dotted,
#include "gen/oids.inc"
#undef OID
    };
    for (size_t i = 1; i < ARRAY_LEN(dotted); i++)
        CU_ASSERT(strcmp(dotted[i - 1], dotted[i]) < 0);
    CU_ASSERT_STRING_EQUAL(oid_name("1.2.840.113549.1.1.11"), "sha256WithRSAEncryption");
    CU_ASSERT_STRING_EQUAL(oid_name("1.2.3.4"), "1.2.3.4");
    CU_ASSERT_STRING_EQUAL(oid_attribute("2.5.4.3"), "CN");
    CU_ASSERT_PTR_NULL(oid_attribute("1.2.840.113549.1.1.11"));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("names", NULL, NULL);
    CU_add_test(s, "versions", versions);
    CU_add_test(s, "cipher suites", suites);
    CU_add_test(s, "groups, schemes, extensions, messages", others);
    CU_add_test(s, "alerts", alerts);
    CU_add_test(s, "object identifiers", oids);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
