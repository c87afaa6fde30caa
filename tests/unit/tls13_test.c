/* The key schedule against RFC 8448, records sealed and opened, and key agreement between two of our own. */
#include "tlswhy/tls13.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

static size_t unhex(const char *s, uint8_t *out)
{
    size_t n = 0;
    for (unsigned v; sscanf(s + 2 * n, "%2x", &v) == 1; n++)
        out[n] = (uint8_t)v;
    return n;
}

/* RFC 8448 section 3: "derive secret for handshake", "derive write traffic keys for handshake data". */
static void schedule(void)
{
    static const struct { const char *secret, *label; bool hash_of_nothing; const char *want; } t[] = {
        { "33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", "derived", true, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba" },
        { "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", "key", false, "3fce516009c21727d0f2e4e86ee403bc" },
        { "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", "iv", false, "5d313eb2671276ee13000b30" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint8_t      secret[64], want[64], got[64], empty[DIGEST_MAX];
        size_t       n = unhex(t[i].want, want), len = unhex(t[i].secret, secret);
        struct bytes context = { empty, t[i].hash_of_nothing ? digest(HASH_SHA256, NULL, 0, empty) : 0 };
        CU_ASSERT(tls13_expand(HASH_SHA256, (struct bytes){ secret, len }, t[i].label, context, got, n));
        CU_ASSERT_EQUAL(memcmp(got, want, n), 0);
    }
}

/* RFC 8448 section 3: "generate resumption secret", for the ticket whose nonce is 00 00. */
static void session(void)
{
    struct tls13_secrets known = { 0 };
    uint8_t              messages[64], want[64], got[DIGEST_MAX];
    static const uint8_t nonce[2];
    known.secret_len = unhex("1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac", known.secret);
    unhex("209145a96ee8e2a122ff810047cc952684658d6049e86429426db87c54ad143d", messages);
    unhex("4ecd0eb6ec3b4d87f5d6028f922ca4c5851a277fd41311c9e62d2c9492e1c4f3", want);
    CU_ASSERT(tls13_session_key(tls13_suite_of(0x1301), &known, messages, (struct bytes){ nonce, 2 }, got));
    CU_ASSERT_EQUAL(memcmp(got, want, 32), 0);
    CU_ASSERT_EQUAL(tls13_binder(HASH_SHA384, (struct bytes){ got, 32 }, (struct bytes){ nonce, 2 }, want), 48);
    known.secret_len = 0;
    CU_ASSERT_FALSE(tls13_session_key(tls13_suite_of(0x1301), &known, messages, (struct bytes){ nonce, 2 }, got));
}

/* Each suite: what was sealed opens, in order, once; a changed byte does not. */
static void records(void)
{
    static const struct { uint16_t suite; size_t hash; } t[] = { { 0x1301, 32 }, { 0x1302, 48 }, { 0x1303, 32 }, { 0x1304, 32 }, { 0x1305, 32 } };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint8_t             secret[48], record[128], plain[128], type = 0;
        struct tls13_opener writer, reader;
        memset(secret, 0x5a, sizeof secret);
        CU_ASSERT(tls13_opener_init(&writer, t[i].suite, secret, t[i].hash));
        CU_ASSERT(tls13_opener_init(&reader, t[i].suite, secret, t[i].hash));
        for (int round = 0; round < 3; round++) {
            size_t n = tls13_seal(&writer, 22, (const uint8_t *)"hello", 5, record);
            CU_ASSERT(n > 10);
            record[7] ^= 1;
            CU_ASSERT_EQUAL(tls13_open(&reader, 0x0303, record + 5, n - 5, plain, &type), -1);
            record[7] ^= 1;
            CU_ASSERT_EQUAL(tls13_open(&reader, 0x0303, record + 5, n - 5, plain, &type), 5);
            CU_ASSERT_EQUAL(type, 22);
            CU_ASSERT_EQUAL(memcmp(plain, "hello", 5), 0);
            CU_ASSERT_EQUAL(tls13_open(&reader, 0x0303, record + 5, n - 5, plain, &type), -1);
        }
        CU_ASSERT_EQUAL(tls13_open(&reader, 0x0303, record + 5, 3, plain, &type), -1);
    }
    struct tls13_opener none;
    uint8_t             secret[32] = { 0 };
    CU_ASSERT_FALSE(tls13_opener_init(&none, 0xc02f, secret, 32));
    CU_ASSERT_FALSE(tls13_opener_init(&none, 0x1302, secret, 32));
}

static void agreement(void)
{
    static const uint16_t groups[] = { GROUP_X25519, GROUP_SECP256R1, GROUP_SECP384R1, GROUP_SECP521R1 };
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        struct ephemeral a, b;
        uint8_t          x[KEY_SHARED_MAX], y[KEY_SHARED_MAX], zeros[KEY_PUBLIC_MAX] = { 0 };
        CU_ASSERT(ephemeral_new(groups[i], &a));
        CU_ASSERT(ephemeral_new(groups[i], &b));
        size_t n = ephemeral_shared(&a, (struct bytes){ b.public_key, b.public_len }, x);
        CU_ASSERT(n != 0);
        CU_ASSERT_EQUAL(ephemeral_shared(&b, (struct bytes){ a.public_key, a.public_len }, y), n);
        CU_ASSERT_EQUAL(memcmp(x, y, n), 0);
        CU_ASSERT_EQUAL(ephemeral_shared(&a, (struct bytes){ zeros, a.public_len }, x), 0);
        CU_ASSERT_EQUAL(ephemeral_shared(&a, (struct bytes){ b.public_key, b.public_len - 1 }, x), 0);
    }
    struct ephemeral none;
    CU_ASSERT_FALSE(ephemeral_new(0x0100, &none));
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("tls13", NULL, NULL);
    CU_add_test(s, "the key schedule of RFC 8448", schedule);
    CU_add_test(s, "the key of a session, RFC 8448", session);
    CU_add_test(s, "records", records);
    CU_add_test(s, "key agreement", agreement);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
