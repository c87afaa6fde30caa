/* names.h - numbers <-> names of everything in dissect/names/: one row, one place.
 *
 * A name that is returned is static, or built in the caller's `buf` ("Unknown(0x2175)"); never NULL. */
#ifndef TLSWHY_NAMES_H
#define TLSWHY_NAMES_H

#include "tlswhy/base.h"

#define NAME_MAX_LEN 64

/* "SSL 2.0" (0x0002), "SSL 3.0", "TLS 1.0" ... "TLS 1.3", "TLS 1.3-draft19" (0x7f13), "TLS 1.3-fb-draft26"
 * (0xfb1a), "DTLS 1.2" (0xfefd); unassigned "0x0000". */
const char *version_name(uint16_t version, char buf[NAME_MAX_LEN]);
/* A number that grows with the protocol's age order, drafts of 1.3 just below it: for comparing. 0 = no version. */
unsigned version_rank(uint16_t version);
bool     version_is_13(uint16_t version); /* TLS 1.3 or one of its drafts */

/* What a cipher suite needs and gives, from its name. */
enum kex { KEX_UNKNOWN, KEX_RSA, KEX_DH, KEX_DHE, KEX_ECDH, KEX_ECDHE, KEX_PSK, KEX_DHE_PSK, KEX_ECDHE_PSK, KEX_RSA_PSK, KEX_SRP, KEX_KRB5, KEX_GOST, KEX_TLS13 };
enum sig_key { KEY_UNKNOWN, KEY_RSA, KEY_DSA, KEY_ECDSA, KEY_ANON, KEY_NONE, KEY_GOST, KEY_ANY }; /* who signs: the certificate's key */
struct suite {
    uint32_t     id;    /* two bytes; SSL 2.0 specs three (0x010080) */
    const char  *name;  /* IANA name; SSL 2.0: SSL2_RC4_128_WITH_MD5 */
    enum kex     kex;
    enum sig_key auth;
    uint8_t      cbc;   /* 1 = CBC mode */
    uint8_t      aead;
    uint8_t      tag;   /* bytes that encryption adds beyond the plaintext, for AEAD: tag + explicit nonce in TLS 1.2 */
    uint8_t      weak;  /* 1 = NULL, EXPORT, RC2, RC4, DES, anonymous */
};
const struct suite *suite_of(uint32_t id); /* NULL: unassigned */
const struct suite *suite_at(size_t i);    /* all of them, by number; NULL past the last */
const char         *suite_name(uint32_t id, char buf[NAME_MAX_LEN]);
/* RFC 8701: both bytes are equal and end in 0xa. Asked of whole lists, so there are no branches in it; suites of SSL 2.0 have 24 bits. */
enum { ANY_GREASE = 0x0a0a };
static inline bool is_grease_suite(uint32_t id) { return (((id & 0xffff0f0f) ^ ANY_GREASE) | ((id >> 8 ^ id) & 0xff)) == 0; }
static inline bool is_grease(uint16_t v) { return (((v & 0x0f0f) ^ ANY_GREASE) | ((v >> 8 ^ v) & 0xff)) == 0; }

const char *group_name(uint16_t id, char buf[NAME_MAX_LEN]);     /* "x25519", "secp256r1", "X25519MLKEM768" */
const char *sigalg_name(uint16_t id, char buf[NAME_MAX_LEN]);    /* "ecdsa_secp256r1_sha256", "rsa_pkcs1_sha1" */
/* The key a signature scheme is for, and its hash: 1 MD5, 2 SHA-1, 4 SHA-256, 5 SHA-384, 6 SHA-512, 0 none of its own. */
enum sig_key sigalg_key(uint16_t id);
unsigned     sigalg_hash(uint16_t id);
bool         sigalg_is_pss(uint16_t id);
const char *extension_name(uint16_t id, char buf[NAME_MAX_LEN]);
const char *handshake_type_name(unsigned type, char buf[NAME_MAX_LEN]); /* "ClientHello" */
char        handshake_type_letter(unsigned type); /* as in Zeek's ssl_history, upper-case; '\0' = has none */
const char *content_type_name(unsigned type, char buf[NAME_MAX_LEN]);

const char *alert_name(unsigned number, char buf[NAME_MAX_LEN]); /* "unknown_ca"; "201 (unassigned)" */
int         alert_number(const char *name);                       /* -1: no such name */
const char *alert_plain(unsigned number);                         /* one sentence in plain words, or "" */

/* Methods of EAP (RFC 3748) that carry TLS inside: EAP-TLS, PEAP and so on, by place in a short list. */
enum { EAP_METHODS = 5 };
const char *eap_method_name(size_t i);
int         eap_method_of(uint8_t type); /* place of an EAP type; -1: no TLS in it */

/* Alert numbers that code speaks of (RFC 8446 section 6 and older RFCs): made from dissect/names/alerts.tsv. */
enum alert_id {
#define ALERT(id, name, upper, rfc, plain) ALERT_##upper = (id),
#include "gen/alerts.inc"
#undef ALERT
    ALERT_NONE = -1
};

/* Extension numbers, from dissect/names/extensions.tsv. */
enum extension_id {
#define EXTENSION(id, name, upper) EXT_##upper = (id),
#include "gen/extensions.inc"
#undef EXTENSION
    EXT_LAST = 0xffff
};

/* Object identifiers: "sha256WithRSAEncryption"; an unknown one as dotted text. `dotted` in, name out. */
const char *oid_name(const char *dotted);
/* Short name of an attribute type for distinguished names ("CN", "O"), or NULL. */
const char *oid_attribute(const char *dotted);

#endif
