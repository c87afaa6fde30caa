#include "tlswhy/fetch.h"

#include "http.h"
#include "prelude_row.h"

#include <string.h>

/* What a path (before any ?) tells. The first row that fits counts. */
static const struct { const char *part, *end; enum fetch_kind kind; } paths[] = {
    { "/", "/disallowedcertstl.cab", FETCH_DISALLOWED_LIST }, { "/", "/disallowedcert.stl", FETCH_DISALLOWED_LIST },
    { "/", "/authrootstl.cab", FETCH_ROOT_LIST },             { "/", "/authroot.stl", FETCH_ROOT_LIST },
    { "/trustedr/en/", ".crt", FETCH_ROOT },                  { "/", ".crl", FETCH_CRL },
    { "/ocsp", "", FETCH_OCSP },                              { "://ocsp.", "", FETCH_OCSP },
    { "/", ".crt", FETCH_ISSUER },                            { "/", ".cer", FETCH_ISSUER },
    { "/", ".p7c", FETCH_ISSUER },
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

bool fetch_is_list(enum fetch_kind k) { return k == FETCH_ROOT_LIST || k == FETCH_DISALLOWED_LIST; }

static bool holds(struct bytes s, const char *part) { return s.n >= strlen(part) && memmem(s.p, s.n, part, strlen(part)) != NULL; }

static bool ends_with(struct bytes s, const char *part)
{
    size_t n = strlen(part);
    return s.n >= n && strncasecmp((const char *)s.p + s.n - n, part, n) == 0;
}

static bool kind_of_path(struct bytes url, enum fetch_kind *kind)
{
    const uint8_t *query = url.n != 0 ? memchr(url.p, '?', url.n) : NULL;
    struct bytes   path = { url.p, query != NULL ? (size_t)(query - url.p) : url.n };
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (holds(path, paths[i].part) && ends_with(path, paths[i].end)) {
            *kind = paths[i].kind;
            return true;
        }
    }
    return false;
}

/* ---- one message: its head, and how long its body is (RFC 9112 section 6.3) ---- */

enum framing { FRAMED_NONE, FRAMED_LENGTH, FRAMED_CHUNKS, FRAMED_CLOSE };
struct message_head {
    struct bytes line;         /* its first */
    size_t       n;            /* of the head; 0 = it is not all here */
    enum framing framing;
    uint64_t     length;
    struct bytes host, agent, type, location, challenge, coding, range;
    bool         ocsp;         /* asks for an OCSP answer */
};

static uint64_t number(struct bytes b)
{
    uint64_t v = 0;
    for (size_t i = 0; i < b.n && b.p[i] >= '0' && b.p[i] <= '9' && v < UINT32_MAX; i++)
        v = v * 10 + (uint64_t)(b.p[i] - '0');
    return v;
}

static void header(struct message_head *h, struct bytes name, struct bytes value)
{
    struct { const char *name; struct bytes *to; } kept[] = {
        { "Host", &h->host }, { "User-Agent", &h->agent }, { "Content-Type", &h->type }, { "Location", &h->location },
        { "Content-Encoding", &h->coding }, { "Content-Range", &h->range }, { "Proxy-Authenticate", &h->challenge },
    };
    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (text_is(name, kept[i].name) && kept[i].to->p == NULL)
            *kept[i].to = value;
    }
    if (text_is(name, "Transfer-Encoding") && !text_is(value, "identity")) {
        h->framing = FRAMED_CHUNKS;
    } else if (text_is(name, "Content-Length") && h->framing != FRAMED_CHUNKS) {
        h->framing = FRAMED_LENGTH;
        h->length = number(value);
    }
    h->ocsp = h->ocsp || (text_is(name, "Content-Type") && text_is(value, "application/ocsp-request"));
}

/* False: not even its first line is here. */
static bool message_head(struct bytes in, struct message_head *h)
{
    size_t       took;
    struct bytes name, value, block = in;
    *h = (struct message_head){ .n = http_head(in) };
    if (in.n == 0)
        return false;
    h->line = text_line(in, &took);
    if (took == 0)
        return false;
    block.p += took;
    block.n = (h->n != 0 ? h->n : in.n) - took;
    while (http_header(&block, &name, &value))
        header(h, name, value);
    return true;
}

/* The body behind a head, and what is behind it. Chunks (RFC 9112 section 7.1) are put together into the arena. */
struct body {
    struct bytes bytes;
    size_t       took;  /* of what was given */
    bool         whole;
};

static bool chunk_size(struct bytes line, size_t *out)
{
    size_t v = 0, n = 0;
    for (; n < line.n && n < 8; n++) {
        int c = line.p[n] | 32, d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (d < 0)
            break;
        v = v << 4 | (size_t)d;
    }
    *out = v;
    return n != 0;
}

static struct body chunks(struct bytes in, struct arena *a)
{
    uint8_t    *all = arena_get(a, in.n + 1, 1);
    struct body b = { .bytes = { all, 0 } };
    for (;;) {
        size_t       took = 0, size = 0;
        struct bytes left = { in.p + b.took, in.n - b.took }, line = { 0 };
        if (left.n != 0)
            line = text_line(left, &took);
        if (took == 0 || !chunk_size(line, &size))
            return b;
        b.took += took;
        if (size == 0) { /* trailers, mostly none */
            b.whole = true;
            size_t rest = http_head((struct bytes){ in.p + b.took, in.n - b.took });
            b.took += rest;
            return b;
        }
        size_t have = in.n - b.took < size ? in.n - b.took : size;
        memcpy(all + b.bytes.n, in.p + b.took, have);
        b.bytes.n += have;
        b.took += have;
        if (have < size || in.n - b.took < 2)
            return b;
        b.took += 2;
    }
}

static struct body body_of(const struct message_head *h, struct bytes in, struct arena *a)
{
    switch (h->framing) {
    case FRAMED_CHUNKS: return chunks(in, a);
    case FRAMED_LENGTH: {
        size_t n = h->length < in.n ? (size_t)h->length : in.n;
        return (struct body){ { in.p, n }, n, n == h->length };
    }
    case FRAMED_CLOSE: return (struct body){ { in.p, in.n }, in.n, false };
    default: return (struct body){ { in.p, 0 }, 0, true };
    }
}

/* ---- pairs of request and answer ---- */

/* Where the byte before `end` came. */
static struct place place_at(const struct said *s, size_t end)
{
    size_t i = 0;
    while (i + 1 < s->marks && s->mark[i].end < end)
        i++;
    return s->marks != 0 ? s->mark[i].where : (struct place){ 0 };
}

static struct bytes rest_of(const struct said *s, size_t at) { return (struct bytes){ s->bytes.p + at, s->bytes.n - at }; }

static struct bytes kept(struct arena *a, struct bytes b)
{
    enum { LONGEST = 512 };
    size_t n = b.n < LONGEST ? b.n : LONGEST;
    return b.p != NULL ? (struct bytes){ arena_copy(a, b.p, n), n } : b;
}

static bool is_method(struct bytes word) { return text_is(word, "GET") || text_is(word, "POST") || text_is(word, "HEAD"); }

static bool is_fetch(const struct message_head *ask, struct bytes *method, struct bytes *url, enum fetch_kind *kind)
{
    struct bytes line = ask->line;
    *method = text_word(&line);
    *url = text_word(&line);
    if (!is_method(*method))
        return false;
    if (kind_of_path(*url, kind))
        return true;
    *kind = FETCH_OCSP;
    return ask->ocsp || text_starts(ask->host, "ocsp.");
}

bool fetch_begins(struct bytes request)
{
    struct message_head ask;
    struct bytes        method, url;
    enum fetch_kind     kind;
    return message_head(request, &ask) && is_fetch(&ask, &method, &url, &kind);
}

/* "bytes 0-29366/29367" is all of it. */
static bool whole_range(struct bytes range)
{
    const uint8_t *dash = range.n != 0 ? memchr(range.p, '-', range.n) : NULL, *slash = range.n != 0 ? memchr(range.p, '/', range.n) : NULL;
    if (!text_starts(range, "bytes 0-") || dash == NULL || slash == NULL || slash < dash)
        return false;
    const uint8_t *end = range.p + range.n;
    return number((struct bytes){ dash + 1, (size_t)(end - dash) - 1 }) + 1 == number((struct bytes){ slash + 1, (size_t)(end - slash) - 1 });
}

/* Takes the body of a list's answer, or says why it is not read. */
static void take_list(const struct talk *t, const struct message_head *h, const struct body *b, struct arena *a, struct fetch *f)
{
    const struct said *reply = &t->side[SERVER];
    bool whole = b->whole || (h->framing == FRAMED_CLOSE && t->server_left && reply->cut == NULL);
    if (f->status != 200 && f->status != 206)
        return;
    if (h->coding.p != NULL && !text_is(h->coding, "identity"))
        f->unread = arena_printf(a, "it is compressed (Content-Encoding: %s)", safe_str(a, h->coding.p, h->coding.n < 20 ? h->coding.n : 20));
    else if (f->status == 206 && !whole_range(h->range))
        f->unread = "only a part of it was asked for (status 206)";
    else if (!whole && reply->cut != NULL)
        f->unread = reply->cut;
    else if (!whole && !t->server_left)
        f->unread = "the client left, or the capture ends, before all of it had come";
    if (f->unread != NULL)
        return;
    f->cut = !whole;
    f->body = (struct bytes){ arena_copy(a, b->bytes.p, b->bytes.n), b->bytes.n };
}

/* The answer to a request; `at` moves behind it. False: no more of this side can be read. */
static bool take_answer(const struct talk *t, bool no_body, size_t *at, struct arena *a, struct fetch *f)
{
    const struct said  *reply = &t->side[SERVER];
    struct message_head h;
    do { /* interim answers come before the real one */
        if (!message_head(rest_of(reply, *at), &h) || !text_starts(h.line, "HTTP/1."))
            return false;
        f->status = http_status(h.line);
        if (f->status / 100 == 1)
            *at += h.n;
    } while (f->status / 100 == 1 && h.n != 0);
    f->answer = kept(a, h.line);
    f->answered = f->ended = place_at(reply, *at + (h.n != 0 ? h.n : h.line.n));
    f->more = kept(a, f->status == 407 ? h.challenge : f->status / 100 == 3 ? h.location : (struct bytes){ 0 });
    f->html = text_starts(h.type, "text/html");
    if (h.n == 0) {
        f->unread = f->status == 200 ? reply->cut != NULL ? reply->cut : "its head is not all there" : NULL;
        return false;
    }
    if (no_body || f->status == 204 || f->status == 304)
        h.framing = FRAMED_NONE;
    else if (h.framing == FRAMED_NONE)
        h.framing = FRAMED_CLOSE;
    *at += h.n;
    struct body b = body_of(&h, rest_of(reply, *at), a);
    *at += b.took;
    f->ended = place_at(reply, *at);
    if (fetch_is_list(f->kind) && !no_body)
        take_list(t, &h, &b, a, f);
    return b.whole;
}

size_t fetches_read(const struct talk *t, struct arena *a, const struct fetch **out)
{
    const struct said  *ask = &t->side[CLIENT];
    struct fetch        v[FETCHES_KEPT], unwanted;
    struct message_head h;
    size_t              n = 0, at = 0, reply_at = 0;
    bool                more = true;
    while (more && n < FETCHES_KEPT && message_head(rest_of(ask, at), &h)) {
        struct bytes    method, url;
        enum fetch_kind kind;
        bool            wanted = is_fetch(&h, &method, &url, &kind), answered;
        struct fetch   *f = wanted ? &v[n++] : &unwanted;
        if (!is_method(method) && !text_is(method, "CONNECT"))
            break;
        *f = (struct fetch){ .kind = wanted ? kind : FETCH_OCSP, .client = t->client, .stream = t->stream };
        f->asked = place_at(ask, at + (h.n != 0 ? h.n : h.line.n));
        answered = take_answer(t, text_is(method, "HEAD"), &reply_at, a, f);
        f->unsettled = f->status == 0 && (!t->server_left || t->side[SERVER].cut != NULL);
        if (wanted) {
            f->url = kept(a, url);
            f->agent = kept(a, h.agent);
            f->to_proxy = text_starts(url, "http://");
        }
        at += h.n;
        at += body_of(&h, rest_of(ask, at), a).took;
        more = answered && h.n != 0;
    }
    struct fetch *all = ARENA_NEW_N(a, n, struct fetch);
    for (size_t i = 0; i < n; i++)
        all[i] = v[i];
    *out = all;
    return n;
}
