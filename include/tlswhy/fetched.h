/* fetched.h - what the answer to a fetch (fetch.h) is worth to the client that asked: one reading, for the rules and for
 * the sums. Only what was read whole is judged; where it was not, nothing is held against anybody.
 * Owns: texts live in the arena, outside bytes in them are harmless. */
#ifndef TLSWHY_FETCHED_H
#define TLSWHY_FETCHED_H

#include "tlswhy/profile.h"
#include "tlswhy/why.h"

enum fetched {
    FETCHED_GOOD,       /* answered, and nothing speaks against it */
    FETCHED_UNREAD,     /* answered, and not read */
    FETCHED_BEYOND,     /* a good list that this client, as it comes, cannot verify */
    FETCHED_SILENT,     /* no answer */
    FETCHED_REDIRECTED, /* sent elsewhere */
    FETCHED_REFUSED,    /* 4xx, 5xx */
    FETCHED_OTHER,      /* something else in its place: a page, half a file */
    FETCHED_BAD         /* a list that does not verify by what is in it */
};
struct fetched_verdict {
    enum fetched is;
    enum blame   side;
    const char  *got; /* "and got ...": "status 407: a proxy wants a login (Negotiate)" */
};
/* `client`: who asked, where its hello tells; NULL: not known. */
void        fetched_judge(const struct fetch *f, const struct client_match *client, struct arena *a, struct fetched_verdict *out);
/* " (Microsoft-CryptoAPI/6.1: Windows itself, as the computer account)"; "" without a User-Agent. */
const char *agent_words(struct arena *a, struct bytes agent);

/* What is worth telling of a capture's fetches beside its failures. */
struct fetch_note {
    const char     *file;     /* borrowed */
    uint32_t        stream;
    uint64_t        frame;    /* of the answer, else of the request */
    struct endpoint client;
    const char     *what, *agent, *url, *got, *state, *primary; /* primary: what is wrong with a list that came, or NULL */
    int             status;
    bool            told;     /* as evidence of a handshake that failed */
};
/* False: it is good, or was not read. */
bool fetch_noted(const struct fetch *f, const char *file, struct arena *a, struct fetch_note *out);

#endif
