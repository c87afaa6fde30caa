/* hello_digest.c - what two hellos have in common is only compared, never looked up: a fast digest does. */
#include "tlswhy/handshake.h"

enum { AT_ONCE = 128 }; /* hashed together: a product for each number would wait for the one before */

static uint64_t mix_bytes(uint64_t h, const void *p, size_t n)
{
    const struct hash_key key = { { h, 0x9e3779b97f4a7c15u } };
    return hash_bytes(&key, p, n);
}

/* GREASE is drawn anew each time: one value stands for all of it. No branches, so that the compiler takes several numbers at once. */
static uint64_t mix_list(uint64_t h, const struct u16s *list)
{
    uint16_t same[AT_ONCE];
    h = hash_mix(h, list->v != NULL);
    for (size_t at = 0, n; at < list->n; at += n) {
        n = list->n - at < AT_ONCE ? list->n - at : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            uint16_t v = list->v[at + i];
            same[i] = is_grease(v) ? ANY_GREASE : v;
        }
        h = mix_bytes(h, same, n * sizeof *same);
    }
    return h;
}

static uint64_t suites_hash(const struct client_hello *c)
{
    uint32_t same[AT_ONCE];
    uint64_t h = 1;
    for (size_t at = 0, n; at < c->suites.n; at += n) {
        n = c->suites.n - at < AT_ONCE ? c->suites.n - at : AT_ONCE;
        for (size_t i = 0; i < n; i++) {
            uint32_t v = c->suites.v[at + i];
            same[i] = is_grease_suite(v) ? ANY_GREASE : v;
        }
        h = mix_bytes(h, same, n * sizeof *same);
    }
    return h;
}

static uint64_t offer_hash(const struct client_hello *c, uint64_t suites)
{
    uint64_t h = hash_mix(suites, c->version), types = 0;
    h = mix_list(mix_list(mix_list(h, &c->groups), &c->sigalgs), &c->versions);
    h = mix_bytes(h, c->point_formats.p, c->point_formats.n);
    for (size_t i = 0; i < c->alpn.n; i++)
        h = mix_bytes(h, c->alpn.v[i].p, c->alpn.v[i].n);
    for (size_t i = 0; i < c->exts; i++)
        types += is_grease(c->ext[i].type) ? 0 : hash_mix(3, c->ext[i].type); /* a sum: browsers shuffle their extensions */
    return hash_mix(h, types);
}

struct hello_digest hello_digest(const struct client_hello *c)
{
    uint64_t suites = suites_hash(c);
    return (struct hello_digest){ suites, offer_hash(c, suites) };
}
