/* verdicts.h - handshakes in, verdicts out: what `read` and `watch` share behind the observer.
 *
 *     verdicts_begin(v, "a.pcap")     an input: neighbours and stream numbers start anew
 *     verdicts_take(v, h)             each handshake, good or bad, now owned by v
 *     verdicts_end(v, &facts)         all that was held is judged, explained and written, in stream order
 *     verdicts_close(v)               the sums; gives the exit status
 *
 * A failed handshake is held until its neighbours are known, a good one leaves a fact behind and is freed, but
 * with --all. Where held ones fill `memory` they are judged by the neighbours known so far, and written. */
#ifndef TLSWHY_VERDICTS_H
#define TLSWHY_VERDICTS_H

#include "tlswhy/capture.h"
#include "tlswhy/cmd.h"
#include "tlswhy/flows.h"
#include "tlswhy/hosts.h"
#include "tlswhy/profile.h"
#include "streams.h"
#include "tlswhy/report.h"

enum { IGNORED_MAX = 64 };

struct verdict_options {
    const struct renderer *renderer;
    struct report_options  report;
    const char *ca;                    /* NULL: the system's anchors */
    const struct client_match *client; /* judge as this one; NULL: as the hello says */
    const char *certs_dir;             /* NULL: certificates are not written */
    const char *ignored[IGNORED_MAX];  /* causes accepted here */
    size_t      ignored_n;
    bool        at_given, one_stream, name_files, remember_failed;
    bool        secrets;               /* a key log was given */
    int64_t     at_ns;
    uint32_t    stream;
    size_t      memory;                /* bytes of handshakes held */
};

struct verdicts;

/* NULL: trouble was said. */
struct verdicts   *verdicts_new(const struct verdict_options *o);
struct cert_store *verdicts_store(struct verdicts *v);
struct hosts      *verdicts_hosts(struct verdicts *v); /* of this input: names for servers of hellos that have none */
void               verdicts_begin(struct verdicts *v, const char *file);
void               verdicts_take(struct verdicts *v, struct handshake *h);
void               verdicts_end(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows);
/* What a rule needs beside what was observed: looks up the client and the server's name, judges the server's chain for the
 * moment, the name and the client, and checks the key exchange. For those who keep handshakes themselves. */
void               verdicts_judge(struct verdicts *v, struct handshake *h);
/* The failed connections of the input that was ended last, and what is to be said on their first and their deciding frames, in
 * order (with remember_failed). Valid until the next verdicts_begin. */
const struct stream_set *verdicts_failed(const struct verdicts *v);
struct remarks    *verdicts_remarks(struct verdicts *v);
int                verdicts_close(struct verdicts *v);

#endif
