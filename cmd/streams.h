/* streams.h - a set of connections of one input by their stream numbers, and the packets of such a set written out. */
#ifndef TLSWHY_STREAMS_H
#define TLSWHY_STREAMS_H

#include "tlswhy/pcapng.h"

struct stream_set {
    uint8_t *bits[2]; /* by datagram */
    size_t   cap[2];  /* bytes */
};
void streams_add(struct stream_set *s, bool datagram, uint32_t stream);
bool streams_has(const struct stream_set *s, bool datagram, uint32_t stream);
void streams_free(struct stream_set *s);

/* Comments on frames, in any order; the text is borrowed. */
struct remarks {
    struct remark {
        uint64_t    frame;
        const char *text;
    }     *v;
    size_t n, cap, next; /* next: the first that was not asked for yet */
};
void remarks_add(struct remarks *r, uint64_t frame, const char *text);
void remarks_free(struct remarks *r);
/* In frame order; those of one frame become one of several lines, in the arena. Before the first remark_on. */
void remarks_order(struct remarks *r, struct arena *a);
/* A comment_source (pcapng.h): `remarks` is a struct remarks in order. */
const char *remark_on(void *remarks, uint64_t frame);

/* Reads the capture again, closes it, and writes the packets of these connections, with the remarks on their frames.
 * False: err. (The whole capture with remarks: pcapng_copy with remark_on.) */
bool streams_write(struct capture *c, const struct stream_set *s, struct remarks *r, struct pcapng_writer *w, struct err *err);

#endif
