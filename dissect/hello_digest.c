/* hello_digest.c - what two hellos have in common is only compared, never looked up: a fast digest does. */
#include "tlswhy/handshake.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, struct bytes b)
{
    h = mix(h, b.n);
    for (size_t i = 0; i < b.n; i++)
        h = mix(h, b.p[i]);
    return h;
}

static uint64_t mix_list(uint64_t h, const struct u16s *list)
{
    h = mix(h, list->v != NULL);
    for (size_t i = 0; i < list->n; i++)
        h = is_grease(list->v[i]) ? h : mix(h, list->v[i]); /* GREASE is drawn anew each time */
    return h;
}

static uint64_t suites_hash(const struct client_hello *c)
{
    uint64_t h = 1;
    for (size_t i = 0; i < c->suites.n; i++) {
        uint32_t id = c->suites.v[i];
        h = (id & 0xff0f0f) == 0x0a0a && is_grease((uint16_t)id) ? h : mix(h, id);
    }
    return h;
}

static uint64_t offer_hash(const struct client_hello *c, uint64_t suites)
{
    uint64_t h = mix(suites, c->version), types = 0;
    h = mix_list(mix_list(mix_list(h, &c->groups), &c->sigalgs), &c->versions);
    h = mix_bytes(h, c->point_formats);
    for (size_t i = 0; i < c->alpn.n; i++)
        h = mix_bytes(h, c->alpn.v[i]);
    for (size_t i = 0; i < c->exts; i++)
        types += is_grease(c->ext[i].type) ? 0 : mix(3, c->ext[i].type); /* a sum: browsers shuffle their extensions */
    return mix(h, types);
}

struct hello_digest hello_digest(const struct client_hello *c)
{
    uint64_t suites = suites_hash(c);
    return (struct hello_digest){ suites, offer_hash(c, suites) };
}
