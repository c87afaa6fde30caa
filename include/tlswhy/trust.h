/* trust.h - judges a certificate chain for a moment, a name and a client. Codes: the closed list in
 * doc/ (reader's words), crossed to causes in report/why by one table.
 *
 * The verdict is `unknown` where an algorithm could not be checked or the anchors cannot tell, never a guess.
 * Owns: problems and texts live in the arena handed in; certificates in their store. */
#ifndef TLSWHY_TRUST_H
#define TLSWHY_TRUST_H

#include "tlswhy/names.h"
#include "tlswhy/x509.h"

/* What a Windows list of roots says of one of them. */
struct root_limit {
    uint8_t sha1[20];
    bool    servers;             /* for TLS servers at all */
    bool    has_refused_from, has_not_before;
    int64_t refused_from;        /* from then on nothing below it is trusted */
    int64_t not_before;          /* certificates made from then on are not trusted */
};
struct anchors {
    struct cert **v;
    size_t        n;
    const char   *name;      /* for people: "system bundle", "ROOTS.pem" */
    bool          clients_own; /* the client's own list (--ca, --trust): an absent root is then an error of trust */
    struct root_limit *limit; /* of a Windows list: all its roots, by SHA-1, also those whose certificate is not at hand */
    size_t        limits;    /* 0 = no such list, no limits */
};

enum verdict { CHAIN_OK, CHAIN_FAIL, CHAIN_UNKNOWN };
enum severity { SEV_INFO, SEV_WARNING, SEV_ERROR };
struct chain_problem {
    const char   *code;      /* "expired", "name_mismatch", ... */
    enum severity severity;
    int           cert;      /* index in the chain as sent; -1 = an anchor, or no one certificate */
    const char   *role;      /* "leaf", "intermediate", "anchor" */
    bool          unsure;    /* the bytes leave another reading open, which `detail` names: never CERTAIN */
    const char   *detail, *fix;
    const char *const *also_known_as; /* NULL-terminated, or NULL */
};
struct path_step {
    const char        *from; /* "chain", "trust", "pool" */
    size_t             index;
    const struct cert *cert;
};
struct chain {
    enum verdict          verdict;
    const char           *primary;   /* code of the first error; unknown: of what keeps us from telling; or NULL */
    struct chain_problem *problems;  /* errors first, in order of precedence */
    size_t                n;
    struct path_step     *path;      /* leaf first; as far as one could be built */
    size_t                path_len;
    int64_t               time;
    const struct anchors *anchors;
    size_t                compared;  /* issuers looked at while searching, names held against constraints: what it cost */
};

struct trust_question {
    struct cert_store *store;
    struct cert      **certs; /* as sent, leaf first */
    size_t             n;
    struct cert      **pool;  /* extra candidates; may be NULL */
    size_t             pool_n;
    const struct anchors *anchors; /* NULL: none at hand */
    int64_t            time;  /* seconds since 1970 */
    const char        *name;  /* DNS name or IP text asked for; NULL = do not check */
    size_t             name_len;
    struct bytes       staple;      /* OCSPResponse; p NULL = none seen */
    bool               staple_due;  /* the client asked for a staple and the place where it would stand was seen */
    /* The client's eyes; NULL lists = no limit known. Words as "rsa-sha256", "ecdsa"; see trust/FORMAT. */
    const char *const *sigs, *const *keys; /* NULL-terminated */
    unsigned           rsa_min;    /* smallest RSA modulus it takes, bits; 0 = not known */
    bool               san_needed; /* it does not look at the common name */
    const char *const *eras;       /* its list of roots: "microsoft 2008-12-31", one or another of these; NULL = not known */
    bool               client_guessed; /* recognised by its hello, not named by the user: what follows from it is unsure */
    bool               name_learnt;    /* the name comes from a DNS answer, not from the client's own request */
    enum kex           kex;   /* of the suite, for key usage; KEX_UNKNOWN = do not check */
};
/* Looks with the eyes of this client: where it may be one of several, only what holds for all of them. `named`: the
 * user said so. What `q` has already stays. Lists are made in the arena. */
struct client_match;
void trust_ask_as(struct trust_question *q, const struct client_match *client, bool named, struct arena *a);
void chain_judge(const struct trust_question *q, struct arena *a, struct chain *out);
/* Had a list of roots, "microsoft 2008-12-31", this one (by the SHA-256 of the certificate)? At `time`, where that is
 * earlier. Only what was seen of the lists' history counts (report/knowledge/root_eras.tsv). */
enum era_had { ERA_UNKNOWN, ERA_HAD, ERA_LACKED };
struct era_answer {
    enum era_had had;
    const char  *list;           /* "Microsoft's list"; NULL = no such list */
    const char  *code;           /* what a root that it lacks is called in a verdict */
    bool         updates_itself; /* clients fetch newer ones without being asked */
    char         day[11];        /* of the list in question */
    const char  *first;          /* the day when it got the root; "" = never, as far as seen */
    const char  *from, *to;      /* what of its history was seen */
};
struct era_answer era_ask(const char *era, const uint8_t sha256[32], int64_t time);
bool chain_has(const struct chain *c, const char *code, enum severity at_least, const struct chain_problem **which);

const char *verdict_name(enum verdict v);   /* "ok", "fail", "unknown" */
const char *severity_name(enum severity s); /* "error", "warning", "info" */

/* The judgement as the body of an object: verdict, primary, problems, path, time, anchors. */
void chain_json(struct json *j, const struct chain *c);

/* Reads anchors: a PEM, DER or PKCS#7 file, every such file of a folder, a Windows list of roots (authroot.stl or
 * authrootstl.cab: it names roots by their digests, so their certificates are taken from the files beside it, or from what
 * the server sends), or, with path NULL, the system's own bundle (then clients_own stays false: nothing says that the client in question uses that list). What is no
 * certificate in a folder is passed over. The array is freed with anchors_free. */
const char *anchors_system_place(size_t i); /* where that bundle is looked for; NULL past the last */
bool anchors_load(const char *path, struct cert_store *s, struct anchors *out, struct err *err);
void anchors_free(struct anchors *a);
/* Its entry in the list of roots; NULL: there is none, or no such list. */
const struct root_limit *anchors_limit(const struct anchors *a, const struct cert *c);

/* The facts of a certificate as JSON, names as in the reference format: an object under `key`, or bare fields. */
void cert_facts_json(struct json *j, const char *key, const struct cert *c);
void cert_facts_fields(struct json *j, const struct cert *c);

#endif
