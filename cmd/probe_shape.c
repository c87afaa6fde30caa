/* probe_shape.c - the hello's shape: a client's or our own, with what the options change; or the bytes of a file. */
#include "probe_parts.h"

#include <stdio.h>
#include <string.h>

bool read_hello(struct probe_options *o)
{
    enum { HELLO_MAX = 128 * 1024 };
    FILE    *f = fopen(o->hello_file, "rb");
    uint8_t *p = ARENA_NEW_N(&o->arena, HELLO_MAX + 1, uint8_t);
    size_t   n = f != NULL ? fread(p, 1, HELLO_MAX + 1, f) : 0;
    bool     whole = f != NULL && !ferror(f);
    if (f != NULL)
        fclose(f);
    if (!whole)
        return trouble("--hello: cannot read %s", o->hello_file) == EXIT_NONE_FOUND;
    if (n == 0 || n > HELLO_MAX)
        return trouble("--hello: %s holds %s", o->hello_file, n == 0 ? "nothing" : "more than 128 KB") == EXIT_NONE_FOUND;
    size_t hex = strspn((const char *)p, "0123456789abcdefABCDEF: \t\r\n"); /* the arena ends it with a zero */
    if (hex >= n) {
        size_t digits = 0;
        for (size_t i = 0; i < n; i++) {
            if (strchr(": \t\r\n", p[i]) != NULL)
                continue;
            unsigned nibble = p[i] <= '9' ? (unsigned)(p[i] - '0') : (unsigned)((p[i] | 0x20) - 'a') + 10;
            p[digits / 2] = (uint8_t)(digits % 2 == 0 ? nibble << 4 : p[digits / 2] | nibble);
            digits++;
        }
        if (digits % 2 != 0 || digits == 0)
            return trouble("--hello: %s holds an odd number of hex digits", o->hello_file) == EXIT_NONE_FOUND;
        n = digits / 2;
    }
    o->raw = (struct bytes){ p, n };
    return true;
}

/* The hello's shape: a profile or our own, with the changes. */
bool make_shape(struct probe_options *o, const struct changes *c)
{
    struct profile *p = &o->shape;
    *p = o->as != NULL ? *o->client.profiles[0] : *hello_modern();
    o->shaped = o->tls_given || c->ciphers != NULL || c->groups != NULL || c->sigalgs != NULL || c->alpn != NULL || custom_any(c);
    if (o->raw.p != NULL && (o->as != NULL || o->shaped))
        return trouble("--hello sends the file's bytes as they are; leave out what would change them") == EXIT_NONE_FOUND;
    if (o->clients && (o->as != NULL || o->shaped || o->raw.p != NULL || o->expect != NULL))
        return trouble("--clients sends each client's own hello; leave out what would change it, and --expect") == EXIT_NONE_FOUND;
    if (o->sweep && (o->as != NULL || o->shaped || o->raw.p != NULL || o->expect != NULL || o->clients))
        return trouble("--sweep sends hellos of its own; leave out what would change them, --clients and --expect") == EXIT_NONE_FOUND;
    if (o->record_split && !shape_for_split(o, c))
        return false;
    if (o->tls_given)
        hello_set_versions(p, o->tls_low, o->tls_high, &o->arena);
    if (c->ciphers != NULL && !list_suites("--ciphers", c->ciphers, &o->arena, &p->suites))
        return false;
    if (c->groups != NULL) {
        struct u16s groups;
        if (!list_groups("--groups", c->groups, &o->arena, &groups))
            return false;
        hello_set_groups(p, groups, &o->arena);
    }
    if (c->sigalgs != NULL && !list_sigalgs("--sigalgs", c->sigalgs, &o->arena, &p->sigalgs))
        return false;
    if (c->alpn != NULL && !list_words("--alpn", c->alpn, &o->arena, &p->alpn))
        return false;
    if (p->sigalgs.v != NULL && c->sigalgs != NULL)
        hello_add_extension(p, EXT_SIGNATURE_ALGORITHMS, &o->arena);
    if (p->alpn.v != NULL && c->alpn != NULL)
        hello_add_extension(p, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, &o->arena);
    if (o->sni != NULL)
        hello_add_extension(p, EXT_SERVER_NAME, &o->arena);
    return custom_shape(o, c);
}
