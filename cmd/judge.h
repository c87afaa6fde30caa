/* judge.h - a handshake's client and chain judged for a moment and a name: shared by everything that explains handshakes. */
#ifndef TLSWHY_JUDGE_H
#define TLSWHY_JUDGE_H

#include "tlswhy/handshake.h"
#include "tlswhy/peers.h"
#include "tlswhy/profile.h"
#include "tlswhy/trust.h"

struct judging {
    struct cert_store    *store;
    const struct anchors *anchors; /* NULL: none at hand */
    bool                  at_given, client_named;
    int64_t               at_ns;   /* with at_given; else the handshake's own time */
};

/* Sets h->chain by h->client. `name` is what the certificate is held against, p NULL = nothing; `learnt`: only DNS says it. */
void judge_chain(const struct judging *j, struct handshake *h, struct bytes name, bool learnt);
/* Sets `list` of every fetch whose body is a list, at its own time. The judgements live in the arena. */
void judge_lists(const struct judging *j, struct peers *p, struct arena *a);

#endif
