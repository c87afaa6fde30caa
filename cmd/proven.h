/* proven.h - how many signatures over key exchanges are worth checking. One costs up to two milliseconds, which is more than
 * all the rest of a hundred handshakes, so a server that has signed well, or wrongly, again and again is taken to go on like
 * that, which rules are told (handshake.h), and nobody can make us check without end. */
#ifndef TLSWHY_PROVEN_H
#define TLSWHY_PROVEN_H

#include "tlswhy/handshake.h"

enum { PROVEN_KEYS = 256 };

/* All zero at first. */
struct proven {
    struct {
        const struct cert *leaf;
        unsigned           in_a_row; /* signatures under its key with this result, */
        enum sig_check     result;
    } key[PROVEN_KEYS];              /* by hash of the leaf; the latest wins */
    size_t checks;
};

/* Into kex.verified, or kex.as_before. */
void proven_check(struct proven *p, struct handshake *h);

#endif
