/* Connections that end by the clock: needed where the input has no end. */
#include "flows_parts.h"

#include "tlswhy/text.h"

/* In how many calls the whole table is looked at, and how much of it at least in one. */
enum { ROUND = 20, AT_LEAST = 1024 };
#define SYN_PATIENCE  (10 * NS_PER_S)   /* after the last SYN: Windows has given up by then, Linux waits longer and longer */
#define OPEN_PATIENCE (300 * NS_PER_S)  /* opened, and nobody says a word: browsers open connections in advance */
#define UDP_PATIENCE  (60 * NS_PER_S)
#define OVER_PATIENCE (60 * NS_PER_S)   /* how long an ended connection's tuple is known, */
#define BUSY_PATIENCE (3600 * NS_PER_S) /* and one's that may go on, of which nothing more is wanted */

static struct patience patience_with(const struct flow *flow, flow_patience *ask)
{
    if (flow->done)
        return (struct patience){ flow->silent == SILENT_FOR_GOOD ? BUSY_PATIENCE : OVER_PATIENCE, true };
    if (flow->slot != NULL)
        return ask(flow->slot);
    if (flow->proto != PROTO_TCP)
        return (struct patience){ UDP_PATIENCE, true };
    return (struct patience){ flow->conn == NULL ? SYN_PATIENCE : OPEN_PATIENCE, false };
}

static void look_at(struct flows *f, struct flow *flow, flow_patience *ask)
{
    struct patience p = patience_with(flow, ask);
    int64_t         silence = 0;
    bool            leaves = flow->done || flow->proto != PROTO_TCP;
    if (flow->detached || (flow->lingering && p.ns > 0) || __builtin_sub_overflow(f->now, flow->last_ns, &silence) || silence < p.ns)
        return;
    bool cut = p.ns < 0 && !p.last_word; /* it is wanted out of the way, not silent */
    if (flow->conn != NULL && p.ns >= 0)
        flow->conn->facts.silence = silence;
    f->facts.evicted += cut;
    conn_end_early(f, flow, cut);
    flow->silent = p.last_word ? SILENT_FOR_GOOD : SILENT_SO_FAR;
    if (leaves)
        conn_leave(f, flow);
}

size_t flows_rounds(const struct flows *f) { return f->table.n / (f->table.n / ROUND + AT_LEAST) + 1; }

void flows_quiet(struct flows *f, int64_t now, flow_patience *ask)
{
    flows_spend(f);
    f->last = NULL;
    f->now = now;
    conns_linger_out(f);
    size_t n = f->table.n / ROUND + AT_LEAST;
    for (size_t i = 0; i < n && i < f->table.n; i++) {
        struct flow *flow = flow_at(&f->table, f->quiet_sweep++ % f->table.n);
        if (flow != NULL)
            look_at(f, flow, ask);
    }
}

void flows_clock_set(struct flows *f, int64_t by)
{
    for (size_t i = 0; i < f->table.n; i++) {
        struct flow *flow = flow_at(&f->table, i);
        if (flow != NULL && __builtin_add_overflow(flow->last_ns, by, &flow->last_ns))
            flow->last_ns = f->now;
    }
}
