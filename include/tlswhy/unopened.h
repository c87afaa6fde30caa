/* unopened.h - a connection that never opened: all that is known of it. A scan brings a million of them, so they are kept
 * and passed on as these few facts, and not as a handshake each. */
#ifndef TLSWHY_UNOPENED_H
#define TLSWHY_UNOPENED_H

#include "tlswhy/handshake.h"

struct unopened {
    struct endpoint ends[2];
    int64_t         syn_ns, last_ns, error_ns;
    uint32_t        syn_frame, last_frame, error_frame;
    uint32_t        stream;
    unsigned        known;
    int             code;
    struct segment  syn_seg;
    uint16_t        syns;
    bool            refused, unreachable, timed_out, at_end, both_directions;
};

/* False: the handshake has other facts, too. */
bool unopened_of(const struct handshake *h, struct unopened *out);
/* `h` is all zero, or became one before and has not been touched since: these fields are all that it has. */
void unopened_become(const struct unopened *u, const char *file, struct handshake *h);

#endif
