/* fetch.h - plain HTTP that explains a TLS failure beside it: the fetch of a root list, a revocation list, an
 * OCSP answer or an issuer's certificate, and how it was answered (by the server or by a proxy).
 *
 * Read from a connection that is no TLS, request by request (RFC 9112): a proxy's 407 may be followed by the answer itself.
 * The observer keeps both sides of a connection whose first request is such a fetch; of others, or where too many are under
 * way at once, the first bytes (struct plain) have to do.
 * A list's body is kept with its transfer coding taken off. What is compressed, a part, or not all in the capture is not
 * read, and `unread` says so: no verdict may rest on it.
 * Bounds: FETCH_ASK_KEPT and FETCH_REPLY_KEPT bytes a side, FETCHES_KEPT fetches a connection, FETCH_TAPS connections at once.
 * Owns:   nothing; texts and bodies live in the arena of the handshake, in `peers` as copies. */
#ifndef TLSWHY_FETCH_H
#define TLSWHY_FETCH_H

#include "tlswhy/handshake.h"

enum { FETCH_ASK_KEPT = 16 * 1024, FETCH_REPLY_KEPT = 384 * 1024, FETCHES_KEPT = 8, FETCH_TAPS = 32, FETCH_MARKS = 1024 };

enum fetch_kind {
    FETCH_ROOT_LIST,       /* authrootstl.cab, authroot.stl: the list of roots Windows trusts */
    FETCH_DISALLOWED_LIST, /* disallowedcertstl.cab */
    FETCH_ROOT,            /* one root by its hash, from the same place */
    FETCH_CRL, FETCH_OCSP, FETCH_ISSUER /* .crl, OCSP request (RFC 6960 A.1), .crt/.cer/.p7c (AIA) */
};

struct fetch {
    enum fetch_kind kind;
    struct bytes    url;       /* request target as sent: a path, or an absolute URL to a proxy */
    struct bytes    agent;     /* User-Agent; p NULL = none, or not seen */
    bool            to_proxy;  /* absolute-form: the client was speaking to a proxy (RFC 9112 section 3.2.2) */
    int             status;    /* 0 = no answer seen */
    struct bytes    answer;    /* status line */
    struct bytes    more;      /* Location of a 3xx, the first Proxy-Authenticate of a 407; p NULL = none */
    bool            html;      /* the answer calls itself text/html */
    struct bytes    body;      /* of a list that was answered with 200; p NULL: not kept, see `unread` */
    bool            cut;       /* the answering side closed before all of the body had come */
    const char     *unread;    /* why a list's body is not read: "it is compressed (gzip)"; NULL = it is, or there is none */
    bool            unsettled; /* no answer, and the capture or the client ended first: that proves nothing */
    struct place    asked, answered, ended; /* ended: the last of the body */
    struct endpoint client;
    uint32_t        stream;
    const struct rootlist *list; /* what its body comes to; set by cmd, NULL = not judged */
    bool            told;      /* it is evidence of a finding; set by cmd */
};

/* What one side of a plain connection said, as far as it was kept. */
struct fetch_mark {
    size_t       end;   /* bytes up to here came with it, or before */
    struct place where;
};
struct said {
    struct bytes             bytes;
    const struct fetch_mark *mark; /* in order */
    size_t                   marks;
    const char              *cut;  /* why what follows is not here, a clause; NULL = nothing follows */
};
struct talk {
    struct said     side[2];
    bool            server_left; /* it closed first: what is not here was never sent */
    struct endpoint client;
    uint32_t        stream;
};

/* Is this the request line of such a fetch, as far as its path and host tell? */
bool        fetch_begins(struct bytes request);
/* The fetches of a connection, at most FETCHES_KEPT, in the arena. */
size_t      fetches_read(const struct talk *t, struct arena *a, const struct fetch **out);
const char *fetch_name(enum fetch_kind k); /* "the Windows root list (authrootstl.cab)" */
bool        fetch_is_list(enum fetch_kind k);

#endif
