/* ctl.h - certificate trust lists ([MS-CAESO] 4.4.5.3.1.1, wincrypt.h), as Windows fetches them: authroot.stl, disallowedcert.stl.
 *
 * A list is the content of a PKCS#7 SignedData (RFC 2315), signed with authenticated attributes; it may carry a second
 * signature inside an unauthenticated attribute (1.3.6.1.4.1.311.2.4.1). The readers are tolerant: `broken` names the
 * first part that does not decode, what stands before it is there. Nothing here judges; report/ctl.c does.
 * Bounds: 64 certificates, 4 signers, 65,536 entries; no recursion (one nested signature, read by the same loop).
 * Owns:   bytes are borrowed from the input; arrays live in the arena, certificates in the store. */
#ifndef TLSWHY_CTL_H
#define TLSWHY_CTL_H

#include "tlswhy/cab.h"
#include "tlswhy/x509.h"

enum { P7_CERTS = 64, P7_SIGNERS = 4, P7_PATH = 8, CTL_USAGES = 8, CTL_ENTRIES = 65536 };

struct p7_signer {
    const char      *digest_oid, *signature_oid; /* dotted */
    enum hash_id     digest;
    struct bytes     issuer, serial;   /* who it says signed */
    struct cert     *cert;             /* found among the certificates inside; NULL: not there */
    bool             has_attributes;
    bool             digest_good;      /* the content has the digest that was signed */
    bool             type_good;        /* the signed content type is the content's */
    enum sig_check   signature;        /* over the attributes (or the content), by `cert` */
    bool             time_stamped;     /* carries a counter-signature or time stamp */
    struct bytes     nested;           /* a whole SignedData of its own (p NULL: none) */
    struct cert     *path[P7_PATH];    /* signer first, as far as certificates inside go and their signatures hold */
    size_t           path_n;
    bool             path_broken;      /* an issuer by name is inside, and its key does not verify */
};
struct p7 {
    const char      *broken;
    const char      *content_type;     /* dotted, or NULL */
    struct bytes     content;          /* value octets of the content's outermost element */
    struct bytes     whole;            /* that element with tag and length */
    struct cert     *certs[P7_CERTS];
    size_t           certs_n;
    struct p7_signer signer[P7_SIGNERS];
    size_t           signers;
};
bool p7_is(struct bytes b); /* it begins like one: SEQUENCE, OBJECT IDENTIFIER signedData */
/* `detached`: the content where the message has none of its own (a nested signature). May be empty. */
void p7_read(struct bytes b, struct bytes detached, struct cert_store *s, struct arena *a, struct p7 *out);

struct ctl_entry {
    struct bytes id;         /* usually the SHA-1 of the certificate */
    struct bytes name;       /* UTF-16LE, as stored */
    struct bytes sha256, key_id;
    struct bytes usages, refused_usages, late_usages; /* DER SEQUENCE OF OBJECT IDENTIFIER; p NULL: not there */
    bool         has_disallowed_from, has_not_before; /* properties 104 and 126 */
    int64_t      disallowed_from, not_before;         /* seconds since 1970; disallowed_from 0 or before: always */
    bool         ev;         /* has certificate policies of the root program */
};
struct ctl {
    const char  *broken;
    const char  *usage[CTL_USAGES]; /* dotted */
    size_t       usages;
    struct bytes list_id, sequence;
    struct x509_time this_update, next_update; /* .ok false: not there, or does not decode */
    const char  *algorithm;  /* of the entries' ids, dotted */
    const struct ctl_entry *entry;
    size_t       entries;
    size_t       extensions;
};
/* `whole` as in struct p7: the CertificateTrustList SEQUENCE. */
void ctl_read(struct bytes whole, struct arena *a, struct ctl *out);
/* A file as Windows fetches it: a cabinet around a list, or a bare list. */
struct ctl_file {
    bool       is_list, in_cab;
    struct cab cab;
    struct p7  sig, nested; /* nested: the second signature inside the first signer's attributes; no signers = none */
    struct ctl list;
};
void ctl_file_read(struct bytes b, struct cert_store *s, struct arena *a, struct ctl_file *out);
/* The name of an entry in UTF-8, escaped. In the arena. */
const char *ctl_entry_name(struct arena *a, const struct ctl_entry *e);
/* Is it one of these usages? A list that is not there, or that does not decode, holds none. */
bool        ctl_usages_hold(struct bytes usages, const char *oid);
/* The usages in a list of them, dotted and by name: "Server Authentication, 1.3.6.1...". In the arena. */
const char *ctl_usages_text(struct arena *a, struct bytes usages);

#define OID_CTL "1.3.6.1.4.1.311.10.1"
#define OID_ROOT_LIST_SIGNER "1.3.6.1.4.1.311.10.3.9"
#define OID_QUALIFIED_SUBORDINATION "1.3.6.1.4.1.311.10.3.10"
#define OID_CTL_SIGNER "1.3.6.1.4.1.311.10.3.1"
#define OID_DISALLOWED_LIST "1.3.6.1.4.1.311.10.3.30"
#define OID_REVOKED_LIST_SIGNER "1.3.6.1.4.1.311.10.3.19"

#endif
