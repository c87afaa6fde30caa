/* The chain judge: one table of chains, each with what must be said first. */
#include "certs.h"
#include "tlswhy/profile.h"
#include "tlswhy/trust.h"

#include <CUnit/Basic.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static const char *const no_sha2[] = { "rsa-sha1", "ecdsa-sha1", NULL }, *const only_rsa[] = { "rsa", NULL }, *const sha2_only[] = { "ecdsa-sha256", NULL };

enum staple { NO_STAPLE, GOOD_STAPLE, REVOKED_STAPLE, NO_STAPLE_DUE, BROKEN_STAPLE };

struct chain_case {
    const char        *what, *chain, *anchors, *pool, *name;
    int                day; /* after the certificates were made */
    enum verdict       verdict;
    const char        *primary, *also; /* also: a further problem that must be there */
    bool               foreign; /* the anchors are not said to be the client's own */
    const char *const *sigs, *const *keys;
    enum kex           kex;
    enum staple        staple;
};

static const struct chain_case cases[] = {
    { .what = "good", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .name = "www.example", .verdict = CHAIN_OK },
    { .what = "good, address", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .name = "192.0.2.1", .verdict = CHAIN_OK },
    { .what = "root sent", .chain = PEM_LEAF PEM_INTER PEM_ROOT, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "root_sent" },
    { .what = "wrong order", .chain = PEM_LEAF PEM_ROOT PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "wrong_order" },
    { .what = "one too many", .chain = PEM_LEAF PEM_INTER PEM_NC, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "extra_certs" },
    { .what = "one twice", .chain = PEM_LEAF PEM_INTER PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "duplicate_certs" },
    { .what = "leaf is an anchor", .chain = PEM_SELF, .anchors = PEM_SELF, .verdict = CHAIN_OK },
    { .what = "expired leaf", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .day = 1200, .verdict = CHAIN_FAIL, .primary = "expired" },
    { .what = "not yet valid", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .day = -500, .verdict = CHAIN_FAIL, .primary = "not_yet_valid" },
    { .what = "only the anchor is too old", .chain = PEM_SELF, .anchors = PEM_SELF, .day = 4000, .verdict = CHAIN_FAIL, .primary = "expired" },
    { .what = "another name", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .name = "other.example", .verdict = CHAIN_FAIL, .primary = "name_mismatch" },
    { .what = "wildcard, two labels", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .name = "a.b.wild.example", .verdict = CHAIN_FAIL, .primary = "name_mismatch" },
    { .what = "self-signed leaf", .chain = PEM_SELF, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "self_signed_leaf" },
    { .what = "self-signed leaf, foreign anchors", .chain = PEM_SELF, .anchors = PEM_ROOT, .foreign = true, .verdict = CHAIN_FAIL, .primary = "self_signed_leaf" },
    { .what = "no intermediate", .chain = PEM_LEAF, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "missing_intermediate" },
    { .what = "no intermediate, root instead", .chain = PEM_LEAF PEM_ROOT, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "missing_intermediate", .also = "root_sent" },
    { .what = "intermediate in the pool", .chain = PEM_LEAF, .anchors = PEM_ROOT, .pool = PEM_INTER, .verdict = CHAIN_FAIL, .primary = "missing_intermediate" },
    { .what = "untrusted root sent", .chain = PEM_LEAF PEM_INTER PEM_ROOT, .anchors = PEM_OTHER, .verdict = CHAIN_FAIL, .primary = "untrusted_root" },
    { .what = "untrusted root not sent", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_OTHER, .verdict = CHAIN_FAIL, .primary = "untrusted_root" },
    { .what = "root not in a foreign list", .chain = PEM_LEAF PEM_INTER PEM_ROOT, .anchors = PEM_OTHER, .foreign = true, .verdict = CHAIN_UNKNOWN, .primary = "untrusted_root" },
    { .what = "foreign list, expired too", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_OTHER, .foreign = true, .day = 1200, .verdict = CHAIN_FAIL, .primary = "expired" },
    { .what = "issued by a leaf", .chain = PEM_BELOW PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "not_a_ca" },
    { .what = "issued by what is no CA", .chain = PEM_UNDERBAD PEM_BADCA, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "not_a_ca" },
    { .what = "code signing only", .chain = PEM_USAGE PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "wrong_eku" },
    { .what = "RSA key exchange without keyEncipherment", .chain = PEM_RSA1024 PEM_INTER, .anchors = PEM_ROOT, .kex = KEX_RSA, .verdict = CHAIN_FAIL, .primary = "wrong_ku" },
    { .what = "the same, ECDHE", .chain = PEM_RSA1024 PEM_INTER, .anchors = PEM_ROOT, .kex = KEX_ECDHE, .verdict = CHAIN_OK, .also = "weak_key" },
    { .what = "512-bit key", .chain = PEM_SHORT PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "weak_key" },
    { .what = "SHA-1 leaf", .chain = PEM_SHA1 PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "weak_signature" },
    { .what = "SHA-1, client knows SHA-2 only", .chain = PEM_SHA1 PEM_INTER, .anchors = PEM_ROOT, .sigs = sha2_only, .verdict = CHAIN_FAIL, .primary = "sig_unsupported_by_client" },
    { .what = "client without SHA-2", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .sigs = no_sha2, .verdict = CHAIN_FAIL, .primary = "sha2_unsupported_by_client" },
    { .what = "client without ECDSA", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .keys = only_rsa, .verdict = CHAIN_FAIL, .primary = "unsupported_key_for_client" },
    { .what = "outside of the constraints", .chain = PEM_NCLEAF PEM_NC, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "name_constraint" },
    { .what = "inside the constraints", .chain = PEM_NCGOOD PEM_NC, .anchors = PEM_ROOT, .name = "www.allowed.example", .verdict = CHAIN_OK },
    { .what = "excluded", .chain = PEM_NCNO PEM_NC, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "name_constraint" },
    { .what = "an algorithm nobody here checks", .chain = PEM_UNDERDED, .anchors = PEM_ED, .verdict = CHAIN_UNKNOWN, .primary = "unsupported_by_tool" },
    { .what = "that, and the name is wrong", .chain = PEM_UNDERDED, .anchors = PEM_ED, .name = "x.example", .verdict = CHAIN_FAIL, .primary = "name_mismatch" },
    { .what = "CN only", .chain = PEM_V1CA, .anchors = PEM_V1CA, .name = "No SAN", .verdict = CHAIN_OK, .also = "no_san" },
    { .what = "leaf is no certificate", .chain = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n" PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_FAIL, .primary = "malformed" },
    { .what = "the first is the CA", .chain = PEM_INTER PEM_LEAF, .anchors = PEM_ROOT, .name = "www.example", .verdict = CHAIN_FAIL, .primary = "wrong_leaf", .also = "name_mismatch" },
    { .what = "staple good", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .staple = GOOD_STAPLE, .verdict = CHAIN_OK },
    { .what = "staple too old", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .staple = GOOD_STAPLE, .day = 30, .verdict = CHAIN_FAIL, .primary = "ocsp_bad" },
    { .what = "revoked", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .staple = REVOKED_STAPLE, .verdict = CHAIN_FAIL, .primary = "revoked" },
    { .what = "staple of another", .chain = PEM_USAGE PEM_INTER, .anchors = PEM_ROOT, .staple = GOOD_STAPLE, .verdict = CHAIN_FAIL, .primary = "wrong_eku", .also = "ocsp_bad" },
    { .what = "broken staple", .chain = PEM_LEAF PEM_INTER, .anchors = PEM_ROOT, .staple = BROKEN_STAPLE, .verdict = CHAIN_FAIL, .primary = "ocsp_bad" },
    { .what = "must staple, unknown", .chain = PEM_STAPLE PEM_INTER, .anchors = PEM_ROOT, .verdict = CHAIN_OK, .also = "must_staple" },
    { .what = "must staple and does not", .chain = PEM_STAPLE PEM_INTER, .anchors = PEM_ROOT, .staple = NO_STAPLE_DUE, .verdict = CHAIN_FAIL, .primary = "ocsp_missing" },
};

static struct bytes staple_of(enum staple s)
{
    return s == GOOD_STAPLE ? (struct bytes){ ocsp_good, sizeof ocsp_good } : s == REVOKED_STAPLE ? (struct bytes){ ocsp_revoked, sizeof ocsp_revoked } :
           s == BROKEN_STAPLE ? (struct bytes){ ocsp_good, sizeof ocsp_good / 2 } : (struct bytes){ 0 };
}

static struct cert **load(struct cert_store *s, const char *pem, size_t *n)
{
    struct cert **v = NULL;
    size_t        bad;
    *n = 0;
    if (pem != NULL)
        certs_from_memory(s, pem, strlen(pem), &v, n, &bad);
    return v;
}

static void judging(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct chain_case *t = &cases[i];
        struct cert_store       *s = cert_store_new();
        struct arena             a = { 0 };
        struct anchors           anchors = { .name = "test", .clients_own = !t->foreign };
        struct trust_question    q = { .store = s, .anchors = &anchors, .time = CERTS_MADE + 60 + (int64_t)t->day * DAY, .name = t->name, .name_len = t->name != NULL ? strlen(t->name) : 0,
                                       .sigs = t->sigs, .keys = t->keys, .kex = t->kex, .staple = staple_of(t->staple), .staple_due = t->staple == NO_STAPLE_DUE };
        struct cert            **pool = load(s, t->pool, &q.pool_n);
        struct chain             c;
        anchors.v = load(s, t->anchors, &anchors.n);
        q.certs = load(s, t->chain, &q.n);
        q.pool = pool;
        chain_judge(&q, &a, &c);
        bool first = t->primary == NULL ? c.primary == NULL : c.primary != NULL && strcmp(c.primary, t->primary) == 0;
        if (c.verdict != t->verdict || !first || (t->also != NULL && !chain_has(&c, t->also, SEV_INFO, NULL))) {
            printf("\n%s: %s %s\n", t->what, verdict_name(c.verdict), c.primary != NULL ? c.primary : "-");
            for (size_t k = 0; k < c.n; k++)
                printf("   %s %s: %s\n", severity_name(c.problems[k].severity), c.problems[k].code, c.problems[k].detail);
        }
        CU_ASSERT_EQUAL(c.verdict, t->verdict);
        CU_ASSERT_TRUE(first);
        CU_ASSERT_TRUE(t->also == NULL || chain_has(&c, t->also, SEV_INFO, NULL));
        free(q.certs);
        free(pool);
        anchors_free(&anchors);
        arena_free(&a);
        cert_store_free(s);
    }
}

/* Android does not hold a root to its dates; who else may have sent the hello does. */
static void android_dates(void)
{
    static const char *const android[] = { "android 2012-03-28", "android 2016-08-22", NULL }, *const mixed[] = { "android 2012-03-28", "java 2015-01-20", NULL };
    for (int i = 0; i < 3; i++) {
        struct cert_store    *s = cert_store_new();
        struct arena          a = { 0 };
        struct anchors        anchors = { .name = "test", .clients_own = true };
        struct trust_question q = { .store = s, .anchors = &anchors, .time = CERTS_MADE + INT64_C(3700) * DAY, .eras = i == 0 ? NULL : i == 1 ? android : mixed };
        struct chain          c;
        anchors.v = load(s, PEM_ROOT, &anchors.n);
        q.certs = load(s, PEM_LEAF PEM_INTER, &q.n);
        chain_judge(&q, &a, &c);
        CU_ASSERT_EQUAL(chain_has(&c, "expired_anchor", SEV_ERROR, NULL), i != 1);
        CU_ASSERT_TRUE(chain_has(&c, "expired_anchor", SEV_INFO, NULL));
        free(q.certs);
        anchors_free(&anchors);
        arena_free(&a);
        cert_store_free(s);
    }
}

static void without_anchors(void)
{
    struct cert_store    *s = cert_store_new();
    struct arena          a = { 0 };
    struct trust_question q = { .store = s, .time = CERTS_MADE + 60 };
    struct chain          c;
    chain_judge(&q, &a, &c); /* no certificates at all */
    CU_ASSERT_EQUAL(c.verdict, CHAIN_UNKNOWN);
    q.certs = load(s, PEM_LEAF PEM_INTER PEM_ROOT, &q.n);
    chain_judge(&q, &a, &c);
    CU_ASSERT_EQUAL(c.verdict, CHAIN_UNKNOWN);
    CU_ASSERT_STRING_EQUAL(c.primary, "untrusted_root");
    free(q.certs);
    arena_free(&a);
    cert_store_free(s);
}

/* The JSON of facts and judgement is valid whatever the certificate. */
static void json_is_valid(void)
{
    struct cert_store    *s = cert_store_new();
    struct arena          a = { 0 };
    struct trust_question q = { .store = s, .time = CERTS_MADE };
    struct chain          c;
    struct text           out = { 0 };
    struct json           j = { .out = &out };
    q.certs = load(s, PEM_LEAF PEM_INTER PEM_NC PEM_PSS PEM_BMP "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", &q.n);
    chain_judge(&q, &a, &c);
    json_open(&j, NULL, '{');
    chain_json(&j, &c);
    json_open(&j, "certs", '[');
    for (size_t i = 0; i < q.n; i++)
        cert_facts_json(&j, NULL, q.certs[i]);
    json_close(&j, ']');
    json_close(&j, '}');
    json_t *read = json_loads(out.s, 0, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(read);
    CU_ASSERT_EQUAL(json_array_size(json_object_get(read, "certs")), 6);
    CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(json_array_get(json_object_get(read, "certs"), 5), "parse")), "malformed");
    json_decref(read);
    text_free(&out);
    free(q.certs);
    arena_free(&a);
    cert_store_free(s);
}

/* Days of the lists: first seen in Microsoft's on 2018-07-18 and in Android's on 2016-08-17 (ISRG Root X1); in both from
 * the beginning to the end (DST Root CA X3). */
static void eras(void)
{
    static const uint8_t isrg_x1[32] = { 0x96, 0xbc, 0xec, 0x06, 0x26, 0x49, 0x76, 0xf3, 0x74, 0x60, 0x77, 0x9a, 0xcf, 0x28, 0xc5, 0xa7,
                                         0xcf, 0xe8, 0xa3, 0xc0, 0xaa, 0xe1, 0x1a, 0x8f, 0xfc, 0xee, 0x05, 0xc0, 0xbd, 0xdf, 0x08, 0xc6 };
    static const uint8_t dst_x3[32] = { 0x06, 0x87, 0x26, 0x03, 0x31, 0xa7, 0x24, 0x03, 0xd9, 0x09, 0xf1, 0x05, 0xe6, 0x9b, 0xcf, 0x0d,
                                        0x32, 0xe1, 0xbd, 0x24, 0x93, 0xff, 0xc6, 0xd9, 0x20, 0x6d, 0x11, 0xbc, 0xd6, 0x77, 0x07, 0x39 };
    static const uint8_t nobodys[32] = { 1 };
    enum { Y2004 = 1072915200, Y2012 = 1325376000, Y2024 = 1704067200 };
    static const struct { const char *era; const uint8_t *root; int64_t time; enum era_had had; } t[] = {
        { "microsoft 2008-12-31", isrg_x1, Y2024, ERA_LACKED },
        { "microsoft 2018-07-17", isrg_x1, Y2024, ERA_LACKED },
        { "microsoft 2018-07-18", isrg_x1, Y2024, ERA_HAD },
        { "microsoft 2020-01-01", isrg_x1, Y2012, ERA_LACKED }, /* the moment in question is earlier */
        { "microsoft 2008-12-31", dst_x3, Y2024, ERA_HAD },
        { "microsoft 2001-10-25", dst_x3, Y2024, ERA_UNKNOWN }, /* before what was seen */
        { "microsoft 2001-10-25", isrg_x1, Y2024, ERA_LACKED },
        { "microsoft 2008-12-31", dst_x3, Y2004, ERA_UNKNOWN },
        { "android 2012-03-28", isrg_x1, Y2024, ERA_LACKED },
        { "android 2016-08-22", isrg_x1, Y2024, ERA_HAD },
        { "java 2015-01-20", dst_x3, Y2024, ERA_LACKED },
        { "java 2018-01-16", isrg_x1, Y2024, ERA_HAD },
        { "microsoft 2008-12-31", nobodys, Y2024, ERA_UNKNOWN },
        { "solaris 2008-12-31", isrg_x1, Y2024, ERA_UNKNOWN },
        { "microsoft", isrg_x1, Y2024, ERA_UNKNOWN },
        { "microsoft soon", isrg_x1, Y2024, ERA_UNKNOWN },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        if (era_ask(t[i].era, t[i].root, t[i].time).had != t[i].had)
            printf("\n%s: row %zu\n", t[i].era, i);
        CU_ASSERT_EQUAL(era_ask(t[i].era, t[i].root, t[i].time).had, t[i].had);
    }
    for (size_t i = 0; profile_at(i) != NULL; i++) { /* what the profiles say can be asked */
        const char *era = profile_at(i)->root_era;
        CU_ASSERT(era == NULL || era_ask(era, isrg_x1, Y2024).list != NULL);
    }
}

static bool takes(const char *const *list, const char *word)
{
    for (; list != NULL && *list != NULL; list++)
        if (strcmp(*list, word) == 0)
            return true;
    return false;
}

/* One hello of two clients: only what neither of them takes counts, and it is never sure. */
static void eyes(void)
{
    static const char common[] = "name: x\ncipher_suites: 002f\n";
    static const struct { const char *what, *one, *two; bool sigs, sha256, keys, ecdsa, san_needed, eras; unsigned rsa_min; } t[] = {
        { "alike", "cert_sigs: rsa-sha1\ncert_keys: rsa\n", "cert_sigs: rsa-sha1\ncert_keys: rsa\n", true, false, true, false, false, false, 0 },
        { "one knows more", "cert_sigs: rsa-sha1\ncert_keys: rsa\n", "cert_sigs: rsa-sha1 rsa-sha256\ncert_keys: rsa ecdsa\n",
          true, true, true, true, false, false, 0 },
        { "of one nothing is known", "cert_sigs: rsa-sha1\ncert_keys: rsa\nrsa_min: 2048\nsan_needed: yes\nroot_era: java 2015-01-20\n", "",
          false, false, false, false, false, false, 0 },
        { "the milder limit", "rsa_min: 2048\nsan_needed: yes\n", "rsa_min: 1024\nsan_needed: yes\n", false, false, false, false, true, false, 1024 },
        { "one takes names without SAN", "san_needed: yes\n", "san_needed: no\n", false, false, false, false, false, false, 0 },
        { "eras", "root_era: microsoft 2008-12-31\n", "root_era: android 2012-03-28\n", false, false, false, false, false, true, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct arena          a = { 0 };
        struct err            err = { .text = "" };
        struct client_match   m = { .how = MATCH_EXACT, .n = 2 };
        struct trust_question q = { .n = 0 }, near = { .n = 0 };
        for (int k = 0; k < 2; k++) {
            const char *text = arena_printf(&a, "%s%s", common, k == 0 ? t[i].one : t[i].two);
            m.profiles[k] = profile_parse("x", text, strlen(text), &a, &err);
            CU_ASSERT_PTR_NOT_NULL_FATAL(m.profiles[k]);
        }
        m.all_cannot = m.profiles[0]->cannot & m.profiles[1]->cannot;
        trust_ask_as(&q, &m, false, &a);
        CU_ASSERT(q.client_guessed && (q.sigs != NULL) == t[i].sigs && (q.keys != NULL) == t[i].keys && (q.eras != NULL) == t[i].eras);
        CU_ASSERT(takes(q.sigs, "rsa-sha256") == t[i].sha256 && takes(q.keys, "ecdsa") == t[i].ecdsa);
        CU_ASSERT(q.san_needed == t[i].san_needed && q.rsa_min == t[i].rsa_min);
        m.how = MATCH_NEAREST; /* nearly alike is not alike */
        trust_ask_as(&near, &m, false, &a);
        CU_ASSERT(near.sigs == NULL && near.keys == NULL && near.eras == NULL && near.rsa_min == 0 && !near.san_needed);
        arena_free(&a);
    }
}

/* What rests on a guess is marked: the name by DNS, the client by its hello. */
static void doubts(void)
{
    struct cert_store          *s = cert_store_new();
    struct arena                a = { 0 };
    struct anchors              anchors = { .name = "test", .clients_own = true };
    const struct chain_problem *p = NULL;
    struct chain                c;
    for (int learnt = 0; learnt < 2; learnt++) {
        struct trust_question q = { .store = s, .anchors = &anchors, .time = CERTS_MADE + 60, .name = "other.example", .name_len = 13,
                                    .name_learnt = learnt != 0, .sigs = no_sha2, .client_guessed = learnt != 0 };
        anchors.v = load(s, PEM_ROOT, &anchors.n);
        q.certs = load(s, PEM_LEAF PEM_INTER, &q.n);
        chain_judge(&q, &a, &c);
        CU_ASSERT(chain_has(&c, "name_mismatch", SEV_ERROR, &p) && p->unsure == q.name_learnt);
        CU_ASSERT(chain_has(&c, "sha2_unsupported_by_client", SEV_ERROR, &p) && p->unsure == q.client_guessed);
        free(q.certs);
        free(anchors.v);
    }
    arena_free(&a);
    cert_store_free(s);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("trust", NULL, NULL);
    CU_ADD_TEST(suite, judging);
    CU_ADD_TEST(suite, android_dates);
    CU_ADD_TEST(suite, without_anchors);
    CU_ADD_TEST(suite, json_is_valid);
    CU_ADD_TEST(suite, eras);
    CU_ADD_TEST(suite, eyes);
    CU_ADD_TEST(suite, doubts);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
