/* sweep_parts.h - the planner's rooms: which numbers to ask about, hunts, orders, single questions. */
#ifndef SWEEP_PARTS_H
#define SWEEP_PARTS_H

#include "tlswhy/sweep_plan.h"

enum { HUNTS_MAX = 128, CANDIDATES_MAX = 512, NONE = 0xffff };

/* One list of which the server picks until nothing of it is left that it accepts. */
enum hunt_state { HUNT_IDLE, HUNT_ASKED, HUNT_OVER };
struct hunt {
    enum sweep_topic topic;
    enum hunt_state  state;
    uint16_t         version;  /* index */
    uint16_t         parent, next; /* in the guessed order of this version's hunts; NONE */
    enum { HUNT_WHOLE, HUNT_SHORT, HUNT_FAMILY } kind; /* all candidates or a part of them; the short list; one key exchange */
    bool             first;    /* nothing of this version was answered yet */
    bool             resent;
    bool             turned;   /* groups, signature algorithms: what was found is asked about in the opposite order */
    uint32_t         keeps;    /* groups: an ECDSA certificate's curve, which stays in the list, behind the others; 0 = none */
    uint32_t        *left, *found;
    size_t           n, found_n;
};

/* Whose order is it, and which? */
enum order_state { ORDER_WAITS, ORDER_SEAMS, ORDER_REVERSED, ORDER_HEADS, ORDER_OVER };
struct order {
    enum order_state state;
    bool             asked;   /* REVERSED and HEADS: the question is under way */
    bool             resent;
    uint32_t         guess[SWEEP_LIST], sorted[SWEEP_LIST], offer[SWEEP_LIST];
    uint16_t         of[SWEEP_LIST];      /* hunt that found it */
    struct seam { uint32_t better, worse; enum { SEAM_OPEN, SEAM_ASKED, SEAM_HOLDS, SEAM_WRONG } state; } seam[SWEEP_LIST];
    size_t           n, seams, sorted_n, heads, head[HUNTS_MAX], stop[HUNTS_MAX]; /* runs of guess that hold */
};

struct sweep {
    struct arena       arena;
    size_t             at_once, under_way, cuts;
    bool               gentle, heard, details;
    struct hunt        hunt[HUNTS_MAX];
    size_t             hunts;
    struct order       order[SWEEP_VERSIONS];
    uint16_t           first_hunt[SWEEP_VERSIONS];
    unsigned           refused_kex[SWEEP_VERSIONS]; /* bits of enum kex */
    struct { bool asked, resent, waits; } check[CHECK_COUNT];
    struct sweep_facts facts;
};

extern const uint16_t sweep_versions[SWEEP_VERSIONS];

/* sweep_list.c: the numbers to ask about, in the order to offer them: what servers like best last, so that a pick tells whose
 * order counts. RARE ones need keys that are no certificate (PSK, SRP, Kerberos), or are known to few. */
enum candidates { CANDIDATES_USUAL, CANDIDATES_RARE, CANDIDATES_SHORT };
size_t   sweep_suites(uint16_t version, enum candidates which, uint32_t out[CANDIDATES_MAX]);
size_t   sweep_group_list(uint16_t version, uint32_t out[CANDIDATES_MAX]);
size_t   sweep_sigalg_list(uint32_t out[CANDIDATES_MAX]);
unsigned suite_place(uint32_t id); /* where servers usually put it: small is best */
unsigned suite_family(uint32_t id); /* by key exchange: 0 to FAMILIES - 1 */
enum { FAMILIES = 4 };
/* How likely it is accepted, by what is; `refused_kex`: bits of enum kex of which nothing was accepted in a list that was refused. */
unsigned suite_promise(uint32_t id, uint16_t version, const struct sweep_list *accepted, unsigned refused_kex);

/* sweep_hunt.c */
bool         list_holds(const uint32_t *list, size_t n, uint32_t v);
struct hunt *hunt_new(struct sweep *s, enum sweep_topic topic, uint16_t version, const uint32_t *list, size_t n); /* NULL: no room */
uint16_t     hunt_index(const struct sweep *s, const struct hunt *h);
bool         hunt_cut(struct sweep *s); /* one of those that wait; false: none is worth it */
bool         hunt_cut_by_family(struct sweep *s, struct hunt *h); /* false: it is one family */
bool         hunt_groups_over(const struct sweep *s); /* those of TLS 1.3 */
void         hunt_ask_short(struct sweep *s, struct hunt *h);
void         hunt_ask_others(struct sweep *s, struct hunt *h);

/* sweep_order.c */
void order_begin(struct sweep *s, size_t version); /* all hunts of it are over */
bool order_next(struct sweep *s, size_t version, struct sweep_ask *out); /* before that: seams that are there already */
void order_took(struct sweep *s, const struct sweep_ask *ask, const struct sweep_answer *a);
int  order_weakest_first(const void *a, const void *b); /* of suites, for qsort */
int  order_by_number(const void *a, const void *b);

/* sweep_check.c */
bool check_next(struct sweep *s, struct sweep_ask *out);
void check_spec(const struct sweep_facts *f, enum sweep_check c, struct hello_spec *spec, struct arena *a);

#endif
