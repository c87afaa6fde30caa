/* Name constraints (RFC 5280 section 4.2.1.10): every CA of the path, the anchor too, binds the names of all
 * certificates below it but self-issued ones in between. */
#include "judge.h"

#include <ctype.h>
#include <string.h>

enum { PAIRS_MAX = 1 << 20 }; /* names times subtrees compared for one question, all its paths together */

static bool ends_with(struct bytes s, struct bytes tail)
{
    return s.n >= tail.n && strncasecmp((const char *)s.p + (s.n - tail.n), (const char *)tail.p, tail.n) == 0;
}

/* "example.com" covers itself and all below; ".example.com" only what is below (no RFC has it, all take it). */
static bool dns_within(struct bytes name, struct bytes tree)
{
    if (tree.n == 0)
        return true;
    if (!ends_with(name, tree))
        return false;
    return name.n == tree.n ? tree.p[0] != '.' : tree.p[0] == '.' || name.p[name.n - tree.n - 1] == '.';
}

/* "host" covers that host only, ".domain" every host below; the host part of a URI and of a mailbox. */
static bool host_within(struct bytes host, struct bytes tree)
{
    if (tree.n == 0)
        return true;
    return ends_with(host, tree) && (tree.p[0] == '.' ? host.n > tree.n : host.n == tree.n);
}

static bool email_within(struct bytes name, struct bytes tree)
{
    const uint8_t *at = memrchr(name.p, '@', name.n);
    const uint8_t *tree_at = tree.n != 0 ? memrchr(tree.p, '@', tree.n) : NULL;
    if (at == NULL)
        return false;
    struct bytes host = { at + 1, name.n - (size_t)(at + 1 - name.p) };
    if (tree_at == NULL)
        return host_within(host, tree);
    struct bytes tree_host = { tree_at + 1, tree.n - (size_t)(tree_at + 1 - tree.p) };
    size_t       local = (size_t)(at - name.p);
    return host.n == tree_host.n && ends_with(host, tree_host) && local == (size_t)(tree_at - tree.p) &&
           memcmp(name.p, tree.p, local) == 0;
}

static bool uri_within(struct bytes uri, struct bytes tree)
{
    const uint8_t *start = memmem(uri.p, uri.n, "://", 3);
    if (start == NULL)
        return false;
    struct bytes   host = { start + 3, uri.n - (size_t)(start + 3 - uri.p) };
    for (size_t i = 0; i < host.n; i++)
        if (strchr("/?#", host.p[i]) != NULL)
            host.n = i;
    const uint8_t *user = host.n != 0 ? memchr(host.p, '@', host.n) : NULL;
    if (user != NULL)
        host = (struct bytes){ user + 1, host.n - (size_t)(user + 1 - host.p) };
    const uint8_t *port = host.n != 0 ? memchr(host.p, ':', host.n) : NULL;
    if (port != NULL)
        host.n = (size_t)(port - host.p);
    return host_within(host, tree);
}

/* An address and a mask of the same length; another family lies outside. */
static bool ip_within(struct bytes ip, struct bytes tree)
{
    if (tree.n != ip.n * 2)
        return false;
    for (size_t i = 0; i < ip.n; i++)
        if (((ip.p[i] ^ tree.p[i]) & tree.p[ip.n + i]) != 0)
            return false;
    return true;
}

/* The subtree's name is how the name begins. */
static bool dir_within(const struct x509_name *name, const struct x509_name *tree)
{
    if (name == NULL || tree == NULL || tree->n > name->n)
        return false;
    for (size_t i = 0; i < tree->n; i++)
        if (!x509_attr_equal(&name->attr[i], &tree->attr[i]))
            return false;
    return tree->n == name->n || !name->attr[tree->n].joined;
}

static bool within(const struct san *name, const struct san *tree)
{
    switch (name->kind) {
    case SAN_DNS: return dns_within(name->value, tree->value);
    case SAN_EMAIL: return email_within(name->value, tree->value);
    case SAN_URI: return uri_within(name->value, tree->value);
    case SAN_IP: return ip_within(name->value, tree->value);
    case SAN_DIR: return dir_within(name->dir, tree->dir);
    default: return false;
    }
}

static bool comparable(enum san_kind k)
{
    return k == SAN_DNS || k == SAN_EMAIL || k == SAN_URI || k == SAN_IP || k == SAN_DIR;
}

/* otherName, x400, EDI, registered id: who cannot compare them must refuse a certificate that has such a name where its
 * CA is bound by one (RFC 5280 section 4.2.1.10). */
static bool uncompared(struct judge *j, int i, const struct cert *ca, const struct san *name)
{
    for (size_t k = 0; k < ca->permitted_count + ca->excluded_count; k++) {
        const struct san *tree = k < ca->permitted_count ? &ca->permitted[k] : &ca->excluded[k - ca->permitted_count];
        if (!san_same_kind(name, tree))
            continue;
        problem_add(j, "name_constraint", i, "%s limits names of the kind of %s, which %s carries; most clients cannot compare "
                    "them and refuse", who(j, ca), san_text(j->a, name), who(j, path_cert(j, (size_t)i)))->fix =
            "Server: get a certificate without names of this kind; or the CA: lift that constraint.";
        return true;
    }
    return false;
}

/* False: the name breaks the constraints of `ca`, and a problem says how. */
static bool allowed(struct judge *j, int i, const struct cert *ca, const struct san *name)
{
    bool limited = false, fits = false;
    if (!comparable(name->kind))
        return !uncompared(j, i, ca, name);
    for (size_t k = 0; k < ca->excluded_count; k++)
        if (ca->excluded[k].kind == name->kind && within(name, &ca->excluded[k])) {
            problem_add(j, "name_constraint", i, "%s excludes %s, and %s carries %s", who(j, ca),
                        san_text(j->a, &ca->excluded[k]), who(j, path_cert(j, (size_t)i)),
                        san_text(j->a, name));
            return false;
        }
    for (size_t k = 0; k < ca->permitted_count && !fits; k++)
        if (ca->permitted[k].kind == name->kind) {
            limited = true;
            fits = within(name, &ca->permitted[k]);
        }
    if (limited && !fits)
        problem_add(j, "name_constraint", i, "%s of %s lies outside of what %s may issue for",
                    san_text(j->a, name), who(j, path_cert(j, (size_t)i)), who(j, ca));
    return !limited || fits;
}

/* A wildcard below which an excluded name lies: RFC 5280 does not say, most clients let it pass. */
static void check_wildcards(struct judge *j, int i, const struct cert *ca, const struct cert *c)
{
    for (size_t n = 0; n < c->sans; n++)
        for (size_t k = 0; k < ca->excluded_count; k++) {
            struct bytes name = c->san[n].value, tree = ca->excluded[k].value;
            if (c->san[n].kind != SAN_DNS || ca->excluded[k].kind != SAN_DNS || name.n < 2 ||
                name.p[0] != '*')
                continue;
            struct bytes rest = { name.p + 1, name.n - 1 };
            if (tree.n > rest.n && ends_with(tree, rest) && memchr(tree.p, '.', tree.n - rest.n) == NULL) {
                problem_add_as(j, "name_constraint", SEV_WARNING, i,
                               "%s excludes %s, which the wildcard %s covers", who(j, ca),
                               san_text(j->a, &ca->excluded[k]), san_text(j->a, &c->san[n]));
                return;
            }
        }
}

/* Letters, digits, "-" and "_" with a dot between: may be a host, and is no person's name. */
static bool like_host(struct bytes s)
{
    bool dot = false;
    if (s.n > 2 && memcmp(s.p, "*.", 2) == 0)
        s.p += 2, s.n -= 2;
    for (size_t i = 0; i < s.n; i++) {
        bool edge = i == 0 || i + 1 == s.n || s.p[i - 1] == '.' || s.p[i + 1] == '.';
        dot |= s.p[i] == '.';
        if (!isalnum(s.p[i]) && s.p[i] != '_' && (edge || (s.p[i] != '-' && s.p[i] != '.')))
            return false;
    }
    return dot;
}

/* All names of a certificate, the subject and its e-mail addresses among them. */
static bool names_allowed(struct judge *j, int i, const struct cert *ca, const struct cert *c)
{
    struct san subject = { .kind = SAN_DIR, .value = c->subject.der, .dir = &c->subject };
    bool       good = c->subject.n == 0 || allowed(j, i, ca, &subject), dns = false;
    for (size_t n = 0; n < c->sans && good; n++) {
        dns |= c->san[n].kind == SAN_DNS;
        good = allowed(j, i, ca, &c->san[n]);
    }
    for (size_t n = 0; n < c->subject.n && good; n++) {
        const struct x509_attr *a = &c->subject.attr[n];
        struct san              name = { .value = { (const uint8_t *)a->value, a->len } };
        name.kind = strcmp(a->type, "emailAddress") == 0 ? SAN_EMAIL : SAN_DNS;
        /* The common name counts as a DNS name where it stands in for one (as OpenSSL, GnuTLS and Java have it). */
        bool counts = name.kind == SAN_EMAIL || (i == 0 && !dns && strcmp(a->type, "CN") == 0 && like_host(name.value));
        good = !counts || allowed(j, i, ca, &name);
    }
    return good;
}

void check_constraints(struct judge *j)
{
    for (size_t up = j->path.n; up-- > 1;) {
        const struct cert *ca = path_cert(j, up);
        if (!ca->has_nc)
            continue;
        for (size_t i = up; i-- > 0;) {
            const struct cert *c = path_cert(j, i);
            if (c->malformed || (i > 0 && c->self_issued))
                continue;
            size_t pairs = (c->sans + c->subject.n + 1) * (ca->permitted_count + ca->excluded_count);
            if (pairs > PAIRS_MAX - j->pairs) {
                problem_add(j, "unsupported_by_tool", (int)i,
                            "%s has more names and constraints than are compared here", who(j, c));
                return;
            }
            j->pairs += pairs;
            if (names_allowed(j, (int)i, ca, c))
                check_wildcards(j, (int)i, ca, c);
        }
    }
}
