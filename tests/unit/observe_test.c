/* observe_test.c - connections of tests/wire/ played through the observer: whole, in pieces, cut anywhere. */
#include <CUnit/Basic.h>

#include "script.h"
#include "tlswhy/packed.h"

static const struct expected {
    const char  *file;
    enum outcome outcome;
    uint16_t     max_version, version;
    uint32_t     suite;
    const char  *history;
    bool         resumed;
    int          alert; /* last fatal one in clear */
} t[] = {
    { "tls12", OUTCOME_ESTABLISHED, 0x0303, 0x0303, 0xc02c, "CsxknGItiDLl", false, ALERT_NONE },
    { "tls12-resumed", OUTCOME_ESTABLISHED, 0x0303, 0x0303, 0xc02c, "CsiIDLl", true, ALERT_NONE },
    { "tls13", OUTCOME_ESTABLISHED, 0x0304, 0x0304, 0x1302, "CsiIddDLl", false, ALERT_NONE },
    { "tls13-padded-alert", OUTCOME_ABORTED_BY_CLIENT, 0x0304, 0x0304, 0x1302, "CsiIL", false, ALERT_NONE },
    { "tls13-empty-certificate", OUTCOME_ABORTED_BY_SERVER, 0x0304, 0x0304, 0x1302, "CsiI", false, ALERT_NONE },
    { "tls13-resumed", OUTCOME_ESTABLISHED, 0x0304, 0x0304, 0x1302, "CsiIdDLl", true, ALERT_NONE },
    { "tls13-retry", OUTCOME_ESTABLISHED, 0x0304, 0x0304, 0x1302, "CjiICsddDLl", false, ALERT_NONE },
    { "tls10-split", OUTCOME_ESTABLISHED, 0x0301, 0x0301, 0x002f, "CsxnGItiDDLl", false, ALERT_NONE },
    { "renegotiation", OUTCOME_ESTABLISHED, 0x0303, 0x0303, 0xc02c, "CsxknGIti", false, ALERT_NONE },
    { "null-suite", OUTCOME_ESTABLISHED, 0x0303, 0x0303, 0x003b, "CsxnGIFtifDLl", false, ALERT_NONE },
    { "null-suite-short-alert", OUTCOME_ESTABLISHED, 0x0303, 0x0303, 0x003b, "CsxnGIFtifL", false, ALERT_NONE },
    { "version-refused", OUTCOME_ABORTED_BY_SERVER, 0x0302, 0, 0, "Cl", false, ALERT_PROTOCOL_VERSION },
    { "unknown-ca", OUTCOME_ABORTED_BY_CLIENT, 0x0303, 0x0303, 0xc02c, "CsxknL", false, ALERT_UNKNOWN_CA },
    { "unknown-ca-13", OUTCOME_ABORTED_BY_CLIENT, 0x0304, 0x0304, 0x1302, "CsiL", false, ALERT_UNKNOWN_CA },
    { "client-cert-missing", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0x0303, 0xc02c, "CsxkrnXGIl", false, ALERT_HANDSHAKE_FAILURE },
    { "ssl2", OUTCOME_ESTABLISHED, 0x0002, 0x0002, 0x0700c0, "CsGDd", false, ALERT_NONE },
    { "v2-hello", OUTCOME_ABORTED_BY_SERVER, 0x0301, 0, 0, "Cl", false, ALERT_HANDSHAKE_FAILURE },
    { "from-server", OUTCOME_ABORTED_BY_CLIENT, 0x0303, 0x0303, 0x002f, "Cs", false, ALERT_NONE },
    { "tiny-records", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "Cl", false, ALERT_HANDSHAKE_FAILURE },
    { "warning-first", OUTCOME_ABORTED_BY_CLIENT, 0x0303, 0x0303, 0x002f, "ClsL", false, ALERT_ILLEGAL_PARAMETER },
    { "plain-http", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "banner", OUTCOME_NO_SERVER_HELLO, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "modbus", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "http-to-tls", OUTCOME_NOT_TLS, 0, 0, 0, "l", false, ALERT_UNEXPECTED_MESSAGE },
    { "reset", OUTCOME_RESET_BY_SERVER, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "hello-cut", OUTCOME_RESET_BY_SERVER, 0, 0, 0, "", false, ALERT_NONE },
    { "silence", OUTCOME_INCOMPLETE, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "early-close", OUTCOME_ABORTED_BY_CLIENT, 0x0303, 0x0303, 0x002f, "Cs", false, ALERT_NONE },
    { "mid-stream", OUTCOME_INCOMPLETE, 0, 0, 0, "DdD", false, ALERT_NONE },
    { "mid-record", OUTCOME_INCOMPLETE, 0, 0, 0, "ddL", false, ALERT_NONE },
    { "gap-in-answer", OUTCOME_INCOMPLETE, 0x0303, 0x0303, 0x002f, "Csn", false, ALERT_NONE },
    { "all-lost", OUTCOME_INCOMPLETE, 0, 0, 0, "", false, ALERT_NONE },
    { "all-lost-but-banner", OUTCOME_NOT_TLS, 0, 0, 0, "", false, ALERT_NONE },
    { "connect-407", OUTCOME_NOT_OPENED, 0, 0, 0, "", false, ALERT_NONE },
    { "health-check", OUTCOME_NOT_TLS, 0, 0, 0, "l", false, ALERT_NONE },
    { "connect-page", OUTCOME_RESET_BY_CLIENT, 0x0303, 0, 0, "C", false, ALERT_NONE },
    { "connect", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "Cl", false, ALERT_PROTOCOL_VERSION },
    { "starttls", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "Cl", false, ALERT_HANDSHAKE_FAILURE },
    { "unknown-prelude", OUTCOME_ABORTED_BY_SERVER, 0x0303, 0, 0, "Cl", false, ALERT_HANDSHAKE_FAILURE },
};

static struct cert_store *certs;

static struct handshake *play(const char *file, size_t piece, uint64_t budget)
{
    struct observer  *o = observer_new(certs, NULL);
    struct handshake *h = script_play(file, o, piece, budget);
    CU_ASSERT_EQUAL(observer_open(o), 0);
    CU_ASSERT_EQUAL(observer_memory(o), 0);
    observer_free(o);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h);
    return h;
}

static void differs(const char *file, const char *what, const char *got, const char *want)
{
    if (strcmp(got, want) != 0) {
        printf("\n  %s: %s is %s, expected %s", file, what, got, want);
        CU_FAIL("differs");
    }
}

/* All that must not depend on how the bytes were cut into segments. */
static void check(const struct expected *e, const struct handshake *h)
{
    char                history[256], a[NAME_MAX_LEN], b[NAME_MAX_LEN];
    const struct alert *alert = last_fatal_alert(h, SIDE_ANY);
    uint16_t            max = (h->known & (KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART)) != 0 ? h->hello.max_version : 0;
    handshake_history(h, history, sizeof history);
    differs(e->file, "outcome", outcome_name(h->outcome), outcome_name(e->outcome));
    differs(e->file, "history", history, e->history);
    differs(e->file, "offered", version_name(max, a), version_name(e->max_version, b));
    differs(e->file, "version", version_name(handshake_version(h), a), version_name(e->version, b));
    differs(e->file, "suite", suite_name(h->answer.suite, a), suite_name(e->suite, b));
    differs(e->file, "alert", alert_name(alert != NULL ? alert->number : 999, a), alert_name(e->alert >= 0 ? (unsigned)e->alert : 999, b));
    CU_ASSERT_EQUAL(h->resumed, e->resumed);
}

static void whole(void)
{
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake *h = play(t[i].file, 0, UINT64_MAX);
        check(&t[i], h);
        handshake_free(h);
    }
}

static bool same_u16s(struct u16s a, struct u16s b)
{
    return (a.v == NULL) == (b.v == NULL) && a.n == b.n && (a.n == 0 || memcmp(a.v, b.v, a.n * sizeof *a.v) == 0);
}

static bool same_hello(const struct client_hello *a, const struct client_hello *b)
{
    struct hello_digest x = hello_digest(a), y = hello_digest(b);
    return x.offer == y.offer && x.suites == y.suites && a->digest.offer == b->digest.offer && bytes_equal(a->raw, b->raw) &&
           bytes_equal(a->random, b->random) && bytes_equal(a->session_id, b->session_id) && bytes_equal(a->sni, b->sni) &&
           bytes_equal(a->compression, b->compression) && bytes_equal(a->ticket, b->ticket) && a->exts == b->exts &&
           same_u16s(a->sigalgs_cert, b->sigalgs_cert) && same_u16s(a->key_shares, b->key_shares) && a->malformed == b->malformed &&
           a->version == b->version && a->min_version == b->min_version && a->record_version == b->record_version &&
           a->records == b->records && a->segments == b->segments && a->psk_modes == b->psk_modes && a->where.frame == b->where.frame &&
           a->where.ns == b->where.ns;
}

static bool same_answer(const struct server_hello *a, const struct server_hello *b)
{
    return bytes_equal(a->raw, b->raw) && bytes_equal(a->random, b->random) && bytes_equal(a->session_id, b->session_id) &&
           a->exts == b->exts && bytes_equal(a->alpn, b->alpn) && a->group == b->group && a->unoffered_ext == b->unoffered_ext &&
           a->record_version == b->record_version && a->renego_info == b->renego_info && a->ems == b->ems && a->malformed == b->malformed;
}

/* Packed while it waits, a handshake comes back as it was; what belongs to it, too. */
static void packed(void)
{
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint64_t          more[9] = { 1, 0, 0, UINT64_MAX, 0x0100, 0, 0, 0, 0 }, back[9] = { 0 };
        struct handshake *a = play(t[i].file, 0, UINT64_MAX), *b = play(t[i].file, 0, UINT64_MAX);
        struct packed    *p = handshake_pack(b, more, sizeof more);
        CU_ASSERT_EQUAL(p->stream, a->stream);
        b = handshake_unpack(p, back);
        CU_ASSERT_EQUAL(memcmp(more, back, sizeof more), 0);
        check(&t[i], b);
        CU_ASSERT(same_hello(&a->hello, &b->hello) && same_hello(&a->hello2, &b->hello2));
        CU_ASSERT(same_answer(&a->answer, &b->answer) && same_answer(&a->retry, &b->retry));
        CU_ASSERT(bytes_equal(a->kex.params, b->kex.params) && bytes_equal(a->kex.signature, b->kex.signature));
        CU_ASSERT(bytes_equal(a->staple, b->staple) && bytes_equal(a->plain[CLIENT].start, b->plain[CLIENT].start));
        CU_ASSERT_EQUAL_FATAL(a->cert_count, b->cert_count);
        CU_ASSERT(a->cert_count == 0 || memcmp(a->certs, b->certs, a->cert_count * sizeof *a->certs) == 0);
        CU_ASSERT_EQUAL_FATAL(a->message_count, b->message_count);
        CU_ASSERT(a->message_count == 0 || memcmp(a->messages, b->messages, a->message_count * sizeof *a->messages) == 0);
        CU_ASSERT_EQUAL_FATAL(a->alert_count, b->alert_count);
        CU_ASSERT(a->alert_count == 0 || memcmp(a->alerts, b->alerts, a->alert_count * sizeof *a->alerts) == 0);
        CU_ASSERT_EQUAL(memcmp(&a->tcp, &b->tcp, sizeof a->tcp), 0);
        CU_ASSERT_EQUAL(memcmp(a->side, b->side, sizeof a->side), 0);
        handshake_free(a);
        handshake_free(b);
    }
}

static void in_pieces(void)
{
    static const size_t pieces[] = { 1, 2, 3, 7, 100 };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        if (strcmp(t[i].file, "mid-stream") == 0 || strcmp(t[i].file, "modbus") == 0 || strcmp(t[i].file, "unknown-prelude") == 0 ||
            strcmp(t[i].file, "mid-record") == 0 || strcmp(t[i].file, "gap-in-answer") == 0)
            continue; /* where no start was seen, segments are all there is to go by */
        for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
            struct handshake *h = play(t[i].file, pieces[k], UINT64_MAX);
            check(&t[i], h);
            handshake_free(h);
        }
    }
}

/* A capture that ends early must not turn a good handshake into a failure, or a failure into another. */
static void cut_anywhere(void)
{
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        for (uint64_t budget = 0; budget < 3000; budget++) {
            struct handshake *h = play(t[i].file, 0, budget);
            bool              weaker = h->outcome == t[i].outcome || h->outcome == OUTCOME_INCOMPLETE || h->outcome == OUTCOME_NOT_TLS ||
                          h->outcome == OUTCOME_NO_SERVER_HELLO || h->outcome == OUTCOME_NOT_OPENED;
            if (!weaker) {
                printf("\n  %s cut after %u bytes: %s", t[i].file, (unsigned)budget, outcome_name(h->outcome));
                CU_FAIL("a cut capture claims something else");
            }
            handshake_free(h);
        }
    }
}

static void details(void)
{
    struct handshake *page = play("connect-page", 0, UINT64_MAX);
    CU_ASSERT_PTR_NOT_NULL(page->plain[SERVER].start.p);
    handshake_free(page);
    struct handshake *h = play("tls12", 0, UINT64_MAX);
    CU_ASSERT(knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | KNOW_CERTIFICATE | KNOW_SERVER_KEX | KNOW_CLOSE | KNOW_BOTH_SIDES));
    CU_ASSERT(knows(h, KNOW_WHOLE_CLIENT | KNOW_WHOLE_SERVER | KNOW_OPEN));
    CU_ASSERT(h->hello.sni.n == 11 && memcmp(h->hello.sni.p, "www.example", 11) == 0);
    CU_ASSERT(h->hello.alpn.n == 1 && h->hello.ems && h->hello.renego_scsv && h->hello.records == 1 && h->hello.segments == 1);
    CU_ASSERT(h->cert_count == 1 && h->kex.kind == KEX_ECDHE && h->kex.group == 0x001d && h->kex.sigalg == 0x0403);
    CU_ASSERT(h->close.by == CLIENT && h->close.how == CLOSE_FIN && h->close2.by == SERVER);
    CU_ASSERT(h->side[CLIENT].app_records == 1 && h->side[SERVER].app_records == 0 && h->malformed[CLIENT] == NULL);
    handshake_check_kex(h);
    CU_ASSERT_EQUAL(h->kex.verified, SIG_GOOD);
    char id[48];
    handshake_community_id(h, id);
    CU_ASSERT_EQUAL(strncmp(id, "1:", 2), 0);
    CU_ASSERT_EQUAL(strlen(id), 30);
    handshake_free(h);

    h = play("tls10-split", 0, UINT64_MAX);
    CU_ASSERT(h->record_split);
    handshake_free(h);

    h = play("renegotiation", 0, UINT64_MAX);
    CU_ASSERT_EQUAL(h->renegotiations, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h->again);
    CU_ASSERT_EQUAL(h->again->outcome, OUTCOME_ESTABLISHED);
    handshake_free(h);

    h = play("client-cert-missing", 0, UINT64_MAX);
    CU_ASSERT(knows(h, KNOW_CERT_REQUEST | KNOW_CLIENT_CERT) && h->client_cert_count == 0 && h->cert_request.sigalgs.n > 0);
    handshake_free(h);

    h = play("tls13-retry", 0, UINT64_MAX);
    CU_ASSERT(h->retry.group == 0x0018 && h->hello2.key_shares.n == 1 && h->hello2.key_shares.v[0] == 0x0018);
    handshake_free(h);

    h = play("from-server", 0, UINT64_MAX);
    CU_ASSERT(h->ends[CLIENT].port == 443 && h->close.by == CLIENT);
    handshake_free(h);

    h = play("hello-cut", 0, UINT64_MAX);
    CU_ASSERT(knows(h, KNOW_CLIENT_HELLO_PART) && !knows(h, KNOW_CLIENT_HELLO) && h->hello.sni.n == 0 && h->hello.suites.n == 2);
    handshake_free(h);

    h = play("tiny-records", 0, UINT64_MAX);
    CU_ASSERT(h->hello.records == 14 || h->hello.records == 15);
    CU_ASSERT_EQUAL(h->hello.segments, 1);
    handshake_free(h);

    h = play("plain-http", 0, UINT64_MAX);
    CU_ASSERT_PTR_NOT_NULL_FATAL(h->plain[SERVER].protocol);
    CU_ASSERT_STRING_EQUAL(h->plain[SERVER].protocol, "http");
    handshake_free(h);

    for (size_t piece = 1; piece < 5; piece++) { /* "H", "TTP/1..." */
        h = play("plain-http", piece, UINT64_MAX);
        CU_ASSERT(h->plain[SERVER].protocol != NULL && strcmp(h->plain[SERVER].protocol, "http") == 0);
        CU_ASSERT(h->plain[SERVER].start.n > 9);
        handshake_free(h);
        h = play("http-to-tls", piece, UINT64_MAX);
        CU_ASSERT(h->plain[CLIENT].protocol != NULL && strcmp(h->plain[CLIENT].protocol, "http") == 0);
        handshake_free(h);
    }

    h = play("early-close", 0, UINT64_MAX);
    CU_ASSERT(h->message_count == 2 && !h->messages[0].late && h->messages[1].late);
    handshake_free(h);

    h = play("starttls", 0, UINT64_MAX);
    CU_ASSERT(h->prelude.kind == PRELUDE_STARTTLS && h->prelude.accepted);
    handshake_free(h);
}

int main(void)
{
    certs = cert_store_new();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("observe", NULL, NULL);
    CU_add_test(s, "whole connections", whole);
    CU_add_test(s, "cut into small segments", in_pieces);
    CU_add_test(s, "packed and unpacked", packed);
    CU_add_test(s, "capture cut after every byte", cut_anywhere);
    CU_add_test(s, "details", details);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    cert_store_free(certs);
    return failed != 0;
}
