/* x509_parts.h - what the files of the certificate reader share; nobody else includes it. */
#ifndef TLSWHY_X509_PARTS_H
#define TLSWHY_X509_PARTS_H

#include "tlswhy/der.h"
#include "tlswhy/x509.h"

/* Everything the reader makes lives in the store's arena. `c` is zeroed but for der. */
void cert_parse(struct arena *a, struct cert *c);

/* Dotted text in the arena; "?" for octets that are no OID. */
const char *oid_text(struct arena *a, struct bytes body);
/* A Name (RFC 5280 section 4.1.2.4) from its inside. False: broken; what was read before stays. */
bool name_parse(struct arena *a, struct bytes der, struct x509_name *out);
void extensions_parse(struct arena *a, struct cert *c, struct reader list);

/* AlgorithmIdentifier of a signature (RFC 5280 section 4.1.1.2): kind, hash and PSS parameters into `alg`. */
struct alg_id {
    const char    *oid, *pss_hash_oid;
    struct bytes   params; /* as encoded; n 0: none */
    struct sig_alg alg;
};
bool alg_parse(struct arena *a, struct reader in, struct alg_id *out);

enum hash_id     hash_of_oid(const char *oid); /* HASH_OTHER: unknown */
struct x509_time time_read(const struct der *d); /* UTCTime or GeneralizedTime */

#endif
