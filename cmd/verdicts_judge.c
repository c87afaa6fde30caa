/* verdicts_judge.c - what a rule needs beside what was observed: who the client is, what name it asked, whether the chain holds. */
#include "verdicts_parts.h"

#include "judge.h"

const struct anchors *verdict_anchors(struct verdicts *v)
{
    struct err ignored = { 0 }; /* a system without a bundle: chains are judged without anchors */
    if (!v->anchors_tried)
        v->anchors_there = anchors_load(NULL, v->store, &v->anchors, &ignored);
    v->anchors_tried = true;
    return v->anchors_there ? &v->anchors : NULL;
}

/* Where the client was this program, they are the client's. */
static const struct anchors *probes_anchors(struct verdicts *v)
{
    const struct anchors *there = verdict_anchors(v);
    if (there == NULL)
        return NULL;
    v->probes = *there;
    v->probes.clients_own = true;
    return &v->probes;
}

/* One slot a hash, the latest wins; what it replaces stays in the arena, so a handshake may keep pointing to it. */
static const struct client_match *client_of(struct verdicts *v, struct handshake *h)
{
    enum { KEPT = 1 << 20 };
    struct peer_fact fact;
    if (v->o.client != NULL)
        return v->o.client;
    if (v->asking != NULL)
        return h->client; /* what the probe asked as; our own hello is no client's */
    peer_fact_of(h, &fact);
    struct match *m = &v->matches[fact.hello_hash % MATCHES];
    if (m->hello_hash == fact.hello_hash)
        return m->client;
    if (v->arena.used > KEPT)
        return profile_match(&h->hello, &h->arena);
    *m = (struct match){ fact.hello_hash, profile_match(&h->hello, &v->arena) };
    return m->client;
}

/* The name that the certificate is held against, and whether only DNS says it. An address asked of a proxy is none: the
 * client may have looked it up itself, and then checks a name that is not seen here. */
static struct bytes name_of(const struct verdicts *v, const struct handshake *h, bool *learnt)
{
    struct endpoint to = h->ends[SERVER];
    struct bytes    ip;
    *learnt = false;
    if (v->asking != NULL && v->asking->name.n != 0)
        return v->asking->name;
    if (h->hello.sni.p != NULL)
        return h->hello.sni;
    if (h->prelude.host.p != NULL) {
        if (!ip_from_text((const char *)h->prelude.host.p, h->prelude.host.n, &ip, to.ip))
            return h->prelude.host;
        to.ip_len = (uint8_t)ip.n;
    }
    *learnt = true;
    return hosts_find_only(v->hosts, &to);
}

/* Can the server's signature over its key exchange be why this handshake failed? Checking one costs more than all the rest
 * of a handshake (ECDSA: 2 ms), so it is not done where the client says what it minds about the certificate. Some say
 * bad_certificate or certificate_unknown of a wrong signature, too. */
static bool key_in_doubt(const struct handshake *h)
{
    const struct alert *a = last_fatal_alert(h, CLIENT);
    if (!knows(h, KNOW_SERVER_KEX) || h->outcome == OUTCOME_ESTABLISHED)
        return false;
    if (a == NULL || a->encrypted || a->number == ALERT_BAD_CERTIFICATE || a->number == ALERT_CERTIFICATE_UNKNOWN)
        return h->chain == NULL || h->chain->verdict != CHAIN_FAIL;
    return !(a->number >= ALERT_BAD_CERTIFICATE && a->number <= ALERT_CERTIFICATE_UNKNOWN) && a->number != ALERT_UNKNOWN_CA &&
           a->number != ALERT_PROTOCOL_VERSION;
}

void verdicts_judge(struct verdicts *v, struct handshake *h)
{
    v->asking = asked_about(v->asked, h);
    if (knows(h, KNOW_CLIENT_HELLO))
        h->client = client_of(v, h);
    if (h->hello.sni.p == NULL && h->prelude.host.p == NULL)
        h->dns_name = hosts_find(v->hosts, &h->ends[SERVER]);
    if (v->asking != NULL && knows(h, KNOW_SERVER_KEX))
        handshake_check_kex(h);
    if (h->cert_count == 0)
        return;
    const struct judging j = { .store = v->store, .anchors = v->asking != NULL ? probes_anchors(v) : verdict_anchors(v), .at_given = v->o.at_given, .at_ns = v->o.at_ns,
                               .client_named = v->o.client != NULL || (v->asking != NULL && h->client != NULL) };
    bool         learnt;
    struct bytes name = name_of(v, h, &learnt);
    judge_chain(&j, h, name, learnt);
    if (v->asking == NULL && key_in_doubt(h))
        proven_check(&v->proven, h);
}
