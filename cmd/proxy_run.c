/* proxy_run.c - a whole check: the lab, the login, the questions some at a time, and what is told at the end. */
#include "proxy_run.h"

#include "tlswhy/resolve.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LATE_MS = 400 };

volatile bool check_ended;
static void on_signal(int number)
{
    (void)number;
    check_ended = true;
}

struct asking {
    enum proxy_question q;
    bool                direct, again;
    struct probe_ask    ask;
};
/* All that a name leads to, and the one in use. */
struct addresses {
    struct address *list; /* NULL: not found */
    size_t          n, at;
};
struct check {
    const struct check_options *o;
    struct arena         arena;
    struct lab_origins   lab;
    struct proxy_facts   facts;
    struct cert_store   *store;
    struct anchors       anchors;
    bool                 anchors_there;
    struct prober       *prober;
    struct resolver     *resolver;
    struct addresses     proxy, target;
    struct tunnel_way    way;           /* with the login in use */
    struct asking        asks[3 * ASK_COUNT];
    size_t               n, done;
    struct handshake    *made[4 * ASK_COUNT];
    size_t               made_n;
    bool                 line;
};

/* ------------------------------------------------------------------------------------ progress */

static void show_progress(struct check *k, const char *words)
{
    if (k->o->report.verbose)
        fprintf(stderr, "%zu of %zu: %s\n", k->done, k->n, words);
    else if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%zu of %zu: %s\033[K", k->done, k->n, words);
    k->line = !k->o->report.verbose && isatty(STDERR_FILENO);
}

static void wipe_progress(struct check *k)
{
    if (k->line)
        fputs("\r\033[K", stderr);
    k->line = false;
}

/* ------------------------------------------------------------------------------------ names */

struct looked_up {
    struct addresses *out;
    struct err    err;
    bool          over;
};

static void resolved(void *ctx, struct address *list, size_t n, const struct err *err)
{
    struct looked_up *l = ctx;
    l->over = true;
    *l->out = (struct addresses){ .list = list, .n = n };
    if (err != NULL)
        l->err = *err;
}

static bool look_up(struct check *k, const char *host, uint16_t port, struct addresses *out)
{
    struct looked_up l = { .out = out };
    resolve(k->resolver, host, port, AF_UNSPEC, k->o->timeout_ns, resolved, &l);
    while (!l.over && !check_ended)
        loop_step(prober_loop(k->prober), loop_now() + NS_PER_S / 10);
    if (out->n == 0 && !check_ended)
        trouble("%s", l.err.text[0] != '\0' ? l.err.text : "the name was not found");
    return out->n != 0;
}

/* ------------------------------------------------------------------------------------ asking */

static const char *origin_host(const struct check *k)
{
    return k->facts.target != NULL ? k->o->target.host : k->o->name_n != 0 ? k->o->names[0] : k->o->listen;
}

static uint16_t origin_port(const struct check *k, enum proxy_question q) { return k->facts.target != NULL ? k->o->target.port : k->lab.port[q]; }

/* The relay takes over what is meant for the same port of the origin. */
static struct address at_port(struct address a, uint16_t port)
{
    uint16_t net = (uint16_t)(port << 8 | port >> 8);
    if (a.to.ss_family == AF_INET6)
        ((struct sockaddr_in6 *)&a.to)->sin6_port = net;
    else
        ((struct sockaddr_in *)&a.to)->sin_port = net;
    return a;
}

static void prepare(struct check *k, enum proxy_question q, bool direct)
{
    if (k->n == ARRAY_LEN(k->asks))
        return;
    struct asking     *one = &k->asks[k->n];
    struct proxy_fact *f = &k->facts.ask[q];
    *one = (struct asking){ .q = q, .direct = direct };
    if (k->facts.target != NULL && !question_fits_target(q))
        f->skip = "a server of the lab's is needed (leave TARGET out)";
    else if (k->facts.target == NULL && k->lab.cannot[q] != NULL)
        f->skip = k->lab.cannot[q];
    else if (question_put(q, origin_host(k), k->o->timeout_ns, &one->ask, &k->arena, &f->skip))
        k->n++;
    one->ask.port = origin_port(k, q);
    one->ask.way = direct || k->o->relay[0] != '\0' ? NULL : &k->way;
    const struct addresses *place = direct ? &k->target : &k->proxy;
    one->ask.to = k->o->relay[0] != '\0' && !direct ? at_port(place->list[place->at], one->ask.port) : place->list[place->at];
}

static void take(struct check *k, const struct probe_done *done)
{
    struct asking *one = done->ask->ctx;
    k->done++;
    if (done->crowded && !one->again && !done->h->timed_out) { /* asked again alone, for it may have minded the number */
        one->again = true;
        one->ask.rest_ns = 1;
        k->done--;
        handshake_free(done->h);
        probe_start(k->prober, &one->ask);
        return;
    }
    struct handshake *h = done->h;
    if (k->made_n == ARRAY_LEN(k->made)) {
        handshake_free(h);
        return;
    }
    k->made[k->made_n++] = h;
    const char           *name = one->ask.inside ? one->ask.name : (const char *)one->ask.spec.sni.p;
    const struct judging  j = { .store = k->store, .anchors = k->anchors_there ? &k->anchors : NULL };
    judge_chain(&j, h, (struct bytes){ (const uint8_t *)name, name == NULL ? 0 : one->ask.inside ? strlen(name) : one->ask.spec.sni.n }, false);
    if (one->direct)
        k->facts.ask[one->q].direct = h;
    else
        k->facts.ask[one->q].h = h;
    show_progress(k, question_words(one->q));
}

/* Those from `next` on. */
static void ask_prepared(struct check *k, size_t next, size_t at_once)
{
    struct probe_done done;
    while ((next < k->n || probe_open(k->prober) != 0) && !check_ended) {
        while (next < k->n && probe_open(k->prober) < at_once) {
            k->asks[next].ask.ctx = &k->asks[next];
            probe_start(k->prober, &k->asks[next].ask);
            next++;
        }
        probe_step(k->prober, loop_now() + NS_PER_S / 20);
        while (probe_collect(k->prober, &done))
            take(k, &done);
        while (lab_take(&k->lab, 0, &k->arena))
            continue;
    }
}

/* What arrived is told when its connection ends, which may be after ours has. */
static void wait_for_sights(struct check *k)
{
    int64_t until = loop_now() + LATE_MS * (NS_PER_S / 1000), now;
    while (k->lab.serve != NULL && (now = loop_now()) < until && !check_ended)
        if (lab_take(&k->lab, until - now, &k->arena))
            until = loop_now() + LATE_MS * (NS_PER_S / 1000);
}

/* Nobody was there: the next address of the name is asked. */
static bool try_next(struct addresses *p, const struct handshake *h)
{
    bool nobody = h != NULL && h->outcome == OUTCOME_NOT_OPENED && (h->refused || h->unreachable || h->timed_out) && (h->way == NULL || h->way->trouble == WAY_FINE);
    if (!nobody || p->at + 1 >= p->n)
        return false;
    p->at++;
    return true;
}

static void ask_one(struct check *k, enum proxy_question q, bool direct)
{
    size_t first = k->n;
    prepare(k, q, direct);
    ask_prepared(k, first, 1);
}

static void ask_good(struct check *k)
{
    do
        ask_one(k, ASK_GOOD, false);
    while (!check_ended && try_next(&k->proxy, k->facts.ask[ASK_GOOD].h));
    if (k->target.n == 0 || k->facts.ask[ASK_GOOD].direct != NULL)
        return;
    do
        ask_one(k, ASK_GOOD, true);
    while (!check_ended && try_next(&k->target, k->facts.ask[ASK_GOOD].direct));
}

/* ------------------------------------------------------------------------------------ the login */

static bool wants_login(const struct handshake *h) { return h != NULL && (h->prelude.status == 407 || h->prelude.auth_failed); }

/* Each scheme that is offered, alone; what works first is used from then on. */
static void log_on(struct check *k)
{
    const struct proxy_options *o = &k->o->proxy;
    struct handshake           *first = k->made[k->made_n - 1];
    enum proxy_auth             auth, good = PROXY_AUTH_NONE;
    unsigned                    tried = 0;
    k->facts.login_given = true;
    if (!proxy_is_http(o->way.kind)) {
        k->way = o->way; /* SOCKS has one way */
        ask_good(k);
        k->facts.logins[k->facts.login_n++] = (struct proxy_login){ "user and password", !wants_login(k->facts.ask[ASK_GOOD].h) };
        return;
    }
    const struct handshake *best = k->facts.ask[ASK_GOOD].h;
    while (!check_ended && k->facts.login_n < PROXY_SCHEMES_MAX && (auth = proxy_next_auth(o, first, &tried)) != PROXY_AUTH_NONE) {
        k->way = o->way;
        k->way.auth = auth;
        ask_good(k);
        const struct handshake *h = k->facts.ask[ASK_GOOD].h;
        bool worked = !wants_login(h) && h->way != NULL && h->way->trouble == WAY_FINE;
        k->facts.logins[k->facts.login_n++] = (struct proxy_login){ proxy_auth_name(auth), worked };
        if (worked && good == PROXY_AUTH_NONE) {
            good = auth;
            best = h;
        }
    }
    k->facts.ask[ASK_GOOD].h = best;
    k->way = o->way;
    k->way.auth = good;
}

/* ------------------------------------------------------------------------------------ the run */

static bool opens(const struct handshake *h)
{
    return h != NULL && h->outcome != OUTCOME_NOT_OPENED && !h->prelude.refused && (h->way == NULL || h->way->trouble == WAY_FINE);
}

/* Nothing came back, and nothing of ours arrived: hellos of other kinds say whether anything ever does. */
static bool comes_through(struct check *k)
{
    static const enum proxy_question others[] = { ASK_TLS13, ASK_LARGE };
    const struct proxy_fact *good = &k->facts.ask[ASK_GOOD];
    if (good->h->tls_seen[SERVER] || k->lab.arrived[ASK_GOOD])
        return true;
    size_t first = k->n;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        prepare(k, others[i], false);
        if (k->target.n != 0)
            prepare(k, others[i], true);
    }
    ask_prepared(k, first, AT_ONCE);
    wait_for_sights(k);
    bool any = false;
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        any = any || k->lab.arrived[others[i]] || (k->facts.ask[others[i]].h != NULL && k->facts.ask[others[i]].h->tls_seen[SERVER]);
    return any;
}

static void ask_everything(struct check *k)
{
    const struct proxy_options *o = &k->o->proxy;
    k->way = o->way;
    k->way.auth = o->auth_given ? o->auth : PROXY_AUTH_NONE;
    if (!o->auth_given)
        k->way.has_user = k->way.has_password = false; /* first without: is a login wanted at all? */
    ask_good(k);
    if (wants_login(k->facts.ask[ASK_GOOD].h) && o->way.has_user && !o->auth_given)
        log_on(k);
    else if (o->auth_given && o->auth != PROXY_AUTH_NONE && k->facts.ask[ASK_GOOD].h != NULL)
        k->facts.logins[k->facts.login_n++] = (struct proxy_login){ proxy_auth_name(o->auth), !wants_login(k->facts.ask[ASK_GOOD].h) };
    wait_for_sights(k);
    if (!opens(k->facts.ask[ASK_GOOD].h) || !comes_through(k))
        return;
    size_t first = k->n;
    bool   mute = !k->facts.ask[ASK_GOOD].h->tls_seen[SERVER]; /* what waits for whole connections would wait in vain */
    for (int q = ASK_GOOD + 1; q < ASK_COUNT; q++) {
        if (mute && q < ASK_TLS13)
            k->facts.ask[q].skip = "no answer came from a sound origin either";
        if (k->facts.ask[q].h != NULL || k->facts.ask[q].skip != NULL)
            continue;
        prepare(k, (enum proxy_question)q, false);
        if (k->target.n != 0 && k->facts.ask[q].skip == NULL)
            prepare(k, (enum proxy_question)q, true);
    }
    ask_prepared(k, first, AT_ONCE);
    wait_for_sights(k);
}

static void gather(struct check *k)
{
    for (int q = 0; q < ASK_COUNT && k->facts.target == NULL; q++)
        if (k->facts.ask[q].h != NULL)
            lab_tell(&k->lab, (enum proxy_question)q, &k->facts.ask[q]);
    k->facts.status_fetches = k->lab.status_fetches;
}

static int tell(struct check *k, const struct pac *pac)
{
    struct proxy_check result;
    struct text        out = { 0 };
    struct err         err = { 0 };
    k->facts.interrupted = check_ended;
    proxy_judge(&k->facts, &k->arena, &result);
    wipe_progress(k);
    if (k->o->json)
        proxy_json(&out, &result, pac);
    else
        proxy_text(&out, &k->o->report, &result, pac);
    out_flush(&out);
    int status = proxy_failed(&result) ? EXIT_FOUND : EXIT_NONE_FOUND;
    if (k->o->html != NULL) {
        proxy_html(&out, &result, pac);
        if (!save_text(k->o->html, &out, &err))
            status = trouble("--html: %s", err.text);
    }
    text_free(&out);
    return status;
}

/* Everything that is needed before the first question. False: trouble was said. */
static bool get_ready(struct check *k)
{
    const struct check_options *o = k->o;
    struct err                  err = { 0 };
    if (k->facts.target == NULL && !lab_open(&k->lab, o)) /* first: its process is to have nothing of ours */
        return false;
    k->store = cert_store_new();
    k->anchors_there = o->ca != NULL && anchors_load(o->ca, k->store, &k->anchors, &err);
    if (o->ca != NULL && !k->anchors_there)
        return trouble("--ca: %s", err.text) == EXIT_NONE_FOUND;
    k->prober = prober_new(k->store);
    k->resolver = k->prober != NULL ? resolver_new(prober_loop(k->prober), &err) : NULL;
    if (k->resolver == NULL)
        return trouble("%s", k->prober != NULL ? err.text : strerror(errno)) == EXIT_NONE_FOUND;
    const char *host = o->relay[0] != '\0' ? o->relay : o->proxy.way.host;
    if (!look_up(k, host, o->relay[0] != '\0' ? 0 : o->proxy.way.port, &k->proxy))
        return check_ended;
    if (k->facts.target != NULL)
        look_up(k, o->target.host, o->target.port, &k->target);
    return true;
}

int check_run(const struct check_options *o)
{
    struct check    *k = mem_get(1, sizeof *k);
    struct pac       pac = { 0 };
    uint8_t         *body = NULL;
    struct sigaction act = { .sa_handler = on_signal };
    int              status = EXIT_TROUBLE;
    *k = (struct check){ .o = o };
    k->facts = (struct proxy_facts){ .url = o->relay[0] != '\0' ? arena_printf(&k->arena, "tcp://%s", o->relay) : o->proxy.way.shown,
                                     .target = o->target.text[0] != '\0' ? o->target.text : NULL, .clear = o->proxy.way.kind == PROXY_HTTP,
                                     .relay = o->relay[0] != '\0', .ca_given = o->ca != NULL };
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (o->pac != NULL && !pac_open(o, &pac, &body))
        goto done;
    if (!get_ready(k))
        goto done;
    ask_everything(k);
    gather(k);
    if (!check_ended)
        fetch_as_windows(o, &k->lab, &k->facts, &k->arena);
    status = tell(k, body != NULL ? &pac : NULL);
done:
    wipe_progress(k);
    free(k->proxy.list);
    free(k->target.list);
    resolver_free(k->resolver);
    prober_free(k->prober);
    for (size_t i = 0; i < k->made_n; i++)
        handshake_free(k->made[i]);
    if (k->anchors_there)
        anchors_free(&k->anchors);
    cert_store_free(k->store);
    lab_close(&k->lab);
    tunnel_way_wipe(&k->way);
    arena_free(&k->arena);
    free(body);
    free(k);
    return status;
}
