/* report/text.c and report/groups.c: what people see, column by column, and what never reaches their terminal. */
#include "sample.h"

#include <stdio.h>

static const struct report_options plain = { 0 };

static void whole_form(void)
{
    static const char expected[] =
        "FAILED  stream 4  10.0.0.20:49213 > 203.0.113.7:443  activation.example                cert-rejected\n"
        "  Why       The client closed right after the server's certificate and gave no reason. Likely it\n"
        "            cannot verify the chain: all of it is signed with SHA-256.\n"
        "  Side      client          Sure  likely: no alert, and a missing root would look the same\n"
        "  Or else   cert-untrusted-root, sha2-unsupported\n"
        "  Evidence  #41 > ClientHello  TLS 1.0, no signature_algorithms\n"
        "            #43 < Certificate  activation.example <- Example TLS CA 1, both sha256WithRSAEncryption\n"
        "            #45 > FIN          4 ms later, no alert\n"
        "            ruled out: version, cipher suites\n"
        "  Fix       1. Client: install the SHA-2 updates, reboot, try again.\n"
        "            2. Client: is the root in its Trusted Roots?\n"
        "  Settle    the client's CAPI2 operational log\n"
        "  Show      tcp.stream == 4 && frame.number >= 41 && frame.number <= 45\n";
    struct text       t = { 0 };
    struct handshake *h = sample_new(bytes_of("activation.example", 18));
    struct finding    f = sample_finding(h, "TLS 1.0, no signature_algorithms");
    text_renderer.handshake(&t, &plain, h, &f);
    CU_ASSERT_STRING_EQUAL(t.s, expected);
    if (strcmp(t.s, expected) != 0)
        fprintf(stderr, "%s", t.s);
    text_free(&t);
    sample_free(h);
}

/* No control byte but the line break, no C1, nothing bidirectional, and valid UTF-8 throughout. */
static bool harmless(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i], next = i + 1 < n ? (unsigned char)s[i + 1] : 0, third = i + 2 < n ? (unsigned char)s[i + 2] : 0;
        if ((c < 0x20 && c != '\n') || c == 0x7f || c == 0xff || c == 0xfe || (c == 0xc2 && next < 0xa0))
            return false;
        if (c == 0xe2 && next == 0x80 && ((third >= 0x8b && third <= 0x8f) || (third >= 0xa8 && third <= 0xae)))
            return false;
        if (c == 0xed && next >= 0xa0)
            return false;
    }
    return true;
}

static void outside_bytes(void)
{
    static const enum outcome outcomes[] = { OUTCOME_ABORTED_BY_CLIENT, OUTCOME_ESTABLISHED, OUTCOME_NOT_TLS, OUTCOME_INCOMPLETE,
                                             OUTCOME_NO_SERVER_HELLO, OUTCOME_RESET_BY_SERVER, OUTCOME_NOT_OPENED };
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
        struct text       t = { 0 };
        struct handshake *h = sample_new(bytes_of(NASTY, NASTY_LEN));
        struct finding    f = { 0 };
        struct group_table *g = groups_new();
        uint32_t          first = 0;
        struct summary    s = { .handshakes = 90, .failed = 90, .complete = true };
        h->outcome = outcomes[i];
        why_explain(h, NULL, &h->arena, &f);
        text_renderer.file(&t, &plain, NASTY);
        text_renderer.handshake(&t, &(struct report_options){ .verbose = true }, h, &f);
        groups_add(g, h, cause_of(f.cause), RESULT_FAILURE, &first);
        text_renderer.summary(&t, &plain, &s, g);
        CU_ASSERT_TRUE(harmless(t.s, t.n));
        groups_free(g);
        text_free(&t);
        sample_free(h);
    }
}

static size_t longest_line(const char *s)
{
    size_t longest = 0;
    while (*s != '\0') {
        size_t n = strcspn(s, "\n"), c = 0;
        for (size_t i = 0; i < n; i++)
            c += ((unsigned char)s[i] & 0xc0) != 0x80;
        longest = c > longest ? c : longest;
        s += n + (s[n] != '\0');
    }
    return longest;
}

static void columns(void)
{
    static const char words[] = "words that go on and on, so that they have to be broken somewhere, and then once more, because there are "
                                "so many of them that two lines do not do";
    struct text       t = { 0 };
    struct handshake *h = sample_new(bytes_of("a-rather-long-name-of-a-server-in-some-department.of.some.example", 64));
    struct finding    f = sample_finding(h, words);
    f.because = f.fix[0] = f.settle[0] = words;
    for (size_t i = 0; i < 2; i++) {
        memset(h->ends[i].ip, 0xfd, 16);
        h->ends[i].ip_len = 16;
    }
    text_renderer.handshake(&t, &plain, h, &f);
    CU_ASSERT_TRUE(longest_line(t.s) <= 100);
    text_free(&t);
    sample_free(h);
}

static void colors(void)
{
    struct text       t = { 0 };
    struct handshake *h = sample_new(bytes_of("a.example", 9));
    struct finding    f = sample_finding(h, "");
    text_renderer.handshake(&t, &(struct report_options){ .color = true }, h, &f);
    CU_ASSERT_PTR_NOT_NULL(strstr(t.s, "\033[31mFAILED\033[0m"));
    text_clear(&t);
    text_renderer.handshake(&t, &plain, h, &f);
    CU_ASSERT_PTR_NULL(strchr(t.s, '\033'));
    text_free(&t);
    sample_free(h);
}

static void sums(void)
{
    static const struct { struct summary s; const char *expected; } t[] = {
        { { .handshakes = 12, .completed = 11, .failed = 1, .packets = 5210, .complete = true },
          "12 handshakes: 11 completed, 1 failed. 5,210 packets, none missing.\n" },
        { { .packets = 1, .complete = true, .other_connections = 1 }, "No TLS handshake. 1 packet, none missing. 1 other connection.\n" },
        { { .handshakes = 1, .partial = 1, .packets = 3, .incomplete = "the file ends inside a packet" },
          "1 handshake: 0 completed, 0 failed, 1 not captured whole. 3 packets, the file ends inside a packet.\n" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct text out = { 0 };
        struct group_table *g = groups_new();
        text_renderer.summary(&out, &plain, &t[i].s, g);
        CU_ASSERT_STRING_EQUAL(out.s, t[i].expected);
        groups_free(g);
        text_free(&out);
    }
}

/* Many failures: most frequent first, and each row where its first one stands. */
static void groups(void)
{
    struct group_table *g = groups_new();
    struct handshake   *h = sample_new(bytes_of("a.example", 9));
    struct finding      f = sample_finding(h, "");
    size_t              n = 0;
    uint64_t            in_none = 0;
    uint32_t            first = 0;
    CU_ASSERT_EQUAL(groups_add(g, h, cause_of(f.cause), RESULT_FAILURE, &first), 1);
    h->ends[SERVER].port = 8443;
    h->stream = 9;
    for (uint64_t i = 1; i <= 300; i++)
        CU_ASSERT_EQUAL(groups_add(g, h, cause_of(f.cause), RESULT_FAILURE, &first), i < 50 ? i : UINT64_MAX); /* very many of one client, wherever */
    CU_ASSERT_EQUAL(first, 9);
    h->ends[CLIENT].ip[3] = 99; /* another client: another kind, the same row */
    CU_ASSERT_EQUAL(groups_add(g, h, cause_of(f.cause), RESULT_FAILURE, &first), 1);
    const struct group *rows = groups_sorted(g, &n, &in_none);
    CU_ASSERT_EQUAL_FATAL(n, 2);
    CU_ASSERT_EQUAL(rows[0].n, 301);
    CU_ASSERT_EQUAL(rows[0].stream, 9);
    CU_ASSERT_EQUAL(rows[1].n, 1);
    CU_ASSERT_EQUAL(in_none, 0);
    groups_free(g);
    sample_free(h);
}

int main(void)
{
    return run_tests("text", (CU_TestInfo[]){ { "whole form", whole_form }, { "outside bytes", outside_bytes }, { "columns", columns },
                                              { "colors", colors }, { "sums", sums }, { "groups", groups }, CU_TEST_INFO_NULL });
}
