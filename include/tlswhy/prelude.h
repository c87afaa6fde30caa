/* prelude.h - what two programs say before TLS on one connection: HTTP CONNECT, STARTTLS dialogs, SOCKS and
 * the like, and plain text that is no prelude to anything.
 *
 * Pulled by the observer: it keeps what a side has sent and nobody has taken yet, hands it over whole each time
 * more arrives, and drops as many bytes as prelude_feed took. The machine never keeps a pointer into it: what
 * stays goes into `out`, copied to the arena.
 * A protocol is one row (dissect/names/starttls.tsv for the line-based ones) or one small function. */
#ifndef TLSWHY_PRELUDE_H
#define TLSWHY_PRELUDE_H

#include "tlswhy/handshake.h"

struct prelude_machine {
    const struct prelude_row *row; /* NULL = not recognised yet */
    unsigned state, lines;
    uint8_t  memory[16];           /* the row's own */
};

enum prelude_says {
    PRELUDE_WAIT,  /* not enough bytes to say; took nothing, or took what it knows */
    PRELUDE_GOES_ON, /* in the middle of a dialog (or plain text of a known protocol) */
    PRELUDE_TLS,   /* agreed: the next bytes of both sides are TLS */
    PRELUDE_OVER,  /* refused, or it is plain text with no TLS to come: feed no more */
    PRELUDE_UNKNOWN /* fits no row */
};

/* `pending` are the bytes of `from` not taken yet, `where` the place of the last of them. Gives how many were taken. */
size_t prelude_feed(struct prelude_machine *m, struct arena *a, enum side from, struct bytes pending,
                    const struct place *where, struct prelude *out, enum prelude_says *says);

/* "http", "smtp", "ssh", "ftp", ... when these first bytes of a side are clearly that protocol; else NULL. */
const char *plain_protocol(enum side from, struct bytes start);

#endif
