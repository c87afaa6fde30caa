/* pcapng blocks (draft-ietf-opsawg-pcapng section 4). What is no packet is read for what it tells, or passed over. */
#include "capture_parts.h"
#include "pcapng_parts.h"
#include "tlswhy/marks.h"

#include <string.h>

enum {
    NAME_IPV4 = 1, NAME_IPV6 = 2, IF_TSRESOL = 9, IF_TSOFFSET = 14, ISB_IFDROP = 5, ISB_OSDROP = 7, LARGEST_BLOCK = LARGEST_PACKET + 65536
};

static uint64_t u64(const struct capture *c, const uint8_t *b)
{
    uint64_t first = capture_u32(c, b), second = capture_u32(c, b + 4);
    return c->swapped ? first << 32 | second : second << 32 | first;
}

/* Walks the options of a block; false at their end. */
static bool option_next(const struct capture *c, struct bytes *rest, unsigned *code, struct bytes *value)
{
    if (rest->n < 4)
        return false;
    *code = capture_u16(c, rest->p);
    size_t n = capture_u16(c, rest->p + 2), padded = (n + 3) & ~(size_t)3;
    if (*code == 0 || n > rest->n - 4)
        return false;
    *value = (struct bytes){ rest->p + 4, n };
    padded = padded > rest->n - 4 ? rest->n - 4 : padded;
    *rest = (struct bytes){ rest->p + 4 + padded, rest->n - 4 - padded };
    return true;
}

/* if_tsresol: 10^n, or 2^n with the top bit. What 64 bits cannot count in nanoseconds is taken for microseconds. */
static uint64_t units_of(uint8_t resolution)
{
    unsigned power = resolution & 0x7f;
    uint64_t units = 1;
    if ((resolution & 0x80) != 0)
        return power < 63 ? UINT64_C(1) << power : 1000000;
    for (; power > 0 && units <= UINT64_MAX / 100; power--)
        units *= 10;
    return power == 0 ? units : 1000000;
}

static void interface(struct capture *c, struct bytes body)
{
    struct capture_interface *i = body.n >= 8 ? capture_add_interface(c) : NULL;
    struct bytes              rest = { body.p + 8, body.n - 8 }, value;
    unsigned                  code = 0;
    if (i == NULL)
        return;
    i->linktype = capture_u16(c, body.p);
    i->snaplen = capture_u32(c, body.p + 4);
    while (option_next(c, &rest, &code, &value)) {
        int64_t ns = 0;
        if (code == IF_TSRESOL && value.n == 1)
            i->units = units_of(value.p[0]);
        else if (code == IF_TSOFFSET && value.n == 8 && !__builtin_mul_overflow((int64_t)u64(c, value.p), INT64_C(1000000000), &ns))
            i->offset_ns = ns;
    }
}

static void statistics(struct capture *c, struct bytes body)
{
    struct bytes rest = { body.p + 12, body.n - 12 }, value;
    unsigned     code = 0;
    uint64_t     dropped = 0;
    if (body.n < 12 || capture_u32(c, body.p) >= c->interfaces)
        return;
    while (option_next(c, &rest, &code, &value)) {
        if ((code == ISB_IFDROP || code == ISB_OSDROP) && value.n == 8)
            dropped += u64(c, value.p);
    }
    c->interface[capture_u32(c, body.p)].dropped = dropped; /* each block counts from the start */
}

static void secrets(struct capture *c, struct bytes body)
{
    if (body.n < 8 || capture_u32(c, body.p) != SECRETS_TLS_KEY_LOG)
        return;
    size_t n = capture_u32(c, body.p + 4);
    if (n > body.n - 8 || n >= LARGEST_KEPT - c->secrets.n)
        return;
    c->secrets.p = mem_grow(c->secrets.p, c->secrets.n + n + 1, 1);
    memcpy(c->secrets.p + c->secrets.n, body.p + 8, n);
    c->secrets.n += n;
    c->secrets.p[c->secrets.n++] = '\n'; /* the last line may be without its end, and goes on no further */
    c->facts.secrets = (struct bytes){ c->secrets.p, c->secrets.n };
}

/* The marks of a probe of ours, whoever wrote the file otherwise. */
static void custom(struct capture *c, struct bytes body)
{
    struct reader r;
    if (body.n < 4 || capture_u32(c, body.p) != MARKS_ENTERPRISE || !marks_open((struct bytes){ body.p + 4, body.n - 4 }, &r))
        return;
    struct bytes marks = rd_rest(&r);
    if (marks.n == 0 || marks.n > LARGEST_MARKS - c->marks.n)
        return;
    c->marks.p = mem_grow(c->marks.p, c->marks.n + marks.n, 1);
    memcpy(c->marks.p + c->marks.n, marks.p, marks.n);
    c->marks.n += marks.n;
    c->facts.marks = (struct bytes){ c->marks.p, c->marks.n };
}

/* Records have the form of options: an address, and its names as C strings, of which the first is kept. */
static void names(struct capture *c, struct bytes rest)
{
    struct bytes value;
    unsigned     code = 0;
    while (option_next(c, &rest, &code, &value)) {
        size_t ip = code == NAME_IPV4 ? 4 : code == NAME_IPV6 ? 16 : value.n;
        if (value.n <= ip)
            continue;
        size_t n = strnlen((const char *)value.p + ip, value.n - ip), cost = 1 + ip + 2 + n;
        if (n == 0 || cost > LARGEST_KEPT - c->names.n)
            continue;
        c->names.p = mem_grow(c->names.p, c->names.n + cost, 1);
        uint8_t *to = c->names.p + c->names.n;
        *to++ = (uint8_t)ip;
        memcpy(to, value.p, ip);
        to += ip;
        *to++ = (uint8_t)(n >> 8);
        *to++ = (uint8_t)n;
        memcpy(to, value.p + ip, n);
        c->names.n += cost;
    }
}

bool capture_host(const struct capture *c, size_t *at, struct capture_host *h)
{
    if (*at >= c->names.n)
        return false;
    const uint8_t *p = c->names.p + *at;
    h->ip_len = *p;
    h->ip = p + 1;
    h->n = be16(p + 1 + h->ip_len);
    h->name = (const char *)p + 1 + h->ip_len + 2;
    *at += 1 + h->ip_len + 2 + h->n;
    return true;
}

static void count_dropped(struct capture *c)
{
    c->facts.dropped = c->stats_dropped;
    for (size_t i = 0; i < c->interfaces; i++)
        c->facts.dropped += c->interface[i].dropped;
}

/* The three kinds of packet block. False: no packet in it (an interface that was never described, nonsense lengths). */
static bool packet(struct capture *c, uint32_t type, struct bytes body, struct packet *p)
{
    size_t   fixed = type == BLOCK_SIMPLE_PACKET ? 4 : 20, interface_id = 0;
    uint32_t caplen = 0, len = 0;
    int64_t  ns = c->last_ns;
    if (body.n < fixed)
        return false;
    if (type == BLOCK_SIMPLE_PACKET) { /* no time, no captured length: the snap length and the block tell */
        len = capture_u32(c, body.p);
        caplen = len < body.n - 4 ? len : (uint32_t)(body.n - 4);
        if (c->interfaces != 0 && c->interface[0].snaplen != 0 && caplen > c->interface[0].snaplen)
            caplen = c->interface[0].snaplen;
    } else {
        interface_id = type == BLOCK_PACKET ? capture_u32(c, body.p) : capture_u16(c, body.p);
        caplen = capture_u32(c, body.p + 12);
        len = capture_u32(c, body.p + 16);
    }
    if (interface_id >= c->interfaces || caplen > body.n - fixed)
        return false;
    if (type != BLOCK_SIMPLE_PACKET)
        ns = capture_ns(&c->interface[interface_id], (uint64_t)capture_u32(c, body.p + 4) << 32 | capture_u32(c, body.p + 8));
    capture_give(c, p, interface_id, body.p + fixed, caplen, len, ns);
    return true;
}

/* A section starts: its byte order holds for all that follows, and its interfaces are numbered anew. */
static bool section(struct capture *c, struct err *err)
{
    if (!capture_fill(c, 28, err))
        return false;
    uint32_t little = le32(c->p + 8), big = be32(c->p + 8);
    if (little != ORDER_MAGIC && big != ORDER_MAGIC)
        return false;
    c->swapped = big == ORDER_MAGIC;
    count_dropped(c);
    c->stats_dropped = c->facts.dropped;
    c->interfaces = 0;
    return true;
}

static void tap(const struct capture *c, struct bytes block, const struct packet *p)
{
    if (c->tap != NULL)
        c->tap(c->tap_ctx, block, p);
}

/* An enhanced packet block that `packet` will take. */
bool pcapng_at_hand(const struct capture *c)
{
    enum { FIXED = 8 + 20, TRAILER = 4 };
    size_t left = capture_left(c);
    if (left < FIXED + TRAILER || capture_u32(c, c->p) != BLOCK_PACKET)
        return false;
    uint32_t total = capture_u32(c, c->p + 4);
    return total >= FIXED + TRAILER && total <= left && capture_u32(c, c->p + 8) < c->interfaces &&
           capture_u32(c, c->p + 20) <= total - FIXED - TRAILER;
}

bool pcapng_next(struct capture *c, struct packet *p, struct err *err)
{
    for (;;) {
        if (!capture_fill(c, 12, err))
            return capture_over(c, capture_left(c) != 0);
        if (be32(c->p) == BLOCK_SECTION && !section(c, err)) {
            if (c->facts.packets == 0 && c->interfaces == 0)
                err_set(err, "%s starts like pcapng but its section header is cut or damaged", c->path);
            return capture_over(c, true);
        }
        uint32_t type = capture_u32(c, c->p), total = capture_u32(c, c->p + 4);
        if (total < 12 || total > LARGEST_BLOCK || !capture_fill(c, total, err))
            return capture_over(c, true);
        struct bytes body = { c->p + 8, total - 12 }, whole = { c->p, total };
        c->p += (total + 3) & ~UINT32_C(3);
        if (c->p > c->end) /* the padding of the last block may be missing */
            c->p = c->end;
        if (type == BLOCK_PACKET || type == BLOCK_OLD_PACKET || type == BLOCK_SIMPLE_PACKET) {
            if (packet(c, type, body, p)) {
                tap(c, whole, p);
                return true;
            }
        } else if (type == BLOCK_INTERFACE) {
            interface(c, body);
        } else if (type == BLOCK_STATISTICS) {
            statistics(c, body);
            count_dropped(c);
        } else if (type == BLOCK_SECRETS) {
            secrets(c, body);
        } else if (type == BLOCK_CUSTOM) {
            custom(c, body);
        } else if (type == BLOCK_NAMES) {
            names(c, body);
        }
        tap(c, whole, NULL);
    }
}
