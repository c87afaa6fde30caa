/* checks_shape.c - is each certificate of a path well formed: RFC 5280 section 4.1, and what readers of today refuse. */
#include "judge.h"

#include <string.h>

/* Extensions whose value decides something: one that does not decode cannot be obeyed. */
static bool ext_decides(const char *oid)
{
    static const char *const t[] = { "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.37", NULL };
    return in_list(t, oid);
}

/* Extensions that OpenSSL reads of every certificate, and takes a broken one of for a broken certificate. */
static bool openssl_reads(const char *oid)
{
    static const char *const t[] = { "2.5.29.14", "2.5.29.15", "2.5.29.31", "2.5.29.35", NULL };
    return in_list(t, oid);
}

/* A broken critical extension cannot be obeyed (RFC 5280 section 4.2), nor can the key usage of a CA. */
static void check_extension_shape(struct judge *j, int i, const struct cert *c)
{
    for (size_t k = 0; k < c->exts; k++) {
        const struct x509_ext *e = &c->ext[k];
        bool                   decides = e->critical || ext_decides(e->oid) || (i > 0 && strcmp(e->oid, "2.5.29.15") == 0);
        if (e->odd)
            problem_add(j, decides ? "malformed" : "non_strict_der", i, "the extension %s of %s does not decode%s",
                        oid_name(e->oid), who(j, c), !decides && openssl_reads(e->oid)
                        ? ": OpenSSL and Go refuse the certificate for it, GnuTLS and Java do not" : "");
    }
}

/* GnuTLS, Java and Go read no certificate with an extension that comes twice; OpenSSL minds only those that it uses. */
static void check_duplicates(struct judge *j, int i, const struct cert *c)
{
    for (size_t k = 0; k < c->exts; k++)
        if (c->ext[k].duplicate)
            problem_add(j, "malformed", i, "%s has the extension %s twice, which RFC 5280 section 4.2 forbids and most "
                        "clients refuse", who(j, c), oid_name(c->ext[k].oid));
}

static void check_version(struct judge *j, int i, const struct cert *c)
{
    if (c->version == 0)
        problem_add(j, "malformed", i, "the version of %s does not decode", who(j, c));
    else if (c->version < 3 && c->exts != 0)
        problem_add(j, "malformed", i, "%s is of version %u, which has no extensions, and carries some: Java, GnuTLS and "
                    "Mbed TLS refuse it, OpenSSL takes it", who(j, c), c->version);
    else if (c->version > 3)
        problem_add(j, "profile_violation", i, "%s is of version %u, which does not exist: Java and Go refuse it, OpenSSL "
                    "and GnuTLS do not look", who(j, c), c->version);
}

static void check_times_shape(struct judge *j, int i, const struct cert *c)
{
    bool before = c->not_before.ok && c->not_before.strange;
    if (before || (c->not_after.ok && c->not_after.strange))
        problem_add(j, "malformed", i, "%s of %s is written with an offset, with parts of a second or without a zone: OpenSSL "
                    "and GnuTLS take that for no date", before ? "notBefore" : "notAfter", who(j, c));
}

static void check_serial(struct judge *j, int i, const struct cert *c)
{
    struct bytes s = c->serial;
    bool         zero = s.n == 1 && s.p[0] == 0;
    if (s.n == 0)
        problem_add(j, "malformed", i, "the serial number of %s has no octets", who(j, c));
    else if (zero || (s.p[0] & 0x80) != 0 || s.n > 20)
        problem_add(j, "profile_violation", i, "the serial number of %s is %s (RFC 5280 section 4.1.2.2)", who(j, c),
                    s.n > 20 ? "longer than 20 octets" : zero ? "zero" : "negative");
    if (s.n > 1 && (s.p[0] == 0 || s.p[0] == 0xff) && ((s.p[0] ^ s.p[1]) & 0x80) == 0)
        problem_add(j, "non_strict_der", i, "the serial number of %s is not in its shortest form, which OpenSSL and Go refuse",
                    who(j, c));
}

/* What is not signed says how the signature is made, what is signed says it again: RFC 5280 section 4.1.1.2. */
static void check_sig_params(struct judge *j, int i, const struct cert *c)
{
    if (!c->sig_params_differ)
        return;
    bool pss = c->sig_kind == SIG_RSA_PSS;
    problem_add(j, pss ? "malformed" : "non_strict_der", i, "%s names %s twice, with other parameters inside what is signed "
                "than outside%s", who(j, c), cert_sig_name(c), pss ? "" : "; OpenSSL and Go refuse that");
}

void check_shape(struct judge *j, int i, const struct cert *c)
{
    if (c->malformed) {
        problem_add(j, "malformed", i, "%s does not decode: %s is broken", who(j, c), c->broken);
        return;
    }
    if (c->odd != NULL)
        problem_add(j, "malformed", i, "%s of %s does not decode", c->odd, who(j, c));
    if (strcmp(c->sig_oid, c->inner_sig_oid) != 0)
        problem_add(j, "malformed", i,
                    "%s names two signature algorithms: %s outside, %s inside what is signed", who(j, c),
                    oid_name(c->sig_oid), oid_name(c->inner_sig_oid));
    if (!c->not_before.ok || !c->not_after.ok)
        problem_add(j, "malformed", i, "%s of %s is no date", c->not_before.ok ? "notAfter" : "notBefore",
                    who(j, c));
    check_version(j, i, c);
    check_duplicates(j, i, c);
    if (is_anchor_step(j, (size_t)i) && i > 0)
        return;
    if (c->explicit_curve)
        problem_add(j, "malformed", i,
                    "the key of %s spells its curve out instead of naming it, which RFC 5480 section 2.1.1 "
                    "forbids and TLS clients refuse", who(j, c));
    if (c->trailing != 0)
        problem_add(j, "malformed", i, "%zu more bytes follow the certificate %s", c->trailing, who(j, c));
    if (c->loose || c->not_before.odd || c->not_after.odd)
        problem_add(j, "non_strict_der", i, "%s is not encoded as DER demands", who(j, c));
    check_times_shape(j, i, c);
    check_serial(j, i, c);
    check_sig_params(j, i, c);
    check_extension_shape(j, i, c);
}

/* A CA whose key is of an unknown algorithm cannot have made a signature of a well-known one. */
void check_key_fits(struct judge *j, int i, const struct cert *c)
{
    const struct cert *child = path_cert(j, (size_t)i - 1);
    if (c->key == CERT_KEY_UNKNOWN && child->sig_kind != SIG_KIND_UNKNOWN)
        problem_add(j, "malformed", i, "the key of %s claims the algorithm %s, but %s is signed with %s",
                    who(j, c), c->key_oid != NULL ? oid_name(c->key_oid) : "?", who(j, child),
                    cert_sig_name(child));
}
