/* packed.h - a handshake that has to wait, in a third of its size or less.
 *
 *     struct packed *p = handshake_pack(h, &more, sizeof more);   h is gone
 *     h = handshake_unpack(p, &more);                             p is gone
 *
 * Nothing is lost. Of ordinary handshakes the messages are kept as they were sent, and read again when they are unpacked;
 * of others what they point to stays where it is. `more` is what belongs to it, whole words, at most PACK_MORE bytes,
 * and goes back to where there are zeros. */
#ifndef TLSWHY_PACKED_H
#define TLSWHY_PACKED_H

#include "tlswhy/handshake.h"

enum { PACK_MORE = 1024 };

struct packed {
    uint32_t     stream;
    bool         datagram;
    bool         read_again; /* else what it points to is still there */
    size_t       more, size, pointed; /* of what belongs to it; of all of this; of what is still there */
    uint8_t      bytes[];
};

struct packed    *handshake_pack(struct handshake *h, const void *more, size_t n);
struct handshake *handshake_unpack(struct packed *p, void *more);
static inline size_t packed_size(const struct packed *p) { return p->size + p->pointed; } /* of memory, nearly */

/* Room for messages and alerts where there are n: what adds one more asks, too. */
enum { MESSAGES_KEPT = 128, ALERTS_KEPT = 16 };
static inline size_t message_room(size_t n)
{
    size_t room = n <= 4 ? 4 : 16; /* for a hello without an answer, for most, and for more */
    while (room < n)
        room *= 2;
    return room;
}
static inline size_t alerts_room(size_t n) { return n <= 2 ? 2 : ALERTS_KEPT; } /* mostly a close_notify of either side */

#endif
