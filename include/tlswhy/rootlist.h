/* rootlist.h - judges a Windows list of roots (or of refused certificates), for people and for programs.
 *
 * Reads what a file or an answer holds: a cabinet, a bare list, an HTTP message around one of them, or something else
 * that is then named (a proxy's page). Verdicts follow from signatures that were really computed; what could not be
 * checked is said. Nothing here opens files or looks at the clock.
 * Owns: bytes are borrowed; texts live in the arena, certificates in the store. */
#ifndef TLSWHY_ROOTLIST_H
#define TLSWHY_ROOTLIST_H

#include "tlswhy/ctl.h"
#include "tlswhy/trust.h"

enum { LIST_PROBLEMS = 16 };
struct list_problem {
    const char   *code;     /* words of struct chain_problem where they fit, and: not_a_list, cut_short, bad_digest */
    enum severity severity;
    const char   *detail, *fix; /* fix may be NULL */
};
struct rootlist {
    const char      *name;      /* of the file or URL; outside bytes */
    bool             in_http;
    int              status;    /* of the HTTP message around it, 0 = none */
    const char      *instead;   /* what it is where it is no list: "an HTML page ..." */
    struct ctl_file  file;
    const struct p7_signer *signer; /* the outer one that counts, or NULL */
    /* judged */
    enum verdict     verdict;
    const char      *primary;   /* code of the first error, or NULL */
    struct list_problem problem[LIST_PROBLEMS];
    size_t           problems;
    const char      *why;       /* one or two sentences */
    const char      *root;      /* name of the root that the chain needs; NULL: it is not known */
    const char      *missing;   /* name of the certificate that the chain lacks before that, or NULL */
    bool             chain_complete, root_checked, signature_ok, known_signer, needs_sha2;
    const char      *client, *client_can; /* "yes", "no", "with updates", "unknown"; NULL = not asked */
};
struct list_question {
    const struct anchors *anchors; /* roots at hand, or NULL */
    bool        has_time;          /* dates are judged at `time` and count; else what is past at `time` is only told */
    int64_t     time;              /* seconds since 1970 */
    const char *client;            /* a profile, or NULL */
};
void rootlist_read(const char *name, struct bytes file, struct cert_store *s, struct arena *a, struct rootlist *out);
void rootlist_judge(const struct list_question *q, struct cert_store *s, struct arena *a, struct rootlist *l);
/* "2011-01-25T20:54:12Z", in the arena; NULL: it is no list, or its date does not decode. */
const char *rootlist_issued(const struct rootlist *l, struct arena *a);
/* Can this client verify a list that is sound: "yes", "no", "with updates", "unknown". *update: what it takes, or NULL. */
const char *rootlist_client_can(const struct rootlist *l, const char *profile, const char **update);

/* Entries by certificate, SHA-1, SHA-256 or a part of the name; at most `cap`, returns how many there are. */
struct root_key {
    const struct cert *cert; /* or NULL */
    const char        *text; /* hex with or without colons, or a name */
};
/* A name: entries carry names of Microsoft's choice ("Sectigo" for the USERTrust roots), so not finding one proves nothing. */
bool   root_key_is_name(const struct root_key *key);
size_t rootlist_find(const struct rootlist *l, const struct root_key *key, struct arena *a, const struct ctl_entry **out, size_t cap);

struct list_change {
    const struct ctl_entry *before, *after; /* one of them NULL: added or removed */
};
/* By identifier, in the order of the lists. The array is in the arena. */
const struct list_change *rootlist_compare(const struct rootlist *before, const struct rootlist *after, struct arena *a, size_t *n);

void rootlist_show(struct text *t, const struct rootlist *l, bool color);
void rootlist_show_roots(struct text *t, const struct rootlist *l, const char *asked, bool by_name, const struct ctl_entry *const *v, size_t shown, size_t found);
void rootlist_json(struct text *t, const struct rootlist *l, const char *asked, const struct ctl_entry *const *v, size_t shown, size_t found);
void rootlist_show_changes(struct text *t, const struct rootlist *before, const struct rootlist *after, const struct list_change *v, size_t n);
void rootlist_changes_json(struct text *t, const struct rootlist *before, const struct rootlist *after, const struct list_change *v, size_t n);

#endif
