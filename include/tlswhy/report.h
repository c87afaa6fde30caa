/* report.h - renderers: a handshake and its finding in, bytes out. A renderer never decides. */
#ifndef TLSWHY_REPORT_H
#define TLSWHY_REPORT_H

#include "tlswhy/fetched.h"
#include "tlswhy/why.h"

struct summary {
    uint64_t handshakes, completed;
    uint64_t failed;         /* exit status 1 counts these */
    uint64_t unknown;        /* failed for no known cause */
    uint64_t partial;        /* not captured whole: how they ended is not known */
    uint64_t abandoned, ignored;
    uint64_t hidden;         /* not captured whole and told only with --all: already open at the start */
    uint64_t folded;         /* like others before them, so told in the table only */
    uint64_t other_connections; /* plain text where no TLS was due */
    uint64_t packets, dropped, evicted, unknown_link;
    uint64_t eap[EAP_METHODS]; /* frames of EAP methods with TLS inside: counted, not read */
    uint64_t decrypted;      /* handshakes of which something was read with secrets, */
    bool     secrets;        /* where there were any */
    bool     interim;       /* the input goes on */
    bool     complete;      /* no early end, gaps, drops, snap-length cuts */
    const char *incomplete; /* why not, one clause for people, or NULL */
    struct cause_count {
        const char *code;
        uint64_t    n;
    } causes[64];
    size_t causes_n;
    struct fetch_note notes[32]; /* fetches of root lists and the like that brought nothing of use */
    size_t   notes_n;
    uint64_t notes_left;    /* more of them */
};

struct report_options {
    bool     all, color, verbose;
    unsigned width;         /* columns, 0 = REPORT_WIDTH */
};

/* For people labels stand in column 3, what they say from column 13 on. */
enum { REPORT_WIDTH = 100, REPORT_INDENT = 12 };
static inline size_t report_width(const struct report_options *o) { return o->width != 0 ? o->width : REPORT_WIDTH; }
static inline void report_row(struct text *t, const struct report_options *o, const char *label, const char *s)
{
    text_row(t, label, s, REPORT_INDENT, report_width(o));
}

/* A row for each item; of several each has its number before it. */
void report_numbered(struct text *t, const struct report_options *o, const char *label, const char *const *items, size_t n);

struct group_table;

/* A member that is NULL has nothing to say. `file` comes before the first handshake of each of several inputs. */
struct renderer {
    const char *name;
    bool        folds;      /* many failures alike are told in full only a few times; the table has the rest */
    void (*begin)(struct text *out, const struct report_options *o);
    void (*file)(struct text *out, const struct report_options *o, const char *name);
    void (*handshake)(struct text *out, const struct report_options *o, struct handshake *h, const struct finding *f);
    void (*summary)(struct text *out, const struct report_options *o, const struct summary *s, struct group_table *groups);
};
extern const struct renderer text_renderer, json_renderer;
extern const struct renderer silent_renderer; /* writes nothing: for those who take the verdicts elsewhere */

/* The object of one handshake, inside another one or alone. */
void json_handshake_object(struct json *j, const char *key, struct handshake *h, const struct finding *f);

/* Failures grouped by cause and server, most frequent first: the table under many failures. Bounds: 10,000
 * groups; what fits in none of them is counted. */
struct group_table *groups_new(void);
/* Gives how many of this kind there are by now, this one included: same cause, server and client; for connections
 * that never opened same cause and client; for captures that are not whole same cause. UINT64_MAX
 * where one client has very many of one cause, or there is no room to count. *first is the stream of the first of
 * them in this input. */
uint64_t            groups_add(struct group_table *g, const struct handshake *h, const struct cause *cause, enum result result, uint32_t *first);
/* It turned out to be something else: takes back what groups_add counted for its row. */
void                groups_take_back(struct group_table *g, const struct handshake *h, const struct cause *cause, enum result result);
void                groups_free(struct group_table *g);

struct group {
    const char     *cause;
    struct endpoint server;
    char            name[64];  /* asked for by the first of them; escaped; "" = none */
    uint64_t        n;
    size_t          order;     /* of appearance */
    uint32_t        stream;    /* of the first */
    const char     *file;      /* of the first; borrowed */
};
/* Sorted: most frequent first, then by first appearance. The array belongs to the table. */
const struct group *groups_sorted(struct group_table *g, size_t *n, uint64_t *in_none);

/* Is this connection worth an object? (INTERFACE.md: TLS or a prelude seen, or what looks like broken TLS.) */
bool worth_showing(const struct handshake *h, const struct peers *others);

/* Plain text of both sides on a port of other things, or not a word of either: never worth showing, whatever the neighbours are. */
bool surely_other(const struct handshake *h);

/* Is it shown without --all? All but successes, and connections of whose handshake nothing was captured. */
bool shown_by_default(const struct handshake *h, enum result result);

/* Ports where TLS is spoken from the first byte (IANA, and common practice). */
bool is_tls_port(uint16_t port);

#endif
