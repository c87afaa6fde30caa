/* Client profiles: every built-in one reads, says what its file says, and is recognised by its own hello. */
#include "tlswhy/profile.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

/* The hello that a profile describes, with another GREASE, and with a name or without. */
static void hello_of(const struct profile *p, struct arena *a, bool sni, struct client_hello *out)
{
    struct extension *e = ARENA_NEW_N(a, p->extensions.n + 1, struct extension);
    uint32_t         *suites = ARENA_NEW_N(a, p->suites.n + 1, uint32_t);
    size_t            n = 0;
    for (size_t i = 0; i < p->extensions.n; i++)
        if (sni || p->extensions.v[i] != EXT_SERVER_NAME)
            e[n++].type = is_grease(p->extensions.v[i]) ? 0x3a3a : p->extensions.v[i];
    for (size_t i = 0; i < p->suites.n; i++)
        suites[i] = p->suites.v[i] == 0x0a0a ? 0x4a4a : p->suites.v[i];
    *out = (struct client_hello){ .version = p->client_version, .record_version = p->record_version, .v2_format = p->v2_format,
                                  .suites = { suites, p->suites.n }, .ext = e, .exts = n, .groups = p->groups,
                                  .sigalgs = p->sigalgs, .versions = p->versions };
}

static bool holds(const struct client_match *m, const struct profile *p)
{
    for (size_t i = 0; m != NULL && i < m->n; i++)
        if (m->profiles[i] == p)
            return true;
    return false;
}

static void test_all_recognised(void)
{
    size_t count = 0;
    for (size_t i = 0; profile_at(i) != NULL; i++, count++) {
        const struct profile *p = profile_at(i);
        struct arena          a = { 0 };
        struct client_hello   hello;
        for (int sni = 0; sni < 2; sni++) {
            hello_of(p, &a, sni, &hello);
            const struct client_match *m = profile_match(&hello, &a);
            bool                       found = m != NULL && m->how == MATCH_EXACT && holds(m, p);
            if (found != (p->origin != PROFILE_SYNTHETIC)) {
                printf("\n%s: %s\n", p->id, m != NULL ? match_name(m->how) : "no match");
                CU_FAIL("not recognised");
            }
        }
        CU_ASSERT_PTR_EQUAL(profile_named(p->id), p);
        CU_ASSERT_EQUAL(p->can & p->cannot, 0);
        CU_ASSERT_PTR_NOT_NULL(p->source);
        arena_free(&a);
    }
    CU_ASSERT(count >= 70);
    CU_ASSERT_PTR_NULL(profile_named("no-such-client"));
}

/* One hello, several systems: what only some of them lack is not certain. */
static void test_twins(void)
{
    struct arena        a = { 0 };
    struct client_hello hello;
    hello_of(profile_named("winvista-ie9"), &a, true, &hello);
    const struct client_match *m = profile_match(&hello, &a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT(holds(m, profile_named("winsrv2008sp2")) && holds(m, profile_named("winvista-ie7")));
    CU_ASSERT((m->all_cannot & CAN_TLS12) != 0);
    CU_ASSERT((m->all_cannot & CAN_SHA2_CHAIN) == 0 && (m->all_can & CAN_SHA2_CHAIN) == 0 && (m->disputed & CAN_SHA2_CHAIN) != 0);
    hello_of(profile_named("winxp-ie8"), &a, true, &hello);
    m = profile_match(&hello, &a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT(holds(m, profile_named("winsrv2003-schannel")));
    CU_ASSERT((m->any_cannot & CAN_SHA2_CHAIN) != 0 && (m->all_cannot & CAN_SHA2_CHAIN) == 0);
    CU_ASSERT((m->all_cannot & CAN_SNI) != 0);
    arena_free(&a);
}

static void test_nearest(void)
{
    struct arena        a = { 0 };
    struct client_hello hello;
    uint32_t            fewer[64];
    hello_of(profile_named("firefox137"), &a, true, &hello);
    memcpy(fewer, hello.suites.v, hello.suites.n * sizeof fewer[0]);
    hello.suites = (struct u32s){ fewer, hello.suites.n - 1 };
    const struct client_match *m = profile_match(&hello, &a);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m);
    CU_ASSERT(m->how == MATCH_NEAREST && m->similarity >= 90 && m->similarity < 100 && holds(m, profile_named("firefox137")));
    /* Told to stop at TLS 1.2: its own hello without what is for TLS 1.3 only. */
    static const uint16_t exts12[] = { 0x0000, 0x000b, 0x000a, 0x0023, 0x0016, 0x0017, 0x000d };
    const struct profile *ossl = profile_named("openssl30-debian12");
    struct extension      e[ARRAY_LEN(exts12)] = { { 0 } };
    for (size_t i = 0; i < ARRAY_LEN(exts12); i++)
        e[i].type = exts12[i];
    hello_of(ossl, &a, true, &hello);
    hello.versions = (struct u16s){ 0 };
    hello.suites = (struct u32s){ ossl->suites.v + 3, ossl->suites.n - 3 };
    hello.ext = e;
    hello.exts = ARRAY_LEN(e);
    m = profile_match(&hello, &a);
    CU_ASSERT(m != NULL && m->how == MATCH_NEAREST && holds(m, ossl));
    static const uint32_t odd[] = { 0x1301, 0xc0ff, 0xc0fe };
    struct client_hello   strange = { .version = 0x0303, .suites = { odd, ARRAY_LEN(odd) } }, empty = { 0 };
    CU_ASSERT_PTR_NULL(profile_match(&strange, &a));
    CU_ASSERT_PTR_NULL(profile_match(&empty, &a));
    arena_free(&a);
}

/* Very long lists are cut, not read past their end. */
static void test_long_lists(void)
{
    static uint32_t         suites[20000];
    static struct extension e[2000];
    struct arena            a = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(suites); i++)
        suites[i] = (uint32_t)i + 1;
    for (size_t i = 0; i < ARRAY_LEN(e); i++)
        e[i].type = (uint16_t)(i + 100);
    struct client_hello hello = { .version = 0x0303, .suites = { suites, ARRAY_LEN(suites) }, .ext = e, .exts = ARRAY_LEN(e) };
    CU_ASSERT_PTR_NULL(profile_match(&hello, &a));
    arena_free(&a);
}

static void test_parse(void)
{
    static const struct { const char *text, *error; } t[] = {
        { "name: x\ncipher_suites: 0005\n", NULL },
        { "# mine\r\n\r\nname: x\r\ncipher_suites: 0005,GREASE\r\nextensions: none\r\nalpn: h2,http/1.1\r\nkey_shares: GREASE:1,001d:32\r\n", NULL },
        { "name: x\n", "cipher_suites" },
        { "name: x\ncipher_suites: 5,zz\n", "line 2" },
        { "name: x\ncipher_suites: 1000000\n", "range" },
        { "name: x\ncipher_suites: 5\ngroups: 12345\n", "line 3" },
        { "name: x\ncipher_suites: 5\ncolour: red\n", "unknown key" },
        { "just text\n", "key: value" },
        { "name: x\ncipher_suites: 5\nsan_needed: perhaps\n", "choice" },
        { "name: x\ncipher_suites: 5\nsession_id: -1\n", "range" },
        { "name: x\ncipher_suites: 5\nkey_shares: 1d\n", "group:bytes" },
        { "", "cipher_suites" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena          a = { 0 };
        struct err            err = { 0 };
        const struct profile *p = profile_parse("mine", t[i].text, strlen(t[i].text), &a, &err);
        bool ok = (p != NULL) == (t[i].error == NULL) && (t[i].error == NULL || strstr(err.text, t[i].error) != NULL);
        if (!ok) {
            printf("\nprofile %zu: %s\n", i, err.text);
            CU_FAIL("parse differs");
        }
        arena_free(&a);
    }
}

static void test_facts(void)
{
    const struct profile *p = profile_named("chromium137");
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT(p->suites.v[0] == 0x0a0a && p->suites.v[1] == 0x1301 && p->session_id_len == 32 && p->alpn.n == 2);
    CU_ASSERT(p->key_share_count == 3 && p->key_shares[1].group == 0x11ec && p->key_shares[1].bytes == 1216);
    CU_ASSERT((p->can & CAN_TLS13) != 0 && (p->cannot & CAN_SHA1_CHAIN) != 0 && (p->cannot & CAN_WITHOUT_SAN) != 0);
    p = profile_named("java6u45");
    CU_ASSERT_PTR_NOT_NULL_FATAL(p);
    CU_ASSERT(p->v2_format && p->dh_max == 1024 && (p->cannot & CAN_DH_2048) != 0 && p->sigalgs.v == NULL);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite("profile", NULL, NULL);
    CU_add_test(s, "every built-in profile is recognised", test_all_recognised);
    CU_add_test(s, "twins", test_twins);
    CU_add_test(s, "nearest, or none", test_nearest);
    CU_add_test(s, "long lists", test_long_lists);
    CU_add_test(s, "reading profiles", test_parse);
    CU_add_test(s, "facts", test_facts);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failed != 0;
}
