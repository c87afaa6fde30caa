#include "tlswhy/rootlist.h"
#include "tlswhy/names.h"
#include "tlswhy/profile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The roots of Microsoft that lists were signed under, by name and key identifier: the files do not hold them. */
static const struct {
    const char *name;
    uint8_t     key_id[20]; /* all zero: not known */
} microsoft_roots[] = {
    { "Microsoft Root Certificate Authority 2010", { 0xd5, 0xf6, 0x56, 0xcb, 0x8f, 0xe8, 0xa2, 0x5c, 0x62, 0x68, 0xd1, 0x3d, 0x94, 0x90, 0x5b, 0xd7, 0xce, 0x9a, 0x18, 0xc4 } },
    { "Microsoft Root Certificate Authority 2011", { 0x72, 0x2d, 0x3a, 0x02, 0x31, 0x90, 0x43, 0xb9, 0x14, 0x05, 0x4e, 0xe1, 0xea, 0xa7, 0xc7, 0x31, 0xd1, 0x23, 0x89, 0x34 } },
    { "Microsoft Root Certificate Authority", { 0x0e, 0xac, 0x82, 0x60, 0x40, 0x56, 0x27, 0x97, 0xe5, 0x25, 0x13, 0xfc, 0x2a, 0xe1, 0x0a, 0x53, 0x95, 0x59, 0xe4, 0xa4 } },
    { "Microsoft Root Authority", { 0 } },
};
static const struct {
    const char *sha256, *name, *root, *source;
} signers[] = {
#define ROW(...) { __VA_ARGS__ },
#include "gen/knowledge/ctl_signers.inc"
#undef ROW
};
static const struct client_row {
    const char *profile, *sha2, *root2010, *update, *source;
} clients[] = {
#define ROW(...) { __VA_ARGS__ },
#include "gen/knowledge/ctl_clients.inc"
#undef ROW
};

/* Public history of the list: SHA-1 up to the first day, SHA-256 alone from the second. */
enum { LAST_SHA1 = 1572373868, FIRST_SHA256 = 1578702755 }; /* 2019-10-29T18:31:08Z, 2020-01-11T00:32:35Z */
enum { DAY = 86400, PEEK = 2048 };

/* ---- what the bytes are ---- */

static const uint8_t *find_bytes(struct bytes b, const char *what)
{
    size_t len = strlen(what), n = b.n < PEEK ? b.n : PEEK;
    for (size_t i = 0; i + len <= n; i++) {
        if (strncasecmp((const char *)b.p + i, what, len) == 0)
            return b.p + i;
    }
    return NULL;
}

/* The values of a header in the head of an HTTP message, with commas; each is cut at its line's end. */
static const char *header_values(struct bytes head, const char *name, struct arena *a)
{
    const char    *all = NULL;
    const uint8_t *p;
    while ((p = find_bytes(head, name)) != NULL) {
        p += strlen(name);
        size_t left = (size_t)(head.p + head.n - p), len = 0;
        while (len < left && p[len] != '\r' && p[len] != '\n' && len < 120)
            len++;
        while (len > 0 && *p == ' ') {
            p++;
            len--;
        }
        all = arena_printf(a, "%s%s%s", all != NULL ? all : "", all != NULL ? ", " : "", safe_str(a, p, len));
        head = (struct bytes){ p + len, (size_t)(head.p + head.n - p) - len };
    }
    return all;
}

static const char *page_title(struct bytes b, struct arena *a)
{
    const uint8_t *p = find_bytes(b, "<title>");
    if (p == NULL)
        return "";
    p += strlen("<title>");
    size_t left = (size_t)(b.p + b.n - p), len = 0;
    while (len < left && p[len] != '<' && len < 120)
        len++;
    return arena_printf(a, " with the title \"%s\"", safe_str(a, p, len));
}

/* What the bytes are where they are no list. */
static const char *named(struct bytes b, struct arena *a)
{
    static const struct {
        const char *magic;
        size_t      n;
        const char *is;
    } kinds[] = { { "\x1f\x8b", 2, "gzip data" }, { "PK\x03\x04", 4, "a ZIP archive" }, { "MZ", 2, "a Windows program" }, { "\xd4\xc3\xb2\xa1", 4, "a capture (tlswhy read FILE)" },
                  { "\xa1\xb2\xc3\xd4", 4, "a capture (tlswhy read FILE)" }, { "\x0a\x0d\x0d\x0a", 4, "a capture (tlswhy read FILE)" }, { "-----BEGIN", 10, "a PEM file (tlswhy cert FILE)" }, { "%PDF", 4, "a PDF document" } };
    if (b.n == 0)
        return "empty";
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (b.n >= kinds[i].n && memcmp(b.p, kinds[i].magic, kinds[i].n) == 0)
            return kinds[i].is;
    }
    if (find_bytes(b, "<html") != NULL || find_bytes(b, "<!doctype html") != NULL)
        return arena_printf(a, "an HTML page%s", page_title(b, a));
    if (find_bytes(b, "<?xml") == b.p)
        return "an XML text";
    if (b.p[0] == 0x30)
        return "DER data, but no signed list (a certificate? tlswhy cert FILE)";
    size_t printable = 0, n = b.n < PEEK ? b.n : PEEK;
    for (size_t i = 0; i < n; i++)
        printable += b.p[i] >= 32 && b.p[i] < 127 ? 1 : memchr("\r\n\t", b.p[i], 3) != NULL;
    return printable * 10 > n * 9 ? arena_printf(a, "a text that begins \"%s\"", safe_str(a, b.p, b.n < 60 ? b.n : 60)) : "something else than a cabinet or a signed list";
}

/* Takes an HTTP message off: its status and, where there is a body, the body. */
static struct bytes unwrap_http(struct rootlist *l, struct bytes b, struct arena *a)
{
    size_t at = 0;
    if (b.n < 12 || memcmp(b.p, "HTTP/1.", 7) != 0)
        return b;
    l->in_http = true;
    l->status = atoi(arena_copy(a, b.p + 9, 3));
    while (at + 1 < b.n && !(b.p[at] == '\n' && (b.p[at + 1] == '\n' || (at + 2 < b.n && b.p[at + 1] == '\r' && b.p[at + 2] == '\n'))))
        at++;
    struct bytes head = { b.p, at + 1 < b.n ? at : b.n };
    at += at + 1 < b.n ? (b.p[at + 1] == '\n' ? 2u : 3u) : 1u;
    struct bytes body = at < b.n ? (struct bytes){ b.p + at, b.n - at } : (struct bytes){ b.p + b.n, 0 };
    if (l->status / 100 == 2 && body.n != 0)
        return body;
    const char *more = l->status == 407 ? header_values(head, "proxy-authenticate:", a) : l->status / 100 == 3 ? header_values(head, "location:", a) : NULL;
    const char *what = l->status == 407 ? "a proxy that asks for a login" : l->status == 403 ? "a refusal" : l->status / 100 == 3 ? "a redirect" : l->status / 100 == 5 ? "an error of a server or proxy" : "an answer without a list";
    l->instead = arena_printf(a, "HTTP %d: %s%s%s%s", l->status, what, more != NULL ? ", " : "", more != NULL ? more : "", find_bytes(body, "<html") != NULL ? arena_printf(a, ", and an HTML page%s", page_title(body, a)) : "");
    return body;
}

void rootlist_read(const char *name, struct bytes file, struct cert_store *s, struct arena *a, struct rootlist *out)
{
    *out = (struct rootlist){ .name = name };
    struct bytes b = unwrap_http(out, file, a);
    if (out->instead != NULL)
        return;
    ctl_file_read(b, s, a, &out->file);
    if (out->file.is_list)
        out->signer = out->file.sig.signers != 0 ? &out->file.sig.signer[0] : NULL;
    else if (out->file.in_cab)
        out->instead = arena_printf(a, "a cabinet without a readable list: %s", out->file.cab.broken != NULL ? out->file.cab.broken : "what is in it is no signed list");
    else
        out->instead = named(b, a);
}

/* ---- judging ---- */

static void problem(struct rootlist *l, enum severity sev, const char *code, const char *detail, const char *fix)
{
    if (l->problems < LIST_PROBLEMS)
        l->problem[l->problems++] = (struct list_problem){ code, sev, detail, fix };
}

static const char *day(struct arena *a, int64_t s)
{
    char buf[40];
    time_rfc3339_s(buf, s);
    return arena_printf(a, "%.10s", buf);
}

static const char *issuer_name(struct arena *a, const struct cert *c)
{
    for (size_t i = c->issuer.n; i-- > 0;) {
        if (strcmp(c->issuer.attr[i].type, "CN") == 0)
            return safe_str(a, c->issuer.attr[i].value, c->issuer.attr[i].len);
    }
    return x509_name_text(a, &c->issuer);
}

static bool pinned(const struct cert *c)
{
    char           hex[65];
    const uint8_t *d = cert_sha256(c);
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", d[i]);
    for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
        if (strcmp(signers[i].sha256, hex) == 0)
            return true;
    }
    return false;
}

/* The issuer of the last certificate inside: an anchor at hand, a root of Microsoft by name, or not there. */
static void judge_top(const struct list_question *q, struct cert_store *s, struct arena *a, struct rootlist *l)
{
    static const uint8_t unknown[20] = { 0 };
    struct cert *top = l->signer->path[l->signer->path_n - 1];
    const char  *name = issuer_name(a, top);
    l->root = name;
    for (size_t i = 0; q->anchors != NULL && i < q->anchors->n; i++) {
        struct cert *anchor = q->anchors->v[i];
        if (bytes_equal(anchor->der, top->der) || (names_equal(&anchor->subject, &top->issuer) && cert_signed_by(s, top, anchor) == SIG_GOOD)) {
            l->chain_complete = l->root_checked = true;
            return;
        }
    }
    if (top->self_issued && cert_signed_by(s, top, top) == SIG_GOOD) {
        l->chain_complete = true;
        problem(l, SEV_INFO, "root_unchecked", arena_printf(a, "the root \"%s\" is in the file itself; whether it is the true one was not checked (--ca)", name), NULL);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(microsoft_roots); i++) {
        if (strcmp(microsoft_roots[i].name, name) != 0)
            continue;
        bool other_key = top->aki.p != NULL && memcmp(microsoft_roots[i].key_id, unknown, 20) != 0 && !bytes_equal(top->aki, (struct bytes){ microsoft_roots[i].key_id, 20 });
        l->chain_complete = !other_key;
        if (other_key)
            problem(l, SEV_ERROR, "untrusted_root", arena_printf(a, "the chain names \"%s\" as its root, but another key than that root has", name), NULL);
        else if (!l->known_signer)
            problem(l, SEV_INFO, "root_unchecked", arena_printf(a, "the last link, to \"%s\", was not checked: root lists do not hold their root (give it with --ca)", name), NULL);
        return;
    }
    l->root = NULL;
    l->missing = name;
    const char *url = top->aia_issuers.n != 0 ? safe_str(a, top->aia_issuers.v[0].p, top->aia_issuers.v[0].n) : NULL;
    problem(l, SEV_ERROR, "missing_intermediate",
            arena_printf(a, "the file does not hold \"%s\", which issued the %s \"%s\"; a machine that neither has it nor can download it (%s) refuses the whole list", name, l->signer->path_n == 1 ? "signer's certificate" : "intermediate", cert_short_name(a, top), url != NULL ? url : "the certificate names no address"),
            "take a list that holds its signer's whole chain (a newer one), or import that one certificate into the intermediate authorities of the computer");
}

static void judge_dates(const struct list_question *q, struct arena *a, struct rootlist *l)
{
    const struct p7_signer *s = l->signer;
    for (size_t i = 0; i < s->path_n; i++) {
        const struct cert *c = s->path[i];
        if (!c->not_before.ok || !c->not_after.ok)
            continue;
        const char *name = cert_short_name(a, c);
        int64_t     issued = l->file.list.this_update.ok ? l->file.list.this_update.s : c->not_before.s;
        if (issued < c->not_before.s - DAY || issued > c->not_after.s)
            problem(l, SEV_ERROR, "expired", arena_printf(a, "\"%s\" was not valid when the list was issued (%s to %s)", name, day(a, c->not_before.s), day(a, c->not_after.s)), NULL);
        else if (q->time > c->not_after.s)
            problem(l, q->has_time ? SEV_ERROR : SEV_WARNING, "expired", arena_printf(a, "\"%s\" ended on %s: a Windows that reads this copy after that finds it \"not within its validity period\"", name, day(a, c->not_after.s)), "fetch the list of today; empty the CryptnetUrlCache where an old copy stays");
        else if (q->time < c->not_before.s && q->has_time)
            problem(l, SEV_ERROR, "not_yet_valid", arena_printf(a, "\"%s\" begins on %s", name, day(a, c->not_before.s)), "look at the clock");
    }
    if (l->file.list.next_update.ok && q->time > l->file.list.next_update.s)
        problem(l, q->has_time ? SEV_ERROR : SEV_WARNING, "expired", arena_printf(a, "the list says that a newer one was due on %s", day(a, l->file.list.next_update.s)), NULL);
}

static bool has_usage(const struct cert *c, const char *oid)
{
    for (size_t i = 0; i < c->ekus; i++) {
        if (strcmp(c->eku[i], oid) == 0)
            return true;
    }
    return false;
}

/* The signer must be allowed to sign this kind of list; what a list viewer asks beyond that is cosmetic. */
static void judge_usage(struct arena *a, struct rootlist *l)
{
    const struct cert *c = l->signer->cert;
    const char        *usage = l->file.list.usages != 0 ? l->file.list.usage[0] : "";
    bool other_list = strcmp(usage, OID_ROOT_LIST_SIGNER) != 0; /* of refused certificates, pin rules: signers vary */
    bool may = !c->has_eku || has_usage(c, usage) || has_usage(c, OID_CTL_SIGNER) || (other_list && (has_usage(c, OID_ROOT_LIST_SIGNER) || has_usage(c, OID_REVOKED_LIST_SIGNER)));
    if (!may)
        problem(l, SEV_ERROR, "wrong_eku", arena_printf(a, "the signer's certificate does not carry the usage %s (%s) of the list", usage, oid_name(usage)), NULL);
    else if (strcmp(usage, OID_ROOT_LIST_SIGNER) == 0 && !has_usage(c, OID_QUALIFIED_SUBORDINATION))
        problem(l, SEV_INFO, "viewer_usage", "the signer carries the usage " OID_ROOT_LIST_SIGNER ", which chain building wants; the list viewer of Windows asks for " OID_QUALIFIED_SUBORDINATION " and calls even good lists \"not valid\": that is cosmetic", NULL);
}

static void judge_signature(struct arena *a, struct rootlist *l)
{
    const struct p7_signer *s = l->signer;
    if (s == NULL) {
        problem(l, SEV_ERROR, "bad_signature", "nobody signed it", NULL);
        return;
    }
    if (s->cert == NULL) {
        problem(l, SEV_ERROR, "missing_intermediate", "the certificate of its signer is not in the file", NULL);
        return;
    }
    if (!s->digest_good)
        problem(l, SEV_ERROR, "bad_digest", "the content is not what was signed: its digest differs (the file was changed or damaged)", "fetch it again, past the proxy if there is one");
    if (!s->type_good)
        problem(l, SEV_ERROR, "bad_digest", "the signed type of the content is not that of the content", NULL);
    if (s->signature == SIG_BAD)
        problem(l, SEV_ERROR, "bad_signature", arena_printf(a, "the signature does not verify with the key of \"%s\"", cert_short_name(a, s->cert)), "fetch it again, past the proxy if there is one");
    if (s->signature == SIG_UNSUPPORTED || s->signature == SIG_UNCHECKED)
        problem(l, SEV_WARNING, "unsupported_by_tool", arena_printf(a, "the signature algorithm %s cannot be checked here", s->signature_oid != NULL ? oid_name(s->signature_oid) : "(none)"), NULL);
    if (s->path_broken)
        problem(l, SEV_ERROR, "bad_signature", "a certificate of the signer's chain was not signed by the issuer inside the file", NULL);
    l->signature_ok = s->digest_good && s->type_good && s->signature == SIG_GOOD;
    const struct p7_signer *n = l->file.nested.signers != 0 ? &l->file.nested.signer[0] : NULL;
    if (n != NULL && (!n->digest_good || n->signature == SIG_BAD))
        problem(l, SEV_ERROR, "bad_signature", "the second signature, nested in the first, does not verify", NULL);
    for (size_t i = 0; i < s->path_n; i++)
        l->known_signer |= pinned(s->path[i]);
}

static const struct client_row *client_row(const char *profile)
{
    for (size_t i = 0; i < ARRAY_LEN(clients); i++) {
        if (strncmp(profile, clients[i].profile, strlen(clients[i].profile)) == 0)
            return &clients[i];
    }
    return NULL;
}

/* "with updates": it lacks SHA-2 for signed lists, or the root of 2010, as it comes. */
static const char *client_can(const struct rootlist *l, const struct client_row *c, bool root2010)
{
    bool update = (l->needs_sha2 && strcmp(c->sha2, "update") == 0) || (root2010 && strcmp(c->root2010, "update") == 0);
    bool unknown = l->needs_sha2 && strcmp(c->sha2, "unknown") == 0;
    return update && !unknown ? "with updates" : unknown ? "unknown" : "yes";
}

static bool needs_root2010(const struct rootlist *l) { return l->root != NULL && strstr(l->root, "Authority 2010") != NULL; }

const char *rootlist_issued(const struct rootlist *l, struct arena *a)
{
    char buf[40];
    if (!l->file.is_list || !l->file.list.this_update.ok)
        return NULL;
    time_rfc3339_s(buf, l->file.list.this_update.s);
    return arena_str(a, buf);
}

const char *rootlist_client_can(const struct rootlist *l, const char *profile, const char **update)
{
    const struct client_row *c = client_row(profile);
    *update = c != NULL && strcmp(c->update, "-") != 0 ? c->update : NULL;
    return c != NULL ? client_can(l, c, needs_root2010(l)) : "unknown";
}

static void judge_client(const char *profile, struct arena *a, struct rootlist *l)
{
    const struct client_row *c = client_row(profile);
    const struct profile    *p = profile_named(profile);
    const char              *name = p != NULL ? p->name : profile;
    bool                     root2010 = needs_root2010(l);
    l->client = profile;
    if (c == NULL) {
        l->client_can = "unknown";
        problem(l, SEV_INFO, "client", arena_printf(a, "%s does not use this list, or it is not known how it does", name), NULL);
        return;
    }
    bool unknown = l->needs_sha2 && strcmp(c->sha2, "unknown") == 0;
    l->client_can = client_can(l, c, root2010);
    if (l->needs_sha2 && strcmp(c->sha2, "update") == 0)
        problem(l, SEV_ERROR, "sha2_unsupported_by_client", arena_printf(a, "%s cannot verify a list signed with SHA-256 only, unless it was updated", name), arena_printf(a, "install %s", c->update));
    if (unknown)
        problem(l, SEV_WARNING, "sha2_unsupported_by_client", arena_printf(a, "whether %s verifies a list signed with SHA-256 only is not documented; as shipped it does not", name), arena_printf(a, "install %s", c->update));
    if (root2010 && strcmp(c->root2010, "update") == 0)
        problem(l, SEV_WARNING, "untrusted_root", arena_printf(a, "%s does not bring \"%s\": it came with later updates, first in the list of 2010-09-27", name, l->root), "import that root, or install the updates that bring it");
}

static int by_severity(const void *x, const void *y)
{
    const struct list_problem *p = x, *q = y;
    return (int)q->severity - (int)p->severity;
}

static const char *history(const struct rootlist *l, struct arena *a)
{
    enum hash_id h = l->signer != NULL ? l->signer->digest : HASH_NONE;
    int64_t      t = l->file.list.this_update.ok ? l->file.list.this_update.s : 0;
    bool         also = l->file.nested.signers != 0 && l->file.nested.signer[0].digest == HASH_SHA256;
    if (l->file.list.usages == 0 || strcmp(l->file.list.usage[0], OID_ROOT_LIST_SIGNER) != 0 || h == HASH_NONE || !l->signature_ok)
        return "";
    if (h == HASH_SHA1)
        return arena_printf(a, " It is signed with SHA-1%s%s, so systems without SHA-2 can read it, too%s.", also ? " (and again, inside, with SHA-256)" : "", t == LAST_SHA1 ? ", the last published list that is" : "", t == LAST_SHA1 ? "; from 2020-01-11 on lists are signed with SHA-256 only" : "");
    return arena_printf(a, " It is signed with %s only%s: a reader needs SHA-2 for signed lists%s%s.", h == HASH_SHA256 ? "SHA-256" : oid_name(l->signer->digest_oid), t == FIRST_SHA256 ? ", the first published list that is" : "", l->root != NULL ? " and the root " : "", l->root != NULL ? l->root : "");
}

/* It looks like what a proxy gives; a 404 may well be the server's own. */
static bool from_path(const struct rootlist *l)
{
    return (l->in_http && l->status != 404) || (!l->in_http && strstr(l->instead, "HTML") != NULL);
}

static const char *sentence(const struct rootlist *l, struct arena *a)
{
    if (!l->file.is_list)
        return arena_printf(a, "This is no root list but %s.%s", l->instead, from_path(l) ? " Something on the path, usually a proxy, answered in place of the list's server; Windows reports \"the data is invalid\", or an error of the fetch." : "");
    for (size_t i = 0; i < l->problems; i++) {
        if (l->problem[i].severity == SEV_ERROR)
            return arena_printf(a, "%c%s.%s", toupper((unsigned char)l->problem[i].detail[0]), l->problem[i].detail + 1, history(l, a));
    }
    return arena_printf(a, "%s: the content is what was signed, the signature verifies%s.%s", l->verdict == CHAIN_OK ? "The list is sound" : "The list could not be checked wholly", l->chain_complete ? ", and the signer's chain is complete inside the file" : "", history(l, a));
}

void rootlist_judge(const struct list_question *q, struct cert_store *s, struct arena *a, struct rootlist *l)
{
    if (!l->file.is_list) {
        problem(l, SEV_ERROR, l->file.in_cab ? "malformed" : "not_a_list", l->instead, l->file.in_cab ? "fetch it again" : !from_path(l) ? "give authrootstl.cab, authroot.stl or a list like them" : "look at how the list is fetched: let the computer account pass the proxy (no login for the Windows Update hosts, or netsh winhttp set proxy)");
    } else {
        if (l->file.cab.broken != NULL)
            problem(l, SEV_ERROR, l->file.cab.cut_short ? "cut_short" : "malformed", arena_printf(a, "the cabinet is broken: %s", l->file.cab.broken), "fetch it again");
        if (l->file.sig.broken != NULL || l->file.list.broken != NULL)
            problem(l, SEV_ERROR, "malformed", arena_printf(a, "%s does not decode", l->file.sig.broken != NULL ? l->file.sig.broken : l->file.list.broken), "fetch it again");
        judge_signature(a, l);
        l->needs_sha2 = l->signer != NULL && l->signer->digest >= HASH_SHA224 && l->signer->digest <= HASH_SHA512;
        if (l->signer != NULL && l->signer->cert != NULL) {
            judge_top(q, s, a, l);
            judge_usage(a, l);
            judge_dates(q, a, l);
        }
        if (q->client != NULL)
            judge_client(q->client, a, l);
    }
    qsort(l->problem, l->problems, sizeof l->problem[0], by_severity);
    l->verdict = CHAIN_OK;
    for (size_t i = l->problems; i-- > 0;) {
        if (l->problem[i].severity == SEV_ERROR) {
            l->verdict = CHAIN_FAIL;
            l->primary = l->problem[i].code;
        } else if (l->verdict == CHAIN_OK && strcmp(l->problem[i].code, "unsupported_by_tool") == 0) {
            l->verdict = CHAIN_UNKNOWN;
        }
    }
    l->why = sentence(l, a);
}

/* ---- entries ---- */

static size_t hex_key(const char *s, uint8_t out[32])
{
    size_t n = 0;
    for (; *s != '\0'; s++) {
        if (*s == ':' || *s == ' ')
            continue;
        int c = tolower((unsigned char)*s), d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0 || n == 64)
            return 0;
        out[n / 2] = (uint8_t)(n % 2 == 0 ? d << 4 : out[n / 2] | d);
        n++;
    }
    return n == 32 || n == 40 || n == 64 ? n / 2 : 0;
}

static bool entry_is(const struct ctl_entry *e, const uint8_t *key, size_t n)
{
    struct bytes k = { key, n };
    return bytes_equal(e->id, k) || bytes_equal(e->sha256, k) || bytes_equal(e->key_id, k);
}

bool root_key_is_name(const struct root_key *key)
{
    uint8_t hex[32];
    return key->cert == NULL && hex_key(key->text, hex) == 0;
}

size_t rootlist_find(const struct rootlist *l, const struct root_key *key, struct arena *a, const struct ctl_entry **out, size_t cap)
{
    uint8_t hex[32];
    size_t  found = 0, n = key->cert == NULL ? hex_key(key->text, hex) : 0;
    for (size_t i = 0; i < l->file.list.entries; i++) {
        const struct ctl_entry *e = &l->file.list.entry[i];
        bool yes = key->cert != NULL ? entry_is(e, cert_sha1(key->cert), 20) || entry_is(e, cert_sha256(key->cert), 32)
                   : n != 0          ? entry_is(e, hex, n)
                                     : strcasestr(ctl_entry_name(a, e), key->text) != NULL;
        if (yes && found < cap)
            out[found] = e;
        found += yes;
    }
    return found;
}

static int by_id(const void *x, const void *y)
{
    const struct ctl_entry *const *a = x, *const *b = y;
    size_t                         n = (*a)->id.n < (*b)->id.n ? (*a)->id.n : (*b)->id.n;
    int                            d = n != 0 ? memcmp((*a)->id.p, (*b)->id.p, n) : 0;
    return d != 0 ? d : (*a)->id.n < (*b)->id.n ? -1 : (*a)->id.n > (*b)->id.n;
}

static const struct ctl_entry **sorted(const struct rootlist *l, struct arena *a)
{
    const struct ctl_entry **v = ARENA_NEW_N(a, l->file.list.entries + 1, const struct ctl_entry *);
    for (size_t i = 0; i < l->file.list.entries; i++)
        v[i] = &l->file.list.entry[i];
    qsort(v, l->file.list.entries, sizeof v[0], by_id);
    return v;
}

static bool same_limits(const struct ctl_entry *x, const struct ctl_entry *y)
{
    return bytes_equal(x->usages, y->usages) && bytes_equal(x->refused_usages, y->refused_usages) && bytes_equal(x->late_usages, y->late_usages) &&
           bytes_equal(x->name, y->name) && x->has_disallowed_from == y->has_disallowed_from && x->disallowed_from == y->disallowed_from &&
           x->has_not_before == y->has_not_before && x->not_before == y->not_before && x->ev == y->ev;
}

const struct list_change *rootlist_compare(const struct rootlist *before, const struct rootlist *after, struct arena *a, size_t *n)
{
    const struct ctl_entry **x = sorted(before, a), **y = sorted(after, a);
    struct list_change      *v = ARENA_NEW_N(a, before->file.list.entries + after->file.list.entries + 1, struct list_change);
    size_t                   i = 0, k = 0;
    for (*n = 0; i < before->file.list.entries || k < after->file.list.entries;) {
        int d = i == before->file.list.entries ? 1 : k == after->file.list.entries ? -1 : by_id(&x[i], &y[k]);
        struct list_change c = { d <= 0 ? x[i] : NULL, d >= 0 ? y[k] : NULL };
        i += d <= 0;
        k += d >= 0;
        if (c.before == NULL || c.after == NULL || !same_limits(c.before, c.after))
            v[(*n)++] = c;
    }
    return v;
}
