#include "tlswhy/fetch_url.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* libcurl by its stable binary interface: the numbers of its options never change (curl.se/libcurl/abi.html), so no
 * header of it is needed to build this. Numbers below 10000 take a long, from 10000 on a pointer. */
typedef void curl_handle;
enum {
    OPT_PORT_PROTOCOLS = 181, OPT_NOSIGNAL = 99, OPT_TIMEOUT_MS = 155, OPT_CONNECTTIMEOUT_MS = 156, OPT_FOLLOWLOCATION = 52, OPT_PROXYAUTH = 111,
    OPT_WRITEDATA = 10001, OPT_URL = 10002, OPT_PROXY = 10004, OPT_PROXYUSERPWD = 10006, OPT_ERRORBUFFER = 10010, OPT_USERAGENT = 10018,
    OPT_HEADERDATA = 10029, OPT_NOPROXY = 10177, OPT_WRITEFUNCTION = 20011, OPT_HEADERFUNCTION = 20079
};
enum { PROTO_HTTP = 1, PROTO_HTTPS = 2, AUTH_BASIC = 1, AUTH_DIGEST = 2, AUTH_NTLM = 8, ERROR_BUFFER = 256 };

static struct {
    curl_handle *(*init)(void);
    int (*setopt)(curl_handle *, int, ...);
    int (*perform)(curl_handle *);
    void (*cleanup)(curl_handle *);
    const char *(*strerror)(int);
} curl;

static bool load(struct err *err)
{
    static const char *const names[] = { "libcurl.so.4", "libcurl-gnutls.so.4", "libcurl-nss.so.4" };
    void *lib = NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && lib == NULL; i++)
        lib = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (lib == NULL) {
        err_set(err, "libcurl is not installed, so nothing can be fetched; install it (Debian: apt install libcurl4), or fetch the file with another tool and give it as a file");
        return false;
    }
    const struct {
        const char *name;
        void       *at;
    } symbols[] = { { "curl_easy_init", &curl.init }, { "curl_easy_setopt", &curl.setopt }, { "curl_easy_perform", &curl.perform }, { "curl_easy_cleanup", &curl.cleanup }, { "curl_easy_strerror", &curl.strerror } };
    for (size_t i = 0; i < ARRAY_LEN(symbols); i++) {
        void *p = dlsym(lib, symbols[i].name); /* POSIX: an object pointer that holds a function's address */
        if (p == NULL) {
            err_set(err, "the libcurl found here has no %s; update it", symbols[i].name);
            return false;
        }
        memcpy(symbols[i].at, &p, sizeof p);
    }
    return true;
}

struct sink {
    struct fetch_answer *out;
    size_t               cap;
};

static bool append(struct sink *s, const void *p, size_t n)
{
    struct fetch_answer *o = s->out;
    if (n > FETCH_MAX - o->n) {
        o->cut_short = true;
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
    char        said[ERROR_BUFFER] = "";
    struct sink sink = { .out = out };
    *out = (struct fetch_answer){ 0 };
    if (!allowed(q, err) || (curl.init == NULL && !load(err)))
        return false;
    curl_handle *c = curl.init();
    if (c == NULL)
        mem_fail();
    curl.setopt(c, OPT_URL, q->url);
    curl.setopt(c, OPT_PORT_PROTOCOLS, (long)(PROTO_HTTP | (q->https ? PROTO_HTTPS : 0)));
    curl.setopt(c, OPT_FOLLOWLOCATION, 0L);
    curl.setopt(c, OPT_NOSIGNAL, 1L);
    curl.setopt(c, OPT_TIMEOUT_MS, (long)q->timeout_ms);
    curl.setopt(c, OPT_CONNECTTIMEOUT_MS, (long)q->timeout_ms);
    curl.setopt(c, OPT_USERAGENT, "tlswhy/" TLSWHY_VERSION);
    curl.setopt(c, OPT_ERRORBUFFER, said);
    curl.setopt(c, OPT_HEADERFUNCTION, on_header);
    curl.setopt(c, OPT_HEADERDATA, &sink);
    curl.setopt(c, OPT_WRITEFUNCTION, on_body);
    curl.setopt(c, OPT_WRITEDATA, &sink);
    if (q->proxy != NULL) {
        curl.setopt(c, OPT_PROXY, q->proxy);
        curl.setopt(c, OPT_NOPROXY, "");
    }
    if (q->proxy_user != NULL) { /* not Negotiate: without a ticket libcurl does not fall back from it */
        curl.setopt(c, OPT_PROXYUSERPWD, q->proxy_user);
        curl.setopt(c, OPT_PROXYAUTH, (long)(AUTH_BASIC | AUTH_DIGEST | AUTH_NTLM));
    }
    int rc = curl.perform(c);
    curl.cleanup(c);
    if (rc != 0 && out->head == 0) {
        err_set(err, "cannot fetch '%s'%s%s: %s", q->url, q->proxy != NULL ? " through " : "", q->proxy != NULL ? "the proxy" : "", said[0] != '\0' ? said : curl.strerror(rc));
        free(out->message);
        *out = (struct fetch_answer){ 0 };
        return false;
    }
    out->cut_short |= rc != 0;
    return true;
}
