/* proxy_run.h - the rooms of `tlswhy proxy`: options, what is asked, the lab and the run, what Windows fetches. */
#ifndef TLSWHY_CMD_PROXY_RUN_H
#define TLSWHY_CMD_PROXY_RUN_H

#include "tlswhy/pac.h"
#include "tlswhy/proxy_check.h"
#include "tlswhy/serve.h"
#include "probe_parts.h"

struct check_options {
    struct report_options report;
    struct proxy_options  proxy;
    struct target         target;        /* text "": the lab */
    char                  relay[256];    /* tcp://HOST: connections are taken over there, port by port; "" = a proxy */
    const char           *html, *ca, *listen, *root, *pac;
    const char           *names[SERVE_NAMES_MAX], *fetches[PROXY_FETCHES_MAX];
    size_t                name_n, fetch_n;
    uint16_t              port;          /* of the first origin; 0 = free ones */
    int64_t               timeout_ns;
    bool                  json;
};

/* ---- proxy_ask.c: what is asked */

/* The lab's case for it, its name for people. */
const char *question_case(enum proxy_question q);
const char *question_words(enum proxy_question q);
bool        question_fits_target(enum proxy_question q); /* can it be asked of somebody else's server? */
/* Fills spec, inside and the rest of what is asked; where it goes is the caller's. `host` is the origin's name or address. False:
 * it cannot be asked, `skip` says why. */
bool        question_put(enum proxy_question q, const char *host, int64_t timeout_ns, struct probe_ask *ask, struct arena *a, const char **skip);

/* ---- proxy_lab.c: the origins */

struct lab_origins {
    struct serve *serve;
    uint16_t      port[ASK_COUNT], web;
    struct client_hello *hello[ASK_COUNT]; /* the last that arrived; NULL = none */
    struct bytes         randoms[ASK_COUNT][4], raws[ASK_COUNT][4]; /* of the first that arrived */
    size_t               hellos[ASK_COUNT];
    bool                 arrived[ASK_COUNT], requested[ASK_COUNT];
    unsigned             status_fetches;
    const char          *cannot[ASK_COUNT]; /* why it is not there; NULL */
};
/* Starts them in a process of their own. False: trouble was said. */
bool lab_open(struct lab_origins *l, const struct check_options *o);
/* Takes what they saw, waiting at most so long for something. False: nothing came. */
bool lab_take(struct lab_origins *l, int64_t wait_ns, struct arena *a);
void lab_tell(const struct lab_origins *l, enum proxy_question q, struct proxy_fact *f); /* f->h is there */
void lab_close(struct lab_origins *l);

/* ---- proxy_windows.c: as the computer account, and what a configuration file names */

void fetch_as_windows(const struct check_options *o, const struct lab_origins *l, struct proxy_facts *p, struct arena *a);
/* Reads --pac. False: trouble was said. *body is to be freed when `out` is no longer needed. */
bool pac_open(const struct check_options *o, struct pac *out, uint8_t **body);

/* ---- proxy_run.c */

extern volatile bool check_ended; /* the user wants to see what is known */
int check_run(const struct check_options *o);

#endif
