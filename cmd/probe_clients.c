/* probe_clients.c - every client that is known against one server: who gets in, with what, and who does not and why. */
#include "probe_parts.h"

#include <string.h>

static void client_row(struct run *run, const struct profile *p, const struct handshake *h, const struct finding *f)
{
    char version[NAME_MAX_LEN], suite[NAME_MAX_LEN];
    bool in = finding_result(h, f) == RESULT_SUCCESS;
    text_printf(&run->out, "%-24s ", p->id);
    if (in)
        text_printf(&run->out, "%-8s %s%s%s%s\n", version_name(handshake_version(h), version), suite_name(h->answer.suite, suite),
                    f->because != NULL ? " (" : "", f->because != NULL ? f->because : "", f->because != NULL ? ")" : "");
    else
        text_printf(&run->out, "%-8s %s, %s%s%s\n", "-", f->cause, sure_name(f->sure), f->side != BLAME_NONE ? ", " : "",
                    f->side != BLAME_NONE ? blame_name(f->side) : "");
}

static void client_object(struct run *run, const struct profile *p, const struct handshake *h, const struct finding *f)
{
    struct json j = { .out = &run->out };
    char        buf[NAME_MAX_LEN];
    bool        in = finding_result(h, f) == RESULT_SUCCESS;
    json_open(&j, NULL, '{');
    json_str(&j, "type", "client");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "target", h->probed->target);
    json_str(&j, "profile", p->id);
    json_bool(&j, "accepted", in);
    if (knows(h, KNOW_SERVER_HELLO)) {
        json_str(&j, "version", version_name(handshake_version(h), buf));
        json_str(&j, "cipher", suite_name(h->answer.suite, buf));
    }
    json_open(&j, "event", '{');
    json_str(&j, "outcome", in ? "success" : "failure");
    json_str(&j, "code", f->cause);
    json_str(&j, "reason", f->why);
    json_close(&j, '}');
    json_str(&j, "certainty", sure_name(f->sure));
    if (f->side != BLAME_NONE)
        json_str(&j, "side", blame_name(f->side));
    json_close(&j, '}');
    text_char(&run->out, '\n');
}

/* What the others got explains most refusals; where that leaves doubt, this client is asked about by itself. */
static void explain_client(struct trial *t, const struct hello_spec *spec, struct handshake *h, struct finding *f)
{
    struct tried tried[CHANGE_COUNT] = { { h, CHANGE_NONE } };
    why_explain(h, t->peers, &h->arena, f);
    if (f->sure == CERTAIN || t->n + CHANGE_COUNT > ATTEMPTS_MAX)
        return;
    size_t n = ask_again(t, spec, tried, 1);
    if (n > 1 && !plan_explain(tried, n, false, t->peers, &h->arena, f))
        why_explain(h, t->peers, &h->arena, f);
}

/* A server that is silent to as many as are asked at once is not waited for as long again, each time. */
static void ask_all(struct trial *t, struct probe_ask *asks, size_t n, struct handshake **h)
{
    const struct probe_options *o = t->run->o;
    size_t                      some = o->jobs < n ? o->jobs : n;
    bool                        silent = true;
    probe_all(t->run->prober, asks, some, o->jobs, h);
    for (size_t i = 0; i < some; i++)
        silent = silent && h[i]->timed_out && h[i]->tcp.bytes[SERVER] == 0;
    if (silent)
        t->vain_ns = o->timeout_ns;
    for (size_t i = some; i < n && silent; i++)
        asks[i].timeout_ns = o->timeout_ns < NS_PER_S ? o->timeout_ns : NS_PER_S;
    probe_all(t->run->prober, asks + some, n - some, o->jobs, h + some);
}

void ask_as_all(struct trial *t)
{
    const struct probe_options *o = t->run->o;
    struct handshake   *h[ATTEMPTS_MAX] = { 0 };
    struct probe_ask   *asks = ARENA_NEW_N(&t->arena, ATTEMPTS_MAX, struct probe_ask);
    struct client_match *clients = ARENA_NEW_N(&t->arena, ATTEMPTS_MAX, struct client_match);
    size_t              n = 0, in = 0;
    for (; n < ATTEMPTS_MAX && profile_at(n) != NULL; n++) {
        clients[n] = client_match_of(profile_at(n));
        asks[n] = (struct probe_ask){ .to = t->addresses[0], .spec = spec_of(t), .timeout_ns = o->timeout_ns,
                                      .starttls = t->target.starttls, .host = t->target.host, .port = t->target.port, .count = &t->count,
                                      .way = t->through ? &t->way : NULL };
        asks[n].spec.shape = *profile_at(n);
    }
    ask_all(t, asks, n, h);
    for (size_t i = 0; i < n; i++)
        finish_attempt(t, h[i], &clients[i], profile_at(i)->id, NULL);
    if (o->renderer == &text_renderer)
        text_printf(&t->run->out, "%s\n", t->target.text);
    for (size_t i = 0; i < n; i++) {
        struct finding f = { 0 };
        explain_client(t, &asks[i].spec, h[i], &f);
        (o->renderer == &json_renderer ? client_object : client_row)(t->run, profile_at(i), h[i], &f);
        in += finding_result(h[i], &f) == RESULT_SUCCESS;
    }
    if (o->renderer == &text_renderer)
        text_printf(&t->run->out, "%zu of %zu clients get in. tlswhy probe --as CLIENT %s explains one.\n", in, n, t->target.text);
    run_flush(t->run);
}
