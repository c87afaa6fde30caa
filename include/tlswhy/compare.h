/* compare.h - two views of one connection: what was captured at the client's end of a proxy (or of the network) beside what
 * was captured at the server's end. Which views belong together, what was changed between them, and whose fault it shows.
 *
 * The client's view is of the connection that the client made; on the server's side of something that ends TLS the "client"
 * of the view is that thing itself.
 * Units:  ns. Clocks of two captures differ: `offset_ns` is the server side's clock minus the client side's.
 * Owns:   nothing; handshakes and findings are the caller's, texts live in the arena given. */
#ifndef TLSWHY_COMPARE_H
#define TLSWHY_COMPARE_H

#include "tlswhy/report.h"

struct view {
    struct handshake *h;
    struct finding    f; /* what its own capture tells */
};

/* One capture's handshakes, in the order of the capture. */
struct views {
    struct view *v;
    size_t       n;
    const char  *file;
    uint64_t     packets;
    int64_t      first_ns, last_ns; /* of all packets */
    bool         complete;          /* no gaps, drops, early end */
};

enum relation {
    RELATION_FORWARDED,  /* the same ClientHello, byte for byte */
    RELATION_EDITED,     /* the same random, other content */
    RELATION_TERMINATED, /* another handshake for the same purpose: something in between ends TLS */
    RELATION_UNPAIRED,   /* the server's side shows nothing of it */
    RELATION_REPEATED,   /* no two sides: a probe asked the same target twice, and these are the recordings */
    RELATIONS
};
const char *relation_name(enum relation r);

enum paired_by { BY_NOTHING, BY_RANDOM, BY_ADDRESS, BY_NAME, BY_TIME };

struct pair {
    const struct view *client, *server; /* server NULL: unpaired */
    enum relation      relation;
    enum paired_by     by;
    bool               rivals; /* other views would fit as well */
};

struct pairs {
    struct pair *v; /* one for each view of the client's side, in its order */
    size_t       n;
    size_t       left_over;    /* views of the server's side that belong to none */
    bool         offset_known;
    int64_t      offset_ns;
};

/* Pairs them by the hello's random first, then by addresses, then by name and time, then by time alone (a server side's
 * hello from the moment the client's connection began up to 10 s after its hello). `server` NULL: both sides are in `client`,
 * and only views that have a partner or a dialog with a proxy become pairs. In the arena. */
void pairs_find(const struct views *client, const struct views *server, struct arena *a, struct pairs *out);

/* Two recordings of probes: what was asked first of a target in the one, and in the other. `client` is the earlier run. */
void pairs_of_runs(const struct views *first, const struct views *second, struct arena *a, struct pairs *out);

/* Something that is not the same on both sides. Of lists: what is on that side only. */
struct change_seen {
    const char *field, *client, *server; /* escaped; "" = nothing */
};
#define CHANGES_MAX 32
struct comparison {
    struct pair        pair;
    struct finding     f;             /* the verdict on both together */
    bool               from_server[FINDING_LIST]; /* evidence i is of the server's side capture */
    struct change_seen change[CHANGES_MAX];
    size_t             changes;
    const char        *ends[2];       /* how each side's connection ended, in words */
    uint64_t           lost[2];       /* bytes that the view of that SENDER's end shows and the other end's does not */
};

/* `covered`: that server's side was being captured at that time. */
void compare_pair(const struct pair *p, bool covered, struct arena *a, struct comparison *out);
void compare_changes(const struct pair *p, struct arena *a, struct comparison *out); /* the part of it that lists changes */

/* A probe's two ways to one server: through a proxy (the client's view) and without it (the server's view). */
void          compare_ways(const struct view *through, const struct view *direct, struct arena *a, struct comparison *out);
enum relation ways_relation(const struct handshake *through, const struct handshake *direct); /* direct NULL: unpaired */

/* Was the server's side being captured when the client's view began, and does it show that server at all? */
bool views_cover(const struct views *server, const struct pairs *all, const struct view *client);

struct comparison_sums {
    size_t   pairs, failed, by_relation[RELATIONS];
    size_t   left_over;
    bool     offset_known, one_capture;
    int64_t  offset_ns;
};
void compare_text(struct text *out, const struct report_options *o, const struct comparison *c);
void compare_ways_text(struct text *out, const struct report_options *o, const struct comparison *c); /* below the verdict's own lines */
void compare_json(struct text *out, const struct report_options *o, const struct comparison *c);
void compare_sums_text(struct text *out, const struct report_options *o, const struct comparison_sums *s);

#endif
