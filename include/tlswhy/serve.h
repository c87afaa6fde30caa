/* serve.h - servers that are broken on purpose: the lab of `tlswhy lab`, and the origins behind a proxy that is checked.
 *
 * A case is one way to be broken. Each runs as a listener of its own; all share one loop that never blocks, in this process
 * (serve_step) or in one of its own (serve_fork). Keys and certificates are made when they are first needed and live in
 * memory only: a root that the client is to trust, an intermediate, and what the cases need.
 *
 * Most cases are whole TLS servers (mbedTLS; TLS 1.2 at most) that answer one HTTP request inside; the others are scripted:
 * they read the ClientHello and then do the one thing that no real server does on demand.
 *
 * Every connection has a deadline and a bound on its bytes, and what each said first is told as a `struct serve_sight`.
 * Errors: `err` is for trouble of our own (no port, no memory for a key); whatever a client does is a sight. */
#ifndef TLSWHY_SERVE_H
#define TLSWHY_SERVE_H

#include "tlswhy/handshake.h"

#include <sys/socket.h>
#include <sys/types.h>

#define SERVE_NAME "www.lab.example" /* what certificates are for, beside the names given and the loopback addresses */

struct serve_play;
struct serve_case {
    const char *name, *broken;  /* "expired"; one line on what is wrong */
    const char *cause;          /* what a client such as `options` describes should be told: a code of the causes, or "ok" */
    const char *options;        /* of `tlswhy probe`, beside --ca and --sni SERVE_NAME; "" = none */
    const char *sni;            /* another name to ask for; NULL = SERVE_NAME; "" = none */
    const struct serve_play *play;
};
const struct serve_case *serve_case_at(size_t i);               /* NULL past the last; in the order of a listing */
const struct serve_case *serve_case_named(const char *name);    /* NULL: there is none */
/* Can this build play it? NULL: yes; otherwise why not (Mbed TLS 3 has no TLS 1.0 and 1.1). */
const char *serve_cannot(const struct serve_case *c);

/* What a server saw of one connection, told when that is over. */
enum serve_end {
    SERVE_NO_HELLO,    /* the client left, or time was up, before it had said a whole hello */
    SERVE_NOT_TLS,     /* it spoke something else */
    SERVE_PLAYED,      /* the case did to it what it does */
    SERVE_FAILED,      /* a TLS handshake began and did not end well: `alert` may tell */
    SERVE_ESTABLISHED, /* the TLS handshake was completed */
};
enum { SERVE_HEARD_MAX = 16 * 1024, SERVE_REQUEST_MAX = 2048, SERVE_NAMES_MAX = 16 };
struct serve_sight {
    size_t          which;    /* index of the case (serve_case_at) */
    uint16_t        port;     /* of the listener */
    struct sockaddr_storage from;
    enum serve_end  end;
    int64_t         ms;       /* from accept to end */
    size_t          pieces;   /* in how many reads the bytes heard arrived */
    size_t          heard_n, request_n;
    int             alert;    /* fatal alert that the client sent in clear, or -1 */
    char            alpn[32]; /* agreed; "" = none */
    uint8_t         heard[SERVE_HEARD_MAX];     /* the client's first bytes: its ClientHello, in its records */
    char            request[SERVE_REQUEST_MAX]; /* the HTTP request inside TLS, or the plain one of a web server; request_n 0 = none */
};

struct serve_options {
    const char *names[SERVE_NAMES_MAX]; /* more names for the certificates, borrowed while serving */
    size_t      name_n;
    const char *root, *root_key;        /* PEM: a root that was made before, and its key; NULL = a new one is made */
    int64_t     timeout_ns;             /* for each connection; 0 = 60 s */
    void      (*saw)(void *ctx, const struct serve_sight *s); /* may be NULL */
    void       *ctx;
};

struct serve;
struct serve *serve_new(const struct serve_options *o, struct err *err); /* NULL: err */
void          serve_free(struct serve *s);                               /* closes all; NULL is fine */
const char   *serve_root_pem(const struct serve *s);                   /* what clients are to trust; lives with s */
const char   *serve_root_key_pem(const struct serve *s); /* for serve_options.root_key of a later run */

/* The ClientHello that was heard, with the number of its records, in the arena. False: it was none, or not whole. */
bool          serve_hello(const struct serve_sight *s, struct arena *a, struct client_hello *out);

/* Certificates name a `web` case that was started before them, by the first of the names, as the place where their status is told.
 * Starts one case on this address; port 0 = a free one. Gives the port, or 0 and err. */
uint16_t serve_start(struct serve *s, const struct serve_case *c, const struct sockaddr *on, socklen_t len, struct err *err);
/* Serves what is there to be served, waiting at most this long for something. */
void serve_step(struct serve *s, int64_t wait_ns);

/* Goes on serving in a child process, which ends with the parent, with serve_free, or by SIGTERM; start all cases before. The
 * child's sights are read with serve_next, and no longer told to `saw`. -1: err. */
pid_t serve_fork(struct serve *s, struct err *err);
bool  serve_next(struct serve *s, int64_t wait_ns, struct serve_sight *out); /* false: none came in time */

#endif
