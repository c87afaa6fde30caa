/* held.h - handshakes that wait for their neighbours before they are judged.
 *
 *     held_add(&held, h)                    h is owned by `held` now
 *     held_order(&held)                     once all are there
 *     while ((h = held_next(&held, &room))) in stream order, datagrams last; each to be given to held_done
 *
 * Of a handshake what is not zero is kept. A connection that never opened is a few facts: a scan brings a million of them, so they are kept as those, and
 * become a handshake again in `room`, all zero at first, which is good until the next call. */
#ifndef TLSWHY_HELD_H
#define TLSWHY_HELD_H

#include "tlswhy/unopened.h"

struct held {
    struct packed    **packed; /* private, as all but `bytes` */
    size_t             n, cap;
    struct unopened  **chunk;
    size_t             chunks, unopened;
    uint32_t          *order;  /* of the unopened, by stream: their numbers */
    const char        *file;   /* of all of them */
    size_t             packed_at, order_at; /* given so far */
    size_t             bytes;  /* of memory, nearly */
};

void              held_add(struct held *q, struct handshake *h);
void              held_add_unopened(struct held *q, const char *file, const struct unopened *u);
void              held_order(struct held *q);
struct handshake *held_next(struct held *q, struct handshake *room);
void              held_done(struct handshake *h, struct handshake *room);
void              held_clear(struct held *q); /* empty, and ready for the next */

#endif
