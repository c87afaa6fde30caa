/* plan.h - telling a cause by differential hellos: what to ask next of a server that refused a hello, and what the answers
 * prove. Pure: handshakes in, the next change (as data) or a finding out; who makes the hellos is somebody else's business.
 *
 * Each hello is the first one with one thing changed. As soon as one is answered, that thing is the cause; `CHANGE_WIDE`
 * changes everything at once, and then what the server picked of it tells. What comes with an answer by accident is
 * asked about once more: a hello that adds a newer version adds what that version needs. And where no alert names the
 * cause, several servers behind one address, or a bad moment, would look the same: the change is asked for again and the
 * first hello twice, so that servers that take turns give themselves away. */
#ifndef TLSWHY_PLAN_H
#define TLSWHY_PLAN_H

#include "tlswhy/why.h"

enum change {
    CHANGE_NONE,
    CHANGE_VERSIONS,  /* SSL 3.0 to TLS 1.3 are offered */
    CHANGE_SUITES,    /* every cipher suite of those versions */
    CHANGE_SIGALGS,   /* every signature algorithm */
    CHANGE_GROUPS,    /* every group */
    CHANGE_FORMAT,    /* the hello of SSL 2.0's format as one of TLS */
    CHANGE_NO_ALPN,
    CHANGE_NO_SNI,
    CHANGE_WIDE,      /* versions, suites, signature algorithms and groups at once, no ALPN */
    CHANGE_SMALL,     /* without X25519MLKEM768: fits into one packet */
    CHANGE_NO_TLS13,  /* TLS 1.2 at most, as if newer versions did not exist */
    CHANGE_OLDEST,    /* TLS 1.0 at most, every suite */
    CHANGE_SAME_VERSIONS, /* CHANGE_WIDE, but for the versions: are they really what was missing? */
    CHANGE_CONFIRM,   /* the change that was answered, again: is it always? */
    CHANGE_REPEAT,    /* nothing at all: was it chance? */
    CHANGE_REPEAT_2,  /* and again: two servers that take turns would have failed and answered in step */
    CHANGE_RENEGO,    /* secure renegotiation (RFC 5746) is signalled */
    CHANGE_BARE,      /* no extension but those that say what is offered and for whom */
    CHANGE_ALL_OF_12, /* TLS 1.2 at most and every suite: those with a shared key (PSK) are of no use beside TLS 1.3 */
    CHANGE_SIGNED,    /* no RSA key exchange, but one that the server signs: after one that it could not read */
    CHANGE_COUNT
};
const char *change_words(enum change c); /* "with SSL 3.0 to TLS 1.3 offered" */

struct tried {
    const struct handshake *h;
    enum change             change; /* CHANGE_NONE: the hello that the question is about; the first */
};

/* The next change to try, or CHANGE_NONE where the answer is there or no hello would tell more. */
enum change plan_next(const struct tried *t, size_t n);

/* The server had the whole hello and gave no TLS answer to it but an alert or its leaving. */
bool plan_refused(const struct handshake *h);

/* The change that CHANGE_CONFIRM asks for. */
enum change plan_confirmed(const struct tried *t, size_t n);

/* One that is answered unchanged after the first was refused: chance, or not the same server. NULL: none. */
const struct handshake *plan_bad_moment(const struct tried *t, size_t n);

/* What the answers prove about the first; false: nothing that why_explain would not say. `modern`: the first hello was what
 * current clients send, so that a server that refuses it is the one behind. */
bool plan_explain(const struct tried *t, size_t n, bool modern, const struct peers *others, struct arena *a, struct finding *out);

#endif
