#include "judge.h"

#include "tlswhy/rootlist.h"
#include "tlswhy/text.h"

void judge_chain(const struct judging *j, struct handshake *h, struct bytes name, bool learnt)
{
    const struct suite *suite = suite_of(h->answer.suite);
    int64_t             ns = j->at_given ? j->at_ns : h->certs_at.ns != 0 ? h->certs_at.ns : h->start_ns;
    if (h->cert_count == 0)
        return;
    /* The place of a staple: before ServerHelloDone, or (TLS 1.3) in the Certificate message itself. */
    bool flight = h->hello_done.frame != 0 ||
                  (version_is_13(handshake_version(h)) && knows(h, KNOW_DECRYPTED | KNOW_CERTIFICATE));
    struct trust_question q = {
        .store = j->store, .certs = h->certs, .n = h->cert_count, .anchors = j->anchors,
        .time = ns / NS_PER_S - (ns % NS_PER_S < 0), .name = (const char *)name.p, .name_len = name.n, .staple = h->staple,
        .staple_due = h->hello.status_request && flight, .name_learnt = learnt,
        .kex = suite != NULL ? suite->kex : KEX_UNKNOWN,
    };
    struct chain *chain = ARENA_NEW(&h->arena, struct chain);
    trust_ask_as(&q, h->client, j->client_named, &h->arena);
    chain_judge(&q, &h->arena, chain);
    h->chain = chain;
}

void judge_lists(const struct judging *j, struct peers *p, struct arena *a)
{
    struct fetch *f;
    for (size_t i = 0; (f = peers_fetch_at(p, i)) != NULL; i++) {
        if (f->body.p == NULL || f->list != NULL)
            continue;
        const struct list_question q = { .anchors = j->anchors, .has_time = true, .time = (j->at_given ? j->at_ns : f->asked.ns) / NS_PER_S };
        struct rootlist *l = ARENA_NEW(a, struct rootlist);
        rootlist_read(fetch_name(f->kind), f->body, j->store, a, l);
        rootlist_judge(&q, j->store, a, l);
        f->list = l;
    }
}
