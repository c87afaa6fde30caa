/* why.h - from an observation to findings: rules, ranked.
 *
 * A rule is one small pure function and its row in a family's table (report/why/<family>.c). It reads a const
 * handshake and its neighbours, says one thing, cites what it saw. Its `cause` is a row of causes.tsv and
 * the name of the page in report/why/pages/<cause>.md, from which fix, settle and plain text come where
 * the rule gives none of its own. */
#ifndef TLSWHY_WHY_H
#define TLSWHY_WHY_H

#include "tlswhy/handshake.h"
#include "tlswhy/peers.h"
#include "tlswhy/trust.h"

#include <string.h>

enum sure { POSSIBLE = 1, LIKELY, CERTAIN };
enum blame { BLAME_NONE, BLAME_CLIENT, BLAME_SERVER, BLAME_PATH, BLAME_PROXY };

struct evidence {
    uint64_t    frame;
    int         from;    /* enum side, or -1 */
    const char *what;    /* "client_hello", "alert", "fin" ... (JSON) */
    const char *label;   /* "ClientHello", "Alert", "FIN" (people) */
    const char *note;
    uint32_t    stream;  /* of a neighbour; equal to the handshake's own otherwise */
};

#define FINDING_LIST 8
struct finding {
    const char      *rule, *cause;
    enum blame       side;
    enum sure        sure;
    const char      *because;  /* the reason behind `sure`, or NULL */
    const char      *why;      /* two sentences at most, plain words */
    struct evidence  evidence[FINDING_LIST];
    size_t           evidence_n;
    uint64_t         decisive; /* frame */
    const char      *alternatives[FINDING_LIST]; /* causes */
    const char      *ruled_out[FINDING_LIST];    /* causes */
    const char      *fix[FINDING_LIST], *settle[FINDING_LIST];
    size_t           alternatives_n, ruled_out_n, fix_n, settle_n;
    bool             repeats;  /* the same was told of stream `repeats_of`: people need fix and settle once */
    uint32_t         repeats_of;
    const char      *corrects; /* this cause was told before of the same handshake, NULL = nothing was, */
    enum sure        corrects_sure; /* and how sure that was */
    int              weight;   /* among findings of one certainty the heavier wins; default 0 */
};

/* What a rule may use beside the handshake. */
struct case_file {
    const struct handshake *h;
    const struct peers     *others;
    struct arena           *arena; /* for the texts of the finding */
    bool brief; /* only the cause and the side are wanted: no words need be made */
    unsigned shows;            /* bits of enum known and enum shown */
    const struct course *went; /* how far it got and how it ended, worked out once for all rules: say.h */
};

/* What a case shows, beside what is known of the handshake (enum known): few rules have anything to say of most cases. */
enum shown {
    SHOWS_UNANSWERED = 1 << 16,  /* a hello, and no ServerHello to it */
    SHOWS_TLS13 = 1 << 17,       /* TLS 1.3 was agreed */
    SHOWS_FINISHED = 1 << 18,    /* the handshake was finished */
    SHOWS_BY_CLIENT = 1 << 19,   /* who ended it */
    SHOWS_BY_SERVER = 1 << 20,
    SHOWS_ALERT = 1 << 21,       /* an alert in clear ended it, */
    SHOWS_SILENT_END = 1 << 22,  /* or a FIN or RST and no alert */
    SHOWS_REFUSAL = 1 << 23,     /* the client walked away from the server's certificate */
    SHOWS_FAULT = 1 << 24,       /* the chain has a fault, and a probe or a refusal that it can explain */
    SHOWS_PLAIN = 1 << 25,       /* something that is no TLS was said, before it or in its place */
    SHOWS_TUNNEL = 1 << 26,      /* a proxy was asked for a tunnel */
    SHOWS_NO_WAY = 1 << 27,      /* refused or unreachable */
    SHOWS_NOT_OPENED = 1 << 28,
    SHOWS_DATAGRAMS = 1 << 29,
    SHOWS_PROBE = 1 << 30,       /* it was made by a probe, or waited for in vain, or has what only a probe knows */
};

struct rule {
    const char *id, *cause;
    unsigned needs; /* bits of enum known and enum shown: it says no to a case that does not show all of them */
    bool (*look)(const struct case_file *c, struct finding *f); /* f is zeroed but for rule and cause */
};

/* The verdict: always one finding; its cause is "ok" for a good handshake and "unknown" where nothing fits.
 * Families of rules are listed in report/why/rules.h. Of several findings the surest wins, then the heavier
 * one, then the earlier rule; the causes of the others become its alternatives. A rule need not give fix,
 * settle or side: they come from the page and the list. Only rules are asked whose needs the case shows.
 * CERTAIN falls to LIKELY where bytes of a side that it cites are missing from the capture.
 * Rules are asked about established handshakes, too, where they ended oddly (ended_well says no): a rule about
 * a failed handshake looks at h->outcome first. */
void why_explain(const struct handshake *h, const struct peers *others, struct arena *a, struct finding *out);
/* The same cause and side, and nothing to be read: for one of very many that is only counted. */
void why_cause(const struct handshake *h, const struct peers *others, struct arena *a, struct finding *out);

/* The cause that why_explain comes to for a connection that never opened, of which a few flags tell all; NULL for any
 * other. Where somebody scans there are very many, and most are only counted. */
const char *why_never_opened(const struct handshake *h);

/* Is the answer inside a proxy's page about its own failure, and not the server's? */
bool proxy_page(const struct inside *in);

/* Established, and both sides went on to exchange data without a fatal alert or a failed renegotiation. */
bool ended_well(const struct handshake *h);

/* Asked very often, and most causes differ in their first letter. */
static inline bool is_cause(const struct finding *f, const char *cause) { return f->cause[0] == cause[0] && strcmp(f->cause, cause) == 0; }

/* What a finding comes to. NOBODY_MEANT_TLS is plain text where no TLS was due; FAILURE alone makes exit status 1
 * (finding_counts), and not where the cause is "unknown" or "abandoned". */
enum result { RESULT_SUCCESS, RESULT_FAILURE, RESULT_UNCLEAR, RESULT_NO_TLS };
enum result finding_result(const struct handshake *h, const struct finding *f);
bool        finding_counts(const struct handshake *h, const struct finding *f);

/* A row of the closed list of causes, with its page. */
struct cause {
    const char  *code, *category, *side;
    const char  *brief;              /* two or three words for lists: "missing intermediate" */
    const char  *meaning, *proof;
    const char  *page;               /* whole text, Markdown */
    const char *const *fix;          /* NULL-terminated items of its "Fix" section */
    const char *const *fix_for;      /* to each of them: the clients it is for, "winxp* winsrv2003*"; "" = any */
    const char *const *settle;       /* of its "Settle" section */
};
const struct cause *cause_of(const char *code); /* NULL: no such cause */
const struct cause *cause_at(size_t i);         /* NULL past the last */
const struct rule  *rule_at(size_t i);          /* all rules in order; NULL past the last */
/* For tests: what this rule says whatever it needs. `due`: the case shows all of that, as it must where the rule says yes. */
bool                rule_says(const struct rule *rule, const struct handshake *h, const struct peers *others, struct arena *a, bool *due);
const char         *sure_name(enum sure s);
const char         *blame_name(enum blame b);

#endif
