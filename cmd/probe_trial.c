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
    struct hello_spec spec = { .shape = o->shape };
    if (!o->no_sni && (o->sni != NULL || !t->target->is_ip))
        spec.sni = name_asked(o, t->target);
    return spec;
}

void finish_attempt(struct trial *t, struct handshake *h, const struct client_match *client, const char *as, const char *changed)
{
    const struct probe_options *o = t->run->o;
    struct probed *facts = ARENA_NEW(&h->arena, struct probed);
    *facts = (struct probed){ .target = t->target->text, .as = as, .changed = changed,
                              .starttls = t->target->starttls != NULL ? dialog_name(t->target->starttls) : NULL, .attempt = (unsigned)t->n + 1 };
    h->probed = facts;
    h->client = client;
    if (h->timed_out && h->error_at.ns > h->end_ns)
        h->capture_left = h->error_at.ns - h->end_ns;
    if (knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    const struct judging j = { .store = t->run->store, .anchors = t->run->anchors_there ? &t->run->anchors : NULL, .at_given = o->at_given,
                               .at_ns = o->at_ns, .client_named = client != NULL };
    judge_chain(&j, h, name_asked(o, t->target), false);
    peers_add(t->peers, h);
    t->made[t->n++] = h;
}

static struct handshake *attempt(struct trial *t, const struct hello_spec *spec, const char *changed)
{
    const struct probe_options *o = t->run->o;
    struct probe_ask  ask = { .to = t->addresses[t->address], .spec = *spec, .raw = o->raw, .timeout_ns = o->timeout_ns,
                              .starttls = t->target->starttls, .host = t->target->host };
    struct handshake *h = NULL;
    probe_all(t->prober, &ask, 1, 1, &h);
    finish_attempt(t, h, o->as != NULL ? &o->client : NULL, o->raw.p != NULL ? o->hello_file : o->as != NULL ? o->client.profiles[0]->id : "tlswhy",
                   changed);
    return h;
}

/* The first of the host's addresses where the connection opens. */
static struct handshake *first_attempt(struct trial *t, const struct hello_spec *spec)
{
    struct handshake *h = NULL;
    for (t->address = 0; t->address < t->address_n && t->n < ATTEMPTS_MAX / 8; t->address++) {
        h = attempt(t, spec, NULL);
        if (h->outcome != OUTCOME_NOT_OPENED)
            return h;
    }
    t->address = t->address_n - 1;
    return h;
}

/* Did the server pick a key exchange whose keys we cannot compute, though a hello without it may do? */
static bool picked_hybrid(const struct handshake *h)
{
    uint16_t group = h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) ? h->retry.group : h->answer.group;
    return h->outcome == OUTCOME_STOPPED && h->cert_count == 0 && group == GROUP_X25519MLKEM768;
}

/* The first hello with one thing changed. */
static struct hello_spec changed(const struct hello_spec *first, enum change change, struct arena *a)
{
    struct hello_spec s = *first;
    struct profile   *p = &s.shape;
    uint16_t          newest = 0x0304;
    switch (change) {
    case CHANGE_VERSIONS: hello_set_versions(p, 0x0300, newest, a); break;
    case CHANGE_SUITES: hello_all_suites(p, a); break;
    case CHANGE_SIGALGS: hello_all_sigalgs(p, a); break;
    case CHANGE_GROUPS: hello_all_groups(p, a); break;
    case CHANGE_NO_ALPN: hello_drop_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a); break;
    case CHANGE_NO_SNI: s.sni = (struct bytes){ 0 }; break;
    case CHANGE_SMALL: hello_drop_group(p, GROUP_X25519MLKEM768, a); break;
    case CHANGE_NO_TLS13: hello_set_versions(p, 0x0300, 0x0303, a); break;
    case CHANGE_WIDE:
    case CHANGE_OLDEST:
    case CHANGE_SAME_VERSIONS:
        hello_all_groups(p, a);
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

size_t ask_again(struct trial *t, const struct hello_spec *spec, struct tried tried[CHANGE_COUNT], size_t n)
{
    enum change change;
    while (n < CHANGE_COUNT && t->n < ATTEMPTS_MAX && (change = plan_next(tried, n)) != CHANGE_NONE) {
        struct hello_spec again = changed(spec, change, &t->arena);
        tried[n++] = (struct tried){ attempt(t, &again, change_words(change)), change };
    }
    return n;
}

/* Is the hello one of a current client? Then a server that refuses it is the one behind. */
static bool is_modern(const struct probe_options *o) { return o->as == NULL && !o->shaped && o->raw.p == NULL; }

/* As JSON every attempt is told, the one that answers the question last. */
static void tell_attempts(struct trial *t, const struct handshake *but)
{
    struct run *run = t->run;
    for (size_t i = 0; i < t->n && run->o->renderer == &json_renderer; i++) {
        struct finding f = { 0 };
        if (t->made[i] == but)
            continue;
        why_explain(t->made[i], t->peers, &t->made[i]->arena, &f);
        run->o->renderer->handshake(&run->out, &run->o->report, t->made[i], &f);
    }
}

static void answer(struct trial *t, const struct tried *tried, size_t n)
{
    struct handshake *h = t->made[tried[0].h->probed->attempt - 1];
    struct run    *run = t->run;
    struct finding f = { 0 };
    struct probed *final = ARENA_NEW(&h->arena, struct probed);
    *final = *h->probed;
    final->final = true;
    h->probed = final;
    if (!plan_explain(tried, n, is_modern(run->o), t->peers, &h->arena, &f))
        why_explain(h, t->peers, &h->arena, &f);
    tell_attempts(t, h);
    run->failed = run->failed || finding_counts(h, &f);
    run->expected = run->expected && run->o->expect != NULL && strcmp(run->o->expect, f.cause) == 0;
    run->o->renderer->handshake(&run->out, &run->o->report, h, &f);
    out_flush(&run->out);
    fflush(stdout);
}

void ask_once(struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct hello_spec spec = spec_of(t);
    struct tried      tried[CHANGE_COUNT] = { { first_attempt(t, &spec), CHANGE_NONE } };
    size_t            n = 1;
    if (picked_hybrid(tried[0].h) && o->raw.p == NULL) { /* another hello reads the certificate; if that one fails, the group is why */
        hello_drop_group(&spec.shape, GROUP_X25519MLKEM768, &t->arena);
        tried[1] = (struct tried){ tried[0].h, CHANGE_GROUPS };
        tried[0].h = attempt(t, &spec, "without X25519MLKEM768");
        n = 2;
    } else if (o->raw.p == NULL) {
        n = ask_again(t, &spec, tried, n);
    }
    if (n > 1 && tried[n - 1].change == CHANGE_REPEAT && tried[n - 1].h->outcome == OUTCOME_STOPPED) { /* a bad moment, over now */
        tried[0].h = tried[n - 1].h;
        n = 1;
    }
    answer(t, tried, n);
}
