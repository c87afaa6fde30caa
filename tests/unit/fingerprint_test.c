/* The examples that the definitions of JA3 and JA4 publish, and the odd corners they name. */
#include "tlswhy/handshake.h"

#include <CUnit/Basic.h>
#include <string.h>

#define LIST16(...) { (const uint16_t[]){ __VA_ARGS__ }, sizeof((const uint16_t[]){ __VA_ARGS__ }) / 2 }
#define LIST32(...) { (const uint32_t[]){ __VA_ARGS__ }, sizeof((const uint32_t[]){ __VA_ARGS__ }) / 4 }

static const struct extension *extensions(const uint16_t *types, size_t n)
{
    static struct extension e[32];
    for (size_t i = 0; i < n && i < ARRAY_LEN(e); i++)
        e[i] = (struct extension){ .type = types[i] };
    return e;
}

static void set_exts(struct client_hello *c, const uint16_t *types, size_t n)
{
    c->ext = extensions(types, n);
    c->exts = n;
    c->has_extensions = n > 0;
}

/* 769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0 and 769,4-5-10-9-100-98-3-6-19-18-99,,, */
static void test_ja3(void)
{
    static const uint16_t exts[] = { 0, 10, 11 };
    struct handshake      h = { .known = KNOW_CLIENT_HELLO, .hello = { .version = 0x0301, .groups = LIST16(23, 24, 25),
                              .suites = LIST32(47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4),
                              .point_formats = { (const uint8_t[]){ 0 }, 1 } } };
    set_exts(&h.hello, exts, ARRAY_LEN(exts));
    handshake_fingerprints(&h);
    CU_ASSERT_STRING_EQUAL(h.ja3, "ada70206e40642a3e4461f35503241d5");
    struct handshake bare = { .known = KNOW_CLIENT_HELLO, .hello = { .version = 0x0301,
                              .suites = LIST32(4, 5, 10, 9, 100, 98, 3, 6, 19, 18, 99) } };
    handshake_fingerprints(&bare);
    CU_ASSERT_STRING_EQUAL(bare.ja3, "de350869b8c85de67a350c8d186f11e6");
    CU_ASSERT_STRING_EQUAL(bare.ja4, "t10i110000_" "3609b414f052" "_000000000000");
}

static void test_ja3s(void)
{
    static const struct extension e[] = { { .type = 65281 }, { .type = 0 }, { .type = 11 }, { .type = 35 }, { .type = 5 }, { .type = 16 } };
    struct handshake              h = { .known = KNOW_SERVER_HELLO, .answer = { .version = 0x0303, .suite = 0xc02f, .ext = e, .exts = ARRAY_LEN(e) } };
    handshake_fingerprints(&h);
    CU_ASSERT_STRING_EQUAL(h.ja3s, "19e4a55cecd087d9ebf88da03db13a0f"); /* 771,49199,65281-0-11-35-5-16 */
    CU_ASSERT_STRING_EQUAL(h.ja3, "");
}

/* The worked example of the JA4 text, with GREASE put in, which must not show. */
static void test_ja4(void)
{
    static const uint16_t    exts[] = { 0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015 };
    static const struct bytes h2 = { (const uint8_t *)"h2", 2 };
    struct handshake h = { .known = KNOW_CLIENT_HELLO, .hello = { .version = 0x0303, .versions = LIST16(0x2a2a, 0x0304, 0x0303),
                           .suites = LIST32(0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c, 0x009d, 0x002f, 0x0035),
                           .sigalgs = LIST16(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601), .alpn = { &h2, 1 } } };
    set_exts(&h.hello, exts, ARRAY_LEN(exts));
    handshake_fingerprints(&h);
    CU_ASSERT_STRING_EQUAL(h.ja4, "t13d1516h2_8daaf6152771_e5627efa2ab1");
    h.hello.sigalgs = (struct u16s){ 0 };
    handshake_fingerprints(&h);
    CU_ASSERT_STRING_EQUAL(h.ja4, "t13d1516h2_8daaf6152771_6d807ffa2a79");
}

static void test_ja4_alpn(void)
{
    static const struct { const char *alpn; size_t n; const char *want; } t[] = {
        { "h2", 2, "h2" }, { "http/1.1", 8, "h1" }, { "h", 1, "hh" }, { "", 0, "00" }, { "\xab", 1, "ab" },
        { "\xab\xcd", 2, "ad" }, { "0\xab", 2, "3b" }, { "01\xab\xcd", 4, "3d" }, { "0\xab\xcd" "1", 4, "01" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct bytes     name = { (const uint8_t *)t[i].alpn, t[i].n };
        struct handshake h = { .known = KNOW_CLIENT_HELLO, .hello = { .version = 0x0303, .alpn = { &name, 1 } } };
        handshake_fingerprints(&h);
        CU_ASSERT_NSTRING_EQUAL(h.ja4 + 8, t[i].want, 2);
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite("fingerprint", NULL, NULL);
    CU_add_test(s, "JA3", test_ja3);
    CU_add_test(s, "JA3S", test_ja3s);
    CU_add_test(s, "JA4", test_ja4);
    CU_add_test(s, "JA4: protocol letters", test_ja4_alpn);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failed != 0;
}
