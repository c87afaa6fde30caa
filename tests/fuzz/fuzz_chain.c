/* Chains from any bytes: pieces cut by a two-octet length, as a TLS 1.2 Certificate message has them, each taken
 * for a certificate; a flag octet before each makes it sent, pool or anchor. What is left is the staple. */
#include "tlswhy/reader.h"
#include "tlswhy/trust.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EACH = 24 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cert_store *s = cert_store_new();
    struct arena       a = { 0 };
    struct cert       *lists[3][EACH];
    size_t             n[3] = { 0 };
    struct reader      r = rd_of(data, size);
    unsigned           flags = rd_u8(&r, "flags"), time = rd_u32(&r, "time");
    static const char *const sigs[] = { "rsa-sha256", "ecdsa-sha256", NULL };
    static const char *const eras[] = { "microsoft 2008-12-31", "android 2012-03-28", NULL };
    struct chain       c;
    while (rd_more(&r)) {
        unsigned      where = rd_u8(&r, "where") % 4;
        struct reader one = rd_vec(&r, 2, "certificate");
        struct bytes  der = rd_rest(&one);
        if (where == 3 || one.want != NULL || der.n == 0)
            break;
        if (n[where] < EACH)
            lists[where][n[where]++] = cert_intern(s, der.p, der.n);
    }
    r.want = NULL;
    struct anchors        anchors = { .v = lists[2], .n = n[2], .name = "fuzz", .clients_own = flags & 1 };
    struct trust_question q = { .store = s, .certs = lists[0], .n = n[0], .pool = lists[1], .pool_n = n[1], .anchors = flags & 2 ? NULL : &anchors, .time = time,
                                .name = flags & 4 ? "www.example" : flags & 8 ? "192.0.2.1" : NULL, .name_len = flags & 4 ? 11 : 9, .sigs = flags & 16 ? sigs : NULL,
                                .kex = flags & 32 ? KEX_RSA : KEX_UNKNOWN, .staple_due = flags & 64, .eras = flags & 128 ? eras : NULL, .client_guessed = flags & 2, .name_learnt = flags & 1, .staple = rd_rest(&r) };
    chain_judge(&q, &a, &c);
    for (size_t i = 0; i < n[0] && i < 3; i++) {
        struct text out = { 0 };
        struct json j = { .out = &out };
        cert_facts_json(&j, NULL, lists[0][i]);
        text_free(&out);
    }
    arena_free(&a);
    cert_store_free(s);
    return 0;
}
