/* judge.h - what the files of the chain judge share; nobody else includes it.
 *
 *     paths.c     candidates -> every path, the best one kept
 *     checks.c    one path -> its problems (dates, CA rules, usages, names)
 *     checks_shape.c, checks_algorithms.c, constraints.c, status.c, intercept.c   those of its checks that need room
 *     client.c    the client's eyes: what a known client can verify, and which roots its list had
 *     words.c     code -> rank, severity, fix, what others call it
 *     judge.c     the question -> verdict */
#ifndef TLSWHY_JUDGE_H
#define TLSWHY_JUDGE_H

#include "tlswhy/trust.h"

enum { PATH_MAX_STEPS = 32, SEARCH_STEPS = 2000, SEARCH_SIGNATURES = 64, PATHS_JUDGED = 64,
       PROBLEMS_MAX = 96 };

enum path_end { END_ANCHOR, END_SELF_SIGNED, END_NO_ISSUER, END_BAD_SIGNATURE, END_LIMIT };

struct path {
    struct path_step step[PATH_MAX_STEPS];
    enum sig_check   sig[PATH_MAX_STEPS]; /* of step i by step i + 1 */
    size_t           n;
    enum path_end    end;
    const struct cert *impostor; /* END_BAD_SIGNATURE and END_NO_ISSUER: bears the issuer's name, but not its key */
};

struct problems {
    struct chain_problem v[PROBLEMS_MAX];
    size_t               n;
};

struct judge {
    const struct trust_question *q;
    struct arena                *a;
    struct path                  path;  /* being built, then the best */
    struct problems             *found; /* of that path */
    bool                         limit; /* the search was cut short */
    size_t                       compared, pairs; /* issuers; names and constraints */
};

/* Row of the closed list of codes. */
enum { WORD_NAMES = 6 };
struct word {
    const char *code, *severity, *fix;
    const char *names[WORD_NAMES]; /* what OpenSSL, GnuTLS, Windows, NSS, Java and others call it; "" = no name */
};
const struct word *word_of(const char *code);
int                word_rank(const char *code); /* 0 = tops the precedence */
enum severity      word_severity(const struct word *w);
const char *const *word_names(const struct word *w, struct arena *a); /* NULL-terminated, or NULL */

/* Adds a problem with the severity of its word; `step` is a place in the path, -1 = no one certificate. */
struct chain_problem *problem_add(struct judge *j, const char *code, int step, const char *fmt,
                                  ...) PRINTF_LIKE(4, 5);
struct chain_problem *problem_add_as(struct judge *j, const char *code, enum severity s, int step,
                                     const char *fmt, ...) PRINTF_LIKE(5, 6);

/* What was found with the eyes of a client that was only recognised is never sure. */
static inline void by_client(const struct judge *j, struct chain_problem *p) { p->unsure = j->q->client_guessed; }

/* Searches; calls judge_path for each path that ends, and leaves the best in j->path and j->found. */
void paths_search(struct judge *j);
void judge_path(struct judge *j); /* checks.c: fills j->found for j->path */
void check_end(struct judge *j);  /* ends.c: how the path ends, and what was sent */
void check_sent(struct judge *j);
bool in_list(const char *const *list, const char *word); /* the list ends with NULL */
/* checks_shape.c, checks_algorithms.c: of step `i`, which is c */
void check_shape(struct judge *j, int i, const struct cert *c);
void check_key_fits(struct judge *j, int i, const struct cert *c); /* the key could have made the signature below it */
void check_signature(struct judge *j, int i, const struct cert *c);
void check_key(struct judge *j, int i, const struct cert *c);
void check_anchor_key(struct judge *j, int i, const struct cert *c);
void check_curve(struct judge *j, int i, const struct cert *c);
void check_constraints(struct judge *j);
void check_status(struct judge *j);
void check_interception(struct judge *j);
void check_era(struct judge *j); /* client.c: had the client's list this root? */

static inline bool is_anchor_step(const struct judge *j,
                                  size_t i) { return j->path.end == END_ANCHOR && i + 1 == j->path.n; }
static inline const struct cert *path_cert(const struct judge *j, size_t i) { return j->path.step[i].cert; }
int         sent_index(const struct trust_question *q, const struct cert *c); /* -1: not sent */
bool        is_anchor(const struct trust_question *q, const struct cert *c);
const char *who(struct judge *j, const struct cert *c); /* short name in quotes */

#endif
