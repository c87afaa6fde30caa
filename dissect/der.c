#include "tlswhy/der.h"

#include <limits.h>
#include <stdio.h>

bool der_next(struct reader *r, struct der *d, const char *what)
{
    struct reader  in = *r;
    const uint8_t *start = in.p;
    *d = (struct der){ .tag = rd_u8(&in, what) };
    size_t len = rd_u8(&in, what);
    if (len >= 0x80) {
        size_t width = len & 0x7f;
        if (width == 0 || width > 4 || (d->tag & 0x1f) == 0x1f)
            in.want = what;
        len = rd_uint(&in, width, what);
        d->loose = len < 0x80 || (width > 1 && len >> (8 * (width - 1)) == 0);
    } else if ((d->tag & 0x1f) == 0x1f) {
        in.want = what;
    }
    d->body.p = rd_bytes(&in, len, what);
    if (in.want != NULL) {
        r->want = r->want != NULL ? r->want : what;
        *d = (struct der){ 0 };
        return false;
    }
    d->body.n = len;
    d->whole = (struct bytes){ start, (size_t)(in.p - start) };
    *r = in;
    return true;
}

bool der_expect(struct reader *r, unsigned tag, struct der *d, const char *what)
{
    struct reader before = *r;
    if (der_next(r, d, what) && d->tag == tag)
        return true;
    *r = before;
    r->want = r->want != NULL ? r->want : what;
    *d = (struct der){ 0 };
    return false;
}

bool der_take(struct reader *r, unsigned tag, struct der *d)
{
    *d = (struct der){ 0 };
    return rd_more(r) && *r->p == tag && der_next(r, d, "optional field");
}

struct reader der_into(struct reader *r, unsigned tag, const char *what)
{
    struct der d;
    if (!der_expect(r, tag, &d, what))
        return (struct reader){ .want = r->want };
    return der_inside(&d);
}

bool der_small(struct bytes body, int *out)
{
    uint64_t v = 0;
    if (body.n == 0 || body.n > 5 || (body.p[0] & 0x80) != 0)
        return false;
    for (size_t i = 0; i < body.n; i++)
        v = v << 8 | body.p[i];
    *out = v <= INT_MAX ? (int)v : INT_MAX;
    return v <= INT_MAX;
}

struct bytes der_magnitude(struct bytes body)
{
    while (body.n > 0 && body.p[0] == 0)
        body.p++, body.n--;
    return body;
}

unsigned der_bits(struct bytes body)
{
    struct bytes m = der_magnitude(body);
    if (m.n == 0 || m.n > UINT_MAX / 8)
        return 0;
    unsigned bits = (unsigned)m.n * 8;
    for (unsigned top = m.p[0]; (top & 0x80) == 0; top <<= 1)
        bits--;
    return bits;
}

struct bytes der_bit_string(struct bytes body, unsigned *unused)
{
    if (body.n == 0 || body.p[0] > 7)
        return (struct bytes){ 0 };
    if (unused != NULL)
        *unused = body.p[0];
    return (struct bytes){ body.p + 1, body.n - 1 };
}

/* Arcs of up to 64 bits: enough for every OID but those made of a UUID, which stay unnamed. */
bool der_oid(struct bytes body, char *out, size_t cap)
{
    size_t   n = 0;
    uint64_t arc = 0;
    bool     first = true, open = false;
    if (cap > 0)
        out[0] = '\0';
    for (size_t i = 0; i < body.n; i++) {
        if (arc > UINT64_MAX >> 7)
            return false;
        arc = arc << 7 | (body.p[i] & 0x7f);
        open = (body.p[i] & 0x80) != 0;
        if (open)
            continue;
        if (first) {
            unsigned top = arc < 80 ? (unsigned)arc / 40 : 2;
            out[0] = (char)('0' + top);
            n = cap > 1 ? 1 : 0;
            arc -= (uint64_t)top * 40;
            first = false;
        }
        char   digits[24];
        size_t d = sizeof digits;
        do
            digits[--d] = (char)('0' + arc % 10);
        while ((arc /= 10) != 0);
        if (n == 0 || cap - n < sizeof digits - d + 2)
            return false;
        out[n++] = '.';
        while (d < sizeof digits)
            out[n++] = digits[d++];
        out[n] = '\0';
        arc = 0;
    }
    return !first && !open;
}
