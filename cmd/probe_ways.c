/* probe_ways.c - what is asked beside the question itself where there is a proxy: the same directly (--direct), and one HTTP
 * request inside a handshake that may be the proxy's own. */
#include "probe_parts.h"

#include <string.h>

/* What is asked of the server itself. */
static void ask_server(struct trial *t, const char *words)
{
    struct probe_ask ask = trial_question(t, &t->first);
    ask.to = t->direct_addresses[t->direct_address];
    ask.way = NULL;
    trial_ask(t, &ask, words);
}

bool ask_directly(struct trial *t, struct address *list, size_t n)
{
    t->direct_addresses = list;
    t->direct_n = n;
    if (n == 0)
        return false;
    ask_server(t, "without the proxy");
    return true;
}

/* Public authorities leave marks of transparency in what they make, those of proxies do not. */
static bool maybe_intercepted(const struct trial *t, const struct handshake *h)
{
    const struct cert *leaf = h->certs[0];
    return t->direct != NULL && t->direct->cert_count != 0 ? ways_relation(h, t->direct) == RELATION_TERMINATED : leaf->sct_count == 0;
}

/* Only of what speaks TLS from its first byte can be thought that it speaks HTTP. */
static bool wants_inside(const struct trial *t, const struct handshake *h)
{
    return h->cert_count != 0 && (h->outcome == OUTCOME_STOPPED || h->outcome == OUTCOME_ESTABLISHED) && !h->timed_out && t->target.starttls == NULL &&
           t->run->o->raw.p == NULL && maybe_intercepted(t, h);
}

bool ask_further(struct trial *t)
{
    if (!t->through || t->phase == ASKED)
        return false;
    if (t->phase == ASKING && t->run->o->proxy.direct) {
        t->phase = ASKING_DIRECTLY;
        t->vain_ns = 0; /* each way has its time */
        run_look_up(t); /* may go on to the end at once */
        return true;
    }
    bool inside = t->phase != ASKING_INSIDE && wants_inside(t, t->tried[0].h);
    t->phase = inside ? ASKING_INSIDE : ASKED;
    if (!inside)
        return false;
    struct probe_ask ask = trial_question(t, &t->first);
    ask.inside = true;
    ask.name = t->run->o->sni != NULL ? t->run->o->sni : t->target.host;
    trial_ask(t, &ask, "an HTTP request inside");
    return true;
}

static void take_direct(struct trial *t, struct handshake *h)
{
    bool next = h->outcome == OUTCOME_NOT_OPENED && t->direct_address + 1 < t->direct_n;
    t->direct = h;
    t->direct_address += next;
    if (next) {
        ask_server(t, "without the proxy");
    } else if (picked_hybrid(h) && !t->direct_classical) {
        t->direct_classical = true;
        hello_drop_group(&t->first.shape, GROUP_X25519MLKEM768, &t->arena);
        ask_server(t, "without the proxy, and without X25519MLKEM768");
    } else {
        t->direct_done = true;
    }
}

bool take_further(struct trial *t, struct handshake *h)
{
    if (t->phase == ASKING_DIRECTLY) {
        take_direct(t, h);
        return true;
    }
    if (t->phase != ASKING_INSIDE)
        return false;
    struct handshake *asked = t->made[t->tried[0].h->probed->attempt - 1];
    struct inside    *told = ARENA_NEW(&asked->arena, struct inside);
    if (h->inside != NULL)
        *told = *h->inside;
    else
        told->trouble = "the connection for it did not open";
    told->intercepted = t->direct != NULL && ways_relation(asked, t->direct) == RELATION_TERMINATED;
    asked->inside = told;
    h->inside = NULL; /* told once */
    return true;
}
