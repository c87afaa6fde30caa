/* attempt.h - the rooms of the prober: one attempt, from its turn to its end.
 *   prober.c   whose turn it is, and what is collected    conn.c   the socket: wire events out of it
 *   talk.c     what to say, and when enough is known      through.c the proxy before the server
 *   finish.c   going on after the server's flight, by tls12_client.c and tls13_client.c */
#ifndef TLSWHY_ATTEMPT_H
#define TLSWHY_ATTEMPT_H

#include "tlswhy/observe.h"
#include "tlswhy/probe.h"
#include "tlswhy/record.h"
#include "tlswhy/text.h"

enum state { WAITING, CONNECTING, TUNNELLING, TALKING, OVER };

/* All connections to one IP address (to several, where their hashes meet). */
struct lane {
    size_t          open;
    int64_t         next;            /* not before this moment, */
    int64_t         crowded, emptied; /* when two were open at once, when none was any more: the last time */
    struct attempt *first, *last;    /* those that wait, in order */
    unsigned        steady;          /* how often it dropped one that came alone, too */
};

/* An observer and the store that it keeps certificates in; the attempts that began with it end with it. */
struct view {
    struct observer *observer;
    size_t           users; /* attempts, and the prober while it is the current one */
};

struct attempt {
    struct prober          *prober;
    struct view            *view;
    const struct probe_ask *ask;
    struct probe_count     *count;
    uint64_t               *frames; /* counted there, or over the whole recording */
    struct lane            *lane;
    struct attempt         *behind; /* in its lane */
    struct attempt         *next, **before; /* among those that are under way, or (next) over */
    struct watch            watch;  /* and its fd, or the tunnel's; -1 = none */
    struct tunnel          *tunnel; /* through a proxy; NULL = none, or not yet */
    struct way              way;    /* how that went */
    struct inside_talk     *inside; /* a whole connection instead of a hello; NULL = not begun, or not wanted */
    enum state              state;
    int64_t                 begun, deadline;
    int                     trouble;
    struct hello_spec       spec;   /* of the hello sent last */
    struct hello_keys       keys;
    struct arena            arena;
    struct endpoint         ends[2];
    struct tcp_facts        tcp;
    void                   *slot;   /* the observer's */
    struct handshake       *h;      /* once it is over */
    uint32_t                stream;
    struct bytes            out;    /* still to be sent, */
    int64_t                 resume; /* but not before this moment */
    unsigned                secrets_told; /* to the recording: of the handshake, of the data */
    struct finishing       *finishing; /* finish.c's; NULL = not begun */
    bool                    alerted, retried, replied, crowded;
    bool                    in_dialog, reset; /* reset: the connection was, and a send was told so */
    size_t                  step;   /* of the dialog before TLS */
    struct text             heard;  /* since the last line of it was sent */
};

struct prober {
    struct view          *view;     /* of what begins now */
    struct loop          *loop;
    struct key_ring       ring;
    struct lane          *lanes;
    struct hash_key       secret;
    struct recording      *recording; /* NULL = none */
    const struct attempt *telling;  /* whose event the observer is looking at */
    struct attempt       *open, *over, *over_last;
    size_t                open_n;
    int64_t               pause;
    int                   trouble;
    struct probe_count    count;
};

/* conn.c */
void attempt_tell(struct attempt *a, enum wire_kind kind, enum side from, struct bytes b, int code);
void attempt_over(struct attempt *a);            /* tells the end, closes, and is to be collected */
void attempt_close(struct attempt *a);
void attempt_listen(struct attempt *a, bool hung_up); /* reads what is there; after a fair share others come first */
void attempt_open(struct attempt *a);            /* its turn has come */
void attempt_ready(void *attempt, unsigned what); /* the loop's call */
void attempt_stop(struct attempt *a);            /* we have seen enough, and hang up */
void attempt_give_up(struct attempt *a);
void attempt_send(struct attempt *a);            /* of what is to be sent as much as goes */
void attempt_by(struct attempt *a, int64_t moment); /* its deadline, if earlier than it is */
void endpoint_of(const struct sockaddr_storage *from, struct endpoint *out);

/* through.c */
void through_begin(struct attempt *a);           /* the connection to the proxy is open */
void through_ready(struct attempt *a);           /* the tunnel has something to do */
void through_told(const struct attempt *a, struct handshake *h);

/* inside_mbedtls.c */
struct inside_talk *inside_new(const char *host, uint16_t port, uint16_t high); /* high: the newest version, 0 = any */
/* What came goes in, what is to be sent comes out, in the arena. False: it is over. */
bool inside_hear(struct inside_talk *t, struct bytes in, struct arena *a, struct bytes *out);
void inside_told(struct inside_talk *t, struct handshake *h); /* the connection has ended: what came of it */
void inside_free(struct inside_talk *t);

/* talk.c */
void talk_begin(struct attempt *a);              /* the connection is open */
void talk_hear(struct attempt *a, struct bytes b); /* the observer has seen them */
bool talk_secrets(void *prober, const struct handshake *h, struct tls13_secrets *out);

/* finish.c */
void finish_hear(struct attempt *a, const struct handshake *h, struct bytes b); /* TLS that the observer has seen */
bool finish_reply(struct attempt *a, const struct handshake *h);  /* the flight is whole. True: we went on */
bool finish_over(struct attempt *a, const struct handshake *h);   /* after that: is enough known? May send what comes next */
bool finish_waits(const struct attempt *a);      /* the server owes us its Finished or an answer */
bool finish_secrets(const struct attempt *a, struct tls13_secrets *out);
void finish_told(const struct attempt *a, struct handshake *h);   /* it has ended: what came of it */
void finish_free(struct attempt *a);

/* prober.c */
void prober_over(struct attempt *a);             /* it has ended: to be collected */
void prober_turn(struct attempt *a);             /* it waits, and its moment may have come */
void prober_later(struct attempt *a);            /* there was no socket for it: it waits again */

#endif
