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
    size_t n, cap;
};
void remarks_add(struct remarks *r, uint64_t frame, const char *text);
void remarks_free(struct remarks *r);

/* Reads the capture again and writes the packets of these connections, with the remarks on their frames. False: err. */
bool streams_write(const char *path, const struct stream_set *s, struct remarks *r, struct pcapng_writer *w, struct err *err);

#endif
