/* shape.c - the hello tlswhy sends by itself, and shapes with one thing changed. */
#include "tlswhy/hello.h"

#include <stdio.h>
#include <stdlib.h>

static const char modern[] =
    "name: tlswhy\n"
    "record_version: 0301\n"
    "client_version: 0303\n"
    "supported_versions: 0304,0303\n"
    "cipher_suites: 1302,1303,1301,c02c,c030,c02b,c02f,cca9,cca8,009f,009e,ccaa,c00a,c014,c009,c013,0039,0033,009d,009c,0035,002f\n"
    "extensions: 0000,0017,ff01,000a,000b,0023,0010,0005,000d,0012,0033,002d,002b\n"
    "groups: 11ec,001d,0017,0018,0019\n"
    "signature_algorithms: 0403,0503,0603,0807,0808,0804,0805,0806,0809,080a,080b,0401,0501,0601\n"
    "alpn: absent\n"
    "session_id: 32\n"
    "point_formats: 00\n"
    "key_shares: 11ec:1216,001d:32,0017:65\n";

const struct profile *hello_modern(void)
{
    static struct arena          arena;
    static const struct profile *parsed;
    struct err                   err = { 0 };
    if (parsed == NULL)
        parsed = profile_parse("tlswhy", modern, sizeof modern - 1, &arena, &err);
    if (parsed == NULL) { /* a test reads it */
        fprintf(stderr, "tlswhy: %s\n", err.text);
        abort();
    }
    return parsed;
}

static bool lists(struct u16s list, uint16_t v)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == v)
            return true;
    return false;
}

void hello_add_extension(struct profile *p, uint16_t type, struct arena *a)
{
    if (lists(p->extensions, type))
        return;
    uint16_t *v = ARENA_NEW_N(a, p->extensions.n + 1, uint16_t);
    for (size_t i = 0; i < p->extensions.n; i++)
        v[i] = p->extensions.v[i];
    v[p->extensions.n] = type;
    p->extensions = (struct u16s){ v, p->extensions.n + 1 };
}

void hello_drop_extension(struct profile *p, uint16_t type, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, p->extensions.n + 1, uint16_t);
    size_t    n = 0;
    for (size_t i = 0; i < p->extensions.n; i++)
        if (p->extensions.v[i] != type)
            v[n++] = p->extensions.v[i];
    if (p->extensions.v != NULL)
        p->extensions = (struct u16s){ v, n };
}

void hello_bare(struct profile *p, struct arena *a)
{
    const struct u16s had = p->extensions;
    for (size_t i = 0; i < had.n; i++)
        if (!extension_decides(had.v[i]))
            hello_drop_extension(p, had.v[i], a);
}

void hello_order_extensions(struct profile *p, struct u16s first, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, p->extensions.n + 1, uint16_t);
    size_t    n = 0;
    for (size_t i = 0; i < first.n; i++)
        if (lists(p->extensions, first.v[i]) && !lists((struct u16s){ v, n }, first.v[i]))
            v[n++] = first.v[i];
    for (size_t i = 0; i < p->extensions.n; i++)
        if (!lists(first, p->extensions.v[i]))
            v[n++] = p->extensions.v[i];
    if (p->extensions.v != NULL)
        p->extensions = (struct u16s){ v, n };
}

enum { GREASE = 0x0a0a };

/* The list without GREASE, or with it `before` and `behind` the rest. */
static struct u16s greased(struct u16s list, bool before, bool behind, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, list.n + 2, uint16_t);
    size_t    n = 0;
    if (list.v == NULL)
        return list;
    if (before)
        v[n++] = GREASE;
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] != GREASE)
            v[n++] = list.v[i];
    if (behind)
        v[n++] = GREASE;
    return (struct u16s){ v, n };
}

void hello_grease(struct profile *p, bool on, struct arena *a)
{
    uint32_t         *suites = ARENA_NEW_N(a, p->suites.n + 1, uint32_t);
    struct key_share *shares = ARENA_NEW_N(a, p->key_share_count + 1, struct key_share);
    size_t            n = 0, kept = 0;
    if (on)
        suites[n++] = GREASE;
    for (size_t i = 0; i < p->suites.n; i++)
        if (p->suites.v[i] != GREASE)
            suites[n++] = p->suites.v[i];
    if (on && p->key_shares != NULL)
        shares[kept++] = (struct key_share){ .group = GREASE, .bytes = 1 };
    for (size_t i = 0; i < p->key_share_count; i++)
        if (p->key_shares[i].group != GREASE)
            shares[kept++] = p->key_shares[i];
    p->suites = (struct u32s){ suites, n };
    if (p->key_shares != NULL) {
        p->key_shares = shares;
        p->key_share_count = kept;
    }
    p->extensions = greased(p->extensions, on, on, a);
    p->groups = greased(p->groups, on, false, a);
    p->versions = greased(p->versions, on, false, a);
    p->sigalgs = greased(p->sigalgs, false, false, a);
}

/* Suites of TLS 1.3 and of the versions before it are two kinds: a hello offers those of the versions it offers. */
static void keep_suites_of(struct profile *p, uint16_t low, uint16_t high, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, p->suites.n + 1, uint32_t);
    size_t    n = 0;
    for (size_t i = 0; i < p->suites.n; i++) {
        const struct suite *s = suite_of(p->suites.v[i]);
        bool                new = s != NULL && s->kex == KEX_TLS13;
        if (new ? high >= 0x0304 : low < 0x0304)
            v[n++] = p->suites.v[i];
    }
    p->suites = (struct u32s){ v, n };
}

void hello_drop_group(struct profile *p, uint16_t group, struct arena *a)
{
    uint16_t         *v = ARENA_NEW_N(a, p->groups.n + 1, uint16_t);
    struct key_share *shares = ARENA_NEW_N(a, p->key_share_count + 1, struct key_share);
    size_t            n = 0, kept = 0;
    for (size_t i = 0; i < p->groups.n; i++)
        if (p->groups.v[i] != group)
            v[n++] = p->groups.v[i];
    for (size_t i = 0; i < p->key_share_count; i++)
        if (p->key_shares[i].group != group)
            shares[kept++] = p->key_shares[i];
    if (p->groups.v != NULL)
        p->groups = (struct u16s){ v, n };
    if (p->key_shares != NULL) {
        p->key_shares = kept > 0 ? shares : NULL; /* without one the first group that we can make */
        p->key_share_count = kept;
    }
}

/* TLS 1.3 cannot be offered without suites, groups and signature algorithms of its own (RFC 8446 section 9.2). */
static void add_needs_of_13(struct profile *p, struct arena *a)
{
    static const uint16_t groups[] = { GROUP_X25519, GROUP_SECP256R1, GROUP_SECP384R1 };
    static const uint16_t sigalgs[] = { 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601, 0x0201 };
    bool                  any = false;
    if (p->groups.v == NULL)
        p->groups = (struct u16s){ groups, ARRAY_LEN(groups) };
    if (p->sigalgs.v == NULL)
        p->sigalgs = (struct u16s){ sigalgs, ARRAY_LEN(sigalgs) };
    hello_add_extension(p, EXT_SUPPORTED_GROUPS, a);
    hello_add_extension(p, EXT_SIGNATURE_ALGORITHMS, a);
    for (size_t i = 0; i < p->suites.n; i++)
        any = any || (suite_of(p->suites.v[i]) != NULL && suite_of(p->suites.v[i])->kex == KEX_TLS13);
    if (any)
        return;
    uint32_t *v = ARENA_NEW_N(a, p->suites.n + 3, uint32_t);
    for (size_t i = 0; i < p->suites.n + 3; i++)
        v[i] = i < 3 ? 0x1301 + (uint32_t)i : p->suites.v[i - 3];
    p->suites = (struct u32s){ v, p->suites.n + 3 };
}

void hello_as_tls(struct profile *p)
{
    p->v2_format = false;
    p->record_version = p->client_version < 0x0301 ? p->client_version : 0x0301;
}

void hello_set_versions(struct profile *p, uint16_t low, uint16_t high, struct arena *a)
{
    static const uint32_t ssl2[] = { 0x0700c0, 0x050080, 0x030080, 0x010080, 0x060040, 0x040080, 0x020080 };
    uint16_t             *v = ARENA_NEW_N(a, 8, uint16_t);
    size_t                n = 0;
    if (high == 0x0002) { /* a hello of SSL 2.0 has nothing but suites, of its own kind */
        *p = (struct profile){ .id = p->id, .name = p->name, .v2_format = true, .client_version = high, .suites = { ssl2, ARRAY_LEN(ssl2) } };
        return;
    }
    p->v2_format = false;
    p->client_version = high < 0x0303 ? high : 0x0303;
    p->record_version = high < 0x0301 ? high : 0x0301;
    for (uint16_t version = high; version >= low && version >= 0x0300; version--)
        v[n++] = version;
    keep_suites_of(p, low, high, a);
    /* without the list a hello cannot say that TLS 1.2 is the least, and servers before TLS 1.3 do not read it */
    if (high < 0x0304) {
        p->versions = (struct u16s){ 0 };
        hello_drop_extension(p, EXT_SUPPORTED_VERSIONS, a);
        hello_drop_extension(p, EXT_KEY_SHARE, a);
        hello_drop_extension(p, EXT_PSK_KEY_EXCHANGE_MODES, a);
        hello_drop_group(p, GROUP_X25519MLKEM768, a);
        p->session_id_len = 0;
    } else {
        p->versions = (struct u16s){ v, n };
        add_needs_of_13(p, a);
        hello_add_extension(p, EXT_KEY_SHARE, a);
        hello_add_extension(p, EXT_PSK_KEY_EXCHANGE_MODES, a);
        hello_add_extension(p, EXT_SUPPORTED_VERSIONS, a);
        p->session_id_len = 32;
    }
    if (high < 0x0303) {
        p->sigalgs = (struct u16s){ 0 };
        hello_drop_extension(p, EXT_SIGNATURE_ALGORITHMS, a);
    }
    if (high < 0x0301) /* SSL 3.0 knows no extensions (RFC 6101) */
        p->extensions = (struct u16s){ 0 };
}

void hello_set_groups(struct profile *p, struct u16s groups, struct arena *a)
{
    struct key_share *v = ARENA_NEW_N(a, 2, struct key_share);
    size_t            n = 0;
    for (size_t i = 0; i < groups.n && n < 2; i++)
        if (keys_can(groups.v[i]) || groups.v[i] == GROUP_X25519MLKEM768)
            v[n++] = (struct key_share){ .group = groups.v[i] };
    p->groups = groups;
    p->key_shares = v;
    p->key_share_count = n;
    hello_add_extension(p, EXT_SUPPORTED_GROUPS, a);
}

static bool has_suite(const struct profile *p, uint32_t id)
{
    for (size_t i = 0; i < p->suites.n; i++)
        if (p->suites.v[i] == id)
            return true;
    return false;
}

void hello_add_suite(struct profile *p, uint32_t id, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, p->suites.n + 1, uint32_t);
    if (has_suite(p, id))
        return;
    for (size_t i = 0; i < p->suites.n; i++)
        v[i] = p->suites.v[i];
    v[p->suites.n] = id;
    p->suites = (struct u32s){ v, p->suites.n + 1 };
}

void hello_drop_kex(struct profile *p, enum kex kex, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, p->suites.n, uint32_t);
    size_t    n = 0;
    for (size_t i = 0; i < p->suites.n; i++) {
        const struct suite *s = suite_of(p->suites.v[i]);
        if (s == NULL || s->kex != kex)
            v[n++] = p->suites.v[i];
    }
    p->suites = (struct u32s){ v, n };
}

static bool by_certificate_or_none(enum kex k)
{
    return k == KEX_RSA || k == KEX_DH || k == KEX_DHE || k == KEX_ECDH || k == KEX_ECDHE || k == KEX_TLS13;
}

static bool by_shared_key(enum kex k) { return k == KEX_PSK || k == KEX_DHE_PSK || k == KEX_ECDHE_PSK || k == KEX_RSA_PSK; }

static size_t add_suites(const struct profile *p, bool (*fits)(enum kex), uint32_t *v, size_t n, size_t most)
{
    const struct suite *s;
    for (size_t i = 0; (s = suite_at(i)) != NULL && n < most; i++)
        if (s->id != 0 && s->id <= UINT16_MAX && fits(s->kex) && !has_suite(p, s->id))
            v[n++] = s->id;
    return n;
}

void hello_all_suites(struct profile *p, struct arena *a)
{
    enum { MOST = 512 };
    uint32_t *v = ARENA_NEW_N(a, p->suites.n + MOST, uint32_t);
    size_t    n = 0;
    for (size_t i = 0; i < p->suites.n; i++)
        v[n++] = p->suites.v[i];
    n = add_suites(p, by_certificate_or_none, v, n, p->suites.n + MOST);
    n = add_suites(p, by_shared_key, v, n, p->suites.n + MOST); /* behind the others: they are rarely meant */
    p->suites = (struct u32s){ v, n };
    p->v2_format = false;
}

/* The list that is there, and behind it what it lacks of the other. */
static struct u16s joined(struct u16s first, const uint16_t *more, size_t n, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, first.n + n, uint16_t);
    size_t    all = 0;
    for (size_t i = 0; i < first.n; i++)
        v[all++] = first.v[i];
    for (size_t i = 0; i < n; i++)
        if (!lists(first, more[i]))
            v[all++] = more[i];
    return (struct u16s){ v, all };
}

void hello_all_sigalgs(struct profile *p, struct arena *a)
{
    static const uint16_t all[] = { 0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601,
                                    0x0303, 0x0301, 0x0402, 0x0502, 0x0602, 0x0302, 0x0203, 0x0201, 0x0202, 0x0101, 0x0904, 0x0905, 0x0906 };
    p->sigalgs = joined(p->sigalgs, all, ARRAY_LEN(all), a);
    hello_add_extension(p, EXT_SIGNATURE_ALGORITHMS, a);
}

void hello_all_groups(struct profile *p, struct arena *a)
{
    static const uint16_t all[] = { GROUP_X25519, GROUP_SECP256R1, GROUP_SECP384R1, GROUP_SECP521R1, 0x001e, GROUP_X25519MLKEM768, 0x001a, 0x001b, 0x001c,
                                    0x001f, 0x0020, 0x0021, 0x0016, 0x0015, 0x0013, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104, 0x11eb, 0x11ed, 0x0200, 0x0201,
                                    0x0202 };
    p->groups = joined(p->groups, all, ARRAY_LEN(all), a);
    hello_add_extension(p, EXT_SUPPORTED_GROUPS, a);
    hello_add_extension(p, EXT_EC_POINT_FORMATS, a);
}
