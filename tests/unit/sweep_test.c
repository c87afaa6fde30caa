/* The planner of sweeps against servers that are tables: what it finds, whose order, and what that costs. */
#include "tlswhy/sweep_plan.h"

#include <CUnit/Basic.h>
#include <stdlib.h>
#include <string.h>

enum { SIM_SUITES = 96, SLOTS = 64 };

/* A server: its versions, the suites of each in its order, and its manners. */
struct sim {
    uint16_t low, high;
    uint32_t old[SIM_SUITES], new[8];  /* TLS 1.2 and older, TLS 1.3; 0 ends them */
    bool     own_order;                /* else the first of the hello */
    enum answer_kind no_version, no_suite;
    uint8_t  version_alert;
    size_t   longest;                  /* longer lists are refused; 0 = none */
    uint32_t trap;                     /* takes this suite, and then hangs up */
    size_t   crowd;                    /* hangs up on more connections than this at a time, before the hello; 0 = none */
    uint16_t groups[8], sigalgs[8];
    uint16_t curve;                    /* of its ECDSA certificate: up to TLS 1.2 groups without it are refused */
};

static const struct sim nginx = {
    .low = 0x0303, .high = 0x0304, .own_order = true, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT, .version_alert = 70,
    .old = { 0xc030, 0xcca8, 0xc061, 0xc02f, 0xc060, 0xc028, 0xc077, 0xc027, 0xc076, 0xc014, 0xc013, 0x009d, 0xc0a1, 0xc09d, 0xc051, 0x009c, 0xc0a0,
             0xc09c, 0xc050, 0x003d, 0x00c0, 0x003c, 0x00ba, 0x0035, 0x0084, 0x002f, 0x0041 },
    .new = { 0x1302, 0x1303, 0x1301 }, .groups = { 0x001d, 0x0017 }, .sigalgs = { 0x0804, 0x0401 }
};
static const struct sim short_first = { /* 128 bits before 256, static RSA before ECDHE: none of the orders that are guessed */
    .low = 0x0301, .high = 0x0303, .own_order = true, .no_version = ANSWER_CLOSE, .no_suite = ANSWER_CLOSE,
    .old = { 0x002f, 0xc013, 0x0035, 0xc014, 0x009c, 0xc02f, 0x000a, 0x0005, 0xc030, 0x009d, 0x003c, 0xc027 }, .groups = { 0x0017 }, .sigalgs = { 0x0401 }
};
static const struct sim client_decides = {
    .low = 0x0301, .high = 0x0304, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT, .version_alert = 80,
    .old = { 0x002f, 0x0033, 0x0035, 0x0039, 0x003c, 0x003d, 0x0067, 0x006b, 0x009c, 0x009d, 0x009e, 0x009f, 0xc013, 0xc014, 0xc027, 0xc028, 0xc02f, 0xc030,
             0xcca8, 0xccaa }, .new = { 0x1301, 0x1302, 0x1303 }, .groups = { 0x001d }, .sigalgs = { 0x0804 }
};
static const struct sim tls10_only = {
    .low = 0x0301, .high = 0x0301, .own_order = true, .no_version = ANSWER_HELLO, .no_suite = ANSWER_ALERT, .old = { 0x0004, 0x0005, 0x000a, 0x0009, 0x0003 }
};
static const struct sim no_dh_parameters = { /* picks DHE, and hangs up */
    .low = 0x0303, .high = 0x0303, .own_order = true, .no_version = ANSWER_CLOSE, .no_suite = ANSWER_CLOSE, .trap = 0x009f,
    .old = { 0xc030, 0xc02f, 0x009f, 0xc014, 0x009d, 0x002f }, .groups = { 0x0017 }, .sigalgs = { 0x0401 }
};
static const struct sim short_lists = {
    .low = 0x0303, .high = 0x0303, .own_order = true, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT, .version_alert = 70, .longest = 128,
    .old = { 0xc030, 0xcca8, 0x009d, 0x0041, 0x008c }, .groups = { 0x0017 }, .sigalgs = { 0x0401 }
};
static const struct sim shy = { /* two visitors at a time */
    .low = 0x0303, .high = 0x0303, .own_order = true, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT, .version_alert = 70, .crowd = 2,
    .old = { 0xc030, 0xc02f, 0x009d, 0x009c, 0x003d, 0x003c, 0x0035, 0x002f }, .groups = { 0x0017 }, .sigalgs = { 0x0401 }
};
static const struct sim psk_only = {
    .low = 0x0303, .high = 0x0303, .own_order = true, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT, .version_alert = 70,
    .old = { 0x00a9, 0x008d, 0x008c }
};
static const struct sim silent = { .low = 0x0305, .high = 0x0305, .no_version = ANSWER_SILENCE, .no_suite = ANSWER_SILENCE };

static bool lists(struct u32s list, uint32_t v)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == v)
            return true;
    return false;
}

/* AEAD and SHA-2 suites came with TLS 1.2. */
static bool fits(uint32_t id, uint16_t version)
{
    const char *name = suite_of(id)->name;
    return version >= 0x0303 || (!suite_of(id)->aead && strstr(name, "SHA256") == NULL && strstr(name, "SHA384") == NULL);
}

static uint32_t pick(const struct sim *m, const uint32_t *mine, struct u32s list, uint16_t version)
{
    for (size_t i = 0; m->own_order && mine[i] != 0; i++)
        if (fits(mine[i], version) && lists(list, mine[i]))
            return mine[i];
    for (size_t i = 0; !m->own_order && i < list.n; i++)
        for (size_t k = 0; mine[k] != 0; k++)
            if (mine[k] == list.v[i] && fits(mine[k], version))
                return mine[k];
    return 0;
}

static uint16_t first_of(const uint16_t *mine, struct u32s list)
{
    for (size_t i = 0; mine[i] != 0; i++)
        if (lists(list, mine[i]))
            return mine[i];
    return 0;
}

static struct sweep_answer answer_of(const struct sim *m, const struct sweep_ask *ask, size_t visitors)
{
    struct sweep_answer a = { .kind = ANSWER_HELLO, .version = ask->version };
    if (m->crowd != 0 && visitors > m->crowd)
        return (struct sweep_answer){ .kind = ANSWER_UNSENT };
    if (ask->version < m->low || ask->version > m->high) {
        a.kind = ask->version < m->low && m->no_version == ANSWER_HELLO ? ANSWER_ALERT : m->no_version;
        a.alert = m->version_alert;
        a.version = m->high;
        return a;
    }
    if (ask->topic == TOPIC_GROUPS && m->curve != 0 && ask->version < 0x0304 && !lists(ask->list, m->curve))
        return (struct sweep_answer){ .kind = ANSWER_ALERT, .alert = 40 };
    a.group = ask->topic == TOPIC_GROUPS ? first_of(m->groups, ask->list) : 0;
    a.sigalg = ask->topic == TOPIC_SIGALGS ? first_of(m->sigalgs, ask->list) : 0;
    a.suite = ask->topic <= TOPIC_REVERSED ? pick(m, ask->version == 0x0304 ? m->new : m->old, ask->list, ask->version) : 0;
    if (ask->topic == TOPIC_CHECK || a.group != 0 || a.sigalg != 0)
        return a;
    if (m->longest != 0 && ask->list.n > m->longest)
        return (struct sweep_answer){ .kind = ANSWER_ALERT, .alert = 40 };
    if (a.suite != 0 && a.suite == m->trap)
        return (struct sweep_answer){ .kind = ANSWER_CLOSE };
    if (a.suite == 0)
        return (struct sweep_answer){ .kind = m->no_suite, .alert = 40 };
    return a;
}

struct cost {
    unsigned connections, rounds, suite_rounds;
};

/* All questions of a round are asked together, and answered from the last to the first. */
static struct sweep_facts *swept(const struct sim *m, size_t at_once, struct cost *cost)
{
    struct sweep       *s = sweep_new(at_once);
    struct sweep_ask    asks[SLOTS];
    struct sweep_facts *out = malloc(sizeof *out);
    size_t              n, most = 0;
    *cost = (struct cost){ 0 };
    while ((n = sweep_next(s, asks, at_once)) > 0 && cost->rounds < 5000) {
        cost->suite_rounds += !sweep_suites_over(s);
        cost->rounds++;
        most = n > most ? n : most;
        for (size_t i = n; i-- > 0;) {
            struct sweep_answer a = answer_of(m, &asks[i], n);
            sweep_took(s, &asks[i], &a);
        }
    }
    CU_ASSERT_TRUE(most <= at_once);
    *out = *sweep_facts(s);
    cost->connections = out->suite_connections;
    sweep_free(s);
    return out;
}

static bool equal(const struct sweep_list *list, const uint32_t *want, bool in_order)
{
    size_t n = 0;
    for (; want[n] != 0; n++)
        if (n >= list->n || (in_order ? list->v[n] != want[n] : !lists((struct u32s){ list->v, list->n }, want[n])))
            return false;
    return n == list->n;
}

static const struct {
    const char       *name;
    const struct sim *server;
    size_t            at_once;
    unsigned          connections, rounds; /* at most, for versions and suites */
} t[] = {
    { "nginx", &nginx, 8, 60, 9 },
    { "nginx, one at a time", &nginx, 1, 40, 40 },
    { "nginx, many at once", &nginx, 32, 70, 9 },
    { "an order of its own kind", &short_first, 8, 130, 40 },
    { "an order of its own kind, one at a time", &short_first, 1, 80, 80 },
    { "the client decides", &client_decides, 8, 120, 20 },
    { "the client decides, one at a time", &client_decides, 1, 100, 100 },
    { "TLS 1.0 only", &tls10_only, 8, 30, 12 },
    { "hangs up at DHE", &no_dh_parameters, 8, 60, 20 },
    { "takes short lists only", &short_lists, 8, 60, 20 },
    { "two visitors at a time", &shy, 8, 60, 60 },
    { "PSK only", &psk_only, 8, 30, 20 },
    { "says nothing", &silent, 8, 6, 2 },
};

static void finds_all_that_is_accepted(void)
{
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct sim   *m = t[i].server;
        struct cost         cost;
        struct sweep_facts *f = swept(m, t[i].at_once, &cost);
        for (size_t v = 0; v < SWEEP_VERSIONS; v++) {
            const struct sweep_version *have = &f->version[v];
            bool                        spoken = have->version >= m->low && have->version <= m->high;
            uint32_t                    want[SIM_SUITES];
            size_t                      n = 0;
            for (size_t k = 0; m->old[k] != 0; k++)
                if (m->old[k] != m->trap && fits(m->old[k], have->version))
                    want[n++] = m->old[k];
            want[n] = 0;
            bool ok = have->accepted == spoken && (!spoken || equal(&have->suites, have->version == 0x0304 ? m->new : want, m->own_order));
            ok = ok && (!spoken || have->suites.preference == (m->own_order ? PREFERENCE_SERVER : PREFERENCE_CLIENT)) && !have->unsure;
            if (!ok)
                fprintf(stderr, "%s: version %04x: accepted %d, %zu suites, preference %s, unsure %d\n", t[i].name, have->version, have->accepted,
                        have->suites.n, preference_name(have->suites.preference), have->unsure);
            CU_ASSERT_TRUE(ok);
        }
        if (cost.connections > t[i].connections || cost.suite_rounds > t[i].rounds || getenv("SHOW_COST") != NULL)
            fprintf(stderr, "%s: %u connections, %u rounds\n", t[i].name, cost.connections, cost.suite_rounds);
        CU_ASSERT_TRUE(cost.connections <= t[i].connections);
        CU_ASSERT_TRUE(cost.suite_rounds <= t[i].rounds);
        free(f);
    }
}

static void tells_how_versions_are_refused(void)
{
    struct cost         cost;
    struct sweep_facts *f = swept(&tls10_only, 8, &cost);
    char                buf[NAME_MAX_LEN];
    CU_ASSERT_STRING_EQUAL(sweep_answer_text(&f->version[4].refusal, buf), "ServerHello TLS 1.0");
    CU_ASSERT_STRING_EQUAL(sweep_answer_text(&f->version[1].refusal, buf), "alert 0");
    free(f);
    f = swept(&silent, 8, &cost);
    CU_ASSERT_STRING_EQUAL(sweep_answer_text(&f->version[5].refusal, buf), "timeout");
    free(f);
}

static void finds_groups_and_signature_algorithms(void)
{
    struct cost         cost;
    struct sweep_facts *f = swept(&nginx, 8, &cost);
    for (size_t v = 4; v < SWEEP_VERSIONS; v++) {
        CU_ASSERT_EQUAL(f->version[v].groups.n, 2);
        CU_ASSERT_EQUAL(f->version[v].sigalgs.n, 2);
        CU_ASSERT_TRUE(f->version[v].groups.preference == PREFERENCE_SERVER && f->version[v].groups.v[0] == 0x001d);
    }
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++)
        CU_ASSERT_TRUE(!sweep_check_tolerance(c) || sweep_tolerated(f, c));
    free(f);
}

/* Up to TLS 1.2 an ECDSA certificate's curve must be in the list: what a server likes less than that nobody gets. */
static void groups_beside_a_curve(void)
{
    static const struct sim own = { .low = 0x0303, .high = 0x0304, .own_order = true, .no_version = ANSWER_ALERT, .no_suite = ANSWER_ALERT,
                                    .version_alert = 70, .old = { 0xc02b, 0xc00a }, .new = { 0x1301 }, .groups = { 0x001d, 0x0017, 0x0018, 0x0019 },
                                    .sigalgs = { 0x0403 }, .curve = 0x0017 };
    static const uint16_t got[] = { 0x001d, 0x0017 };
    struct cost           cost;
    struct sweep_facts   *f = swept(&own, 8, &cost);
    CU_ASSERT_EQUAL(f->version[5].groups.n, 4);
    CU_ASSERT_EQUAL(f->version[4].groups.n, ARRAY_LEN(got));
    for (size_t i = 0; i < ARRAY_LEN(got); i++)
        CU_ASSERT_EQUAL(f->version[4].groups.v[i], got[i]);
    CU_ASSERT_FALSE(f->version[4].groups.unsure);
    CU_ASSERT_EQUAL(f->version[4].groups.preference, PREFERENCE_SERVER);
    free(f);
}

/* Whatever is answered, the questions end: servers that answer by chance, and such that pick what was not offered. */
static void ends_whatever_is_answered(void)
{
    enum { SEEDS = 300, ENOUGH = 6000 };
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        struct sweep    *s = sweep_new(seed % 2 == 0 ? 8 : 1 + seed % 40);
        struct sweep_ask asks[SLOTS];
        size_t           n, all = 0;
        unsigned         at = seed;
        while ((n = sweep_next(s, asks, SLOTS)) > 0 && all < ENOUGH) {
            all += n;
            for (size_t i = 0; i < n; i++) {
                at = at * 1103515245u + 12345u;
                unsigned            r = at >> 16;
                struct sweep_answer a = { .kind = r % 16 > 9 - seed % 8 ? ANSWER_HELLO : (enum answer_kind)(2 + r % 7), .alert = (uint8_t)(r >> 3) };
                uint32_t            v = asks[i].list.n > 0 ? asks[i].list.v[(r >> 4) % asks[i].list.n] : 0;
                a.version = r % 29 == 0 ? 0x0302 : asks[i].version;
                a.suite = r % 31 == 0 ? r : v;
                a.group = a.sigalg = (uint16_t)a.suite;
                sweep_took(s, &asks[i], &a);
            }
        }
        CU_ASSERT_TRUE(all < ENOUGH);
        CU_ASSERT_TRUE(sweep_suites_over(s));
        for (size_t v = 0; v < SWEEP_VERSIONS; v++)
            CU_ASSERT_TRUE(sweep_facts(s)->version[v].suites.n <= SWEEP_LIST);
        sweep_free(s);
    }
}

/* What a version alone is asked about, and what the hello must look like. */
static void hellos_fit_their_questions(void)
{
    struct sweep    *s = sweep_new(8);
    struct sweep_ask asks[8];
    struct arena     a = { 0 };
    struct hello_keys keys = { 0 };
    size_t           n = sweep_next(s, asks, 8);
    CU_ASSERT_EQUAL(n, SWEEP_VERSIONS);
    for (size_t i = 0; i < n; i++) {
        struct hello_spec spec = sweep_spec(s, &asks[i], (struct bytes){ (const uint8_t *)"www.example", 11 }, &a);
        CU_ASSERT_TRUE(hello_draw(&spec, false, &keys));
        CU_ASSERT_TRUE(hello_message(&spec, &keys, &a).n > 40);
        CU_ASSERT_EQUAL(spec.shape.v2_format, asks[i].version == 0x0002);
        CU_ASSERT_EQUAL(spec.shape.versions.v != NULL, asks[i].version == 0x0304);
        CU_ASSERT_EQUAL(spec.shape.sigalgs.v != NULL, asks[i].version >= 0x0303);
        CU_ASSERT_TRUE(asks[i].version == 0x0002 || spec.shape.suites.v == asks[i].list.v);
        CU_ASSERT_TRUE(sweep_ask_hello_only(&asks[i]));
        CU_ASSERT_FALSE(sweep_ask_client_certificate(&asks[i]));
    }
    struct sweep_ask large = { .topic = TOPIC_CHECK, .version = 0x0303, .check = CHECK_LARGE, .list = asks[1].list };
    struct hello_spec spec = sweep_spec(s, &large, (struct bytes){ 0 }, &a);
    CU_ASSERT_EQUAL(hello_message(&spec, &keys, &a).n, 4096);
    large.check = CHECK_BYTES_256;
    spec = sweep_spec(s, &large, (struct bytes){ 0 }, &a);
    size_t bytes = hello_message(&spec, &keys, &a).n;
    CU_ASSERT_TRUE(bytes >= 256 && bytes < 512);
    large.check = CHECK_RECORDS;
    spec = sweep_spec(s, &large, (struct bytes){ 0 }, &a);
    struct bytes message = hello_message(&spec, &keys, &a), records = hello_records(&spec, message, &a);
    CU_ASSERT_TRUE(records.n > message.n + 5);
    arena_free(&a);
    sweep_free(s);
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 1;
    CU_pSuite suite = CU_add_suite("sweep", NULL, NULL);
    CU_add_test(suite, "finds all that is accepted, in few connections", finds_all_that_is_accepted);
    CU_add_test(suite, "tells how versions are refused", tells_how_versions_are_refused);
    CU_add_test(suite, "finds groups and signature algorithms", finds_groups_and_signature_algorithms);
    CU_add_test(suite, "finds groups beside a certificate's curve", groups_beside_a_curve);
    CU_add_test(suite, "ends, whatever is answered", ends_whatever_is_answered);
    CU_add_test(suite, "hellos fit their questions", hellos_fit_their_questions);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
