/* The page: outside bytes in every place, bounds, and what stands in it. */
#include "tlswhy/html.h"
#include "tlswhy/ladder.h"

#include "sample.h"

static struct text page_of(struct bytes name, const char *note, size_t times)
{
    struct handshake     *h = sample_new(name);
    static struct message messages[] = { { .where = { .frame = 41 }, .from = CLIENT, .type = 1 }, { .where = { .frame = 43 }, .from = SERVER, .type = 2 },
                                         { .where = { .frame = 43 }, .from = SERVER, .type = 11 } };
    struct finding        f = sample_finding(h, note);
    struct summary        s = { .handshakes = times, .failed = times, .complete = true, .causes = { { "cert-rejected", times } }, .causes_n = 1 };
    struct html          *p = html_new();
    struct text           out = { 0 };
    h->messages = messages;
    h->message_count = ARRAY_LEN(messages);
    for (size_t i = 0; i < times; i++)
        html_handshake(p, h, &f);
    html_page(p, "a <b> & \"c\"", &s, NULL, &out);
    html_free(p);
    sample_free(h);
    return out;
}

/* Outside bytes reach the page by text_safe and html_text only: no control characters, no tag, no quote of theirs. */
static void outside_bytes_are_inert(void)
{
    static const char attack[] = "\"><script>alert(1)</script><img src=x onerror=alert(1)>'";
    struct text nasty = page_of(bytes_of(NASTY, NASTY_LEN), "plain", 1), markup = page_of(bytes_of(attack, sizeof attack - 1), attack, 1);
    for (size_t i = 0; i < nasty.n; i++)
        CU_ASSERT((unsigned char)nasty.s[i] >= ' ' || nasty.s[i] == '\n');
    CU_ASSERT_PTR_NULL(strstr(nasty.s, "</script"));
    CU_ASSERT_PTR_NULL(strstr(nasty.s, "\xe2\x80\xae"));
    CU_ASSERT_PTR_NULL(strstr(markup.s, "<script"));
    CU_ASSERT_PTR_NULL(strstr(markup.s, "<img"));
    CU_ASSERT_PTR_NOT_NULL(strstr(markup.s, "&lt;script&gt;"));
    CU_ASSERT_PTR_NULL(strstr(markup.s, "<title>tlswhy: a <b>"));
    text_free(&nasty);
    text_free(&markup);
}

static void page_is_closed_to_the_network(void)
{
    struct text page = page_of(bytes_of("www.example", 11), "note", 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(page.s, "default-src 'none'; style-src 'unsafe-inline'"));
    CU_ASSERT_PTR_NULL(strstr(page.s, "http://"));
    CU_ASSERT_PTR_NULL(strstr(page.s, "https://"));
    CU_ASSERT_PTR_NULL(strstr(page.s, "url("));
    text_free(&page);
}

static void page_is_bounded(void)
{
    struct text hundred = page_of(bytes_of("www.example", 11), "note", 100), many = page_of(bytes_of("www.example", 11), "note", 3000);
    CU_ASSERT(hundred.n < 300 * 1024);
    CU_ASSERT(many.n < 4 * 1024 * 1024);
    CU_ASSERT_PTR_NOT_NULL(strstr(many.s, "2000 more are not told in full"));
    text_free(&hundred);
    text_free(&many);
}

static void ladder_marks_what_decides(void)
{
    struct handshake     *h = sample_new(bytes_of("www.example", 11));
    static struct message messages[80];
    struct finding        f = sample_finding(h, "note");
    struct arena          a = { 0 };
    struct rung           rungs[RUNGS_MAX];
    size_t                left_out, n;
    for (size_t i = 0; i < ARRAY_LEN(messages); i++)
        messages[i] = (struct message){ .where = { .frame = 50 + i }, .from = i % 2 ? SERVER : CLIENT, .type = 24 };
    h->prelude = (struct prelude){ 0 };
    h->plain[SERVER] = (struct plain){ 0 };
    n = ladder_of(h, &f, &a, rungs, &left_out);
    CU_ASSERT_EQUAL(n, 1); /* the close alone */
    CU_ASSERT(n == 1 && rungs[0].decides && rungs[0].frame == 45 && strcmp(rungs[0].what, "FIN") == 0);
    h->messages = messages;
    h->message_count = ARRAY_LEN(messages);
    n = ladder_of(h, &f, &a, rungs, &left_out);
    CU_ASSERT_EQUAL(n, RUNGS_MAX);
    CU_ASSERT_EQUAL(n + left_out, ARRAY_LEN(messages) + 1);
    arena_free(&a);
    sample_free(h);
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "outside bytes are inert", outside_bytes_are_inert },
                                         { "the page is closed to the network", page_is_closed_to_the_network },
                                         { "the page is bounded", page_is_bounded },
                                         { "the ladder marks what decides", ladder_marks_what_decides },
                                         CU_TEST_INFO_NULL };
    return run_tests("html", tests);
}
