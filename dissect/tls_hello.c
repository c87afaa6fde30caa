/* tls_hello.c - ClientHello, ServerHello, HelloRetryRequest, of every version (RFC 8446 sections 4.1 and 4.2, RFC
 * 5246 section 7.4.1, RFC 6066, draft-hickman-netscape-ssl-00). */
#include <limits.h>
#include <string.h>

#include "tls_list.h"

#define EXTENSIONS_MAX 256 /* kept a hello */

/* The rest of `r`, or less where the message was cut: what is there is still worth reading. */
static struct reader rest_of(struct reader *r, size_t width, const char *what, const char **malformed)
{
    size_t n = rd_uint(r, width, what);
    if (r->want == NULL && n > rd_left(r)) {
        *malformed = *malformed != NULL ? *malformed : what;
        n = rd_left(r);
    }
    return rd_cut(r, n, what);
}

/* The extension block into a list. */
static const struct extension *extension_list(struct reader block, struct arena *a, size_t *n, bool *duplicate,
                                              const char **malformed)
{
    struct extension found[EXTENSIONS_MAX];
    *n = 0;
    uint64_t seen = 0; /* a bit for types alike: most are met once, and need no look at the others */
    while (rd_more(&block) && *n < EXTENSIONS_MAX) {
        uint16_t      type = rd_u16(&block, "extension type");
        struct reader body = rd_vec(&block, 2, "extension length");
        if (body.want != NULL)
            break;
        for (size_t i = 0; (seen >> type % 64 & 1) != 0 && i < *n; i++)
            *duplicate = *duplicate || found[i].type == type;
        seen |= UINT64_C(1) << type % 64;
        found[(*n)++] = (struct extension){ .type = type, .body = rd_rest(&body) };
    }
    if (block.want != NULL && *malformed == NULL)
        *malformed = block.want;
    struct extension *v = ARENA_ROOM_N(a, *n + 1, struct extension);
    memcpy(v, found, *n * sizeof *v);
    return v;
}

static void note(const char **malformed, const char *want)
{
    if (*malformed == NULL)
        *malformed = want;
}

/* server_name (RFC 6066 section 3): the first host_name. */
static void read_sni(struct reader r, struct client_hello *c)
{
    struct reader list = rd_vec(&r, 2, "server_name list");
    while (rd_more(&list)) {
        uint8_t       type = rd_u8(&list, "server_name type");
        struct reader name = rd_vec(&list, 2, "server_name");
        if (type == 0 && c->sni.p == NULL)
            c->sni = rd_rest(&name);
    }
    note(&c->malformed, list.want);
}

/* key_share (RFC 8446 section 4.2.8): the groups alone. */
static void read_key_shares(struct reader r, struct arena *a, struct client_hello *c)
{
    struct reader list = rd_vec(&r, 2, "key_share list");
    uint16_t     *v = ARENA_NEW_N(a, rd_left(&list) / 4 + 1, uint16_t);
    size_t        n = 0;
    while (rd_more(&list)) {
        uint16_t group = rd_u16(&list, "key_share group");
        rd_vec(&list, 2, "key_share key");
        if (list.want == NULL)
            v[n++] = group;
    }
    note(&c->malformed, list.want);
    c->key_shares = (struct u16s){ v, n };
}

/* pre_shared_key (RFC 8446 section 4.2.11): how many identities. */
static void read_psk(struct reader r, struct client_hello *c)
{
    struct reader list = rd_vec(&r, 2, "psk identities");
    while (rd_more(&list)) {
        rd_vec(&list, 2, "psk identity");
        rd_u32(&list, "obfuscated_ticket_age");
        c->psk_identities += list.want == NULL;
    }
    note(&c->malformed, list.want);
}

static void read_client_extension(uint16_t type, struct reader r, struct arena *a, struct client_hello *c)
{
    const char **bad = &c->malformed;
    switch (type) {
    case EXT_SERVER_NAME:
        read_sni(r, c);
        break;
    case EXT_MAX_FRAGMENT_LENGTH:
        c->max_fragment = rd_u8(&r, "max_fragment_length");
        break;
    case EXT_STATUS_REQUEST:
        c->status_request = true;
        break;
    case EXT_SUPPORTED_GROUPS:
        c->groups = list_u16(rd_vec(&r, 2, "supported_groups"), a, bad);
        break;
    case EXT_EC_POINT_FORMATS: {
        struct reader list = rd_vec(&r, 1, "ec_point_formats");
        c->point_formats = rd_rest(&list);
        break;
    }
    case EXT_SIGNATURE_ALGORITHMS:
        c->sigalgs = list_u16(rd_vec(&r, 2, "signature_algorithms"), a, bad);
        break;
    case EXT_SIGNATURE_ALGORITHMS_CERT:
        c->sigalgs_cert = list_u16(rd_vec(&r, 2, "signature_algorithms_cert"), a, bad);
        break;
    case EXT_HEARTBEAT:
        c->heartbeat = true;
        break;
    case EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION:
        c->alpn = list_vec(rd_vec(&r, 2, "alpn list"), 1, 64, a, NULL, bad);
        break;
    case EXT_SIGNED_CERTIFICATE_TIMESTAMP:
        c->sct = true;
        break;
    case EXT_PADDING:
        c->padding = true;
        break;
    case EXT_EXTENDED_MASTER_SECRET:
        c->ems = true;
        break;
    case EXT_COMPRESS_CERTIFICATE:
        c->compress_cert = true;
        break;
    case EXT_RECORD_SIZE_LIMIT:
        c->record_size_limit = rd_u16(&r, "record_size_limit");
        break;
    case EXT_SESSION_TICKET:
        c->ticket = rd_rest(&r);
        break;
    case EXT_PRE_SHARED_KEY:
        read_psk(r, c);
        break;
    case EXT_EARLY_DATA:
        c->early_data = true;
        break;
    case EXT_SUPPORTED_VERSIONS:
        c->versions = list_u16(rd_vec(&r, 1, "supported_versions"), a, bad);
        break;
    case EXT_PSK_KEY_EXCHANGE_MODES: {
        struct reader modes = rd_vec(&r, 1, "psk_key_exchange_modes");
        while (rd_more(&modes)) {
            uint8_t mode = rd_u8(&modes, "psk mode");
            c->psk_modes |= mode == 0 ? PSK_KE : mode == 1 ? PSK_DHE_KE : 0u;
        }
        break;
    }
    case EXT_POST_HANDSHAKE_AUTH:
        c->post_handshake_auth = true;
        break;
    case EXT_KEY_SHARE_DRAFT: /* drafts up to 22 */
    case EXT_KEY_SHARE:
        read_key_shares(r, a, c);
        break;
    case EXT_ENCRYPTED_CLIENT_HELLO:
        c->ech = true;
        break;
    case EXT_RENEGOTIATION_INFO:
        c->renego_info = true;
        break;
    default:
        c->grease = c->grease || is_grease(type);
        break;
    }
    note(bad, r.want);
}

/* Highest and lowest version offered (RFC 8446 section 4.2.1); without a list only the highest is known. */
static void offered_versions(struct client_hello *c)
{
    unsigned highest = 0, lowest = UINT_MAX;
    for (size_t i = 0; i < c->versions.n; i++) {
        unsigned rank = version_rank(c->versions.v[i]);
        if (rank > highest) {
            highest = rank;
            c->max_version = c->versions.v[i];
        }
        if (rank != 0 && rank < lowest) {
            lowest = rank;
            c->min_version = c->versions.v[i];
        }
    }
    if (c->max_version == 0)
        c->max_version = c->version;
}

/* Signalling values and GREASE among the suites. All are asked all, without a branch: so the compiler takes several at once. */
static void note_suites(struct client_hello *c, const uint32_t *v, size_t n)
{
    uint32_t renego = 0, fallback = 0, grease = 0;
    for (size_t i = 0; i < n; i++) {
        renego |= v[i] == 0x00ff;   /* RFC 5746 section 3.3 */
        fallback |= v[i] == 0x5600; /* RFC 7507 */
        grease |= is_grease_suite(v[i]);
    }
    c->renego_scsv = renego != 0;
    c->fallback_scsv = fallback != 0;
    c->grease = grease != 0;
}

static struct u32s read_suites(struct reader r, size_t width, struct arena *a, struct client_hello *c)
{
    size_t         n = width == 2 ? rd_left(&r) / 2 : rd_left(&r) / 3;
    uint32_t      *v = ARENA_ROOM_N(a, n + 1, uint32_t);
    const uint8_t *b = rd_bytes(&r, n * width, "cipher suites"); /* a hundred a hello: read without asking for each */
    if (width == 2) {
        for (size_t i = 0; i < n; i++)
            v[i] = be16(b + 2 * i);
    } else {
        for (size_t i = 0; i < n; i++)
            v[i] = (uint32_t)b[3 * i] << 16 | be16(b + 3 * i + 1);
    }
    note_suites(c, v, n);
    if (rd_left(&r) != 0)
        note(&c->malformed, "cipher_suites");
    return (struct u32s){ v, n };
}

void tls_client_hello(struct reader r, struct arena *a, struct client_hello *c)
{
    c->version = rd_u16(&r, "client_version");
    c->random = (struct bytes){ rd_bytes(&r, 32, "random"), 32 };
    struct reader id = rd_vec(&r, 1, "session_id");
    c->session_id = rd_rest(&id);
    if (c->session_id.n > 32)
        note(&c->malformed, "session_id");
    struct reader suites = rd_vec(&r, 2, "cipher_suites");
    if (suites.p != NULL)
        c->suites = read_suites(suites, 2, a, c);
    struct reader compression = rd_vec(&r, 1, "compression_methods");
    c->compression = rd_rest(&compression);
    note(&c->malformed, r.want);
    if (c->random.p == NULL)
        c->random.n = 0;
    if (r.want == NULL && rd_left(&r) >= 2) {
        c->has_extensions = true;
        struct reader block = rest_of(&r, 2, "extensions", &c->malformed);
        c->ext = extension_list(block, a, &c->exts, &c->duplicate_ext, &c->malformed);
    }
    for (size_t i = 0; i < c->exts; i++) {
        struct reader body = rd_of(c->ext[i].body.p, c->ext[i].body.n);
        read_client_extension(c->ext[i].type, body, a, c);
    }
    offered_versions(c);
}

void tls_v2_client_hello(struct reader r, struct arena *a, struct client_hello *c)
{
    c->v2_format = true;
    rd_u8(&r, "message type");
    c->version = c->max_version = rd_u16(&r, "version");
    size_t        specs = rd_u16(&r, "cipher_specs length"), id = rd_u16(&r, "session_id length");
    size_t        challenge = rd_u16(&r, "challenge length");
    struct reader list = rd_cut(&r, specs, "cipher_specs"), sid = rd_cut(&r, id, "session_id");
    struct reader random = rd_cut(&r, challenge, "challenge");
    if (list.p != NULL)
        c->suites = read_suites(list, 3, a, c);
    c->session_id = rd_rest(&sid);
    c->random = rd_rest(&random);
    note(&c->malformed, r.want);
}

/* ------------------------------------------------------------------------------------ server side */

static void read_server_extension(uint16_t type, struct reader r, struct server_hello *s)
{
    switch (type) {
    case EXT_SERVER_NAME:
        s->sni_ack = true;
        break;
    case EXT_STATUS_REQUEST:
        s->status_request = true;
        break;
    case EXT_EC_POINT_FORMATS: {
        struct reader list = rd_vec(&r, 1, "ec_point_formats");
        s->point_formats = rd_rest(&list);
        break;
    }
    case EXT_HEARTBEAT:
        s->heartbeat = true;
        break;
    case EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION: {
        struct reader list = rd_vec(&r, 2, "alpn list"), one = rd_vec(&list, 1, "alpn protocol");
        s->alpn = rd_rest(&one);
        break;
    }
    case EXT_EXTENDED_MASTER_SECRET:
        s->ems = true;
        break;
    case EXT_SESSION_TICKET:
        s->ticket = true;
        break;
    case EXT_PRE_SHARED_KEY:
        s->psk = true;
        break;
    case EXT_SUPPORTED_VERSIONS:
        s->chosen_version = rd_u16(&r, "supported_versions");
        break;
    case EXT_KEY_SHARE_DRAFT:
    case EXT_KEY_SHARE:
        s->group = rd_u16(&r, "key_share group");
        break;
    case EXT_RENEGOTIATION_INFO:
        s->renego_info = true;
        break;
    default:
        break;
    }
    note(&s->malformed, r.want);
}

/* Sentinels in the last eight bytes of the random (RFC 8446 section 4.1.3). They speak of a version below 1.3. */
static void read_downgrade(struct server_hello *s)
{
    if (s->random.p == NULL || memcmp(s->random.p + 24, "DOWNGRD", 7) != 0 || version_is_13(s->chosen_version))
        return;
    uint8_t last = s->random.p[31];
    s->downgrade = last == 1 ? DOWNGRD_TLS12 : last == 0 ? DOWNGRD_TLS11 : DOWNGRD_NONE;
}

void tls_server_hello(struct reader r, struct arena *a, struct server_hello *s)
{
    s->version = s->chosen_version = rd_u16(&r, "server_version");
    /* Drafts of TLS 1.3 up to 21 have no session id and no compression method. */
    bool early_draft = s->version >> 8 == 0x7f && (s->version & 0xff) < 22;
    s->random = (struct bytes){ rd_bytes(&r, 32, "random"), 32 };
    if (s->random.p == NULL)
        s->random.n = 0;
    if (!early_draft) {
        struct reader id = rd_vec(&r, 1, "session_id");
        s->session_id = rd_rest(&id);
    }
    s->suite = rd_u16(&r, "cipher_suite");
    if (!early_draft)
        s->compression = rd_u8(&r, "compression_method");
    note(&s->malformed, r.want);
    if (r.want == NULL && rd_left(&r) >= 2) {
        s->has_extensions = true;
        struct reader block = rest_of(&r, 2, "extensions", &s->malformed);
        s->ext = extension_list(block, a, &s->exts, &s->duplicate_ext, &s->malformed);
    }
    for (size_t i = 0; i < s->exts; i++)
        read_server_extension(s->ext[i].type, rd_of(s->ext[i].body.p, s->ext[i].body.n), s);
    read_downgrade(s);
}

/* HelloRetryRequest of drafts 16 to 21, a message type of its own: version, from draft 19 a suite, extensions. */
void tls_draft_hello_retry(struct reader r, struct arena *a, struct server_hello *s)
{
    s->version = s->chosen_version = rd_u16(&r, "server_version");
    if ((s->version & 0xff) >= 19)
        s->suite = rd_u16(&r, "cipher_suite");
    note(&s->malformed, r.want);
    struct reader block = rest_of(&r, 2, "extensions", &s->malformed);
    s->has_extensions = true;
    s->ext = extension_list(block, a, &s->exts, &s->duplicate_ext, &s->malformed);
    for (size_t i = 0; i < s->exts; i++)
        read_server_extension(s->ext[i].type, rd_of(s->ext[i].body.p, s->ext[i].body.n), s);
}

void tls_v2_server_hello(struct reader r, struct arena *a, struct server_hello *s, struct bytes *certificate)
{
    rd_u8(&r, "message type");
    s->session_id_hit = rd_u8(&r, "session_id_hit") != 0;
    rd_u8(&r, "certificate type");
    s->version = s->chosen_version = rd_u16(&r, "version");
    size_t        cert = rd_u16(&r, "certificate length"), specs = rd_u16(&r, "cipher_specs length");
    size_t        id = rd_u16(&r, "connection_id length");
    struct reader c = rd_cut(&r, cert, "certificate"), list = rd_cut(&r, specs, "cipher_specs");
    struct reader conn = rd_cut(&r, id, "connection_id");
    *certificate = rd_rest(&c);
    if (rd_left(&list) == 3) /* one in common; of several the client chooses in CLIENT-MASTER-KEY */
        s->suite = rd_u24(&list, "cipher_spec");
    s->session_id = rd_rest(&conn);
    note(&s->malformed, r.want);
    (void)a;
}

bool tls_is_hello_retry(const struct server_hello *s)
{
    /* SHA-256 of "HelloRetryRequest": RFC 8446 section 4.1.3. */
    static const uint8_t retry[32] = { 0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
                                       0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
                                       0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c };
    return s->random.n == sizeof retry && memcmp(s->random.p, retry, sizeof retry) == 0;
}
