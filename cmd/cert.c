/* tlswhy cert FILE...: the facts of certificates, also of broken ones. */
#include "tlswhy/cmd.h"
#include "tlswhy/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LABEL = 14, WIDTH = 100 };

static const struct option_row options[] = {
    { 'j', "json", NULL, "one JSON object a certificate" },
    { 'h', "help", NULL, "this text" },
    { 0 },
};

static void row(struct text *out, const char *label, const char *value) { text_row(out, label, value, LABEL, WIDTH); }

static void list_row(struct text *out, const char *label, struct arena *a, const struct byte_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        row(out, i == 0 ? label : "", safe_str(a, l->v[i].p, l->v[i].n));
}

static const char *dates(struct arena *a, const struct cert *c)
{
    const struct x509_time *t[2] = { &c->not_before, &c->not_after };
    const char             *s[2];
    char                    buf[40];
    for (int i = 0; i < 2; i++) {
        time_rfc3339_s(buf, t[i]->s);
        s[i] = !t[i]->ok ? arena_printf(a, "unreadable (\"%s\")", safe_str(a, t[i]->raw.p, t[i]->raw.n))
            : arena_printf(a, "%s%s", buf, t[i]->odd ? " (not written as DER wants it)" : "");
    }
    if (!t[0]->ok || !t[1]->ok)
        return arena_printf(a, "%s to %s", s[0], s[1]);
    return arena_printf(a, "%s to %s, %lld days", s[0], s[1],
                        (long long)((t[1]->s - t[0]->s + 43200) / 86400));
}

static const char *key_text(struct arena *a, const struct cert *c)
{
    char     buf[64];
    uint64_t e = 0;
    for (size_t i = 0; i < c->rsa_exponent.n && i < 8; i++)
        e = e << 8 | c->rsa_exponent.p[i];
    cert_key_name(c, buf);
    if (c->rsa_exponent.n == 0)
        return arena_str(a, buf);
    return c->rsa_exponent.n <= 8 ? arena_printf(a, "%s, exponent %llu", buf, (unsigned long long)e)
           : arena_printf(a, "%s, an exponent of %zu bytes", buf, c->rsa_exponent.n);
}

static const char *usage_text(struct arena *a, const struct cert *c)
{
    struct text t = { 0 };
    for (unsigned bit = 0; bit < 9; bit++)
        if ((c->ku >> bit & 1) != 0)
            text_printf(&t, "%s%s", t.n != 0 ? ", " : "", key_usage_name(bit));
    for (size_t i = 0; i < c->ekus; i++)
        text_printf(&t, "%s%s", i == 0 && t.n != 0 ? "; " : i != 0 ? ", " : "", oid_name(c->eku[i]));
    const char *s = t.n != 0 ? arena_str(a, t.s) : c->has_ku || c->has_eku ? "none at all" : "not limited";
    text_free(&t);
    return s;
}

static const char *names_text(struct arena *a, const struct san *v, size_t n)
{
    struct text t = { 0 };
    for (size_t i = 0; i < n; i++)
        text_printf(&t, "%s%s", i != 0 ? ", " : "", san_text(a, &v[i]));
    const char *s = t.n != 0 ? arena_str(a, t.s) : "none";
    text_free(&t);
    return s;
}

static const char *extensions_text(struct arena *a, const struct cert *c)
{
    struct text t = { 0 };
    for (size_t i = 0; i < c->exts; i++)
        text_printf(&t, "%s%s%s%s%s", i != 0 ? ", " : "", oid_name(c->ext[i].oid),
                    c->ext[i].critical ? " (critical)" : "",
                    c->ext[i].duplicate ? " (there twice)" : "", c->ext[i].odd ? " (does not decode)" : "");
    const char *s = t.n != 0 ? arena_str(a, t.s) : "none";
    text_free(&t);
    return s;
}

static const char *hex_text(struct arena *a, const void *p, size_t n)
{
    struct text t = { 0 };
    text_hex(&t, p, n);
    const char *s = arena_str(a, t.n != 0 ? t.s : "");
    text_free(&t);
    return s;
}

static void extras(struct text *out, struct arena *a, const struct cert *c)
{
    if (c->has_nc) {
        row(out, "Permitted", names_text(a, c->permitted, c->permitted_count));
        row(out, "Excluded", names_text(a, c->excluded, c->excluded_count));
    }
    list_row(out, "Issuer at", a, &c->aia_issuers);
    list_row(out, "OCSP", a, &c->aia_ocsp);
    list_row(out, "CRL", a, &c->crl);
    if (c->sct_count != 0)
        row(out, "CT", arena_printf(a, "%zu signed certificate timestamp%s", c->sct_count,
                                    c->sct_count == 1 ? "" : "s"));
    if (c->must_staple)
        row(out, "Status", "must be stapled by the server (RFC 7633)");
    if (c->ms_template != NULL)
        row(out, "Template", c->ms_template);
    row(out, "Extensions", extensions_text(a, c));
}

static void show(struct text *out, struct cert_store *s, const struct cert *c, const char *file, size_t i,
                 size_t n)
{
    struct arena a = { 0 };
    bool         self = c->self_issued && cert_signed_by(s, c, c) == SIG_GOOD;
    text_printf(out, "%s\n", cert_short_name(&a, c));
    row(out, "File", n > 1 ? arena_printf(&a, "%s, certificate %zu of %zu", safe_str(&a, file, strlen(file)),
                                          i + 1, n) : safe_str(&a, file, strlen(file)));
    if (c->malformed)
        row(out, "Malformed", arena_printf(&a, "%s does not decode%s", c->broken,
                                           c->subject.der.p != NULL ? "; what stands before it follows"
                                           : ""));
    if (c->odd != NULL)
        row(out, "Odd", arena_printf(&a, "%s does not decode", c->odd));
    if (c->trailing != 0)
        row(out, "Odd", arena_printf(&a, "%zu more bytes stand behind the certificate", c->trailing));
    if (c->subject.der.p != NULL)
        row(out, "Subject", x509_name_text(&a, &c->subject));
    if (c->issuer.der.p != NULL)
        row(out, "Issuer", self ? "itself: self-signed, and the signature is good"
            : x509_name_text(&a, &c->issuer));
    if (!c->malformed) {
        row(out, "Valid", dates(&a, c));
        row(out, "Names", c->has_san ? names_text(&a, c->san, c->sans) : "no subjectAltName");
        row(out, "Key", key_text(&a, c));
        row(out, "Signed with", cert_sig_name(c));
        if (strcmp(c->sig_oid, c->inner_sig_oid) != 0)
            row(out, "Odd", arena_printf(&a, "inside it says %s", oid_name(c->inner_sig_oid)));
        row(out, "Usage", usage_text(&a, c));
        row(out, "CA", !c->has_bc ? "no basicConstraints" : !c->ca ? "no" : c->path_len >= 0
            ? arena_printf(&a, "yes, path length %d", c->path_len) : "yes");
        extras(out, &a, c);
    }
    if (c->serial.p != NULL)
        row(out, "Serial", hex_text(&a, c->serial.p, c->serial.n));
    row(out, "SHA-256", hex_text(&a, cert_sha256(c), 32));
    row(out, "SHA-1", hex_text(&a, cert_sha1(c), 20));
    arena_free(&a);
}

static void show_json(struct text *out, struct cert_store *s, const struct cert *c, const char *file)
{
    struct json j = { .out = out };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "cert");
    json_str(&j, "schema", "tlswhy/1");
    json_bytes(&j, "file", file, strlen(file));
    cert_facts_fields(&j, c);
    if (c->self_issued)
        json_bool(&j, "self_signed", cert_signed_by(s, c, c) == SIG_GOOD);
    json_close(&j, '}');
    text_char(out, '\n');
}

static int run_cert(int argc, char **argv)
{
    const char *value = NULL;
    bool        json = false;
    int         status = EXIT_NONE_FOUND, first = 1, id;
    while ((id = option_next(options, argc, argv, &value, &first)) > 0) {
        if (id == 'h') {
            options_help(&cert_command,
                         "  tlswhy cert server.pem\n  tlswhy cert --json *.pem | jq .san\n");
            return out_finish(EXIT_NONE_FOUND);
        }
        json = true;
    }
    if (id < 0)
        return EXIT_TROUBLE;
    if (first >= argc)
        return trouble("cert: no file; usage: tlswhy cert [--json] FILE...");
    struct cert_store *s = cert_store_new();
    struct text        out = { 0 };
    for (int f = first; f < argc; f++) {
        struct cert **v = NULL;
        size_t        n = 0;
        struct err    err = { .text = "" };
        if (!certs_load(s, argv[f], &v, &n, &err))
            status = trouble("%s", err.text);
        for (size_t i = 0; i < n; i++) {
            if (json)
                show_json(&out, s, v[i], argv[f]);
            else
                show(&out, s, v[i], argv[f], i, n);
            if (v[i]->malformed && status == EXIT_NONE_FOUND)
                status = EXIT_FOUND;
            out_flush(&out);
        }
        free(v);
    }
    text_free(&out);
    cert_store_free(s);
    return out_finish(status);
}

const struct command cert_command = { "cert", "FILE...", "the facts of one certificate, also of a broken one",
                                      run_cert, options };
