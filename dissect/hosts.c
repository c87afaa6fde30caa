#include "tlswhy/hosts.h"

#include "tlswhy/reader.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 65536, ANSWERS = 64, NAME_LEN = 253, DNS_A = 1, DNS_AAAA = 28, DNS_IN = 1 };

struct host {
    uint8_t      ip[16];
    uint8_t      ip_len; /* 0 = free */
    bool         several; /* it had another name before */
    struct bytes name;
};

struct hosts {
    struct host    *slot; /* open addressing, a power of two, at most half full */
    size_t          slots, used;
    struct hash_key key;
    struct arena    names;
};

struct hosts *hosts_new(void)
{
    struct hosts *t = mem_get(1, sizeof *t);
    t->slots = 64;
    t->slot = mem_get(t->slots, sizeof *t->slot);
    t->key = hash_key_random();
    return t;
}

void hosts_free(struct hosts *t)
{
    if (t == NULL)
        return;
    arena_free(&t->names);
    free(t->slot);
    free(t);
}

/* The slot that holds this address, or the free one where it belongs. */
static struct host *slot_of(const struct hosts *t, const uint8_t *ip, size_t ip_len)
{
    size_t i = hash_bytes(&t->key, ip, ip_len) & (t->slots - 1);
    while (t->slot[i].ip_len != 0 && (t->slot[i].ip_len != ip_len || memcmp(t->slot[i].ip, ip, ip_len) != 0))
        i = (i + 1) & (t->slots - 1);
    return &t->slot[i];
}

static void grow(struct hosts *t)
{
    struct host *old = t->slot;
    size_t       n = t->slots;
    t->slots *= 2;
    t->slot = mem_get(t->slots, sizeof *t->slot);
    for (size_t i = 0; i < n; i++) {
        if (old[i].ip_len != 0)
            *slot_of(t, old[i].ip, old[i].ip_len) = old[i];
    }
    free(old);
}

void hosts_learn(struct hosts *t, const uint8_t *ip, size_t ip_len, const char *name, size_t n)
{
    if (n == 0 || n > NAME_LEN || (ip_len != 4 && ip_len != 16))
        return;
    struct host *h = slot_of(t, ip, ip_len);
    if (h->ip_len == 0) {
        if (t->used == LARGEST)
            return;
        h->ip_len = (uint8_t)ip_len;
        memcpy(h->ip, ip, ip_len);
        t->used++;
    } else if (h->name.n == n && memcmp(h->name.p, name, n) == 0) {
        return;
    }
    h->several |= h->name.n != 0;
    h->name = (struct bytes){ arena_copy(&t->names, name, n), n };
    if (t->used * 2 > t->slots)
        grow(t);
}

struct bytes hosts_find(const struct hosts *t, const struct endpoint *e)
{
    if (t == NULL || (e->ip_len != 4 && e->ip_len != 16))
        return (struct bytes){ 0 };
    return slot_of(t, e->ip, e->ip_len)->name;
}

struct bytes hosts_find_only(const struct hosts *t, const struct endpoint *e)
{
    bool known = t != NULL && (e->ip_len == 4 || e->ip_len == 16);
    return known && !slot_of(t, e->ip, e->ip_len)->several ? hosts_find(t, e) : (struct bytes){ 0 };
}

/* Reads a domain name (RFC 1035 section 3.1) into `out` as lower-case text without the last dot. The reader
 * moves past the name as it stands there; a pointer leads to an earlier place, so every jump goes back and
 * the walk ends. Gives the length, 0 for a broken or empty name. */
static size_t dns_name(struct reader *r, const uint8_t *message, char out[NAME_LEN + 1])
{
    struct reader here = *r;
    const uint8_t *lowest = r->p;
    size_t         n = 0;
    bool           jumped = false;
    for (;;) {
        unsigned len = rd_u8(&here, "label");
        if (here.want != NULL || (len & 0xc0) == 0x40 || (len & 0xc0) == 0x80)
            break;
        if (len >= 0xc0) {
            size_t to = (len & 0x3f) << 8 | rd_u8(&here, "pointer");
            if (!jumped)
                r->p = here.p;
            jumped = true;
            if (here.want != NULL || to >= (size_t)(lowest - message))
                break;
            here.p = lowest = message + to;
            continue;
        }
        if (len == 0) {
            if (!jumped)
                r->p = here.p;
            return n;
        }
        const uint8_t *label = rd_bytes(&here, len, "label");
        if (label == NULL || n + len + 1 > NAME_LEN)
            break;
        if (n != 0)
            out[n++] = '.';
        for (size_t i = 0; i < len; i++)
            out[n++] = (char)tolower(label[i]);
    }
    r->want = "name";
    return 0;
}

bool is_dns_message(const struct wire_event *ev)
{
    enum { DNS = 53, MDNS = 5353 };
    return ev->kind == WIRE_DATAGRAM && (ev->ends[SERVER].port == DNS || ev->ends[CLIENT].port == DNS || ev->ends[SERVER].port == MDNS);
}

void hosts_learn_dns(struct hosts *t, const uint8_t *message, size_t n)
{
    struct reader r = rd_of(message, n);
    char          asked[NAME_LEN + 1], owner[NAME_LEN + 1];
    rd_u16(&r, "id");
    unsigned flags = rd_u16(&r, "flags"), questions = rd_u16(&r, "questions"), answers = rd_u16(&r, "answers");
    rd_u32(&r, "authorities, additional");
    if (r.want != NULL || (flags & 0x800f) != 0x8000 || questions != 1) /* an answer, and no error */
        return;
    size_t asked_n = dns_name(&r, message, asked);
    rd_u32(&r, "type, class");
    for (unsigned i = 0; i < answers && i < ANSWERS && rd_more(&r) && asked_n != 0; i++) {
        dns_name(&r, message, owner);
        unsigned type = rd_u16(&r, "type"), class = rd_u16(&r, "class");
        rd_u32(&r, "ttl");
        struct reader data = rd_vec(&r, 2, "data");
        size_t        want = type == DNS_A ? 4 : type == DNS_AAAA ? 16 : 0;
        if (data.want == NULL && class == DNS_IN && want != 0 && rd_left(&data) == want)
            hosts_learn(t, data.p, want, asked, asked_n);
    }
}
