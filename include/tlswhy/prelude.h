/* prelude.h - what two programs say before TLS on one connection: HTTP CONNECT, STARTTLS dialogs, SOCKS and
 * the like, and plain text that is no prelude to anything.
 *
 * Pulled by the observer: it keeps what a side has sent and nobody has taken yet, hands it over whole each time
 * more arrives, and drops as many bytes as prelude_feed took. The machine never keeps a pointer into it: what
 * stays goes into `out`, copied to the arena.
 * A protocol is one row: of dissect/names/starttls.tsv where it talks in lines, else of the table in
 * dissect/prelude.c with one small function.
 * Bounds: 16 KB of HTTP headers, 8 KB a line, 64 KB a message, 1,000 units a dialog; beyond, it is plain text. */
#ifndef TLSWHY_PRELUDE_H
#define TLSWHY_PRELUDE_H

#include "tlswhy/handshake.h"

/* All zero at the start of a connection. */
struct prelude_machine {
    const struct prelude_row *row; /* NULL = not recognised yet */
    unsigned state, units;         /* the row's own; lines or messages so far */
    unsigned dialog;               /* row of starttls.tsv */
    bool     inside;               /* in a tunnel or behind a PROXY header: TLS or another dialog may follow */
    uint8_t  memory[32];           /* the row's own */
};

enum prelude_says {
    PRELUDE_WAIT,    /* not enough bytes to say; nothing more was taken */
    PRELUDE_GOES_ON, /* in the middle of a dialog, refusals included: the client may try again */
    PRELUDE_TLS,     /* agreed: the next bytes of both sides are TLS */
    PRELUDE_OVER,    /* plain text with no TLS to come: feed no more */
    PRELUDE_UNKNOWN  /* fits no row: TLS itself, or something that is no prelude */
};

/* `pending` are the bytes of `from` not taken yet, `where` the place of the last of them. Gives how many were
 * taken. After PRELUDE_TLS of a tunnel (CONNECT, SOCKS) the machine is ready to be fed again: where the next bytes
 * are no TLS they may be a dialog inside it (SMTP through SOCKS); PRELUDE_UNKNOWN says that they are not. */
size_t prelude_feed(struct prelude_machine *m, struct arena *a, enum side from, struct bytes pending,
                    const struct place *where, struct prelude *out, enum prelude_says *says);

/* TDS carries the TLS handshake in packets of its own ([MS-TDS] 2.2.3.1): where prelude_wraps says so after
 * PRELUDE_TLS, each side's further bytes go through prelude_unwrap, which leaves the packet headers out until the
 * first byte that begins no such packet. `out` has room for in.n bytes and may be in.p; gives how many there are. */
struct prelude_wrap {
    bool    on;
    uint8_t header[8];
    size_t  header_n, left; /* of the packet's header so far; of its body still to come */
};
bool   prelude_wraps(const struct prelude *p);
size_t prelude_unwrap(struct prelude_wrap *w, struct bytes in, uint8_t *out);

/* "http", "smtp", "ssh", "ftp", ... when these first bytes of a side are clearly that protocol; else NULL. */
const char *plain_protocol(enum side from, struct bytes start);

#endif
