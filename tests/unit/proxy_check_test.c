/* report/proxy_*.c: what a proxy is and its grades, from made-up facts. */
#include "tlswhy/proxy_check.h"
#include "tlswhy/pac.h"
#include "tlswhy/trust.h"

#include "sample.h"

#include <stdio.h>

/* A handshake for each question; each case changes some. */
struct bench {
    struct proxy_facts facts;
    struct handshake   h[ASK_COUNT];
    struct inside      in[ASK_COUNT];
    struct cert        good, other;
    struct x509_attr   names[2];
    struct cert       *shown[ASK_COUNT][1];
    struct client_hello up[ASK_COUNT];
    struct way         way;
    struct arena       arena;
};

static const uint32_t sound_suites[] = { 0x1301, 0xc02b }, bare_suites[] = { 0xc02b, 0x0034 /* DH_anon */, 0x000a /* 3DES */ }, old_suites[] = { 0xc02b, 0x0005 };
static const uint16_t with_13[] = { 0x0304, 0x0303 };

static struct bytes text(const char *s) { return (struct bytes){ (const uint8_t *)s, strlen(s) }; }

static void certificate(struct cert *c, struct x509_attr *name, const char *issuer)
{
    *name = (struct x509_attr){ .oid = "2.5.4.3", .type = "CN", .value = issuer, .len = strlen(issuer), .tag = 0x0c };
    *c = (struct cert){ .der = text(issuer), .issuer = { text(issuer), name, 1 }, .subject.der = text("leaf"), .sig_hash = HASH_SHA256, .key = CERT_KEY_EC, .key_bits = 256 };
}

/* An interceptor that does everything right: answers, refuses bad origins inside. */
static void interceptor(struct bench *b)
{
    certificate(&b->good, &b->names[0], "corporate");
    certificate(&b->other, &b->names[1], "not trusted by corporate");
    for (int q = 0; q < ASK_COUNT; q++) {
        struct handshake *h = &b->h[q];
        *h = (struct handshake){ .known = KNOW_SERVER_HELLO | KNOW_CLIENT_HELLO, .outcome = OUTCOME_STOPPED, .cert_count = 1, .certs = b->shown[q],
                                 .answer = { .version = 0x0303, .chosen_version = q == ASK_TLS13 ? 0x0304 : 0x0303, .alpn = text("h2") }, .tls_seen = { true, true } };
        b->shown[q][0] = &b->good;
        b->in[q] = (struct inside){ .finished = true, .version = 0x0303, .status = 503, .line = text("HTTP/1.1 503 Service Unavailable") };
        h->inside = q < ASK_TLS13 ? &b->in[q] : NULL;
        b->up[q] = (struct client_hello){ .suites = { sound_suites, ARRAY_LEN(sound_suites) }, .versions = { with_13, ARRAY_LEN(with_13) }, .max_version = 0x0304 };
        b->facts.ask[q] = (struct proxy_fact){ .h = h, .arrived = true, .upstream = &b->up[q] };
    }
    b->in[ASK_GOOD].status = 200;
    b->facts.ask[ASK_GOOD].requested = true;
    b->h[ASK_CLIENT_CERT].known |= KNOW_CERT_REQUEST;
    b->facts.url = "http://proxy.example:8080";
    b->facts.clear = true;
}

static void forwarder(struct bench *b)
{
    for (int q = 0; q < ASK_COUNT; q++)
        b->facts.ask[q].forwarded = true;
}
static void reached(struct bench *b, enum proxy_question q) { b->facts.ask[q].requested = true; }
static void lets_expired(struct bench *b) { reached(b, ASK_EXPIRED); }
static void lets_revoked(struct bench *b) { reached(b, ASK_REVOKED); }
static void lets_weak(struct bench *b) { reached(b, ASK_RSA_1024); }
static void mirrors_expired(struct bench *b)
{
    reached(b, ASK_EXPIRED);
    b->shown[ASK_EXPIRED][0] = &b->other;
}
static void mirrors_weak(struct bench *b)
{
    static struct cert      weak;
    static struct x509_attr name;
    certificate(&weak, &name, "corporate");
    weak.key = CERT_KEY_RSA;
    weak.key_bits = 1024;
    reached(b, ASK_RSA_1024);
    b->shown[ASK_RSA_1024][0] = &weak;
}
static void untrusting(struct bench *b) { b->facts.ask[ASK_GOOD].requested = false; }
static void untrusting_and_lax(struct bench *b) { untrusting(b), reached(b, ASK_EXPIRED); }
static void offers_bare(struct bench *b) { b->up[ASK_GOOD].suites = (struct u32s){ bare_suites, ARRAY_LEN(bare_suites) }; }
static void offers_rc4(struct bench *b) { b->up[ASK_GOOD].suites = (struct u32s){ old_suites, ARRAY_LEN(old_suites) }; }
static void hides_tls10(struct bench *b) { reached(b, ASK_TLS10); }
static void tells_tls10(struct bench *b) { reached(b, ASK_TLS10), b->in[ASK_TLS10].version = 0x0301; }
static void silent(struct bench *b, enum proxy_question q)
{
    b->h[q].known &= ~(unsigned)KNOW_SERVER_HELLO;
    b->h[q].timed_out = true;
    b->h[q].cert_count = 0;
    if (b->h[q].inside != NULL)
        b->in[q].finished = false;
}
static void no_large(struct bench *b) { silent(b, ASK_SEGMENTS); }
static void no_records(struct bench *b) { silent(b, ASK_RECORDS); }
static void no_such_origin(struct bench *b) { silent(b, ASK_RECORDS), silent(b, ASK_TLS13); }
static void no_client_cert(struct bench *b) { b->h[ASK_CLIENT_CERT].known &= ~(unsigned)KNOW_CERT_REQUEST; }
static void no_alpn(struct bench *b) { b->h[ASK_H2].answer.alpn = (struct bytes){ 0 }; }
static void old_only(struct bench *b) { b->h[ASK_TLS13].answer.chosen_version = 0x0303; }
static void mute_forwarder(struct bench *b) { forwarder(b), silent(b, ASK_GOOD); }
static void edits(struct bench *b) { forwarder(b), b->facts.ask[ASK_GOOD].edited = true; }
static void readable_login(struct bench *b)
{
    forwarder(b);
    b->facts.logins[b->facts.login_n++] = (struct proxy_login){ "NTLM", true };
    b->facts.logins[b->facts.login_n++] = (struct proxy_login){ "Basic", true };
}
static void hidden_login(struct bench *b) { readable_login(b), b->facts.clear = false; }
static void no_tunnel(struct bench *b, int status, enum way_trouble trouble)
{
    b->way.trouble = trouble;
    b->h[ASK_GOOD] = (struct handshake){ .outcome = OUTCOME_NOT_OPENED, .way = &b->way, .prelude = { .status = status, .refused = status != 0 } };
    for (int q = 1; q < ASK_COUNT; q++)
        b->facts.ask[q] = (struct proxy_fact){ 0 };
    b->facts.ask[ASK_GOOD] = (struct proxy_fact){ .h = &b->h[ASK_GOOD] };
}
static void wants_login(struct bench *b) { no_tunnel(b, 407, WAY_REFUSED); }
static void refuses(struct bench *b) { no_tunnel(b, 403, WAY_REFUSED); }
static void resets(struct bench *b) { no_tunnel(b, 0, WAY_RESET); }
static void no_ticket(struct bench *b) { no_tunnel(b, 0, WAY_LOGIN); }
static void not_asked(struct bench *b)
{
    no_tunnel(b, 0, WAY_FINE);
    b->facts.ask[ASK_GOOD].h = NULL;
    b->facts.interrupted = true;
}
static void fetches(struct bench *b, int status) { b->facts.fetches[b->facts.fetch_n++] = (struct proxy_fetch){ .url = "http://x/", .status = status }; }
static void fetches_fine(struct bench *b) { forwarder(b), fetches(b, 200); }
static void fetches_need_login(struct bench *b) { forwarder(b), fetches(b, 200), fetches(b, 407); }

static const struct {
    const char   *name;
    void        (*change)(struct bench *b);
    enum proxy_is kind;
    char          grade[GRADES];
    const char   *let_through, *decides; /* a test that decides one of the grades, or "" */
} cases[] = {
    { "nothing wrong but pages inside", NULL, PROXY_INTERCEPTOR, { 'B', 'A' }, "", "T4" },
    { "forwards", forwarder, PROXY_FORWARDER, { 'A', 'A' }, "", "T3" },
    { "lets an expired certificate through", lets_expired, PROXY_INTERCEPTOR, { 'F', 'A' }, "expired", "T4" },
    { "lets a revoked one through", lets_revoked, PROXY_INTERCEPTOR, { 'B', 'A' }, "revoked", "T16" },
    { "lets a weak key through", lets_weak, PROXY_INTERCEPTOR, { 'C', 'A' }, "weak-key", "T15" },
    { "shows that a certificate is expired", mirrors_expired, PROXY_INTERCEPTOR, { 'B', 'A' }, "", "T5" },
    { "shows that a key is weak", mirrors_weak, PROXY_INTERCEPTOR, { 'B', 'A' }, "", "T5" },
    { "does not trust the lab", untrusting, PROXY_INTERCEPTOR, { '\0', 'A' }, "", "T1" },
    { "does not trust it, and lets bad ones through", untrusting_and_lax, PROXY_INTERCEPTOR, { 'F', 'A' }, "expired", "T4" },
    { "offers anonymous suites", offers_bare, PROXY_INTERCEPTOR, { 'F', 'A' }, "", "T18" },
    { "offers RC4", offers_rc4, PROXY_INTERCEPTOR, { 'C', 'A' }, "", "T18" },
    { "hides an origin of TLS 1.0", hides_tls10, PROXY_INTERCEPTOR, { 'C', 'A' }, "", "T17" },
    { "tells of it", tells_tls10, PROXY_INTERCEPTOR, { 'B', 'A' }, "", "T4" },
    { "minds segments", no_large, PROXY_INTERCEPTOR, { 'B', 'F' }, "", "T20" },
    { "minds records", no_records, PROXY_INTERCEPTOR, { 'B', 'C' }, "", "T25" },
    { "minds the origin, not the records", no_such_origin, PROXY_INTERCEPTOR, { 'B', 'F' }, "", "T19" },
    { "loses client certificates", no_client_cert, PROXY_INTERCEPTOR, { 'B', 'C' }, "", "T31" },
    { "drops ALPN", no_alpn, PROXY_INTERCEPTOR, { 'B', 'B' }, "", "T32" },
    { "has no TLS 1.3", old_only, PROXY_INTERCEPTOR, { 'B', 'B' }, "", "T19" },
    { "forwards one way only", mute_forwarder, PROXY_FORWARDER, { 'A', 'F' }, "", "T1" },
    { "changes hellos", edits, PROXY_BROKEN, { '\0', '\0' }, "", "" },
    { "a password that can be read", readable_login, PROXY_FORWARDER, { 'B', 'A' }, "", "T2" },
    { "a password over TLS", hidden_login, PROXY_FORWARDER, { 'A', 'A' }, "", "T3" },
    { "wants a login", wants_login, PROXY_AUTHENTICATES, { '\0', '\0' }, "", "" },
    { "has no ticket", no_ticket, PROXY_AUTHENTICATES, { '\0', '\0' }, "", "" },
    { "refuses", refuses, PROXY_REFUSES, { '\0', '\0' }, "", "" },
    { "resets", resets, PROXY_BROKEN, { '\0', '\0' }, "", "" },
    { "was not asked", not_asked, PROXY_UNKNOWN, { '\0', '\0' }, "", "" },
    { "lists that come", fetches_fine, PROXY_FORWARDER, { 'A', 'A' }, "", "T1" },
    { "lists behind a login", fetches_need_login, PROXY_FORWARDER, { 'A', 'C' }, "", "T34" },
};

static bool decides(const struct proxy_check *c, const char *id)
{
    bool any = false;
    for (size_t i = 0; i < PROXY_TESTS; i++) {
        bool one = c->tests[i].decides[GRADE_SECURITY] || c->tests[i].decides[GRADE_COMPATIBILITY];
        any = any || one;
        if (one && strcmp(c->tests[i].id, id) == 0)
            return true;
    }
    return id[0] == '\0' && !any;
}

static void judged(void)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bench      *b = mem_get(1, sizeof *b);
        struct proxy_check c;
        char               let[64] = "";
        interceptor(b);
        if (cases[i].change != NULL)
            cases[i].change(b);
        proxy_judge(&b->facts, &b->arena, &c);
        for (size_t k = 0; k < c.let_n; k++)
            snprintf(let + strlen(let), sizeof let - strlen(let), "%s%s", k != 0 ? "," : "", c.let_through[k]);
        bool same = c.kind == cases[i].kind && memcmp(c.grade, cases[i].grade, sizeof c.grade) == 0 && strcmp(let, cases[i].let_through) == 0 && decides(&c, cases[i].decides);
        if (!same)
            printf("\n  %s: %s, grades %c %c, lets '%s': %s\n", cases[i].name, proxy_is_name(c.kind), c.grade[0] != '\0' ? c.grade[0] : '-',
                   c.grade[1] != '\0' ? c.grade[1] : '-', let, c.why);
        CU_ASSERT(same);
        for (size_t k = 0; k < PROXY_TESTS; k++)
            CU_ASSERT(c.tests[k].detail != NULL && (c.tests[k].result != TEST_SKIP || c.tests[k].detail[0] != '\0'));
        arena_free(&b->arena);
        free(b);
    }
}

/* Bytes of proxies and files never reach an output raw. */
static void escaped(void)
{
    struct bench         *b = mem_get(1, sizeof *b);
    struct proxy_check    c;
    struct report_options o = { 0 };
    struct text           out = { 0 };
    const struct bytes    nasty = { (const uint8_t *)NASTY, NASTY_LEN };
    struct pac            pac = { .from = "x\x1b[31m.pac", .body = nasty, .is_script = true, .place = { { "PROXY", nasty } }, .n = 1 };
    interceptor(b);
    for (int q = 0; q < ASK_COUNT; q++)
        b->in[q].line = b->in[q].reason = nasty;
    fetches(b, 407);
    b->facts.fetches[0].schemes = nasty;
    proxy_judge(&b->facts, &b->arena, &c);
    proxy_text(&out, &o, &c, &pac);
    proxy_json(&out, &c, &pac);
    proxy_html(&out, &c, &pac);
    for (size_t i = 0; i < out.n; i++)
        CU_ASSERT_FATAL(out.s[i] == '\n' || (unsigned char)out.s[i] >= 0x20);
    CU_ASSERT_PTR_NULL(strstr(out.s, "\xe2\x80\xae"));
    CU_ASSERT_PTR_NULL(strstr(out.s, "<td></script>"));
    text_free(&out);
    arena_free(&b->arena);
    free(b);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("proxy check", NULL, NULL);
    CU_add_test(s, "judged", judged);
    CU_add_test(s, "escaped", escaped);
    CU_basic_set_mode(CU_BRM_SILENT);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
