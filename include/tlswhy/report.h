/* report.h - renderers: a handshake and its finding in, bytes out. A renderer never decides. */
#ifndef TLSWHY_REPORT_H
#define TLSWHY_REPORT_H

#include "tlswhy/why.h"

struct summary {
    uint64_t handshakes, failed, unknown, other_connections; /* failed: exit status 1 counts these */
    uint64_t packets, dropped, evicted, unknown_link;
    bool     complete;      /* no early end, gaps, drops, snap-length cuts */
    const char *incomplete; /* why not, one clause for people, or NULL */
    struct cause_count {
        const char *code;
        uint64_t    n;
    } causes[64];
    size_t causes_n;
};

struct report_options {
    bool     json, all, color, verbose;
    unsigned width;         /* columns, default 100 */
};

struct group_table;

struct renderer {
    const char *name;
    void (*begin)(struct text *out, const struct report_options *o);
    void (*handshake)(struct text *out, const struct report_options *o, struct handshake *h, const struct finding *f);
    void (*summary)(struct text *out, const struct report_options *o, const struct summary *s, const struct group_table *groups);
};
extern const struct renderer text_renderer, json_renderer;

/* Failures grouped by cause and server, most frequent first: the table under many failures. */
struct group_table *groups_new(void);
void                groups_add(struct group_table *g, const struct handshake *h, const struct finding *f);
void                groups_free(struct group_table *g);

/* Is this connection worth an object? (INTERFACE.md: TLS or a prelude seen, or what looks like broken TLS.) */
bool worth_showing(const struct handshake *h, const struct peers *others);

#endif
