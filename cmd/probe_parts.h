/* probe_parts.h - the rooms of `tlswhy probe`: options, the hello's shape, targets, the trial of one target, every client. */
#ifndef TLSWHY_PROBE_PARTS_H
#define TLSWHY_PROBE_PARTS_H

#include "tlswhy/cmd.h"
#include "tlswhy/plan.h"
#include "tlswhy/probe.h"
#include "tlswhy/report.h"
#include "judge.h"
#include "lists.h"
#include "pick_profile.h"

struct probe_options {
    struct report_options  report;
    const struct renderer *renderer;
    struct arena           arena;  /* what an option's value was made into */
    struct profile         shape;
    const char            *as, *ca, *sni, *expect, *hello_file;
    struct client_match    client;
    struct bytes           raw;
    const struct dialog   *starttls;
    bool                   starttls_given;
    bool                   no_sni, clients, at_given, tls_given, shaped; /* shaped: options changed the hello */
    uint16_t               tls_low, tls_high;
    int64_t                at_ns, timeout_ns;
    int                    family;
};

/* What the run holds beside the options. */
struct run {
    const struct probe_options *o;
    struct cert_store          *store;
    struct anchors              anchors;
    bool                        anchors_there;
    struct text                 out;
    bool                        failed, trouble; /* a failure was found; a target could not be probed */
    bool                        expected;        /* every answer was the one expected */
};

/* What is wanted beside the profile waits until the profile is known: --as may come last. */
struct changes {
    const char *ciphers, *groups, *sigalgs, *alpn;
};

struct target {
    char     text[300]; /* as shown: HOST:PORT */
    char     host[256];
    uint16_t port;
    bool     is_ip;
    const struct dialog *starttls; /* NULL = none */
};

enum { ATTEMPTS_MAX = 512, AT_ONCE = 8 };

/* All attempts at one target. */
struct trial {
    struct run          *run;
    const struct target *target;
    struct prober       *prober;
    struct peers        *peers;
    struct arena         arena;
    struct address      *addresses;
    size_t               address_n, address; /* the one in use */
    struct handshake    *made[ATTEMPTS_MAX];
    size_t               n;
};

/* False: trouble was said (all of these). */
bool read_hello(struct probe_options *o); /* --hello */
bool make_shape(struct probe_options *o, const struct changes *c);
bool parse_target(const struct probe_options *o, const char *s, struct target *t);

struct hello_spec spec_of(const struct trial *t);
/* What a renderer and the rules need beside what was observed. `client`: whose eyes judge; NULL: nobody's in particular. */
void   finish_attempt(struct trial *t, struct handshake *h, const struct client_match *client, const char *as, const char *changed);
/* Asks again, one thing changed at a time, until the answer is there. tried[0] is there already; gives how many are now. */
size_t ask_again(struct trial *t, const struct hello_spec *spec, struct tried tried[CHANGE_COUNT], size_t n);
void   ask_once(struct trial *t);   /* one connection, and more where that tells why */
void   ask_as_all(struct trial *t); /* all profiles against the server, and each judged by what the others got */

#endif
