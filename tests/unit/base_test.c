/* base/: bounded reading, arenas, escaping, times, JSON. */
#include "tlswhy/reader.h"
#include "tlswhy/text.h"

#include <CUnit/Basic.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void reading(void)
{
    static const uint8_t in[] = { 0x01, 0x02, 0x03, 0x00, 0x02, 0xaa, 0xbb, 0xcc };
    struct reader        r = rd_of(in, sizeof in);
    CU_ASSERT_EQUAL(rd_u24(&r, "a"), 0x010203);
    struct reader v = rd_vec(&r, 2, "b");
    CU_ASSERT_EQUAL(rd_left(&v), 2);
    CU_ASSERT_EQUAL(v.at, 5);
    CU_ASSERT_EQUAL(rd_u16(&v, "c"), 0xaabb);
    CU_ASSERT_EQUAL(rd_u8(&v, "past the end"), 0); /* the vector's end holds, though the input goes on */
    CU_ASSERT_STRING_EQUAL(v.want, "past the end");
    CU_ASSERT_EQUAL(rd_u16(&r, "first"), 0);
    CU_ASSERT_EQUAL(rd_u8(&r, "second"), 0); /* one byte is left, but reading has failed */
    CU_ASSERT_STRING_EQUAL(r.want, "first");
    CU_ASSERT_FALSE(rd_more(&r));

    struct reader empty = rd_of(NULL, 0);
    CU_ASSERT_EQUAL(rd_left(&empty), 0);
    CU_ASSERT_EQUAL(rd_u32(&empty, "x"), 0);
    CU_ASSERT_STRING_EQUAL(empty.want, "x");
}

static void arenas(void)
{
    struct arena a = { 0 };
    char        *s = arena_printf(&a, "%s %d", "stream", 4);
    uint64_t    *n = ARENA_NEW_N(&a, 1000, uint64_t);
    CU_ASSERT_STRING_EQUAL(s, "stream 4");
    CU_ASSERT_EQUAL((uintptr_t)n % _Alignof(uint64_t), 0);
    for (size_t i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL_FATAL(n[i], 0);
    CU_ASSERT_PTR_NOT_NULL(arena_get(&a, 40000, 1)); /* outsized: behind the block in use */
    CU_ASSERT_PTR_NOT_NULL(arena_get(&a, 300000, 1));
    CU_ASSERT_STRING_EQUAL(arena_str(&a, "still whole"), "still whole");
    CU_ASSERT_STRING_EQUAL(s, "stream 4");
    arena_free(&a);
    CU_ASSERT_EQUAL(a.used, 0);
}

static void first_error_stays(void)
{
    struct err e = { "" };
    err_set(&e, "cannot open %s", "a");
    err_set(&e, "later");
    CU_ASSERT_STRING_EQUAL(e.text, "cannot open a");
}

static void escaping(void)
{
    static const struct { const char *name, *in; size_t n, max; const char *out; } t[] = {
        { "plain", "www.example", 11, 80, "www.example" },
        { "terminal title", "\x1b]0;x\x07", 6, 80, "\\x1b]0;x\\x07" },
        { "NUL", "a\0b", 3, 80, "a\\x00b" },
        { "good UTF-8", "m\xc3\xbcnchen", 8, 80, "m\xc3\xbcnchen" },
        { "right-to-left override", "\xe2\x80\xaegnp", 6, 80, "\\u202egnp" },
        { "C1 as UTF-8", "\xc2\x9b" "31m", 5, 80, "\\x9b31m" },
        { "lone continuation", "\x80", 1, 80, "\\x80" },
        { "overlong slash", "\xc0\xaf", 2, 80, "\\xc0\\xaf" },
        { "surrogate", "\xed\xa0\x80", 3, 80, "\\xed\\xa0\\x80" },
        { "above Unicode", "\xf5\x80\x80\x80", 4, 80, "\\xf5\\x80\\x80\\x80" },
        { "tag character", "\xf3\xa0\x80\x81", 4, 80, "\\U000e0001" },
        { "cut in the middle", "\xe2\x80", 2, 80, "\\xe2\\x80" },
        { "backslash cannot fake an escape", "\\x1b", 4, 80, "\\\\x1b" },
        { "too long", "abcdef", 6, 3, "abc..." },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct text out = { 0 };
        text_safe(&out, t[i].in, t[i].n, t[i].max);
        CU_ASSERT_STRING_EQUAL(out.s, t[i].out);
        if (strcmp(out.s, t[i].out) != 0)
            printf("  %s: %s\n", t[i].name, out.s);
        text_free(&out);
    }
}

static void wrapping(void)
{
    struct text out = { 0 };
    text_wrap(&out, "one two  three\nfour five", 2, 10);
    CU_ASSERT_STRING_EQUAL(out.s, "one two\n  three\n  four\n  five");
    text_clear(&out);
    text_wrap(&out, "averyveryverylongword x", 2, 10);
    CU_ASSERT_STRING_EQUAL(out.s, "averyveryverylongword\n  x");
    text_free(&out);
}

static void times(void)
{
    static const struct { const char *in; bool ok; int64_t s; const char *out; } t[] = {
        { "1970-01-01", true, 0, "1970-01-01T00:00:00Z" },
        { "2024-02-29T12:34:56Z", true, 1709210096, "2024-02-29T12:34:56Z" },
        { "2024-02-29T12:34:56+01:00", true, 1709206496, "2024-02-29T11:34:56Z" },
        { "1950-01-01T00:00:00Z", true, -631152000, "1950-01-01T00:00:00Z" },
        { "1767225599", true, 1767225599, "2025-12-31T23:59:59Z" },
        { "2024-13-01", false, 0, NULL },
        { "yesterday", false, 0, NULL },
        { "2024-01-01T25:00:00Z", false, 0, NULL },
        { "", false, 0, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        int64_t ns = 0;
        char    out[40];
        CU_ASSERT_EQUAL(time_parse(t[i].in, &ns), t[i].ok);
        if (!t[i].ok)
            continue;
        CU_ASSERT_EQUAL(ns / NS_PER_S, t[i].s);
        time_rfc3339_s(out, ns / NS_PER_S);
        CU_ASSERT_STRING_EQUAL(out, t[i].out);
    }
    char out[40];
    time_rfc3339(out, INT64_C(1706955072345678999));
    CU_ASSERT_STRING_EQUAL(out, "2024-02-03T10:11:12.345678Z");
    time_rfc3339(out, -1);
    CU_ASSERT_STRING_EQUAL(out, "1969-12-31T23:59:59.999999Z");
    time_rfc3339_s(out, INT64_MIN); /* any number gives a text */
    time_rfc3339_s(out, INT64_MAX);
}

/* Whatever bytes go in, another reader takes the result for JSON. */
static void json_is_valid(void)
{
    for (unsigned seed = 0; seed < 2000; seed++) {
        uint8_t     noise[24];
        struct text out = { 0 };
        struct json j = { .out = &out };
        srand(seed);
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (uint8_t)(seed % 2 ? rand() : 0xc0 + rand() % 64);
        json_open(&j, NULL, '{');
        json_bytes(&j, "noise", noise, sizeof noise);
        json_open(&j, "list", '[');
        json_int(&j, NULL, -5);
        json_fixed(&j, NULL, 4.125, 1);
        json_nil(&j, NULL);
        json_close(&j, ']');
        json_bool(&j, "yes", true);
        json_hex(&j, "hex", "\x01\xff", 2);
        json_close(&j, '}');
        json_error_t e;
        json_t      *o = json_loads(out.s, JSON_ALLOW_NUL, &e);
        CU_ASSERT_PTR_NOT_NULL_FATAL(o);
        CU_ASSERT_EQUAL(json_array_size(json_object_get(o, "list")), 3);
        CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(o, "hex")), "01ff");
        json_decref(o);
        text_free(&out);
    }
}

static void keyed_hash(void)
{
    /* The hash is determined by its key, and depends on every byte and the length. */
    const struct hash_key k = { { 1, 2 } }, other = { { 1, 3 } };
    uint8_t               in[24] = { 0 };
    uint64_t              h = hash_bytes(&k, in, sizeof in);
    CU_ASSERT_EQUAL(h, hash_bytes(&k, in, sizeof in));
    CU_ASSERT_NOT_EQUAL(h, hash_bytes(&other, in, sizeof in));
    CU_ASSERT_NOT_EQUAL(h, hash_bytes(&k, in, sizeof in - 1));
    for (size_t i = 0; i < sizeof in; i++) {
        in[i] = 1;
        CU_ASSERT_NOT_EQUAL(h, hash_bytes(&k, in, sizeof in));
        in[i] = 0;
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("base", NULL, NULL);
    CU_add_test(s, "reading", reading);
    CU_add_test(s, "arenas", arenas);
    CU_add_test(s, "the first error stays", first_error_stays);
    CU_add_test(s, "escaping", escaping);
    CU_add_test(s, "wrapping", wrapping);
    CU_add_test(s, "times", times);
    CU_add_test(s, "JSON is valid", json_is_valid);
    CU_add_test(s, "keyed hash", keyed_hash);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
