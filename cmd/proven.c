#include "proven.h"

enum { ENOUGH = 16, ENOUGH_ACCUSED = 256, CHECKS_MAX = 10000 };

static size_t place_of(const struct cert *leaf) { return (uintptr_t)leaf / _Alignof(max_align_t) * 2654435761u / PROVEN_KEYS % PROVEN_KEYS; }

/* Does an alert speak of a signature or a key? Then it is looked at longer. */
static bool accused(const struct handshake *h)
{
    const struct alert *a = last_fatal_alert(h, SIDE_ANY);
    return a != NULL && (a->number == ALERT_DECRYPT_ERROR || a->number == ALERT_BAD_RECORD_MAC);
}

bool proven_wants(const struct proven *p, const struct handshake *h)
{
    if (h->cert_count == 0 || p->checks >= CHECKS_MAX)
        return false;
    size_t at = place_of(h->certs[0]);
    return p->key[at].leaf != h->certs[0] || p->key[at].good < (accused(h) ? ENOUGH_ACCUSED : ENOUGH);
}

void proven_note(struct proven *p, const struct handshake *h)
{
    size_t at = place_of(h->certs[0]);
    p->checks += h->kex.verified != SIG_UNCHECKED;
    if (p->key[at].leaf != h->certs[0])
        p->key[at].good = 0;
    p->key[at].leaf = h->certs[0];
    p->key[at].good = h->kex.verified == SIG_GOOD ? p->key[at].good + 1 : 0;
}
