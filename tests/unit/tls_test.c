/* tls_test.c - record headers, and messages that are cut, odd or broken: what was readable stays, the first field that did
 * not fit is named. */
#include <CUnit/Basic.h>
#include <string.h>

#include "tlswhy/tls.h"

static void record_headers(void)
{
    static const struct { const char *name; uint8_t in[16]; size_t n; bool start; enum record_peek says; } t[] = {
        { "nothing yet", { 0 }, 0, true, RECORD_MORE },
        { "one byte of a hello", { 22 }, 1, true, RECORD_MORE },
        { "header of a hello", { 22, 3, 1, 0, 200 }, 5, true, RECORD_MORE },
        { "a hello", { 22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3 }, 11, true, RECORD_YES },
        { "a hello longer than its record", { 22, 3, 1, 0, 200, 1, 0, 6, 1, 3, 3 }, 11, true, RECORD_YES },
        { "a hello of a draft", { 22, 3, 1, 0, 200, 2, 0, 0, 70, 0x7f, 19 }, 11, true, RECORD_YES },
        { "a Modbus answer", { 22, 3, 1, 0, 0, 3, 1, 0x81, 1 }, 9, true, RECORD_NOT_TLS },
        { "a Modbus answer that looks longer", { 22, 3, 1, 2, 0, 3, 1, 0x81, 1, 0, 0 }, 11, true, RECORD_NOT_TLS },
        { "a hello of 16 MB", { 22, 3, 1, 0, 200, 1, 0xff, 0, 0, 3, 3 }, 11, true, RECORD_NOT_TLS },
        { "an alert as the first record", { 21, 3, 1, 0, 2, 2, 70 }, 7, true, RECORD_YES },
        { "an alert without a version", { 21, 0, 0, 0, 2, 2, 40 }, 7, true, RECORD_YES },
        { "its beginning", { 21, 0, 0, 0 }, 4, true, RECORD_MORE },
        { "an alert without a version, later", { 21, 0, 0, 0, 2, 2, 40 }, 7, false, RECORD_NOT_TLS },
        { "no alert: longer", { 21, 0, 0, 0, 6, 1, 3 }, 7, true, RECORD_NOT_TLS },
        { "no alert: no such level", { 21, 0, 0, 0, 2, 3, 40 }, 7, true, RECORD_NOT_TLS },
        { "data as the first record", { 23, 3, 3, 0, 2, 2, 70 }, 7, true, RECORD_NOT_TLS },
        { "data later", { 23, 3, 3, 0, 2, 2, 70 }, 7, false, RECORD_YES },
        { "HTTP", { 'H', 'T', 'T', 'P', '/', '1' }, 6, false, RECORD_NOT_TLS },
        { "record too long", { 23, 3, 3, 0x48, 1 }, 5, false, RECORD_NOT_TLS },
        { "empty handshake record", { 22, 3, 3, 0, 0 }, 5, false, RECORD_NOT_TLS },
        { "SSL 2.0 hello", { 0x80, 28, 1, 0, 2, 0, 3, 0, 0, 0, 16 }, 11, true, RECORD_YES },
        { "SSL 2.0 hello with TLS 1.0", { 0x80, 28, 1, 3, 1, 0, 3, 0, 0, 0, 16 }, 11, true, RECORD_YES },
        { "lengths that do not add up", { 0x80, 29, 1, 0, 2, 0, 3, 0, 0, 0, 16 }, 11, true, RECORD_NOT_TLS },
        { "specs of odd length", { 0x80, 29, 1, 0, 2, 0, 4, 0, 0, 0, 16 }, 11, true, RECORD_NOT_TLS },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct reader r = rd_of(t[i].in, t[i].n);
        struct record rec;
        if (record_peek(&r, t[i].start, &rec) != t[i].says) {
            printf("\n  %s", t[i].name);
            CU_FAIL("record_peek says something else");
        }
    }
}

/* version, random, empty session id, one suite, null compression */
#define HELLO_START 3, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
#define HELLO HELLO_START, 0, 0, 2, 0xc0, 0x2f, 1, 0

static void client_hellos(void)
{
    static const uint8_t bare[] = { HELLO };
    static const uint8_t full[] = { HELLO, 0, 47, 0, 0, 0, 6, 0, 4, 0, 0, 1, 'a', 0, 43, 0, 7, 6, 0x0a, 0x0a, 3, 4, 3, 3,
                                    0, 13, 0, 4, 0, 2, 8, 4, 0, 13, 0, 4, 0, 2, 4, 1, 0, 35, 0, 0, 0, 10, 0, 2, 0, 0 };
    struct { const char *name; const uint8_t *p; size_t n; const char *malformed; uint16_t max, min; bool ext, sni, dup; } t[] = {
        { "without extensions", bare, sizeof bare, NULL, 0x0303, 0, false, false, false },
        { "cut in the random", bare, 20, "random", 0x0303, 0, false, false, false },
        { "cut in the suites", bare, 38, "cipher_suites", 0x0303, 0, false, false, false },
        { "many extensions", full, sizeof full, NULL, 0x0304, 0x0303, true, true, true },
        { "cut after server_name", full, sizeof bare + 2 + 10, "extensions", 0x0303, 0, true, true, false },
        { "cut inside an extension", full, sizeof bare + 2 + 10 + 6, "extensions", 0x0303, 0, true, true, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena        a = { 0 };
        struct client_hello c = { 0 };
        tls_client_hello(rd_of(t[i].p, t[i].n), &a, &c);
        if ((c.malformed == NULL) != (t[i].malformed == NULL) || (c.malformed != NULL && strcmp(c.malformed, t[i].malformed) != 0)) {
            printf("\n  %s: malformed is %s", t[i].name, c.malformed != NULL ? c.malformed : "nothing");
            CU_FAIL("malformed");
        }
        CU_ASSERT(c.max_version == t[i].max && c.min_version == t[i].min);
        CU_ASSERT(c.has_extensions == t[i].ext && (c.sni.p != NULL) == t[i].sni && c.duplicate_ext == t[i].dup);
        if (t[i].n == sizeof full) {
            CU_ASSERT(c.versions.n == 3 && c.sni.n == 1 && c.ticket.p != NULL && c.ticket.n == 0);
            CU_ASSERT(c.groups.v != NULL && c.groups.n == 0 && c.key_shares.v == NULL && c.suites.n == 1 && c.suites.v[0] == 0xc02f);
        }
        size_t exts = c.exts; /* once more into the same, as after the first part of a hello: no extension of the first reading is left */
        tls_client_hello(rd_of(t[i].p, t[i].n), &a, &c);
        CU_ASSERT(c.exts == exts && (exts == 0 || c.ext[0].type == 0));
        arena_free(&a);
    }
}

static void server_hellos(void)
{
    static const uint8_t tls12[] = { HELLO_START, 0, 0xc0, 0x2f, 0 };
    static const uint8_t tls13[] = { HELLO_START, 0, 0x13, 1, 0, 0, 14, 0, 43, 0, 2, 3, 4, 0, 51, 0, 4, 0, 29, 0, 0 };
    static const uint8_t draft[] = { 0x7f, 19, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
                                     27, 28, 29, 30, 31, 0x13, 1, 0, 8, 0, 40, 0, 4, 0, 29, 0, 0 };
    struct { const uint8_t *p; size_t n; uint16_t version, group; uint32_t suite; const char *malformed; } t[] = {
        { tls12, sizeof tls12, 0x0303, 0, 0xc02f, NULL },
        { tls12, sizeof tls12 - 1, 0x0303, 0, 0xc02f, "compression_method" },
        { tls12, 35, 0x0303, 0, 0, "cipher_suite" },
        { tls13, sizeof tls13, 0x0304, 29, 0x1301, NULL },
        { draft, sizeof draft, 0x7f13, 29, 0x1301, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena        a = { 0 };
        struct server_hello s = { 0 };
        tls_server_hello(rd_of(t[i].p, t[i].n), &a, &s);
        CU_ASSERT(s.chosen_version == t[i].version && s.group == t[i].group && s.suite == t[i].suite);
        CU_ASSERT((s.malformed == NULL) == (t[i].malformed == NULL));
        CU_ASSERT(s.malformed == NULL || strcmp(s.malformed, t[i].malformed) == 0);
        CU_ASSERT(!tls_is_hello_retry(&s));
        arena_free(&a);
    }
    uint8_t sentinel[sizeof tls12];
    memcpy(sentinel, tls12, sizeof tls12);
    memcpy(sentinel + 2 + 24, "DOWNGRD\x01", 8);
    struct arena        a = { 0 };
    struct server_hello s = { 0 };
    tls_server_hello(rd_of(sentinel, sizeof sentinel), &a, &s);
    CU_ASSERT_EQUAL(s.downgrade, DOWNGRD_TLS12);
    arena_free(&a);
}

static void certificates(void)
{
    static const uint8_t list[] = { 0, 0, 9, 0, 0, 2, 0x30, 0, 0, 0, 1, 0x30 };
    static const uint8_t list13[] = { 0, 0, 0, 7, 0, 0, 2, 0x30, 0, 0, 0 };
    struct bytes         der[64];
    const char          *bad = NULL;
    CU_ASSERT_EQUAL(tls_certificates(rd_of(list, sizeof list), false, der, &bad), 2);
    CU_ASSERT(bad == NULL && der[0].n == 2 && der[1].n == 1);
    CU_ASSERT_EQUAL(tls_certificates(rd_of(list13, sizeof list13), true, der, &bad), 1);
    CU_ASSERT(bad == NULL && der[0].n == 2);
    CU_ASSERT_EQUAL(tls_certificates(rd_of(list, sizeof list - 1), false, der, &bad), 0);
    CU_ASSERT_STRING_EQUAL(bad, "certificate_list");
}

static void key_exchange(void)
{
    static const uint8_t ecdhe[] = { 3, 0, 23, 2, 4, 5, 8, 4, 0, 3, 1, 2, 3 };
    static const uint8_t dhe[] = { 0, 3, 0, 0x7f, 0xff, 0, 1, 2, 0, 1, 9, 0, 2, 7, 7 };
    struct server_kex    k = { 0 };
    tls_server_key_exchange(rd_of(ecdhe, sizeof ecdhe), suite_of(0xc02f), 0x0303, &k);
    CU_ASSERT(k.kind == KEX_ECDHE && k.group == 23 && k.sigalg == 0x0804 && k.params.n == 6 && k.signature.n == 3);
    k = (struct server_kex){ 0 };
    tls_server_key_exchange(rd_of(dhe, sizeof dhe), suite_of(0x0033), 0x0301, &k);
    CU_ASSERT(k.kind == KEX_DHE && k.dh_bits == 15 && k.sigalg == 0 && k.params.n == 11 && k.signature.n == 2);
    k = (struct server_kex){ 0 };
    tls_server_key_exchange(rd_of(dhe, 4), suite_of(0x0033), 0x0301, &k);
    CU_ASSERT(k.kind == KEX_DHE && k.signature.p == NULL);
}

static void requests(void)
{
    static const uint8_t request[] = { 2, 1, 64, 0, 2, 4, 1, 0, 5, 0, 3, 0x30, 1, 0 };
    static const uint8_t status[] = { 1, 0, 0, 2, 0x30, 0 };
    struct arena         a = { 0 };
    struct cert_request  c = { 0 };
    tls_certificate_request(rd_of(request, sizeof request), 0x0303, &a, &c);
    CU_ASSERT(c.types.n == 2 && c.sigalgs.n == 1 && c.authorities == 1 && c.ca_names.n == 1 && c.ca_names.v[0].n == 3);
    CU_ASSERT_EQUAL(tls_certificate_status(rd_of(status, sizeof status)).n, 2);
    CU_ASSERT_PTR_NULL(tls_certificate_status(rd_of(status, sizeof status - 1)).p);
    arena_free(&a);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("tls", NULL, NULL);
    CU_add_test(s, "record headers", record_headers);
    CU_add_test(s, "ClientHello", client_hellos);
    CU_add_test(s, "ServerHello", server_hellos);
    CU_add_test(s, "Certificate", certificates);
    CU_add_test(s, "ServerKeyExchange", key_exchange);
    CU_add_test(s, "CertificateRequest, CertificateStatus", requests);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
