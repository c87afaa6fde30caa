/* sweep.c - the planner of a sweep: hunts, one a list, until every version is known and every pick struck out. */
#include "sweep_parts.h"

#include <stdlib.h>
#include <string.h>

const uint16_t sweep_versions[SWEEP_VERSIONS] = { 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304 };

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
    if (list->n < SWEEP_LIST && !list_holds(list->v, list->n, v))
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
        hunt_ask_others(s, h);
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
        list_of(s, h)->unsure = h->topic == TOPIC_GROUPS && h->keeps != 0 && picked(h, a) != h->keeps;
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
 * that lacks it is refused for that. With the curve behind what is left, a server that picks the curve prefers it to the others, which
 * therefore nobody gets with this certificate. */
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
    if (h->topic == TOPIC_GROUPS && needs_its_curve(&v->suites) && v->version < 0x0304 && h->keeps == 0 && h->found_n > 0) {
        h->keeps = h->found[h->found_n - 1]; /* the list was answered as long as it was there */
        h->state = HUNT_IDLE;
    }
    if (first && v->refusal.kind == ANSWER_NONE)
        v->refusal = *a;
    if (doubtful(s, a))
        hunt_cut_by_family(s, h);
    else if (first && a->kind == ANSWER_ALERT && a->alert != ALERT_PROTOCOL_VERSION)
        hunt_ask_short(s, h);
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
    h->keeps = 0;
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
        s->first_hunt[i] = hunt_index(s, h);
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

/* What signs in TLS 1.3 stands behind keys, so a group is to be picked whose keys we can compute. */
static bool waits_for_groups(const struct sweep *s, const struct hunt *h)
{
    return h->topic == TOPIC_SIGALGS && sweep_versions[h->version] == 0x0304 && !hunt_groups_over(s);
}

static size_t ask_hunts(struct sweep *s, struct sweep_ask *out, size_t room)
{
    size_t n = 0, idle = 0;
    for (size_t i = 0; i < s->hunts; i++)
        idle += s->hunt[i].state == HUNT_IDLE;
    while (idle < room && hunt_cut(s))
        idle++;
    for (size_t i = 0; i < s->hunts && n < room; i++) {
        struct hunt *h = &s->hunt[i];
        if (h->state != HUNT_IDLE || waits_for_groups(s, h))
            continue;
        h->state = HUNT_ASKED;
        if (h->keeps != 0) /* there is room: it was among them */
            h->left[h->n] = h->keeps;
        out[n++] = (struct sweep_ask){ .topic = h->topic, .version = sweep_versions[h->version], .list = { h->left, h->n + (h->keeps != 0) }, .about = i };
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
        s->check[ask->check].waits = false;
        if (a->kind == ANSWER_UNSENT && !s->check[ask->check].resent) {
            s->gentle = s->check[ask->check].resent = true;
            s->check[ask->check].asked = false;
            s->check[ask->check].waits = true;
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
