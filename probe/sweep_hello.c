/* sweep_hello.c - a question of a sweep as a hello: plain, wide, and different from the others in what is asked alone. */
#include "sweep_parts.h"

static struct u16s as_u16(struct u32s list, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, list.n + 1, uint16_t);
    for (size_t i = 0; i < list.n; i++)
        v[i] = (uint16_t)list.v[i];
    return (struct u16s){ v, list.n };
}

static const struct sweep_list *suites_of(const struct sweep *s, uint16_t version)
{
    size_t i = 0;
    while (i < SWEEP_VERSIONS - 1 && sweep_versions[i] != version)
        i++;
    return &s->facts.version[i].suites;
}

static bool tells(const struct suite *u, enum sweep_topic topic, bool ecdsa)
{
    if (u == NULL || u->kex == KEX_TLS13)
        return u != NULL;
    if (topic == TOPIC_GROUPS)
        return u->kex == KEX_ECDHE && (ecdsa || u->auth != KEY_ECDSA);
    return (u->kex == KEX_ECDHE || u->kex == KEX_DHE) && u->auth != KEY_ANON;
}

/* Accepted suites that say something about groups (elliptic curves; with an ECDSA certificate only where there is no other, for
 * its own curve must be in the list), or that sign at all. */
static struct u32s suites_that_tell(const struct sweep_list *list, enum sweep_topic topic, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, list->n + 1, uint32_t);
    size_t    n = 0;
    for (int ecdsa = 0; ecdsa < 2 && n == 0; ecdsa++)
        for (size_t i = 0; i < list->n; i++)
            if (tells(suite_of(list->v[i]), topic, ecdsa != 0))
                v[n++] = list->v[i];
    return (struct u32s){ v, n };
}

static struct u16s all_sigalgs(struct arena *a)
{
    uint32_t list[CANDIDATES_MAX];
    uint16_t *v = ARENA_NEW_N(a, CANDIDATES_MAX, uint16_t);
    size_t    n = sweep_sigalg_list(list);
    for (size_t i = 0; i < n; i++)
        v[n - 1 - i] = (uint16_t)list[i];
    return (struct u16s){ v, n };
}

/* An ordinary hello of this version alone. */
static void plain(struct profile *p, uint16_t version, struct arena *a)
{
    static const uint16_t old[] = { EXT_SERVER_NAME, EXT_EXTENDED_MASTER_SECRET, EXT_RENEGOTIATION_INFO, EXT_SUPPORTED_GROUPS, EXT_EC_POINT_FORMATS,
                                    EXT_SESSION_TICKET, EXT_STATUS_REQUEST, EXT_ENCRYPT_THEN_MAC };
    static const struct key_share share[] = { { .group = GROUP_X25519, .bytes = 32 } };
    *p = (struct profile){ .id = "tlswhy", .name = "tlswhy", .record_version = version > 0x0300 ? 0x0301 : 0x0300,
                           .client_version = version < 0x0303 ? version : 0x0303 };
    if (version == 0x0300)
        return;
    p->extensions = (struct u16s){ old, ARRAY_LEN(old) };
    hello_all_groups(p, a);
    if (version >= 0x0303)
        hello_all_sigalgs(p, a);
    if (version == 0x0304) {
        uint16_t *versions = ARENA_NEW_N(a, 1, uint16_t);
        versions[0] = version;
        p->versions = (struct u16s){ versions, 1 };
        p->key_shares = share;
        p->key_share_count = 1;
        p->session_id_len = 32;
        hello_add_extension(p, EXT_SUPPORTED_VERSIONS, a);
        hello_add_extension(p, EXT_PSK_KEY_EXCHANGE_MODES, a);
        hello_add_extension(p, EXT_KEY_SHARE, a);
    }
}

/* Some questions of TLS 1.3 want to read on after the ServerHello: where the server takes a group whose keys we can compute, it is to
 * pick none but such. */
static void readable_groups(const struct sweep *s, struct profile *p, struct arena *a)
{
    const struct sweep_list *found = &s->facts.version[SWEEP_VERSIONS - 1].groups;
    uint16_t                *v = ARENA_NEW_N(a, found->n + 1, uint16_t);
    size_t                   n = 0;
    for (size_t i = 0; i < found->n; i++)
        if (keys_can((uint16_t)found->v[i]))
            v[n++] = (uint16_t)found->v[i];
    if (n != 0)
        hello_set_groups(p, (struct u16s){ v, n }, a);
}

struct hello_spec sweep_spec(const struct sweep *s, const struct sweep_ask *ask, struct bytes name, struct arena *a)
{
    struct hello_spec spec = { .sni = name };
    struct profile   *p = &spec.shape;
    if (ask->version == 0x0002) {
        hello_set_versions(p, 0x0002, 0x0002, a);
        return spec;
    }
    plain(p, ask->version, a);
    p->suites = ask->topic == TOPIC_GROUPS || ask->topic == TOPIC_SIGALGS ? suites_that_tell(suites_of(s, ask->version), ask->topic, a) : ask->list;
    if (ask->topic == TOPIC_GROUPS) {
        static const struct key_share none[1];
        p->groups = as_u16(ask->list, a);
        p->key_shares = none; /* a HelloRetryRequest names the group (RFC 8446 section 4.2.8) */
        p->key_share_count = 0;
    } else if (ask->topic == TOPIC_SIGALGS) { /* for the handshake alone: certificates may be signed as they are */
        if (ask->version == 0x0304)
            readable_groups(s, p, a);
        p->sigalgs = as_u16(ask->list, a);
        spec.sigalgs_cert = all_sigalgs(a);
        hello_add_extension(p, EXT_SIGNATURE_ALGORITHMS_CERT, a);
    } else if (ask->topic == TOPIC_CHECK) {
        if (ask->version == 0x0304)
            readable_groups(s, p, a);
        check_spec(&s->facts, ask->check, &spec, a);
    }
    return spec;
}

bool sweep_ask_hello_only(const struct sweep_ask *ask)
{
    switch (ask->topic) {
    case TOPIC_GROUPS: return ask->version == 0x0304;
    case TOPIC_SIGALGS: return false;
    case TOPIC_CHECK: return sweep_check_tolerance(ask->check);
    default: return true;
    }
}

bool sweep_ask_whole(const struct sweep_ask *ask)
{
    return ask->topic == TOPIC_CHECK && (ask->check == CHECK_BY_ID || ask->check == CHECK_BY_TICKET || ask->check == CHECK_BY_TICKET_13);
}

bool sweep_ask_in_segments(const struct sweep_ask *ask) { return ask->topic == TOPIC_CHECK && ask->check == CHECK_SEGMENTS; }

bool sweep_ask_client_certificate(const struct sweep_ask *ask)
{
    return ask->topic == TOPIC_CHECK && (ask->check == CHECK_USUAL || ask->check == CHECK_USUAL_13);
}
