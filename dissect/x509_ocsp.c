/* Stapled OCSP answers (RFC 6960 section 4.2.1, carried by RFC 6066 section 8 and RFC 8446 section 4.4.2.1). */
#include "x509_parts.h"

#include <string.h>

enum { MAX_ANSWERS = 64, MAX_CERTS = 8 };

/* Reads one SingleResponse; true: it is about this certificate. */
static bool about(const struct cert *c, struct reader one, struct ocsp *out)
{
    struct reader id = der_into(&one, DER_SEQUENCE, "certID");
    struct reader alg = der_into(&id, DER_SEQUENCE, "hashAlgorithm");
    struct der    oid, name, key, serial, status, d;
    char          hash_oid[64];
    uint8_t       hash[DIGEST_MAX];
    if (!der_expect(&alg, DER_OID, &oid, "hash") || !der_oid(oid.body, hash_oid, sizeof hash_oid) ||
        !der_expect(&id, DER_OCTET_STRING, &name, "issuerNameHash") ||
        !der_expect(&id, DER_OCTET_STRING, &key, "issuerKeyHash") ||
        !der_expect(&id, DER_INTEGER, &serial, "serialNumber") || !bytes_equal(serial.body, c->serial))
        return false;
    size_t n = digest_of(hash_of_oid(hash_oid), c->issuer.der.p, c->issuer.der.n, hash);
    if (n != 0 && !bytes_equal(name.body, (struct bytes){ hash, n }))
        return false;
    if (!der_next(&one, &status, "certStatus") || !der_expect(&one, DER_TIME, &d, "thisUpdate"))
        return false;
    out->this_update = time_read(&d);
    bool good = status.tag == DER_CONTEXT(0), revoked = status.tag == DER_CONS(1);
    out->status = good ? OCSP_GOOD : revoked ? OCSP_REVOKED : OCSP_UNKNOWN;
    if (out->status == OCSP_REVOKED) {
        struct reader info = der_inside(&status);
        if (der_expect(&info, DER_TIME, &d, "revocationTime"))
            out->revoked_at = time_read(&d);
        if (der_take(&info, DER_CONS(0), &d)) {
            struct reader reason = der_inside(&d);
            if (der_expect(&reason, DER_ENUMERATED, &d, "reason"))
                der_small(d.body, &out->reason);
        }
    }
    if (der_take(&one, DER_CONS(0), &d)) {
        struct reader next = der_inside(&d);
        if (der_expect(&next, DER_TIME, &d, "nextUpdate"))
            out->next_update = time_read(&d);
    }
    return true;
}

/* ResponseData: version, responder, producedAt, answers. */
static void read_data(struct reader data, const struct cert *c, struct ocsp *out)
{
    struct der d;
    der_take(&data, DER_CONS(0), &d);
    der_next(&data, &d, "responderID");
    if (der_expect(&data, DER_TIME, &d, "producedAt"))
        out->produced = time_read(&d);
    struct reader answers = der_into(&data, DER_SEQUENCE, "responses");
    for (size_t i = 0; i < MAX_ANSWERS && rd_more(&answers) && !out->about_this; i++) {
        struct reader one = der_into(&answers, DER_SEQUENCE, "answer");
        out->about_this = one.want == NULL && about(c, one, out);
    }
    out->readable = data.want == NULL;
}

void ocsp_read(struct arena *a, struct bytes response, const struct cert *c, struct ocsp *out)
{
    struct reader r = der_open(response, DER_SEQUENCE, "OCSPResponse");
    struct der    d;
    struct alg_id alg;
    *out = (struct ocsp){ .response_status = -1, .reason = -1 };
    if (!der_expect(&r, DER_ENUMERATED, &d, "responseStatus") || !der_small(d.body, &out->response_status) ||
        out->response_status != 0)
        return;
    struct reader outer = der_into(&r, DER_CONS(0), "responseBytes");
    struct reader in = der_into(&outer, DER_SEQUENCE, "ResponseBytes");
    if (!der_expect(&in, DER_OID, &d, "responseType") || !der_expect(&in, DER_OCTET_STRING, &d, "response"))
        return;
    struct reader basic = der_open(d.body, DER_SEQUENCE, "BasicOCSPResponse");
    if (!der_expect(&basic, DER_SEQUENCE, &d, "tbsResponseData"))
        return;
    out->tbs = d.whole;
    read_data(der_inside(&d), c, out);
    struct reader alg_in = der_into(&basic, DER_SEQUENCE, "signatureAlgorithm");
    if (alg_in.want == NULL && alg_parse(a, alg_in, &alg))
        out->alg = alg.alg;
    if (der_expect(&basic, DER_BIT_STRING, &d, "signature"))
        out->signature = der_bit_string(d.body, NULL);
    if (der_take(&basic, DER_CONS(0), &d)) {
        struct reader seq = der_inside(&d), list = der_into(&seq, DER_SEQUENCE, "certs");
        struct bytes *v = ARENA_NEW_N(a, MAX_CERTS, struct bytes);
        while (out->certs.n < MAX_CERTS && rd_more(&list) &&
               der_expect(&list, DER_SEQUENCE, &d, "certificate"))
            v[out->certs.n++] = d.whole;
        out->certs.v = v;
    }
}

/* Signed by the CA itself or by a certificate of that CA made for the purpose (RFC 6960 section 4.2.2.2). */
enum sig_check ocsp_signed_by(struct cert_store *s, const struct ocsp *o, const struct cert *issuer)
{
    enum sig_check by_ca = key_verifies(issuer->spki, &o->alg, &o->tbs, 1, o->signature), result = by_ca;
    for (size_t i = 0; i < o->certs.n && result != SIG_GOOD; i++) {
        const struct cert *c = cert_intern(s, o->certs.v[i].p, o->certs.v[i].n);
        bool               for_ocsp = false;
        for (size_t k = 0; k < c->ekus; k++)
            for_ocsp |= strcmp(c->eku[k], "1.3.6.1.5.5.7.3.9") == 0;
        if (!for_ocsp || !names_equal(&c->issuer, &issuer->subject) ||
            cert_signed_by(s, c, issuer) == SIG_BAD)
            continue;
        enum sig_check by_other = key_verifies(c->spki, &o->alg, &o->tbs, 1, o->signature);
        if (by_other == SIG_GOOD)
            result = cert_signed_by(s, c, issuer);
        else if (by_other == SIG_UNSUPPORTED)
            result = SIG_UNSUPPORTED;
    }
    return result;
}
