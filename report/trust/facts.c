/* The facts of one certificate as JSON. A field is there only where the certificate has it and it decodes. */
#include "tlswhy/trust.h"

#include <arpa/inet.h>
#include <string.h>

static void name_json(struct json *j, const char *key, const struct x509_name *n)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < n->n; i++) {
        json_open(j, NULL, '[');
        json_str(j, NULL, n->attr[i].type);
        json_bytes(j, NULL, n->attr[i].value, n->attr[i].len);
        json_close(j, ']');
    }
    json_close(j, ']');
}

static void time_json(struct json *j, const char *key, const char *raw_key, const struct x509_time *t)
{
    if (t->ok)
        json_int(j, key, t->s);
    if (t->raw.p != NULL)
        json_bytes(j, raw_key, t->raw.p, t->raw.n);
}

static void san_json(struct json *j, const struct san *s)
{
    static const char *const kinds[] = { "dns", "ip", "uri", "email", "dir", "other", "x400", "edi", "rid" };
    char                     ip[INET_ADDRSTRLEN];
    json_open(j, NULL, '[');
    json_str(j, NULL, kinds[s->kind]);
    if (s->kind == SAN_DNS || s->kind == SAN_URI || s->kind == SAN_EMAIL)
        json_bytes(j, NULL, s->value.p, s->value.n);
    else if (s->kind == SAN_IP && s->value.n == 4)
        json_str(j, NULL, inet_ntop(AF_INET, s->value.p, ip, sizeof ip));
    else
        json_hex(j, NULL, s->value.p, s->value.n);
    json_close(j, ']');
}

static void sans_json(struct json *j, const char *key, const struct san *v, size_t n)
{
    json_open(j, key, '[');
    for (size_t i = 0; i < n; i++)
        san_json(j, &v[i]);
    json_close(j, ']');
}

static void urls_json(struct json *j, const char *key, const struct byte_list *l)
{
    if (l->n == 0)
        return;
    json_open(j, key, '[');
    for (size_t i = 0; i < l->n; i++)
        json_bytes(j, NULL, l->v[i].p, l->v[i].n);
    json_close(j, ']');
}

static void hex_if(struct json *j, const char *key, struct bytes b)
{
    if (b.p != NULL)
        json_hex(j, key, b.p, b.n);
}

static void ku_json(struct json *j, const struct cert *c)
{
    json_open(j, "key_usage", '[');
    for (unsigned bit = 0; bit < 9; bit++)
        if ((c->ku >> bit & 1) != 0)
            json_str(j, NULL, key_usage_name(bit));
    json_close(j, ']');
}

static void key_json(struct json *j, const struct cert *c)
{
    char buf[64];
    if (c->key_oid == NULL)
        return;
    json_str(j, "key_alg", c->key_oid);
    json_str(j, "key", cert_key_name(c, buf));
    if (c->key_bits != 0)
        json_uint(j, "key_bits", c->key_bits);
    if (c->curve_oid != NULL)
        json_str(j, "key_curve", c->curve_oid);
    if (c->explicit_curve)
        json_bool(j, "explicit_curve", true);
    hex_if(j, "key_exponent", c->rsa_exponent);
    json_hex(j, "spki_sha256", cert_spki_sha256(c), 32);
}

static void extensions_json(struct json *j, const struct cert *c)
{
    json_open(j, "extensions", '[');
    for (size_t i = 0; i < c->exts; i++) {
        const struct x509_ext *e = &c->ext[i];
        json_open(j, NULL, '{');
        json_str(j, "oid", e->oid);
        json_str(j, "name", oid_name(e->oid));
        json_bool(j, "critical", e->critical);
        if (e->duplicate)
            json_bool(j, "duplicate", true);
        if (e->odd)
            json_bool(j, "malformed", true);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void usages_json(struct json *j, const struct cert *c)
{
    if (c->has_san)
        sans_json(j, "san", c->san, c->sans);
    if (c->has_eku)
        json_strs(j, "eku", c->eku, c->ekus);
    if (c->has_ku)
        ku_json(j, c);
    if (c->has_bc)
        json_bool(j, "ca", c->ca);
    if (c->path_len >= 0)
        json_int(j, "path_len", c->path_len);
    if (c->has_nc) {
        json_open(j, "name_constraints", '{');
        sans_json(j, "permitted", c->permitted, c->permitted_count);
        sans_json(j, "excluded", c->excluded, c->excluded_count);
        json_close(j, '}');
    }
}

static void others_json(struct json *j, const struct cert *c)
{
    hex_if(j, "aki", c->aki);
    hex_if(j, "aki_serial", c->aki_serial);
    hex_if(j, "ski", c->ski);
    urls_json(j, "aia_ca_issuers", &c->aia_issuers);
    urls_json(j, "aia_ocsp", &c->aia_ocsp);
    urls_json(j, "crl", &c->crl);
    if (c->policy_count != 0)
        json_strs(j, "policies", c->policies, c->policy_count);
    if (c->sct_count != 0)
        json_uint(j, "sct_count", c->sct_count);
    if (c->precert_poison)
        json_bool(j, "precertificate", true);
    if (c->must_staple)
        json_bool(j, "must_staple", true);
    if (c->ms_template != NULL)
        json_str(j, "ms_template", c->ms_template);
    if (c->has_netscape_type)
        json_uint(j, "netscape_type", c->netscape_type);
}

void cert_facts_fields(struct json *j, const struct cert *c)
{
    json_str(j, "parse", c->malformed ? "malformed" : "ok");
    if (c->broken != NULL || c->odd != NULL)
        json_str(j, "broken", c->broken != NULL ? c->broken : c->odd);
    if (c->trailing != 0)
        json_uint(j, "trailing_bytes", c->trailing);
    if (c->loose || c->not_before.odd || c->not_after.odd)
        json_bool(j, "non_strict_der", true);
    json_hex(j, "sha256", cert_sha256(c), 32);
    json_hex(j, "sha1", cert_sha1(c), 20);
    if (!c->malformed)
        json_uint(j, "version", c->version);
    hex_if(j, "serial", c->serial);
    if (c->sig_oid != NULL) {
        json_str(j, "sig_alg", c->sig_oid);
        json_str(j, "sig_alg_name", oid_name(c->sig_oid));
    }
    if (c->sig_oid != NULL && c->inner_sig_oid != NULL && strcmp(c->sig_oid, c->inner_sig_oid) != 0)
        json_str(j, "sig_alg_inner", c->inner_sig_oid);
    if (c->pss_hash_oid != NULL) {
        json_str(j, "sig_pss_hash", c->pss_hash_oid);
        json_uint(j, "sig_pss_salt", c->pss_salt);
    }
    if (c->issuer.der.p != NULL)
        name_json(j, "issuer", &c->issuer);
    if (c->subject.der.p != NULL)
        name_json(j, "subject", &c->subject);
    time_json(j, "not_before", "not_before_raw", &c->not_before);
    time_json(j, "not_after", "not_after_raw", &c->not_after);
    key_json(j, c);
    if (c->subject.der.p != NULL)
        json_bool(j, "self_issued", c->self_issued);
    usages_json(j, c);
    others_json(j, c);
    if (c->exts != 0)
        extensions_json(j, c);
}

void cert_facts_json(struct json *j, const char *key, const struct cert *c)
{
    json_open(j, key, '{');
    cert_facts_fields(j, c);
    json_close(j, '}');
}
