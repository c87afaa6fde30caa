#include "tlswhy/fetch_url.h"

#include "curl_lib.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct sink {
    struct fetch_answer *out;
    size_t               cap;
};

static bool append(struct sink *s, const void *p, size_t n)
{
    struct fetch_answer *o = s->out;
    if (n > FETCH_MAX - o->n) {
        o->too_large = o->cut_short = true;
        return false;
    }
    if (o->n + n > s->cap) {
        s->cap = (o->n + n) * 2;
        o->message = mem_grow(o->message, s->cap, 1);
    }
    memcpy(o->message + o->n, p, n);
    o->n += n;
    return true;
}

/* Of several answers (a 407 that was retried) the last one stays. */
static size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
    struct sink *s = ctx;
    size_t       len = size * n;
    if (len > 5 && memcmp(p, "HTTP/", 5) == 0) {
        s->out->n = 0;
        s->out->status = len > 12 ? atoi(p + 9) : 0;
    }
    bool kept = append(s, p, len);
    s->out->head = s->out->n;
    return kept ? len : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
    struct sink *s = ctx;
    return append(s, p, size * n) ? size * n : 0;
}

static bool allowed(const struct fetch_request *q, struct err *err)
{
    if (strncasecmp(q->url, "http://", 7) == 0 || (q->https && strncasecmp(q->url, "https://", 8) == 0))
        return true;
    if (strncasecmp(q->url, "https://", 8) == 0)
        err_set(err, "'%s': Windows fetches its lists over plain http, and so does this; --https allows https", q->url);
    else
        err_set(err, "'%s' is no http:// URL", q->url);
    return false;
}

bool fetch_url(const struct fetch_request *q, struct fetch_answer *out, struct err *err)
{
    char        said[CURL_ERROR_SIZE] = "";
    struct sink sink = { .out = out };
    *out = (struct fetch_answer){ 0 };
    const struct curl_lib *curl = allowed(q, err) ? curl_lib(err) : NULL;
    if (curl == NULL)
        return false;
    curl_handle *c = curl->init();
    if (c == NULL)
        mem_fail();
    curl->setopt(c, CURL_URL, q->url);
    curl->setopt(c, CURL_PROTOCOLS, (long)(CURL_PROTO_HTTP | (q->https ? CURL_PROTO_HTTPS : 0)));
    curl->setopt(c, CURL_FOLLOWLOCATION, 0L);
    curl->setopt(c, CURL_NOSIGNAL, 1L);
    curl->setopt(c, CURL_TIMEOUT_MS, (long)q->timeout_ms);
    curl->setopt(c, CURL_CONNECTTIMEOUT_MS, (long)q->timeout_ms);
    curl->setopt(c, CURL_USERAGENT, q->user_agent != NULL ? q->user_agent : "tlswhy/" TLSWHY_VERSION);
    curl->setopt(c, CURL_ERRORBUFFER, said);
    curl->setopt(c, CURL_HEADERFUNCTION, on_header);
    curl->setopt(c, CURL_HEADERDATA, &sink);
    curl->setopt(c, CURL_WRITEFUNCTION, on_body);
    curl->setopt(c, CURL_WRITEDATA, &sink);
    if (q->proxy != NULL) {
        curl->setopt(c, CURL_PROXY, q->proxy);
        curl->setopt(c, CURL_NOPROXY, "");
    }
    if (q->proxy_user != NULL) { /* not Negotiate: without a ticket libcurl does not fall back from it */
        curl->setopt(c, CURL_PROXYUSERPWD, q->proxy_user);
        curl->setopt(c, CURL_PROXYAUTH, (long)(CURL_AUTH_BASIC | CURL_AUTH_DIGEST | CURL_AUTH_NTLM));
    }
    int rc = curl->perform(c);
    curl->cleanup(c);
    if (rc != 0 && out->head == 0) {
        err_set(err, "cannot fetch '%s'%s%s: %s", q->url, q->proxy != NULL ? " through " : "", q->proxy != NULL ? "the proxy" : "", said[0] != '\0' ? said : curl->strerror(rc));
        free(out->message);
        *out = (struct fetch_answer){ 0 };
        return false;
    }
    out->cut_short |= rc != 0;
    return true;
}
