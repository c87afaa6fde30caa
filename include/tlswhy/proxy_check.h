/* proxy_check.h - what a proxy does to TLS: what was seen when origins of all kinds were asked for through it goes in; what it is, a
 * result for each test and two grades come out. Pure: who asks and who serves is cmd's business.
 *
 * A question is one connection through the proxy. Where the origin is a server of the lab, it tells what arrived there; where it is
 * somebody else's server, the same question asked directly is what an answer is held against.
 * Grades: A, B, C, F; each test says what its result costs, the worst counts, and '\0' is "not graded".
 * Owns:   facts are borrowed; what is judged lives in the arena. */
#ifndef TLSWHY_PROXY_CHECK_H
#define TLSWHY_PROXY_CHECK_H

#include "tlswhy/handshake.h"
#include "tlswhy/report.h"

enum proxy_question {
    /* one HTTP request inside a whole connection (TLS 1.2 at most) */
    ASK_GOOD, ASK_CLOSED, ASK_EXPIRED, ASK_EARLY, ASK_NAME, ASK_SELF_SIGNED, ASK_UNTRUSTED, ASK_ALONE, ASK_NOT_A_CA, ASK_CRITICAL, ASK_USAGE, ASK_SHA1,
    ASK_MD5, ASK_RSA_1024, ASK_REVOKED, ASK_TLS10, ASK_TLS11, ASK_CLIENT_CERT, ASK_RESET, ASK_ALERT, ASK_SILENT,
    /* one ClientHello */
    ASK_TLS13, ASK_LARGE, ASK_SEGMENTS, ASK_PAUSE, ASK_GREASE, ASK_UNKNOWN_EXT, ASK_VERSION_0304, ASK_RECORDS, ASK_CUT_NAME, ASK_SIZE, ASK_NO_NAME,
    ASK_OTHER_NAME, ASK_OLD_CLIENT, ASK_H2, ASK_COUNT
};

struct proxy_fact {
    const char             *skip;     /* why it was not asked; NULL = it was, or it will be */
    const struct handshake *h;        /* through the proxy; NULL = not answered yet */
    const struct handshake *direct;   /* without it; NULL = not asked */
    /* the lab's: what arrived at the origin */
    bool                       arrived, requested; /* any connection; our HTTP request */
    const struct client_hello *upstream; /* the last hello; NULL = none */
    bool                       forwarded; /* one of them was ours: same random */
    bool                       edited;    /* and something else in it was not as it was sent */
};

enum { PROXY_SCHEMES_MAX = 4, PROXY_FETCHES_MAX = 8 };
struct proxy_login { /* one way to log on, tried alone */
    const char *scheme;
    bool        worked;
};
struct proxy_fetch { /* as the Windows computer account: no login */
    const char  *url;
    int          status;   /* 0 = no answer: `trouble` says why */
    const char  *trouble;
    struct bytes schemes;  /* of a 407: Proxy-Authenticate, outside bytes */
};

struct proxy_facts {
    const char *url;        /* never with a login */
    const char *target;     /* HOST:PORT; NULL = the lab */
    bool        clear;      /* what is said to the proxy, passwords too, can be read on the way */
    bool        relay;      /* no proxy protocol: connections are taken over */
    bool        ca_given;   /* the anchors that certificates were judged by are the user's own */
    bool        login_given;
    bool        interrupted;
    struct proxy_fact  ask[ASK_COUNT];
    struct proxy_login logins[PROXY_SCHEMES_MAX];
    size_t             login_n;
    struct proxy_fetch fetches[PROXY_FETCHES_MAX];
    size_t             fetch_n;
    const char        *no_fetches; /* why none was made; NULL */
    unsigned           status_fetches; /* how often the lab's CRL or OCSP answers were fetched by the proxy */
};

enum proxy_is { PROXY_FORWARDER, PROXY_INTERCEPTOR, PROXY_REFUSES, PROXY_AUTHENTICATES, PROXY_BROKEN, PROXY_UNKNOWN };
enum proxy_grade { GRADE_SECURITY, GRADE_COMPATIBILITY, GRADES };
enum test_result { TEST_SKIP, TEST_PASS, TEST_FAIL };

enum { PROXY_TESTS = 34 };
struct proxy_test {
    const char      *id, *name; /* "T4", "expired certificate" */
    enum test_result result;
    const char      *detail;    /* a clause; escaped */
    char             costs[GRADES]; /* the best grade that is left; '\0' = it says nothing about that */
    bool             decides[GRADES];
};
struct proxy_check {
    const struct proxy_facts *of;
    enum proxy_is      kind;
    const char        *why;          /* one sentence; escaped */
    const struct cert *shown;        /* what the proxy shows for a sound origin; NULL = it shows none of its own */
    const struct cert *ca;           /* who signed it, where that was sent along */
    const char        *ca_name;      /* escaped; NULL = no interception */
    bool               trusts_lab;   /* a sound origin of the lab's is taken */
    char               grade[GRADES];
    const char        *let_through[16]; /* bad origins that the client cannot tell from good ones */
    size_t             let_n;
    struct proxy_test  tests[PROXY_TESTS];
};

void        proxy_judge(const struct proxy_facts *p, struct arena *a, struct proxy_check *out);
const char *proxy_is_name(enum proxy_is k); /* "forwarder" */
const char *proxy_test_name(size_t i, const char **id); /* NULL past the last */

/* A failure was found: neither forwards nor intercepts, or a grade of C or F. */
bool proxy_failed(const struct proxy_check *c);

struct pac;
void proxy_text(struct text *out, const struct report_options *o, const struct proxy_check *c, const struct pac *pac);
void proxy_json(struct text *out, const struct proxy_check *c, const struct pac *pac);
void proxy_html(struct text *out, const struct proxy_check *c, const struct pac *pac); /* a page of its own */

#endif
