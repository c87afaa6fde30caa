/* sweep_check.c - the single questions of a sweep: when each makes sense, and how its hello differs from an ordinary one. */
#include "sweep_parts.h"

#include <stdlib.h>

static bool has_auth(const struct sweep_version *v, enum sig_key auth)
{
    for (size_t i = 0; v != NULL && i < v->suites.n; i++)
        if (suite_of(v->suites.v[i]) != NULL && suite_of(v->suites.v[i])->auth == auth)
            return true;
    return false;
}

static bool has_kex(const struct sweep_version *v, enum kex kex)
{
    for (size_t i = 0; v != NULL && i < v->suites.n; i++)
        if (suite_of(v->suites.v[i]) != NULL && suite_of(v->suites.v[i])->kex == kex)
            return true;
    return false;
}

/* A key of this kind shows in TLS 1.2 where certificates are not hidden; where that has no such suite, in TLS 1.3. */
static uint16_t for_key(uint16_t old, uint16_t newest, const struct sweep_version *v, enum sig_key auth)
{
    return has_auth(v, auth) ? old : newest == 0x0304 && auth != KEY_DSA ? newest : 0;
}

/* Of the question before; NULL: none. */
static const struct session *session_of(const struct sweep_facts *f, enum sweep_check again)
{
    const struct sweep_answer *first = &f->check[again - 1];
    return first->kind == ANSWER_HELLO && first->h != NULL ? first->h->session : NULL;
}

/* The version to ask with; 0: there is no use in asking. */
static uint16_t version_for(const struct sweep_facts *f, enum sweep_check c)
{
    const struct sweep_version *v = sweep_best(f, 0x0303), *top = sweep_best(f, 0x0304);
    uint16_t                    newest = top != NULL ? top->version : 0, old = v != NULL && v->version >= 0x0300 ? v->version : 0;
    switch (c) {
    case CHECK_USUAL: return old;
    case CHECK_USUAL_13: return newest == 0x0304 ? newest : 0;
    case CHECK_CERT_RSA: return for_key(old, newest, v, KEY_RSA);
    case CHECK_CERT_ECDSA: return for_key(old, newest, v, KEY_ECDSA);
    case CHECK_CERT_DSA: return for_key(old, newest, v, KEY_DSA);
    case CHECK_CERT_PSS: return for_key(old == 0x0303 ? old : 0, newest, old == 0x0303 ? v : NULL, KEY_RSA);
    case CHECK_CERT_EDDSA: return for_key(old == 0x0303 ? old : 0, newest, old == 0x0303 ? v : NULL, KEY_ECDSA);
    case CHECK_DHE: return has_kex(v, KEX_DHE) ? old : 0;
    case CHECK_COMPRESSION: return old;
    case CHECK_NO_EXTENSIONS:
    case CHECK_NEWER_VERSION: return old > 0x0300 ? old : 0;
    case CHECK_FALLBACK: { /* to the newest version below the newest */
        const struct sweep_version *below = newest > 0x0301 ? sweep_best(f, (uint16_t)(newest - 1)) : NULL;
        return below != NULL && below->version >= 0x0301 ? below->version : 0;
    }
    case CHECK_NO_NAME:
    case CHECK_OTHER_NAME:
    case CHECK_ALPN_H2:
    case CHECK_ALPN_HTTP11:
    case CHECK_ALPN_OTHER: return old > 0x0300 ? old : newest > 0x0300 ? newest : 0;
    case CHECK_NEWER_LIST: return newest == 0x0304 ? newest : 0;
    case CHECK_RECORDS:
    case CHECK_SEGMENTS: return newest >= 0x0300 ? newest : 0;
    case CHECK_BY_ID:
    case CHECK_BY_TICKET: return old > 0x0300 ? old : 0;
    case CHECK_BY_TICKET_13: return newest == 0x0304 ? newest : 0;
    case CHECK_BY_ID_AGAIN:
    case CHECK_BY_TICKET_AGAIN:
    case CHECK_BY_TICKET_13_AGAIN: return sweep_resumed(f, c) == RESUMED_UNTRIED && session_of(f, c) != NULL ? f->check[c - 1].version : 0;
    default: return newest > 0x0300 ? newest : 0;
    }
}

static struct u32s suites_with(const struct sweep_list *list, enum kex kex, enum sig_key auth, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, list->n + 1, uint32_t);
    size_t    n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct suite *s = suite_of(list->v[i]);
        if (s != NULL && (kex == KEX_UNKNOWN || s->kex == kex) && (auth == KEY_UNKNOWN || s->auth == auth || s->kex == KEX_TLS13))
            v[n++] = list->v[i];
    }
    return (struct u32s){ v, n };
}

/* Suites with which handshakes of our own can be finished, the best first. */
static struct u32s suites_to_finish(const struct sweep_list *list, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, list->n + 1, uint32_t);
    size_t    n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const struct suite *s = suite_of(list->v[i]);
        if (s != NULL && !s->weak && (s->kex == KEX_ECDHE || s->kex == KEX_DHE || s->kex == KEX_RSA || s->kex == KEX_TLS13))
            v[n++] = list->v[i];
    }
    qsort(v, n, sizeof v[0], order_weakest_first);
    for (size_t i = 0; i < n / 2; i++) {
        uint32_t kept = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = kept;
    }
    return (struct u32s){ v, n };
}

static bool goes_on(enum sweep_check c) { return c == CHECK_BY_ID_AGAIN || c == CHECK_BY_TICKET_AGAIN || c == CHECK_BY_TICKET_13_AGAIN; }

bool check_next(struct sweep *s, struct sweep_ask *out)
{
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++) {
        if (goes_on(c) && (!s->check[c - 1].asked || s->check[c - 1].waits))
            continue;
        uint16_t version = s->check[c].asked ? 0 : version_for(&s->facts, c);
        if (version == 0x0304 && !hunt_groups_over(s)) /* what is offered then depends on them */
            continue;
        s->check[c].asked = true;
        if (version == 0)
            continue;
        const struct sweep_list *list = &sweep_best(&s->facts, version)->suites;
        static const struct { enum sweep_check check; enum kex kex; enum sig_key auth; } with[] = {
            { CHECK_CERT_RSA, KEX_UNKNOWN, KEY_RSA }, { CHECK_CERT_PSS, KEX_UNKNOWN, KEY_RSA }, { CHECK_CERT_ECDSA, KEX_UNKNOWN, KEY_ECDSA },
            { CHECK_CERT_EDDSA, KEX_UNKNOWN, KEY_ECDSA }, { CHECK_CERT_DSA, KEX_UNKNOWN, KEY_DSA }, { CHECK_DHE, KEX_DHE, KEY_UNKNOWN },
        };
        *out = (struct sweep_ask){ .topic = TOPIC_CHECK, .version = version, .list = { list->v, list->n }, .check = c };
        for (size_t i = 0; i < ARRAY_LEN(with); i++)
            if (with[i].check == c)
                out->list = suites_with(list, with[i].kex, with[i].auth, &s->arena);
        if (c >= CHECK_BY_ID)
            out->list = suites_to_finish(list, &s->arena);
        s->check[c].waits = true;
        return true;
    }
    return false;
}

static struct byte_list one_name(const char *name, size_t n, struct arena *a)
{
    struct bytes *b = ARENA_NEW(a, struct bytes);
    *b = (struct bytes){ (const uint8_t *)name, n };
    return (struct byte_list){ b, 1 };
}

static void add_suite(struct profile *p, uint32_t id, bool at_start, struct arena *a)
{
    uint32_t *v = ARENA_NEW_N(a, p->suites.n + 1, uint32_t);
    for (size_t i = 0; i < p->suites.n; i++)
        v[i + at_start] = p->suites.v[i];
    v[at_start ? 0 : p->suites.n] = id;
    p->suites = (struct u32s){ v, p->suites.n + 1 };
}

static struct u16s with_first(struct u16s list, uint16_t first, struct arena *a)
{
    uint16_t *v = ARENA_NEW_N(a, list.n + 1, uint16_t);
    v[0] = first;
    for (size_t i = 0; i < list.n; i++)
        v[i + 1] = list.v[i];
    return (struct u16s){ v, list.n + 1 };
}

static void sign_with(struct profile *p, const uint16_t *list, size_t n) { p->sigalgs = p->sigalgs.v != NULL ? (struct u16s){ list, n } : p->sigalgs; }

static void alpn(struct profile *p, const char *name, size_t n, struct arena *a)
{
    p->alpn = one_name(name, n, a);
    hello_add_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a);
}

static void greased(struct profile *p, struct arena *a)
{
    enum { GREASE = 0x0a0a }; /* drawn for each hello */
    add_suite(p, GREASE, true, a);
    p->groups = with_first(p->groups, GREASE, a);
    p->extensions = with_first(p->extensions, GREASE, a);
    if (p->versions.v != NULL)
        p->versions = with_first(p->versions, GREASE, a);
    if (p->sigalgs.v != NULL)
        p->sigalgs = with_first(p->sigalgs, GREASE, a);
}

/* The session id is our own where there is a ticket: that it comes back tells that the ticket was taken (RFC 5077 section 3.4). */
static void by_ticket(struct hello_spec *spec, const struct session *session, struct arena *a)
{
    struct own_extension *own = ARENA_NEW(a, struct own_extension);
    *own = (struct own_extension){ EXT_SESSION_TICKET, session->ticket };
    spec->own = own;
    spec->own_n = 1;
    spec->shape.session_id_len = 32;
}

/* With the group that was taken before, so that no HelloRetryRequest comes between. */
static void by_ticket_13(struct hello_spec *spec, const struct sweep_answer *first, struct arena *a)
{
    uint16_t *group = ARENA_NEW_N(a, 1, uint16_t);
    group[0] = first->group;
    hello_set_groups(&spec->shape, (struct u16s){ group, 1 }, a);
    spec->session = first->h->session;
}

void check_spec(const struct sweep_facts *f, enum sweep_check c, struct hello_spec *spec, struct arena *a)
{
    static const uint16_t rsa[] = { 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0301, 0x0201 }, pss[] = { 0x0809, 0x080a, 0x080b },
                          ecdsa[] = { 0x0403, 0x0503, 0x0603, 0x081a, 0x081b, 0x081c, 0x0303, 0x0203 }, eddsa[] = { 0x0807, 0x0808 },
                          dsa[] = { 0x0402, 0x0302, 0x0202 }, compressed[] = { 1, 0 };
    enum { NEWER = 0x0305, FALLBACK_SCSV = 0x5600, UNKNOWN_EXTENSION = 0x6d31 };
    struct profile *p = &spec->shape;
    switch (c) {
    case CHECK_CERT_RSA: sign_with(p, rsa, ARRAY_LEN(rsa)); break;
    case CHECK_CERT_PSS: sign_with(p, pss, ARRAY_LEN(pss)); break;
    case CHECK_CERT_ECDSA: sign_with(p, ecdsa, ARRAY_LEN(ecdsa)); break;
    case CHECK_CERT_EDDSA: sign_with(p, eddsa, ARRAY_LEN(eddsa)); break;
    case CHECK_CERT_DSA: sign_with(p, dsa, ARRAY_LEN(dsa)); break;
    case CHECK_NO_NAME: spec->sni = (struct bytes){ 0 }; break;
    case CHECK_OTHER_NAME: spec->sni = (struct bytes){ (const uint8_t *)"nobody.invalid", 14 }; break; /* RFC 2606 */
    case CHECK_ALPN_H2: alpn(p, "h2", 2, a); break;
    case CHECK_ALPN_HTTP11: alpn(p, "http/1.1", 8, a); break;
    case CHECK_ALPN_OTHER: alpn(p, "nobody/1", 8, a); break;
    case CHECK_COMPRESSION: p->compression = (struct u16s){ compressed, ARRAY_LEN(compressed) }; break;
    case CHECK_FALLBACK: add_suite(p, FALLBACK_SCSV, false, a); break;
    case CHECK_GREASE: greased(p, a); break;
    case CHECK_UNKNOWN_EXTENSION: hello_add_extension(p, UNKNOWN_EXTENSION, a); break;
    case CHECK_NO_EXTENSIONS: p->extensions = (struct u16s){ 0 }; break;
    case CHECK_NEWER_VERSION: p->client_version = NEWER; break;
    case CHECK_NEWER_LIST: p->versions = with_first(p->versions, NEWER, a); break;
    case CHECK_BYTES_256:
        p->suites.n = p->suites.n < 8 ? p->suites.n : 8;
        spec->pad_to = 400;
        hello_add_extension(p, EXT_PADDING, a);
        break;
    case CHECK_LARGE:
        spec->pad_to = 4096;
        hello_add_extension(p, EXT_PADDING, a);
        break;
    case CHECK_RECORDS: spec->record_max = 128; break;
    case CHECK_BY_ID: hello_drop_extension(p, EXT_SESSION_TICKET, a); break;
    case CHECK_BY_ID_AGAIN:
        hello_drop_extension(p, EXT_SESSION_TICKET, a);
        spec->session_id = session_of(f, c)->id;
        break;
    case CHECK_BY_TICKET_AGAIN: by_ticket(spec, session_of(f, c), a); break;
    case CHECK_BY_TICKET_13_AGAIN: by_ticket_13(spec, &f->check[c - 1], a); break;
    default: break;
    }
}
