/* tls_record.c - is this the header of a TLS record? RFC 8446 section 5.1, RFC 5246 E.2 (v2-format hello). */
#include "tlswhy/tls.h"

#include <string.h>

#define HELLO_MAX  (1u << 18)     /* a hello that says it is longer than this is none */

/* Record versions: 3.0 to 3.4 on the wire; drafts of 1.3 kept 3.1 and 3.3. */
static bool record_version_ok(uint16_t v) { return v >> 8 == 3 && (v & 0xff) <= 4; }

/* The start of a stream must hold what can stand there: a hello, or the alert that answers one. A record's first
 * bytes alone prove nothing: a Modbus server echoes 16 03 01. What the record holds must agree with them. */
static enum record_peek peek_first_body(struct reader r, const struct record *rec)
{
    bool     empty = rd_left(&r) == 0;
    uint8_t  type = rd_u8(&r, "type");
    uint32_t len = rd_u24(&r, "length");
    uint16_t version = rd_u16(&r, "version");
    if (rec->type == TLS_ALERT)
        return rec->len == 2 ? RECORD_YES : RECORD_NOT_TLS;
    if (rec->type != TLS_HANDSHAKE)
        return RECORD_NOT_TLS;
    if (empty || (r.want != NULL && rec->len >= 6))
        return RECORD_MORE;
    if (type == HS_HELLO_REQUEST) /* empty, and to be passed over during a handshake (RFC 5246 section 7.4.1.1) */
        return len == 0 && rec->len >= 4 ? RECORD_YES : RECORD_NOT_TLS;
    if (rec->len < 6) /* a hello cut into tiny records: only its type can be looked at */
        return type == HS_CLIENT_HELLO || type == HS_SERVER_HELLO ? RECORD_YES : RECORD_NOT_TLS;
    if (type != HS_CLIENT_HELLO && type != HS_SERVER_HELLO && type != HS_HELLO_RETRY_REQUEST)
        return RECORD_NOT_TLS;
    bool version_ok = version >> 8 == 3 || version_rank(version) >= version_rank(0x0300) || version == 0;
    return len < HELLO_MAX && len >= 4 && version_ok ? RECORD_YES : RECORD_NOT_TLS;
}

/* SSL 2.0 ERROR, which is how a server that knows only newer versions may refuse a v2 hello: no cipher, no certificate, bad
 * certificate, unsupported certificate type. */
static enum record_peek peek_v2_error(struct reader r, struct record *out)
{
    uint16_t head = rd_u16(&r, "record header");
    rd_u8(&r, "message type");
    uint16_t code = rd_u16(&r, "error code");
    if (r.want != NULL)
        return head == 0x8003 ? RECORD_MORE : RECORD_NOT_TLS;
    *out = (struct record){ .type = 0, .version = 2, .len = 3, .header = 2, .v2 = true };
    bool known = code == 1 || code == 2 || code == 4 || code == 6;
    bool alone = rd_left(&r) == 0 || r.p[0] == TLS_ALERT; /* Java sends both */
    return head == 0x8003 && known && alone ? RECORD_YES : RECORD_NOT_TLS;
}

/* SSL 2.0 CLIENT-HELLO and SERVER-HELLO (a header of two bytes): their inner lengths must add up to the record's. */
static enum record_peek peek_v2(struct reader r, struct record *out)
{
    const struct reader whole = r;
    uint16_t            head = rd_u16(&r, "record header");
    uint8_t             type = rd_u8(&r, "message type");
    bool                server = type == 4;
    if (r.want == NULL && type == 0)
        return peek_v2_error(whole, out);
    if (r.want == NULL && type != 1 && type != 4)
        return RECORD_NOT_TLS;
    if (server)
        rd_u16(&r, "session id hit, certificate type");
    uint16_t version = rd_u16(&r, "version");
    size_t   sum = server ? 11 : 9, specs = 0;
    for (int i = 0; i < 3; i++) {
        size_t n = rd_u16(&r, "length");
        specs = i == (server ? 1 : 0) ? n : specs;
        sum += n;
    }
    if (r.want != NULL)
        return RECORD_MORE;
    *out = (struct record){ .type = type, .version = 2, .len = head & 0x7fffu, .header = 2, .v2 = true };
    bool version_ok = version == 2 || (!server && version >> 8 == 3 && (version & 0xff) <= 4);
    return version_ok && sum == out->len && specs % 3 == 0 ? RECORD_YES : RECORD_NOT_TLS;
}

/* A server that refuses before it has chosen a version may send its alert with none: 0.0 (Mbed TLS to a v2-format hello). */
static enum record_peek peek_bare_alert(struct reader r, struct record *out)
{
    static const uint8_t head[] = { TLS_ALERT, 0, 0, 0, 2 };
    size_t               left = rd_left(&r), n = left < sizeof head ? left : sizeof head;
    if (memcmp(r.p, head, n) != 0)
        return RECORD_NOT_TLS;
    if (left < sizeof head + 2)
        return RECORD_MORE;
    *out = (struct record){ .type = TLS_ALERT, .version = 0, .len = 2, .header = 5 };
    return r.p[5] == 1 || r.p[5] == 2 ? RECORD_YES : RECORD_NOT_TLS;
}

enum record_peek record_peek(const struct reader *side, bool start, struct record *out)
{
    struct reader r = *side;
    size_t        left = rd_left(&r);
    if (start && left > 0 && r.p[0] >= 0x80)
        return peek_v2(r, out);
    if (start && left > 1 && r.p[0] == TLS_ALERT && r.p[1] == 0)
        return peek_bare_alert(r, out);
    if (left >= 5) {
        *out = (struct record){ .type = r.p[0], .version = be16(r.p + 1), .len = be16(r.p + 3), .header = 5 };
        r.p += 5;
    } else {
        *out = (struct record){ .type = rd_u8(&r, "record type"), .version = rd_u16(&r, "record version"), .header = 5 };
        out->len = rd_u16(&r, "record length");
    }
    if (left >= 1 && (out->type < TLS_CHANGE_CIPHER_SPEC || out->type > TLS_HEARTBEAT))
        return RECORD_NOT_TLS;
    if (left >= 2 && side->p[1] != 3)
        return RECORD_NOT_TLS;
    if (r.want != NULL)
        return RECORD_MORE;
    if (!record_version_ok(out->version) || out->len > TLS_BODY_MAX ||
        (out->len == 0 && out->type != TLS_APPLICATION_DATA))
        return RECORD_NOT_TLS;
    return start ? peek_first_body(r, out) : RECORD_YES;
}
