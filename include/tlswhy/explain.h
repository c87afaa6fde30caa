/* explain.h - what an error code, a message or a log means, in the words of the causes (report/why/causes.tsv).
 *
 * Rows come from report/knowledge/error_codes.tsv and alerts.tsv. One input may have several readings; they are
 * ordered, the most likely first. Nothing here reads files or prints: log bytes go in, hits and text come out.
 * Bounds: a log costs the same memory whatever its size; a line longer than LOG_LINE is looked at in pieces.
 * Owns:   rows are static; a `struct scan` and a `struct log` belong to the caller. */
#ifndef TLSWHY_EXPLAIN_H
#define TLSWHY_EXPLAIN_H

#include "tlswhy/text.h"
#include "tlswhy/why.h"

struct code {
    const char *system;   /* "schannel", "openssl", "alert" ... */
    const char *code;     /* numbers as their system writes them, separated by spaces; "" = none */
    const char *symbol;   /* "SEC_E_UNSUPPORTED_FUNCTION"; "" = none */
    const char *says;     /* texts by which it is known, separated by " | "; one with "?" needs TLS words beside it */
    const char *meaning;
    const char *causes;   /* codes of causes.tsv; "!" behind one = a strong sign */
    const char *not_this; /* what it does not mean, or "" */
    const char *next;     /* what to do, or "" */
    int         often;    /* 0-3 */
    const char *source;   /* where value and meaning come from; "recalled" = from memory */
};
const struct code *code_at(size_t i); /* NULL past the last */
size_t             code_index(const struct code *c);
/* How people would write it: "0x80090302 SEC_E_UNSUPPORTED_FUNCTION", "alert 70 protocol_version". */
void code_title(struct text *t, const struct code *c);

struct code_cause {
    const struct cause *cause;
    bool                strong;
};
#define CODE_CAUSES 8
size_t code_causes(const struct code *c, struct code_cause out[CODE_CAUSES]); /* strong ones first */
/* What to do next: the row's own advice, then the command that looks for its first cause. At most 3. */
size_t code_next(const struct code *c, const char *out[3]);

/* Readings of one thing that somebody pasted: a number in any base, a symbol, a message. Most likely first. */
#define READINGS 16
size_t explain_lookup(const char *s, const struct code *out[READINGS]);
/* The known rows nearest to an input that has no reading, and what can be said of the number itself ("" = nothing). */
size_t explain_nearest(const char *s, const struct code *out[3], struct text *says);

/* Finds codes in text: messages and symbols anywhere, numbers where the words around say what they are. */
struct scan;
struct scan *scan_new(void);
void         scan_free(struct scan *s);
/* Called for each find, in the order of the text; `at` is its offset. `c` NULL: a Windows code of the security or
 * certificate family that no row knows, in `value`. */
typedef void scan_hit(void *ctx, const struct code *c, uint32_t value, size_t at);
/* One line (or any text). `everything`: also words that in a log would need others beside them. What an event
 * record said in earlier lines (its source, its alert) is remembered until the next record. */
void scan_line(struct scan *s, const char *line, size_t n, bool everything, scan_hit *hit, void *ctx);

/* A log: pushed in pieces of any size; UTF-8, Latin-1 or UTF-16 (what Windows writes), text or XML. */
enum { LOG_LINE = 65536, LOG_EXCERPT = 160, LOG_UNKNOWN = 16 };
struct log_code {
    const struct code *code;
    uint64_t           line, count; /* where first (from 1), how many times; a number and its text side by side count once */
    uint64_t           last_line;   /* where it was seen last, */
    size_t             last_at;     /* and at which byte of that line */
    char              *excerpt;     /* of the first line, as it stands there: escape it */
    size_t             excerpt_n;
};
struct log;
struct log *log_new(void);
void        log_free(struct log *l);
void        log_push(struct log *l, const void *p, size_t n);
void        log_end(struct log *l);
uint64_t    log_lines(const struct log *l);
bool        log_binary(const struct log *l); /* it looks like no text at all */
bool        log_evtx(const struct log *l);   /* a Windows event log in its binary form */
/* What was found, the most telling first. The array is the log's. */
const struct log_code *log_codes(struct log *l, size_t *n);
/* Windows error codes (0x8....) that no row knows, with how often they came. */
struct log_unknown {
    uint32_t value;
    uint64_t line, count;
};
const struct log_unknown *log_unknowns(const struct log *l, size_t *n);

/* Several codes together say more than each alone. */
struct together {
    const struct cause *cause;   /* NULL: they point to nothing in common */
    const char         *why;     /* a sentence of its own for this combination, or NULL: they merely agree */
    const char         *next;    /* or NULL */
    struct code_cause   others[CODE_CAUSES]; /* what else fits, best first */
    size_t              others_n;
    const struct code  *agree[READINGS];     /* the rows that speak for `cause` */
    size_t              agree_n;
};
void explain_together(const struct code *const *codes, size_t n, struct together *out);

/* For people (100 columns) and for programs. `input` may be outside bytes. */
void show_code(struct text *t, const struct code *c, const char *input, const char *where);
void show_code_json(struct text *t, const struct code *c, const char *input, size_t reading, size_t readings, const struct log_code *in_log);
void show_together(struct text *t, const struct together *g);
void show_together_json(struct text *t, const struct together *g, const char *input);
void show_unknown(struct text *t, const char *input);
void show_unknown_json(struct text *t, const char *input);
/* The page of a cause, with the tables of systems that belong to it and the codes that speak for it. */
void show_cause(struct text *t, const struct cause *c, bool color);
void show_cause_json(struct text *t, const struct cause *c, const char *input);

#endif
