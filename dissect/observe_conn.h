/* observe_conn.h - one connection under observation; for dissect/observe*.c alone.
 *
 * Two numberings of sides: `w`, as the wire has them (who opened the connection), and `t`, as TLS has them (who
 * sent the ClientHello). The state of reading goes by w, what is observed goes by t; tls_side() crosses over. */
#ifndef TLSWHY_OBSERVE_CONN_H
#define TLSWHY_OBSERVE_CONN_H

#include "tlswhy/observe.h"
#include "tlswhy/packed.h"
#include "tlswhy/prelude.h"
#include "tlswhy/text.h"
#include "tlswhy/tls.h"

#define DIRECTION_KEPT (256u * 1024) /* handshake bytes kept a direction */
#define PENDING_MAX    (16u * 1024) /* of a prelude; looked at again with each segment, so no more */
#define PLAIN_KEPT     256          /* of plain text */
#define SILENCE_NS     NS_PER_S /* a SYN or hello this young at the end of the capture may still be answered */
#define LOOKS_MAX      64           /* segments looked at in vain for the start of TLS */

enum reading {
    READ_START, /* the first bytes of the side, or the first after a prelude */
    READ_TLS,
    READ_V2,     /* SSL 2.0 records */
    READ_LOST,   /* after a hole, or in the middle of a stream: looking for a record header */
    READ_PLAIN,  /* no TLS so far; a strict hello may still come */
    READ_NOTHING /* given up */
};

struct side_state {
    enum reading        reading;
    uint8_t            *buf; /* bytes that came and are not taken yet */
    size_t              n, cap;
    uint64_t            at, next; /* stream offset of buf[0], and of the next byte to come */
    struct record       rec;      /* the record whose body is being passed over, and how much of it is due */
    uint64_t            rec_at, body_left;
    uint8_t            *hs; /* handshake bytes that are no whole message yet */
    size_t              hs_n, hs_cap;
    uint64_t            hs_at, hs_skip;    /* hs_skip: of an oversized message, still to come */
    unsigned            records, segments; /* that carried the message being gathered */
    bool                encrypted;         /* ChangeCipherSpec was sent (TLS <= 1.2), or SSL 2.0 has its keys */
    bool                unsure;            /* there was a hole: what state the side is in is only likely */
    bool                rekeyed;           /* no keys were looked for since the last ChangeCipherSpec (TLS <= 1.2) */
    bool                holding;           /* `held` looks like an alert if nothing follows it (TLS 1.3) */
    struct alert        held;
    unsigned            looks;
    uint8_t            *plain; /* where struct plain keeps this side's first bytes */
    struct prelude_wrap wrap; /* TLS comes inside packets of another protocol */
    struct place        last; /* of the last bytes */
};

struct conn {
    struct observer         *o;
    struct conn             *before, *after; /* list of the open, or of the finished */
    struct handshake        *h, *cur;        /* the first, and the one going on */
    struct side_state        side[2];        /* by w */
    bool                     flip;           /* the TLS client is the wire's SERVER */
    bool                     no_prelude;     /* the prelude machine has said its last word */
    bool                     start_seen[2];
    uint64_t                 hole[2]; /* frame behind the first hole; 0 = none */
    const struct suite      *suite; /* row of the suite with this number, looked up last (chosen_suite) */
    uint64_t                 suite_id; /* number + 1; 0 = none was looked up */
    bool v2; /* an SSL 2.0 session */
    bool stirred; /* there was an event since it was last looked at whether it rests */
    void **slot;  /* NULL: it is in none */
    struct reading_13 *keys; /* TLS 1.3 with secrets; NULL = not asked for yet */
    struct reading_12 *keys12; /* TLS 1.0 to 1.2 with secrets; NULL = none known */
    struct prelude_machine   machine;
    struct tap              *tap;  /* both sides of a fetch, as they were said; NULL = none */
    const struct wire_event *ev; /* the current one */
};

struct observer {
    struct cert_store *certs;
    struct flows      *flows;
    struct conn       *open, *finished, **finished_end;
    size_t             open_n;
    unsigned           taps;
    int64_t now; /* newest time seen */
    secrets_source *ask;
    void *ask_ctx;
    bool thrifty, counts_silent, unopened_ready, silent_ready;
    struct resting *resting; /* list of connections that are quiet */
    size_t resting_n;
    struct conn *hand; /* the next to be looked at; NULL = the first */
    struct unopened unopened;
    struct {
        uint32_t stream;
        int64_t  end_ns;
    } silent;
    struct { /* the first event of a connection that may be all there is */
        struct wire_event ev; /* slot NULL = none */
        struct endpoint   ends[2];
    } lone;
    struct datagram_table *datagrams; /* NULL: no DTLS or QUIC was seen */
};

#define SWAP_SIDES(a) do { __typeof__((a)[0]) x_ = (a)[0]; (a)[0] = (a)[1]; (a)[1] = x_; } while (0)

static inline enum side other(enum side s) { return s == CLIENT ? SERVER : CLIENT; }
static inline enum side tls_side(const struct conn *c, enum side w) { return c->flip ? other(w) : w; }

/* observe_stream.c: where does TLS start? Each takes bytes and gives how many it took. */
size_t take_bytes(struct conn *c, enum side w, struct bytes in);
void   take_rest(struct conn *c, enum side w); /* no more will follow what is kept: a hole or the end */
bool   starts_with_hello(struct bytes in);
void   begin_plain(struct conn *c, enum side w, struct bytes in);

/* observe.c: a connection, listed with the open ones; one whose facts are all there goes to the finished ones. */
struct conn *conn_new(struct observer *o, const struct wire_event *ev);
void         conn_over(struct conn *c);

/* observe_datagram.c: DTLS and QUIC */
void observe_datagram(struct observer *o, const struct wire_event *ev);
void datagrams_forget(struct observer *o);

/* observe.c: appends to a buffer that grows, and is given back with forget_bytes. */
void keep_bytes(uint8_t **buf, size_t *n, size_t *cap, const uint8_t *p, size_t len);
void forget_bytes(uint8_t **buf, size_t *cap);

/* observe_record.c */
struct place place_here(const struct conn *c, uint64_t at, size_t len);
size_t       take_records(struct conn *c, enum side w, struct bytes in);
void         handshake_fragment(struct conn *c, enum side w, struct bytes body, uint64_t at);
void         drop_held_alert(struct conn *c, enum side w, bool it_was_one);
void         add_message(struct conn *c, enum side t, unsigned type, unsigned version, struct place where);
void         add_alert(struct conn *c, struct alert a);
void         alert_room(struct handshake *h); /* for one more, while they are fewer than ALERTS_KEPT */
void         encrypted_record(struct conn *c, enum side w, unsigned type, size_t len, struct place where);
void         finished(struct handshake *h, enum side t, struct place where);
void renegotiation(struct conn *c);
void note_encrypted(struct side_progress *p, unsigned type, size_t len, struct place where);
void clear_alerts(struct conn *c, enum side t, const uint8_t *p, size_t n, unsigned version, bool decrypted, struct place where);
void change_cipher_spec(struct conn *c, enum side w, unsigned version, struct place where);
void application_record(struct conn *c, enum side t, size_t len, struct place where);
bool         handshake_done(const struct handshake *h); /* both sides are known to have finished */
bool         speaks_13(const struct conn *c);
const struct suite *chosen_suite(struct conn *c); /* of the answer; asked for with most records. NULL: unassigned */

/* observe_message.c */
void handshake_message(struct conn *c, enum side w, unsigned type, struct bytes whole, struct place where);
void partial_message(struct conn *c, enum side w);
void settle_client(struct conn *c, enum side w);
void note_malformed(struct conn *c, enum side t, const char *field, struct place where);

/* tls13_observe.c: records of TLS 1.3 whose secrets are known */
bool opens_13(struct conn *c, enum side w); /* is the next encrypted record of this side worth keeping whole? */
void opened_13(struct conn *c, enum side w, const struct record *rec, const uint8_t *body, uint64_t at, struct place where);
void message_13(struct conn *c, enum side w, unsigned type, struct bytes whole, struct place where);
void forget_13(struct conn *c);
bool wants_13(const struct conn *c, enum side w, const struct record *rec); /* is its body to be looked at? */
void passed_13(struct conn *c, enum side w);                                /* a record was not looked at */

/* tls12_observe.c: the same for records of TLS 1.0 to 1.2 */
bool opens_12(struct conn *c, enum side w);
bool wants_12(const struct conn *c, enum side w, const struct record *rec);
void passed_12(struct conn *c, enum side w);
void rekey_12(struct conn *c, enum side w);
/* False: it does not open; nothing is noted. */
bool opened_12(struct conn *c, enum side w, const struct record *rec, const uint8_t *body, uint64_t at, struct place where);
void forget_12(struct conn *c);

/* observe_unopened.c: true where the event is taken: it is of a connection that never opened, or of a silent one. `observe_now` is
 * what takes all others. */
bool takes_unopened(struct observer *o, const struct wire_event *ev);
void observe_now(struct observer *o, const struct wire_event *ev);

/* observe_rest.c: connections whose handshake is over, and that say nothing for long, are packed. rest_some looks at a few of
 * the open ones; rest_ends takes up the one in this slot, which rests. A slot holds a conn's address as it is, or with RESTS
 * added that of a connection that rests. */
enum { RESTS = 1 };
static inline bool slot_rests(void *const *slot) { return ((uintptr_t)*slot & RESTS) != 0; }
void rest_some(struct observer *o);
void rest_ends(struct observer *o, void **slot);
void rest_free(struct observer *o);
size_t rest_memory(const struct observer *o);
struct conn *conn_get(void); /* all zero */
void conn_list(struct observer *o, struct conn *c); /* observe.c: among the open ones, and not any more */
void conn_unlink(struct conn *c);
void conn_drop(struct conn *c); /* all that belongs to it but the handshake */

/* observe_v2.c */
size_t take_v2_records(struct conn *c, enum side w, struct bytes in);

/* observe_fetch.c: a plain connection whose first request is a fetch (fetch.h) */
void   tap_bytes(struct conn *c, enum side w, struct bytes in); /* the next of this side */
void   tap_gap(struct conn *c, enum side w);
bool   tap_wants(const struct conn *c, enum side w);            /* more of this side? */
void   tap_read(struct conn *c);                                /* at the end: into the handshake */
size_t tap_memory(const struct conn *c);
void   tap_free(struct conn *c);

/* observe_outcome.c */
void conn_outcome(struct conn *c);
bool tunnel_asked(const struct handshake *h); /* through HTTP CONNECT or SOCKS */

#endif
