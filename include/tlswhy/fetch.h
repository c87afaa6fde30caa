/* fetch.h - plain HTTP that explains a TLS failure beside it: the fetch of a root list, a revocation list, an
 * OCSP answer or an issuer's certificate, and how it was answered (by the server or by a proxy).
 *
 * Read from the first bytes of a connection that is no TLS (struct plain): one request and one status line.
 * Owns: nothing; `url` and `answer` are borrowed from the handshake. */
#ifndef TLSWHY_FETCH_H
#define TLSWHY_FETCH_H

#include "tlswhy/handshake.h"

enum fetch_kind {
    FETCH_ROOT_LIST,       /* authrootstl.cab, authroot.stl: the list of roots Windows trusts */
    FETCH_DISALLOWED_LIST, /* disallowedcertstl.cab */
    FETCH_ROOT,            /* one root by its hash, from the same place */
    FETCH_CRL, FETCH_OCSP, FETCH_ISSUER /* .crl, OCSP request (RFC 6960 A.1), .crt/.cer/.p7c (AIA) */
};

struct fetch {
    enum fetch_kind kind;
    struct bytes    url;       /* request target as sent: a path, or an absolute URL to a proxy */
    bool            to_proxy;  /* absolute-form: the client was speaking to a proxy (RFC 9112 section 3.2.2) */
    int             status;    /* 0 = no answer seen */
    struct bytes    answer;    /* status line */
    struct place    asked, answered;
    struct endpoint client;
    uint32_t        stream;
};

/* True where this connection is such a fetch. */
bool        fetch_of(const struct handshake *h, struct fetch *out);
const char *fetch_name(enum fetch_kind k); /* "the Windows root list (authrootstl.cab)" */

#endif
