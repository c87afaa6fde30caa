/* sweep.h - all that a server accepts, as far as it was asked: what a sweep found, for renderers.
 *
 * A sweep lets the server pick and strikes out its pick until it refuses: a version with n suites takes n answers and
 * a refusal. `sweep_plan.h` says what to ask; this is what came of it.
 * Owns:   plain data; `h` of an answer is borrowed and may be NULL (a simulated server). */
#ifndef TLSWHY_SWEEP_H
#define TLSWHY_SWEEP_H

#include "tlswhy/handshake.h"

/* What came back, in short. */
enum answer_kind {
    ANSWER_NONE,    /* not asked */
    ANSWER_HELLO,   /* ServerHello or HelloRetryRequest, whatever came with it */
    ANSWER_ALERT,
    ANSWER_CLOSE,
    ANSWER_RESET,
    ANSWER_SILENCE,
    ANSWER_NOT_TLS,
    ANSWER_V2_ERROR, /* the ERROR record of SSL 2.0 */
    ANSWER_UNSENT    /* the hello was never sent: the connection did not open, or its dialog failed */
};
struct sweep_answer {
    enum answer_kind kind;
    uint16_t         version, group, sigalg; /* HELLO; group and sigalg 0 = not told */
    uint32_t         suite;
    unsigned         dh_bits;
    uint8_t          alert;
    const struct handshake *h;
};
struct sweep_answer sweep_answer_of(const struct handshake *h);
/* "alert 70 protocol_version", "close", "ServerHello TLS 1.0"; static or in buf. */
const char *sweep_answer_text(const struct sweep_answer *a, char buf[NAME_MAX_LEN]);

enum preference { PREFERENCE_UNKNOWN, PREFERENCE_CLIENT, PREFERENCE_SERVER };
const char *preference_name(enum preference p); /* "server", "client", "unknown" */

/* Numbers that the server accepts: in its order where it has one, else in that of the numbers. */
enum { SWEEP_LIST = 256 };
struct sweep_list {
    uint32_t        v[SWEEP_LIST];
    size_t          n;
    enum preference preference;
    bool            unsure; /* there may be more, which cannot be asked about apart */
};

enum { SWEEP_VERSIONS = 6 }; /* SSL 2.0, SSL 3.0, TLS 1.0 ... TLS 1.3 */
struct sweep_version {
    uint16_t            version;
    bool                accepted;
    bool                unsure;  /* the server did not answer all that was asked: there may be more */
    struct sweep_answer refusal; /* where not accepted */
    struct sweep_list   suites;
    struct sweep_list   groups, sigalgs; /* TLS 1.2 and 1.3; groups of older versions stand at the newest of them */
};

/* Single questions. Each is asked with the newest version that fits. */
enum sweep_check {
    CHECK_USUAL,        /* TLS 1.2 at most, everything that is accepted, with the name */
    CHECK_USUAL_13,
    CHECK_CERT_RSA, CHECK_CERT_PSS, CHECK_CERT_ECDSA, CHECK_CERT_EDDSA, CHECK_CERT_DSA,
    CHECK_NO_NAME, CHECK_OTHER_NAME,
    CHECK_ALPN_H2, CHECK_ALPN_HTTP11, CHECK_ALPN_OTHER,
    CHECK_DHE, CHECK_COMPRESSION, CHECK_FALLBACK,
    CHECK_GREASE, CHECK_UNKNOWN_EXTENSION, CHECK_NO_EXTENSIONS, CHECK_NEWER_VERSION, CHECK_NEWER_LIST, CHECK_BYTES_256, CHECK_LARGE,
    CHECK_RECORDS, CHECK_SEGMENTS,
    CHECK_BY_ID, CHECK_BY_ID_AGAIN,             /* sessions: a whole handshake, and then another that takes its session up: by its */
    CHECK_BY_TICKET, CHECK_BY_TICKET_AGAIN,     /* id without tickets, by a ticket, */
    CHECK_BY_TICKET_13, CHECK_BY_TICKET_13_AGAIN, /* by a ticket of TLS 1.3 */
    CHECK_COUNT
};
/* "large-hello" for JSON, "a hello of 4 KB" for people. */
const char *sweep_check_id(enum sweep_check c);
const char *sweep_check_words(enum sweep_check c);
bool        sweep_check_tolerance(enum sweep_check c); /* should be answered as if nothing were special */

/* Was a session taken up again? */
enum resumed {
    RESUMED_UNTRIED, /* not spoken, or the handshake before did not come to its end */
    RESUMED_NOTHING, /* the server gave nothing to resume with */
    RESUMED_NO,      /* it gave something, and then began from the start */
    RESUMED_YES
};

struct sweep_facts {
    struct sweep_version version[SWEEP_VERSIONS];
    struct sweep_answer  check[CHECK_COUNT];
    unsigned             connections, suite_connections; /* in all; for versions, suites and their order */
    int64_t              ns, suite_ns;                   /* how long that took */
};

/* Is the protocol that the server chose one of those offered? Clients of today leave where it is not. */
bool sweep_alpn_kept(const struct handshake *h);
/* Highest accepted up to `most`; NULL: none. */
const struct sweep_version *sweep_best(const struct sweep_facts *f, uint16_t most);
enum resumed sweep_resumed(const struct sweep_facts *f, enum sweep_check again); /* CHECK_BY_..._AGAIN */
/* Did this special hello get the answer that an ordinary one gets? False as well where it was not asked. */
bool sweep_tolerated(const struct sweep_facts *f, enum sweep_check c);

#endif
