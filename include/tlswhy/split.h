/* split.h - does a server take what is split over records? The 1/n-1 split of requests, an answer to BEAST that clients make with
 * CBC suites of TLS 1.0, and a ClientHello over several records (RFC 8446 section 5.1). Pure: handshakes in, the next question or a
 * finding out; who makes the handshakes is somebody else's business.
 *
 * What works whole and fails split is asked once more both ways before it is called proven. */
#ifndef TLSWHY_SPLIT_H
#define TLSWHY_SPLIT_H

#include "tlswhy/why.h"

enum split_step {
    SPLIT_WHOLE,       /* the first: hello and request in one record each */
    SPLIT_DATA,        /* the request's first byte in a record of its own */
    SPLIT_DATA_AGAIN,
    SPLIT_HELLO,       /* the hello over several records */
    SPLIT_HELLO_AGAIN,
    SPLIT_WHOLE_AGAIN, /* does it still work? */
    SPLIT_DONE
};
struct split_tried {
    const struct handshake *h; /* h->inside: what became of the request */
    enum split_step         step;
};
const char     *split_words(enum split_step s); /* what is changed; NULL = nothing */
enum split_step split_next(const struct split_tried *t, size_t n);

/* Gives the handshake that shows the fault, and the finding about it. NULL: there is none; what was compared is added to what
 * `f` says about the first. */
const struct handshake *split_explain(const struct split_tried *t, size_t n, const struct peers *others, struct arena *a, struct finding *f);

#endif
