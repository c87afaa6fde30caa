#include "tlswhy/quic.h"
#include "tlswhy/tls13.h"

#include <string.h>

enum { CID_MAX = 20, SAMPLE = 16, TAG = 16 };

/* How a version makes its Initial keys (RFC 9001 section 5.2, RFC 9369 section 3.3, the drafts of each). */
static const struct version {
    uint32_t    first, last;
    bool        v2; /* other labels, and its packet types are numbered anew */
    uint8_t     salt[20];
} versions[] = {
    { 0x00000001, 0x00000001, false,
      { 0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a } }, /* RFC 9001 */
    { 0x6b3343cf, 0x6b3343cf, true,
      { 0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9 } }, /* RFC 9369 */
    { 0xff00001d, 0xff000020, false,
      { 0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99 } }, /* drafts 29 to 32 */
    { 0xff000017, 0xff00001c, false,
      { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 } }, /* drafts 23 to 28 */
    { 0xff000016, 0xff000016, false,
      { 0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a } }, /* draft 22 */
    { 0xfaceb001, 0xfaceb001, false,
      { 0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a } }, /* mvfst, as draft 22 */
    { 0xfaceb002, 0xfaceb00f, false,
      { 0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02 } }, /* mvfst, as draft 27 */
    { 0x54303530, 0x54303530, false,
      { 0x7f, 0xf5, 0x79, 0xe5, 0xac, 0xd0, 0x72, 0x91, 0x55, 0x80, 0x30, 0x4c, 0x43, 0xa2, 0x36, 0x7c, 0x60, 0x48, 0x83, 0x10 } }, /* T050 */
    { 0x54303531, 0x54303531, false,
      { 0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d } }, /* T051 */
};

/* Reserved to exercise version negotiation (RFC 9000 section 15): whoever sends one seals by a version that it really has. */
static bool is_reserved(uint32_t v) { return (v & 0x0f0f0f0f) == 0x0a0a0a0a; }

/* The nth way to read a version; NULL past the last. */
static const struct version *version_of(uint32_t v, size_t nth)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        bool fits = is_reserved(v) ? !versions[i].v2 : v >= versions[i].first && v <= versions[i].last;
        if (fits && nth-- == 0)
            return &versions[i];
    }
    return NULL;
}

/* A variable-length integer (RFC 9000 section 16). */
static uint64_t rd_varint(struct reader *r, const char *what)
{
    uint64_t v = rd_u8(r, what);
    size_t   more = ((size_t)1 << (v >> 6)) - 1;
    v &= 0x3f;
    for (; more > 0; more--)
        v = v << 8 | rd_u8(r, what);
    return v;
}

static struct bytes rd_cid(struct reader *r)
{
    struct reader id = rd_vec(r, 1, "connection id");
    return rd_rest(&id);
}

/* ------------------------------------------------------------------------------------ packets */

bool quic_packet(struct reader *r, struct quic_packet *out)
{
    struct reader  at = *r;
    const uint8_t *start = at.p;
    uint8_t        head = rd_u8(&at, "first byte");
    *out = (struct quic_packet){ .type = QUIC_SHORT };
    if (at.want != NULL)
        return false;
    if ((head & 0x80) == 0) { /* to the end of the datagram */
        out->whole = (struct bytes){ start, rd_left(r) };
        rd_bytes(r, rd_left(r), "packet");
        return (head & 0x40) != 0;
    }
    out->version = rd_u32(&at, "version");
    out->dcid = rd_cid(&at);
    out->scid = rd_cid(&at);
    if (at.want != NULL || out->dcid.n > CID_MAX || out->scid.n > CID_MAX)
        return false;
    const struct version *v = version_of(out->version, 0);
    unsigned              type = head >> 4 & 3;
    if (out->version == 0)
        out->type = QUIC_NEGOTIATION;
    else if (v == NULL)
        return false;
    else
        out->type = (enum quic_type)(v->v2 ? (type + 3) & 3 : type);
    if (out->type == QUIC_NEGOTIATION || out->type == QUIC_RETRY) {
        struct bytes rest = rd_rest(&at);
        if (out->type == QUIC_NEGOTIATION)
            out->versions = rest;
    } else {
        if (out->type == QUIC_INITIAL) {
            uint64_t token = rd_varint(&at, "token length");
            rd_bytes(&at, token < rd_left(&at) ? (size_t)token : rd_left(&at), "token");
        }
        uint64_t len = rd_varint(&at, "length");
        out->number_at = (size_t)(at.p - start);
        if (at.want != NULL || len > rd_left(&at))
            return false;
        rd_bytes(&at, (size_t)len, "packet");
    }
    out->whole = (struct bytes){ start, (size_t)(at.p - start) };
    *r = at;
    return true;
}

bool quic_begins(struct bytes datagram)
{
    enum { SMALLEST = 40 };
    struct reader      r = rd_of(datagram.p, datagram.n);
    struct quic_packet p;
    return datagram.n >= SMALLEST && (datagram.p[0] & 0xc0) == 0xc0 && quic_packet(&r, &p) && p.type == QUIC_INITIAL;
}

/* ------------------------------------------------------------------------------------ Initial packets */

bool quic_initial_keys(uint32_t version, size_t nth, struct bytes dcid, struct quic_keys out[2])
{
    static const char *const in[] = { "client in", "server in" };
    static const char *const labels[][3] = { { "quic key", "quic iv", "quic hp" }, { "quicv2 key", "quicv2 iv", "quicv2 hp" } };
    const struct version    *v = version_of(version, nth);
    uint8_t                  initial[DIGEST_MAX], secret[DIGEST_MAX];
    enum { HASH = 32 };
    if (v == NULL || hmac_of(HASH_SHA256, (struct bytes){ v->salt, sizeof v->salt }, &dcid, 1, initial) != HASH)
        return false;
    for (int side = CLIENT; side <= SERVER; side++) {
        struct bytes none = { 0 }, s = { secret, HASH };
        if (!tls13_expand(HASH_SHA256, (struct bytes){ initial, HASH }, in[side], none, secret, HASH) ||
            !tls13_expand(HASH_SHA256, s, labels[v->v2][0], none, out[side].key, sizeof out[side].key) ||
            !tls13_expand(HASH_SHA256, s, labels[v->v2][1], none, out[side].iv, sizeof out[side].iv) ||
            !tls13_expand(HASH_SHA256, s, labels[v->v2][2], none, out[side].hp, sizeof out[side].hp))
            return false;
    }
    return true;
}

/* Header protection off (RFC 9001 section 5.4), then the AEAD (section 5.3). Initial packet numbers are small, so the part
 * that is sent is all of it. */
ptrdiff_t quic_open(const struct quic_keys *k, const struct quic_packet *p, uint8_t *out)
{
    enum { HEADER_MAX = 1 + 4 + 2 * (1 + CID_MAX) + 8 + 2048 + 8 + 4 };
    uint8_t mask[16], header[HEADER_MAX], nonce[12];
    size_t  at = p->number_at;
    if (p->type != QUIC_INITIAL || at == 0 || p->whole.n < at + 4 + SAMPLE || at + 4 > sizeof header || !aes_block(k->hp, p->whole.p + at + 4, mask))
        return -1;
    memcpy(header, p->whole.p, at + 4);
    header[0] ^= mask[0] & 0x0f;
    size_t n = (size_t)(header[0] & 3) + 1;
    memcpy(nonce, k->iv, sizeof nonce);
    for (size_t i = 0; i < n; i++) {
        header[at + i] ^= mask[1 + i];
        nonce[sizeof nonce - n + i] ^= header[at + i];
    }
    struct bytes sealed = { p->whole.p + at + n, p->whole.n - at - n };
    if (sealed.n < TAG || !aead_open(AEAD_AES_GCM, (struct bytes){ k->key, sizeof k->key }, nonce, (struct bytes){ header, at + n }, sealed, out))
        return -1;
    return (ptrdiff_t)(sealed.n - TAG);
}

/* ------------------------------------------------------------------------------------ frames */

static void skip_ack(struct reader *r, bool ecn)
{
    rd_varint(r, "largest acknowledged");
    rd_varint(r, "ack delay");
    uint64_t ranges = rd_varint(r, "ack range count");
    rd_varint(r, "first ack range");
    for (; ranges > 0 && r->want == NULL; ranges--) {
        rd_varint(r, "gap");
        rd_varint(r, "ack range");
    }
    for (int i = 0; ecn && i < 3; i++)
        rd_varint(r, "ecn count");
}

static struct bytes rd_sized(struct reader *r, const char *what)
{
    uint64_t      n = rd_varint(r, what);
    struct reader body = rd_cut(r, n < SIZE_MAX ? (size_t)n : SIZE_MAX, what);
    return rd_rest(&body);
}

/* Only these may stand in an Initial packet (RFC 9000 section 12.4). */
bool quic_frame(struct reader *r, struct quic_frame *out)
{
    enum { PADDING, PING, ACK, ACK_ECN, CRYPTO = 6, CRYPTO_T05X = 8, CLOSE = 0x1c };
    *out = (struct quic_frame){ .kind = QUIC_OTHER };
    while (rd_left(r) > 0 && r->p[0] == PADDING)
        rd_u8(r, "padding");
    if (rd_left(r) == 0 || r->want != NULL)
        return false;
    switch (rd_varint(r, "frame type")) {
    case PING: break;
    case ACK: skip_ack(r, false); break;
    case ACK_ECN: skip_ack(r, true); break;
    case CRYPTO:
    case CRYPTO_T05X: /* T050 and T051 number it so; elsewhere this one may not stand here */
        out->kind = QUIC_CRYPTO;
        out->at = rd_varint(r, "offset");
        out->body = rd_sized(r, "crypto data");
        break;
    case CLOSE:
        out->kind = QUIC_CLOSE;
        out->code = rd_varint(r, "error code");
        rd_varint(r, "frame type");
        out->body = rd_sized(r, "reason phrase");
        break;
    default: return false;
    }
    return r->want == NULL;
}
