/* proxy_parts.h - what the files that judge a proxy share: what became of one question, and who answered it. */
#ifndef TLSWHY_PROXY_PARTS_H
#define TLSWHY_PROXY_PARTS_H

#include "tlswhy/proxy_check.h"

struct proxy_judging {
    const struct proxy_facts *p;
    struct proxy_check       *c;
    struct arena             *a;
};

/* What becomes of a client that asks for a bad origin. */
enum fate {
    FATE_NONE,      /* not asked, or not answered yet */
    FATE_FORWARDED, /* its hello arrived as it was: it looks for itself */
    FATE_REACHED,   /* its request arrived there, and it was shown nothing wrong */
    FATE_SEEN,      /* what it was shown is wrong, too */
    FATE_PAGE,      /* it was shown nothing wrong, and got an answer that is not the origin's, or none */
    FATE_CUT        /* it got no connection */
};
enum fate   fate_of(const struct proxy_judging *j, enum proxy_question q);
/* "503 Service Unavailable", "closed without an answer": what came instead of the origin's answer. Escaped. */
const char *inside_words(const struct proxy_judging *j, const struct handshake *h);
/* How a hello ended that got no ServerHello: "reset", "silence", "alert internal_error"... Escaped. */
const char *end_words(struct arena *a, const struct handshake *h);
bool        answered(const struct handshake *h); /* by a ServerHello or a HelloRetryRequest */
bool        tunnel_opened(const struct handshake *h);
void        judge_kind(const struct proxy_judging *j); /* fills kind, why, shown, ca */
void        judge_tests(const struct proxy_judging *j);

/* ---- of one test */
void        test_is(struct proxy_test *t, enum test_result r, const char *detail);
void        test_costs(struct proxy_test *t, enum proxy_grade g, char best); /* the worst of what it is told stays */
bool        intercepts(const struct proxy_judging *j);
const char *left_out(const struct proxy_judging *j, enum proxy_question q); /* why there is no answer to it */
void        judge_bad_origins(const struct proxy_judging *j, struct proxy_test tests[PROXY_TESTS]);
void        judge_old_origin(const struct proxy_judging *j, struct proxy_test *t);
void        judge_offer(const struct proxy_judging *j, struct proxy_test *t);

#endif
