/* Every known client's hello, made by us: parsed again it is that client's, and its bytes are those of tests/wire. */
#include "tlswhy/hello.h"
#include "tlswhy/tls.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct bytes name = { (const uint8_t *)"www.example", 11 };

/* Randoms that are the same each time; keys are drawn, so their bytes are put in their place. */
static void fixed_keys(const struct hello_spec *s, struct hello_keys *k)
{
    *k = (struct hello_keys){ 0 };
    CU_ASSERT(hello_draw(s, false, k));
    for (size_t i = 0; i < 32; i++) {
        k->random[i] = (uint8_t)(0x11 * (i % 16));
        k->session_id[i] = (uint8_t)(0xa0 + i);
    }
    for (size_t i = 0; i < k->shares; i++)
        memset(k->share[i].public_key, (int)(0x40 + i), k->share[i].public_len);
}

static void parse(struct bytes message, const struct hello_spec *s, struct arena *a, struct client_hello *out)
{
    *out = (struct client_hello){ 0 };
    if (s->shape.v2_format)
        tls_v2_client_hello(rd_of(message.p, message.n), a, out);
    else
        tls_client_hello(rd_of(message.p + 4, message.n - 4), a, out);
    out->v2_format = s->shape.v2_format;
}

static bool matches(const struct client_match *m, const struct profile *p)
{
    for (size_t i = 0; m != NULL && m->how == MATCH_EXACT && i < m->n; i++)
        if (m->profiles[i] == p)
            return true;
    return false;
}

static void every_profile_is_itself(void)
{
    for (size_t i = 0; profile_at(i) != NULL; i++) {
        struct arena        a = { 0 };
        struct hello_spec   s = { .shape = *profile_at(i), .sni = name };
        struct hello_keys   k;
        struct client_hello c;
        fixed_keys(&s, &k);
        struct bytes message = hello_message(&s, &k, &a);
        CU_ASSERT_PTR_NOT_NULL(message.p);
        parse(message, &s, &a, &c);
        CU_ASSERT_PTR_NULL(c.malformed);
        CU_ASSERT_FALSE(c.duplicate_ext);
        if (profile_at(i)->origin != PROFILE_SYNTHETIC && !matches(profile_match(&c, &a), profile_at(i))) {
            printf("\n%s: its own hello is not recognised\n", profile_at(i)->id);
            CU_FAIL("hello is not its profile's");
        }
        arena_free(&a);
    }
}

static char *fixture(size_t *n)
{
    char  *text = NULL;
    size_t cap = 0;
    FILE  *f = fopen("tests/wire/hello-profiles.hex", "r");
    *n = 0;
    if (f != NULL && getdelim(&text, &cap, '\0', f) > 0)
        *n = strlen(text);
    if (f != NULL)
        fclose(f);
    return text;
}

/* One line a profile: its id, a blank, the records in hex. Set HELLO_WRITE to a path to make them anew. */
static void bytes_stay_the_same(void)
{
    struct text now = { 0 };
    struct arena a = { 0 };
    size_t       n;
    char        *was = fixture(&n);
    for (size_t i = 0; profile_at(i) != NULL; i++) {
        struct hello_spec s = { .shape = *profile_at(i), .sni = name };
        struct hello_keys k;
        fixed_keys(&s, &k);
        struct bytes out = hello_records(&s, hello_message(&s, &k, &a), &a);
        text_printf(&now, "%s ", profile_at(i)->id);
        text_hex(&now, out.p, out.n);
        text_char(&now, '\n');
    }
    FILE *f = getenv("HELLO_WRITE") != NULL ? fopen(getenv("HELLO_WRITE"), "w") : NULL;
    if (f != NULL) {
        fputs(now.s, f);
        fclose(f);
    } else {
        CU_ASSERT_PTR_NOT_NULL_FATAL(was);
        CU_ASSERT_EQUAL(now.n, n);
        CU_ASSERT(now.n == n && memcmp(now.s, was, n) == 0);
    }
    free(was);
    text_free(&now);
    arena_free(&a);
}

static void versions_make_their_hello(void)
{
    static const struct { uint16_t low, high, version; size_t versions; bool sigalgs, extensions; } t[] = {
        { 0x0300, 0x0304, 0x0303, 5, true, true }, { 0x0304, 0x0304, 0x0303, 1, true, true }, { 0x0303, 0x0303, 0x0303, 0, true, true },
        { 0x0301, 0x0301, 0x0301, 0, false, true }, { 0x0300, 0x0300, 0x0300, 0, false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena        a = { 0 };
        struct hello_spec   s = { .shape = *hello_modern(), .sni = name };
        struct hello_keys   k;
        struct client_hello c;
        hello_set_versions(&s.shape, t[i].low, t[i].high, &a);
        fixed_keys(&s, &k);
        parse(hello_message(&s, &k, &a), &s, &a, &c);
        CU_ASSERT_PTR_NULL(c.malformed);
        CU_ASSERT_EQUAL(c.version, t[i].version);
        CU_ASSERT_EQUAL(c.versions.n, t[i].versions);
        CU_ASSERT_EQUAL(c.sigalgs.v != NULL, t[i].sigalgs);
        CU_ASSERT_EQUAL(c.has_extensions, t[i].extensions);
        CU_ASSERT_EQUAL(c.key_shares.n, t[i].high == 0x0304 ? 3 : 0);
        arena_free(&a);
    }
}

/* After a HelloRetryRequest: the same hello, but for one share and the cookie (RFC 8446 section 4.1.2). */
static void retry_changes_share_and_cookie_only(void)
{
    struct arena        a = { 0 };
    struct hello_spec   s = { .shape = *hello_modern(), .sni = name };
    struct hello_keys   k = { 0 };
    struct client_hello first, second;
    CU_ASSERT(hello_draw(&s, false, &k));
    parse(hello_message(&s, &k, &a), &s, &a, &first);
    s.retry_group = GROUP_SECP384R1;
    s.cookie = (struct bytes){ (const uint8_t *)"crumbs", 6 };
    CU_ASSERT(hello_draw(&s, true, &k));
    parse(hello_message(&s, &k, &a), &s, &a, &second);
    CU_ASSERT_EQUAL(second.key_shares.n, 1);
    CU_ASSERT_EQUAL(second.key_shares.v[0], GROUP_SECP384R1);
    CU_ASSERT_EQUAL(second.exts, first.exts + 1);
    CU_ASSERT(has_ext(&second, EXT_COOKIE));
    CU_ASSERT(bytes_equal(first.random, second.random));
    CU_ASSERT(bytes_equal(first.session_id, second.session_id));
    arena_free(&a);
}

/* A name too long for its extension, a session id too long for its field: no bytes rather than wrong ones. */
static void what_does_not_fit_is_refused(void)
{
    struct arena      a = { 0 };
    uint8_t          *big = mem_get(70000, 1);
    struct hello_spec s = { .shape = *hello_modern(), .sni = { big, 70000 } };
    struct hello_keys k = { 0 };
    CU_ASSERT(hello_draw(&s, false, &k));
    CU_ASSERT_PTR_NULL(hello_message(&s, &k, &a).p);
    s.sni = name;
    s.shape.session_id_len = 33;
    CU_ASSERT_PTR_NULL(hello_message(&s, &k, &a).p);
    free(big);
    arena_free(&a);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("hello", NULL, NULL);
    CU_add_test(s, "every profile's hello is recognised as its own", every_profile_is_itself);
    CU_add_test(s, "its bytes stay the same", bytes_stay_the_same);
    CU_add_test(s, "a range of versions", versions_make_their_hello);
    CU_add_test(s, "the hello after a retry", retry_changes_share_and_cookie_only);
    CU_add_test(s, "what does not fit", what_does_not_fit_is_refused);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
