/* flows.h - packets in, wire events out: links, IP, fragments, TCP reassembly.
 *
 *     flows_packet(f, &packet);
 *     while (flows_next(f, &event))
 *         ...
 *     at end of input: flows_end(f), then flows_next again until false
 *
 * Streams: numbered as Wireshark's tcp.stream: a new number at a tuple's first TCP packet, SYN or not; a
 *          repeated SYN with the same sequence number stays; a SYN with another one on the same tuple is a
 *          new stream.
 * Lenient: checksums are not looked at (offload), timestamps may jump, segments may be larger than the MTU.
 * Bounds:  256 KB of out-of-order bytes a side; the flow table grows to `memory` bytes and then drops
 *          the oldest connections, which are counted. The table is keyed (hostile input fills it). */
#ifndef TLSWHY_FLOWS_H
#define TLSWHY_FLOWS_H

#include "tlswhy/capture.h"
#include "tlswhy/names.h"
#include "tlswhy/marks.h"

struct flows;

struct flows *flows_new(size_t memory);
void          flows_free(struct flows *f);

/* For inputs of very many connections that have an end, before the first packet: while `many` connections are followed, another
 * one that was only opened, or whose client alone has spoken, is kept as the few packets that came. Its events, the same as
 * ever, come with the packet that follows them. */
void          flows_thrifty(struct flows *f, size_t many);

/* The packets that come next, at most FLOWS_AHEAD: what is known of their connections is asked of memory meanwhile. They are
 * borrowed until each was taken. */
enum { FLOWS_AHEAD = 16 };
void flows_ahead(struct flows *f, const struct packet *p, size_t n);
/* Takes one packet apart. False: this link type is not one we know (said once a type in `err`); the
 * packet is counted and skipped. */
bool flows_packet(struct flows *f, const struct packet *p, struct err *err);
bool flows_next(struct flows *f, struct wire_event *ev);
void flows_end(struct flows *f);

/* Watching live: the clock says `now` (the packets' clock, not the monotonic one). Gives the events of connections on which
 * nothing has come for longer than `ask` has patience with them, and in time forgets their tuples. A call looks at a part of
 * the table, so it takes some rounds until all have been looked at. A connection that was ended without a last word and goes
 * on after all is a new stream. */
struct patience {
    int64_t ns;        /* below 0: none at all; without a last word it counts as evicted */
    bool    last_word; /* whatever may still come, nothing new is learnt from it */
};
typedef struct patience flow_patience(const void *slot); /* of the observer; never NULL */
size_t flows_rounds(const struct flows *f); /* after so many calls each connection has been looked at */
void flows_quiet(struct flows *f, int64_t now, flow_patience *ask);
/* The packets' clock was set: all that waits goes on waiting as if it had not been. */
void flows_clock_set(struct flows *f, int64_t by);
/* What a mark says of its connection, as if it had been seen; before flows_end. Of a connection that has ended, or that is
 * not there, nothing. */
void flows_mark(struct flows *f, const struct mark *m);

/* The time of the packet taken last; events may be of earlier ones. */
int64_t flows_now(const struct flows *f);
/* The connection of the packet taken last. False: it was of none (no TCP or UDP, an ICMP error about no known one). */
bool flows_stream(const struct flows *f, uint32_t *stream, bool *datagram);

/* The observer's way to say that it does not need the next n payload bytes of a side (the body of an
 * application data record): they are counted, not copied, and come in no event. Bytes arrive again with
 * the byte after them. `ev` is any event of that connection, valid only while it is the current one. */
void flows_skip(struct flows *f, const struct wire_event *ev, enum side side, uint64_t n);
/* Nothing of this connection is wanted any more but its closes and its end. */
void flows_close_only(struct flows *f, const struct wire_event *ev);

struct flow_facts {
    uint64_t tcp_packets, other_packets, fragments, malformed, unknown_link;
    uint64_t streams, evicted;
    uint64_t eap[EAP_METHODS]; /* frames of EAP methods with TLS inside (names.h): counted, not read */
};
const struct flow_facts *flow_facts(const struct flows *f);

#endif
