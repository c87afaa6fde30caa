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
#include "tlswhy/unopened.h"
#include "streams.h"
#include "tlswhy/report.h"

enum { IGNORED_MAX = 64 };

struct verdict_options {
    const struct renderer *renderer;
    struct report_options  report;
    const char *ca;                    /* NULL: the system's anchors */
    const struct client_match *client; /* judge as this one; NULL: as the hello says */
    const char *html;                  /* where a page of it all goes, "-" = standard output; NULL = none */
    const char *certs_dir;             /* NULL: certificates are not written */
    const char *ignored[IGNORED_MAX];  /* causes accepted here */
    size_t      ignored_n;
    bool        at_given, one_stream, name_files, remember_failed;
    bool        secrets;               /* a key log was given */
    int64_t     at_ns;
    uint32_t    stream;
    size_t      memory;                /* bytes of handshakes held */
    size_t      memory_of_all;         /* of all that this thread holds; 0 = not known */
};

struct verdicts;

/* Watching live: before verdicts_begin. A failure is told a moment after its connection ended, which is when the client's
 * next try has mostly come, and told again, as a correction, where a neighbour changes it within a minute. Neighbours and
 * names are forgotten after 10 to 20 minutes, certificates when they fill a quarter of the memory. `decided` (or NULL)
 * hears of every handshake once it is known what became of it: `failed` is NULL where it did not fail. */
typedef void verdict_decided(void *ctx, const struct handshake *h, const struct finding *failed);
void               verdicts_live(struct verdicts *v, verdict_decided *decided, void *ctx);
/* Time has passed: `steady_ns` on the monotonic clock, `now_ns` on that of the packets. */
void               verdicts_tick(struct verdicts *v, int64_t steady_ns, int64_t now_ns);
void               verdicts_dropped(struct verdicts *v, int64_t now_ns); /* the kernel dropped packets, up to now */
void               verdicts_learn_dns(struct verdicts *v, const uint8_t *message, size_t n);
/* Is it time to empty the certificate store? Only with no connection open that holds one (observer_no_patience). */
bool               verdicts_store_full(const struct verdicts *v);
void               verdicts_store_renew(struct verdicts *v);

/* NULL: trouble was said. */
struct verdicts   *verdicts_new(const struct verdict_options *o);
struct cert_store *verdicts_store(struct verdicts *v);
struct hosts      *verdicts_hosts(struct verdicts *v); /* of this input: names for servers of hellos that have none */
void               verdicts_begin(struct verdicts *v, const char *file);
void               verdicts_take(struct verdicts *v, struct handshake *h);
void               verdicts_take_unopened(struct verdicts *v, const struct unopened *u);
/* Of a connection on which nobody said a word, where these are not shown. */
bool               verdicts_counts_silent(const struct verdicts *v);
void               verdicts_take_silent(struct verdicts *v, int64_t end_ns);
void               verdicts_end(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows);
/* What a rule needs beside what was observed: looks up the client and the server's name, judges the server's chain for the
 * moment, the name and the client, and checks the key exchange. For those who keep handshakes themselves. */
void               verdicts_judge(struct verdicts *v, struct handshake *h);
/* The failed connections of the input that was ended last, and what is to be said on their first and their deciding frames, in
 * order (with remember_failed). Valid until the next verdicts_begin. */
const struct stream_set *verdicts_failed(const struct verdicts *v);
struct remarks    *verdicts_remarks(struct verdicts *v);
/* The sums so far, written as such. */
void               verdicts_interim(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows);
const struct summary *verdicts_sums(const struct verdicts *v);
/* The comment on the frame that decides. */
const char        *verdict_remark(const struct finding *f, struct arena *a);
void               verdicts_discard(struct verdicts *v); /* as if it had never been */
int                verdicts_close(struct verdicts *v);

#endif
