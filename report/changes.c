/* changes.c - what is not the same on the two sides of something in between: the offer, the answer, the certificate. */
#include "tlswhy/compare.h"

#include <string.h>

enum { LISTED = 12 }; /* values of a list that are named; the rest is counted */

static void changed(struct comparison *c, const char *field, const char *client, const char *server)
{
    if (c->changes < CHANGES_MAX && strcmp(client, server) != 0)
        c->change[c->changes++] = (struct change_seen){ field, client, server };
}

static const char *safe(struct arena *a, struct bytes b) { return b.p == NULL ? "none" : safe_str(a, b.p, b.n); }

/* ---- lists: what is on one side only */

typedef const char *value_name(uint32_t v, char buf[NAME_MAX_LEN]);
static const char *suite_text(uint32_t v, char *buf) { return suite_name(v, buf); }
static const char *version_text(uint32_t v, char *buf) { return version_name((uint16_t)v, buf); }
static const char *group_text(uint32_t v, char *buf) { return group_name((uint16_t)v, buf); }
static const char *sigalg_text(uint32_t v, char *buf) { return sigalg_name((uint16_t)v, buf); }
static const char *extension_text(uint32_t v, char *buf) { return extension_name((uint16_t)v, buf); }

struct values {
    uint32_t v[512];
    size_t   n;
    bool     there;
};

static void add_value(struct values *out, uint32_t v)
{
    if (out->n < ARRAY_LEN(out->v) && (v > 0xffff || !is_grease((uint16_t)v)))
        out->v[out->n++] = v;
}

static void values_16(struct values *out, const struct u16s *list)
{
    *out = (struct values){ .there = list->v != NULL };
    for (size_t i = 0; i < list->n; i++)
        add_value(out, list->v[i]);
}

static bool has_value(const struct values *all, uint32_t v)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->v[i] == v)
            return true;
    return false;
}

static const char *only_in(const struct values *one, const struct values *other, value_name *name, struct arena *a)
{
    struct text t = { 0 };
    char        buf[NAME_MAX_LEN];
    size_t      n = 0;
    for (size_t i = 0; i < one->n; i++) {
        if (has_value(other, one->v[i]))
            continue;
        if (n++ < LISTED)
            text_printf(&t, "%s%s", t.n != 0 ? ", " : "", name(one->v[i], buf));
    }
    if (n > LISTED)
        text_printf(&t, " and %zu more", n - LISTED);
    const char *out = !one->there ? "not sent" : t.n != 0 ? arena_copy(a, t.s, t.n) : "";
    text_free(&t);
    return out;
}

static void list_changed(struct comparison *c, const char *field, const struct values *x, const struct values *y, value_name *name, struct arena *a)
{
    const char *left = only_in(x, y, name, a), *right = only_in(y, x, name, a);
    bool        reordered = x->n == y->n && *left == '\0' && *right == '\0' && memcmp(x->v, y->v, x->n * sizeof x->v[0]) != 0;
    if (reordered)
        changed(c, field, "same values", "in another order");
    else
        changed(c, field, left, right);
}

static void lists(struct comparison *c, const struct client_hello *x, const struct client_hello *y, struct arena *a)
{
    struct values *u = ARENA_NEW_N(a, 2, struct values);
    const struct { const char *field; const struct u16s *x, *y; value_name *name; } rows[] = {
        { "versions", &x->versions, &y->versions, version_text },
        { "groups", &x->groups, &y->groups, group_text },
        { "signature_algorithms", &x->sigalgs, &y->sigalgs, sigalg_text },
    };
    u[0] = u[1] = (struct values){ .there = true };
    for (size_t i = 0; i < x->suites.n; i++)
        add_value(&u[0], x->suites.v[i]);
    for (size_t i = 0; i < y->suites.n; i++)
        add_value(&u[1], y->suites.v[i]);
    list_changed(c, "ciphers", &u[0], &u[1], suite_text, a);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        values_16(&u[0], rows[i].x);
        values_16(&u[1], rows[i].y);
        list_changed(c, rows[i].field, &u[0], &u[1], rows[i].name, a);
    }
    u[0] = u[1] = (struct values){ .there = true };
    for (size_t i = 0; i < x->exts; i++)
        add_value(&u[0], x->ext[i].type);
    for (size_t i = 0; i < y->exts; i++)
        add_value(&u[1], y->ext[i].type);
    list_changed(c, "extensions", &u[0], &u[1], extension_text, a);
}

/* ---- single values */

static const char *alpn_list(const struct byte_list *l, struct arena *a)
{
    struct text t = { 0 };
    for (size_t i = 0; i < l->n; i++) {
        text_add(&t, i != 0 ? ", " : "");
        text_safe(&t, l->v[i].p, l->v[i].n, 32);
    }
    const char *out = l->v == NULL ? "none" : arena_copy(a, t.s != NULL ? t.s : "", t.n);
    text_free(&t);
    return out;
}

static void hellos(struct comparison *c, const struct client_hello *x, const struct client_hello *y, struct arena *a)
{
    char u[NAME_MAX_LEN], v[NAME_MAX_LEN];
    changed(c, "max_version", arena_printf(a, "%s", version_name(x->max_version, u)), arena_printf(a, "%s", version_name(y->max_version, v)));
    changed(c, "sni", safe(a, x->sni), safe(a, y->sni));
    changed(c, "alpn", alpn_list(&x->alpn, a), alpn_list(&y->alpn, a));
    lists(c, x, y, a);
    if (x->raw.n != y->raw.n)
        changed(c, "hello_bytes", arena_printf(a, "%zu", x->raw.n), arena_printf(a, "%zu", y->raw.n));
    if (x->records != y->records)
        changed(c, "hello_records", arena_printf(a, "%zu", x->records), arena_printf(a, "%zu", y->records));
}

static const char *cipher_text(const struct handshake *h, struct arena *a)
{
    char buf[NAME_MAX_LEN];
    return arena_printf(a, "%s", suite_name(h->answer.suite, buf));
}

static const char *group_used(const struct handshake *h, struct arena *a)
{
    char     buf[NAME_MAX_LEN];
    uint16_t group = h->answer.group != 0 ? h->answer.group : h->kex.group;
    return group != 0 ? arena_printf(a, "%s", group_name(group, buf)) : "none";
}

static void answers(struct comparison *c, const struct handshake *x, const struct handshake *y, struct arena *a)
{
    char u[NAME_MAX_LEN], v[NAME_MAX_LEN];
    changed(c, "version", arena_printf(a, "%s", version_name(handshake_version(x), u)), arena_printf(a, "%s", version_name(handshake_version(y), v)));
    changed(c, "cipher", cipher_text(x, a), cipher_text(y, a));
    changed(c, "group", group_used(x, a), group_used(y, a));
    if (!version_is_13(handshake_version(x)) && !version_is_13(handshake_version(y)))
        changed(c, "alpn_chosen", safe(a, x->answer.alpn), safe(a, y->answer.alpn));
    changed(c, "resumed", x->resumed ? "yes" : "no", y->resumed ? "yes" : "no");
}

static const char *fingerprint(const struct cert *c, struct arena *a)
{
    struct text t = { 0 };
    text_hex(&t, cert_sha256(c), 32);
    const char *out = arena_copy(a, t.s, t.n);
    text_free(&t);
    return out;
}

static const char *key_text(const struct cert *c, struct arena *a)
{
    char buf[64];
    return arena_printf(a, "%s", cert_key_name(c, buf));
}

static void certificates(struct comparison *c, const struct cert *x, const struct cert *y, struct arena *a)
{
    if (x->malformed || y->malformed)
        return;
    changed(c, "certificate", fingerprint(x, a), fingerprint(y, a));
    changed(c, "issuer", x509_name_text(a, &x->issuer), x509_name_text(a, &y->issuer));
    changed(c, "subject", x509_name_text(a, &x->subject), x509_name_text(a, &y->subject));
    changed(c, "key", key_text(x, a), key_text(y, a));
    changed(c, "signature", cert_sig_name(x), cert_sig_name(y));
    if (x->not_after.ok && y->not_after.ok) {
        char u[40], v[40];
        time_rfc3339_s(u, x->not_after.s);
        time_rfc3339_s(v, y->not_after.s);
        changed(c, "not_after", arena_printf(a, "%s", u), arena_printf(a, "%s", v));
    }
}

void compare_changes(const struct pair *p, struct arena *a, struct comparison *out)
{
    if (p->server == NULL)
        return;
    const struct handshake *x = p->client->h, *y = p->server->h;
    if (knows(x, KNOW_CLIENT_HELLO) && knows(y, KNOW_CLIENT_HELLO) && p->relation != RELATION_FORWARDED)
        hellos(out, &x->hello, &y->hello, a);
    if (knows(x, KNOW_SERVER_HELLO) && knows(y, KNOW_SERVER_HELLO))
        answers(out, x, y, a);
    if (x->cert_count != 0 && y->cert_count != 0)
        certificates(out, x->certs[0], y->certs[0], a);
}
