/* anchors_test.c - a Windows list of roots as anchors: which roots it names, and the limits that it sets them. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "der_out.h"
#include "tlswhy/trust.h"

enum { DAY = 86400 };

/* ---- a list, made by hand from the inside out */

#define PROPERTY "060a2b0601040182370a0b" /* 1.3.6.1.4.1.311.10.11.n, n behind it */

static void property(struct der_out *o, const char *id, const void *value, size_t n)
{
    size_t start = o->n;
    put_hex(o, PROPERTY);
    put_hex(o, id);
    size_t set = o->n;
    put(o, value, n);
    wrap(o, set, 0x04);
    wrap(o, set, 0x31);
    wrap(o, start, 0x30);
}

static void property_time(struct der_out *o, const char *id, int64_t seconds)
{
    uint64_t v = (uint64_t)(seconds + INT64_C(11644473600)) * 10000000;
    uint8_t b[8];
    for (int i = 0; i < 8; i++, v >>= 8)
        b[i] = (uint8_t)v;
    property(o, id, b, 8);
}

static const uint8_t server_auth[] = { 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1 };
static const uint8_t code_signing[] = { 0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 3 };

/* What an entry says beside its digest; days from when the certificates were made, 0 = nothing. */
struct entry {
    const uint8_t *usages, *refused, *late; /* of 12 bytes */
    int refused_day, late_day;
};

static void list_of(struct der_out *o, const struct cert *root, const struct entry *e, const char *usage)
{
    *o = (struct der_out){ .n = 0 };
    put_hex(o, "06092a864886f70d010702"); /* signedData */
    size_t explicit0 = o->n, signed_data = o->n;
    put_hex(o, "0201013100"); /* version, no digest algorithms */
    size_t content = o->n;
    put_hex(o, "06092b0601040182370a01"); /* 1.3.6.1.4.1.311.10.1 */
    size_t inner = o->n, ctl = o->n;
    put_hex(o, usage);
    put_hex(o, "020101"
               "170d3236303130313030303030305a" /* 260101000000Z */
               "300706052b0e03021a"); /* SHA-1 */
    size_t entries = o->n, one = o->n, id = o->n;
    put(o, cert_sha1(root), 20);
    wrap(o, id, 0x04);
    size_t set = o->n;
    if (e->usages != NULL)
        property(o, "09", e->usages, 12);
    if (e->refused != NULL)
        property(o, "7a", e->refused, 12);
    if (e->refused_day != 0)
        property_time(o, "68", CERTS_MADE + e->refused_day * DAY);
    if (e->late_day != 0)
        property_time(o, "7e", CERTS_MADE + e->late_day * DAY);
    if (e->late != NULL)
        property(o, "7f", e->late, 12);
    wrap(o, set, 0x31);
    wrap(o, one, 0x30);
    wrap(o, entries, 0x30);
    wrap(o, ctl, 0x30);
    wrap(o, inner, 0xa0);
    wrap(o, content, 0x30);
    put_hex(o, "3100"); /* no signers */
    wrap(o, signed_data, 0x30);
    wrap(o, explicit0, 0xa0);
    wrap(o, 0, 0x30);
}

/* ---- in a folder of its own */

static char folder[] = "/tmp/tlswhy-anchors-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fwrite(p, 1, n, f);
    fclose(f);
}

static struct cert **load(struct cert_store *s, const char *pem, size_t *n)
{
    struct cert **v = NULL;
    size_t bad;
    certs_from_memory(s, pem, strlen(pem), &v, n, &bad);
    return v;
}

#define ROOT_LIST "300c060a2b0601040182370a0309"
#define REFUSED_LIST "300c060a2b0601040182370a031e"

static const struct list_case {
    const char *what, *chain, *beside; /* beside: certificates in the folder of the list */
    const char *listed;                /* the root that the list names */
    struct entry entry;
    int day;
    enum verdict verdict;
    const char *primary;
} cases[] = {
    { .what = "in the list", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT, .verdict = CHAIN_OK },
    { .what = "not beside it, but sent", .chain = PEM_LEAF PEM_INTER PEM_ROOT, .beside = NULL, .listed = PEM_ROOT,
      .verdict = CHAIN_OK },
    { .what = "neither: it may be in the list", .chain = PEM_LEAF PEM_INTER, .beside = NULL, .listed = PEM_ROOT,
      .verdict = CHAIN_UNKNOWN, .primary = "untrusted_root" },
    { .what = "not in the list, though beside it", .chain = PEM_LEAF PEM_INTER PEM_ROOT, .beside = PEM_ROOT, .listed = PEM_OTHER,
      .verdict = CHAIN_FAIL, .primary = "untrusted_root" },
    { .what = "for servers", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .usages = server_auth }, .verdict = CHAIN_OK },
    { .what = "for code only", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .usages = code_signing }, .verdict = CHAIN_FAIL, .primary = "distrusted" },
    { .what = "refused from the day after tomorrow on", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .refused_day = 2 }, .verdict = CHAIN_OK },
    { .what = "refused by then", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .refused_day = 2 }, .day = 3, .verdict = CHAIN_FAIL, .primary = "distrusted" },
    { .what = "refused for code", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .refused_day = 2, .refused = code_signing }, .day = 3, .verdict = CHAIN_OK },
    { .what = "refused for servers, without a date", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .refused = server_auth }, .verdict = CHAIN_FAIL, .primary = "distrusted" },
    { .what = "made before the limit", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .late_day = 1 }, .day = 3, .verdict = CHAIN_OK },
    { .what = "made after the limit", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .late_day = -1 }, .day = 3, .verdict = CHAIN_FAIL, .primary = "distrusted" },
    { .what = "made after the limit for code", .chain = PEM_LEAF PEM_INTER, .beside = PEM_ROOT, .listed = PEM_ROOT,
      .entry = { .late_day = -1, .late = code_signing }, .day = 3, .verdict = CHAIN_OK },
};

static void judge(const struct list_case *t)
{
    struct cert_store *s = cert_store_new();
    struct arena a = { 0 };
    struct err err = { .text = "" };
    struct anchors anchors;
    struct der_out list;
    struct chain c;
    size_t n;
    struct cert **listed = load(s, t->listed, &n);
    struct trust_question q = { .store = s, .anchors = &anchors, .time = CERTS_MADE + 60 + t->day * DAY };
    list_of(&list, listed[0], &t->entry, ROOT_LIST);
    write_file("authroot.stl", list.b, list.n);
    unlink(path_of("root.pem"));
    if (t->beside != NULL)
        write_file("root.pem", t->beside, strlen(t->beside));
    CU_ASSERT_FATAL(anchors_load(path_of("authroot.stl"), s, &anchors, &err));
    CU_ASSERT(anchors.limits == 1 && anchors.clients_own);
    q.certs = load(s, t->chain, &q.n);
    chain_judge(&q, &a, &c);
    bool first = t->primary == NULL ? c.primary == NULL : c.primary != NULL && strcmp(c.primary, t->primary) == 0;
    if (c.verdict != t->verdict || !first)
        printf("\n%s: %s %s: %s\n", t->what, verdict_name(c.verdict), c.primary, c.n != 0 ? c.problems[0].detail : "");
    CU_ASSERT(c.verdict == t->verdict && first);
    free(listed);
    free(q.certs);
    anchors_free(&anchors);
    arena_free(&a);
    cert_store_free(s);
}

static void limits(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        judge(&cases[i]);
}

static void other_lists(void)
{
    struct cert_store *s = cert_store_new();
    struct err err = { .text = "" };
    struct anchors anchors;
    struct der_out list;
    size_t n;
    struct cert **listed = load(s, PEM_ROOT, &n);
    list_of(&list, listed[0], &(struct entry){ .usages = NULL }, REFUSED_LIST);
    write_file("authroot.stl", list.b, list.n);
    CU_ASSERT_FALSE(anchors_load(path_of("authroot.stl"), s, &anchors, &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "not one of trusted roots"));
    err = (struct err){ .text = "" };
    write_file("authroot.stl", "MSCF", 4);
    CU_ASSERT_FALSE(anchors_load(path_of("authroot.stl"), s, &anchors, &err));
    CU_ASSERT(err.text[0] != '\0');
    free(listed);
    cert_store_free(s);
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 2;
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("anchors", NULL, NULL);
    CU_add_test(suite, "limits of a list's roots", limits);
    CU_add_test(suite, "lists of something else", other_lists);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    unlink(path_of("root.pem"));
    unlink(path_of("authroot.stl"));
    rmdir(folder);
    return failed != 0;
}
