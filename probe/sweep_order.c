/* sweep_order.c - whose order decides among the suites of a version, and which order that is.
 *
 * Lists are offered with what servers like best at the end. A pick that is not the first of ours that the server accepts
 * goes by an order of its own. Each hunt's picks are in that order; where a version's list was cut, the hunts' orders are
 * put one behind the other as guessed, and each seam is tried with the two suites on its sides. Where a seam does not
 * hold, the runs are merged: their heads are offered together, again and again. */
#include "sweep_parts.h"

#include <stdlib.h>
#include <string.h>

static struct sweep_list *suites_of(struct sweep *s, size_t version) { return &s->facts.version[version].suites; }

static bool is_part_of(const struct sweep *s, uint16_t part, uint16_t whole)
{
    for (size_t steps = 0; part != NONE && steps < HUNTS_MAX; steps++) {
        if (part == whole)
            return true;
        part = s->hunt[part].parent;
    }
    return false;
}

/* All that was found, hunt by hunt in the guessed order. */
static void make_guess(struct sweep *s, size_t version)
{
    struct order *o = &s->order[version];
    o->n = 0;
    for (uint16_t h = s->first_hunt[version]; h != NONE; h = s->hunt[h].next) {
        for (size_t i = 0; i < s->hunt[h].found_n && o->n < SWEEP_LIST; i++) {
            o->of[o->n] = h;
            o->guess[o->n++] = s->hunt[h].found[i];
        }
    }
}

/* What is said of guess[i - 1] before guess[i]; NULL: nothing needs to be said, one hunt had both. In a full table what is new
 * counts as wrong: it costs questions, not truth. */
static struct seam *seam_at(struct sweep *s, size_t version, size_t i)
{
    struct order *o = &s->order[version];
    if (is_part_of(s, o->of[i], o->of[i - 1]))
        return NULL;
    for (size_t k = 0; k < o->seams; k++)
        if (o->seam[k].better == o->guess[i - 1] && o->seam[k].worse == o->guess[i])
            return &o->seam[k];
    if (o->seams == SWEEP_LIST)
        o->seams--;
    o->seam[o->seams] = (struct seam){ o->guess[i - 1], o->guess[i], SEAM_OPEN };
    return &o->seam[o->seams++];
}

/* Will nothing come between guess[i - 1] and guess[i]? */
static bool seam_is_final(const struct sweep *s, size_t version, size_t i)
{
    const struct order *o = &s->order[version];
    for (uint16_t h = o->of[i - 1]; h != NONE && h != o->of[i]; h = s->hunt[h].next)
        if (s->hunt[h].state != HUNT_OVER)
            return false;
    return true;
}

/* Each pick against what of its list the server would have taken as well. */
static enum preference by_picks(const struct sweep *s, size_t version)
{
    const struct order *o = &s->order[version];
    size_t              with = 0, against = 0;
    for (size_t i = 0; i < o->n; i++) {
        bool others = false, first = true;
        for (size_t k = i + 1; k < o->n; k++) {
            if (!is_part_of(s, o->of[k], o->of[i]))
                continue;
            others = true;
            first = first && order_weakest_first(&o->guess[i], &o->guess[k]) < 0;
        }
        with += others && first;
        against += others && !first;
    }
    return against > 0 ? PREFERENCE_SERVER : with > 0 ? PREFERENCE_CLIENT : PREFERENCE_UNKNOWN;
}

static void over(struct sweep *s, size_t version, enum preference p)
{
    struct sweep_list *list = suites_of(s, version);
    struct order      *o = &s->order[version];
    o->state = ORDER_OVER;
    list->preference = p;
    if (p == PREFERENCE_SERVER) {
        memcpy(list->v, o->sorted_n > 0 ? o->sorted : o->guess, o->n * sizeof o->guess[0]);
        list->n = o->n;
    } else {
        qsort(list->v, list->n, sizeof list->v[0], order_by_number);
    }
}

static void check_seams(struct sweep *s, size_t version)
{
    struct order *o = &s->order[version];
    bool          open = false, wrong[SWEEP_LIST] = { false }, any = false;
    for (size_t i = 1; i < o->n; i++) {
        const struct seam *seam = seam_at(s, version, i);
        open = open || (seam != NULL && (seam->state == SEAM_OPEN || seam->state == SEAM_ASKED));
        wrong[i] = seam != NULL && seam->state == SEAM_WRONG;
        any = any || wrong[i];
    }
    o->state = ORDER_SEAMS;
    if (open)
        return;
    if (!any) {
        over(s, version, PREFERENCE_SERVER);
        return;
    }
    o->state = ORDER_HEADS;
    for (size_t i = 0; i < o->n; i++) {
        if (i != 0 && (!wrong[i] || o->heads == HUNTS_MAX))
            continue;
        if (o->heads > 0)
            o->stop[o->heads - 1] = i;
        o->head[o->heads++] = i;
    }
    o->stop[o->heads - 1] = o->n;
}

void order_begin(struct sweep *s, size_t version)
{
    struct order *o = &s->order[version];
    make_guess(s, version);
    if (o->n < 2 || sweep_versions[version] == 0x0002) {
        over(s, version, PREFERENCE_UNKNOWN);
        return;
    }
    enum preference p = by_picks(s, version);
    if (p == PREFERENCE_SERVER)
        check_seams(s, version);
    else if (p == PREFERENCE_CLIENT)
        o->state = ORDER_REVERSED;
    else
        over(s, version, p);
}

/* ------------------------------------------------------------------------------------ questions */

static bool ask(struct sweep *s, size_t version, enum sweep_topic topic, size_t n, size_t about, struct sweep_ask *out)
{
    struct order *o = &s->order[version];
    uint32_t     *list = ARENA_NEW_N(&s->arena, n, uint32_t);
    memcpy(list, o->offer, n * sizeof list[0]);
    *out = (struct sweep_ask){ .topic = topic, .version = sweep_versions[version], .list = { list, n }, .about = about };
    return true;
}

/* Lists that are still asked about. */
static size_t live_hunts(const struct sweep *s, size_t version)
{
    size_t n = 0;
    for (uint16_t h = s->first_hunt[version]; h != NONE; h = s->hunt[h].next)
        n += s->hunt[h].state != HUNT_OVER;
    return n;
}

static bool ask_seam(struct sweep *s, size_t version, struct sweep_ask *out)
{
    enum { NEARLY_OVER = 2 }; /* most likely they are just waiting for a refusal */
    struct order *o = &s->order[version];
    bool          all = live_hunts(s, version) <= NEARLY_OVER;
    for (size_t i = 1; i < o->n; i++) {
        struct seam *seam = all || seam_is_final(s, version, i) ? seam_at(s, version, i) : NULL;
        if (seam == NULL || seam->state != SEAM_OPEN)
            continue;
        seam->state = SEAM_ASKED;
        o->offer[0] = seam->worse;
        o->offer[1] = seam->better;
        return ask(s, version, TOPIC_ORDER, 2, (size_t)(seam - o->seam), out);
    }
    return false;
}

/* While hunts go on: where the picks have told already that the server has an order, seams need not wait. */
static bool ask_early(struct sweep *s, size_t version, struct sweep_ask *out)
{
    make_guess(s, version);
    return s->facts.version[version].accepted && by_picks(s, version) == PREFERENCE_SERVER && ask_seam(s, version, out);
}

bool order_next(struct sweep *s, size_t version, struct sweep_ask *out)
{
    struct order *o = &s->order[version];
    size_t        n = 0;
    if (o->state == ORDER_WAITS)
        return ask_early(s, version, out);
    if (o->state == ORDER_SEAMS)
        return ask_seam(s, version, out);
    if (o->asked || (o->state != ORDER_REVERSED && o->state != ORDER_HEADS))
        return false;
    o->asked = true;
    if (o->state == ORDER_REVERSED) {
        memcpy(o->offer, o->guess, o->n * sizeof o->guess[0]);
        qsort(o->offer, o->n, sizeof o->offer[0], order_weakest_first);
        for (size_t i = 0; i < o->n / 2; i++) {
            uint32_t kept = o->offer[i];
            o->offer[i] = o->offer[o->n - 1 - i];
            o->offer[o->n - 1 - i] = kept;
        }
        return ask(s, version, TOPIC_REVERSED, o->n, 0, out);
    }
    for (size_t i = o->heads; i-- > 0;)
        o->offer[n++] = o->guess[o->head[i]];
    return ask(s, version, TOPIC_ORDER, n, 0, out);
}

/* ------------------------------------------------------------------------------------ answers */

static void drop_head(struct order *o, size_t i)
{
    o->heads--;
    memmove(&o->head[i], &o->head[i + 1], (o->heads - i) * sizeof o->head[0]);
    memmove(&o->stop[i], &o->stop[i + 1], (o->heads - i) * sizeof o->stop[0]);
}

/* Takes the head that was picked; where only one run is left, all of it. False: it is none of them. */
static bool take_head(struct order *o, uint32_t picked)
{
    size_t i = 0;
    while (i < o->heads && o->guess[o->head[i]] != picked)
        i++;
    if (i == o->heads)
        return false;
    o->sorted[o->sorted_n++] = picked;
    if (++o->head[i] == o->stop[i])
        drop_head(o, i);
    return true;
}

static void take_rest(struct order *o)
{
    for (size_t i = 0; i < o->heads; i++)
        for (size_t k = o->head[i]; k < o->stop[i]; k++)
            o->sorted[o->sorted_n++] = o->guess[k];
    o->heads = 0;
}

static size_t version_index(uint16_t version)
{
    size_t i = 0;
    while (i < SWEEP_VERSIONS - 1 && sweep_versions[i] != version)
        i++;
    return i;
}

void order_took(struct sweep *s, const struct sweep_ask *asked, const struct sweep_answer *a)
{
    size_t        version = version_index(asked->version);
    struct order *o = &s->order[version];
    uint32_t      picked = a->kind == ANSWER_HELLO && a->version == asked->version ? a->suite : UINT32_MAX;
    o->asked = false;
    if (picked == UINT32_MAX && !o->resent) { /* accepted a moment ago: asked once more */
        o->resent = s->gentle = true;
        if (o->state <= ORDER_SEAMS)
            o->seam[asked->about].state = SEAM_OPEN;
    } else if (o->state == ORDER_WAITS || o->state == ORDER_SEAMS) {
        o->seam[asked->about].state = picked == asked->list.v[1] ? SEAM_HOLDS : SEAM_WRONG;
        if (o->state == ORDER_SEAMS)
            check_seams(s, version);
    } else if (o->state == ORDER_REVERSED && picked == asked->list.v[0]) {
        over(s, version, PREFERENCE_CLIENT);
    } else if (o->state == ORDER_REVERSED) {
        if (picked == UINT32_MAX)
            over(s, version, PREFERENCE_UNKNOWN);
        else
            check_seams(s, version);
    } else if (!take_head(o, picked)) {
        take_rest(o);
        s->facts.version[version].unsure = true;
        over(s, version, PREFERENCE_SERVER);
    } else if (o->heads < 2) {
        take_rest(o);
        over(s, version, PREFERENCE_SERVER);
    }
}
