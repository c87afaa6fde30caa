/* serve_status.c - what the lab's authority says of a revoked certificate: OCSP answers and a CRL, signed by its intermediate; and
 * the DER writing for those and for certificates. */
#include "serving.h"

#include "tlswhy/der.h"

#include <string.h>

/* ------------------------------------------------------------------------------------ DER */

/* One element, its length in the shortest form. */
void der_element(struct writer *w, unsigned tag, const void *p, size_t n)
{
    wr_u8(w, tag);
    if (n > 0xff)
        wr_uint(w, 3, 0x820000 | n);
    else if (n > 0x7f)
        wr_u16(w, (unsigned)(0x8100 | n));
    else
        wr_u8(w, (unsigned)n);
    wr_bytes(w, p, n);
}

/* Wraps all that was written since `from`. */
void der_wrap(struct writer *w, size_t from, unsigned tag)
{
    uint8_t inside[DER_MAX];
    size_t  n = w->n - from;
    if (w->full || n > sizeof inside) {
        w->full = true;
        return;
    }
    memcpy(inside, w->p + from, n);
    w->n = from;
    der_element(w, tag, inside, n);
}

/* ------------------------------------------------------------------------------------ OCSP (RFC 6960 section 4.2.1) */

static void generalized(struct writer *w, int days)
{
    char text[17];
    pki_moment(text, days);
    text[14] = 'Z';
    der_element(w, DER_TIME, text, 15);
}

static const uint8_t ecdsa_sha256[] = { 0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02 };

/* What an answer needs of a certificate: issuer, serial number and, of the issuer, its key. */
struct cert_parts {
    struct bytes issuer, subject, serial, key_bits;
};

static bool parts_of(struct bytes der, struct cert_parts *out)
{
    struct reader cert = der_open(der, DER_SEQUENCE, "certificate"), tbs = der_into(&cert, DER_SEQUENCE, "tbsCertificate"), spki;
    struct der    version, serial, algorithm, issuer, validity, subject, key, bits;
    der_take(&tbs, DER_CONS(0), &version);
    if (!der_expect(&tbs, DER_INTEGER, &serial, "serialNumber") || !der_next(&tbs, &algorithm, "signature") || !der_next(&tbs, &issuer, "issuer") ||
        !der_next(&tbs, &validity, "validity") || !der_next(&tbs, &subject, "subject") || !der_next(&tbs, &key, "subjectPublicKeyInfo"))
        return false;
    spki = der_inside(&key);
    if (!der_next(&spki, &algorithm, "algorithm") || !der_expect(&spki, DER_BIT_STRING, &bits, "subjectPublicKey"))
        return false;
    *out = (struct cert_parts){ issuer.whole, subject.whole, serial.body, der_bit_string(bits.body, NULL) };
    return true;
}

/* ResponseData of one answer: revoked a week ago, told today. */
static void revoked_data(struct writer *w, const struct cert_parts *leaf, const struct cert_parts *issuer)
{
    static const uint8_t sha1[] = { 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00 };
    uint8_t hash[DIGEST_MAX];
    wr_bytes(w, issuer->subject.p, issuer->subject.n);
    der_wrap(w, 0, DER_CONS(1)); /* responderID by name */
    generalized(w, 0);
    size_t answers = w->n;
    wr_bytes(w, sha1, sizeof sha1);
    der_element(w, DER_OCTET_STRING, hash, digest_of(HASH_SHA1, leaf->issuer.p, leaf->issuer.n, hash));
    der_element(w, DER_OCTET_STRING, hash, digest_of(HASH_SHA1, issuer->key_bits.p, issuer->key_bits.n, hash));
    der_element(w, DER_INTEGER, leaf->serial.p, leaf->serial.n);
    der_wrap(w, answers, DER_SEQUENCE);
    size_t status = w->n;
    generalized(w, -7);
    der_wrap(w, status, DER_CONS(1));
    generalized(w, -1);
    size_t next = w->n;
    generalized(w, 6);
    der_wrap(w, next, DER_CONS(0));
    der_wrap(w, answers, DER_SEQUENCE);
    der_wrap(w, answers, DER_SEQUENCE);
    der_wrap(w, 0, DER_SEQUENCE);
}

struct bytes pki_revoked(struct pki *p, const struct serve_certs *c, struct arena *a)
{
    static const char    basic[] = "\x2b\x06\x01\x05\x05\x07\x30\x01\x01"; /* id-pkix-ocsp-basic */
    uint8_t              room[2048], signature[1 + PKI_SIGNATURE_MAX] = { 0 };
    struct writer        w = { .p = room, .cap = sizeof room };
    struct cert_parts    leaf, issuer;
    if (!parts_of(c->der[0], &leaf) || !parts_of(pki_intermediate(p), &issuer))
        return (struct bytes){ 0 };
    revoked_data(&w, &leaf, &issuer);
    size_t n = pki_sign_status(p, (struct bytes){ w.p, w.n }, signature + 1); /* in front: no unused bits */
    wr_bytes(&w, ecdsa_sha256, sizeof ecdsa_sha256);
    der_element(&w, DER_BIT_STRING, signature, n + 1);
    der_wrap(&w, 0, DER_SEQUENCE);
    der_wrap(&w, 0, DER_OCTET_STRING);
    uint8_t       around[2048];
    struct writer outer = { .p = around, .cap = sizeof around };
    der_element(&outer, DER_OID, basic, sizeof basic - 1);
    wr_bytes(&outer, w.p, w.n);
    der_wrap(&outer, 0, DER_SEQUENCE);
    der_wrap(&outer, 0, DER_CONS(0));
    w.n = 0;
    der_element(&w, DER_ENUMERATED, "\0", 1); /* successful */
    wr_bytes(&w, outer.p, outer.n);
    der_wrap(&w, 0, DER_SEQUENCE);
    if (n == 0 || w.full || outer.full)
        return (struct bytes){ 0 };
    return (struct bytes){ arena_copy(a, w.p, w.n), w.n };
}

/* ------------------------------------------------------------------------------------ CRL (RFC 5280 section 5.1) */

static void utc(struct writer *w, int days)
{
    char text[17];
    pki_moment(text, days);
    text[14] = 'Z';
    der_element(w, DER_UTC_TIME, text + 2, 13);
}

struct bytes pki_crl(struct pki *p, const struct serve_certs *revoked, struct arena *a)
{
    uint8_t           room[2048], signature[1 + PKI_SIGNATURE_MAX] = { 0 };
    struct writer     w = { .p = room, .cap = sizeof room };
    struct cert_parts leaf, issuer;
    if (!parts_of(revoked->der[0], &leaf) || !parts_of(pki_intermediate(p), &issuer))
        return (struct bytes){ 0 };
    der_element(&w, DER_INTEGER, "\x01", 1); /* version 2 */
    wr_bytes(&w, ecdsa_sha256, sizeof ecdsa_sha256);
    wr_bytes(&w, issuer.subject.p, issuer.subject.n);
    utc(&w, -1);
    utc(&w, 30);
    size_t listed = w.n;
    der_element(&w, DER_INTEGER, leaf.serial.p, leaf.serial.n);
    utc(&w, -7);
    der_wrap(&w, listed, DER_SEQUENCE);
    der_wrap(&w, listed, DER_SEQUENCE);
    size_t number = w.n;
    der_element(&w, DER_OID, "\x55\x1d\x14", 3); /* cRLNumber: 1 */
    der_element(&w, DER_OCTET_STRING, "\x02\x01\x01", 3);
    der_wrap(&w, number, DER_SEQUENCE);
    der_wrap(&w, number, DER_SEQUENCE);
    der_wrap(&w, number, DER_CONS(0));
    der_wrap(&w, 0, DER_SEQUENCE);
    size_t n = pki_sign_status(p, (struct bytes){ w.p, w.n }, signature + 1); /* in front: no unused bits */
    wr_bytes(&w, ecdsa_sha256, sizeof ecdsa_sha256);
    der_element(&w, DER_BIT_STRING, signature, n + 1);
    der_wrap(&w, 0, DER_SEQUENCE);
    return n != 0 && !w.full ? (struct bytes){ arena_copy(a, w.p, w.n), w.n } : (struct bytes){ 0 };
}
