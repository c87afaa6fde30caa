/* dtls.h - the DTLS wire format: records in a datagram and fragments of handshake messages (RFC 6347 section 4, RFC 9147
 * section 4). Pure; bodies are borrowed. */
#ifndef TLSWHY_DTLS_H
#define TLSWHY_DTLS_H

#include "tlswhy/reader.h"

enum { DTLS_CID = 25, DTLS_ACK = 26, HS_HELLO_VERIFY_REQUEST = 3 };

struct dtls_record {
    uint8_t      type;      /* content type; of a DTLS 1.3 ciphertext: application_data */
    uint16_t     version;
    uint16_t     epoch;     /* of a DTLS 1.3 ciphertext its two low bits */
    bool         unified;   /* the header of DTLS 1.3 ciphertexts */
    uint64_t     number;    /* sequence number within the epoch; 0 where it is encrypted */
    struct bytes body;
};
/* The next record of a datagram, `r` moved past it. False: what is left is none. */
bool dtls_record(struct reader *r, struct dtls_record *out);

struct dtls_fragment {
    uint8_t      type;
    size_t       len;       /* of the whole message */
    uint16_t     seq;
    size_t       at;        /* where in it the fragment stands */
    struct bytes body;
};
bool dtls_fragment(struct reader *r, struct dtls_fragment *out);

/* Could this datagram begin a DTLS connection, or be an early part of one: a record of handshake messages in clear? */
bool dtls_begins(struct bytes datagram);

/* A ClientHello's body without its cookie, as TLS has it, into `out` (n bytes of room). Gives its length; 0: malformed. */
size_t dtls_without_cookie(struct bytes body, uint8_t *out, size_t room);

#endif
