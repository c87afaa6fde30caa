/* fetch_url.h - one plain HTTP request through libcurl, bounded in size and time.
 *
 * libcurl is loaded when the first request is made, so nothing else pays for it, and a machine without it loses
 * only this. Redirects are told, never followed; https is refused unless asked for. An answer of any status is data:
 * a proxy's refusal is what the caller wants to see.
 * Errors: false and `err` where there was no answer at all (no libcurl, wrong URL, no connection, time out).
 * Owns:   `message` is the caller's (free); it holds the last answer as HTTP: head, empty line, body. */
#ifndef TLSWHY_FETCH_URL_H
#define TLSWHY_FETCH_URL_H

#include "tlswhy/base.h"

enum { FETCH_MAX = 32 << 20 };
struct fetch_request {
    const char *url;
    const char *proxy;      /* NULL: as the environment says (http_proxy), like curl */
    const char *proxy_user; /* USER[:PASSWORD] or NULL */
    const char *user_agent; /* NULL: tlswhy's own */
    bool        https;      /* https URLs are allowed */
    unsigned    timeout_ms;
};
struct fetch_answer {
    uint8_t *message;
    size_t   n, head;       /* bytes in all, of them up to the body */
    int      status;
    bool     cut_short;     /* the connection ended early, or more than FETCH_MAX came: */
    bool     too_large;
};
bool fetch_url(const struct fetch_request *q, struct fetch_answer *out, struct err *err);

#endif
