/* The stapled OCSP answer: what it says, whether it may say so, and whether it is of today. */
#include "judge.h"

#include <string.h>

/* Clients allow some minutes of skew. Without nextUpdate, ten days are more than any of them allows. */
enum { SKEW = 300, MAX_AGE = 10 * 86400 };

static const struct cert *issuer_of_leaf(const struct judge *j)
{
    return j->path.n > 1 ? path_cert(j, 1) : j->path.end == END_SELF_SIGNED ? path_cert(j, 0) : NULL;
}

static void revoked(struct judge *j, const struct ocsp *o, enum sig_check by)
{
    static const char *const reasons[] = { "unspecified", "key compromise", "CA compromise",
                                           "affiliation changed", "superseded", "cessation of operation",
                                           "certificate hold" };
    char                     date[40] = "an unreadable date";
    bool                     given = o->reason >= 0 && o->reason < (int)ARRAY_LEN(reasons);
    if (o->revoked_at.ok)
        time_rfc3339_s(date, o->revoked_at.s);
    problem_add(j, "revoked", 0, "the stapled OCSP answer says that %s was revoked at %s (%s)%s",
                who(j, path_cert(j, 0)), date, given ? reasons[o->reason] : "no reason given",
                by == SIG_GOOD ? "" : "; its signature could not be checked");
}

static void stale(struct judge *j, const struct ocsp *o)
{
    char date[40];
    int64_t now = j->q->time;
    if (o->this_update.ok && now + SKEW < o->this_update.s) {
        time_rfc3339_s(date, o->this_update.s);
        problem_add(j, "ocsp_bad", 0, "the stapled OCSP answer is from %s, after the moment in question",
                    date);
    } else if (o->next_update.ok && now > o->next_update.s + SKEW) {
        time_rfc3339_s(date, o->next_update.s);
        problem_add(j, "ocsp_bad", 0, "the stapled OCSP answer was good until %s only", date);
    } else if (!o->next_update.ok && o->this_update.ok && now > o->this_update.s + MAX_AGE) {
        time_rfc3339_s(date, o->this_update.s);
        problem_add_as(j, "ocsp_bad", SEV_WARNING, 0,
                       "the stapled OCSP answer is from %s and names no time for the next", date);
    }
}

void check_status(struct judge *j)
{
    static const char *const failures[] = { "", "malformedRequest", "internalError", "tryLater", "status 4",
                                            "sigRequired", "unauthorized" };
    const struct cert       *leaf = path_cert(j, 0), *issuer = issuer_of_leaf(j);
    struct ocsp              o;
    if (j->q->staple.p == NULL || j->q->staple.n == 0)
        return;
    ocsp_read(j->a, j->q->staple, leaf, &o);
    /* Clients take a staple without an answer for no staple, unless the certificate demands one. */
    enum severity lack = leaf->must_staple ? SEV_ERROR : SEV_WARNING;
    if (o.response_status > 0) {
        problem_add_as(j, "ocsp_bad", lack, 0, "the stapled OCSP answer is the failure \"%s\"",
                       o.response_status < (int)ARRAY_LEN(failures) ? failures[o.response_status]
                       : "unknown");
        return;
    }
    if (!o.readable) {
        problem_add(j, "ocsp_bad", 0, "the stapled OCSP answer does not decode");
        return;
    }
    if (!o.about_this) {
        problem_add(j, "ocsp_bad", 0, "the stapled OCSP answer is about another certificate");
        return;
    }
    enum sig_check by = issuer != NULL ? ocsp_signed_by(j->q->store, &o, issuer) : SIG_UNSUPPORTED;
    if (by == SIG_BAD)
        problem_add(j, "ocsp_bad", 0,
                    "the stapled OCSP answer is not signed by the CA of %s, nor by a responder it made",
                    who(j, leaf));
    else if (o.status == OCSP_REVOKED)
        revoked(j, &o, by);
    else if (o.status == OCSP_UNKNOWN)
        problem_add_as(j, "ocsp_bad", lack, 0,
                       "the stapled OCSP answer says that the responder does not know %s", who(j, leaf));
    else
        stale(j, &o);
}
