/* verdicts_parts.h - inside of the verdicts: verdicts.c takes handshakes of an input that has an end, verdicts_live.c of one that has
 * none; verdicts_judge.c asks of each what the rules need, verdicts_sums.c counts what they said. */
#ifndef TLSWHY_VERDICTS_PARTS_H
#define TLSWHY_VERDICTS_PARTS_H

#include "asked.h"
#include "held.h"
#include "proven.h"
#include "verdicts.h"

enum { MATCHES = 1024 };

/* Clients looked up before: the same hello comes again and again, and looking it up costs. */
struct match {
    uint64_t                   hello_hash; /* 0 = free */
    const struct client_match *client;
};

struct verdicts {
    struct verdict_options o;
    struct cert_store  *store;
    struct anchors      anchors;
    bool                anchors_tried, anchors_there, trouble;
    struct peers       *peers;      /* of this input, */
    struct hosts       *hosts;      /* of this one or the last */
    struct group_table *groups;
    struct summary      sum;
    struct text         out;
    size_t              whole;      /* bytes of `out` that are whole verdicts: these are written when memory runs out */
    struct last_act     last;
    struct html        *page;       /* with --html */
    const char         *file;
    bool                file_named; /* its heading was written */
    struct held         held;
    uint64_t            gaps;       /* connections of this input with missing bytes */
    int64_t             last_ns;    /* of the capture so far */
    char                incomplete[128];
    struct stream_set   failed;     /* of this input */
    struct remarks      remarks;
    struct arena        remark_text, lists; /* lists: root lists of this input, judged */
    struct arena        note_text;          /* of sum.notes */
    struct match        matches[MATCHES];
    struct arena        arena;      /* of the matches */
    struct proven       proven;
    struct live_verdicts *live;     /* NULL: the input has an end */
    struct handshake    room;       /* for one that never opened */
    struct asked       *asked;      /* this input is a probe's recording; NULL = it is none */
    struct anchors      probes;     /* of its client, which was this program: borrows from `anchors` */
    const struct mark  *asking;     /* what the handshake in hand was made for; NULL = seen by chance */
};

/* Explains, counts, and writes it where it is to be told; *f is what was found (its cause and side alone, where that is all that
 * counts: the rest is left as it was). False: it is none of our business. */
bool verdict_settle(struct verdicts *v, struct handshake *h, struct finding *f);
/* The same where *f was found already. */
void verdict_tell(struct verdicts *v, struct handshake *h, struct finding *f);
void verdict_flush(struct verdicts *v);
void verdict_write(struct verdicts *v, struct handshake *h, const struct finding *f);
void verdict_fetches(struct verdicts *v, bool last); /* judges root lists that came; before their facts go, notes what is worth it */

/* ---- verdicts_judge.c ---- */
const struct anchors *verdict_anchors(struct verdicts *v); /* read at the first call; NULL: none at hand */

/* ---- verdicts_sums.c ---- */
bool verdict_is_ignored(const struct verdicts *v, const char *cause);
/* Counts it; true where it is to be told in full. Of the finding the cause is enough, but with remember_failed. */
bool verdict_sum_up(struct verdicts *v, const struct handshake *h, struct finding *f);
/* A finding that was counted is replaced by another. */
void verdict_recount(struct verdicts *v, const struct handshake *h, const struct finding *was, const struct finding *is);
/* What an input came to goes into the sums. */
void verdicts_add_up(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows);

/* ---- verdicts_asked.c ---- */
void asked_settle(struct verdicts *v); /* all that is held, of a probe's recording */

/* ---- verdicts_live.c ---- */
void live_take(struct verdicts *v, struct handshake *h); /* not plainly good; now owned */
void live_neighbour(struct verdicts *v, const struct handshake *h); /* each one, good or bad */
void live_good(struct verdicts *v, const struct handshake *h);      /* plainly good, or none of our business */
void live_doubt(const struct verdicts *v, const struct handshake *h, struct finding *f); /* lower what packets that were lost could change */
void live_end(struct verdicts *v); /* all that waits is told */
void live_free(struct live_verdicts *l);

#endif
