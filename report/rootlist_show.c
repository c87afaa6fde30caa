#include "tlswhy/names.h"
#include "tlswhy/rootlist.h"

#include <stdio.h>
#include <string.h>

enum { WIDTH = 100, INDENT = 12, CHANGES_SHOWN = 40 };

static void paragraph(struct text *t, const char *label, const char *s) { text_row(t, label, s, INDENT, WIDTH); }

static const char *moment(struct arena *a, const struct x509_time *t)
{
    char buf[40];
    if (!t->ok)
        return NULL;
    time_rfc3339_s(buf, t->s);
    return arena_str(a, buf);
}

static const char *day(struct arena *a, int64_t s)
{
    char buf[40];
    time_rfc3339_s(buf, s);
    return arena_printf(a, "%.10s", buf);
}

/* A hash for people ("SHA-256") or as JSON has it ("sha256"). */
static const char *hash_text(enum hash_id h, bool json)
{
    static const char *const names[][2] = { [HASH_MD5] = { "MD5", "md5" }, [HASH_SHA1] = { "SHA-1", "sha1" }, [HASH_SHA256] = { "SHA-256", "sha256" }, [HASH_SHA384] = { "SHA-384", "sha384" }, [HASH_SHA512] = { "SHA-512", "sha512" } };
    const char *s = (size_t)h < ARRAY_LEN(names) ? names[h][json] : NULL;
    return s != NULL ? s : json ? "unknown" : "an unknown hash";
}

static const char *state(enum sig_check c) { return c == SIG_GOOD ? "good" : c == SIG_BAD ? "BAD" : "not checked"; }

static bool is_disallowed(const struct rootlist *l) { return l->file.list.usages != 0 && strcmp(l->file.list.usage[0], OID_DISALLOWED_LIST) == 0; }

static void show_signer(struct text *t, struct arena *a, const char *label, const struct p7_signer *s)
{
    paragraph(t, label, arena_printf(a, "%s by \"%s\"; signature %s, digest of the content %s%s", hash_text(s->digest, false), s->cert != NULL ? cert_short_name(a, s->cert) : "a certificate that is not inside", state(s->signature), s->digest_good ? "good" : "DIFFERS", s->time_stamped ? "; time-stamped" : ""));
    for (size_t i = 0; i < s->path_n; i++) {
        const struct cert *c = s->path[i];
        paragraph(t, i == 0 ? "Chain" : "", arena_printf(a, "%s, %s to %s, signed with %s", cert_short_name(a, c), day(a, c->not_before.s), day(a, c->not_after.s), cert_sig_name(c)));
    }
}

void rootlist_show(struct text *t, const struct rootlist *l, bool color)
{
    static const char *const words[] = { "OK", "FAILED", "UNKNOWN" }, *const colors[] = { "\033[32m", "\033[31m", "\033[33m" };
    struct arena             a = { 0 };
    const char              *when = moment(&a, &l->file.list.this_update);
    text_printf(t, "%s%s%s  ", color ? colors[l->verdict] : "", words[l->verdict], color ? "\033[0m" : "");
    text_safe(t, l->name, strlen(l->name), 200);
    if (l->file.is_list)
        text_printf(t, "  %s of %s, %zu entr%s", is_disallowed(l) ? "list of refused certificates" : "root list", when != NULL ? when : "unknown date", l->file.list.entries, l->file.list.entries == 1 ? "y" : "ies");
    text_printf(t, "%s%s\n", l->primary != NULL ? "  " : "", l->primary != NULL ? l->primary : "");
    paragraph(t, "Why", l->why);
    if (l->signer != NULL) {
        show_signer(t, &a, "Signed", l->signer);
        if (l->root != NULL || l->missing != NULL)
            paragraph(t, "", arena_printf(&a, "%s (%s)", l->root != NULL ? l->root : l->missing, l->missing != NULL ? "NOT inside" : l->root_checked ? "the root, checked" : "the root, not inside"));
        if (l->file.nested.signers != 0)
            show_signer(t, &a, "Also", &l->file.nested.signer[0]);
    }
    for (size_t i = 0; i < l->file.list.usages; i++)
        paragraph(t, i == 0 ? "Usage" : "", arena_printf(&a, "%s %s", l->file.list.usage[i], oid_name(l->file.list.usage[i])));
    if (l->client != NULL && l->client_can != NULL)
        paragraph(t, "Client", arena_printf(&a, "%s can verify it: %s", l->client, l->client_can));
    bool first = true;
    for (size_t i = 0; i < l->problems; i++) {
        if (l->problem[i].severity == SEV_ERROR && l->problem[i].code == l->primary && first && l->file.is_list) { /* the first stands in Why */
            first = false;
            continue;
        }
        if (l->file.is_list)
            paragraph(t, l->problem[i].severity == SEV_ERROR ? "Error" : l->problem[i].severity == SEV_WARNING ? "Warning" : "Note", l->problem[i].detail);
    }
    for (size_t i = 0; i < l->problems; i++) {
        if (l->problem[i].fix != NULL && (i == 0 || l->problem[i - 1].fix == NULL || strcmp(l->problem[i - 1].fix, l->problem[i].fix) != 0))
            paragraph(t, "Fix", l->problem[i].fix);
    }
    arena_free(&a);
}

/* ---- entries ---- */

static const char *hex(struct arena *a, struct bytes b)
{
    struct text t = { 0 };
    text_hex(&t, b.p, b.n);
    const char *s = arena_str(a, t.n != 0 ? t.s : "");
    text_free(&t);
    return s;
}

/* What the list allows the root, in words: "only serverAuth; refused from 2024-01-01". */
static const char *limits(struct arena *a, const struct ctl_entry *e)
{
    struct text t = { 0 };
    text_add(&t, e->usages.p != NULL ? "for " : "for all usages");
    text_add(&t, e->usages.p != NULL ? ctl_usages_text(a, e->usages) : "");
    if (e->refused_usages.p != NULL)
        text_printf(&t, "; refused for %s", ctl_usages_text(a, e->refused_usages));
    if (e->has_disallowed_from && e->disallowed_from <= 0)
        text_add(&t, "; refused altogether");
    else if (e->has_disallowed_from)
        text_printf(&t, "; refused from %s on", day(a, e->disallowed_from));
    if (e->has_not_before)
        text_printf(&t, "; certificates issued after %s are refused%s%s", day(a, e->not_before), e->late_usages.p != NULL ? " for " : "", e->late_usages.p != NULL ? ctl_usages_text(a, e->late_usages) : "");
    const char *s = arena_str(a, t.s);
    text_free(&t);
    return s;
}

static const char *label_of(struct arena *a, const struct ctl_entry *e)
{
    const char *name = ctl_entry_name(a, e);
    return name[0] != '\0' ? name : hex(a, e->id);
}

void rootlist_show_roots(struct text *t, const struct rootlist *l, const char *asked, bool by_name, const struct ctl_entry *const *v, size_t shown, size_t found)
{
    struct arena a = { 0 };
    const char  *what = safe_str(&a, asked, strlen(asked));
    if (found == 0 && by_name)
        paragraph(t, "Root", arena_printf(&a, "no entry has \"%s\" in its name; names in the list are Microsoft's own (\"Sectigo\" for the USERTrust roots), so ask by certificate, SHA-1 or SHA-256 to be sure", what));
    else if (found == 0)
        paragraph(t, "Root", arena_printf(&a, "\"%s\" is NOT in this list%s", what, is_disallowed(l) ? ": this list does not refuse it" : ": Windows does not get it from here"));
    for (size_t i = 0; i < shown; i++) {
        paragraph(t, i == 0 ? "Root" : "", arena_printf(&a, "%s: %s", label_of(&a, v[i]), is_disallowed(l) ? "refused by Windows" : limits(&a, v[i])));
        paragraph(t, "", arena_printf(&a, "id %s%s%s", hex(&a, v[i]->id), v[i]->sha256.p != NULL ? ", SHA-256 " : "", v[i]->sha256.p != NULL ? hex(&a, v[i]->sha256) : ""));
    }
    if (found > shown)
        paragraph(t, "", arena_printf(&a, "and %zu more", found - shown));
    arena_free(&a);
}

static void json_time(struct json *j, const char *key, const struct x509_time *when)
{
    char buf[40];
    if (!when->ok) {
        json_nil(j, key);
        return;
    }
    time_rfc3339_s(buf, when->s);
    json_str(j, key, buf);
}

static void json_entry(struct json *j, struct arena *a, const char *key, const struct ctl_entry *e)
{
    char buf[40];
    json_open(j, key, '{');
    json_str(j, "name", ctl_entry_name(a, e));
    json_hex(j, "id", e->id.p, e->id.n);
    if (e->sha256.p != NULL)
        json_hex(j, "sha256", e->sha256.p, e->sha256.n);
    json_str(j, "usages", e->usages.p != NULL ? ctl_usages_text(a, e->usages) : NULL);
    json_str(j, "refused_usages", e->refused_usages.p != NULL ? ctl_usages_text(a, e->refused_usages) : NULL);
    time_rfc3339_s(buf, e->disallowed_from);
    json_str(j, "refused_from", e->has_disallowed_from ? buf : NULL);
    time_rfc3339_s(buf, e->not_before);
    json_str(j, "refused_if_issued_after", e->has_not_before ? buf : NULL);
    json_bool(j, "ev", e->ev);
    json_close(j, '}');
}

static void json_signer(struct json *j, struct arena *a, const char *key, const struct p7_signer *s)
{
    json_open(j, key, '{');
    json_str(j, "signer", s->cert != NULL ? cert_short_name(a, s->cert) : NULL);
    json_str(j, "digest", hash_text(s->digest, true));
    json_bool(j, "signature_ok", s->signature == SIG_GOOD && s->digest_good && s->type_good);
    json_open(j, "path", '[');
    for (size_t i = 0; i < s->path_n; i++)
        json_hex(j, NULL, cert_sha256(s->path[i]), 32);
    json_close(j, ']');
    json_close(j, '}');
}

static void json_problems(struct json *j, const struct rootlist *l)
{
    static const char *const severities[] = { "info", "warning", "error" };
    json_open(j, "problems", '[');
    for (size_t i = 0; i < l->problems; i++) {
        json_open(j, NULL, '{');
        json_str(j, "code", l->problem[i].code);
        json_str(j, "severity", severities[l->problem[i].severity]);
        json_str(j, "detail", l->problem[i].detail);
        json_str(j, "fix", l->problem[i].fix);
        json_close(j, '}');
    }
    json_close(j, ']');
}

void rootlist_json(struct text *t, const struct rootlist *l, const char *asked, const struct ctl_entry *const *v, size_t shown, size_t found)
{
    static const char *const verdicts[] = { "ok", "fail", "unknown" };
    struct arena             a = { 0 };
    struct json              j = { .out = t };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "ctl");
    json_str(&j, "schema", "tlswhy/1");
    json_bytes(&j, "file", l->name, strlen(l->name));
    json_str(&j, "verdict", verdicts[l->verdict]);
    json_str(&j, "primary", l->primary);
    json_str(&j, "reason", l->why);
    json_problems(&j, l);
    json_str(&j, "container", l->file.in_cab ? "cab" : l->file.is_list ? "stl" : NULL);
    json_time(&j, "this_update", &l->file.list.this_update);
    json_time(&j, "next_update", &l->file.list.next_update);
    json_str(&j, "signer", l->signer != NULL && l->signer->cert != NULL ? cert_short_name(&a, l->signer->cert) : NULL);
    json_str(&j, "digest", l->signer != NULL ? hash_text(l->signer->digest, true) : NULL);
    json_bool(&j, "signature_ok", l->signature_ok);
    json_bool(&j, "chain_complete", l->chain_complete);
    json_str(&j, "root", l->root);
    json_str(&j, "missing", l->missing);
    json_bool(&j, "root_checked", l->root_checked);
    json_bool(&j, "known_signer", l->known_signer);
    json_bool(&j, "needs_sha2", l->needs_sha2);
    if (l->file.nested.signers != 0)
        json_signer(&j, &a, "nested", &l->file.nested.signer[0]);
    else
        json_nil(&j, "nested");
    json_open(&j, "usage", '[');
    for (size_t i = 0; i < l->file.list.usages; i++)
        json_str(&j, NULL, l->file.list.usage[i]);
    json_close(&j, ']');
    json_uint(&j, "entries", l->file.list.entries);
    if (l->client != NULL) {
        json_open(&j, "client", '{');
        json_str(&j, "profile", l->client);
        json_str(&j, "can_verify", l->client_can);
        json_close(&j, '}');
    }
    if (asked != NULL) {
        json_open(&j, "root_query", '{');
        json_bytes(&j, "asked", asked, strlen(asked));
        json_uint(&j, "found", found);
        json_open(&j, "roots", '[');
        for (size_t i = 0; i < shown; i++)
            json_entry(&j, &a, NULL, v[i]);
        json_close(&j, ']');
        json_close(&j, '}');
    }
    json_close(&j, '}');
    text_char(t, '\n');
    arena_free(&a);
}

/* ---- two lists ---- */

void rootlist_show_changes(struct text *t, const struct rootlist *before, const struct rootlist *after, const struct list_change *v, size_t n)
{
    struct arena a = { 0 };
    size_t       added = 0, removed = 0, shown = 0;
    for (size_t i = 0; i < n; i++) {
        added += v[i].before == NULL;
        removed += v[i].after == NULL;
    }
    text_printf(t, "\nFrom the first to the second: %zu added, %zu removed, %zu changed, %zu as before\n", added, removed, n - added - removed, after->file.list.entries - (n - removed));
    if (before->signer != NULL && after->signer != NULL && before->signer->digest != after->signer->digest)
        paragraph(t, "Signature", arena_printf(&a, "%s before, %s now", hash_text(before->signer->digest, false), hash_text(after->signer->digest, false)));
    if (before->root != NULL && after->root != NULL && strcmp(before->root, after->root) != 0)
        paragraph(t, "Root", arena_printf(&a, "%s before, %s now", before->root, after->root));
    for (size_t i = 0; i < n && shown < CHANGES_SHOWN; i++, shown++) {
        const struct ctl_entry *e = v[i].after != NULL ? v[i].after : v[i].before;
        paragraph(t, v[i].before == NULL ? "Added" : v[i].after == NULL ? "Removed" : "Changed", arena_printf(&a, "%s: %s", label_of(&a, e), limits(&a, e)));
        if (v[i].before != NULL && v[i].after != NULL)
            paragraph(t, "", arena_printf(&a, "before: %s", limits(&a, v[i].before)));
    }
    if (shown < n)
        text_printf(t, "  ... and %zu more; --json lists all\n", n - shown);
    arena_free(&a);
}

void rootlist_changes_json(struct text *t, const struct rootlist *before, const struct rootlist *after, const struct list_change *v, size_t n)
{
    struct arena a = { 0 };
    struct json  j = { .out = t };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "ctl-comparison");
    json_str(&j, "schema", "tlswhy/1");
    json_bytes(&j, "before", before->name, strlen(before->name));
    json_bytes(&j, "after", after->name, strlen(after->name));
    json_open(&j, "changes", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&j, NULL, '{');
        json_str(&j, "change", v[i].before == NULL ? "added" : v[i].after == NULL ? "removed" : "limits");
        if (v[i].before != NULL)
            json_entry(&j, &a, "before", v[i].before);
        if (v[i].after != NULL)
            json_entry(&j, &a, "after", v[i].after);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    text_char(t, '\n');
    arena_free(&a);
}
