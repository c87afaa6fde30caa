#include "say.h"

#include "tlswhy/profile.h"

#include <assert.h>
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ITEMS(...) (const char *const[]){ __VA_ARGS__ }
static const struct cause causes[] = {
#define CAUSE(code, category, side, brief, meaning, proof, page, fix, fix_for, settle) \
    { code, category, side, brief, meaning, proof, page, fix, fix_for, settle },
#include "gen/causes.inc"
#undef CAUSE
};

static const struct rule *const families[] = {
#define FAMILY(name) name##_rules,
    RULE_FAMILIES(FAMILY)
#undef FAMILY
    NULL
};

const struct cause *cause_at(size_t i) { return i < ARRAY_LEN(causes) ? &causes[i] : NULL; }

/* Mostly the same few are asked for again and again, by the same texts: they are found by where these stand. */
const struct cause *cause_of(const char *code)
{
    static _Thread_local const struct cause *found[128];
    const struct cause **last = &found[(uintptr_t)code / 4 % ARRAY_LEN(found)];
    if (*last != NULL && ((*last)->code == code || strcmp((*last)->code, code) == 0))
        return *last;
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        if (strcmp(causes[i].code, code) == 0)
            return *last = &causes[i];
    }
    return NULL;
}

const struct rule *rule_at(size_t i)
{
    for (const struct rule *const *family = families; *family != NULL; family++) {
        for (const struct rule *r = *family; r->id != NULL; r++) {
            if (i-- == 0)
                return r;
        }
    }
    return NULL;
}

const char *sure_name(enum sure s) { return s == CERTAIN ? "certain" : s == LIKELY ? "likely" : "possible"; }

const char *blame_name(enum blame b)
{
    static const char *const names[] = { NULL, "client", "server", "path", "proxy" };
    return (size_t)b < ARRAY_LEN(names) ? names[b] : NULL;
}

enum result finding_result(const struct handshake *h, const struct finding *f)
{
    if (is_cause(f, "ok"))
        return RESULT_SUCCESS;
    if (is_cause(f, "capture-incomplete"))
        return RESULT_UNCLEAR;
    if (h->outcome == OUTCOME_NOT_TLS && f->side == BLAME_NONE)
        return RESULT_NO_TLS;
    return RESULT_FAILURE;
}

bool finding_counts(const struct handshake *h, const struct finding *f)
{
    return finding_result(h, f) == RESULT_FAILURE && !is_cause(f, "unknown") && !is_cause(f, "abandoned");
}

/* TLS 1.3 gives data and alerts one look: no more than two of the size of an alert may well be alerts. */
static bool only_alerts_may_be(const struct handshake *h)
{
    enum { ALERT_RECORD = 2 + 1 + 16 };
    const struct side_progress *p = &h->side[SERVER];
    return version_is_13(handshake_version(h)) && !knows(h, KNOW_DECRYPTED) && p->app_records <= 2 &&
           p->app_bytes <= p->app_records * ALERT_RECORD;
}

bool ended_well(const struct handshake *h)
{
    if (only_alerts_may_be(h))
        return false;
    if (h->outcome != OUTCOME_ESTABLISHED || h->side[CLIENT].app_records == 0 || h->side[SERVER].app_records == 0)
        return false;
    for (size_t i = 0; i < h->alert_count; i++) {
        if (!h->alerts[i].encrypted && h->alerts[i].level == 2)
            return false;
    }
    for (const struct handshake *again = h->again; again != NULL; again = again->again) {
        if (again->outcome != OUTCOME_ESTABLISHED)
            return false;
    }
    return true;
}

/* Adds a cause once, and not the finding's own. */
static void also(const char **list, size_t *n, const char *cause, const char *own)
{
    for (size_t i = 0; i < *n; i++) {
        if (strcmp(list[i], cause) == 0)
            return;
    }
    if (*n < FINDING_LIST && strcmp(cause, own) != 0)
        list[(*n)++] = cause;
}

static bool holds(const char *const *list, size_t n, const char *cause)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], cause) == 0)
            return true;
    }
    return false;
}

/* Are bytes missing from the stream of a side that carried any? */
static bool has_holes(const struct handshake *h, enum side side)
{
    unsigned whole = side == CLIENT ? KNOW_WHOLE_CLIENT : KNOW_WHOLE_SERVER;
    return !knows(h, whole) && (h->tcp.bytes[side] != 0 || h->tcp.missing[side] != 0);
}

static void lower_for_holes(const struct handshake *h, struct finding *f)
{
    if (f->sure != CERTAIN || h->datagram)
        return;
    for (size_t i = 0; i < f->evidence_n; i++) {
        const struct evidence *e = &f->evidence[i];
        if (e->from < 0 || e->stream != h->stream || !has_holes(h, (enum side)e->from))
            continue;
        f->sure = LIKELY;
        f->because = e->from == CLIENT ? "some of the client's bytes are missing from the capture"
                                       : "some of the server's bytes are missing from the capture";
        return;
    }
}

/* What a frame holds that no line of the evidence has told: an alert, the close, or else its last message. */
static void cite_frame(const struct case_file *c, struct finding *f, uint64_t frame)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    for (size_t i = 0; i < h->alert_count; i++) {
        if (h->alerts[i].where.frame == frame) {
            cite_alert(c, f, &h->alerts[i]);
            return;
        }
    }
    if (h->close.how != CLOSE_NONE && h->close.where.frame == frame) {
        cite_close(c, f);
        return;
    }
    for (size_t i = h->message_count; i-- > 0;) {
        if (h->messages[i].where.frame == frame) {
            const char *label = arena_str(c->arena, handshake_type_name(h->messages[i].type, name));
            cite(f, h, frame, (int)h->messages[i].from, "message", label, "");
            return;
        }
    }
    cite(f, h, frame, -1, "frame", "frame", "the one that decides");
}

/* The frame that decides stands in the evidence even where the rule only named it. */
static void cite_decisive(const struct case_file *c, struct finding *f)
{
    if (f->decisive == 0 && f->evidence_n != 0)
        f->decisive = f->evidence[f->evidence_n - 1].frame;
    for (size_t i = 0; i < f->evidence_n; i++) {
        if (f->evidence[i].frame == f->decisive)
            return;
    }
    if (f->evidence_n == FINDING_LIST)
        f->evidence_n--;
    if (f->decisive != 0)
        cite_frame(c, f, f->decisive);
}

/* Does this item of a page name the side that is to act first? "Client: ...", "Client without SNI: ..." */
static bool names_actor(const char *item, enum blame side)
{
    const char *actor = side == BLAME_PATH ? "network" : blame_name(side);
    return actor != NULL && strncasecmp(item, actor, strlen(actor)) == 0;
}

/* Is the client one of these? `patterns`: profile ids, "*" allowed, with blanks between them. */
static bool is_for(const char *patterns, const struct client_match *client)
{
    char one[64];
    for (int used = 0; client != NULL && sscanf(patterns, "%63s%n", one, &used) == 1; patterns += used) {
        for (size_t i = 0; i < client->n; i++) {
            if (fnmatch(one, client->profiles[i]->id, 0) == 0)
                return true;
        }
    }
    return false;
}

/* In which order do the items of a page help? What is for the client that was recognised, for the side that is to
 * blame, the rest. What is for other clients only where there is nothing better for this one. */
enum { FIRST, BLAMED, OTHERS, NOT_THIS };
static int rank_of(const struct cause *c, size_t i, enum blame side, const struct client_match *client, bool better)
{
    bool special = c->fix_for[i][0] != '\0';
    return special && is_for(c->fix_for[i], client) ? FIRST
           : special && better                      ? NOT_THIS
           : names_actor(c->fix[i], side)           ? BLAMED
                                                    : OTHERS;
}

static void add_fixes(struct finding *f, const struct cause *c, const struct client_match *client)
{
    bool better = false;
    for (size_t i = 0; c->fix[i] != NULL; i++)
        better = better || (c->fix_for[i][0] != '\0' ? is_for(c->fix_for[i], client) : names_actor(c->fix[i], BLAME_CLIENT));
    for (int rank = FIRST; rank < NOT_THIS; rank++) {
        for (size_t i = 0; c->fix[i] != NULL && f->fix_n < FINDING_LIST; i++) {
            if (rank_of(c, i, f->side, client, better) == rank)
                f->fix[f->fix_n++] = c->fix[i];
        }
    }
}

/* The side that the rule left open, where the list names one only. */
static void fill_side(const struct cause *c, struct finding *f)
{
    for (enum blame b = BLAME_CLIENT; f->side == BLAME_NONE && b <= BLAME_PROXY; b++) {
        if (strcmp(c->side, blame_name(b)) == 0)
            f->side = b;
    }
}

/* What else the rule left open: the words, fix and settle of the page. */
static void fill_from_page(const struct handshake *h, const struct cause *c, struct finding *f)
{
    if (f->why == NULL)
        f->why = c->meaning;
    bool given = f->settle_n != 0;
    if (f->fix_n == 0)
        add_fixes(f, c, recognised(h));
    for (size_t i = 0; f->settle_n < FINDING_LIST && c->settle[i] != NULL && !given; i++)
        f->settle[f->settle_n++] = c->settle[i];
}

void finding_complete(const struct case_file *c, struct finding *f)
{
    const struct cause *cause = cause_of(f->cause);
    assert(cause != NULL); /* a rule's cause is a row of causes.tsv */
    fill_side(cause, f);
    if (c->brief)
        return;
    cite_decisive(c, f);
    fill_from_page(c->h, cause, f);
}

static void plainly(const struct case_file *c, struct finding *f, const char *cause, enum sure sure, const char *why)
{
    *f = (struct finding){ .rule = cause, .cause = cause, .sure = sure, .why = why };
    cite_story(c, f);
    if (f->evidence_n == 0)
        cite(f, c->h, c->h->first.frame, -1, "first", "first frame", "");
}

/* Does the capture lack what any verdict would need: one direction, or the start of the connection? */
static bool start_or_side_missing(const struct handshake *h)
{
    if (h->datagram || h->outcome == OUTCOME_NOT_OPENED)
        return false;
    bool hello = knows(h, KNOW_CLIENT_HELLO) || h->prelude.kind != PRELUDE_NONE;
    return !knows(h, KNOW_BOTH_SIDES) || (!hello && (!knows(h, KNOW_OPEN) || h->tcp.snapped));
}

/* What is missing, for people. */
static const char *what_is_missing(const struct case_file *c)
{
    const struct handshake *h = c->h;
    if (h->tcp.snapped)
        return WORDS(c, "The capture kept only the first %u bytes of each packet (snap length), so the handshake cannot be "
                                      "read. Capture again with whole packets (tcpdump -s 0).", h->tcp.snaplen);
    if (!knows(h, KNOW_BOTH_SIDES) && !h->datagram)
        return "Only one direction of this connection was captured, so it cannot be told how the handshake ended.";
    if (!knows(h, KNOW_CLIENT_HELLO) && !knows(h, KNOW_CLIENT_HELLO_PART) && !knows(h, KNOW_OPEN))
        return "The connection was already open when the capture began, so its handshake is not in it.";
    if (has_holes(h, CLIENT) || has_holes(h, SERVER))
        return arena_printf(c->arena, "%llu bytes of this connection are missing from the capture.",
                            (unsigned long long)(h->tcp.missing[CLIENT] + h->tcp.missing[SERVER]));
    return h->probed != NULL ? "What the server sent could not be made sense of." : "The capture ends in the middle of this handshake.";
}

/* No cause, but how far it came and how it ended is known. */
static const char *what_is_left(const struct case_file *c)
{
    static const char *const where[] = { [STAGE_NONE] = "before a ClientHello", [STAGE_HELLO] = "in answer to the ClientHello",
                                         [STAGE_RETRY] = "after the server's HelloRetryRequest", [STAGE_ANSWER] = "after the ServerHello",
                                         [STAGE_FLIGHT] = "after the server's certificate", [STAGE_REPLY] = "after the client's keys" };
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    if (e->how == END_NONE || stage >= ARRAY_LEN(where) || where[stage] == NULL)
        return "The handshake failed, and what was seen fits no cause that tlswhy knows.";
    char *why = arena_printf(c->arena, "%s %s. That fits no cause that tlswhy knows.", ending_words(c, e), where[stage]);
    why[0] = (char)toupper((unsigned char)why[0]);
    return why;
}

/* No word of the client, and of the server at most its complaint about that. */
static bool is_mute(const struct handshake *h)
{
    return h->tcp.bytes[CLIENT] + h->tcp.missing[CLIENT] == 0 &&
           (h->tls_seen[SERVER] || h->tcp.bytes[SERVER] + h->tcp.missing[SERVER] == 0);
}

static void nothing_fits(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    if (probed_sound(c, f))
        return;
    if (h->outcome == OUTCOME_ESTABLISHED)
        plainly(c, f, "ok", ended_well(h) ? CERTAIN : LIKELY, "The handshake completed.");
    else if (h->outcome == OUTCOME_NOT_TLS)
        plainly(c, f, "not-tls", CERTAIN, is_mute(h) ? "The client said nothing on this connection: a health check, a port scan, or one that was opened and not needed."
                                                     : "This connection speaks something other than TLS, and nothing shows that TLS was due.");
    else if (start_or_side_missing(h))
        plainly(c, f, "capture-incomplete", CERTAIN, what_is_missing(c));
    else if (h->outcome == OUTCOME_INCOMPLETE || has_holes(h, CLIENT) || has_holes(h, SERVER))
        plainly(c, f, "capture-incomplete", LIKELY, what_is_missing(c));
    else
        plainly(c, f, "unknown", POSSIBLE, what_is_left(c));
}

static bool beats(const struct finding *a, const struct finding *b)
{
    return a->sure != b->sure ? a->sure > b->sure : a->weight > b->weight;
}

/* What the rules found so far: the best of it, and every cause that was named. */
struct candidates {
    bool           any;
    struct finding *best;
    struct finding blank; /* for the next rule: zeroing one for each of them costs more than asking */
    const char    *causes[FINDING_LIST];
    size_t         n;
};

/* Has a rule that said no left its finding as it was? Lists end with their number. */
static bool untouched(const struct finding *f)
{
    return f->side == BLAME_NONE && f->sure == 0 && f->because == NULL && f->why == NULL && f->decisive == 0 && f->weight == 0 &&
           f->evidence_n + f->alternatives_n + f->ruled_out_n + f->fix_n + f->settle_n == 0;
}

static void consider(const struct case_file *c, struct finding *f, struct candidates *found)
{
    const struct handshake *h = c->h;
    bool cut = h->outcome == OUTCOME_INCOMPLETE || (h->outcome != OUTCOME_ESTABLISHED && start_or_side_missing(h));
    lower_for_holes(h, f);
    /* A cut capture proves little: only a finding that stands in spite of the cut is worth saying. */
    if (cut && f->sure != CERTAIN)
        return;
    also(found->causes, &found->n, f->cause, "");
    if (!found->any || beats(f, found->best))
        *found->best = *f;
    found->any = true;
}

static void ask(const struct rule *rule, const struct case_file *c, struct candidates *found)
{
    struct finding *f = &found->blank;
    f->rule = rule->id;
    f->cause = rule->cause;
    bool says_so = rule->look(c, f);
    if (says_so)
        consider(c, f, found);
    if (says_so || !untouched(f))
        *f = (struct finding){ 0 };
}

static unsigned what_it_shows(const struct handshake *h, const struct course *went)
{
    const struct ending *e = &went->end;
    bool plain = h->plain[CLIENT].start.p != NULL || h->plain[SERVER].start.p != NULL || h->prelude.kind != PRELUDE_NONE;
    bool probe = h->probed != NULL || h->way != NULL || h->inside != NULL || h->stopped_by_us || h->timed_out;
    return (h->known & (SHOWS_UNANSWERED - 1u)) |
           (went->stage == STAGE_HELLO || went->stage == STAGE_RETRY ? SHOWS_UNANSWERED : 0u) |
           (version_is_13(handshake_version(h)) ? SHOWS_TLS13 : 0u) |
           (h->outcome == OUTCOME_ESTABLISHED ? SHOWS_FINISHED : 0u) |
           (h->outcome == OUTCOME_NOT_OPENED ? SHOWS_NOT_OPENED : 0u) |
           (e->how == END_NONE ? 0u : e->by == CLIENT ? SHOWS_BY_CLIENT : SHOWS_BY_SERVER) |
           (e->number != ALERT_NONE ? SHOWS_ALERT : 0u) |
           (ended_silently(e) ? SHOWS_SILENT_END : 0u) |
           (went->refusal.when != REFUSED_NOT ? SHOWS_REFUSAL : 0u) |
           (went->fault != NULL ? SHOWS_FAULT : 0u) |
           (plain ? SHOWS_PLAIN : 0u) |
           (h->prelude.kind == PRELUDE_CONNECT || h->prelude.kind == PRELUDE_SOCKS ? SHOWS_TUNNEL : 0u) |
           (h->refused || h->unreachable ? SHOWS_NO_WAY : 0u) |
           (h->datagram ? SHOWS_DATAGRAMS : 0u) |
           (probe ? SHOWS_PROBE : 0u);
}

static void learn_course(struct case_file *c, struct course *went)
{
    course_of(c->h, went);
    c->went = went;
    c->shows = what_it_shows(c->h, went);
}

static bool is_due(const struct rule *rule, unsigned shows) { return (rule->needs & ~shows) == 0; }

/* From this row of a family on, the first rule that is due; NULL: none. The row that ends a family needs nothing. */
static const struct rule *next_due(const struct rule *rule, unsigned shows)
{
    while (!is_due(rule, shows))
        rule++;
    return rule->id != NULL ? rule : NULL;
}

static void ask_all(const struct case_file *c, struct candidates *found)
{
    for (const struct rule *const *family = families; *family != NULL; family++) {
        for (const struct rule *rule = next_due(*family, c->shows); rule != NULL; rule = next_due(rule + 1, c->shows))
            ask(rule, c, found);
    }
}

static void explain(struct case_file *c, struct finding *out)
{
    struct course     went;
    struct candidates found = { .best = out };
    learn_course(c, &went);
    if (!ended_well(c->h))
        ask_all(c, &found);
    if (!found.any)
        nothing_fits(c, out);
    for (size_t i = 0; i < found.n; i++) {
        if (!holds(out->ruled_out, out->ruled_out_n, found.causes[i]))
            also(out->alternatives, &out->alternatives_n, found.causes[i], out->cause);
    }
    finding_complete(c, out);
}

bool rule_says(const struct rule *rule, const struct handshake *h, const struct peers *others, struct arena *a, bool *due)
{
    struct case_file c = { .h = h, .others = others, .arena = a };
    struct course    went;
    struct finding   f = { .rule = rule->id, .cause = rule->cause };
    learn_course(&c, &went);
    *due = is_due(rule, c.shows);
    return rule->look(&c, &f);
}

void why_explain(const struct handshake *h, const struct peers *others, struct arena *a, struct finding *out)
{
    explain(&(struct case_file){ .h = h, .others = others, .arena = a }, out);
}

void why_cause(const struct handshake *h, const struct peers *others, struct arena *a, struct finding *out)
{
    bool whole = h->datagram || (!has_holes(h, CLIENT) && !has_holes(h, SERVER)); /* else what a finding cites counts */
    explain(&(struct case_file){ .h = h, .others = others, .arena = a, .brief = whole }, out);
}
