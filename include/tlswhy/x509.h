/* x509.h - the tolerant certificate reader (RFC 5280, X.690) and signature checks.
 *
 * A certificate whose fields are odd stays readable: the fact is left out or marked. Only a broken frame
 * (outer SEQUENCE, TBSCertificate, SubjectPublicKeyInfo, names) makes it `malformed`; then only `der`, the
 * digests and what was read before the break are there.
 * Bounds: 16 MB a certificate, 256 extensions, 65,536 names, 1,024 OIDs an extension; no recursion on input.
 * Units:  times are seconds since 1970 UTC. OIDs are dotted text. Bytes are borrowed from `der`.
 * Owns:   certificates live in a store, which interns them by their bytes: the same bytes give the same
 *         pointer, parsed once. Everything is freed with the store. */
#ifndef TLSWHY_X509_H
#define TLSWHY_X509_H

#include "tlswhy/crypto.h"
#include "tlswhy/text.h"

struct x509_attr {
    const char *oid;   /* dotted */
    const char *type;  /* "CN", "O", ... or the OID itself */
    const char *value; /* UTF-8, decoded from whatever string type; may hold any code point: escape it */
    size_t      len;
    uint8_t     tag;   /* ASN.1 string type */
    bool        joined; /* in one RDN with the attribute before it */
};
struct x509_name {
    struct bytes            der; /* the whole Name SEQUENCE */
    const struct x509_attr *attr;
    size_t                  n;
};

enum san_kind { SAN_DNS, SAN_IP, SAN_URI, SAN_EMAIL, SAN_DIR, SAN_OTHER, SAN_X400, SAN_EDI, SAN_RID };
/* A GeneralName (RFC 5280 section 4.2.1.6): of a SAN, or a subtree of NameConstraints (there an address has a mask). */
struct san {
    enum san_kind kind;
    struct bytes  value; /* as encoded: IA5 text, 4 or 16 octets, or DER */
    const struct x509_name *dir; /* SAN_DIR, read; NULL where it does not decode */
};
struct x509_ext {
    const char  *oid;
    bool         critical, duplicate, odd; /* odd: its value does not decode as it should */
    struct bytes value;
};
struct x509_time {
    bool         ok;    /* `s` is valid */
    bool         odd;   /* no seconds, an offset, a fraction: readable, not DER */
    bool         strange; /* odd in a way that OpenSSL and GnuTLS take for no date: all of these but missing seconds */
    int64_t      s;
    struct bytes raw;   /* text as encoded */
};

enum cert_key { CERT_KEY_UNKNOWN, CERT_KEY_RSA, CERT_KEY_RSA_PSS, CERT_KEY_DSA, CERT_KEY_EC, CERT_KEY_ED25519, CERT_KEY_ED448, CERT_KEY_DH, CERT_KEY_GOST, CERT_KEY_MLDSA, CERT_KEY_SM2 };

/* KeyUsage bits as numbered in RFC 5280 section 4.2.1.3: bit n is 1 << n. */
enum { KU_DIGITAL_SIGNATURE = 1, KU_NON_REPUDIATION = 2, KU_KEY_ENCIPHERMENT = 4, KU_DATA_ENCIPHERMENT = 8, KU_KEY_AGREEMENT = 16, KU_CERT_SIGN = 32, KU_CRL_SIGN = 64, KU_ENCIPHER_ONLY = 128, KU_DECIPHER_ONLY = 256 };

struct cert {
    struct bytes     der;
    bool             malformed;
    const char      *broken;      /* the first field that did not decode, or NULL */
    const char      *odd;         /* the frame is whole, but this inside it does not decode: "the public key" */
    size_t           trailing;    /* bytes behind the certificate that came with it; `der` is without them */
    bool             loose;       /* a length that is not in the shortest form, or another slip from DER */
    struct cert_digests *digests; /* private: cert_sha256() and its like fill it when first asked */
    unsigned         version;     /* 1, 2, 3, or as coded + 1 */
    struct bytes     serial;      /* content octets, sign kept */
    const char      *sig_oid, *inner_sig_oid; /* outer and TBS; equal in a sound certificate */
    enum sig_kind    sig_kind;
    enum hash_id     sig_hash;    /* PSS: its hash (default SHA-1) */
    unsigned         pss_salt;
    const char      *pss_hash_oid; /* NULL where not PSS */
    enum hash_id     pss_mgf_hash;
    bool             sig_params_differ; /* the two AlgorithmIdentifiers have one OID, but other parameters */
    struct x509_name issuer, subject;
    struct x509_time not_before, not_after;
    const char      *key_oid;
    enum cert_key    key;
    unsigned         key_bits;    /* RSA, DSA: modulus; EC: field size; 0 = unknown */
    const char      *curve_oid;   /* NULL = none */
    bool             explicit_curve;
    struct bytes     rsa_exponent;
    struct sig_alg   key_pss;     /* the only signatures an RSASSA-PSS key may make (RFC 4055 section 1.2), salt: at least; kind unknown = any */
    struct bytes     spki;        /* SubjectPublicKeyInfo, DER */
    struct bytes     tbs, sig;    /* what is signed; the signature bits */
    const struct x509_ext *ext;
    size_t           exts;
    bool             has_san;
    const struct san *san;
    size_t           sans;
    bool             has_eku;
    const char     **eku;         /* dotted */
    size_t           ekus;
    bool             has_ku;
    unsigned         ku;
    bool             has_bc, ca;
    int              path_len;    /* -1 = no limit */
    struct bytes     aki, aki_issuer, aki_serial, ski; /* p NULL = not there */
    struct byte_list aia_issuers, aia_ocsp, crl; /* URLs */
    const char     **policies;
    size_t           policy_count;
    bool             has_nc;
    const struct san *permitted, *excluded;
    size_t           permitted_count, excluded_count;
    size_t           sct_count;
    bool             precert_poison, must_staple, self_issued;
    const char      *ms_template; /* Microsoft template name or OID, or NULL */
    unsigned         netscape_type;
    bool             has_netscape_type;
    bool             not_for_servers; /* a TRUSTED CERTIFICATE whose settings keep it from vouching for TLS servers */
};

/* Digests, worked out when first asked for: most certificates of a capture are never printed. */
const uint8_t *cert_sha256(const struct cert *c);      /* 32 bytes */
const uint8_t *cert_sha1(const struct cert *c);        /* 20 bytes */
const uint8_t *cert_spki_sha256(const struct cert *c); /* 32 bytes; of nothing where there is no key */

struct cert_store;
struct cert_store *cert_store_new(void);
void               cert_store_free(struct cert_store *s);
size_t             cert_store_bytes(const struct cert_store *s); /* held for certificates and what was read of them */
/* The certificate with these bytes, parsed at the first time. Never NULL for n > 0. `der` is copied. */
struct cert       *cert_intern(struct cert_store *s, const void *der, size_t n);

/* Does this key verify? Cached in the store by the pair. SIG_UNSUPPORTED is never taken for bad. */
enum sig_check cert_signed_by(struct cert_store *s, const struct cert *child, const struct cert *issuer);
/* A signature over `signed_bytes` (one to three pieces, in order) by the certificate's key, with a TLS scheme;
 * scheme 0 = TLS 1.0/1.1 (MD5+SHA-1 for RSA, SHA-1 for ECDSA and DSA). */
enum sig_check cert_verifies(const struct cert *signer, uint16_t scheme, const struct bytes *pieces, size_t n, struct bytes signature);

/* How a key signs with such a scheme; kind SIG_KIND_UNKNOWN: none that is known here. */
struct sig_alg scheme_alg(uint16_t scheme, enum cert_key key);

/* Name matching by RFC 6125 and 9525: a DNS name (A-label, case-insensitive, one left-most wildcard label) or
 * an IP address in text against SANs; `cn_used` tells that only the subject's CN matched, there being no SAN. */
bool cert_matches_name(const struct cert *c, const char *name, size_t len, bool *cn_used);
/* An address in text, IPv6 also in brackets, as octets in `buf`. */
bool ip_from_text(const char *s, size_t n, struct bytes *out, uint8_t buf[16]);
/* A Name of its own (RFC 5280 section 4.1.2.4), as a CertificateRequest lists them. False: it does not decode. */
bool x509_name_read(struct arena *a, struct bytes der, struct x509_name *out);
bool x509_attr_equal(const struct x509_attr *a, const struct x509_attr *b);
bool names_equal(const struct x509_name *a, const struct x509_name *b); /* DER first, then RFC 5280 section 7.1 */

bool san_same_kind(const struct san *a, const struct san *b); /* otherNames: also of one type */

/* For people and ECS: "CN=www.example, O=Example", escaped. In the arena. */
const char *x509_name_text(struct arena *a, const struct x509_name *n);
const char *x509_der_name_text(struct arena *a, struct bytes der); /* of a Name that stands alone (CertificateRequest) */
const char *x509_name_short(struct arena *a, const struct x509_name *n); /* CN, else OU, O, the whole. Escaped. */
/* Shortest useful name: CN, else first DNS SAN, else O, else the whole. Escaped. */
const char *cert_short_name(struct arena *a, const struct cert *c);
const char *cert_key_name(const struct cert *c, char buf[64]); /* "RSA 2048", "EC secp384r1" */
const char *key_usage_name(unsigned bit);        /* "digitalSignature" for bit 0 ... "decipherOnly" for 8 */
const char *san_text(struct arena *a, const struct san *s); /* "dns:www.example", "ip:192.0.2.1"; a subtree's mask too. Escaped. */
const char *cert_sig_name(const struct cert *c); /* "sha256WithRSAEncryption" */

/* A stapled OCSP answer (RFC 6960), as far as it is about one certificate. */
enum ocsp_status { OCSP_NONE, OCSP_GOOD, OCSP_REVOKED, OCSP_UNKNOWN };
struct ocsp {
    bool             readable;        /* the frame is whole */
    int              response_status; /* 0 successful, 1 malformedRequest ... 6 unauthorized; -1 unreadable */
    bool             about_this;      /* an answer for this certificate is in it; the next fields are its */
    enum ocsp_status status;
    struct x509_time this_update, next_update, produced, revoked_at; /* not `ok` where absent */
    int              reason;          /* RFC 5280 section 5.3.1; -1 = none given */
    struct bytes     tbs, signature;
    struct sig_alg   alg;
    struct byte_list certs;           /* sent along, DER */
};
void ocsp_read(struct arena *a, struct bytes response, const struct cert *c, struct ocsp *out);
enum sig_check ocsp_signed_by(struct cert_store *s, const struct ocsp *o, const struct cert *issuer);

/* A file's bytes (free them), at most 64 MB; "-" is standard input. NULL: err says why. */
uint8_t *file_read(const char *path, size_t *n, struct err *err);
/* Certificates of a PEM or DER file, several in a file; also PKCS#7 bundles. Interned into `s`; the array is the caller's (free). */
bool certs_load(struct cert_store *s, const char *path, struct cert ***out, size_t *n, struct err *err);
/* From text or DER in memory. Blocks that do not decode as base64 are counted in *bad. */
void certs_from_memory(struct cert_store *s, const void *p, size_t n, struct cert ***out, size_t *count, size_t *bad);

#endif
