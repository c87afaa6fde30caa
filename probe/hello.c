/* hello.c - a hello's shape and the occasion -> the bytes of a ClientHello. */
#include "tlswhy/hello.h"

#include "tlswhy/tls.h"
#include "tlswhy/tls13.h"
#include "tlswhy/writer.h"

#include <stdlib.h>
#include <string.h>

enum { GREASE = 0x0a0a, HELLO_MAX = 64 * 1024, RECORD_MAX = 16384, MLKEM768_KEY = 1184, MLKEM768_Q = 3329 };

/* GREASE values stay the same in the second hello of a handshake: they are drawn from its random (RFC 8701). */
enum grease_use { GREASE_SUITE, GREASE_GROUP, GREASE_EXT, GREASE_LAST_EXT, GREASE_VERSION, GREASE_SIGALG };

static uint16_t grease(const struct hello_keys *k, enum grease_use use)
{
    unsigned nibble = k->random[use] >> 4;
    if (use == GREASE_LAST_EXT && nibble == k->random[GREASE_EXT] >> 4)
        nibble ^= 1; /* two extensions of one number are a mistake */
    return (uint16_t)(0x0a0a | nibble << 12 | nibble << 4);
}

static unsigned real(uint32_t v, const struct hello_keys *k, enum grease_use use) { return v == GREASE ? grease(k, use) : v; }

static bool lists(struct u16s list, uint16_t v)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == v)
            return true;
    return false;
}

/* ------------------------------------------------------------------------------------ what is drawn */

/* The groups to send a share for, in order; GREASE among them. */
static size_t share_groups(const struct hello_spec *s, uint16_t out[8])
{
    size_t n = 0;
    if (s->retry_group != 0) {
        out[0] = s->retry_group;
        return 1;
    }
    for (size_t i = 0; i < s->shape.key_share_count && n < 8; i++)
        out[n++] = s->shape.key_shares[i].group;
    for (size_t i = 0; i < s->shape.groups.n && s->shape.key_shares == NULL && n == 0; i++)
        if (keys_can(s->shape.groups.v[i]))
            out[n++] = s->shape.groups.v[i];
    return n;
}

static bool key_of_run(struct key_ring *ring, uint16_t group, struct ephemeral *out)
{
    for (size_t i = 0; ring != NULL && i < ring->n; i++) {
        if (ring->key[i].group == group) {
            *out = ring->key[i];
            return true;
        }
    }
    if (!ephemeral_new(group, out))
        return false;
    if (ring != NULL && ring->n < ARRAY_LEN(ring->key))
        ring->key[ring->n++] = *out;
    return true;
}

bool hello_draw(const struct hello_spec *spec, bool again, struct hello_keys *keys)
{
    uint16_t groups[8];
    size_t   n = lists(spec->shape.extensions, EXT_KEY_SHARE) ? share_groups(spec, groups) : 0;
    if (!again) {
        uint8_t drawn[sizeof keys->random + sizeof keys->session_id];
        random_bytes(drawn, sizeof drawn);
        memcpy(keys->random, drawn, sizeof keys->random);
        memcpy(keys->session_id, drawn + sizeof keys->random, sizeof keys->session_id);
    }
    keys->shares = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t group = groups[i] == GROUP_X25519MLKEM768 ? GROUP_X25519 : groups[i];
        bool     there = is_grease(group);
        for (size_t k = 0; k < keys->shares; k++)
            there = there || keys->share[k].group == group;
        if (!there && keys->shares < SHARES_MAX && keys_can(group) && !key_of_run(keys->ring, group, &keys->share[keys->shares++]))
            return false;
    }
    return true;
}

static const struct ephemeral *share_of(const struct hello_keys *k, uint16_t group)
{
    for (size_t i = 0; i < k->shares; i++)
        if (k->share[i].group == group)
            return &k->share[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------ extensions */

/* Bytes that look drawn and depend on the hello's random alone: keys that nobody will use. */
static void filler(struct writer *w, const struct hello_keys *k, size_t n)
{
    uint8_t block[DIGEST_MAX];
    for (unsigned i = 0; n > 0; i++) {
        uint8_t      salt[2] = { (uint8_t)(i >> 8), (uint8_t)i };
        struct bytes pieces[] = { { k->random, sizeof k->random }, { k->session_id, sizeof k->session_id }, { salt, 2 } };
        size_t       got = digest(HASH_SHA256, pieces, ARRAY_LEN(pieces), block), take = got < n ? got : n;
        wr_bytes(w, block, take);
        n -= take;
    }
}

/* An ML-KEM-768 encapsulation key that a server accepts: 768 numbers of 12 bits below q, and a seed of 32 bytes
 * (FIPS 203 section 7.2). Nobody has its private key, so a server that picks it is asked again without. */
static void mlkem_make(uint8_t raw[MLKEM768_KEY], const struct hello_keys *k)
{
    struct writer w = { .p = raw, .cap = MLKEM768_KEY };
    filler(&w, k, MLKEM768_KEY);
    for (size_t i = 0; i + 32 < MLKEM768_KEY; i += 3) {
        unsigned low = raw[i], middle = raw[i + 1], high = raw[i + 2];
        unsigned a = (low | (middle & 0x0f) << 8) % MLKEM768_Q, b = (middle >> 4 | high << 4) % MLKEM768_Q;
        raw[i] = (uint8_t)a;
        raw[i + 1] = (uint8_t)(a >> 8 | (b & 0x0f) << 4);
        raw[i + 2] = (uint8_t)(b >> 4);
    }
}

static void mlkem_key(struct writer *w, const struct hello_keys *k)
{
    struct key_ring own = { 0 }, *ring = k->ring != NULL ? k->ring : &own;
    if (!ring->has_mlkem)
        mlkem_make(ring->mlkem, k);
    ring->has_mlkem = true;
    wr_bytes(w, ring->mlkem, MLKEM768_KEY);
}

static size_t share_size(const struct hello_spec *s, uint16_t group)
{
    for (size_t i = 0; i < s->shape.key_share_count; i++)
        if (s->shape.key_shares[i].group == group)
            return s->shape.key_shares[i].bytes;
    return 32;
}

static void key_shares(struct writer *w, const struct hello_spec *s, const struct hello_keys *k)
{
    uint16_t groups[8];
    size_t   n = share_groups(s, groups), list = wr_begin(w, 2);
    for (size_t i = 0; i < n; i++) {
        const struct ephemeral *mine = share_of(k, groups[i] == GROUP_X25519MLKEM768 ? GROUP_X25519 : groups[i]);
        wr_u16(w, real(groups[i], k, GREASE_GROUP));
        size_t body = wr_begin(w, 2);
        if (groups[i] == GROUP_X25519MLKEM768)
            mlkem_key(w, k);
        if (is_grease(groups[i]))
            wr_u8(w, 0);
        else if (mine != NULL)
            wr_bytes(w, mine->public_key, mine->public_len);
        else
            filler(w, k, share_size(s, groups[i]));
        wr_end(w, body, 2);
    }
    wr_end(w, list, 2);
}

static void u16_list(struct writer *w, size_t width, struct u16s list, const struct hello_keys *k, enum grease_use use)
{
    size_t at = wr_begin(w, width);
    for (size_t i = 0; i < list.n; i++)
        wr_u16(w, real(list.v[i], k, use));
    wr_end(w, at, width);
}

static void u8_list(struct writer *w, struct u16s list)
{
    size_t at = wr_begin(w, 1);
    for (size_t i = 0; i < list.n; i++)
        wr_u8(w, list.v[i]);
    wr_end(w, at, 1);
}

static void server_name(struct writer *w, struct bytes name) /* RFC 6066 section 3 */
{
    size_t list = wr_begin(w, 2);
    wr_u8(w, 0);
    size_t host = wr_begin(w, 2);
    wr_bytes(w, name.p, name.n);
    wr_end(w, host, 2);
    wr_end(w, list, 2);
}

static void alpn(struct writer *w, struct byte_list names) /* RFC 7301 section 3.1 */
{
    size_t list = wr_begin(w, 2);
    for (size_t i = 0; i < names.n; i++) {
        size_t name = wr_begin(w, 1);
        wr_bytes(w, names.v[i].p, names.v[i].n);
        wr_end(w, name, 1);
    }
    wr_end(w, list, 2);
}

/* Encrypted Client Hello as sent by a client that has no key for it (RFC 9849 section 6.2). */
static void ech_grease(struct writer *w, const struct hello_keys *k)
{
    static const uint8_t suite[] = { 0, 0, 1, 0, 1 }; /* outer; HKDF-SHA256, AES-128-GCM */
    wr_bytes(w, suite, sizeof suite);
    wr_u8(w, k->random[31]);
    wr_u16(w, 32);
    filler(w, k, 32);
    wr_u16(w, 144);
    filler(w, k, 144);
}

/* Bodies that are the same in every hello we know. */
static const struct fixed { uint16_t type; uint8_t n, body[12]; } fixed[] = {
    { EXT_STATUS_REQUEST, 5, { 1, 0, 0, 0, 0 } },                                                     /* RFC 6066 section 8 */
    { EXT_STATUS_REQUEST_V2, 9, { 0, 7, 2, 0, 4, 0, 0, 0, 0 } },                                      /* RFC 6961 */
    { EXT_HEARTBEAT, 1, { 1 } },                                                                      /* RFC 6520 */
    { EXT_TOKEN_BINDING, 6, { 0, 10, 3, 2, 1, 0 } },                                                  /* RFC 8472 */
    { EXT_COMPRESS_CERTIFICATE, 3, { 2, 0, 2 } },                                                     /* RFC 8879: brotli */
    { EXT_RECORD_SIZE_LIMIT, 2, { 0x40, 1 } },                                                        /* RFC 8449 */
    { EXT_DELEGATED_CREDENTIAL, 10, { 0, 8, 4, 3, 5, 3, 6, 3, 2, 3 } },                               /* RFC 9345 */
    { EXT_PSK_KEY_EXCHANGE_MODES, 2, { 1, 1 } },                                                      /* psk_dhe_ke */
    { EXT_RENEGOTIATION_INFO, 1, { 0 } },                                                             /* RFC 5746 */
    { 0x4469, 5, { 0, 3, 2, 'h', '2' } }, { 0x44cd, 5, { 0, 3, 2, 'h', '2' } },                        /* application settings */
};

static void extension_body(struct writer *w, uint16_t type, const struct hello_spec *s, const struct hello_keys *k)
{
    const struct profile *p = &s->shape;
    switch (type) {
    case EXT_SERVER_NAME: server_name(w, s->sni); return;
    case EXT_SUPPORTED_GROUPS: u16_list(w, 2, p->groups, k, GREASE_GROUP); return;
    case EXT_EC_POINT_FORMATS: u8_list(w, p->point_formats.v != NULL ? p->point_formats : (struct u16s){ (const uint16_t[]){ 0 }, 1 }); return;
    case EXT_SIGNATURE_ALGORITHMS: u16_list(w, 2, p->sigalgs, k, GREASE_SIGALG); return;
    case EXT_SIGNATURE_ALGORITHMS_CERT: u16_list(w, 2, s->sigalgs_cert.v != NULL ? s->sigalgs_cert : p->sigalgs, k, GREASE_SIGALG); return;
    case EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION: alpn(w, p->alpn); return;
    case EXT_SUPPORTED_VERSIONS: u16_list(w, 1, p->versions, k, GREASE_VERSION); return;
    case EXT_KEY_SHARE: key_shares(w, s, k); return;
    case EXT_ENCRYPTED_CLIENT_HELLO: ech_grease(w, k); return;
    case EXT_COOKIE:
        wr_u16(w, (unsigned)s->cookie.n);
        wr_bytes(w, s->cookie.p, s->cookie.n);
        return;
    default: break;
    }
    for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
        if (fixed[i].type == type)
            wr_bytes(w, fixed[i].body, fixed[i].n);
}

/* Is there something to put into it? A list that the shape lacks leaves its extension out. */
static bool has_content(uint16_t type, const struct hello_spec *s)
{
    const struct profile *p = &s->shape;
    switch (type) {
    case EXT_SERVER_NAME: return s->sni.p != NULL;
    case EXT_SUPPORTED_GROUPS: return p->groups.v != NULL;
    case EXT_SIGNATURE_ALGORITHMS:
    case EXT_SIGNATURE_ALGORITHMS_CERT: return p->sigalgs.v != NULL;
    case EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION: return p->alpn.v != NULL;
    case EXT_SUPPORTED_VERSIONS: return p->versions.v != NULL;
    case EXT_COOKIE: return false; /* it is put where the retry demands it */
    default: return true;
    }
}

static const struct own_extension *own_of(const struct hello_spec *s, uint16_t type)
{
    for (size_t i = 0; i < s->own_n; i++)
        if (s->own[i].type == type)
            return &s->own[i];
    return NULL;
}

static void extension(struct writer *w, uint16_t number, uint16_t type, const struct hello_spec *s, const struct hello_keys *k)
{
    wr_u16(w, number);
    size_t body = wr_begin(w, 2);
    const struct own_extension *own = own_of(s, type);
    if (own != NULL)
        wr_bytes(w, own->body.p, own->body.n);
    else
        extension_body(w, type, s, k);
    wr_end(w, body, 2);
}

/* Hellos of 256 to 511 bytes hang some old servers: clients that pad bring them to 512 (RFC 7685). */
static void padding(struct writer *w, size_t wanted)
{
    size_t n = w->n, to = wanted != 0 ? wanted : 512;
    if (n >= to || (wanted == 0 && n < 256))
        return;
    size_t len = to - n >= 5 ? to - n - 4 : 1;
    wr_u16(w, EXT_PADDING);
    wr_u16(w, (unsigned)len);
    while (len-- > 0)
        wr_u8(w, 0);
}

/* RFC 8446 section 4.2.11: one identity, just given to us, and room for its binder. */
static void pre_shared_key(struct writer *w, const struct session *session)
{
    static const uint8_t room[DIGEST_MAX];
    size_t               len = session->psk.n;
    wr_u16(w, EXT_PRE_SHARED_KEY);
    size_t body = wr_begin(w, 2), identities = wr_begin(w, 2), ticket = wr_begin(w, 2);
    wr_bytes(w, session->ticket.p, session->ticket.n);
    wr_end(w, ticket, 2);
    wr_uint(w, 4, session->age_add);
    wr_end(w, identities, 2);
    wr_u16(w, (unsigned)(1 + len));
    wr_u8(w, (unsigned)len);
    wr_bytes(w, room, len);
    wr_end(w, body, 2);
}

static void extensions(struct writer *w, const struct hello_spec *s, const struct hello_keys *k)
{
    struct u16s list = s->shape.extensions;
    size_t      greased = 0, block = wr_begin(w, 2), pad = SIZE_MAX;
    for (size_t i = 0; i < list.n; i++) {
        uint16_t type = list.v[i];
        if (own_of(s, type) != NULL) {
            extension(w, type, type, s, k);
        } else if (type == GREASE) {
            wr_u16(w, grease(k, greased == 0 ? GREASE_EXT : GREASE_LAST_EXT));
            wr_u16(w, greased == 0 ? 0 : 1);
            if (greased++ != 0)
                wr_u8(w, 0);
        } else if (type == EXT_PADDING) {
            pad = i;
        } else if (has_content(type, s)) {
            extension(w, type, type, s, k);
        }
        if (type == EXT_KEY_SHARE && s->cookie.p != NULL)
            extension(w, EXT_COOKIE, EXT_COOKIE, s, k);
    }
    if (pad != SIZE_MAX)
        padding(w, s->pad_to);
    if (s->session != NULL)
        pre_shared_key(w, s->session);
    wr_end(w, block, 2);
}

/* The binder proves the key over all that comes before it, lengths included: it is filled in at the end. */
static void bind(struct writer *w, const struct session *session)
{
    uint8_t binder[DIGEST_MAX];
    size_t  len = session->psk.n, list = 2 + 1 + len;
    if (w->full || w->n < list || tls13_binder(session->hash, session->psk, (struct bytes){ w->p, w->n - list }, binder) != len)
        w->full = true;
    else
        memcpy(w->p + w->n - len, binder, len);
}

/* ------------------------------------------------------------------------------------ the message */

static void put_suites(struct writer *w, const struct profile *p, const struct hello_keys *k, bool v2)
{
    for (size_t i = 0; i < p->suites.n; i++)
        if (v2 || p->suites.v[i] <= UINT16_MAX) /* those of SSL 2.0 have three bytes */
            wr_uint(w, v2 ? 3 : 2, real(p->suites.v[i], k, GREASE_SUITE));
}

/* CLIENT-HELLO of SSL 2.0 (RFC 5246 section E.2): suites of three bytes, a challenge instead of the random. */
static void v2_hello(struct writer *w, const struct profile *p, const struct hello_keys *k)
{
    enum { CHALLENGE = 16 };
    wr_u8(w, HS_CLIENT_HELLO);
    wr_u16(w, p->client_version);
    wr_u16(w, (unsigned)(3 * p->suites.n));
    wr_u16(w, 0);
    wr_u16(w, CHALLENGE);
    put_suites(w, p, k, true);
    wr_bytes(w, k->random, CHALLENGE);
}

static void hello(struct writer *w, const struct hello_spec *s, const struct hello_keys *k)
{
    const struct profile *p = &s->shape;
    wr_u8(w, HS_CLIENT_HELLO);
    size_t body = wr_begin(w, 3);
    wr_u16(w, p->client_version != 0 ? p->client_version : 0x0303);
    wr_bytes(w, k->random, sizeof k->random);
    struct bytes id = s->session_id.p != NULL ? s->session_id : (struct bytes){ k->session_id, p->session_id_len };
    wr_u8(w, (unsigned)id.n);
    wr_bytes(w, id.p, id.n);
    size_t suites = wr_begin(w, 2);
    put_suites(w, p, k, false);
    wr_end(w, suites, 2);
    u8_list(w, p->compression.v != NULL ? p->compression : (struct u16s){ (const uint16_t[]){ 0 }, 1 });
    if (p->extensions.v != NULL)
        extensions(w, s, k);
    wr_end(w, body, 3);
    if (s->session != NULL && p->extensions.v != NULL)
        bind(w, s->session);
}

struct bytes hello_message(const struct hello_spec *spec, const struct hello_keys *keys, struct arena *a)
{
    uint8_t      *buf = mem_grow(NULL, HELLO_MAX, 1); /* not zeroed: most hellos are small */
    struct writer w = { .p = buf, .cap = HELLO_MAX };
    struct bytes  out = { 0 };
    if (spec->shape.session_id_len > sizeof keys->session_id)
        w.full = true;
    else if (spec->shape.v2_format)
        v2_hello(&w, &spec->shape, keys);
    else
        hello(&w, spec, keys);
    if (!w.full)
        out = (struct bytes){ arena_copy(a, buf, w.n), w.n };
    free(buf);
    return out;
}

struct bytes hello_records(const struct hello_spec *spec, struct bytes message, struct arena *a)
{
    size_t        most = spec->record_max != 0 && spec->record_max < RECORD_MAX ? spec->record_max : RECORD_MAX;
    size_t        records = message.n / most + 1, cap = message.n + 5 * records;
    struct writer w = { .p = ARENA_NEW_N(a, cap, uint8_t), .cap = cap };
    uint16_t      version = spec->shape.record_version != 0 ? spec->shape.record_version : 0x0301;
    if (spec->shape.v2_format) {
        wr_u16(&w, (unsigned)(0x8000 | message.n));
        wr_bytes(&w, message.p, message.n);
        return (struct bytes){ w.p, w.n };
    }
    for (size_t at = 0; at < message.n;) {
        size_t n = message.n - at < most ? message.n - at : most;
        wr_u8(&w, TLS_HANDSHAKE);
        wr_u16(&w, version);
        wr_u16(&w, (unsigned)n);
        wr_bytes(&w, message.p + at, n);
        at += n;
    }
    return (struct bytes){ w.p, w.n };
}
