/* One path against the rules of RFC 5280 section 6, and against what clients accept beyond them. */
#include "judge.h"

#include <stdio.h>
#include <string.h>

#define SERVER_AUTH "1.3.6.1.5.5.7.3.1"
#define ANY_USAGE   "2.5.29.37.0"
#define SGC_MS      "1.3.6.1.4.1.311.10.3.3"
#define SGC_NS      "2.16.840.1.113730.4.1"

enum { DAY = 86400, YEAR = 366 * DAY, YEAR_2000 = 946684800, SEPTEMBER_2020 = 1598918400 };

/* ---- dates ---- */

static const char *distance(struct judge *j, int64_t seconds)
{
    long long n = seconds >= 2 * DAY ? seconds / DAY : seconds >= 7200 ? seconds / 3600 : seconds;
    const char *unit = seconds >= 2 * DAY ? "day" : seconds >= 7200 ? "hour" : "second";
    return arena_printf(j->a, "%lld %s%s", n, unit, n == 1 ? "" : "s");
}

/* A CA lives on in a newer self-signed root with the same name and key: where one is at hand, an expired
 * cross certificate or old root is the client's lack, not the CA's end. */
static bool has_newer_root(const struct judge *j, const struct cert *old)
{
    const struct trust_question *q = j->q;
    for (size_t i = 0; i < q->n + q->pool_n; i++) {
        const struct cert *x = i < q->n ? q->certs[i] : q->pool[i - q->n];
        if (x != old && x->self_issued && bytes_equal(x->spki, old->spki) && x->not_after.ok &&
            x->not_after.s >= q->time)
            return true;
    }
    return false;
}

/* Android takes a root for a name and a key, whatever its dates say. */
static bool ignores_root_dates(const struct trust_question *q)
{
    size_t i = 0;
    while (q->eras != NULL && q->eras[i] != NULL && strncmp(q->eras[i], "android ", 8) == 0)
        i++;
    return i != 0 && q->eras[i] == NULL;
}

static void check_dates(struct judge *j, int i, const struct cert *c)
{
    int64_t now = j->q->time;
    char    date[40], clock[40];
    bool    anchor = is_anchor_step(j, (size_t)i);
    time_rfc3339_s(clock, now);
    if (c->not_before.ok && now < c->not_before.s) {
        int64_t early = c->not_before.s - now;
        time_rfc3339_s(date, c->not_before.s);
        bool off = early > YEAR || now < YEAR_2000;
        problem_add(j, "not_yet_valid", i, "%s is valid from %s, %s after the moment in question (%s)%s",
                    who(j, c), date, distance(j, early), clock,
                    off ? "; so far ahead, a wrong clock is the likelier cause" : "");
    }
    if (c->not_after.ok && now > c->not_after.s) {
        const char *code = i == 0 ? "expired" : has_newer_root(j, c) ? "cross_sign_expired" : anchor
            ? "expired_anchor" : "expired";
        bool mild = anchor && i > 0 && ignores_root_dates(j->q);
        time_rfc3339_s(date, c->not_after.s);
        problem_add_as(j, code, mild ? SEV_INFO : word_severity(word_of(code)), i,
                       "%s was valid until %s, %s before the moment in question (%s)%s", who(j, c), date,
                       distance(j, now - c->not_after.s), clock,
                       anchor && i > 0 ? "; it is an anchor, which Android does not hold to its dates" : "");
    }
}

/* ---- who may sign: RFC 5280 section 6.1.4 (k) to (n) ---- */

static void check_issuer(struct judge *j, int i, const struct cert *c, size_t below)
{
    bool anchor = is_anchor_step(j, (size_t)i), old = anchor && c->version < 3;
    bool root = anchor && c->self_issued, signs = c->has_ku && (c->ku & KU_CERT_SIGN) != 0;
    if (c->has_bc && !c->ca)
        problem_add(j, "not_a_ca", i, "%s signed the one before it, but its basicConstraints say it is no CA",
                    who(j, c));
    else if (!c->has_bc && !old)
        problem_add_as(j, "not_a_ca", root ? SEV_WARNING : SEV_ERROR, i,
                       "%s signed the one before it, but has no basicConstraints that make it a CA%s", who(j, c),
                       c->version < 3 ? ": it is of an old version that cannot have them" :
                       !root ? "" : signs ? "; as it is a trusted root, OpenSSL and GnuTLS take it, Java and Go do not" :
                       "; as it is a trusted root, GnuTLS takes it, OpenSSL, Java and Go do not");
    if (c->ca && c->path_len >= 0 && below > (size_t)c->path_len)
        problem_add(j, "path_len", i, "%s allows %d CA certificate%s below it; the path has %zu", who(j, c),
                    c->path_len, c->path_len == 1 ? "" : "s", below);
    if (c->has_ku && (c->ku & KU_CERT_SIGN) == 0)
        problem_add(j, "wrong_ku", i, "%s signed the one before it, but its key usage lacks keyCertSign",
                    who(j, c));
}

/* ---- what it is for ---- */

static bool has_usage(const struct cert *c, const char *oid)
{
    for (size_t i = 0; i < c->ekus; i++)
        if (strcmp(c->eku[i], oid) == 0)
            return true;
    return false;
}

static const char *usage_list(struct judge *j, const struct cert *c)
{
    const char *s = c->ekus == 0 ? "nothing" : oid_name(c->eku[0]);
    for (size_t i = 1; i < c->ekus && i < 6; i++)
        s = arena_printf(j->a, "%s, %s", s, oid_name(c->eku[i]));
    return s;
}

static void check_eku(struct judge *j, int i, const struct cert *c)
{
    if (!c->has_eku || has_usage(c, SERVER_AUTH))
        return;
    bool gated = has_usage(c, SGC_MS) || has_usage(c, SGC_NS), anchor = is_anchor_step(j, (size_t)i) && i > 0;
    bool any = has_usage(c, ANY_USAGE);
    const char *remark = any ? "; OpenSSL does not count anyExtendedKeyUsage, most others do" :
                         gated ? "; OpenSSL, Java and old Windows take Server Gated Crypto for it, browsers, GnuTLS and Go do not" :
                         anchor ? "; Windows and OpenSSL mind that of a root too" : "";
    problem_add_as(j, "wrong_eku", anchor || gated || any ? SEV_WARNING : SEV_ERROR, i,
                   "the extended key usage of %s is %s, not serverAuth%s", who(j, c), usage_list(j, c),
                   remark);
}

/* Netscape's certificate type, older than extendedKeyUsage; bit 1 is "SSL server". */
static void check_netscape_type(struct judge *j, const struct cert *c)
{
    if (c->has_netscape_type && (c->netscape_type & 2) == 0)
        problem_add(j, "wrong_eku", 0, "the Netscape certificate type of %s lacks \"SSL server\": OpenSSL and Java refuse it, "
                    "GnuTLS and Go do not look", who(j, c));
}

/* What a cipher suite's key exchange asks of the leaf's key (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2.2). */
static unsigned needed_usage(enum kex k)
{
    switch (k) {
    case KEX_RSA:
    case KEX_RSA_PSK: return KU_KEY_ENCIPHERMENT;
    case KEX_DHE:
    case KEX_ECDHE:
    case KEX_TLS13: return KU_DIGITAL_SIGNATURE;
    case KEX_DH:
    case KEX_ECDH: return KU_KEY_AGREEMENT;
    default: return 0;
    }
}

static void check_leaf_ku(struct judge *j, const struct cert *c)
{
    unsigned any = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
    unsigned need = needed_usage(j->q->kex);
    if (!c->has_ku)
        return;
    if ((c->ku & any) == 0)
        problem_add_as(j, "wrong_ku", need != 0 ? SEV_ERROR : SEV_WARNING, 0,
                       "the key usage of %s allows neither digitalSignature nor keyEncipherment nor "
                       "keyAgreement: OpenSSL and Mbed TLS refuse it with the chain, GnuTLS and Java once a key exchange "
                       "needs one of them", who(j, c));
    else if (need != 0 && (c->ku & need) == 0)
        problem_add(j, "wrong_ku", 0, "the cipher suite needs %s, which the key usage of %s lacks",
                    key_usage_name((unsigned)__builtin_ctz(need)), who(j, c));
    else if ((c->ku & KU_DIGITAL_SIGNATURE) == 0)
        problem_add(j, "ku_no_digital_signature", 0,
                    "the key usage of %s lacks digitalSignature: fit for RSA key exchange, not for (EC)DHE "
                    "or TLS 1.3", who(j, c));
}

/* Who handles an extension where it is critical, as measured with OpenSSL 3, GnuTLS 3.7, Java 17 and Go 1.19. One that is
 * not in the table none of them does. */
enum { BY_OPENSSL = 1, BY_GNUTLS = 2, BY_JAVA = 4, BY_GO = 8, BY_ALL = 15 };

static unsigned handled_by(const char *oid)
{
    static const struct { const char *oid; unsigned by; } t[] = {
        { "2.5.29.15", BY_ALL }, { "2.5.29.17", BY_ALL }, { "2.5.29.19", BY_ALL }, { "2.5.29.30", BY_ALL }, { "2.5.29.32", BY_ALL },
        { "2.5.29.37", BY_ALL },
        { "2.5.29.14", BY_GNUTLS | BY_GO }, { "2.5.29.35", BY_GNUTLS | BY_GO }, /* key identifiers */
        { "2.5.29.18", BY_GNUTLS },                                             /* issuerAltName */
        { "2.5.29.31", BY_OPENSSL | BY_GNUTLS | BY_GO },                        /* CRL distribution points */
        { "2.5.29.33", BY_OPENSSL | BY_JAVA }, { "2.5.29.36", BY_OPENSSL | BY_JAVA }, /* policy mappings and constraints */
        { "2.5.29.54", BY_OPENSSL | BY_JAVA | BY_GNUTLS },                      /* inhibitAnyPolicy */
        { "1.3.6.1.5.5.7.1.1", BY_GNUTLS | BY_GO },                             /* authority information access */
        { "1.3.6.1.5.5.7.1.7", BY_OPENSSL }, { "1.3.6.1.5.5.7.1.8", BY_OPENSSL }, /* IP addresses, AS numbers */
        { "1.3.6.1.5.5.7.1.14", BY_GNUTLS },                                    /* proxy certificates */
        { "1.3.6.1.5.5.7.1.24", BY_GNUTLS },                                    /* TLS features */
        { "1.3.6.1.5.5.7.48.1.5", BY_OPENSSL },                                 /* OCSP no check */
        { "2.16.840.1.113730.1.1", BY_OPENSSL },                                /* Netscape certificate type */
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (strcmp(t[i].oid, oid) == 0)
            return t[i].by;
    return 0;
}

static const char *names_by(struct judge *j, unsigned by)
{
    static const char *const names[] = { "OpenSSL", "GnuTLS", "Java", "Go" };
    const char *s = NULL;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if ((by >> i & 1) != 0)
            s = s == NULL ? names[i] : arena_printf(j->a, "%s%s%s", s, by >> (i + 1) == 0 ? " and " : ", ", names[i]);
    return s;
}

/* Java does not look at the extensions of an anchor. One of OpenSSL, GnuTLS and Java alone is too few to speak of "clients". */
static void check_critical(struct judge *j, int i, const struct cert *c)
{
    unsigned looking = is_anchor_step(j, (size_t)i) && i > 0 ? BY_ALL & ~(unsigned)BY_JAVA : BY_ALL;
    for (size_t k = 0; k < c->exts; k++) {
        const struct x509_ext *e = &c->ext[k];
        unsigned               refuse = e->critical ? looking & ~handled_by(e->oid) : 0;
        bool                   few = __builtin_popcount(refuse & ~(unsigned)BY_GO) < 2;
        const char            *why = "which clients do not know and must refuse";
        if ((refuse & ~(unsigned)BY_GO) == 0)
            continue;
        if (c->precert_poison && handled_by(e->oid) == 0)
            why = "being a precertificate: made for logs, never for servers";
        else if (refuse != BY_ALL)
            why = arena_printf(j->a, "which %s refuse%s where it is critical", names_by(j, refuse),
                               __builtin_popcount(refuse) == 1 ? "s" : "");
        problem_add_as(j, "unknown_critical_ext", few ? SEV_WARNING : SEV_ERROR, i, "%s has the critical extension %s, %s",
                       who(j, c), oid_name(e->oid), why);
    }
}

/* ---- the name asked for ---- */

/* The names of the certificate, for the detail: the first few. */
static const char *names_of(struct judge *j, const struct cert *c)
{
    const char *s = NULL;
    size_t      all = 0, shown = 4;
    for (size_t i = 0; i < c->sans; i++) {
        if ((c->san[i].kind != SAN_DNS && c->san[i].kind != SAN_IP) || all++ >= shown)
            continue;
        const char *name = strchr(san_text(j->a, &c->san[i]), ':') + 1; /* without the kind */
        s = s == NULL ? name : arena_printf(j->a, "%s, %s", s, name);
    }
    if (s == NULL)
        return arena_printf(j->a, "%s only as its common name", who(j, c));
    return all > shown ? arena_printf(j->a, "%s and %zu more", s, all - shown) : s;
}

/* "w*.example" for www.example. */
static bool is_partial_wildcard(const struct judge *j, struct bytes pattern)
{
    const uint8_t *dot = memchr(pattern.p, '.', pattern.n), *star = dot != NULL ? memchr(pattern.p, '*', (size_t)(dot - pattern.p)) : NULL;
    const char    *asked_dot = memchr(j->q->name, '.', j->q->name_len);
    if (star == NULL || asked_dot == NULL || dot - pattern.p < 2)
        return false;
    size_t head = (size_t)(star - pattern.p), tail = (size_t)(dot - star - 1), label = (size_t)(asked_dot - j->q->name);
    size_t rest = pattern.n - (size_t)(dot - pattern.p);
    return head + tail <= label && rest == j->q->name_len - label && strncasecmp((const char *)pattern.p, j->q->name, head) == 0 &&
           strncasecmp((const char *)star + 1, asked_dot - tail, tail) == 0 && strncasecmp((const char *)dot, asked_dot, rest) == 0;
}

/* The name fits by a wildcard alone, and its first label has a "_": no host name by RFC 1123, and some compare strictly. */
static void check_underscore(struct judge *j, const struct cert *c, const char *asked)
{
    const char *dot = memchr(j->q->name, '.', j->q->name_len);
    if (dot == NULL || memchr(j->q->name, '_', (size_t)(dot - j->q->name)) == NULL)
        return;
    for (size_t i = 0; i < c->sans; i++)
        if (c->san[i].kind == SAN_DNS && c->san[i].value.n == j->q->name_len &&
            strncasecmp((const char *)c->san[i].value.p, j->q->name, j->q->name_len) == 0)
            return;
    problem_add_as(j, "name_mismatch", SEV_WARNING, 0, "%s fits a wildcard only, which OpenSSL and Java do not let stand for a label "
                   "with \"_\"; browsers, GnuTLS and Go do", asked)->unsure = true;
}

/* Why a name that looks right is none: an address among the DNS names, a wildcard that covers one label. */
static const char *near_miss(const struct judge *j, const struct cert *c)
{
    uint8_t      buf[16];
    struct bytes ip;
    bool         is_ip = ip_from_text(j->q->name, j->q->name_len, &ip, buf);
    for (size_t i = 0; i < c->sans; i++) {
        const struct san *s = &c->san[i];
        size_t            n = s->value.n;
        if (s->kind != SAN_DNS || n < 3)
            continue;
        if (is_ip && n == j->q->name_len && memcmp(s->value.p, j->q->name, n) == 0)
            return "; the address stands among the DNS names, where it does not count";
        if (is_partial_wildcard(j, s->value))
            return "; a wildcard with other letters in its label counts for OpenSSL and Java only";
        size_t rest = n - 2; /* what follows "*." */
        if (s->value.p[0] != '*' || j->q->name_len < rest)
            continue;
        if (strncasecmp((const char *)s->value.p + 2, j->q->name + (j->q->name_len - rest), rest) == 0)
            return j->q->name_len == rest ? "; a wildcard does not stand for no label at all"
                   : "; a wildcard stands for one label only";
    }
    return "";
}

static void check_name(struct judge *j, const struct cert *c)
{
    bool cn = false;
    if (j->q->name == NULL)
        return;
    const char *asked = safe_str(j->a, j->q->name, j->q->name_len);
    if (!cert_matches_name(c, j->q->name, j->q->name_len, &cn))
        problem_add(j, "name_mismatch", 0, "the name asked for is %s%s, the certificate is for %s%s", asked,
                    j->q->name_learnt ? " (by the DNS answer for this address; the client may have asked for another)" : "",
                    names_of(j, c), near_miss(j, c))->unsure = j->q->name_learnt;
    else if (cn)
        by_client(j, problem_add_as(j, "no_san", j->q->san_needed ? SEV_ERROR : SEV_WARNING, 0,
                                    "%s stands only in the common name of the certificate; there is no subjectAltName "
                                    "for it, which browsers have asked for since 2017", asked));
    else
        check_underscore(j, c, asked);
}

/* ---- remarks on the leaf ---- */

static void check_leaf_remarks(struct judge *j, const struct cert *c)
{
    int64_t days = c->not_before.ok && c->not_after.ok ? (c->not_after.s - c->not_before.s) / DAY : 0;
    if (c->not_before.ok && c->not_before.s >= SEPTEMBER_2020 && days > 398)
        problem_add(j, "long_validity", 0, "%s is valid for %lld days", who(j, c), (long long)days);
    if (c->must_staple && j->q->staple.p == NULL) {
        if (j->q->staple_due)
            problem_add(j, "ocsp_missing", 0,
                        "%s asks for a stapled OCSP answer (RFC 7633), the client asked too, and the server "
                        "sent none", who(j, c));
        else
            problem_add(j, "must_staple", 0,
                        "%s asks for a stapled OCSP answer (RFC 7633); none was seen here", who(j, c));
    }
}

void judge_path(struct judge *j)
{
    size_t below = 0; /* CA certificates so far, self-issued ones not counted */
    check_end(j);
    for (size_t i = 0; i < j->path.n; i++) {
        const struct cert *c = path_cert(j, i);
        bool               anchor = is_anchor_step(j, i);
        /* A self-signed end that nobody trusts: its own faults do not matter. */
        if (j->path.end == END_SELF_SIGNED && i > 0 && i + 1 == j->path.n)
            break;
        check_shape(j, (int)i, c);
        if (c->malformed)
            continue;
        check_dates(j, (int)i, c);
        check_eku(j, (int)i, c);
        if (i > 0) {
            check_issuer(j, (int)i, c, below);
            check_key_fits(j, (int)i, c);
        }
        below += i > 0 && !c->self_issued;
        check_critical(j, (int)i, c);
        check_curve(j, (int)i, c);
        if (anchor && i > 0)
            check_anchor_key(j, (int)i, c);
        else if (anchor)
            check_key(j, (int)i, c);
        if (anchor)
            continue;
        if (j->path.end != END_SELF_SIGNED || i > 0)
            check_signature(j, (int)i, c);
        check_key(j, (int)i, c);
    }
    const struct cert *leaf = path_cert(j, 0);
    if (!leaf->malformed) {
        check_leaf_ku(j, leaf);
        check_netscape_type(j, leaf);
        check_name(j, leaf);
        check_leaf_remarks(j, leaf);
        check_constraints(j);
        check_status(j);
    }
}
