#include "tlswhy/fetch.h"

#include <string.h>

/* What the end of a path (before any ?) tells. The first row that fits counts. */
static const struct { const char *part; bool at_end; enum fetch_kind kind; } paths[] = {
    { "/disallowedcertstl.cab", true, FETCH_DISALLOWED_LIST }, { "/disallowedcert.stl", true, FETCH_DISALLOWED_LIST },
    { "/authrootstl.cab", true, FETCH_ROOT_LIST },             { "/authroot.stl", true, FETCH_ROOT_LIST },
    { "/trustedr/en/", false, FETCH_ROOT },                    { ".crl", true, FETCH_CRL },
    { "/ocsp", false, FETCH_OCSP },                            { ".crt", true, FETCH_ISSUER },
    { ".cer", true, FETCH_ISSUER },                            { ".p7c", true, FETCH_ISSUER },
};

const char *fetch_name(enum fetch_kind k)
{
    static const char *const names[] = {
        [FETCH_ROOT_LIST] = "the Windows root list (authrootstl.cab)",
        [FETCH_DISALLOWED_LIST] = "the Windows list of disallowed certificates",
        [FETCH_ROOT] = "a root certificate of the Windows root programme",
        [FETCH_CRL] = "a certificate revocation list",
        [FETCH_OCSP] = "an OCSP answer",
        [FETCH_ISSUER] = "an issuer's certificate (AIA)",
    };
    return names[k];
}

static bool contains(struct bytes s, const char *part)
{
    return s.n >= strlen(part) && memmem(s.p, s.n, part, strlen(part)) != NULL;
}

static bool ends_with(struct bytes s, const char *part)
{
    size_t n = strlen(part);
    return s.n >= n && strncasecmp((const char *)s.p + s.n - n, part, n) == 0;
}

/* Cuts the next word off, up to a space or the end of the line. */
static struct bytes word(struct bytes *line)
{
    struct bytes w = { line->p, 0 };
    while (w.n < line->n && line->p[w.n] != ' ' && line->p[w.n] != '\r' && line->p[w.n] != '\n')
        w.n++;
    size_t used = w.n + (w.n < line->n && line->p[w.n] == ' ');
    line->p += used;
    line->n -= used;
    return w;
}

static bool is(struct bytes w, const char *s) { return w.n == strlen(s) && memcmp(w.p, s, w.n) == 0; }

bool fetch_of(const struct handshake *h, struct fetch *out)
{
    struct bytes ask = h->plain[CLIENT].start, reply = h->plain[SERVER].start, method, path;
    if (ask.p == NULL)
        return false;
    method = word(&ask);
    *out = (struct fetch){ .url = word(&ask), .asked = h->plain[CLIENT].where, .client = h->ends[CLIENT], .stream = h->stream };
    if (!is(method, "GET") && !is(method, "POST") && !is(method, "HEAD"))
        return false;
    out->to_proxy = out->url.n > 7 && strncasecmp((const char *)out->url.p, "http://", 7) == 0;
    path = out->url;
    const uint8_t *query = memchr(path.p, '?', path.n);
    if (query != NULL)
        path.n = (size_t)(query - path.p);
    size_t row = 0;
    while (row < ARRAY_LEN(paths) && !(paths[row].at_end ? ends_with(path, paths[row].part) : contains(path, paths[row].part)))
        row++;
    if (row < ARRAY_LEN(paths))
        out->kind = paths[row].kind;
    else if (contains(ask, "application/ocsp-request") || contains(out->url, "://ocsp."))
        out->kind = FETCH_OCSP;
    else
        return false;
    if (reply.p != NULL && reply.n >= 12 && memcmp(reply.p, "HTTP/1.", 7) == 0) {
        out->answer = reply;
        const uint8_t *end = memchr(reply.p, '\r', reply.n);
        if (end == NULL)
            end = memchr(reply.p, '\n', reply.n);
        out->answer.n = end != NULL ? (size_t)(end - reply.p) : reply.n;
        for (size_t i = 9; i < 12 && reply.p[i] >= '0' && reply.p[i] <= '9'; i++)
            out->status = out->status * 10 + (reply.p[i] - '0');
        out->answered = h->plain[SERVER].where;
    }
    return true;
}
