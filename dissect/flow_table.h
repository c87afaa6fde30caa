/* flow_table.h - inside of the flow layer: tuples and their connections.
 *
 * A `flow` is a tuple of addresses and ports and what a bare SYN leaves behind; it stays for the whole input, so
 * that a late packet finds its stream number. A `conn` is what a connection with an answer or payload needs, and
 * is freed when it ends; where very many are open, one that has hardly begun has a few `early` segments in its place. */
#ifndef DISSECT_FLOW_TABLE_H
#define DISSECT_FLOW_TABLE_H

#include "tlswhy/wire.h"

struct piece { /* out-of-order payload, waiting for what comes before it */
    struct piece *next;
    uint64_t      at;
    struct place  seen;
    size_t        len;
    uint8_t      *bytes; /* behind the struct; NULL = not wanted, only counted */
};

struct tcp_side {
    bool          based;      /* next_seq is known */
    bool          guessed;    /* ... from what the other side acknowledged only */
    bool          held;       /* the queue holds a SYN's payload that waits for the answer to the SYN */
    uint32_t      next_seq;   /* sequence number of the byte at `next` */
    uint64_t      next;       /* bytes of this side given, or declared lost */
    uint64_t      given;      /* offset up to which events were taken */
    uint64_t      skip_to;    /* below this offset nothing is wanted */
    struct piece *queue;      /* by offset */
    size_t        queued;     /* payload bytes in it */
    unsigned      waits;      /* packets that have passed since a hole was acknowledged */
    uint64_t      sent;       /* how much of this side's stream its own empty segments say was sent */
    uint32_t      acked_seq;  /* what the other side acknowledged last */
    uint16_t      last_id;    /* IP id of the last data segment: a mirror port's copy has the same */
    bool          fin, fin_given;
    uint64_t      fin_at;
    struct place  fin_place;
    struct segment fin_seg;
};

struct conn {
    struct tcp_facts facts;
    struct tcp_side  side[2];
    bool             open_given, close_only, rst;
    bool             rst_listed; /* lingers among those that were reset */
    bool             beyond_syn; /* there was more than the client's SYNs */
    bool             spared;     /* when memory was short, since its last packet */
    int64_t          over_since; /* ns of the close of both sides, or RST; 0 = still open */
    struct flow     *flow;
    struct conn     *before_over, *next_over; /* list of connections that linger, or that events still borrow */
};

enum { FRAME_BITS = 48 };
#define FRAMES ((UINT64_C(1) << FRAME_BITS) - 1) /* as many can be counted: years of them */

enum silence { SILENT_NOT, SILENT_SO_FAR, SILENT_FOR_GOOD };

/* There may be a million, so they are kept small; what each packet needs comes first. */
struct flow {
    struct endpoint ends[2]; /* by enum side */
    struct conn    *conn;
    union {
        void         *slot;  /* the observer's */
        struct early *early; /* while it waits, which is before any event (flow_early.c) */
    };
    int64_t  last_ns;
    uint64_t last_frame : FRAME_BITS;
    uint64_t done : 1; /* its connection has ended: late packets are only counted */
    uint64_t waits : 1;
    uint64_t refused : 1, told : 1; /* never opened, and that was said */
    uint64_t lingering : 1, detached : 1;
    uint64_t silent : 2;   /* enum silence: it was ended because nothing came any more */
    uint64_t has_base : 2; /* bits by side: base[] is known */
    uint64_t : 0;
    uint64_t syn_frame : FRAME_BITS, syns : 16;
    int64_t  syn_ns;
    uint32_t stream;
    uint32_t base[2]; /* first sequence number of a side: what tells a new SYN from a repeated one */
    struct {
        uint16_t ip_id, window, mss;
        uint8_t  ttl, flags, options;
    } syn; /* its segment */
    uint8_t proto;
};
_Static_assert(sizeof(struct flow) <= 112, "a bare SYN is small");

struct flow_table {
    uint64_t      key[4];
    struct cell { /* open addressing, a power of two */
        uint32_t tag, number; /* hash of the tuple; number + 1 of the flow, 0 = free */
    }            *cell;
    size_t        cells;
    struct flow_chunk {
        struct flow *flow; /* they stand still; NULL = all of the chunk's have ended */
        size_t       free; /* records that wait for another use */
    }            *chunk;
    size_t        chunks;
    size_t        n;       /* flows made */
    uint32_t     *free_list;
    size_t        free_n, free_cap;
    size_t        used;
    struct flow  *last;    /* looked at first: the one found last, as packets of a connection often follow each other, or a guess */
};

/* The flow of these two ends, in either order; `from` tells which end `src` is. NULL with add false: none. */
struct flow *flow_find(struct flow_table *t, const struct endpoint *src, const struct endpoint *dst, uint8_t proto, bool add,
                       enum side *from, bool *fresh);
/* The same where the hash of the ends is known. */
uint32_t     flow_hash(const struct flow_table *t, const struct endpoint *src, const struct endpoint *dst, uint8_t proto);
struct flow *flow_find_hashed(struct flow_table *t, uint32_t hash, const struct endpoint *src, const struct endpoint *dst, uint8_t proto, bool add,
                              enum side *from, bool *fresh);
/* In good time: where flow_find will look; and then what it is likely to find there (NULL: nothing), which is for asking memory for. */
void               flow_look_ahead(const struct flow_table *t, uint32_t hash);
struct flow       *flow_guess(const struct flow_table *t, uint32_t hash);
struct flow *flow_at(const struct flow_table *t, size_t i); /* 0 .. n - 1; NULL: evicted */
/* Two steps out: no packet finds it any more; the record of this number may be used for another. */
uint32_t     flow_detach(struct flow_table *t, struct flow *f);
void         flow_release(struct flow_table *t, uint32_t number);
/* No packet will come any more; and no flow before the i-th will be asked for. */
void         flow_table_close(struct flow_table *t);
void         flow_done_before(struct flow_table *t, size_t i);
void         flow_table_init(struct flow_table *t);
void         flow_table_free(struct flow_table *t);

#endif
