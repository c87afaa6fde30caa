/* wire.h - everything any source can say about a connection. The one way into the observer: a captured
 * RST and a socket's ECONNRESET are the same event.
 *
 * Units:  times are ns since 1970; `at` is the offset in this side's byte stream, 0 = first byte after
 *         SYN (or the first byte seen, where the start was not captured).
 * Order:  bytes, gap and fin of one side come in stream order, each byte once. Between the sides the
 *         order is that of the capture. `frame` is the frame that made the event possible: for bytes the
 *         one that completed them, so a message is complete in the frame of the event with its last byte.
 * Owns:   nothing. `bytes` and `tcp` are borrowed until the next event is asked for. */
#ifndef TLSWHY_WIRE_H
#define TLSWHY_WIRE_H

#include "tlswhy/base.h"

#include <string.h>

/* Who: at the wire CLIENT is the side that opened the connection, as far as seen: the sender of the SYN,
 * else the receiver of the SYN-ACK, else the side with the higher port. The observer may find out better
 * from the content (a ServerHello tells) and turns the sides of its handshake round. */
enum side { CLIENT, SERVER };

struct endpoint {
    uint8_t  ip[16]; /* what is longer than the address is zero */
    uint8_t  ip_len; /* 4 or 16 */
    uint16_t port;
};

static inline bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
    uint64_t x[2], y[2];
    memcpy(x, a->ip, sizeof x);
    memcpy(y, b->ip, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (uint64_t)(a->port ^ b->port) | (uint64_t)(a->ip_len ^ b->ip_len)) == 0;
}

static inline bool same_host(const struct endpoint *a, const struct endpoint *b)
{
    return a->ip_len == b->ip_len && memcmp(a->ip, b->ip, a->ip_len) == 0;
}

/* What an IP and TCP header add to an event; `seen` is false where there was no segment (a socket). Without padding: connections
 * that never opened are compared by their bytes. */
struct segment {
    bool     seen;
    uint8_t  ttl;     /* or hop limit */
    uint16_t flags;   /* TCP flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16 */
    uint16_t ip_id;   /* 0 for IPv6 */
    uint16_t window;  /* as sent, not scaled */
    uint16_t mss;     /* SYN and SYN-ACK only; 0 = no such option */
    uint16_t options; /* number of TCP options other than padding */
    uint32_t seq, ack; /* as on the wire */
};

/* Where something stands: the frame that completes it, when, and its bytes in its side's stream. */
struct place {
    uint64_t frame; /* 1.. as Wireshark counts; 0 = not from a capture, or not seen */
    int64_t  ns;
    uint64_t at;
    size_t   len;
};

enum wire_kind {
    WIRE_OPEN,        /* SYN-ACK seen, or the first payload of a connection whose opening was not */
    WIRE_BYTES,       /* len bytes of `from`, next in its stream */
    WIRE_GAP,         /* len bytes of `from` were not captured and will not come; len 0 = unknown how many */
    WIRE_FIN,         /* in stream order of its side; `frame` and `ns` are those of its arrival */
    WIRE_RST,         /* at once, whatever is missing */
    WIRE_REFUSED,     /* RST to SYN, ECONNREFUSED */
    WIRE_UNREACHABLE, /* ICMP error about this connection; `code` = ICMP type << 8 | code */
    WIRE_TIMEOUT,     /* never opened: SYNs unanswered. A probe: no answer in time */
    WIRE_STOPPED,     /* we ended it ourselves (a probe that saw enough): not a rejection by anybody */
    WIRE_DATAGRAM,    /* one UDP payload; DTLS and QUIC */
    WIRE_END          /* last event of a connection; `tcp` is whole now */
};

/* Facts of the TCP connection, counted by the source. Present on every event, whole at WIRE_END. */
struct tcp_facts {
    struct place   syn, syn_ack;      /* first of each; frame 0 = not seen */
    struct segment syn_seg, syn_ack_seg;
    uint16_t       syns, syn_acks;    /* copies seen, saturating */
    uint16_t       retransmissions[2]; /* data segments a side sent again, saturating */
    uint64_t       bytes[2];          /* payload bytes in stream order, without repeats */
    uint64_t       missing[2];        /* bytes known to have been sent and not captured */
    uint64_t       hole_at[2];        /* if any are: where the first of them stand, */
    uint64_t       hole_frame[2];     /* and the frame that showed it */
    uint64_t       acked[2];          /* how much of this side's stream the OTHER side has acknowledged */
    struct place   last_seen[2];      /* last frame of each side, of whatever kind */
    struct place   too_big[2];        /* ICMP said a packet of this side was too big for the path; frame 0 = never */
    bool           both_directions;   /* at least one frame of each side */
    bool           start_seen[2];     /* this side's stream was followed from its SYN */
    bool           late_copy[2];      /* bytes of this side were seen only well after they had been acknowledged: the first
                                       * copy was not captured, and when they were sent is not known */
    bool           overlap_differs;   /* a repeated segment carried other bytes; the first copy won */
    bool           snapped;           /* frames of this connection were cut by the snap length */
    bool           fast_open;         /* payload in the SYN */
    bool           evicted;           /* dropped by us for --memory */
    int64_t        silence;           /* ns without a packet after which the source ended it for that; 0 = it did not */
    uint32_t       snaplen;           /* captured bytes of the frame that was cut worst, if `snapped` */
};

struct wire_event {
    enum wire_kind          kind;
    enum side               from;
    uint64_t                frame;
    int64_t                 ns;
    uint64_t                at;
    const uint8_t          *bytes;
    size_t                  len;
    struct segment          seg;
    int                     code;   /* errno of a socket, or ICMP type << 8 | code; else 0 */
    uint32_t                stream; /* Wireshark's tcp.stream (udp.stream for datagrams) */
    const struct endpoint  *ends;   /* [2], by enum side */
    const struct tcp_facts *tcp;    /* NULL for datagrams */
    void                  **slot;   /* the observer's own pointer for this connection; NULL at first */
};

#endif
