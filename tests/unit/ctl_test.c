/* Trust lists of our own making (tests/wire/lists/make.py): what is judged, what a flipped bit or a cut does. */
#include "tlswhy/rootlist.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTS "tests/wire/lists/"

struct file {
    uint8_t *p;
    size_t   n;
};

static struct file file_of(const char *name)
{
    char        path[128];
    struct file f = { mem_get(1 << 16, 1), 0 };
    snprintf(path, sizeof path, LISTS "%s", name);
    FILE *in = fopen(path, "rb");
    if (in != NULL) {
        f.n = fread(f.p, 1, 1 << 16, in);
        fclose(in);
    }
    CU_ASSERT_NOT_EQUAL_FATAL(f.n, 0);
    return f;
}

/* All that one judgement needs; the anchors are the root of our own. */
struct bench {
    struct cert_store *store;
    struct arena       arena;
    struct anchors     anchors;
    struct rootlist    list;
};

static void judge(struct bench *b, const void *p, size_t n, int64_t later, bool with_root, const char *client)
{
    struct err err = { .text = "" };
    *b = (struct bench){ .store = cert_store_new() };
    if (with_root)
        CU_ASSERT_FATAL(anchors_load(LISTS "root.pem", b->store, &b->anchors, &err));
    rootlist_read("test", (struct bytes){ p, n }, b->store, &b->arena, &b->list);
    struct list_question q = { .anchors = with_root ? &b->anchors : NULL, .has_time = true, .client = client };
    q.time = b->list.file.list.this_update.s + later;
    rootlist_judge(&q, b->store, &b->arena, &b->list);
}

static void put_away(struct bench *b)
{
    anchors_free(&b->anchors);
    cert_store_free(b->store);
    arena_free(&b->arena);
}

static void verdicts(void)
{
    enum { YEARS_30 = 30 * 365 * 86400 };
    static const struct {
        const char  *file;
        bool         root;
        int64_t      later;
        const char  *client;
        enum verdict verdict;
        const char  *primary;
        bool         signature_ok, complete;
    } t[] = {
        { "sound.stl", true, 0, NULL, CHAIN_OK, NULL, true, true },
        { "sound.cab", true, 0, NULL, CHAIN_OK, NULL, true, true },
        { "sound.stl", false, 0, NULL, CHAIN_FAIL, "missing_intermediate", true, false }, /* no root of Microsoft, none at hand */
        { "sound.stl", true, YEARS_30, NULL, CHAIN_FAIL, "expired", true, true },
        { "sound.stl", true, 0, "winsrv2008sp2", CHAIN_FAIL, "sha2_unsupported_by_client", true, true },
        { "sound.stl", true, 0, "win10-ie11", CHAIN_OK, NULL, true, true },
        { "sha1-nested.stl", true, 0, "winsrv2008sp2", CHAIN_OK, NULL, true, true },
        { "signer-only.stl", true, 0, NULL, CHAIN_FAIL, "missing_intermediate", true, false },
        { "no-certificates.stl", true, 0, NULL, CHAIN_FAIL, "missing_intermediate", false, false },
        { "sha1-nested.stl", true, 0, NULL, CHAIN_OK, NULL, true, true },
        { "wrong-usage.stl", true, 0, NULL, CHAIN_FAIL, "wrong_eku", true, true },
        { "refused.stl", true, 0, NULL, CHAIN_OK, NULL, true, true },
        { "root.pem", true, 0, NULL, CHAIN_FAIL, "not_a_list", false, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct file  f = file_of(t[i].file);
        struct bench b;
        judge(&b, f.p, f.n, t[i].later, t[i].root, t[i].client);
        const char *got = b.list.primary;
        bool        good = b.list.verdict == t[i].verdict && (got == NULL) == (t[i].primary == NULL) && (got == NULL || strcmp(got, t[i].primary) == 0) &&
                    b.list.signature_ok == t[i].signature_ok && b.list.chain_complete == t[i].complete;
        if (!good)
            printf("\n  %s (%zu): %d %s: %s", t[i].file, i, (int)b.list.verdict, got != NULL ? got : "-", b.list.why);
        CU_ASSERT(good);
        put_away(&b);
        free(f.p);
    }
}

static void nested_signature(void)
{
    struct file  f = file_of("sha1-nested.stl");
    struct bench b;
    judge(&b, f.p, f.n, 0, true, NULL);
    CU_ASSERT(b.list.signer != NULL && b.list.signer->digest == HASH_SHA1 && !b.list.needs_sha2);
    CU_ASSERT_FATAL(b.list.file.nested.signers == 1);
    CU_ASSERT(b.list.file.nested.signer[0].digest == HASH_SHA256 && b.list.file.nested.signer[0].digest_good);
    CU_ASSERT_EQUAL(b.list.file.nested.signer[0].signature, SIG_GOOD);
    put_away(&b);
    free(f.p);
}

/* Every bit of what is signed: the content, and the attributes of its signer. */
static void flipped_bits(void)
{
    struct file  f = file_of("sound.stl");
    struct bench b;
    judge(&b, f.p, f.n, 0, true, NULL);
    size_t content = (size_t)(b.list.file.sig.whole.p - f.p), content_n = b.list.file.sig.whole.n, passed = 0, tried = 0;
    put_away(&b);
    for (size_t bit = 0; bit < f.n * 8; bit++) {
        size_t at = bit / 8;
        bool   in_content = at >= content && at < content + content_n, in_signer = at >= f.n - 400; /* attributes and signature */
        if (!in_content && (!in_signer || bit % 3 != 0))
            continue;
        f.p[at] ^= (uint8_t)(1 << bit % 8);
        judge(&b, f.p, f.n, 0, true, NULL);
        bool harmless = b.list.verdict == CHAIN_OK && !in_content; /* outside what is signed: NULL parameters, versions */
        if (b.list.verdict == CHAIN_OK && in_content)
            passed++;
        else if (harmless && !b.list.signature_ok)
            passed++;
        tried++;
        put_away(&b);
        f.p[at] ^= (uint8_t)(1 << bit % 8);
    }
    printf("%zu flips ", tried);
    CU_ASSERT_EQUAL(passed, 0);
    free(f.p);
}

static void cut_anywhere(void)
{
    static const char *const names[] = { "sound.stl", "sound.cab", "sha1-nested.stl" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct file f = file_of(names[i]);
        for (size_t n = 0; n < f.n; n++) {
            struct bench b;
            uint8_t     *exact = mem_get(n + 1, 1);
            memcpy(exact, f.p, n);
            judge(&b, exact, n, 0, true, NULL);
            CU_ASSERT(b.list.verdict != CHAIN_OK);
            put_away(&b);
            free(exact);
        }
        free(f.p);
    }
}

static void proxy_pages(void)
{
    static const struct {
        const char *bytes, *says;
    } t[] = {
        { "<!DOCTYPE html><html><head><title>Access denied</title></head></html>", "an HTML page with the title \"Access denied\"" },
        { "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", "HTTP 407: a proxy that asks for a login, Negotiate" },
        { "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", "HTTP 302: a redirect, http://login.example/" },
        { "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html><title>Log in</title>", "an HTML page with the title \"Log in\"" },
        { "HTTP/1.1 503 Unavailable\r\n\r\n", "HTTP 503: an error of a server or proxy" },
        { "HTTP/1.1 200 OK\r\n\r\n", "HTTP 200: an answer without a list" },
        { "HTTP/1.1 2", "a text that begins" },
        { "HTTP/1.1 407", "HTTP 407: a proxy that asks for a login" },
        { "", "empty" },
        { "MSCF", "a cabinet without a readable list" },
        { "-----BEGIN CERTIFICATE-----", "a PEM file" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct bench b;
        judge(&b, t[i].bytes, strlen(t[i].bytes), 0, false, NULL);
        CU_ASSERT(b.list.verdict == CHAIN_FAIL && b.list.instead != NULL);
        bool good = b.list.instead != NULL && strncmp(b.list.instead, t[i].says, strlen(t[i].says)) == 0;
        if (!good)
            printf("\n  %zu: %s", i, b.list.instead != NULL ? b.list.instead : "-");
        CU_ASSERT(good);
        put_away(&b);
    }
}

static void http_around_a_list(void)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n";
    struct file       f = file_of("sound.cab");
    uint8_t          *p = mem_get(f.n + sizeof head, 1);
    struct bench      b;
    memcpy(p, head, sizeof head - 1);
    memcpy(p + sizeof head - 1, f.p, f.n);
    judge(&b, p, f.n + sizeof head - 1, 0, true, NULL);
    CU_ASSERT(b.list.verdict == CHAIN_OK && b.list.in_http && b.list.file.in_cab);
    put_away(&b);
    free(p);
    free(f.p);
}

static void roots_and_limits(void)
{
    struct file             f = file_of("sound.stl");
    struct bench            b;
    const struct ctl_entry *v[8];
    judge(&b, f.p, f.n, 0, true, NULL);
    CU_ASSERT_EQUAL(b.list.file.list.entries, 3);
    CU_ASSERT_EQUAL(rootlist_find(&b.list, &(struct root_key){ .text = "test root" }, &b.arena, v, 8), 3);
    CU_ASSERT_EQUAL(rootlist_find(&b.list, &(struct root_key){ .text = "356a192b7913b04c54574d18c28d46e6395428ab" }, &b.arena, v, 8), 1); /* SHA-1 of "1" */
    CU_ASSERT_STRING_EQUAL(ctl_entry_name(&b.arena, v[0]), "Test Root 1");
    CU_ASSERT_STRING_EQUAL(ctl_usages_text(&b.arena, v[0]->usages), "serverAuth");
    CU_ASSERT_EQUAL(rootlist_find(&b.list, &(struct root_key){ .text = "D4:73:5E:3A:26:5E:16:EE:E0:3F:59:71:8B:9B:5D:03:01:9C:07:D8:B6:C5:1F:90:DA:3A:66:6E:EC:13:AB:35" }, &b.arena, v, 8), 1); /* SHA-256 of "2" */
    CU_ASSERT(v[0]->has_not_before && v[0]->not_before == 1700000000);
    CU_ASSERT_EQUAL(rootlist_find(&b.list, &(struct root_key){ .text = "Root 3" }, &b.arena, v, 8), 1);
    CU_ASSERT(v[0]->has_disallowed_from && v[0]->disallowed_from == 1600000000);
    CU_ASSERT_EQUAL(rootlist_find(&b.list, &(struct root_key){ .text = "nobody" }, &b.arena, v, 8), 0);
    put_away(&b);
    free(f.p);
}

static void two_lists(void)
{
    struct file  f = file_of("sound.stl"), g = file_of("later.stl");
    struct bench b, c;
    size_t       n, added = 0, removed = 0;
    judge(&b, f.p, f.n, 0, true, NULL);
    judge(&c, g.p, g.n, 0, true, NULL);
    const struct list_change *v = rootlist_compare(&b.list, &c.list, &b.arena, &n);
    for (size_t i = 0; i < n; i++) {
        added += v[i].before == NULL;
        removed += v[i].after == NULL;
    }
    CU_ASSERT(n == 3 && added == 1 && removed == 1); /* 4 came, 3 went, 2 lost its limit */
    put_away(&b);
    put_away(&c);
    free(f.p);
    free(g.p);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("ctl", NULL, NULL);
    CU_add_test(s, "verdicts", verdicts);
    CU_add_test(s, "a second signature", nested_signature);
    CU_add_test(s, "flipped bits", flipped_bits);
    CU_add_test(s, "cut anywhere", cut_anywhere);
    CU_add_test(s, "what a proxy gives instead", proxy_pages);
    CU_add_test(s, "an HTTP answer around a list", http_around_a_list);
    CU_add_test(s, "roots and limits", roots_and_limits);
    CU_add_test(s, "two lists", two_lists);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
