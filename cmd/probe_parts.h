/* probe_parts.h - the rooms of `tlswhy probe`: options, the hello's shape, targets, the trial of one target, every client. */
#ifndef TLSWHY_PROBE_PARTS_H
#define TLSWHY_PROBE_PARTS_H

#include "tlswhy/cmd.h"
#include "tlswhy/compare.h"
#include "tlswhy/html.h"
#include "tlswhy/plan.h"
#include "tlswhy/probe.h"
#include "tlswhy/record.h"
#include "tlswhy/report.h"
#include "tlswhy/split.h"
#include "asked.h"
#include "judge.h"
#include "lists.h"
#include "pick_profile.h"

/* --proxy and what belongs to it. */
struct proxy_options {
    struct tunnel_way way, login; /* login: of --proxy-user, until it is known where it belongs */
    enum proxy_auth   auth;
    const char       *ca, *noproxy;
    bool              given, none, used, user_given, auth_given, direct;
};

struct probe_options {
    struct proxy_options   proxy;
    struct report_options  report;
    const struct renderer *renderer;
    struct arena           arena;  /* what an option's value was made into */
    struct profile         shape;
    const char            *as, *ca, *sni, *expect, *hello_file, *write;
    struct client_match    client;
    struct hello_spec      custom; /* what the options say of the hello beside its shape */
    size_t                 segment; /* --split-segments */
    int64_t                segment_pause_ns;
    struct bytes           raw;
    const char            *cert, *key; /* files */
    struct identity       *own;        /* out of them; NULL = none */
    const struct dialog   *starttls;
    bool                   starttls_given;
    bool                   no_sni, clients, sweep, record_split, at_given, tls_given, shaped; /* shaped: options changed the hello */
    uint16_t               tls_low, tls_high;
    int64_t                at_ns, timeout_ns, pause_ns, expiry_ns; /* expiry: what is left when --nagios warns */
    size_t                 jobs;   /* connections at once, over all targets */
    bool                   nagios;
    const char            *prom, *html;
    int                    family;
};

/* Certificates and anchors of a time. Every server has other ones, so a long run begins a new store now and then; the old
 * one goes with its last trial. */
struct age {
    struct cert_store *store;
    struct anchors     anchors;
    bool               anchors_there;
    size_t             users, bytes; /* bytes: when it was new */
};

/* What the run holds beside the options. */
struct run {
    const struct probe_options *o;
    struct prober              *prober;
    struct recording            *recording; /* --write; NULL = none */
    struct resolver            *resolver;
    struct age                 *age;    /* the current one */
    struct monitor             *monitor; /* --prom, --nagios; NULL = neither */
    struct text                 out;
    struct html                *page;   /* --html; NULL = none */
    struct summary              sum;
    size_t                      begun, under_way; /* targets */
    struct trial               *waiting; /* a trial of --clients or --sweep, to be asked alone */
    bool                        many;    /* more than one target may come: each is asked for no more than its flight */
    bool                        more;    /* there may be more of them */
    struct watch                clock;   /* of the line of progress, */
    int64_t                     since;
    bool                        line;    /* which is on the terminal now */
    bool                        failed, trouble; /* a failure was found; a target could not be probed */
    bool                        expected;        /* every answer was the one expected */
};

/* What is wanted beside the profile waits until the profile is known: --as may come last. */
struct changes {
    const char *ciphers, *groups, *sigalgs, *alpn;
    const char *record_version, *hello_version, *ext_order, *scsv, *compression, *session_id, *pad_to, *split_records;
    struct list_of_words {
        const char *v[32];
        size_t      n;
    }           ext, no_ext; /* these options may be repeated */
    bool        grease, no_grease, sslv2_format;
};
/* Takes an option of the hello's shape in detail. False: it is none of them; *ok false: trouble was said. */
bool custom_option(struct probe_options *o, struct changes *c, int id, const char *value, bool *ok);
bool custom_any(const struct changes *c);
/* Applies them, when all else of the shape is there. False: trouble was said. */
bool custom_shape(struct probe_options *o, const struct changes *c);
/* Rows of the option table, in probe.c. */
enum { OPT_CUSTOM = 512, OPT_RECORD_VERSION = OPT_CUSTOM, OPT_HELLO_VERSION, OPT_EXT, OPT_NO_EXT, OPT_EXT_ORDER, OPT_GREASE, OPT_NO_GREASE, OPT_PAD_TO,
       OPT_SESSION_ID, OPT_SCSV, OPT_COMPRESSION, OPT_SPLIT_RECORDS, OPT_SPLIT_SEGMENTS, OPT_SSLV2_FORMAT };

struct target {
    char     text[300]; /* as shown: HOST:PORT */
    char     host[256]; /* a name in its ASCII form, or an address */
    uint16_t port;
    bool     is_ip;
    const struct dialog *starttls; /* NULL = none */
};

enum { PLUGIN_OK, PLUGIN_WARNING, PLUGIN_CRITICAL, PLUGIN_UNKNOWN }; /* exit status of --nagios */
enum { ATTEMPTS_MAX = 512, AT_ONCE = 8, JOBS_MAX = 10000, TARGET_LINE = 1024 };

/* All attempts at one target, and the question that is open: what was asked last. */
struct trial {
    struct run          *run;
    struct age          *age;
    struct target        target;
    const char          *typed;     /* the target as the user wrote it */
    struct peers        *peers;
    struct arena         arena;
    struct probe_count   count;
    struct tunnel_way    way;       /* the proxy, with the login in use; for `through` */
    bool                 through;   /* a proxy: addresses are its own */
    unsigned             logins;    /* bits of enum proxy_auth that were tried */
    enum { ASKING, ASKING_DIRECTLY, ASKING_INSIDE, ASKED } phase;
    struct handshake    *direct;    /* --direct: without the proxy; NULL = not asked, or not found */
    struct address      *direct_addresses;
    size_t               direct_n, direct_address;
    bool                 direct_classical, direct_done;
    const char          *direct_trouble; /* why nobody could be asked directly */
    struct address      *addresses;
    size_t               address_n, address; /* the one in use */
    struct handshake   **made;
    size_t               n, cap;
    int64_t              begun;
    int64_t              vain_ns, rtt_ns; /* waited for answers that did not come; what a connection took to open */
    /* one question after the other */
    struct hello_spec    first;     /* the hello that the trial is about */
    struct probe_ask     ask;
    const char          *words;     /* what is changed in it; NULL = nothing */
    enum change          change;
    bool                 classical; /* CHANGE_GROUPS stands for a first hello without X25519MLKEM768 */
    struct tried         tried[CHANGE_COUNT];
    size_t               tried_n;
    struct split_tried   split[SPLIT_DONE]; /* --record-split: what came after the first was answered */
    size_t               split_n;
    struct bytes         request; /* to be sent inside; p NULL = none */
};

/* False: trouble was said (all of these). */
bool read_hello(struct probe_options *o); /* --hello */
bool make_shape(struct probe_options *o, const struct changes *c);
/* `where` is put before what is wrong with it: "", or "targets.txt, line 3: ". */
bool parse_target(const struct probe_options *o, const char *where, const char *s, struct target *t);
/* A host name in its ASCII form (RFC 5891); `out` is the same text where it has none but ASCII. False: it is no name, err says why. */
bool name_to_ascii(const char *name, char *out, size_t size, struct err *err);

/* Where targets come from: operands, of which `-` is standard input and @FILE a file, one target a line. */
struct source;
enum source_says { SOURCE_TARGET, SOURCE_WAIT, SOURCE_END };
struct source   *source_new(struct loop *loop, int n, char **operands);
void             source_free(struct source *s);
bool             source_is_list(int n, char **operands); /* more than one target may come */
/* SOURCE_WAIT: none is there yet, and the loop tells when that may have changed. `where` is for sentences about it. */
enum source_says source_next(struct source *s, char text[TARGET_LINE], const char **where);
bool             source_failed(const struct source *s); /* trouble was said: not all of it could be read */

bool proxy_set_url(struct proxy_options *o, char *value);  /* value: the argument itself; secrets in it are wiped */
bool proxy_set_user(struct proxy_options *o, char *value); /* likewise */
bool proxy_set_auth(struct proxy_options *o, const char *value);
bool proxy_settle(struct proxy_options *o, const char *ca);
void proxy_forget(struct proxy_options *o);
const struct tunnel_way *proxy_for(const struct proxy_options *o, const char *host); /* NULL: go there directly */
enum proxy_auth proxy_next_auth(const struct proxy_options *o, const struct handshake *h, unsigned *tried);

struct hello_spec spec_of(const struct trial *t);
/* What a renderer and the rules need beside what was observed. `client`: whose eyes judge; NULL: nobody's in particular. */
void   finish_attempt(struct trial *t, struct handshake *h, const struct client_match *client, const char *as, const char *changed);
/* Asks; words: what is changed, NULL = nothing. */
void   trial_ask(struct trial *t, const struct probe_ask *ask, const char *words);
struct probe_ask trial_question(const struct trial *t, const struct hello_spec *spec);
/* The first question is answered, or one of those that followed. False: there is more to ask; true: its verdict is told. */
bool   trial_settle(struct trial *t);
/* Did the server pick a key exchange whose keys we cannot compute, though a hello without it may do? */
/* probe_ways.c */
bool   ask_further(struct trial *t);                          /* false: nothing more is to be asked */
bool   take_further(struct trial *t, struct handshake *h);    /* false: h answers no such question */
bool   ask_directly(struct trial *t, struct address *list, size_t n); /* the list is the trial's from now on. False: there is nobody */
void   run_look_up(struct trial *t);                          /* the target's own addresses, for ask_directly */
/* Asks again, one thing changed at a time, until the answer is there. tried[0] is there already; gives how many are now.
 * Waits for each answer; nothing else may be under way. */
size_t ask_again(struct trial *t, const struct hello_spec *spec, struct tried tried[CHANGE_COUNT], size_t n);
/* Its first question; the others follow from the answers. */
void   trial_begin(struct trial *t);
/* The answer to the question that is open. True: it was the last, and the verdict is written (--sweep: can be asked for). */
bool   trial_take(struct trial *t, const struct probe_done *done);
void   count_cause(struct summary *s, const char *code); /* code: of cause_of */
/* What all answers come to, and the attempt that it is about. */
struct handshake *trial_verdict(struct trial *t, struct finding *f);
bool   shape_for_split(struct probe_options *o, const struct changes *c);
/* --record-split: takes an answer, and asks for the next in records cut otherwise. False: all were. */
bool   ask_split(struct trial *t, struct handshake *h);
void   ask_as_all(struct trial *t); /* all profiles against the server, and each judged by what the others got */
void   sweep_target(struct trial *t); /* all that the server accepts */

/* Probes all of them; gives the exit status, or NOT_BEGUN where trouble was said before the first of them. */
enum { NOT_BEGUN = -1 };
int    probe_run(const struct probe_options *o, int n, char **operands);
void   run_flush(struct run *run);  /* what was written so far */
/* The target could not be probed: one sentence, and exit status 2. */
void   run_trouble(const struct trial *t, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* --prom and --nagios: what monitoring systems take. */
struct monitor;
struct monitor *monitor_new(const struct probe_options *o);
void            monitor_free(struct monitor *m);
void            monitor_take(struct monitor *m, const struct trial *t, const struct handshake *h, const struct finding *f);
void            monitor_trouble(struct monitor *m, const struct trial *t, const char *sentence);
/* Writes the file, prints the line; gives the exit status, from that of the run. */
int             monitor_end(struct monitor *m, int status, struct text *out);

#endif
