/* proven.h - how many signatures over key exchanges are worth checking. One costs up to two milliseconds, which is more
 * than all the rest of a hundred handshakes, so a server that has signed well again and again is believed, and nobody can
 * make us check without end.
 *
 *     if (proven_wants(&p, h)) { handshake_check_kex(h); proven_note(&p, h); } */
#ifndef TLSWHY_PROVEN_H
#define TLSWHY_PROVEN_H

#include "tlswhy/handshake.h"

enum { PROVEN_KEYS = 256 };

/* All zero at first. */
struct proven {
    struct {
        const struct cert *leaf;
        unsigned           good; /* signatures in a row */
    } key[PROVEN_KEYS];          /* by hash of the leaf; the latest wins */
    size_t checks;
};

bool proven_wants(const struct proven *p, const struct handshake *h);
void proven_note(struct proven *p, const struct handshake *h);

#endif
