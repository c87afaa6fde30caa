/* The planner of differential hellos, and the rules of probes: handshakes made by hand, as in the tests of other rules. */
#include "rules_case.h"

#include "tlswhy/plan.h"

static void stopped(struct handshake *h, int unused)
{
    (void)unused;
    h->stopped_by_us = true;
    h->outcome = OUTCOME_STOPPED;
}
static void gave_up(struct handshake *h, int ms)
{
    h->timed_out = true;
    h->error_at = now(h, ms);
    h->capture_left = ms * MS;
}
static void acked(struct handshake *h, int bytes) { h->tcp.acked[CLIENT] = (uint64_t)bytes; }
static void gave_up_midway(struct handshake *h, int ms)
{
    gave_up(h, ms);
    h->outcome = OUTCOME_STOPPED;
}
static void chain_says(struct handshake *h, int severity) { judged(h, severity != 0 ? "expired" : NULL, (enum severity)severity, true); }
static void picked(struct handshake *h, int suite) { h->answer.suite = (uint32_t)suite; }
static void small_dh(struct handshake *h, int bits)
{
    h->known |= KNOW_SERVER_KEX;
    h->kex = (struct server_kex){ .where = now(h, 0), .kind = KEX_DHE, .dh_bits = (unsigned)bits };
}
static void compressed(struct handshake *h, int method) { h->answer.compression = (uint8_t)method; }
static void ends_flight(struct handshake *h, int ms) { h->hello_done = now(h, ms); }
static void offers_psk(struct handshake *h, int unused)
{
    static const uint32_t suites[] = { 0x00a8 }; /* TLS_PSK_WITH_AES_128_GCM_SHA256 */
    (void)unused;
    h->hello.suites = (struct u32s){ suites, 1 };
    picked(h, 0x00a8);
}
static void unreadable(struct handshake *h, int unused)
{
    (void)unused;
    h->unopened = true;
}
static void unsteady(struct handshake *h, int unused)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    (void)unused;
    *p = (struct probed){ .target = "www.example:443", .unsteady = true };
    h->probed = p;
}
static void signature(struct handshake *h, int check)
{
    h->kex.where = now(h, 0);
    message(h, SERVER, 15, h->kex.where);
    h->kex.verified = (enum sig_check)check;
}
static void wants(struct handshake *h, int unused)
{
    struct probed *p = ARENA_NEW(&h->arena, struct probed);
    (void)unused;
    *p = (struct probed){ .target = "mail.example:143", .starttls = "imap" };
    h->probed = p;
    h->known &= ~(unsigned)KNOW_CLIENT_HELLO;
    h->tls_seen[CLIENT] = false;
    h->outcome = OUTCOME_NOT_TLS;
}
static void speaks_smtp(struct handshake *h, int unused)
{
    (void)unused;
    h->tcp.bytes[SERVER] = 20;
    h->plain[SERVER] = (struct plain){ .where = now(h, 1), .start = bytes_of("220 mail.example", 16), .protocol = "smtp" };
}

static const struct rules_case cases[] = {
    { "sound", { { hello, 0x0304 }, { answer, 0x0304 }, { flight, HASH_SHA256 }, { chain_says, 0 }, { stopped, 0 } }, "ok", BLAME_NONE, CERTAIN },
    { "no certificate read", { { hello, 0x0304 }, { answer, 0x0304 }, { stopped, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "expired", { { hello, 0x0304 }, { answer, 0x0304 }, { flight, HASH_SHA256 }, { chain_says, SEV_ERROR }, { stopped, 0 } }, "cert-expired", BLAME_SERVER, CERTAIN },
    { "older than asked", { { hello, 0x0304 }, { answer, 0x0301 }, { stopped, 0 } }, "protocol-version", BLAME_SERVER, CERTAIN },
    { "a suite nobody offered", { { hello, 0x0303 }, { answer, 0x0303 }, { picked, 0x0005 }, { stopped, 0 } }, "protocol-error", BLAME_SERVER, CERTAIN },
    { "compression nobody offered", { { hello, 0x0303 }, { answer, 0x0303 }, { compressed, 1 }, { stopped, 0 } }, "protocol-error", BLAME_SERVER, CERTAIN },
    { "no certificate in a whole flight", { { hello, 0x0303 }, { answer, 0x0303 }, { picked, 0xc02f }, { ends_flight, 0 }, { stopped, 0 } }, "server-no-certificate", BLAME_SERVER, CERTAIN },
    { "a key known beforehand needs none", { { hello, 0x0303 }, { answer, 0x0303 }, { offers_psk, 0 }, { ends_flight, 0 }, { stopped, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "other keys than ours", { { hello, 0x0304 }, { answer, 0x0304 }, { unreadable, 0 }, { stopped, 0 } }, "protocol-error", BLAME_SERVER, LIKELY },
    { "the same hello was refused before", { { hello, 0x0304 }, { answer, 0x0304 }, { flight, HASH_SHA256 }, { chain_says, 0 }, { unsteady, 0 }, { stopped, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "512 bits", { { hello, 0x0303 }, { answer, 0x0303 }, { small_dh, 512 }, { stopped, 0 } }, "group-mismatch", BLAME_SERVER, CERTAIN },
    { "1024 bits", { { hello, 0x0303 }, { answer, 0x0303 }, { small_dh, 1024 }, { stopped, 0 } }, "ok", BLAME_NONE, LIKELY },
    { "another key", { { hello, 0x0304 }, { answer, 0x0304 }, { flight, HASH_SHA256 }, { signature, SIG_BAD }, { stopped, 0 } }, "key-mismatch", BLAME_SERVER, CERTAIN },
    { "no end", { { hello, 0x0303 }, { answer, 0x0303 }, { gave_up_midway, 3000 } }, "silent-drop", BLAME_SERVER, LIKELY },
    { "silence", { { hello, 0x0304 }, { acked, 500 }, { gave_up, 5000 } }, "silent-drop", BLAME_PATH, LIKELY },
    { "another protocol", { { hello, 0x0304 }, { wants, 0 }, { speaks_smtp, 0 } }, "not-tls", BLAME_SERVER, CERTAIN },
    { "no greeting", { { hello, 0x0304 }, { wants, 0 }, { gave_up, 5000 } }, "not-tls", BLAME_SERVER, LIKELY },
};

static void rules(void) { expect_all(cases, ARRAY_LEN(cases)); }

/* ---- what is asked next, and what it proves */

enum { REFUSED = -1, CLOSED = -2 }; /* else the version of the answer */
static const struct play {
    const char *name;
    int         offers, alert; /* of the first hello; 0: closed without a word */
    struct {
        enum change change; /* that must be asked for next */
        int         got, suite;
    } then[10];
    const char *cause; /* NULL: nothing proven */
    enum blame  side;
} plays[] = {
    { "older versions only", 0x0304, 70, { { CHANGE_VERSIONS, 0x0301, 0x002f } }, "protocol-version", BLAME_SERVER },
    { "newer versions only", 0x0301, 70, { { CHANGE_VERSIONS, 0x0303, 0x002f } }, "protocol-version", BLAME_CLIENT },
    { "newer versions, as alert 40", 0x0301, 40,
      { { CHANGE_GROUPS, REFUSED, 0 }, { CHANGE_SUITES, REFUSED, 0 }, { CHANGE_VERSIONS, 0x0303, 0x002f }, { CHANGE_SAME_VERSIONS, REFUSED, 0 }, { CHANGE_CONFIRM, 0x0303, 0x002f }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } },
      "protocol-version", BLAME_CLIENT },
    { "a suite that came with the newer version", 0x0301, 40,
      { { CHANGE_GROUPS, REFUSED, 0 }, { CHANGE_SUITES, REFUSED, 0 }, { CHANGE_VERSIONS, 0x0304, 0x1301 }, { CHANGE_SAME_VERSIONS, 0x0301, 0x0005 }, { CHANGE_CONFIRM, 0x0301, 0x0005 }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } },
      "cipher-mismatch", BLAME_SERVER },
    { "signature algorithms", 0x0303, 40, { { CHANGE_SIGALGS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, 0x0303, 0xc02f }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } }, "signature-algorithms", BLAME_CLIENT },
    { "groups", 0x0303, 40, { { CHANGE_SIGALGS, REFUSED, 0 }, { CHANGE_GROUPS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, 0x0303, 0xc02f }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } }, "group-mismatch", BLAME_CLIENT },
    { "suites", 0x0303, 40, { { CHANGE_SIGALGS, REFUSED, 0 }, { CHANGE_GROUPS, REFUSED, 0 }, { CHANGE_SUITES, 0x0303, 0x0005 }, { CHANGE_CONFIRM, 0x0303, 0x0005 }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } }, "cipher-mismatch", BLAME_SERVER },
    { "the key of the certificate", 0x0303, 40, { { CHANGE_SIGALGS, REFUSED, 0 }, { CHANGE_GROUPS, REFUSED, 0 }, { CHANGE_SUITES, 0x0303, 0x0032 }, { CHANGE_CONFIRM, 0x0303, 0x0032 }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, REFUSED, 0 } }, "cert-key-type", BLAME_CLIENT },
    { "the name", 0x0303, 112, { { CHANGE_NO_SNI, 0x0303, 0xc02f } }, "sni-unrecognized", BLAME_SERVER },
    { "a bad moment", 0x0303, 0, { { CHANGE_SIGALGS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, 0x0303, 0xc02f }, { CHANGE_REPEAT, 0x0303, 0xc02f } }, NULL, BLAME_NONE },
    { "closed, but not by chance", 0x0303, 0,
      { { CHANGE_SIGALGS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, 0x0303, 0xc02f }, { CHANGE_REPEAT, CLOSED, 0 }, { CHANGE_REPEAT_2, CLOSED, 0 } },
      "signature-algorithms", BLAME_CLIENT },
    { "two servers that take turns", 0x0303, 40,
      { { CHANGE_SIGALGS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, REFUSED, 0 }, { CHANGE_REPEAT, 0x0303, 0xc02f } }, NULL, BLAME_NONE },
    { "one of three servers is broken", 0x0303, 40,
      { { CHANGE_SIGALGS, 0x0303, 0xc02f }, { CHANGE_CONFIRM, 0x0303, 0xc02f }, { CHANGE_REPEAT, REFUSED, 0 }, { CHANGE_REPEAT_2, 0x0303, 0xc02f } }, NULL, BLAME_NONE },
    { "nothing helps", 0x0301, 40,
      { { CHANGE_GROUPS, REFUSED, 0 }, { CHANGE_SUITES, REFUSED, 0 }, { CHANGE_VERSIONS, REFUSED, 0 }, { CHANGE_WIDE, REFUSED, 0 },
        { CHANGE_NO_SNI, REFUSED, 0 } }, NULL, BLAME_NONE },
};

static struct handshake *attempt(uint32_t stream, int offers, int got, int number, int suite)
{
    struct handshake *h = mem_get(1, sizeof *h);
    hello(h, offers);
    h->stream = stream;
    if (got > 0) {
        answer(h, got);
        picked(h, suite);
        stopped(h, 0);
    } else if (number != 0 && got != CLOSED) {
        server_says(h, number);
    } else {
        server_closes(h, 1);
    }
    return h;
}

static void planned(void)
{
    for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
        const struct play *p = &plays[i];
        struct tried       t[12] = { { attempt(1, p->offers, REFUSED, p->alert, 0), CHANGE_NONE } };
        struct arena       a = { 0 };
        struct finding     f = { 0 };
        size_t             n = 1;
        for (; n <= 10 && p->then[n - 1].change != CHANGE_NONE; n++) {
            enum change next = plan_next(t, n);
            if (next != p->then[n - 1].change)
                printf("\n  %s, step %zu: asks %s, not %s\n", p->name, n, change_words(next), change_words(p->then[n - 1].change));
            CU_ASSERT_EQUAL(next, p->then[n - 1].change);
            t[n] = (struct tried){ attempt((uint32_t)n + 1, p->offers, p->then[n - 1].got, 40, p->then[n - 1].suite), p->then[n - 1].change };
        }
        CU_ASSERT_EQUAL(plan_next(t, n), CHANGE_NONE);
        bool proven = plan_explain(t, n, false, NULL, &a, &f);
        CU_ASSERT_EQUAL(proven, p->cause != NULL);
        if (proven && p->cause != NULL) {
            bool right = strcmp(f.cause, p->cause) == 0 && f.side == p->side && f.sure == CERTAIN;
            if (!right)
                printf("\n  %s: %s (%s, %s)\n", p->name, f.cause, blame_name(f.side), sure_name(f.sure));
            CU_ASSERT(right);
            CU_ASSERT(f.fix_n > 0);
        }
        for (size_t k = 0; k < n; k++) {
            arena_free(&((struct handshake *)(uintptr_t)t[k].h)->arena);
            free((void *)(uintptr_t)t[k].h);
        }
        arena_free(&a);
    }
}

static void drop(const struct tried *t, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        arena_free(&((struct handshake *)(uintptr_t)t[k].h)->arena);
        free((void *)(uintptr_t)t[k].h);
    }
}

enum { ALL = 5 };
/* Behind the hello that is refused and the changed one that is answered: what tells that it is always so. */
static void always(struct tried t[ALL], int offers, int got, int suite)
{
    t[2] = (struct tried){ attempt(3, offers, got, 0, suite), CHANGE_CONFIRM };
    t[3] = (struct tried){ attempt(4, offers, REFUSED, 40, 0), CHANGE_REPEAT };
    t[4] = (struct tried){ attempt(5, offers, REFUSED, 40, 0), CHANGE_REPEAT_2 };
}

/* Refused in the format of SSL 2.0: that alone is changed first, and never for a hello of SSL 2.0 itself. */
static void old_format(void)
{
    struct tried   t[ALL] = { { attempt(1, 0x0301, REFUSED, 40, 0), CHANGE_NONE }, { attempt(2, 0x0301, 0x0301, 0, 0x002f), CHANGE_FORMAT } };
    struct arena   a = { 0 };
    struct finding f = { 0 };
    struct handshake *first = (struct handshake *)(uintptr_t)t[0].h;
    CU_ASSERT(plan_next(t, 1) != CHANGE_FORMAT);
    first->hello.v2_format = true;
    CU_ASSERT_EQUAL(plan_next(t, 1), CHANGE_FORMAT);
    always(t, 0x0301, 0x0301, 0x002f);
    CU_ASSERT_EQUAL(plan_next(t, 2), CHANGE_CONFIRM);
    CU_ASSERT_EQUAL(plan_confirmed(t, 2), CHANGE_FORMAT);
    CU_ASSERT_EQUAL(plan_next(t, ALL), CHANGE_NONE);
    CU_ASSERT(plan_explain(t, 2, false, NULL, &a, &f) && f.sure == LIKELY); /* there was no time to ask on */
    CU_ASSERT(plan_explain(t, ALL, false, NULL, &a, &f) && strcmp(f.cause, "protocol-error") == 0 && f.side == BLAME_CLIENT && f.sure == CERTAIN);
    first->hello.max_version = 0x0002;
    CU_ASSERT(plan_next(t, 1) != CHANGE_FORMAT);
    drop(t, ALL);
    arena_free(&a);
}

/* A hello that does not signal RFC 5746 is asked again with the signal, and no other hello is. */
static void safe_renegotiation(void)
{
    struct tried   t[ALL] = { { attempt(1, 0x0303, REFUSED, 40, 0), CHANGE_NONE }, { attempt(2, 0x0303, 0x0303, 0, 0xc02f), CHANGE_RENEGO } };
    struct arena   a = { 0 };
    struct finding f = { 0 };
    struct handshake *first = (struct handshake *)(uintptr_t)t[0].h;
    first->hello.renego_info = true;
    CU_ASSERT(plan_next(t, 1) != CHANGE_RENEGO);
    first->hello.renego_info = false;
    first->hello.renego_scsv = false;
    CU_ASSERT_EQUAL(plan_next(t, 1), CHANGE_RENEGO);
    always(t, 0x0303, 0x0303, 0xc02f);
    CU_ASSERT(plan_explain(t, ALL, false, NULL, &a, &f) && strcmp(f.cause, "legacy-renegotiation") == 0 && f.side == BLAME_CLIENT && f.sure == CERTAIN);
    drop(t, ALL);
    arena_free(&a);
}

/* A server that passes supported_versions over answers an offer of TLS 1.3 alone with TLS 1.2, once it is given suites of that. */
static void versions_unread(void)
{
    static const uint16_t only[] = { 0x0304 };
    struct tried   t[ALL] = { { attempt(1, 0x0304, REFUSED, 40, 0), CHANGE_NONE }, { attempt(2, 0x0304, 0x0303, 0, 0xc02f), CHANGE_SUITES } };
    struct arena   a = { 0 };
    struct finding f = { 0 };
    struct handshake *first = (struct handshake *)(uintptr_t)t[0].h;
    first->hello.versions = (struct u16s){ only, 1 };
    first->hello.min_version = 0x0304;
    always(t, 0x0304, 0x0303, 0xc02f);
    CU_ASSERT(plan_explain(t, ALL, false, NULL, &a, &f) && strcmp(f.cause, "protocol-version") == 0 && f.side == BLAME_SERVER);
    drop(t, ALL);
    arena_free(&a);
}

/* A server that has an algorithm in common, and goes by the signature of its certificate as well. */
static void chain_unsigned(void)
{
    static const uint16_t sha1[] = { 0x0201 };
    struct tried   t[ALL] = { { attempt(1, 0x0303, REFUSED, 40, 0), CHANGE_NONE }, { attempt(2, 0x0303, 0x0303, 0, 0xc02f), CHANGE_SIGALGS } };
    struct arena   a = { 0 };
    struct finding f = { 0 };
    struct handshake *first = (struct handshake *)(uintptr_t)t[0].h, *second = (struct handshake *)(uintptr_t)t[1].h;
    first->hello.sigalgs = (struct u16s){ sha1, 1 };
    second->kex.sigalg = 0x0201;
    flight(second, HASH_SHA256);
    always(t, 0x0303, 0x0303, 0xc02f);
    CU_ASSERT(plan_explain(t, ALL, false, NULL, &a, &f) && strcmp(f.cause, "signature-algorithms") == 0 && f.side == BLAME_CLIENT);
    drop(t, ALL);
    arena_free(&a);
}

/* The connection was closed before the hello: once more, and again. */
static void unheard(void)
{
    struct tried t[3] = { { attempt(1, 0x0303, CLOSED, 0, 0), CHANGE_NONE }, { attempt(2, 0x0303, CLOSED, 0, 0), CHANGE_REPEAT },
                          { attempt(3, 0x0303, 0x0303, 0, 0xc02f), CHANGE_REPEAT_2 } };
    for (size_t i = 0; i < 2; i++) {
        struct handshake *h = (struct handshake *)(uintptr_t)t[i].h;
        h->known &= ~(unsigned)KNOW_CLIENT_HELLO;
        h->tcp.bytes[CLIENT] = h->tcp.bytes[SERVER] = 0;
    }
    CU_ASSERT_EQUAL(plan_next(t, 1), CHANGE_REPEAT);
    CU_ASSERT_EQUAL(plan_next(t, 2), CHANGE_REPEAT_2);
    CU_ASSERT_EQUAL(plan_next(t, 3), CHANGE_NONE);
    CU_ASSERT_PTR_EQUAL(plan_bad_moment(t, 3), t[2].h);
    drop(t, 3);
}

/* Without an alert it may be a filter on the path that minds the name; that the first hello was answered later makes it chance. */
static void named(void)
{
    struct tried   t[ALL] = { { attempt(1, 0x0303, CLOSED, 0, 0), CHANGE_NONE }, { attempt(2, 0x0303, 0x0303, 0, 0xc02f), CHANGE_NO_SNI } };
    struct arena   a = { 0 };
    struct finding f = { 0 };
    always(t, 0x0303, 0x0303, 0xc02f);
    CU_ASSERT(plan_explain(t, ALL, false, NULL, &a, &f) && strcmp(f.cause, "sni-unrecognized") == 0 && f.sure == LIKELY);
    CU_ASSERT_PTR_NULL(plan_bad_moment(t, ALL));
    struct handshake *again = attempt(5, 0x0303, 0x0303, 0, 0xc02f);
    drop(t + 4, 1);
    t[4].h = again;
    CU_ASSERT_PTR_EQUAL(plan_bad_moment(t, ALL), again);
    CU_ASSERT(!plan_explain(t, ALL, false, NULL, &a, &f));
    drop(t, ALL);
    arena_free(&a);
}

/* The server could not read an RSA key exchange: what it signs tells whether its key is the wrong one. */
static void unread_keys(void)
{
    static const struct { enum sig_check signs; const char *cause; enum sure sure; } cases_[] = {
        { SIG_BAD, "key-mismatch", CERTAIN }, { SIG_GOOD, "protocol-error", LIKELY }, { SIG_UNSUPPORTED, NULL, 0 }
    };
    for (size_t i = 0; i < ARRAY_LEN(cases_); i++) {
        struct tried   t[2] = { { attempt(1, 0x0303, 0x0303, 0, 0x002f), CHANGE_NONE }, { attempt(2, 0x0303, 0x0303, 0, 0xc02f), CHANGE_SIGNED } };
        struct arena   a = { 0 };
        struct finding f = { 0 };
        struct handshake *first = (struct handshake *)(uintptr_t)t[0].h, *second = (struct handshake *)(uintptr_t)t[1].h;
        first->outcome = OUTCOME_STOPPED;
        CU_ASSERT_EQUAL(plan_next(t, 1), CHANGE_NONE); /* nothing went wrong */
        message(first, CLIENT, 16, now(first, 1));
        alert(first, SERVER, ALERT_BAD_RECORD_MAC, false);
        CU_ASSERT_EQUAL(plan_next(t, 1), CHANGE_SIGNED);
        CU_ASSERT_EQUAL(plan_next(t, 2), CHANGE_NONE);
        second->kex.verified = cases_[i].signs;
        bool told = plan_explain(t, 2, false, NULL, &a, &f);
        CU_ASSERT(cases_[i].cause == NULL ? !told : told && strcmp(f.cause, cases_[i].cause) == 0 && f.side == BLAME_SERVER && f.sure == cases_[i].sure);
        drop(t, 2);
        arena_free(&a);
    }
}

int main(void)
{
    static const CU_TestInfo tests[] = { { "rules of probes", rules }, { "what to ask next, and what it proves", planned },
                                         { "the format of SSL 2.0", old_format }, { "RFC 5746", safe_renegotiation }, { "supported_versions passed over", versions_unread },
                                         { "the certificate's own signature", chain_unsigned }, { "a name, and no alert", named }, { "closed before the hello", unheard },
                                         { "keys that were not read", unread_keys }, CU_TEST_INFO_NULL };
    return run_tests("plan", tests);
}
