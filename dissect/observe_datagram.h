/* observe_datagram.h - a connection over UDP under observation: DTLS or QUIC; for dissect/observe_{datagram,dtls,quic}.c alone. */
#ifndef TLSWHY_OBSERVE_DATAGRAM_H
#define TLSWHY_OBSERVE_DATAGRAM_H

#include "observe_conn.h"
#include "tlswhy/dtls.h"
#include "tlswhy/quic.h"

enum { WAITING_MAX = 16 };

/* A message of DTLS whose fragments are gathered, in one piece of memory. */
struct waiting {
    size_t   len, got;
    struct place where;
    uint16_t seq;
    uint8_t  type;
    uint8_t *have;    /* a flag for each of `len` bytes */
    uint8_t  bytes[]; /* with the 4-byte header of TLS in front */
};

struct dtls_side {
    struct waiting *waiting[WAITING_MAX];
    size_t         n;
    uint16_t       next; /* message_seq that is due */
    bool           begun;
    uint64_t       records[2], end[2]; /* by epoch 0 and 1: which of the first 64 were seen, and the number behind the last of them */
};

/* Handshake bytes of QUIC, as they come; those before `taken` were handed on. */
struct crypto_side {
    uint8_t *bytes, *have;
    size_t   cap, end, taken;
    bool     one_rtt; /* a packet with a short header was seen */
};

struct datagrams {
    struct datagrams *next; /* in its bucket */
    struct datagrams *newer, *older;
    struct conn      *c;
    bool              quic;
    struct dtls_side  dtls[2];
    struct crypto_side crypto[2];
    struct quic_keys  keys[2];
    uint32_t          version; /* that the keys are for; 0 = none yet */
    bool              seen[2]; /* a datagram of this side */
    bool              again;   /* this datagram repeats what was said */
    uint64_t          bytes[2];
    int64_t           last_ns;
};

/* What a datagram of side `ev->from` says. */
void     dtls_datagram(struct datagrams *d, enum side w, const struct wire_event *ev);
void     quic_datagram(struct datagrams *d, enum side w, const struct wire_event *ev);
uint64_t dtls_missing(const struct dtls_side *s); /* bytes that the capture lacks, as far as record numbers tell */
void     dtls_forget(struct dtls_side *s);

#endif
