/* der.h - elements of DER (X.690), read with struct reader. Tolerant where the world is: a length may be
 * longer than it need be (`loose`), up to four octets. Indefinite lengths and tags above 30 are refused.
 *
 * Errors: as in reader.h: the first element that did not fit is named in `want`. */
#ifndef TLSWHY_DER_H
#define TLSWHY_DER_H

#include "tlswhy/reader.h"

enum {
    DER_BOOLEAN = 0x01, DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_OCTET_STRING = 0x04, DER_NULL = 0x05, DER_OID = 0x06,
    DER_ENUMERATED = 0x0a, DER_UTF8 = 0x0c, DER_PRINTABLE = 0x13, DER_T61 = 0x14, DER_IA5 = 0x16, DER_UTC_TIME = 0x17,
    DER_TIME = 0x18, DER_UNIVERSAL = 0x1c, DER_BMP = 0x1e, DER_SEQUENCE = 0x30, DER_SET = 0x31
};
#define DER_CONTEXT(n) (0x80u | (n)) /* [n], primitive */
#define DER_CONS(n)    (0xa0u | (n)) /* [n], constructed */

struct der {
    unsigned     tag;
    bool         loose; /* its length is not in the shortest form */
    struct bytes body, whole;
};

/* The next element, of any tag. False: nothing (or nothing whole) is left, and then `want` is set. */
bool der_next(struct reader *r, struct der *d, const char *what);
/* The next element, which must have this tag. */
bool der_expect(struct reader *r, unsigned tag, struct der *d, const char *what);
/* Takes the next element only if it has this tag (OPTIONAL and DEFAULT fields); nothing else is an error. */
bool der_take(struct reader *r, unsigned tag, struct der *d);
/* The inside of a constructed element that must have this tag; a reader with `want` set otherwise. */
struct reader der_into(struct reader *r, unsigned tag, const char *what);

static inline struct reader der_inside(const struct der *d) { return rd_of(d->body.p, d->body.n); }

/* The one element of `whole`, its inside. */
static inline struct reader der_open(struct bytes whole, unsigned tag, const char *what)
{
    struct reader r = rd_of(whole.p, whole.n);
    return der_into(&r, tag, what);
}

/* A small non-negative INTEGER. False: negative, empty or larger than an int. */
bool der_small(struct bytes body, int *out);
/* The number of significant bits and the magnitude of a non-negative INTEGER's octets. */
struct bytes der_magnitude(struct bytes body);
unsigned     der_bits(struct bytes body);
/* The octets of a BIT STRING; `unused` (may be NULL) gets the count of unused bits. p NULL: broken. */
struct bytes der_bit_string(struct bytes body, unsigned *unused);
/* Dotted text of an OBJECT IDENTIFIER's octets; at most `cap` bytes with the NUL. False: broken or too long. */
bool der_oid(struct bytes body, char *out, size_t cap);

#endif
