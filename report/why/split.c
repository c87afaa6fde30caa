/* split.c - the pure planner behind probe --record-split. */
#include "tlswhy/split.h"

#include "say.h"

enum { TLS_1_0 = 0x0301 };

const char *split_words(enum split_step s)
{
    static const char *const words[] = {
        [SPLIT_DATA] = "with the request split, 1 byte and the rest", [SPLIT_DATA_AGAIN] = "with the request split, once more",
        [SPLIT_HELLO] = "with the hello over several records", [SPLIT_HELLO_AGAIN] = "with the hello over several records, once more",
        [SPLIT_WHOLE_AGAIN] = "whole, once more", [SPLIT_DONE] = NULL
    };
    return words[s];
}

/* ---- what is compared */

static bool finished(const struct handshake *h) { return h->outcome == OUTCOME_ESTABLISHED; }
static bool answered(const struct handshake *h) { return finished(h) && h->inside != NULL && h->inside->line.n != 0; }
static bool alike(const struct handshake *a, const struct handshake *b) { return answered(a) && answered(b) && a->inside->status == b->inside->status; }
static bool took_hello(const struct handshake *h) { return knows(h, KNOW_SERVER_HELLO); }

/* Other versions and modes have no weakness that a split would help against. */
static bool split_matters(const struct handshake *h)
{
    const struct suite *s = suite_of(h->answer.suite);
    return handshake_version(h) == TLS_1_0 && s != NULL && s->cbc;
}

static const struct handshake *tried(const struct split_tried *t, size_t n, enum split_step step)
{
    for (size_t i = 0; i < n; i++)
        if (t[i].step == step)
            return t[i].h;
    return NULL;
}

enum split_step split_next(const struct split_tried *t, size_t n)
{
    const struct handshake *whole = t[0].h, *last = t[n - 1].h;
    switch (t[n - 1].step) {
    case SPLIT_WHOLE: return !finished(whole) ? SPLIT_DONE : split_matters(whole) && answered(whole) ? SPLIT_DATA : SPLIT_HELLO;
    case SPLIT_DATA: return alike(whole, last) ? SPLIT_HELLO : SPLIT_DATA_AGAIN;
    case SPLIT_DATA_AGAIN: return alike(whole, last) ? SPLIT_HELLO : SPLIT_WHOLE_AGAIN;
    case SPLIT_HELLO: return took_hello(last) ? SPLIT_DONE : SPLIT_HELLO_AGAIN;
    case SPLIT_HELLO_AGAIN: return took_hello(last) ? SPLIT_DONE : SPLIT_WHOLE_AGAIN;
    default: return SPLIT_DONE;
    }
}

/* ---- what it proves */

static const char *what_came(const struct case_file *c)
{
    const struct handshake *h = c->h;
    struct ending           e = ending_of(h);
    if (answered(h))
        return h->inside->status != 0 ? WORDS(c, "it answers HTTP %d", h->inside->status) : "it answers something that is no HTTP";
    return e.how != END_NONE ? ending_words(c, &e) : "no answer comes";
}

static const struct handshake *fault(const struct split_tried *t, size_t n, enum split_step step, const struct peers *others, struct arena *a,
                                     struct finding *f)
{
    const struct handshake *whole = t[0].h, *again = tried(t, n, SPLIT_WHOLE_AGAIN), *h = tried(t, n, step);
    const struct case_file  c = { .h = h, .others = others, .arena = a };
    bool                    data = step == SPLIT_DATA_AGAIN, still = again != NULL && (data ? alike(whole, again) : took_hello(again));
    *f = (struct finding){ .rule = "asked-split", .cause = "record-split" };
    say(&c, f, BLAME_SERVER, still ? CERTAIN : POSSIBLE,
        still ? "asked twice each way: whole it works, split it does not" : "asked whole once more, it did not work either",
        data ? WORDS(&c, "The server answers a request in one record%s. With its first byte in a record of its own (1/n-1, the split that clients make "
                         "against BEAST) %s.",
                     whole->inside->status != 0 ? WORDS(&c, " with HTTP %d", whole->inside->status) : "", what_came(&c))
             : WORDS(&c, "The server answers a ClientHello in one record. Where the same comes over several records, which is allowed, %s.", what_came(&c)));
    cite_elsewhere(&c, f, whole->stream, data ? whole->side[SERVER].first_app.frame : whole->answer.where.frame, data ? "application_data" : "server_hello",
                   WORDS(&c, "attempt %u", whole->stream), "whole: answered");
    finding_complete(&c, f);
    return h;
}

const struct handshake *split_explain(const struct split_tried *t, size_t n, const struct peers *others, struct arena *a, struct finding *f)
{
    const struct handshake *whole = t[0].h, *data = tried(t, n, SPLIT_DATA_AGAIN), *hello = tried(t, n, SPLIT_HELLO_AGAIN);
    if (!finished(whole))
        return NULL;
    if (data != NULL && !alike(whole, data))
        return fault(t, n, SPLIT_DATA_AGAIN, others, a, f);
    if (hello != NULL && !took_hello(hello))
        return fault(t, n, SPLIT_HELLO_AGAIN, others, a, f);
    f->why = arena_printf(a, "%s %s", f->why,
                          !split_matters(whole) ? "It takes a hello over several records; the 1/n-1 split is for CBC suites of TLS 1.0 and was not compared."
                          : !answered(whole)    ? "It takes a hello over several records; it answers no HTTP request at all, so the 1/n-1 split could not be compared."
                                                : "It takes a hello over several records, and answers a request alike with and without the 1/n-1 split.");
    return NULL;
}
