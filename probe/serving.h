/* serving.h - what the files of the lab's servers share: certificates made, a whole TLS server, scripted flights, the cases. */
#ifndef TLSWHY_SERVING_H
#define TLSWHY_SERVING_H

#include "tlswhy/crypto.h"
#include "tlswhy/handshake.h"
#include "tlswhy/serve.h"
#include "tlswhy/writer.h"

/* ---- serve_pki.c: keys and certificates */

/* The chains that there are; what is wrong with each is a row in serve_pki.c. */
enum serve_chain {
    CHAIN_SOUND, CHAIN_RSA, CHAIN_EXPIRED, CHAIN_EARLY, CHAIN_OTHER_NAME, CHAIN_NAMELESS, CHAIN_SELF_SIGNED, CHAIN_STRANGE_ROOT, CHAIN_ALONE,
    CHAIN_CLIENT_USAGE, CHAIN_BY_LEAF, CHAIN_CRITICAL, CHAIN_WEAK_KEY, CHAIN_SHA1, CHAIN_MD5, CHAIN_BAD_SIGNATURE, CHAIN_TORN, CHAIN_STAPLE_WANTED,
    CHAIN_REVOKED, CHAIN_OTHER_KEY, CHAIN_KINDS
};

/* A chain as a server sends it, leaf first, and the server's key. Lives with its pki. */
struct serve_certs {
    struct bytes der[3];
    size_t       n;
    struct bytes plain; /* a sound certificate with the server's key, to show to a library that would mind the leaf */
    void        *key; /* mbedtls_pk_context */
};

struct pki;
struct pki *pki_new(const struct serve_options *o, struct err *err);
void        pki_free(struct pki *p);
/* Made at the first call. NULL: err. */
const struct serve_certs *pki_chain(struct pki *p, enum serve_chain kind, struct err *err);
const char *pki_root_pem(const struct pki *p);
const char *pki_root_key_pem(const struct pki *p);
struct bytes pki_root(const struct pki *p);
struct bytes pki_intermediate(const struct pki *p);
/* Certificates of CHAIN_REVOKED that are made from now on name this place, which ends with a slash. */
void         pki_tell_status_at(struct pki *p, const char *url);
void         pki_moment(char out[16], int days); /* "20240203101112", so many days from now */
/* Signs with the server's key (ECDSA; RSA as PKCS #1 v1.5) into `out` of PKI_SIGNATURE_MAX bytes; gives the length, 0 where it
 * cannot. */
enum { PKI_SIGNATURE_MAX = 512 };
size_t pki_sign(const struct serve_certs *c, enum hash_id h, const struct bytes *pieces, size_t n, uint8_t *out);
size_t pki_sign_status(struct pki *p, struct bytes data, uint8_t *out); /* by the intermediate: ECDSA with SHA-256 */

/* ---- serve_status.c: what is told of certificates, and DER */

enum { DER_MAX = 4096 };
void der_element(struct writer *w, unsigned tag, const void *p, size_t n); /* its length in the shortest form */
void der_wrap(struct writer *w, size_t from, unsigned tag);                /* all that was written since `from`, at most DER_MAX */
/* An OCSP answer (DER) by the intermediate, which says that the chain's leaf was revoked a week ago; n 0 where it cannot. */
struct bytes pki_revoked(struct pki *p, const struct serve_certs *c, struct arena *a);
struct bytes pki_crl(struct pki *p, const struct serve_certs *revoked, struct arena *a); /* a CRL (DER) that lists it, likewise */

/* ---- serve_web.c: plain HTTP */

void web_answer(struct pki *pki, struct bytes request, struct writer *out); /* a request with its empty line */

/* ---- serve_tls.c: a whole TLS server, fed by the loop */

struct tls_setup {
    uint16_t     low, high; /* versions; 0 = what the library has, to TLS 1.2 */
    const char  *alpn[3];   /* NULL at the end */
    bool         wants_certificate;
    bool         hates_split; /* hangs up on an application record of one byte */
};
struct tls_server; /* of one listener */
struct tls_server *tls_server_new(const struct tls_setup *setup, const struct serve_certs *certs, struct bytes root, struct err *err);
void               tls_server_free(struct tls_server *t);
bool               tls_server_can(uint16_t version); /* can the library speak it? */

struct tls_talk; /* of one connection */
enum tls_state { TLS_WAITS, TLS_FAILED, TLS_ANSWERED, TLS_SPLIT };
struct tls_talk *tls_talk_new(struct tls_server *t);
void             tls_talk_free(struct tls_talk *t);
/* Goes on with what came; what is to be sent is added to `out` (at most `room` bytes are taken). ANSWERED: one HTTP request was
 * answered with `page` and the connection can end. */
enum tls_state   tls_talk_go(struct tls_talk *t, struct bytes came, bool ended, const char *page, struct serve_sight *sight, struct writer *out);

/* ---- serve_flight.c: flights by hand */

enum flight_flags {
    FLIGHT_NO_RENEGO = 1,   /* no renegotiation_info (RFC 5746) */
    FLIGHT_MARK = 2,        /* the random says that a newer version was possible (RFC 8446 section 4.1.3) */
    FLIGHT_GARBAGE = 4,     /* after the ServerHello come bytes that are no TLS */
    FLIGHT_HUGE = 8,        /* after the ServerHello comes a Certificate of 16 MB, most of it never */
    FLIGHT_REVOKED = 16,    /* a staple that says so */
    FLIGHT_ASKS = 32,       /* TLS 1.3: wants a client certificate */
    FLIGHT_CUT = 128,       /* ends with a reset after its first 1000 bytes */
    FLIGHT_RETRY = 64,      /* TLS 1.3: HelloRetryRequest first, for `group` */
};
struct flight {
    uint16_t version;  /* 0x0301 ... 0x0304 */
    uint16_t suites[8]; /* the first that the client offers is taken; 0 at the end */
    uint16_t group;    /* of the key exchange; 0 = RSA key exchange */
    uint16_t sigalg;
    unsigned flags;
};
/* What is kept between the first and the second flight of a connection (HelloRetryRequest, a client certificate that is wanted). */
struct flown;
struct flown *flown_new(void);
void          flown_free(struct flown *f);
/* Writes the server's answer to this ClientHello. False: no suite in common, or the hello cannot be answered like that. */
bool flight_write(const struct flight *f, struct flown *kept, struct pki *pki, const struct serve_certs *certs, const struct client_hello *hello,
                  struct writer *out);
/* TLS 1.3: a fatal alert under the keys that follow the server's Finished. */
bool flight_alert(struct flown *kept, unsigned number, struct writer *out);
bool flight_retried(const struct flown *kept); /* a HelloRetryRequest was sent, and no second hello has come */

/* ---- serve_cases.c: how a case is played */

enum serve_act {
    ACT_ALERT,     /* a fatal alert of this number (0: handshake_failure), then close */
    ACT_TLS,       /* a whole handshake */
    ACT_FLIGHT,    /* a scripted flight, then wait; where it cannot be made, `refusal` */
    ACT_CLOSE, ACT_RESET,
    ACT_SILENCE,   /* nothing, and the connection stays open */
    ACT_TEXT,      /* `text`, then close */
    ACT_WEB,       /* plain HTTP: what the certificates of CHAIN_REVOKED point to, and the files that Windows fetches */
    ACT_DRIP,      /* the flight, a byte a second */
    ACT_FLOOD,     /* records of a handshake message that never ends */
};
struct serve_play {
    enum serve_act   act;
    bool           (*refuses)(const struct client_hello *c, size_t records); /* these hellos get `refusal` instead; NULL: none */
    enum serve_act   refusal;
    unsigned         alert;
    enum serve_chain chain;
    struct tls_setup tls;
    struct flight    flight;
    const char      *text;
    const char      *lines[4];  /* speaks first: a line when the client comes, the next for each line of the client's */
    enum { DOOR_OPEN, DOOR_CLOSED, DOOR_STUCK } door; /* closed: refuses connections; stuck: never accepts one */
};

#endif
