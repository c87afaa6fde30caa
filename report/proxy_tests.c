/* proxy_tests.c - the tests of a proxy check: from what was seen, a result for each, and what it costs. */
#include "proxy_parts.h"

#include "tlswhy/trust.h"

#include <string.h>

static const struct {
    const char *id, *name;
} names[PROXY_TESTS] = {
    { "T1", "tunnel" }, { "T2", "login" }, { "T3", "who answers" }, { "T4", "expired certificate" }, { "T5", "certificate not valid yet" },
    { "T6", "certificate for another name" }, { "T7", "self-signed certificate" }, { "T8", "certificate of an unknown root" },
    { "T9", "intermediate left out" }, { "T10", "issued by what is no CA" }, { "T11", "unknown critical extension" },
    { "T12", "certificate for clients only" }, { "T13", "SHA-1 signature" }, { "T14", "MD5 signature" }, { "T15", "RSA key of 1024 bits" },
    { "T16", "revoked certificate" }, { "T17", "origin of TLS 1.0 and 1.1" }, { "T18", "what it offers to origins" }, { "T19", "TLS 1.3" },
    { "T20", "post-quantum size" }, { "T21", "half a hello, then a pause" }, { "T22", "GREASE" },
    { "T23", "unknown extension" }, { "T24", "legacy version 0x0304" }, { "T25", "hello in two records" }, { "T26", "segment border in the name" },
    { "T27", "hello of 300 bytes" }, { "T28", "no server name" }, { "T29", "server name unlike CONNECT's" }, { "T30", "client of TLS 1.0" },
    { "T31", "client certificate" }, { "T32", "ALPN h2" }, { "T33", "origin that fails" }, { "T34", "Windows fetches its lists" },
};

const char *proxy_test_name(size_t i, const char **id)
{
    if (i >= PROXY_TESTS)
        return NULL;
    *id = names[i].id;
    return names[i].name;
}

void test_is(struct proxy_test *t, enum test_result r, const char *detail)
{
    t->result = r;
    t->detail = detail;
}

void test_costs(struct proxy_test *t, enum proxy_grade g, char best)
{
    if (best > t->costs[g]) /* 'A' < 'B' < 'C' < 'F'; '\0' is below all */
        t->costs[g] = best;
}

bool intercepts(const struct proxy_judging *j) { return j->c->kind == PROXY_INTERCEPTOR; }
const char *left_out(const struct proxy_judging *j, enum proxy_question q)
{
    const struct proxy_fact *f = &j->p->ask[q];
    return f->skip != NULL ? f->skip : j->p->interrupted ? "ended before" : "not asked";
}

/* ------------------------------------------------------------------------------------ the proxy itself */

static void judge_tunnel(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct proxy_fact *good = &j->p->ask[ASK_GOOD], *closed = &j->p->ask[ASK_CLOSED];
    if (good->h == NULL) {
        test_is(t, TEST_SKIP, left_out(j, ASK_GOOD));
    } else if (!tunnel_opened(good->h) || j->c->kind == PROXY_BROKEN) {
        test_is(t, TEST_FAIL, j->c->why);
    } else if (good->forwarded && j->p->target == NULL && (good->h->inside == NULL || !good->h->inside->finished)) {
        test_is(t, TEST_FAIL, arena_printf(j->a, "the hello arrives at a sound origin, but its answer does not come back whole: %s", end_words(j->a, good->h)));
        test_costs(t, GRADE_COMPATIBILITY, 'F');
    } else {
        bool early = closed->h != NULL && tunnel_opened(closed->h) && !j->p->relay;
        test_is(t, TEST_PASS, j->p->relay ? "it takes the connection over" :
                             early       ? "it opens connections; even to a port where nothing listens, so what is wrong there shows later or not at all"
                                         : "it opens connections, and says so where it cannot");
        test_costs(t, GRADE_COMPATIBILITY, 'A');
    }
}

static void judge_login(const struct proxy_judging *j, struct proxy_test *t)
{
    struct text s = { 0 };
    bool        worked = false;
    for (size_t i = 0; i < j->p->login_n; i++) {
        text_printf(&s, "%s%s %s", i != 0 ? "; " : "", j->p->logins[i].scheme, j->p->logins[i].worked ? "works" : "does not");
        worked = worked || j->p->logins[i].worked;
        if (j->p->logins[i].worked && j->p->clear && strcmp(j->p->logins[i].scheme, "Basic") == 0) {
            test_costs(t, GRADE_SECURITY, 'B');
            text_add(&s, ", and sends the password so that it can be read on the way");
        }
    }
    if (j->p->relay || j->p->ask[ASK_GOOD].h == NULL)
        test_is(t, TEST_SKIP, j->p->relay ? "it has no login" : left_out(j, ASK_GOOD));
    else if (j->p->login_n != 0)
        test_is(t, worked ? TEST_PASS : TEST_FAIL, arena_str(j->a, s.s));
    else if (j->c->kind == PROXY_AUTHENTICATES)
        test_is(t, TEST_FAIL, "a login is wanted and none was given (--proxy-user)");
    else if (j->c->kind == PROXY_BROKEN && !tunnel_opened(j->p->ask[ASK_GOOD].h))
        test_is(t, TEST_SKIP, "it does not get that far");
    else
        test_is(t, TEST_PASS, "none is wanted");
    text_free(&s);
}

static void judge_who(const struct proxy_judging *j, struct proxy_test *t)
{
    if (j->c->kind == PROXY_FORWARDER) {
        test_is(t, TEST_PASS, "the origin itself: not intercepted");
        test_costs(t, GRADE_SECURITY, 'A');
    } else if (!intercepts(j)) {
        test_is(t, TEST_SKIP, "nobody");
    } else {
        const struct handshake *h = j->p->ask[ASK_GOOD].h;
        bool   known = j->p->ca_given && h->chain != NULL && h->cert_count != 0;
        size_t steps = known ? h->chain->path_len : 0;
        bool   trusted = steps > 0 && strcmp(h->chain->path[steps - 1].from, "trust") == 0;
        test_is(t, known && !trusted ? TEST_FAIL : TEST_PASS,
               j->c->ca_name == NULL ? "the proxy, without a certificate"
                                     : arena_printf(j->a, "the proxy, as \"%s\"%s", j->c->ca_name, !known ? "" : trusted ? ", which --ca knows" : ", which --ca does not know"));
        test_costs(t, GRADE_SECURITY, known && !trusted ? 'C' : 'A');
    }
}

/* ------------------------------------------------------------------------------------ hellos */

static const struct hello_test {
    size_t              test;
    enum proxy_question ask[2]; /* the second may be the first again */
    char                worst;  /* where it breaks */
} hello_tests[] = {
    { 20, { ASK_LARGE, ASK_SEGMENTS }, 'F' }, { 21, { ASK_PAUSE, ASK_PAUSE }, 'F' }, { 22, { ASK_GREASE, ASK_GREASE }, 'F' },
    { 23, { ASK_UNKNOWN_EXT, ASK_UNKNOWN_EXT }, 'F' }, { 24, { ASK_VERSION_0304, ASK_VERSION_0304 }, 'B' }, { 25, { ASK_RECORDS, ASK_RECORDS }, 'C' },
    { 26, { ASK_CUT_NAME, ASK_CUT_NAME }, 'F' }, { 27, { ASK_SIZE, ASK_SIZE }, 'F' }, { 28, { ASK_NO_NAME, ASK_NO_NAME }, 'C' },
    { 29, { ASK_OTHER_NAME, ASK_OTHER_NAME }, 'B' },
};

/* Is the question fit to tell anything? Where the server itself does not answer it, the proxy is not to blame. */
static const char *says_nothing(const struct proxy_judging *j, enum proxy_question q)
{
    const struct proxy_fact *f = &j->p->ask[q], *whole = &j->p->ask[ASK_TLS13];
    if (f->h == NULL)
        return left_out(j, q);
    if (q == ASK_RECORDS && whole->h != NULL && !answered(whole->h) && !answered(f->h)) /* of the same origin */
        return "nor is it answered in one record";
    return j->p->target != NULL && f->direct != NULL && !answered(f->direct) ? "the server itself does not answer it" : NULL;
}

static void judge_hello(const struct proxy_judging *j, const struct hello_test *ht, struct proxy_test *t)
{
    for (size_t i = 0; i < ARRAY_LEN(ht->ask); i++) {
        const struct handshake *h = j->p->ask[ht->ask[i]].h;
        const char             *nothing = says_nothing(j, ht->ask[i]);
        if (nothing != NULL) {
            if (t->result != TEST_FAIL)
                test_is(t, TEST_SKIP, nothing);
            return;
        }
        const struct alert *alert = last_fatal_alert(h, SERVER);
        bool                clear = ht->ask[i] == ASK_OTHER_NAME && alert != NULL && alert->number == ALERT_UNRECOGNIZED_NAME;
        if (answered(h) || clear) {
            if (t->result != TEST_FAIL)
                test_is(t, TEST_PASS, clear ? "refused, and the alert says why" : "answered");
            test_costs(t, GRADE_COMPATIBILITY, 'A');
            continue;
        }
        test_is(t, TEST_FAIL, arena_printf(j->a, "%s%s%s", ht->ask[i] == ASK_SEGMENTS ? "in two segments: " : "", end_words(j->a, h),
                                          j->p->ask[ht->ask[i]].forwarded ? ", although the hello arrived" : ""));
        test_costs(t, GRADE_COMPATIBILITY, ht->worst);
    }
}

static void judge_13(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct handshake *h = j->p->ask[ASK_TLS13].h, *direct = j->p->ask[ASK_TLS13].direct;
    const char             *nothing = says_nothing(j, ASK_TLS13);
    char                    buf[NAME_MAX_LEN];
    if (nothing == NULL && direct != NULL && !version_is_13(handshake_version(direct)))
        nothing = "the server itself has no TLS 1.3";
    if (nothing != NULL) {
        test_is(t, TEST_SKIP, nothing);
    } else if (!answered(h)) {
        test_is(t, TEST_FAIL, end_words(j->a, h));
        test_costs(t, GRADE_COMPATIBILITY, 'F');
    } else if (h->retry.raw.p != NULL || version_is_13(handshake_version(h))) {
        test_is(t, TEST_PASS, "answered with TLS 1.3");
        test_costs(t, GRADE_COMPATIBILITY, 'A');
    } else {
        test_is(t, TEST_FAIL, arena_printf(j->a, "answered with %s", version_name(handshake_version(h), buf)));
        test_costs(t, GRADE_COMPATIBILITY, 'B');
        if (intercepts(j))
            test_costs(t, GRADE_SECURITY, 'B');
    }
}

static void judge_old_client(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct proxy_fact *f = &j->p->ask[ASK_OLD_CLIENT];
    char                     buf[NAME_MAX_LEN];
    if (f->h == NULL || f->forwarded || !intercepts(j)) {
        test_is(t, f->forwarded ? TEST_PASS : TEST_SKIP, f->forwarded ? "forwarded" : f->h == NULL ? left_out(j, ASK_OLD_CLIENT) : "for proxies that answer themselves");
        return;
    }
    const struct alert *alert = last_fatal_alert(f->h, SERVER);
    bool clear = answered(f->h) || (alert != NULL && alert->number == ALERT_PROTOCOL_VERSION);
    test_is(t, clear ? TEST_PASS : TEST_FAIL,
           answered(f->h) ? arena_printf(j->a, "answered with %s", version_name(handshake_version(f->h), buf))
           : clear        ? "refused, and the alert says why"
                          : arena_printf(j->a, "refused with %s, which does not say why", end_words(j->a, f->h)));
    test_costs(t, GRADE_COMPATIBILITY, clear ? 'A' : 'B');
}

/* ------------------------------------------------------------------------------------ the rest */

static void judge_client_cert(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct proxy_fact *f = &j->p->ask[ASK_CLIENT_CERT];
    if (f->h == NULL || f->forwarded || !intercepts(j)) {
        test_is(t, f->forwarded ? TEST_PASS : TEST_SKIP, f->forwarded ? "forwarded" : f->h == NULL ? left_out(j, ASK_CLIENT_CERT) : "for proxies that answer themselves");
        return;
    }
    if (!j->c->trusts_lab) {
        test_is(t, TEST_SKIP, "the proxy does not take a sound origin of the lab's either");
        return;
    }
    bool asked = knows(f->h, KNOW_CERT_REQUEST);
    test_is(t, asked ? TEST_PASS : TEST_FAIL, asked ? "the client is asked for it"
                                                   : arena_printf(j->a, "the client is never asked for it, and gets: %s",
                                                                  f->h->inside != NULL && f->h->inside->finished ? inside_words(j, f->h) : end_words(j->a, f->h)));
    test_costs(t, GRADE_COMPATIBILITY, asked ? 'A' : 'C');
}

static void judge_alpn(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct handshake *h = j->p->ask[ASK_H2].h, *direct = j->p->ask[ASK_H2].direct;
    const char             *nothing = says_nothing(j, ASK_H2);
    struct bytes            got = h != NULL ? h->answer.alpn : (struct bytes){ 0 };
    if (nothing == NULL && direct != NULL && direct->answer.alpn.p == NULL)
        nothing = "the server itself chooses none";
    if (nothing == NULL && !knows(h, KNOW_SERVER_HELLO))
        nothing = end_words(j->a, h);
    if (nothing != NULL || version_is_13(handshake_version(h))) {
        test_is(t, TEST_SKIP, nothing != NULL ? nothing : "TLS 1.3 hides it");
        return;
    }
    test_is(t, got.p != NULL ? TEST_PASS : TEST_FAIL, got.p != NULL ? arena_printf(j->a, "%s", safe_str(j->a, got.p, got.n)) : "dropped: clients fall back to HTTP/1.1");
    test_costs(t, GRADE_COMPATIBILITY, got.p != NULL ? 'A' : 'B');
}

static void judge_failures(const struct proxy_judging *j, struct proxy_test *t)
{
    static const struct {
        enum proxy_question ask;
        const char         *word;
    } ways[] = { { ASK_CLOSED, "closed port" }, { ASK_RESET, "reset" }, { ASK_ALERT, "alert" }, { ASK_SILENT, "silence" } };
    struct text s = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        const struct handshake *h = j->p->ask[ways[i].ask].h;
        if (h != NULL)
            text_printf(&s, "%s%s: %s", s.n != 0 ? "; " : "", ways[i].word,
                        h->inside != NULL && h->inside->finished ? inside_words(j, h) : end_words(j->a, h));
    }
    test_is(t, s.n != 0 ? TEST_PASS : TEST_SKIP, s.n != 0 ? arena_str(j->a, s.s) : left_out(j, ASK_RESET));
    text_free(&s);
}

static void judge_fetches(const struct proxy_judging *j, struct proxy_test *t)
{
    size_t fine = 0, login = 0;
    for (size_t i = 0; i < j->p->fetch_n; i++) {
        fine += j->p->fetches[i].status == 200;
        login += j->p->fetches[i].status == 407;
    }
    if (j->p->fetch_n == 0) {
        test_is(t, TEST_SKIP, j->p->no_fetches != NULL ? j->p->no_fetches : left_out(j, ASK_GOOD));
        return;
    }
    bool all = fine == j->p->fetch_n;
    test_is(t, all ? TEST_PASS : TEST_FAIL,
           all          ? "all of them came without a login"
           : login != 0 ? "a login is wanted, and the computer account has none: let these addresses through without one"
                        : "they do not come");
    test_costs(t, GRADE_COMPATIBILITY, all ? 'A' : 'C');
}

/* ------------------------------------------------------------------------------------ all of them */

/* Where nothing can be asked, the proxy's own refusal is all there is to tell. */
static bool nothing_to_ask(const struct proxy_judging *j) { return j->c->kind != PROXY_FORWARDER && j->c->kind != PROXY_INTERCEPTOR; }

void judge_tests(const struct proxy_judging *j)
{
    struct proxy_test *t = j->c->tests;
    for (size_t i = 0; i < PROXY_TESTS; i++)
        t[i] = (struct proxy_test){ .id = names[i].id, .name = names[i].name, .detail = j->p->interrupted ? "ended before" : "the proxy does not get that far" };
    judge_tunnel(j, &t[0]);
    judge_login(j, &t[1]);
    judge_fetches(j, &t[33]);
    if (nothing_to_ask(j))
        return;
    judge_who(j, &t[2]);
    judge_bad_origins(j, t);
    judge_old_origin(j, &t[16]);
    judge_offer(j, &t[17]);
    judge_13(j, &t[18]);
    for (size_t i = 0; i < ARRAY_LEN(hello_tests); i++)
        judge_hello(j, &hello_tests[i], &t[hello_tests[i].test - 1]);
    judge_old_client(j, &t[29]);
    judge_client_cert(j, &t[30]);
    judge_alpn(j, &t[31]);
    judge_failures(j, &t[32]);
}

/* The worst counts, and the tests that cost as much decide. */
static void grade(struct proxy_check *c, enum proxy_grade g)
{
    char worst = '\0';
    for (size_t i = 0; i < PROXY_TESTS; i++)
        worst = c->tests[i].costs[g] > worst ? c->tests[i].costs[g] : worst;
    if (g == GRADE_SECURITY && c->kind == PROXY_INTERCEPTOR && !c->trusts_lab && worst <= 'B')
        worst = '\0'; /* what it lets through was not tested: no more can be said than that nothing worse was found */
    c->grade[g] = worst;
    for (size_t i = 0; i < PROXY_TESTS && worst > 'A'; i++)
        c->tests[i].decides[g] = c->tests[i].costs[g] == worst;
    for (size_t i = 0; i < PROXY_TESTS && worst == 'A'; i++) { /* nothing cost anything: who answers, or that it answers */
        c->tests[i].decides[g] = c->tests[i].costs[g] == 'A';
        if (c->tests[i].decides[g])
            return;
    }
}

void proxy_judge(const struct proxy_facts *p, struct arena *a, struct proxy_check *out)
{
    const struct proxy_judging j = { p, out, a };
    *out = (struct proxy_check){ .of = p };
    judge_kind(&j);
    judge_tests(&j);
    for (int g = 0; g < GRADES && !nothing_to_ask(&j); g++)
        grade(out, (enum proxy_grade)g);
}
