/* marks.h - what a probe knows of its connections and packets do not show, in a recording of its own: Custom Blocks
 * (draft-ietf-opsawg-pcapng section 4.7) behind the packets, described in doc/recording.md.
 *
 * A reader of the recording takes them as if it had been there: a connection that we ended because we had seen enough was
 * rejected by nobody. Without them (another program left them out) such a connection is one whose capture ends early. */
#ifndef TLSWHY_MARKS_H
#define TLSWHY_MARKS_H

#include "tlswhy/reader.h"
#include "tlswhy/text.h"
#include "tlswhy/wire.h"

enum { MARKS_ENTERPRISE = 32473 }; /* for documentation (RFC 5612): tlswhy has no number of its own, so the blocks begin with its name */

enum mark_kind {
    MARK_STOPPED = 1, /* we ended it: enough was seen */
    MARK_GAVE_UP = 2, /* we ended it: nothing more came in time */
    MARK_KERNEL = 3,  /* what the system's TCP knew at the end */
    MARK_ASKED = 4    /* what the connection was made for */
};

struct mark {
    enum mark_kind  kind;
    struct endpoint ends[2];         /* by enum side */
    int64_t         ns;              /* STOPPED, GAVE_UP */
    uint64_t        acked;           /* KERNEL: bytes of ours that had arrived */
    uint16_t        retransmissions, syns;
    struct bytes    target, typed;   /* ASKED: HOST:PORT, and the words of the user */
    struct bytes    as, starttls;    /* empty = none */
    struct bytes    changed;         /* what was asked differently than at first, in words; empty = nothing */
    struct bytes    name;            /* that the certificate was held against; empty = none */
    uint16_t        attempt;         /* 1.. of this target */
    bool            modern;          /* the hello was the one that current clients send */
};

/* Adds one to the contents of a block, which must have begun with marks_begin. Strings longer than 64 KB are cut. */
void marks_begin(struct text *out);
void mark_add(struct text *out, const struct mark *m);

/* Are these the contents of a block of ours? Then *r stands at its first mark. */
bool marks_open(struct bytes block, struct reader *r);
/* The next mark; those of kinds that are not known are passed over. Borrowed from the block. False: there is none, or what is
 * there is out of shape. */
bool mark_next(struct reader *r, struct mark *m);

#endif
