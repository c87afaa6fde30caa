/* asked.h - the recording of a probe read again: what each connection was made for, from the marks behind its packets, so that
 * the verdict is the one that the probe gave.
 *
 *     asked_new(marks)                      NULL: no recording of a probe
 *     asked_about(a, h)                     h becomes an attempt of a probe (h->probed), judged as the probe did
 *     trials_of(h, n, out)                  handshakes of the input in the order of their trials: targets asked one after another
 *     trial_plan(trial, tried, &n)          the trial as a question to the planner */
#ifndef TLSWHY_ASKED_H
#define TLSWHY_ASKED_H

#include "tlswhy/plan.h"
#include "tlswhy/marks.h"
#include "tlswhy/profile.h"

struct asked; /* all connections that the marks tell of */
struct asked      *asked_new(struct bytes marks); /* the marks are borrowed */
void               asked_free(struct asked *a);
/* Sets h->probed (its texts escaped, in the arena), h->client and h->capture_left. NULL: no connection of the probe. */
const struct mark *asked_about(const struct asked *a, struct handshake *h);

/* Of one that it tells of: was the hello the one that current clients send? */
bool               asked_modern(const struct asked *a, const struct handshake *h);

/* Attempts at one target, in order. */
struct trial_attempts {
    struct handshake *const *h;
    size_t                   n;
};
/* Brings the attempts of each trial together, those of the trial that began first, first. `at` walks: 0 at first. */
void trials_order(struct handshake **h, size_t n);
bool trials_next(struct handshake *const *h, size_t n, size_t *at, struct trial_attempts *out);
/* The verdict is about this attempt, and the first one was refused. */
void attempt_unsteady(struct handshake *h);
bool picked_hybrid(const struct handshake *h); /* the server took X25519MLKEM768, and so its certificate was not read */
void attempt_hybrid_only(struct handshake *h); /* and without the hybrid group it was refused */
/* What the planner is asked, as the probe asked it: *n of `tried`, of which tried[0] is what the trial is about. False: many
 * questions were asked at once, and each attempt stands for itself. */
bool trial_plan(const struct trial_attempts *t, struct tried tried[CHANGE_COUNT], size_t *n);

#endif
