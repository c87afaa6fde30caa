/* hello.h - ClientHellos made to order: the lists of a profile, and what the occasion adds (RFC 8446 section 4.1.2,
 * RFC 5246 section 7.4.1.2; v2 format: appendix E.2).
 *
 * The shape is a `struct profile`: one that is known, or one made for a question. A list whose v is NULL is not sent;
 * `extensions` says which are there and in what order. GREASE (0x0a0a) becomes a value drawn from the hello's random.
 * Owns:   bytes come from the arena; lists are borrowed. */
#ifndef TLSWHY_HELLO_H
#define TLSWHY_HELLO_H

#include "tlswhy/keys.h"
#include "tlswhy/profile.h"
#include "tlswhy/session.h"

#define SHARES_MAX 4

/* An extension with a body of its own, whatever its number usually holds. */
struct own_extension {
    uint16_t     type;
    struct bytes body;
};

struct hello_spec {
    struct profile shape;
    const struct own_extension *own; /* of extensions that the shape lists */
    size_t         own_n;
    struct bytes   session_id;  /* p NULL: drawn, as long as the shape says */
    struct bytes   sni;         /* p NULL: no server_name, whatever the shape says */
    struct bytes   cookie;      /* of a HelloRetryRequest; p NULL = none */
    uint16_t       retry_group; /* of a HelloRetryRequest: the one share to send; 0 = as the shape says */
    struct u16s    sigalgs_cert; /* for signature_algorithms_cert; v NULL: the same as for signature_algorithms */
    const struct session *session; /* of TLS 1.3, to be taken up again: pre_shared_key comes last; NULL = none */
    size_t         pad_to;      /* bytes that an extension for padding brings the message to; 0 = as clients do that pad */
    size_t         record_max;  /* bytes of it in a record; 0 = as many as fit */
};

/* Keys of a run, one of each group. Making one costs a millisecond, and what a probe says is no secret. Zero at first. */
struct key_ring {
    struct ephemeral key[SHARES_MAX];
    size_t           n;
    uint8_t          mlkem[1184]; /* an ML-KEM-768 encapsulation key, */
    bool             has_mlkem;   /* once there is one */
};

/* What is drawn anew for each handshake; with a ring, the keys are those of the run. */
struct hello_keys {
    struct key_ring *ring; /* NULL = none */
    uint8_t          random[32], session_id[32];
    struct ephemeral share[SHARES_MAX];
    size_t           shares;
};

/* Draws what the spec needs; after a HelloRetryRequest (`again`) only the new share. False: a group that cannot be made. */
bool hello_draw(const struct hello_spec *spec, bool again, struct hello_keys *keys);

/* The handshake message with its header (v2 format: the record's body), from spec and keys alone. p NULL: it does not fit
 * into what the format allows. */
struct bytes hello_message(const struct hello_spec *spec, const struct hello_keys *keys, struct arena *a);
/* The same in records, as it goes out. */
struct bytes hello_records(const struct hello_spec *spec, struct bytes message, struct arena *a);

/* The hello tlswhy sends by itself: what browsers and current servers' own clients agree on (TLS 1.2 and 1.3, forward
 * secrecy and static RSA, SHA-2, X25519MLKEM768 and the classical groups). `alpn` is not in it. */
const struct profile *hello_modern(void);

/* Shapes changed, each in the arena. Versions 0x0300 to 0x0304; 0x0002 alone is a hello of SSL 2.0. */
void hello_set_versions(struct profile *p, uint16_t low, uint16_t high, struct arena *a);
void hello_set_groups(struct profile *p, struct u16s groups, struct arena *a); /* and the shares that go with them */
void hello_all_suites(struct profile *p, struct arena *a);   /* behind those that are there: all but SRP, Kerberos and signals */
void hello_all_sigalgs(struct profile *p, struct arena *a);
void hello_all_groups(struct profile *p, struct arena *a);
void hello_drop_group(struct profile *p, uint16_t group, struct arena *a); /* its share, too */
void hello_add_extension(struct profile *p, uint16_t type, struct arena *a);   /* at the end, once */
void hello_as_tls(struct profile *p); /* what was in SSL 2.0's format (RFC 5246 appendix E.2) */
void hello_drop_extension(struct profile *p, uint16_t type, struct arena *a);
void hello_bare(struct profile *p, struct arena *a); /* only what extension_decides() */
void hello_order_extensions(struct profile *p, struct u16s first, struct arena *a); /* these first, the others as they were */
void hello_drop_kex(struct profile *p, enum kex kex, struct arena *a); /* the suites with that key exchange */
void hello_add_suite(struct profile *p, uint32_t id, struct arena *a);         /* at the end, once */
void hello_grease(struct profile *p, bool on, struct arena *a); /* RFC 8701, where browsers put it; or nowhere */

#endif
