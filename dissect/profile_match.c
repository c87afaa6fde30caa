/* Which known client sends such a hello: the same lists exactly, or the nearest. */
#include "tlswhy/profile.h"

#include <string.h>

enum { LIST_MAX = 256, NEAR_ENOUGH = 90, TIE = 1, LIMITED_COSTS = 3 };
enum { TLS_FALLBACK_SCSV = 0x5600, EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff };

/* A list without what tells nothing: numbers only, GREASE and signals taken out. */
struct plain_list {
    uint32_t v[LIST_MAX];
    size_t   n;
    bool     there;
};
struct plain_hello {
    struct plain_list suites, extensions, groups, sigalgs, versions;
    uint16_t          client_version;
    bool              v2_format;
};

static void add(struct plain_list *list, uint32_t v)
{
    if (list->n < LIST_MAX && !(v <= UINT16_MAX && is_grease((uint16_t)v)))
        list->v[list->n++] = v;
}

static void add_all(struct plain_list *list, struct u16s from)
{
    list->there = from.v != NULL;
    for (size_t i = 0; i < from.n; i++)
        add(list, from.v[i]);
}

static void add_suites(struct plain_list *list, struct u32s from)
{
    for (size_t i = 0; i < from.n; i++)
        if (from.v[i] != TLS_FALLBACK_SCSV && from.v[i] != EMPTY_RENEGOTIATION_INFO_SCSV)
            add(list, from.v[i]);
}

/* Extensions that the same client sends or not, as the occasion demands. */
static void add_extension(struct plain_list *list, uint16_t type)
{
    switch (type) {
    case EXT_SERVER_NAME:
    case EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION:
    case EXT_PADDING:
    case EXT_COOKIE:
    case EXT_PRE_SHARED_KEY:
    case EXT_EARLY_DATA:
        return;
    default:
        add(list, type);
    }
}

/* The lists begin empty; their members are not worth zeroing. */
static void plain_begin(struct plain_hello *out, uint16_t client_version, bool v2_format)
{
    struct plain_list *lists[] = { &out->suites, &out->extensions, &out->groups, &out->sigalgs, &out->versions };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        lists[i]->n = 0;
        lists[i]->there = false;
    }
    out->client_version = client_version;
    out->v2_format = v2_format;
}

static void plain_of_hello(const struct client_hello *c, struct plain_hello *out)
{
    plain_begin(out, c->version, c->v2_format);
    add_suites(&out->suites, c->suites);
    for (size_t i = 0; i < c->exts; i++)
        add_extension(&out->extensions, c->ext[i].type);
    add_all(&out->groups, c->groups);
    add_all(&out->sigalgs, c->sigalgs);
    add_all(&out->versions, c->versions);
}

static void plain_of_profile(const struct profile *p, struct plain_hello *out)
{
    plain_begin(out, p->client_version, p->v2_format);
    add_suites(&out->suites, p->suites);
    for (size_t i = 0; i < p->extensions.n; i++)
        add_extension(&out->extensions, p->extensions.v[i]);
    add_all(&out->groups, p->groups);
    add_all(&out->sigalgs, p->sigalgs);
    add_all(&out->versions, p->versions);
}

static bool same_order(const struct plain_list *a, const struct plain_list *b)
{
    return a->n == b->n && a->there == b->there && memcmp(a->v, b->v, a->n * sizeof a->v[0]) == 0;
}

static size_t in_common(const struct plain_list *a, const struct plain_list *b)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (a->v[i] == b->v[k]) {
                n++;
                break;
            }
    return n;
}

static bool same_set(const struct plain_list *a, const struct plain_list *b)
{
    return a->n == b->n && in_common(a, b) == a->n;
}

static bool is_exact(const struct plain_hello *a, const struct plain_hello *b)
{
    return a->v2_format == b->v2_format && a->client_version == b->client_version
        && same_order(&a->suites, &b->suites) && same_set(&a->extensions, &b->extensions) && same_order(&a->groups, &b->groups)
        && same_order(&a->sigalgs, &b->sigalgs) && same_set(&a->versions, &b->versions);
}

/* Longest run of members in common that stand in the same order, gaps allowed. */
static size_t common_order(const struct plain_list *a, const struct plain_list *b)
{
    size_t row[LIST_MAX + 1] = { 0 };
    for (size_t i = 0; i < a->n; i++) {
        size_t before = 0;
        for (size_t k = 0; k < b->n; k++) {
            size_t here = row[k + 1];
            row[k + 1] = a->v[i] == b->v[k] ? before + 1 : row[k + 1] > row[k] ? row[k + 1] : row[k];
            before = here;
        }
    }
    return row[b->n];
}

/* 0 to `weight`; two lists that are both not there are alike. */
static unsigned share(size_t common, const struct plain_list *a, const struct plain_list *b, unsigned weight)
{
    if (a->n + b->n == 0)
        return weight;
    return (unsigned)((2 * common * weight + (a->n + b->n) / 2) / (a->n + b->n));
}

static bool offers(const struct plain_list *list, uint32_t v)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] == v)
            return true;
    return false;
}

static bool is_13_suite(uint32_t id) { return id >> 8 == 0x13; }     /* RFC 8446 appendix B.4 */
static bool is_ffdhe(uint32_t group) { return group >> 8 == 0x01; } /* RFC 7919: few name them before TLS 1.3 */

/* Extensions that RFC 8446 and 8879 define for TLS 1.3 alone. */
static bool is_13_extension(uint32_t type)
{
    switch (type) {
    case EXT_SUPPORTED_VERSIONS:
    case EXT_PSK_KEY_EXCHANGE_MODES:
    case EXT_POST_HANDSHAKE_AUTH:
    case EXT_SIGNATURE_ALGORITHMS_CERT:
    case EXT_KEY_SHARE:
    case EXT_COMPRESS_CERTIFICATE:
        return true;
    default:
        return false;
    }
}

static void drop(struct plain_list *list, bool (*is)(uint32_t), bool which)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        if (is(list->v[i]) != which)
            list->v[n++] = list->v[i];
    list->n = n;
}

/* The known hello as its client sends it when told to stop at TLS 1.2, or to begin at TLS 1.3: a usual setting.
 * False: the hello that was seen is not so limited. */
static bool limited_as(const struct plain_hello *seen, struct plain_hello *known)
{
    bool seen_13 = offers(&seen->versions, 0x0304);
    bool seen_12 = seen->versions.n == 0 || offers(&seen->versions, 0x0303);
    if (!offers(&known->versions, 0x0304) || !offers(&known->versions, 0x0303) || seen_13 == seen_12)
        return false;
    drop(&known->suites, is_13_suite, seen_12);
    if (seen_12) {
        drop(&known->extensions, is_13_extension, true);
        drop(&known->groups, is_ffdhe, true);
    }
    known->versions = seen->versions;
    return true;
}

/* Per cent; 0 where NEAR_ENOUGH is out of reach. A client with a changed setting is never as near as the client
 * itself. The cheap comparisons come first: most clients fall there. */
static unsigned similarity(const struct plain_hello *a, struct plain_hello *b)
{
    enum { VERSION = 5, VERSIONS = 10, EXTENSIONS = 20, GROUPS = 10, SIGALGS = 10, SUITES = 45 };
    unsigned off = limited_as(a, b) ? LIMITED_COSTS : 0, sum = a->client_version == b->client_version ? VERSION : 0;
    if (a->v2_format != b->v2_format)
        return 0;
    sum += share(in_common(&a->versions, &b->versions), &a->versions, &b->versions, VERSIONS);
    sum += share(in_common(&a->extensions, &b->extensions), &a->extensions, &b->extensions, EXTENSIONS);
    if (sum + GROUPS + SIGALGS + SUITES < NEAR_ENOUGH + off)
        return 0;
    sum += share(common_order(&a->groups, &b->groups), &a->groups, &b->groups, GROUPS);
    sum += share(common_order(&a->sigalgs, &b->sigalgs), &a->sigalgs, &b->sigalgs, SIGALGS);
    size_t at_most = a->suites.n < b->suites.n ? a->suites.n : b->suites.n;
    if (sum + share(at_most, &a->suites, &b->suites, SUITES) < NEAR_ENOUGH + off)
        return 0;
    return sum + share(common_order(&a->suites, &b->suites), &a->suites, &b->suites, SUITES) - off;
}

static void add_member(struct client_match *m, const struct profile *p)
{
    m->all_can = m->n == 0 ? p->can : m->all_can & p->can;
    m->all_cannot = m->n == 0 ? p->cannot : m->all_cannot & p->cannot;
    m->any_cannot |= p->cannot;
    m->disputed |= p->disputed;
    if (m->n < MATCH_MAX)
        m->profiles[m->n++] = p;
}

const struct client_match *profile_match(const struct client_hello *hello, struct arena *a)
{
    struct client_match exact = { .how = MATCH_EXACT, .similarity = 100 }, near = { .how = MATCH_NEAREST };
    struct plain_hello  seen, known;
    plain_of_hello(hello, &seen);
    for (size_t i = 0; profile_at(i) != NULL; i++) {
        const struct profile *p = profile_at(i);
        if (p->origin == PROFILE_SYNTHETIC)
            continue; /* made for probing: nobody sends it */
        plain_of_profile(p, &known);
        if (is_exact(&seen, &known)) {
            add_member(&exact, p);
            continue;
        }
        unsigned alike = exact.n == 0 ? similarity(&seen, &known) : 0;
        if (alike < NEAR_ENOUGH || alike + TIE < near.similarity)
            continue;
        if (alike > near.similarity + TIE)
            near = (struct client_match){ .how = MATCH_NEAREST };
        near.similarity = alike > near.similarity ? alike : near.similarity;
        add_member(&near, p);
    }
    const struct client_match *best = exact.n > 0 ? &exact : &near;
    if (best->n == 0)
        return NULL;
    struct client_match *out = ARENA_NEW(a, struct client_match);
    *out = *best;
    return out;
}

struct client_match client_match_of(const struct profile *p)
{
    struct client_match m = { .how = MATCH_EXACT, .similarity = 100 };
    add_member(&m, p);
    return m;
}

const char *match_name(enum match_how how)
{
    return how == MATCH_EXACT ? "exact" : how == MATCH_NEAREST ? "nearest" : "none";
}
