/* dissect/marks.c and probe/record.c: marks there and back, and what a recording does not tell. */
#include "tlswhy/marks.h"
#include "tlswhy/record.h"

#include <CUnit/Basic.h>
#include <string.h>

#define TEXT(s) { (const uint8_t *)(s), sizeof(s) - 1 }

#define ENDS_V4 { { { 192, 0, 2, 1 }, 4, 40000 }, { { 192, 0, 2, 2 }, 4, 443 } }
#define ENDS_V6 { { { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 16, 40001 }, { { 0x20, 1, 0xd, 0xb8, [15] = 2 }, 16, 8443 } }
static const struct mark marks[] = {
    { .kind = MARK_STOPPED, .ends = ENDS_V4, .ns = INT64_C(1700000000123456789) },
    { .kind = MARK_GAVE_UP, .ends = ENDS_V6, .ns = -1 },
    { .kind = MARK_KERNEL, .ends = ENDS_V4, .acked = 517, .retransmissions = 3, .syns = 2 },
    { .kind = MARK_ASKED, .ends = ENDS_V6, .target = TEXT("www.example:443"), .typed = TEXT("www.example"), .as = TEXT("tlswhy"),
      .starttls = TEXT("smtp"), .changed = TEXT(""), .name = TEXT("mail.example"), .attempt = 7, .modern = true },
};

static bool same(const struct mark *a, const struct mark *b)
{
    return a->kind == b->kind && memcmp(a->ends, b->ends, sizeof a->ends) == 0 && a->ns == b->ns && a->acked == b->acked &&
           a->retransmissions == b->retransmissions && a->syns == b->syns && a->attempt == b->attempt && a->modern == b->modern &&
           a->target.n == b->target.n && memcmp(a->name.n != 0 ? (const char *)a->name.p : "", b->name.n != 0 ? (const char *)b->name.p : "", a->name.n) == 0;
}

static struct text all(void)
{
    static const char newer[] = "\x63\0\0\0\3abc"; /* of a kind that a later version may write */
    struct text       t = { 0 };
    marks_begin(&t);
    for (size_t i = 0; i < ARRAY_LEN(marks); i++) {
        mark_add(&t, &marks[i]);
        text_add_n(&t, newer, sizeof newer - 1);
    }
    text_add_n(&t, "\0\0\0", 3);
    return t;
}

static void there_and_back(void)
{
    struct text   t = all();
    struct reader r;
    struct mark   m;
    size_t        n = 0;
    CU_ASSERT_FATAL(marks_open((struct bytes){ (const uint8_t *)t.s, t.n }, &r));
    while (mark_next(&r, &m)) {
        CU_ASSERT_FATAL(n < ARRAY_LEN(marks));
        CU_ASSERT(same(&m, &marks[n]));
        n++;
    }
    CU_ASSERT_EQUAL(n, ARRAY_LEN(marks));
    text_free(&t);
}

/* Every cut gives the marks that are whole and no other; every byte may be anything. */
static void hostile(void)
{
    struct text   t = all();
    struct reader r;
    struct mark   m;
    for (size_t cut = 0; cut < t.n; cut++) {
        size_t n = 0;
        if (!marks_open((struct bytes){ (const uint8_t *)t.s, cut }, &r))
            continue;
        for (; mark_next(&r, &m); n++)
            CU_ASSERT_FATAL(n < ARRAY_LEN(marks) && same(&m, &marks[n]));
    }
    for (size_t i = 0; i < t.n; i++) {
        char was = t.s[i];
        for (int v = 0; v < 256; v++) {
            t.s[i] = (char)v;
            size_t n = 0;
            if (marks_open((struct bytes){ (const uint8_t *)t.s, t.n }, &r))
                while (mark_next(&r, &m))
                    n++;
            CU_ASSERT(n <= t.n);
        }
        t.s[i] = was;
    }
    CU_ASSERT(!marks_open((struct bytes)TEXT("tlswhy\0\2"), &r));
    text_free(&t);
}

static void credentials(void)
{
    static const struct { const char *in, *out; } t[] = {
        { "CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\nHost: a\r\n\r\n",
          "CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: Basic ************\r\nHost: a\r\n\r\n" },
        { "GET / HTTP/1.1\r\nAUTHORIZATION:Digest username=\"a\", response=\"b\"\r\nX: y\r\n",
          "GET / HTTP/1.1\r\nAUTHORIZATION:Digest ************* ************\r\nX: y\r\n" },
        { "a\nproxy-authorization: NTLM TlRMTVNT", "a\nproxy-authorization: NTLM ********" }, /* cut: masked to its end */
        { "X-Authorization: Basic abc\r\n", "X-Authorization: Basic abc\r\n" },
        { "\n\nauthorization:", "\n\nauthorization:" },
        { "", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        char buf[200] = { 0 };
        strcpy(buf, t[i].in);
        mask_credentials((uint8_t *)buf, strlen(buf));
        CU_ASSERT_STRING_EQUAL(buf, t[i].out);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("record", NULL, NULL);
    CU_add_test(s, "marks, there and back", there_and_back);
    CU_add_test(s, "marks, hostile", hostile);
    CU_add_test(s, "credentials", credentials);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
