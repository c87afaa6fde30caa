/* sweep_hunt.c - hunts: one list each, cut where that saves rounds, or where a server does not take it as a whole. */
#include "sweep_parts.h"

#include <string.h>

enum { LIST_SHORT = 120, CUTS_MAX = 11 };

bool list_holds(const uint32_t *list, size_t n, uint32_t v)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] == v)
            return true;
    return false;
}

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

bool hunt_groups_over(const struct sweep *s)
{
    for (size_t i = 0; i < s->hunts; i++)
        if (s->hunt[i].topic == TOPIC_GROUPS && sweep_versions[s->hunt[i].version] == 0x0304 && s->hunt[i].state != HUNT_OVER)
            return false;
    return true;
}

uint16_t hunt_index(const struct sweep *s, const struct hunt *h) { return (uint16_t)(h - s->hunt); }

/* A part of a hunt, which comes right after `before` in the guessed order. */
static struct hunt *part_of(struct sweep *s, struct hunt *whole, struct hunt *before, const uint32_t *list, size_t n)
{
    struct hunt *part = hunt_new(s, whole->topic, whole->version, list, n);
    if (part == NULL)
        return before;
    part->parent = hunt_index(s, whole);
    part->first = whole->first;
    part->next = before->next;
    before->next = hunt_index(s, part);
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
bool hunt_cut(struct sweep *s)
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
bool hunt_cut_by_family(struct sweep *s, struct hunt *h)
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

/* A version that was refused with a long list: once more with a short one, which holds rare suites, too. */
void hunt_ask_short(struct sweep *s, struct hunt *h)
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
void hunt_ask_others(struct sweep *s, struct hunt *h)
{
    uint32_t     all[2 * CANDIDATES_MAX], list[LIST_SHORT];
    size_t       n = sweep_suites(sweep_versions[h->version], CANDIDATES_USUAL, all), part = 0;
    struct hunt *before = h;
    n += sweep_suites(sweep_versions[h->version], CANDIDATES_RARE, all + n);
    for (size_t i = 0; i < n; i++) {
        if (!list_holds(h->left, h->n, all[i]) && !list_holds(h->found, h->found_n, all[i]))
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
