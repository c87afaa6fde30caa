/* sweep_list.c - which suites, groups and signature algorithms a sweep asks about, and in what order. */
#include "sweep_parts.h"

#include <stdlib.h>
#include <string.h>

static bool rare(const struct suite *s)
{
    switch (s->kex) {
    case KEX_RSA:
    case KEX_DHE:
    case KEX_ECDHE: return false;
    case KEX_DH:
    case KEX_ECDH: return false;
    default: return true;
    }
}

static unsigned kex_class(const struct suite *s) { return s->kex == KEX_ECDHE || s->kex == KEX_DHE ? 0 : 1; }

/* AEAD, SHA-2 with CBC, and what is older. */
static unsigned mac_class(const struct suite *s)
{
    return s->aead ? 0 : strstr(s->name, "_SHA256") != NULL || strstr(s->name, "_SHA384") != NULL ? 1 : 2;
}

/* By cipher and key, as OpenSSL sorts them: AES-256-GCM, ChaCha20, AES-256-CCM, ARIA-256 or Camellia-256, then those of 128 bits. */
static unsigned strength(const struct suite *s)
{
    bool     long_key = strstr(s->name, "_256_") != NULL, short_key = strstr(s->name, "_128_") != NULL;
    unsigned kind = strstr(s->name, "_AES_") != NULL ? (strstr(s->name, "CCM_8") != NULL ? 2 : strstr(s->name, "CCM") != NULL ? 3 : 0)
                    : strstr(s->name, "CHACHA20") != NULL ? 1
                                                          : 4;
    return long_key || kind == 1 ? kind : short_key ? 5 + kind : 14;
}

/* As the lists of OpenSSL and of most advice go: forward secrecy first, then AEAD, then long keys. */
unsigned suite_place(uint32_t id)
{
    const struct suite *s = suite_of(id);
    if (s == NULL)
        return UINT16_MAX;
    unsigned class = rare(s) && s->kex != KEX_TLS13 ? 7 : s->weak || s->auth == KEY_ANON ? 6 : 3 * kex_class(s) + mac_class(s);
    return class << 12 | strength(s) << 8 | (unsigned)(s->kex == KEX_DHE) << 7;
}

unsigned suite_family(uint32_t id)
{
    const struct suite *s = suite_of(id);
    return s == NULL ? 3 : s->kex == KEX_ECDHE ? 0 : s->kex == KEX_DHE ? 1 : s->kex == KEX_RSA ? 2 : 3;
}

static bool seen_auth(const struct sweep_list *accepted, enum sig_key auth)
{
    for (size_t i = 0; i < accepted->n; i++)
        if (suite_of(accepted->v[i]) != NULL && suite_of(accepted->v[i])->auth == auth)
            return true;
    return false;
}

static bool seen_weak(const struct sweep_list *accepted)
{
    for (size_t i = 0; i < accepted->n; i++)
        if (suite_of(accepted->v[i]) != NULL && suite_of(accepted->v[i])->weak)
            return true;
    return false;
}

unsigned suite_promise(uint32_t id, uint16_t version, const struct sweep_list *accepted, unsigned refused_kex)
{
    const struct suite *s = suite_of(id);
    if (s == NULL || rare(s) || s->kex == KEX_DH || s->kex == KEX_ECDH || (version < 0x0303 && mac_class(s) < 2) || (refused_kex & 1u << s->kex) != 0)
        return 0;
    if (s->weak || s->auth == KEY_ANON)
        return seen_weak(accepted) ? 8 : 1;
    unsigned promise = !seen_auth(accepted, s->auth) ? 2 : strength(s) % 5 < 2 ? 16 : 8;
    return s->kex == KEX_DHE ? promise / 2 : promise;
}

static bool wanted(const struct suite *s, uint16_t version, enum candidates which)
{
    if (s->id > UINT16_MAX || version == 0x0002)
        return s->id > UINT16_MAX && version == 0x0002 && which == CANDIDATES_USUAL;
    if (version == 0x0304 || s->kex == KEX_TLS13)
        return s->kex == KEX_TLS13 && version == 0x0304 && which == CANDIDATES_USUAL;
    if (s->id == 0 || s->id == 0x00ff || s->id == 0x5600) /* none; signals */
        return false;
    if (which != CANDIDATES_SHORT)
        return rare(s) == (which == CANDIDATES_RARE);
    /* what nearly every server knows, and one row of each kind that it may know instead */
    return s->kex == KEX_PSK || s->kex == KEX_DHE_PSK || s->kex == KEX_ECDHE_PSK || s->kex == KEX_RSA_PSK ||
           ((s->kex == KEX_RSA || s->kex == KEX_ECDHE) && s->auth != KEY_ANON && strstr(s->name, "_AES_") != NULL && strstr(s->name, "CCM") == NULL);
}

int order_weakest_first(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    unsigned px = suite_place(x), py = suite_place(y);
    return px != py ? (px < py) - (px > py) : (x > y) - (x < y);
}

int order_by_number(const void *a, const void *b)
{
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

size_t sweep_suites(uint16_t version, enum candidates which, uint32_t out[CANDIDATES_MAX])
{
    const struct suite *s;
    size_t              n = 0;
    for (size_t i = 0; (s = suite_at(i)) != NULL && n < CANDIDATES_MAX; i++)
        if (wanted(s, version, which))
            out[n++] = s->id;
    qsort(out, n, sizeof out[0], order_weakest_first);
    return n;
}

static size_t copied(const uint16_t *list, size_t n, uint32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = list[i];
    return n;
}

size_t sweep_group_list(uint16_t version, uint32_t out[CANDIDATES_MAX])
{
    static const uint16_t new[] = { 0x0104, 0x0103, 0x0102, 0x0101, 0x0100, 0x0202, 0x0201, 0x0200, 0x0029, 0x0028, 0x0027, 0x0026, 0x0025, 0x0024, 0x0023,
                                    0x0022, 0x11ee, 0x639a, 0x6399, 0x0021, 0x0020, 0x001f, 0x0019, 0x0018, 0x001e, 0x0017, 0x001d, 0x11ed, 0x11eb, 0x11ec };
    static const uint16_t old[] = { 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x0008, 0x0009, 0x000a, 0x000b, 0x000c, 0x000d, 0x000e, 0x000f,
                                    0x0010, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0016, 0x0029, 0x001c, 0x001b, 0x001a, 0x0019, 0x0018, 0x001e, 0x0017,
                                    0x001d };
    return version == 0x0304 ? copied(new, ARRAY_LEN(new), out) : copied(old, ARRAY_LEN(old), out);
}

size_t sweep_sigalg_list(uint32_t out[CANDIDATES_MAX])
{
    static const uint16_t all[] = { 0x0101, 0x0103, 0x0202, 0x0201, 0x0203, 0x0302, 0x0301, 0x0303, 0x0402, 0x0502, 0x0602, 0x0601, 0x0501, 0x0401,
                                    0x081c, 0x081b, 0x081a, 0x0603, 0x0503, 0x0403, 0x080b, 0x080a, 0x0809, 0x0806, 0x0805, 0x0804, 0x0906, 0x0905,
                                    0x0904, 0x0708, 0x0808, 0x0807 };
    return copied(all, ARRAY_LEN(all), out);
}
