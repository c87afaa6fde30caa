/* explain_parts.h - the index that finds the rows in running text: built once, read by the scanner. */
#ifndef TLSWHY_EXPLAIN_PARTS_H
#define TLSWHY_EXPLAIN_PARTS_H

#include "tlswhy/explain.h"

/* What a pattern says of the number behind it. CODE: the pattern is all of it. */
enum context {
    NOTHING, CODE, ALERT, EVENT, SCHANNEL, CAPI2, RECORD, SOURCE, STATE, CURL, VERIFY, CHROME, GNUTLS, MBEDTLS, WINDOWS, APPLE, HTTP,
    OPENSSL, NSS
};

struct pattern {
    const char  *text; /* lower case, one space where any mix of spaces, underscores and hyphens may stand */
    uint16_t     len;
    enum context what;
    bool         weak; /* counts only beside a word of TLS */
    bool         of_tls, leads; /* speaks of TLS itself; ends with "alert", whose number or name follows */
    const struct code *code;
};

/* A character of the patterns, below those before it. */
struct node {
    uint16_t child, sibling; /* 0 = none */
    uint16_t leaf;           /* index + 1 of what ends here; 0 = nothing */
    uint8_t  c;
    uint8_t  run;            /* so many nodes right behind this one are the only way on, without a blank or a leaf before the last */
    uint32_t below;          /* the folds of its children, a bit each */
};

struct value {
    enum context       what;
    int64_t            v;
    const struct code *code;
};

/* Classes of characters, ASCII only whatever the locale. */
enum { ALPHA = 1, DIGITS = 2, ALNUM = ALPHA | DIGITS, WORDY = 4, GAPPY = 8 };

enum { PATTERNS = 4096, NODES = 65535, VALUES = 1024, VALUE_SLOTS = 4096, MARKS = 12, PREFIXES = 1 << 15, DIGIT = 27, GAP, OTHER };

/* What three characters may begin: a pattern or a number, where a word begins; a mark, anywhere. */
enum { LOOK_WORD = 1, LOOK_MARK = 2 };

/* Words beside which a weak find counts; `prefix` is their first three characters, folded. */
struct mark {
    uint16_t    prefix;
    bool        proxy; /* of a proxy, not of TLS */
    uint8_t     len;
    const char *word;
};

struct scan_index {
    struct arena    arena;
    struct pattern *patterns; /* longest first */
    size_t          n;
    struct node    *nodes;
    size_t          nodes_n;
    struct value   *values;
    size_t          values_n;
    uint16_t        value_slot[VALUE_SLOTS]; /* by hash: index + 1 */
    uint16_t        pair[1 << 16]; /* by the first two characters of a pattern: nodes of the third */
    uint16_t        alerts;        /* nodes of the first letters of the names of alerts */
    struct mark     marks[MARKS];
    uint8_t         kind[256];  /* classes */
    uint8_t         nibble[256]; /* the value of a hex digit; 255 = none */
    uint8_t         lower[256]; /* ASCII */
    uint8_t         plain[256]; /* that, and all gaps are blanks */
    uint8_t         fold[256];  /* 1-26 letters, DIGIT, GAP, OTHER */
    uint8_t         folded[256]; /* that, and 32 for what is WORDY */
    uint8_t         looks[PREFIXES]; /* what three characters may begin: LOOK_WORD and LOOK_MARK */
    uint64_t        second[PREFIXES / 64]; /* six characters that begin a pattern */
    uint64_t        brief[PREFIXES / 64];    /* three characters that begin a pattern of less than six, or a number */
};

const struct scan_index *scan_index(void); /* the rows never change: one index serves all */
const struct code       *value_code(const struct scan_index *x, enum context what, int64_t v); /* NULL: no row has it */
/* The number under which a row of event 36888 with its alert and error state is kept; -1: there can be none. */
int64_t state_value(int alert, int64_t state);

static inline bool     bit(const uint64_t *set, unsigned i) { return (set[i >> 6] >> (i & 63) & 1) != 0; }
static inline unsigned six(unsigned a, unsigned b) { return (a * 0x9E3779B1u ^ b * 0x85EBCA6Bu) >> 17; } /* 15 bits */
static inline unsigned prefix_of(const struct scan_index *x, const void *three)
{
    const uint8_t *p = three;
    return (unsigned)x->fold[p[0]] << 10 | (unsigned)x->fold[p[1]] << 5 | x->fold[p[2]];
}

#endif
