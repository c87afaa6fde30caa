/* ladder.h - a connection as a ladder: who sent what, when, in which frame; drawn by the terminal and the page alike.
 *
 * What one side sends in one frame is one rung; many of the same kind in a row are one, too. */
#ifndef TLSWHY_LADDER_H
#define TLSWHY_LADDER_H

#include "tlswhy/report.h"

#define RUNGS_MAX 24

struct rung {
    enum side   from;
    uint64_t    frame;
    int64_t     ns;      /* since the connection's first packet */
    const char *what;    /* "ClientHello", "Certificate, ServerHelloDone"; escaped, in the arena */
    bool        decides; /* the frame that the verdict rests on */
    bool        hidden;  /* encrypted: its kind is known by size and place */
};
/* Gives how many there are, RUNGS_MAX at most: where there are more, the middle is left out and *left_out says how many. */
size_t ladder_of(const struct handshake *h, const struct finding *f, struct arena *a, struct rung out[RUNGS_MAX], size_t *left_out);

void ladder_text(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f);
void ladder_svg(struct text *t, const struct handshake *h, const struct finding *f);

#endif
