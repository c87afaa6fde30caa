#include "tlswhy/dtls.h"
#include "tlswhy/tls.h"

#include <string.h>

enum { DTLS_1_0 = 0xfeff, DTLS_1_2 = 0xfefd, DTLS_OPENSSL = 0x0100, BODY_MAX = (1 << 14) + 2048, MESSAGE_MAX = 1 << 17 };

static bool is_version(uint16_t v) { return v == DTLS_1_0 || v == DTLS_1_2 || v == DTLS_OPENSSL; }

/* The header of a DTLS 1.3 ciphertext (RFC 9147 section 4): 001CSLEE, a connection id of unknown length is not read. */
static bool unified(struct reader *r, struct dtls_record *out)
{
    uint8_t head = rd_u8(r, "unified header");
    if ((head & 0x10) != 0)
        return false;
    rd_uint(r, (head & 8) != 0 ? 2 : 1, "sequence number");
    struct reader body = (head & 4) != 0 ? rd_vec(r, 2, "record body") : rd_cut(r, rd_left(r), "record body");
    *out = (struct dtls_record){ .type = TLS_APPLICATION_DATA, .version = DTLS_1_2, .epoch = head & 3, .unified = true, .body = rd_rest(&body) };
    return r->want == NULL;
}

bool dtls_record(struct reader *r, struct dtls_record *out)
{
    struct reader at = *r;
    if (rd_left(&at) > 0 && at.p[0] >> 5 == 1) {
        bool ok = unified(&at, out);
        *r = ok ? at : *r;
        return ok;
    }
    *out = (struct dtls_record){ .type = rd_u8(&at, "record type") };
    out->version = rd_u16(&at, "record version");
    out->epoch = rd_u16(&at, "epoch");
    out->number = (uint64_t)rd_u16(&at, "sequence number") << 32;
    out->number |= rd_u32(&at, "sequence number");
    struct reader body = rd_vec(&at, 2, "record body");
    out->body = rd_rest(&body);
    if (at.want != NULL || out->type < TLS_CHANGE_CIPHER_SPEC || out->type > DTLS_ACK || !is_version(out->version) || out->body.n > BODY_MAX)
        return false;
    *r = at;
    return true;
}

bool dtls_fragment(struct reader *r, struct dtls_fragment *out)
{
    struct reader at = *r;
    *out = (struct dtls_fragment){ .type = rd_u8(&at, "message type") };
    out->len = rd_uint(&at, 3, "message length");
    out->seq = rd_u16(&at, "message_seq");
    out->at = rd_uint(&at, 3, "fragment offset");
    struct reader body = rd_vec(&at, 3, "fragment");
    out->body = rd_rest(&body);
    if (at.want != NULL || out->len > MESSAGE_MAX || out->at > out->len || out->body.n > out->len - out->at)
        return false;
    *r = at;
    return true;
}

bool dtls_begins(struct bytes datagram)
{
    enum { HEADER = 13 };
    struct reader        r = rd_of(datagram.p, datagram.n), body;
    struct dtls_record   rec;
    struct dtls_fragment f;
    if (datagram.n < HEADER + 12 || datagram.p[0] != TLS_HANDSHAKE || !dtls_record(&r, &rec) || rec.epoch != 0)
        return false;
    body = rd_of(rec.body.p, rec.body.n);
    return dtls_fragment(&body, &f) && (f.type <= HS_HELLO_VERIFY_REQUEST || (f.type >= HS_CERTIFICATE && f.type <= HS_CLIENT_KEY_EXCHANGE));
}

size_t dtls_without_cookie(struct bytes body, uint8_t *out, size_t room)
{
    enum { VERSION_RANDOM = 34 };
    struct reader r = rd_of(body.p, body.n);
    rd_bytes(&r, VERSION_RANDOM, "version and random");
    rd_vec(&r, 1, "session id");
    size_t before = body.n - rd_left(&r);
    rd_vec(&r, 1, "cookie");
    size_t after = rd_left(&r);
    if (r.want != NULL || before + after > room)
        return 0;
    memcpy(out, body.p, before);
    memcpy(out + before, r.p, after);
    return before + after;
}
