/* profile.h - clients that are known: what their hello looks like and what they can verify.
 *
 * A client is one text file, dissect/clients/<id>.profile, built in; users may write their own: one parser reads both.
 * Lines are "key: value"; an empty line or one that begins with # says nothing; an unknown key is an error.
 *   name, source, notes, can_source     text; name and cipher_suites must be there
 *   observed                            yes, mixed, inferred, synthetic: how the hello is known
 *   record_version, client_version      hex; record_version may be "sslv2" or "unknown"
 *   supported_versions, cipher_suites, extensions, groups, signature_algorithms, compression, point_formats
 *                                       hex numbers with commas, GREASE for any such value; "absent" or "none"
 *   alpn                                protocol names with commas, or "absent"
 *   session_id                          bytes of its session id in a first hello
 *   key_shares                          group:bytes with commas
 *   hello_bytes                         size of the hello that was seen
 *   cert_sigs, cert_keys                words with blanks (rsa-sha256, ecdsa): what it verifies in a chain
 *   rsa_min, dh_min, dh_max             bits; san_needed: yes, no; root_era: list and day, without later updates
 *   renegotiation                       what it wants of servers up to TLS 1.2: secure (RFC 5746; without it, it leaves), any
 *   disputed                            words on which sources conflict: sha2-chain
 * What has no line is not known: that is neither yes nor no.
 *
 * One hello may stand for several clients (Internet Explorer 9 on Vista, Windows Server 2008 SP2): a match is a set,
 * and a rule is certain only of what holds for every member of an exact match. */
#ifndef TLSWHY_PROFILE_H
#define TLSWHY_PROFILE_H

#include "tlswhy/handshake.h"

/* What a client can do; `can` and `cannot` of a profile say it, a bit in neither is not known. */
enum client_can {
    CAN_SHA2_CHAIN = 1 << 0,  /* SHA-256 signatures below the anchor */
    CAN_SHA1_CHAIN = 1 << 1,
    CAN_ECDSA_CERT = 1 << 2,
    CAN_TLS12 = 1 << 3,       /* as this client comes: updates and registry keys may add it */
    CAN_TLS13 = 1 << 4,
    CAN_SNI = 1 << 5,
    CAN_WITHOUT_SAN = 1 << 6, /* takes a certificate that has its name in the subject only */
    CAN_RSA_1024 = 1 << 7,
    CAN_DH_1024 = 1 << 8,
    CAN_DH_2048 = 1 << 9,
    CAN_ECC = 1 << 10,        /* offers elliptic curve key exchange */
    CAN_OLD_RENEGO = 1 << 11  /* takes servers without secure renegotiation (RFC 5746) */
};

enum profile_origin { PROFILE_OBSERVED, PROFILE_MIXED, PROFILE_INFERRED, PROFILE_SYNTHETIC };

struct key_share {
    uint16_t group; /* GREASE: 0x0a0a */
    size_t   bytes;
};

struct profile {
    const char *id, *name, *notes, *source, *can_source, *root_era; /* NULL = no such line */
    enum profile_origin origin;
    bool        v2_format;
    uint16_t    record_version, client_version; /* 0 = unknown */
    struct u16s versions, extensions, groups, sigalgs; /* v NULL = absent; GREASE stands as 0x0a0a */
    struct u32s suites;
    struct u16s compression, point_formats;
    struct byte_list alpn;
    const struct key_share *key_shares;
    size_t      key_share_count, session_id_len, hello_bytes;
    const char *const *cert_sigs, *const *cert_keys; /* NULL-terminated; NULL = not known */
    unsigned    rsa_min, dh_min, dh_max; /* bits; 0 = not known */
    unsigned    can, cannot, disputed;   /* bits of enum client_can */
};

const struct profile *profile_at(size_t i);          /* built-in ones by id; NULL past the last */
const struct profile *profile_named(const char *id); /* NULL: no such profile */
/* From text, or from a file whose name gives the id. NULL: err names file, line and what is wrong with it. */
const struct profile *profile_parse(const char *id, const char *text, size_t n, struct arena *a, struct err *err);
const struct profile *profile_read(const char *path, struct arena *a, struct err *err);

enum match_how { MATCH_NONE, MATCH_EXACT, MATCH_NEAREST };
#define MATCH_MAX 8

struct client_match {
    enum match_how        how;
    unsigned              similarity; /* per cent; 100 for an exact match */
    const struct profile *profiles[MATCH_MAX]; /* best first, then by id */
    size_t                n;
    unsigned              all_can, all_cannot; /* holds for every member */
    unsigned              any_cannot;          /* for one member at least */
    unsigned              disputed;            /* sources conflict for one member at least */
};

/* Which clients send such a hello? Exact: suites, groups and signature algorithms in their order, versions, and the
 * set of extensions, but for GREASE, signalling suites, and extensions that come and go with the occasion (server_name,
 * ALPN, padding, cookie, pre_shared_key, early_data). NULL: none is near. In the arena. */
const struct client_match *profile_match(const struct client_hello *hello, struct arena *a);
/* The match that holds this client alone, as named by the user. */
struct client_match        client_match_of(const struct profile *p);
/* Does this extension say what the hello offers, or for whom it is? All others a server may pass over. */
bool        extension_decides(uint16_t type);
const char *match_name(enum match_how how); /* "exact", "nearest" */

#endif
