/* sweep_plan.h - what to ask of a server to learn all that it accepts. Pure: answers in, the next hellos (as data) out.
 *
 *     struct sweep *s = sweep_new(8);
 *     while ((n = sweep_next(s, asks, 8)) > 0)          any number may be under way
 *         for each: sweep_spec() makes the hello, sweep_took() takes the answer, in whatever order they come
 *     facts = sweep_facts(s)
 *
 * Rules that servers taught:
 * - A ServerHello of a lower version is an answer to another question, and a refusal of this one.
 * - Close, reset, silence and internal_error(80) may come of one bad suite (DHE without parameters): what is left is asked
 *   again a key exchange family at a time. After another alert a refused version is asked once more with a short
 *   list, that holds what long lists lack (PSK): some servers do not take long ones.
 * - A hello that could not be sent is asked once more, alone and after a pause (sweep_gentle).
 * - Lists are cut where there is room for more questions at once: a part costs one refusal more, and saves rounds.
 *   Where the server has an order of its own the parts' orders are then put together by asking about their ends. */
#ifndef TLSWHY_SWEEP_PLAN_H
#define TLSWHY_SWEEP_PLAN_H

#include "tlswhy/hello.h"
#include "tlswhy/sweep.h"

enum sweep_topic {
    TOPIC_SUITES,   /* which of these? the first question of a version is whether it is spoken at all */
    TOPIC_ORDER,    /* accepted ones: which first? */
    TOPIC_REVERSED, /* the same, in the opposite order */
    TOPIC_GROUPS, TOPIC_SIGALGS, TOPIC_CHECK
};

struct sweep_ask {
    enum sweep_topic topic;
    uint16_t         version;
    struct u32s      list;    /* in the order to offer: suites, or groups or signature algorithms by topic. Borrowed from the
                               * sweep until its answer is taken */
    enum sweep_check check;   /* TOPIC_CHECK */
    size_t           about;   /* private to the planner */
};

struct sweep;
struct sweep *sweep_new(size_t at_once); /* how many questions may be under way; 1: as few as possible */
void          sweep_free(struct sweep *s);
/* Up to `room` more questions. 0 with none under way: there is nothing left to ask. */
size_t        sweep_next(struct sweep *s, struct sweep_ask *out, size_t room);
void          sweep_took(struct sweep *s, const struct sweep_ask *ask, const struct sweep_answer *answer);
bool          sweep_gentle(const struct sweep *s);      /* the server does not take many connections: one at a time */
bool          sweep_suites_over(const struct sweep *s); /* versions, suites and orders are known */
const struct sweep_facts *sweep_facts(const struct sweep *s);

/* The hello of a question, for a server of this name (p NULL = none). Lists are in the arena or the sweep. */
struct hello_spec sweep_spec(const struct sweep *s, const struct sweep_ask *ask, struct bytes name, struct arena *a);
/* Is the ServerHello all that is wanted? Else the certificate, or what is signed, is read, too. */
bool sweep_ask_hello_only(const struct sweep_ask *ask);
/* Is the handshake to be finished, for its session? */
bool sweep_ask_whole(const struct sweep_ask *ask);
/* Is the hello to be sent in TCP segments with a pause between them? */
bool sweep_ask_in_segments(const struct sweep_ask *ask);
/* Is it of interest whether the server insists on a client certificate? */
bool sweep_ask_client_certificate(const struct sweep_ask *ask);

#endif
