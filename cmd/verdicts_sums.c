/* verdicts_sums.c - what all the findings came to, and what is remembered of each. */
#include "verdicts_parts.h"

#include "tlswhy/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { IN_FULL = 10 }; /* alike failures told in full */

static void count_cause(struct summary *s, const struct cause *cause, int by)
{
    size_t i = 0;
    while (i < s->causes_n && s->causes[i].code != cause->code) /* rows of one table */
        i++;
    if (i == s->causes_n && (by < 0 || i == ARRAY_LEN(s->causes)))
        return;
    if (i == s->causes_n)
        s->causes[s->causes_n++] = (struct cause_count){ .code = cause->code };
    s->causes[i].n += (uint64_t)by;
    if (s->causes[i].n == 0) {
        memmove(&s->causes[i], &s->causes[i + 1], (s->causes_n - i - 1) * sizeof s->causes[0]);
        s->causes_n--;
    }
}

bool verdict_is_ignored(const struct verdicts *v, const char *cause)
{
    for (size_t i = 0; i < v->o.ignored_n; i++) {
        if (strcmp(v->o.ignored[i], cause) == 0)
            return true;
    }
    return false;
}

/* Which of the sums tells of a handshake that did not succeed? */
static uint64_t *sum_of(struct verdicts *v, const struct finding *f, enum result r)
{
    struct summary *s = &v->sum;
    if (verdict_is_ignored(v, f->cause))
        return &s->ignored;
    if (is_cause(f, "abandoned"))
        return &s->abandoned;
    if (r == RESULT_FAILURE && !is_cause(f, "unknown"))
        return &s->failed;
    return r == RESULT_UNCLEAR ? &s->partial : &s->unknown;
}

static void count(struct verdicts *v, const struct handshake *h, const struct finding *f, const struct cause *cause, enum result r)
{
    struct summary *s = &v->sum;
    if (r == RESULT_NO_TLS) {
        s->other_connections++;
        return;
    }
    s->handshakes++;
    s->decrypted += knows(h, KNOW_DECRYPTED);
    if (r == RESULT_SUCCESS) {
        s->completed++;
        return;
    }
    count_cause(s, cause, 1);
    ++*sum_of(v, f, r);
    s->hidden += r == RESULT_UNCLEAR && !v->o.report.all && !shown_by_default(h, r);
}

void verdict_recount(struct verdicts *v, const struct handshake *h, const struct finding *was, const struct finding *is)
{
    uint32_t            first;
    const struct cause *before = cause_of(was->cause), *now = cause_of(is->cause);
    enum result         r_before = finding_result(h, was), r = finding_result(h, is);
    --*sum_of(v, was, r_before);
    count_cause(&v->sum, before, -1);
    groups_take_back(v->groups, h, before, r_before);
    if (r == RESULT_SUCCESS) {
        v->sum.completed++;
        return;
    }
    count_cause(&v->sum, now, 1);
    ++*sum_of(v, is, r);
    groups_add(v->groups, h, now, r, &first);
}

static const char *short_verdict(const struct finding *f, struct arena *a)
{
    const char *side = blame_name(f->side);
    return arena_printf(a, "%s%s%s, %s", f->cause, side != NULL ? ", " : "", side != NULL ? side : "", sure_name(f->sure));
}

const char *verdict_remark(const struct finding *f, struct arena *a)
{
    return arena_printf(a, "tlswhy: %s: %s", short_verdict(f, a), f->why);
}

/* The remark of the deciding frame says why; that of the first frame sends the reader there. */
static void remember(struct verdicts *v, const struct handshake *h, const struct finding *f)
{
    struct arena *a = &v->remark_text;
    uint64_t      decisive = f->decisive != 0 ? f->decisive : h->last.frame;
    remarks_add(&v->remarks, decisive, verdict_remark(f, a));
    if (h->first.frame != 0 && h->first.frame != decisive)
        remarks_add(&v->remarks, h->first.frame, arena_printf(a, "tlswhy: this handshake fails: %s; see frame %llu", short_verdict(f, a),
                                                              (unsigned long long)decisive));
    streams_add(&v->failed, h->datagram, h->stream);
}

bool verdict_sum_up(struct verdicts *v, const struct handshake *h, struct finding *f)
{
    uint32_t            first = h->stream;
    const struct cause *cause = cause_of(f->cause);
    enum result         r = finding_result(h, f);
    if (v->o.one_stream && h->stream != v->o.stream)
        return false;
    count(v, h, f, cause, r);
    bool failed = r == RESULT_FAILURE || r == RESULT_UNCLEAR;
    if (failed && verdict_is_ignored(v, f->cause))
        return false;
    if (!v->o.report.all && !v->o.one_stream && !shown_by_default(h, r))
        return false;
    if (v->o.remember_failed && r == RESULT_FAILURE)
        remember(v, h, f);
    uint64_t alike = failed ? groups_add(v->groups, h, cause, r, &first) : 0;
    f->repeats = first != h->stream;
    f->repeats_of = first;
    bool in_full = alike <= IN_FULL || !v->o.renderer->folds || v->o.one_stream;
    v->sum.folded += !in_full;
    return in_full;
}

/* The first reason why an input was not whole, kept for the summary. */
static void not_whole(struct verdicts *v, bool when, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void not_whole(struct verdicts *v, bool when, const char *fmt, ...)
{
    va_list ap;
    if (!when || !v->sum.complete)
        return;
    va_start(ap, fmt);
    vsnprintf(v->incomplete, sizeof v->incomplete, fmt, ap);
    va_end(ap);
    v->sum.complete = false;
    v->sum.incomplete = v->incomplete;
}

void verdicts_add_up(struct verdicts *v, const struct capture_facts *capture, const struct flow_facts *flows)
{
    v->sum.packets += capture->packets;
    v->sum.dropped += capture->dropped;
    v->sum.secrets = v->sum.secrets || v->o.secrets || capture->secrets.n != 0;
    v->sum.evicted += flows->evicted;
    v->sum.unknown_link += flows->unknown_link;
    for (size_t i = 0; i < EAP_METHODS; i++)
        v->sum.eap[i] += flows->eap[i];
    not_whole(v, capture->cut_short, "the file ends inside a packet");
    not_whole(v, capture->dropped != 0, "%llu more were dropped while capturing", (unsigned long long)capture->dropped);
    not_whole(v, capture->snapped != 0, "%llu of them cut short by the snap length (%u bytes)", (unsigned long long)capture->snapped,
              capture->snaplen);
    not_whole(v, v->gaps != 0, "bytes missing in %llu connection%s", (unsigned long long)v->gaps, v->gaps == 1 ? "" : "s");
    not_whole(v, flows->evicted != 0, "%llu connections let go for want of memory (--memory)", (unsigned long long)flows->evicted);
    not_whole(v, flows->unknown_link != 0, "%llu on links of unknown type", (unsigned long long)flows->unknown_link);
}
