/* probe_trial.c - all attempts at one target: the first hello, and others with one thing changed until the cause is proven. */
#include "probe_parts.h"

#include <stdio.h>
#include <string.h>

static struct bytes name_asked(const struct probe_options *o, const struct target *t)
{
    if (o->sni != NULL)
        return (struct bytes){ (const uint8_t *)o->sni, strlen(o->sni) };
    return (struct bytes){ (const uint8_t *)t->host, strlen(t->host) };
}

struct hello_spec spec_of(const struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct hello_spec spec = o->custom;
    spec.shape = o->shape;
    if (!o->no_sni && (o->sni != NULL || !t->target.is_ip))
        spec.sni = name_asked(o, &t->target);
    return spec;
}

/* Is the hello one of a current client? Then a server that refuses it is the one behind. */
static bool is_modern(const struct probe_options *o) { return o->as == NULL && !o->shaped && o->raw.p == NULL; }

static struct bytes bytes_of(const char *s) { return (struct bytes){ (const uint8_t *)s, s != NULL ? strlen(s) : 0 }; }

/* What a reader of the recording cannot see in the packets. */
static void mark_asked(const struct trial *t, const struct handshake *h)
{
    const struct probed *p = h->probed;
    struct mark m = { .kind = MARK_ASKED, .ends = { h->ends[CLIENT], h->ends[SERVER] }, .target = bytes_of(p->target), .typed = bytes_of(p->typed),
                      .as = bytes_of(p->as), .starttls = bytes_of(p->starttls), .changed = bytes_of(p->changed), .name = name_asked(t->run->o, &t->target),
                      .attempt = (uint16_t)p->attempt, .modern = is_modern(t->run->o) };
    if (t->run->recording != NULL)
        recording_mark(t->run->recording, &m);
}

void finish_attempt(struct trial *t, struct handshake *h, const struct client_match *client, const char *as, const char *changed)
{
    const struct probe_options *o = t->run->o;
    struct probed *facts = ARENA_NEW(&h->arena, struct probed);
    *facts = (struct probed){ .target = t->target.text, .typed = t->typed, .as = as, .changed = changed,
                              .starttls = t->target.starttls != NULL ? dialog_name(t->target.starttls) : NULL, .attempt = (unsigned)t->n + 1 };
    uint16_t scheme;
    facts->own_certificate = o->own != NULL;
    facts->unopened = t->through ? 0 : (unsigned)t->address;
    facts->untried = t->through || t->address_n == 0 ? 0 : (unsigned)(t->address_n - t->address - 1);
    facts->kept_back = o->own != NULL && knows(h, KNOW_CERT_REQUEST) && !identity_scheme(o->own, handshake_version(h), &h->cert_request, &scheme);
    h->probed = facts;
    h->client = client;
    mark_asked(t, h);
    if (h->timed_out && h->error_at.ns > h->end_ns)
        h->capture_left = h->error_at.ns - h->end_ns;
    if (knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    const struct judging j = { .store = t->age->store, .anchors = t->age->anchors_there ? &t->age->anchors : NULL, .at_given = o->at_given,
                               .at_ns = o->at_ns, .client_named = client != NULL };
    judge_chain(&j, h, name_asked(o, &t->target), false);
    peers_add(t->peers, h);
    if (t->n == t->cap) {
        t->cap = t->cap != 0 ? 2 * t->cap : 4;
        t->made = mem_grow(t->made, t->cap, sizeof *t->made);
    }
    t->made[t->n++] = h;
}

/* The first hello with one thing changed. */
static struct hello_spec changed(const struct hello_spec *first, enum change change, struct arena *a)
{
    struct hello_spec s = *first;
    struct profile   *p = &s.shape;
    uint16_t          newest = 0x0304;
    enum { SCSV_RENEGOTIATION = 0x00ff }; /* RFC 5746 section 3.3 */
    switch (change) {
    case CHANGE_VERSIONS: hello_set_versions(p, 0x0300, newest, a); break;
    case CHANGE_SUITES: hello_all_suites(p, a); break;
    case CHANGE_SIGALGS: hello_all_sigalgs(p, a); break;
    case CHANGE_GROUPS: hello_all_groups(p, a); break;
    case CHANGE_FORMAT: hello_as_tls(p); break;
    case CHANGE_RENEGO: hello_add_suite(p, SCSV_RENEGOTIATION, a); break;
    case CHANGE_SIGNED:
        hello_all_suites(p, a);
        hello_drop_kex(p, KEX_RSA, a);
        break;
    case CHANGE_NO_ALPN: hello_drop_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a); break;
    case CHANGE_NO_SNI: s.sni = (struct bytes){ 0 }; break;
    case CHANGE_SMALL: hello_drop_group(p, GROUP_X25519MLKEM768, a); break;
    case CHANGE_NO_TLS13: hello_set_versions(p, 0x0300, 0x0303, a); break;
    case CHANGE_BARE: hello_bare(p, a); break;
    case CHANGE_ALL_OF_12:
        hello_all_suites(p, a);
        hello_set_versions(p, 0x0300, 0x0303, a);
        break;
    case CHANGE_WIDE:
    case CHANGE_OLDEST:
    case CHANGE_SAME_VERSIONS:
        hello_all_groups(p, a);
        hello_drop_group(p, GROUP_X25519MLKEM768, a); /* a server that prefers it would hide its certificate from us */
        hello_all_sigalgs(p, a);
        hello_all_suites(p, a);
        hello_drop_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a);
        if (change != CHANGE_SAME_VERSIONS)
            hello_set_versions(p, 0x0300, change == CHANGE_WIDE ? newest : 0x0301, a);
        break;
    default: break;
    }
    return s;
}

/* As JSON every attempt is told, the one that answers the question last. */
static void tell_attempts(struct trial *t, const struct handshake *but)
{
    struct run *run = t->run;
    for (size_t i = 0; i < t->n && run->o->renderer == &json_renderer && !run->o->nagios; i++) {
        struct finding f = { 0 };
        if (t->made[i] == but)
            continue;
        why_explain(t->made[i], t->peers, &t->made[i]->arena, &f);
        run->o->renderer->handshake(&run->out, &run->o->report, t->made[i], &f);
    }
}

void count_cause(struct summary *s, const char *code)
{
    for (size_t i = 0; i < s->causes_n; i++) {
        if (s->causes[i].code == code) { /* codes are rows of one table */
            s->causes[i].n++;
            return;
        }
    }
    if (s->causes_n < ARRAY_LEN(s->causes))
        s->causes[s->causes_n++] = (struct cause_count){ .code = code, .n = 1 };
}

static void sum_up(struct run *run, const struct handshake *h, const struct finding *f)
{
    struct summary *s = &run->sum;
    enum result     r = finding_result(h, f);
    s->handshakes++;
    s->completed += r == RESULT_SUCCESS;
    s->failed += finding_counts(h, f);
    s->unknown += r != RESULT_SUCCESS && !finding_counts(h, f);
    if (r != RESULT_SUCCESS)
        count_cause(s, cause_of(f->cause)->code);
    run->failed = run->failed || finding_counts(h, f);
}

struct handshake *trial_verdict(struct trial *t, struct finding *f)
{
    struct handshake       *h = t->made[t->tried[0].h->probed->attempt - 1];
    const struct handshake *faulty = NULL;
    if (!plan_explain(t->tried, t->tried_n, is_modern(t->run->o), t->peers, &h->arena, f))
        why_explain(h, t->peers, &h->arena, f);
    if (t->split_n != 0)
        faulty = split_explain(t->split, t->split_n, t->peers, &t->arena, f);
    return faulty != NULL ? t->made[faulty->probed->attempt - 1] : h;
}

static void answer(struct trial *t)
{
    struct finding    f = { 0 };
    struct handshake *h = trial_verdict(t, &f);
    struct run       *run = t->run;
    struct probed    *final = ARENA_NEW(&h->arena, struct probed);
    *final = *h->probed;
    final->final = true;
    final->direct = t->direct_trouble;
    h->probed = final;
    struct view       through = { h, f }, direct = { t->direct, { 0 } };
    struct comparison both;
    if (t->direct != NULL) {
        why_explain(t->direct, t->peers, &t->direct->arena, &direct.f);
        compare_ways(&through, &direct, &h->arena, &both);
        f = both.f;
    }
    tell_attempts(t, h);
    sum_up(run, h, &f);
    run->expected = run->expected && run->o->expect != NULL && strcmp(run->o->expect, f.cause) == 0;
    if (!run->o->nagios && run->o->renderer->handshake != NULL)
        run->o->renderer->handshake(&run->out, &run->o->report, h, &f);
    if (run->page != NULL)
        html_handshake(run->page, h, &f);
    if (t->direct != NULL && !run->o->nagios)
        (run->o->renderer == &json_renderer ? compare_json : compare_ways_text)(&run->out, &run->o->report, &both);
    if (run->monitor != NULL)
        monitor_take(run->monitor, t, h, &f);
}

/* ------------------------------------------------------------------------------------ questions and answers */

/* What may still be waited for in vain: --timeout, and a second for all that is asked after it. */
static int64_t patience_left(const struct trial *t) { return t->run->o->timeout_ns + NS_PER_S - t->vain_ns; }

/* The first question has all the time. Where that was not answered in time, those after it are not waited for much longer than an answer
 * takes. */
static int64_t time_for(const struct trial *t)
{
    enum { LEAST_MS = 250, ROUNDS = 8 };
    int64_t left = patience_left(t), all = t->run->o->timeout_ns, least = LEAST_MS * (NS_PER_S / 1000);
    int64_t enough = ROUNDS * t->rtt_ns > least ? ROUNDS * t->rtt_ns : least;
    left = left < least ? least : left;
    if (t->vain_ns != 0 && t->tried_n != 0 && !t->through && enough < left)
        left = enough;
    return left < all ? left : all;
}

/* Where there are more addresses, one that does not open must leave them time. */
static int64_t time_to_open(const struct trial *t)
{
    int64_t left = t->run->o->timeout_ns - t->vain_ns;
    return t->tried_n == 0 && t->address + 1 < t->address_n && left > 1 ? left / 2 : 0;
}

static void count_vain(struct trial *t, const struct handshake *h)
{
    if (h->timed_out && h->error_at.ns > h->tcp.syn.ns)
        t->vain_ns += h->error_at.ns - h->tcp.syn.ns;
    if (h->tcp.syn_ack.frame != 0)
        t->rtt_ns = h->tcp.syn_ack.ns - h->tcp.syn.ns;
}

struct probe_ask trial_question(const struct trial *t, const struct hello_spec *spec)
{
    const struct probe_options *o = t->run->o;
    return (struct probe_ask){ .to = t->addresses[t->address], .spec = *spec, .raw = o->raw, .timeout_ns = time_for(t), .open_ns = time_to_open(t),
                               .starttls = t->target.starttls, .host = t->target.host, .service = o->sni, .port = t->target.port, .way = t->through ? &t->way : NULL,
                               .own = o->own, .prove_key = !t->run->many, .request = t->request,
                               .segment = o->segment, .segment_pause_ns = o->segment_pause_ns };
}

static void finish_own(struct trial *t, struct handshake *h, const char *words)
{
    const struct probe_options *o = t->run->o;
    count_vain(t, h);
    finish_attempt(t, h, o->as != NULL ? &o->client : NULL, o->raw.p != NULL ? o->hello_file : o->as != NULL ? o->client.profiles[0]->id : "tlswhy",
                   words);
}

size_t ask_again(struct trial *t, const struct hello_spec *spec, struct tried tried[CHANGE_COUNT], size_t n)
{
    enum change change;
    while (n < CHANGE_COUNT && t->n < ATTEMPTS_MAX && patience_left(t) > 0 && (change = plan_next(tried, n)) != CHANGE_NONE) {
        struct hello_spec again = changed(spec, change == CHANGE_CONFIRM ? plan_confirmed(tried, n) : change, &t->arena);
        struct probe_ask  ask = trial_question(t, &again);
        struct handshake *h = NULL;
        ask.count = &t->count;
        probe_all(t->run->prober, &ask, 1, 1, &h);
        finish_own(t, h, change_words(change));
        tried[n++] = (struct tried){ h, change };
    }
    return n;
}

void trial_ask(struct trial *t, const struct probe_ask *ask, const char *words)
{
    t->ask = *ask;
    t->ask.count = &t->count;
    t->ask.ctx = t;
    t->words = words;
    probe_start(t->run->prober, &t->ask);
}

static void ask(struct trial *t, const struct hello_spec *spec, enum change change, const char *words)
{
    struct probe_ask asked = trial_question(t, spec);
    t->change = change;
    trial_ask(t, &asked, words);
}

/* What is sent inside, for --record-split. */
static struct bytes request_of(struct trial *t)
{
    struct bytes name = name_asked(t->run->o, &t->target);
    const char  *text = arena_printf(&t->arena, "GET / HTTP/1.0\r\nHost: %.*s\r\n\r\n", (int)name.n, (const char *)name.p);
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

void trial_begin(struct trial *t)
{
    t->first = spec_of(t);
    t->request = t->run->o->record_split ? request_of(t) : t->request;
    ask(t, &t->first, CHANGE_NONE, NULL);
}

/* The schemes that were tried, in the words of the verdict. */
static void tell_logins(const struct trial *t, struct handshake *h)
{
    struct way *way = ARENA_NEW(&h->arena, struct way);
    *way = *h->way;
    for (int auth = PROXY_AUTHS - 1; auth > PROXY_AUTH_NONE; auth--) {
        if ((t->logins & 1u << auth) != 0 && auth != (int)t->way.auth)
            way->login = arena_printf(&h->arena, "%s, %s", proxy_auth_name((enum proxy_auth)auth), way->login);
    }
    h->way = way;
}

/* A proxy that wants a login is asked with each scheme that it offers, until one is let through. */
static bool log_on(struct trial *t, struct handshake *h)
{
    enum proxy_auth auth = t->through ? proxy_next_auth(&t->run->o->proxy, h, &t->logins) : PROXY_AUTH_NONE;
    if (auth == PROXY_AUTH_NONE) {
        if (t->through && t->logins != 0 && !h->prelude.accepted)
            tell_logins(t, h);
        return false;
    }
    t->way.auth = auth;
    struct hello_spec same = t->ask.spec;
    ask(t, &same, t->change, arena_printf(&t->arena, "logging on at the proxy with %s", proxy_auth_name(auth)));
    return true;
}

/* Another of the host's addresses where this one does not open. */
static bool try_next_address(struct trial *t, const struct handshake *h)
{
    if (h->outcome != OUTCOME_NOT_OPENED || knows(h, KNOW_OPEN) || t->address + 1 >= t->address_n || t->n >= ATTEMPTS_MAX / 8)
        return false;
    t->address++;
    ask(t, &t->first, CHANGE_NONE, NULL);
    return true;
}

/* A bad moment of the server's that is over now, or another server that takes turns with it. */
static void forget_bad_moment(struct trial *t)
{
    const struct handshake *good = plan_bad_moment(t->tried, t->tried_n);
    if (good == NULL)
        return;
    struct handshake *h = t->made[good->probed->attempt - 1];
    attempt_unsteady(h);
    t->tried[0].h = h;
    t->tried_n = 1;
}

/* The server picked the hybrid: a hello without it reads the certificate. */
static bool ask_classical(struct trial *t)
{
    if (t->tried_n != 1 || !picked_hybrid(t->tried[0].h))
        return false;
    hello_drop_group(&t->first.shape, GROUP_X25519MLKEM768, &t->arena);
    t->classical = true;
    ask(t, &t->first, CHANGE_NONE, "without X25519MLKEM768");
    return true;
}

static bool ask_next(struct trial *t)
{
    enum change change = t->tried_n < CHANGE_COUNT && t->n < ATTEMPTS_MAX && patience_left(t) > 0 ? plan_next(t->tried, t->tried_n) : CHANGE_NONE;
    if (change == CHANGE_NONE)
        return false;
    struct hello_spec again = changed(&t->first, change == CHANGE_CONFIRM ? plan_confirmed(t->tried, t->tried_n) : change, &t->arena);
    ask(t, &again, change, change_words(change));
    return true;
}

bool trial_settle(struct trial *t)
{
    if (ask_further(t))
        return false;
    answer(t);
    return true;
}

bool trial_take(struct trial *t, const struct probe_done *done)
{
    struct handshake *h = done->h;
    if (done->crowded) { /* once more, when nobody else of ours is there */
        handshake_free(h);
        t->ask.rest_ns = NS_PER_S;
        probe_start(t->run->prober, &t->ask);
        return false;
    }
    finish_own(t, h, t->words);
    if (take_further(t, h))
        return (t->phase != ASKING_DIRECTLY || t->direct_done) && trial_settle(t);
    if (log_on(t, h))
        return false;
    if (t->split_n != 0)
        return !ask_split(t, h) && trial_settle(t);
    if (t->classical && plan_refused(h)) { /* the hybrid is all it takes: current clients get in, and the certificate stays unseen */
        attempt_hybrid_only(t->made[t->tried[0].h->probed->attempt - 1]);
    } else if (t->classical) {
        t->tried[0].h = h;
    } else if (t->tried_n == 0 && try_next_address(t, h)) {
        return false;
    } else {
        t->tried[t->tried_n++] = (struct tried){ h, t->change };
        if (t->run->o->raw.p == NULL && (ask_classical(t) || ask_next(t)))
            return false;
    }
    forget_bad_moment(t);
    if (t->run->o->record_split && ask_split(t, t->made[t->tried[0].h->probed->attempt - 1]))
        return false;
    return t->run->o->sweep || trial_settle(t); /* a sweep has more to ask first */
}
