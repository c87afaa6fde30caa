/* tls.h - the TLS wire format: records and handshake messages, pulled from a reader.
 *
 * A parser fills its struct with borrowed bytes and lists in the arena, keeps what was readable, and names
 * the first field that did not fit in `malformed`. Nothing here prints, allocates outside the arena, or
 * knows about connections. RFC 8446, 5246, 6101; SSL 2.0 from draft-hickman-netscape-ssl-00. */
#ifndef TLSWHY_TLS_H
#define TLSWHY_TLS_H

#include "tlswhy/handshake.h"
#include "tlswhy/reader.h"

enum content_type { TLS_CHANGE_CIPHER_SPEC = 20, TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_APPLICATION_DATA = 23, TLS_HEARTBEAT = 24 };
enum handshake_type {
    HS_HELLO_REQUEST = 0, HS_CLIENT_HELLO = 1, HS_SERVER_HELLO = 2, HS_NEW_SESSION_TICKET = 4, HS_END_OF_EARLY_DATA = 5,
    HS_HELLO_RETRY_REQUEST = 6, HS_ENCRYPTED_EXTENSIONS = 8, HS_CERTIFICATE = 11, HS_SERVER_KEY_EXCHANGE = 12,
    HS_CERTIFICATE_REQUEST = 13, HS_SERVER_HELLO_DONE = 14, HS_CERTIFICATE_VERIFY = 15, HS_CLIENT_KEY_EXCHANGE = 16,
    HS_FINISHED = 20, HS_CERTIFICATE_URL = 21, HS_CERTIFICATE_STATUS = 22, HS_SUPPLEMENTAL_DATA = 23, HS_KEY_UPDATE = 24,
    HS_COMPRESSED_CERTIFICATE = 25, HS_NEXT_PROTOCOL = 67, HS_MESSAGE_HASH = 254
};

/* Header of the next record; the body need not be there. */
struct record {
    uint8_t  type;
    uint16_t version;
    size_t   len;       /* of the body */
    size_t   header;    /* 5; SSL 2.0: 2 or 3 */
    bool     v2;
};
enum record_peek { RECORD_YES, RECORD_MORE, RECORD_NOT_TLS };
/* Looks at the first bytes of a side without moving: a TLS record header, too few bytes to say, or no TLS.
 * `start` is true at the very start of a side's stream, where a v2-format hello may stand; there the rule is
 * strict (record length and handshake type must make sense: a Modbus server echoes 16 03 01). */
enum record_peek record_peek(const struct reader *side, bool start, struct record *out);
enum { TLS_BODY_MAX = 16384 + 2048 }; /* RFC 5246 section 6.2.3: the longest encrypted body */
/* Is it what comes behind the start nearly always? Then that needs no call; if not, record_peek knows more. */
static inline bool record_usual(const struct reader *side, struct record *out)
{
    const uint8_t *p = side->p;
    if (rd_left(side) < 5 || p[0] < TLS_CHANGE_CIPHER_SPEC || p[0] > TLS_APPLICATION_DATA || p[1] != 3 || p[2] > 4)
        return false;
    *out = (struct record){ .type = p[0], .version = be16(p + 1), .len = be16(p + 3), .header = 5 };
    return out->len != 0 && out->len <= TLS_BODY_MAX;
}

void tls_client_hello(struct reader body, struct arena *a, struct client_hello *out);
void tls_v2_client_hello(struct reader body, struct arena *a, struct client_hello *out);
void tls_server_hello(struct reader body, struct arena *a, struct server_hello *out);
void tls_v2_server_hello(struct reader body, struct arena *a, struct server_hello *out, struct bytes *certificate);
/* HelloRetryRequest of the drafts that had a handshake type for it (6). */
void tls_draft_hello_retry(struct reader body, struct arena *a, struct server_hello *out);
bool tls_is_hello_retry(const struct server_hello *s);
/* The certificate_list entries, DER, at most 64; `tls13` has a context and extensions. Gives how many there were. */
size_t tls_certificates(struct reader body, bool tls13, struct bytes out[64], const char **malformed);
/* CompressedCertificate (RFC 8879) with zlib: the Certificate message's body into `out`. Gives its length; 0: another
 * algorithm, more than `room`, or it does not decompress. */
size_t tls_compressed_certificate(struct reader body, uint8_t *out, size_t room);
/* The OCSPResponse that a TLS 1.3 Certificate message has for its first certificate (RFC 8446 section 4.4.2.1), or p NULL. */
struct bytes tls_certificate_staple(struct reader body);
void tls_server_key_exchange(struct reader body, const struct suite *suite, uint16_t version, struct server_kex *out);
void tls_certificate_request(struct reader body, uint16_t version, struct arena *a, struct cert_request *out);
struct bytes tls_certificate_status(struct reader body); /* the OCSPResponse, or p NULL */

#endif
