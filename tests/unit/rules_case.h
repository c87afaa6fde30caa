/* rules_case.h - handshakes made by hand for the tests of rules: a case is a list of steps, and the verdict is held
 * against the cause, the side and the certainty that must come out. */
#ifndef TLSWHY_RULES_CASE_H
#define TLSWHY_RULES_CASE_H

#include "sample.h"
#include "../needs.h"

enum { MAX_STEPS = 8 };
typedef void step(struct handshake *h, int arg);
struct rules_case {
    const char *name;
    struct {
        step *do_it;
        int   arg;
    } steps[MAX_STEPS];
    const char *cause;
    enum blame  side;
    enum sure   sure;
};

#define MS INT64_C(1000000)

static inline struct place now(struct handshake *h, int64_t ms)
{
    h->last.frame++;
    h->end_ns += ms * MS;
    h->last.ns = h->end_ns;
    return (struct place){ .frame = h->last.frame, .ns = h->end_ns };
}

/* Aligned for any list. */
static inline void *copy_of(struct handshake *h, const void *p, size_t n) { return memcpy(arena_get(&h->arena, n, _Alignof(uint64_t)), p, n); }
#define LIST16(h, ...) (struct u16s){ copy_of(h, (const uint16_t[]){ __VA_ARGS__ }, sizeof (const uint16_t[]){ __VA_ARGS__ }), \
                                      sizeof (const uint16_t[]){ __VA_ARGS__ } / sizeof(uint16_t) }
#define LIST32(h, ...) (struct u32s){ copy_of(h, (const uint32_t[]){ __VA_ARGS__ }, sizeof (const uint32_t[]){ __VA_ARGS__ }), \
                                      sizeof (const uint32_t[]){ __VA_ARGS__ } / sizeof(uint32_t) }

static inline void message(struct handshake *h, enum side from, unsigned type, struct place where)
{
    if (h->messages == NULL)
        h->messages = ARENA_NEW_N(&h->arena, 16, struct message);
    if (h->message_count < 16)
        h->messages[h->message_count++] = (struct message){ .where = where, .from = from, .type = (uint16_t)type, .late = h->close.how != CLOSE_NONE };
}

/* An opened connection, 2 ms of round trip, and a hello of `max` with what a client of that version offers. */
static inline void hello(struct handshake *h, int max)
{
    h->ends[CLIENT] = (struct endpoint){ { 10, 0, 0, 20 }, 4, 49213 };
    h->ends[SERVER] = (struct endpoint){ { 203, 0, 113, 7 }, 4, 443 };
    h->start_ns = h->end_ns = INT64_C(1706955072345678000);
    h->known = KNOW_OPEN | KNOW_CLIENT_HELLO | KNOW_BOTH_SIDES | KNOW_WHOLE_CLIENT | KNOW_WHOLE_SERVER;
    h->outcome = OUTCOME_NO_SERVER_HELLO;
    h->first = h->tcp.syn = now(h, 0);
    h->tcp.syn_seg = (struct segment){ .seen = true, .ttl = 64 };
    h->tcp.syn_ack = now(h, 2);
    h->tcp.syn_ack_seg = (struct segment){ .seen = true, .ttl = 52 };
    h->tcp.syns = h->tcp.syn_acks = 1;
    h->tls_seen[CLIENT] = true;
    struct client_hello *c = &h->hello;
    c->where = now(h, 1);
    c->where.len = 250;
    c->raw = bytes_of("\1", 1);
    c->version = (uint16_t)(max > 0x0303 ? 0x0303 : max);
    c->max_version = (uint16_t)max;
    c->sni = bytes_of("www.example", 11);
    c->records = c->segments = 1;
    c->has_extensions = c->renego_info = true;
    c->groups = LIST16(h, 29, 23, 24);
    c->suites = max > 0x0303 ? LIST32(h, 0x1301, 0x1302, 0xc02b, 0xc02f, 0xc030, 0x002f) : max == 0x0303 ? LIST32(h, 0xc02b, 0xc02f, 0xc030, 0x009c, 0x002f)
                                                                                                 : LIST32(h, 0xc014, 0xc013, 0x0035, 0x002f);
    if (max >= 0x0303)
        c->sigalgs = LIST16(h, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501);
    if (max == 0x0304) {
        c->versions = LIST16(h, 0x0304, 0x0303);
        c->min_version = 0x0303;
    }
    message(h, CLIENT, 1, c->where);
}

static inline void lowest(struct handshake *h, int min)
{
    h->hello.versions = min == 0x0304 ? LIST16(h, 0x0304) : min == h->hello.max_version ? LIST16(h, (uint16_t)min) : LIST16(h, h->hello.max_version, (uint16_t)min);
    h->hello.min_version = (uint16_t)min;
    if (min == 0x0304)
        h->hello.suites = LIST32(h, 0x1301, 0x1302, 0x1303);
}

static inline void answer(struct handshake *h, int version)
{
    h->known |= KNOW_SERVER_HELLO;
    h->tls_seen[SERVER] = true;
    h->outcome = OUTCOME_INCOMPLETE;
    h->answer = (struct server_hello){ .where = now(h, 2), .version = (uint16_t)(version > 0x0303 ? 0x0303 : version), .renego_info = true,
                                       .suite = version > 0x0303 ? 0x1301 : version == 0x0303 ? 0xc02f : 0x002f };
    h->answer.chosen_version = (uint16_t)version;
    h->side[SERVER].last_tls = h->answer.where;
    message(h, SERVER, 2, h->answer.where);
    h->side[SERVER].enc_records = version > 0x0303 ? 4 : 0;
}

/* A certificate for the name, signed with SHA-256, and a whole flight. */
static inline void flight(struct handshake *h, int hash)
{
    struct cert *leaf = ARENA_NEW(&h->arena, struct cert);
    leaf->sig_kind = SIG_RSA;
    leaf->sig_hash = (enum hash_id)hash;
    leaf->sig_oid = hash == HASH_SHA1 ? "1.2.840.113549.1.1.5" : "1.2.840.113549.1.1.11";
    leaf->key = CERT_KEY_RSA;
    leaf->key_bits = 2048;
    h->certs = ARENA_NEW(&h->arena, struct cert *);
    h->certs[0] = leaf;
    h->cert_count = 1;
    h->known |= KNOW_CERTIFICATE;
    h->certs_at = now(h, 0);
    message(h, SERVER, 11, h->certs_at);
    h->hello_done = now(h, 0);
    message(h, SERVER, 14, h->hello_done);
}

static inline void alert(struct handshake *h, enum side from, int number, bool encrypted)
{
    if (h->alerts == NULL)
        h->alerts = ARENA_NEW_N(&h->arena, 4, struct alert);
    struct place where = now(h, 1);
    h->tls_seen[from] = true;
    h->alerts[h->alert_count++] = (struct alert){ .where = where, .from = from, .level = encrypted ? 0 : number == 0 ? 1 : 2, .number = (uint8_t)number,
                                                  .encrypted = encrypted, .after_close = h->close.how != CLOSE_NONE };
    message(h, from, MSG_ALERT, where);
    if (h->outcome != OUTCOME_ESTABLISHED)
        h->outcome = from == CLIENT ? OUTCOME_ABORTED_BY_CLIENT : OUTCOME_ABORTED_BY_SERVER;
}
static inline void server_says(struct handshake *h, int number) { alert(h, SERVER, number, false); }
static inline void client_says(struct handshake *h, int number) { alert(h, CLIENT, number, false); }
static inline void client_hides(struct handshake *h, int unused) { alert(h, CLIENT, unused, true); }

static inline void ends(struct handshake *h, enum side by, enum close_how how, int ms)
{
    h->close = (struct closing){ .by = by, .how = how, .where = now(h, ms), .since_peer = ms * MS,
                                 .seg = { .seen = true, .ttl = by == CLIENT ? 64 : 52, .flags = how == CLOSE_FIN ? 0x11 : 0x14, .seq = 1 } };
    h->known |= KNOW_CLOSE;
    bool alerted = h->outcome == OUTCOME_ABORTED_BY_CLIENT || h->outcome == OUTCOME_ABORTED_BY_SERVER;
    if (h->outcome != OUTCOME_ESTABLISHED && h->outcome != OUTCOME_NOT_TLS && !alerted)
        h->outcome = how == CLOSE_FIN ? (by == CLIENT ? OUTCOME_ABORTED_BY_CLIENT : OUTCOME_ABORTED_BY_SERVER)
                                      : by == CLIENT ? OUTCOME_RESET_BY_CLIENT : OUTCOME_RESET_BY_SERVER;
}
static inline void server_closes(struct handshake *h, int ms) { ends(h, SERVER, CLOSE_FIN, ms); }
static inline void client_closes(struct handshake *h, int ms) { ends(h, CLIENT, CLOSE_FIN, ms); }
static inline void server_resets(struct handshake *h, int ms) { ends(h, SERVER, CLOSE_RST, ms); }
static inline void client_resets(struct handshake *h, int ms) { ends(h, CLIENT, CLOSE_RST, ms); }

/* The client's keys are on their way (to TLS 1.2). */
static inline void keys(struct handshake *h, int unused)
{
    (void)unused;
    message(h, CLIENT, 16, now(h, 1));
    h->side[CLIENT].ccs = true;
}

static inline void done(struct handshake *h, int unused)
{
    (void)unused;
    h->outcome = OUTCOME_ESTABLISHED;
}

/* What the judge says: one problem of that severity, with the client's own anchors. */
static inline void judged(struct handshake *h, const char *code, enum severity severity, bool own)
{
    struct anchors *anchors = ARENA_NEW(&h->arena, struct anchors);
    struct chain   *chain = ARENA_NEW(&h->arena, struct chain);
    anchors->clients_own = own;
    *chain = (struct chain){ .verdict = CHAIN_OK, .anchors = anchors, .time = h->start_ns / NS_PER_S };
    if (code != NULL) {
        chain->problems = ARENA_NEW(&h->arena, struct chain_problem);
        chain->problems[0] = (struct chain_problem){ .code = code, .severity = severity, .role = "leaf", .detail = "so it is" };
        chain->n = 1;
        chain->verdict = severity == SEV_ERROR ? CHAIN_FAIL : CHAIN_OK;
        chain->primary = severity == SEV_ERROR ? code : NULL;
    }
    h->chain = chain;
}

static inline struct handshake *made(const struct rules_case *c)
{
    struct handshake *h = mem_get(1, sizeof *h);
    h->stream = 1;
    for (size_t i = 0; i < MAX_STEPS && c->steps[i].do_it != NULL; i++)
        c->steps[i].do_it(h, c->steps[i].arg);
    return h;
}

static inline void expect(const struct rules_case *c, const struct handshake *h, const struct peers *others)
{
    struct arena   a = { 0 };
    struct finding f = { 0 };
    why_explain(h, others, &a, &f);
    CU_ASSERT_PTR_NULL(undue_rule(h, others, &a));
    printf("rule %s\n", f.rule); /* tests/cases.py sees to it that every rule is tested somewhere */
    bool right = strcmp(f.cause, c->cause) == 0 && f.side == c->side && f.sure == c->sure;
    if (!right)
        printf("\n  %s: %s (%s, %s), expected %s\n  %s\n", c->name, f.cause, f.side != BLAME_NONE ? blame_name(f.side) : "-", sure_name(f.sure), c->cause, f.why);
    CU_ASSERT_TRUE(right);
    bool cited = false;
    for (size_t i = 0; i < f.evidence_n; i++)
        cited = cited || f.evidence[i].frame == f.decisive;
    CU_ASSERT_TRUE(cited);
    CU_ASSERT_TRUE(f.fix_n != 0 && f.settle_n != 0);
    arena_free(&a);
}

static inline void expect_all(const struct rules_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct handshake *h = made(&cases[i]);
        expect(&cases[i], h, NULL);
        sample_free(h);
    }
}

#endif
