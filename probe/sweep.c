/* sweep.c - the planner of a sweep: hunts, one a list, until every version is known and every pick struck out. */
#include "sweep_parts.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_SHORT = 120, CUTS_MAX = 12 };

const uint16_t sweep_versions[SWEEP_VERSIONS] = { 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304 };

/* ------------------------------------------------------------------------------------ hunts */

struct hunt *hunt_new(struct sweep *s, enum sweep_topic topic, uint16_t version, const uint32_t *list, size_t n)
{
    if (s->hunts == HUNTS_MAX || n == 0)
        return NULL;
    struct hunt *h = &s->hunt[s->hunts++];
    *h = (struct hunt){ .topic = topic, .version = version, .parent = NONE, .next = NONE, .n = n };
    h->left = ARENA_NEW_N(&s->arena, n, uint32_t);
    h->found = ARENA_NEW_N(&s->arena, n, uint32_t);
    memcpy(h->left, list, n * sizeof list[0]);
    return h;
}

static uint16_t index_of(const struct sweep *s, const struct hunt *h) { return (uint16_t)(h - s->hunt); }

/* A part of a hunt, which comes right after `before` in the guessed order. */
static struct hunt *part_of(struct sweep *s, struct hunt *whole, struct hunt *before, const uint32_t *list, size_t n)
{
    struct hunt *part = hunt_new(s, whole->topic, whole->version, list, n);
    if (part == NULL)
        return before;
    part->parent = index_of(s, whole);
    part->first = whole->first;
    part->next = before->next;
    before->next = index_of(s, part);
    return part;
}

static unsigned promise(const struct sweep *s, const struct hunt *h, size_t from, size_t to)
{
    unsigned sum = 0;
    for (size_t i = from; i < to; i++)
        sum += suite_promise(h->left[i], sweep_versions[h->version], &s->facts.version[h->version].suites, s->refused_kex[h->version]);
    return sum;
}

/* Where to cut: as near to half of what is promised as can be, and between two kinds where one is near. */
static size_t middle(const struct sweep *s, const struct hunt *h)
{
    unsigned all = promise(s, h, 0, h->n), sum = 0, best = UINT32_MAX;
    size_t   at = h->n / 2;
    for (size_t i = 1; i < h->n; i++) {
        sum += promise(s, h, i - 1, i);
        unsigned off = 2 * sum > all ? 2 * sum - all : all - 2 * sum;
        bool     kinds = suite_place(h->left[i - 1]) >> 12 != suite_place(h->left[i]) >> 12;
        off = kinds ? off / 3 : off;
        if (off < best) {
            best = off;
            at = i;
        }
    }
    return at;
}

/* Cuts the most promising of the lists that wait for a question. False: none is worth it, or one that promises much more will be
 * back soon. */
static bool cut_one(struct sweep *s)
{
    enum { WORTH = 32 };
    struct hunt *most = NULL;
    unsigned     best = WORTH, asked = 0;
    if (s->gentle || s->cuts >= CUTS_MAX || s->cuts >= 2 * s->at_once || s->hunts + 2 > HUNTS_MAX)
        return false;
    for (size_t i = 0; i < s->hunts; i++) {
        struct hunt *h = &s->hunt[i];
        unsigned     p = h->topic == TOPIC_SUITES && h->state != HUNT_OVER && !h->first && h->n > 1 ? promise(s, h, 0, h->n) : 0;
        if (h->state == HUNT_ASKED && p > asked)
            asked = p;
        if (h->state == HUNT_IDLE && p > best) {
            best = p;
            most = h;
        }
    }
    if (most == NULL || asked > 2 * best)
        return false;
    size_t       at = middle(s, most);
    struct hunt *better = part_of(s, most, most, most->left + at, most->n - at);
    part_of(s, most, better, most->left, at);
    most->state = HUNT_OVER;
    s->cuts++;
    return true;
}

/* What is left, asked again a key exchange family at a time. False: it is one family already. */
static bool cut_by_family(struct sweep *s, struct hunt *h)
{
    uint32_t     list[CANDIDATES_MAX];
    struct hunt *before = h;
    if (h->topic != TOPIC_SUITES || h->kind == HUNT_FAMILY || h->n < 2 || sweep_versions[h->version] == 0x0304 || sweep_versions[h->version] == 0x0002)
        return false;
    for (unsigned family = 0; family < FAMILIES; family++) {
        size_t n = family == FAMILIES - 1 && h->first && h->kind == HUNT_WHOLE ? sweep_suites(sweep_versions[h->version], CANDIDATES_RARE, list) : 0;
        for (size_t i = 0; i < h->n; i++)
            if (suite_family(h->left[i]) == family)
                list[n++] = h->left[i];
        if (n == h->n)
            return false;
        struct hunt *part = part_of(s, h, before, list, n);
        if (part != before)
            part->kind = HUNT_FAMILY;
        before = part;
    }
    return true;
}

static bool holds(const uint32_t *list, size_t n, uint32_t v)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == v)
            return true;
    return false;
}

/* A version that was refused with a long list: once more with a short one, which holds rare suites, too. */
static void ask_short(struct sweep *s, struct hunt *h)
{
    uint32_t list[CANDIDATES_MAX];
    uint16_t version = sweep_versions[h->version];
    if (h->kind != HUNT_WHOLE || version == 0x0304 || version == 0x0002)
        return;
    size_t       n = sweep_suites(version, CANDIDATES_SHORT, list);
    struct hunt *part = part_of(s, h, h, list, n < LIST_SHORT ? n : LIST_SHORT);
    if (part != h)
        part->kind = HUNT_SHORT;
}

/* The short list was answered: now the others, in lists that are as short. */
static void ask_others(struct sweep *s, struct hunt *h)
{
    uint32_t     all[2 * CANDIDATES_MAX], list[LIST_SHORT];
    size_t       n = sweep_suites(sweep_versions[h->version], CANDIDATES_USUAL, all), part = 0;
    struct hunt *before = h;
    n += sweep_suites(sweep_versions[h->version], CANDIDATES_RARE, all + n);
    for (size_t i = 0; i < n; i++) {
        if (!holds(h->left, h->n, all[i]) && !holds(h->found, h->found_n, all[i]))
            list[part++] = all[i];
        if (part == LIST_SHORT || (i + 1 == n && part > 0)) {
            struct hunt *other = part_of(s, h, before, list, part);
            if (other != before) {
                other->parent = NONE; /* picks of one list say nothing of the other */
                other->kind = HUNT_SHORT;
            }
            before = other;
            part = 0;
        }
    }
}

/* ------------------------------------------------------------------------------------ answers */

static bool take_out(struct hunt *h, uint32_t v)
{
    for (size_t i = 0; i < h->n; i++) {
        if (h->left[i] != v)
            continue;
        memmove(&h->left[i], &h->left[i + 1], (h->n - i - 1) * sizeof h->left[0]);
        h->n--;
        h->found[h->found_n++] = v;
        return true;
    }
    return false;
}

static void add_to(struct sweep_list *list, uint32_t v)
{
    if (list->n < SWEEP_LIST && !holds(list->v, list->n, v))
        list->v[list->n++] = v;
}

static struct sweep_list *list_of(struct sweep *s, const struct hunt *h)
{
    struct sweep_version *v = &s->facts.version[h->version];
    return h->topic == TOPIC_GROUPS ? &v->groups : h->topic == TOPIC_SIGALGS ? &v->sigalgs : &v->suites;
}

/* The rest of the long list: rare suites, which need no refusal of their own. */
static void add_rare(struct sweep *s, struct hunt *h)
{
    uint32_t  rare[CANDIDATES_MAX];
    size_t    n = sweep_suites(sweep_versions[h->version], CANDIDATES_RARE, rare);
    uint32_t *left = ARENA_NEW_N(&s->arena, n + h->n, uint32_t), *found = ARENA_NEW_N(&s->arena, n + h->n + h->found_n, uint32_t);
    memcpy(left, rare, n * sizeof left[0]);
    memcpy(left + n, h->left, h->n * sizeof left[0]);
    memcpy(found, h->found, h->found_n * sizeof found[0]);
    h->left = left;
    h->found = found;
    h->n += n;
}

static void spoken(struct sweep *s, struct hunt *h)
{
    s->facts.version[h->version].accepted = true;
    if (!h->first)
        return;
    h->first = false;
    for (size_t i = 0; i < s->hunts; i++)
        if (s->hunt[i].version == h->version)
            s->hunt[i].first = false;
    if (sweep_versions[h->version] == 0x0002 || sweep_versions[h->version] == 0x0304)
        return;
    if (h->kind == HUNT_WHOLE)
        add_rare(s, h);
    else if (h->kind == HUNT_SHORT)
        ask_others(s, h);
}

/* Of SSL 2.0 the server lists all that it takes (its cipher specs stand in the SERVER-HELLO). */
static void take_v2(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    struct sweep_list *list = list_of(s, h);
    const uint8_t     *p = a->h != NULL ? a->h->answer.raw.p : NULL;
    size_t             n = p != NULL ? a->h->answer.raw.n : 0;
    size_t             cert = n >= 11 ? (size_t)p[5] << 8 | p[6] : 0, specs = n >= 11 ? (size_t)p[7] << 8 | p[8] : 0;
    for (size_t i = 0; i + 3 <= specs && 11 + cert + i + 3 <= n; i += 3)
        add_to(list, (uint32_t)p[11 + cert + i] << 16 | (uint32_t)p[12 + cert + i] << 8 | p[13 + cert + i]);
    h->state = HUNT_OVER;
    spoken(s, h);
}

static uint32_t picked(const struct hunt *h, const struct sweep_answer *a)
{
    return h->topic == TOPIC_GROUPS ? a->group : h->topic == TOPIC_SIGALGS ? a->sigalg : a->suite;
}

static void answered(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    uint16_t version = sweep_versions[h->version];
    if (version == 0x0002) {
        take_v2(s, h, a);
        return;
    }
    if (!take_out(h, picked(h, a))) { /* what was not offered */
        s->facts.version[h->version].unsure = s->facts.version[h->version].unsure || h->topic == TOPIC_SUITES;
        list_of(s, h)->unsure = h->topic == TOPIC_GROUPS && h->keeps;
        h->state = HUNT_OVER;
        return;
    }
    add_to(list_of(s, h), h->found[h->found_n - 1]);
    spoken(s, h);
    h->state = h->n > 0 ? HUNT_IDLE : HUNT_OVER;
}

/* May it have been something of the list that broke, and not the list as a whole that was refused? */
static bool doubtful(const struct sweep *s, const struct sweep_answer *a)
{
    return a->kind == ANSWER_CLOSE || a->kind == ANSWER_RESET || (a->kind == ANSWER_SILENCE && s->heard) ||
           (a->kind == ANSWER_ALERT && a->alert == ALERT_INTERNAL_ERROR);
}

/* A list was refused: what key exchanges were in it that the server has not taken yet? */
static void learn_refused(struct sweep *s, const struct hunt *h)
{
    const struct sweep_list *accepted = &s->facts.version[h->version].suites;
    unsigned                 in_list = 0, taken = 0;
    for (size_t i = 0; i < h->n; i++)
        in_list |= suite_of(h->left[i]) != NULL ? 1u << suite_of(h->left[i])->kex : 0;
    for (size_t i = 0; i < accepted->n; i++)
        taken |= suite_of(accepted->v[i]) != NULL ? 1u << suite_of(accepted->v[i])->kex : 0;
    s->refused_kex[h->version] = (s->refused_kex[h->version] | in_list) & ~taken;
}

/* Up to TLS 1.2 the groups must hold the curve of an ECDSA certificate, too (RFC 8422 section 5.1): where there is no other, a list
 * that lacks it is refused for that. */
static bool needs_its_curve(const struct sweep_list *suites)
{
    for (size_t i = 0; i < suites->n; i++)
        if (suite_of(suites->v[i]) != NULL && suite_of(suites->v[i])->kex == KEX_ECDHE && suite_of(suites->v[i])->auth != KEY_ECDSA)
            return false;
    return true;
}

static void refused(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    struct sweep_version *v = &s->facts.version[h->version];
    bool                  first = h->first && h->topic == TOPIC_SUITES;
    h->state = HUNT_OVER;
    if (h->topic == TOPIC_SUITES && !h->first)
        learn_refused(s, h);
    if (h->topic == TOPIC_GROUPS && needs_its_curve(&v->suites) && v->version < 0x0304 && !h->keeps && h->found_n > 0) {
        h->keeps = true;
        h->state = HUNT_IDLE;
    }
    if (first && v->refusal.kind == ANSWER_NONE)
        v->refusal = *a;
    if (doubtful(s, a))
        cut_by_family(s, h);
    else if (first && a->kind == ANSWER_ALERT && a->alert != ALERT_PROTOCOL_VERSION)
        ask_short(s, h);
}

static void unsent(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    s->gentle = true;
    h->state = h->resent ? HUNT_OVER : HUNT_IDLE;
    if (h->resent && h->topic == TOPIC_SUITES) {
        s->facts.version[h->version].unsure = true;
        if (h->first)
            s->facts.version[h->version].refusal = *a;
    }
    h->resent = true;
}

static size_t place_in_list(const uint32_t *list, size_t n, uint32_t v)
{
    size_t i = 0;
    while (i < n && list[i] != v)
        i++;
    return i;
}

static void settle_preference(struct sweep *s, const struct hunt *h, enum preference p)
{
    struct sweep_list *list = list_of(s, h);
    list->preference = p;
    if (p != PREFERENCE_SERVER)
        qsort(list->v, list->n, sizeof list->v[0], order_by_number);
}

/* Whose order groups and signature algorithms go by: picks against our order show the server's; where all went by ours, what was
 * found is offered once more, turned round. */
static void list_preference(struct sweep *s, struct hunt *h)
{
    uint32_t offered[CANDIDATES_MAX];
    size_t   n = h->topic == TOPIC_GROUPS ? sweep_group_list(sweep_versions[h->version], offered) : sweep_sigalg_list(offered);
    size_t   against = 0;
    for (size_t i = 1; i < h->found_n; i++)
        against += place_in_list(offered, n, h->found[i]) < place_in_list(offered, n, h->found[i - 1]);
    if (h->found_n < 2 || against > 0) {
        settle_preference(s, h, against > 0 ? PREFERENCE_SERVER : PREFERENCE_UNKNOWN);
        return;
    }
    h->turned = true;
    h->keeps = false;
    h->state = HUNT_IDLE;
    h->n = h->found_n;
    for (size_t i = 0; i < h->n; i++)
        h->left[i] = h->found[h->n - 1 - i];
}

static void turned_took(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    uint32_t got = a->kind == ANSWER_HELLO && a->version == sweep_versions[h->version] ? picked(h, a) : 0;
    h->state = HUNT_OVER;
    settle_preference(s, h, got == 0 ? PREFERENCE_UNKNOWN : got == h->left[0] ? PREFERENCE_CLIENT : PREFERENCE_SERVER);
}

static void hunt_took(struct sweep *s, struct hunt *h, const struct sweep_answer *a)
{
    if (a->kind == ANSWER_UNSENT)
        unsent(s, h, a);
    else if (h->turned)
        turned_took(s, h, a);
    else if (a->kind == ANSWER_HELLO && a->version == sweep_versions[h->version])
        answered(s, h, a);
    else
        refused(s, h, a);
}

/* ------------------------------------------------------------------------------------ the sweep */

struct sweep *sweep_new(size_t at_once)
{
    struct sweep *s = mem_get(1, sizeof *s);
    uint32_t      list[CANDIDATES_MAX];
    *s = (struct sweep){ .at_once = at_once > 0 ? at_once : 1 };
    for (uint16_t i = SWEEP_VERSIONS; i-- > 0;) {
        struct hunt *h = hunt_new(s, TOPIC_SUITES, i, list, sweep_suites(sweep_versions[i], CANDIDATES_USUAL, list));
        s->facts.version[i].version = sweep_versions[i];
        s->first_hunt[i] = index_of(s, h);
        h->first = true;
    }
    return s;
}

void sweep_free(struct sweep *s)
{
    if (s == NULL)
        return;
    arena_free(&s->arena);
    free(s);
}

bool sweep_gentle(const struct sweep *s) { return s->gentle; }
const struct sweep_facts *sweep_facts(const struct sweep *s) { return &s->facts; }

static bool hunts_over(const struct sweep *s, size_t version)
{
    for (size_t i = 0; i < s->hunts; i++)
        if (s->hunt[i].version == version && s->hunt[i].state != HUNT_OVER)
            return false;
    return true;
}

bool sweep_suites_over(const struct sweep *s)
{
    for (size_t i = 0; i < SWEEP_VERSIONS; i++)
        if (s->order[i].state != ORDER_OVER)
            return false;
    return true;
}

static bool ephemeral_suite(uint32_t id)
{
    const struct suite *u = suite_of(id);
    return u != NULL && (u->kex == KEX_ECDHE || u->kex == KEX_DHE) && u->auth != KEY_ANON;
}

static bool any_suite(const struct sweep_list *list, bool (*fits)(uint32_t))
{
    for (size_t i = 0; i < list->n; i++)
        if (fits(list->v[i]))
            return true;
    return false;
}

static bool elliptic(uint32_t id) { return suite_family(id) == 0; }

/* Suites are known: groups and signature algorithms are next. */
static void begin_details(struct sweep *s)
{
    uint32_t list[CANDIDATES_MAX];
    bool     old = false;
    s->details = true;
    s->facts.suite_connections = s->facts.connections;
    for (uint16_t i = SWEEP_VERSIONS; i-- > 0;) {
        const struct sweep_version *v = &s->facts.version[i];
        bool                        new = v->version == 0x0304;
        if (!v->accepted || v->version < 0x0301)
            continue;
        if (new || (!old && any_suite(&v->suites, elliptic))) {
            hunt_new(s, TOPIC_GROUPS, i, list, sweep_group_list(v->version, list));
            old = old || !new;
        }
        if (new || (v->version == 0x0303 && any_suite(&v->suites, ephemeral_suite)))
            hunt_new(s, TOPIC_SIGALGS, i, list, sweep_sigalg_list(list));
    }
}

static size_t ask_hunts(struct sweep *s, struct sweep_ask *out, size_t room)
{
    size_t n = 0, idle = 0;
    for (size_t i = 0; i < s->hunts; i++)
        idle += s->hunt[i].state == HUNT_IDLE;
    while (idle < room && cut_one(s))
        idle++;
    for (size_t i = 0; i < s->hunts && n < room; i++) {
        struct hunt *h = &s->hunt[i];
        if (h->state != HUNT_IDLE)
            continue;
        h->state = HUNT_ASKED;
        if (h->keeps) /* there is room for all of them */
            memcpy(h->left + h->n, h->found, h->found_n * sizeof h->found[0]);
        out[n++] = (struct sweep_ask){ .topic = h->topic, .version = sweep_versions[h->version], .list = { h->left, h->n + (h->keeps ? h->found_n : 0) }, .about = i };
    }
    return n;
}

static size_t ask_orders(struct sweep *s, struct sweep_ask *out, size_t room)
{
    size_t n = 0;
    for (size_t i = SWEEP_VERSIONS; i-- > 0;) {
        if (s->order[i].state == ORDER_WAITS && hunts_over(s, i))
            order_begin(s, i);
        while (n < room && order_next(s, i, &out[n]))
            n++;
    }
    return n;
}

size_t sweep_next(struct sweep *s, struct sweep_ask *out, size_t room)
{
    size_t n = 0, most = s->gentle ? 1 : s->at_once;
    room = s->under_way >= most ? 0 : room < most - s->under_way ? room : most - s->under_way;
    if (!s->details) {
        n = ask_hunts(s, out, room);
        n += ask_orders(s, out + n, room - n);
        if (sweep_suites_over(s))
            begin_details(s);
    }
    if (s->details) {
        n += ask_hunts(s, out + n, room - n);
        while (n < room && check_next(s, &out[n]))
            n++;
    }
    s->under_way += n;
    s->facts.connections += (unsigned)n;
    return n;
}

void sweep_took(struct sweep *s, const struct sweep_ask *ask, const struct sweep_answer *a)
{
    s->under_way--;
    s->heard = s->heard || (a->kind != ANSWER_SILENCE && a->kind != ANSWER_UNSENT);
    if (ask->topic == TOPIC_CHECK) {
        s->facts.check[ask->check] = *a;
        if (a->kind == ANSWER_UNSENT && !s->check[ask->check].resent) {
            s->gentle = s->check[ask->check].resent = true;
            s->check[ask->check].asked = false;
        }
    } else if (ask->topic == TOPIC_ORDER || ask->topic == TOPIC_REVERSED) {
        order_took(s, ask, a);
    } else {
        struct hunt *h = &s->hunt[ask->about];
        hunt_took(s, h, a);
        if (h->state == HUNT_OVER && h->topic != TOPIC_SUITES && !h->turned)
            list_preference(s, h);
    }
}
