#include "proven.h"

enum { ENOUGH = 4, ENOUGH_ACCUSED = 64, CHECKS_MAX = 10000 };

static size_t place_of(const struct cert *leaf) { return (uintptr_t)leaf / _Alignof(max_align_t) * 2654435761u / PROVEN_KEYS % PROVEN_KEYS; }

/* Does an alert speak of a signature or a key? Then it is looked at longer. */
static bool accused(const struct handshake *h)
{
    const struct alert *a = last_fatal_alert(h, SIDE_ANY);
    return a != NULL && (a->number == ALERT_DECRYPT_ERROR || a->number == ALERT_BAD_RECORD_MAC);
}

void proven_check(struct proven *p, struct handshake *h)
{
    if (h->cert_count == 0)
        return;
    size_t at = place_of(h->certs[0]);
    bool   same = p->key[at].leaf == h->certs[0];
    if (p->checks >= CHECKS_MAX || (same && p->key[at].in_a_row >= (accused(h) ? ENOUGH_ACCUSED : ENOUGH))) {
        h->kex.as_before = same ? p->key[at].result : SIG_UNCHECKED;
        return;
    }
    handshake_check_kex(h);
    enum sig_check result = h->kex.verified;
    if (result != SIG_GOOD && result != SIG_BAD)
        return;
    p->checks++;
    if (!same || p->key[at].result != result)
        p->key[at].in_a_row = 0;
    p->key[at].leaf = h->certs[0];
    p->key[at].result = result;
    p->key[at].in_a_row++;
}
