/* proxy_windows.c - what Windows fetches through a proxy as the computer account, without a login, and what a proxy configuration
 * file names. */
#include "proxy_run.h"

#include "tlswhy/fetch_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* crypt32.dll of Windows 10 and later. */
#define CRYPTO_API "Microsoft-CryptoAPI/10.0"
enum { FETCH_MS = 4000 };

/* The Proxy-Authenticate lines of an answer, one after the other. */
static struct bytes schemes_of(const struct fetch_answer *got, struct arena *a)
{
    static const char header[] = "\nproxy-authenticate:";
    struct text       t = { 0 };
    for (size_t i = 0; i + sizeof header < got->head; i++) {
        if (strncasecmp((const char *)got->message + i, header, sizeof header - 1) != 0)
            continue;
        const char *value = (const char *)got->message + i + sizeof header - 1, *end = memchr(value, '\n', got->head - i - (sizeof header - 1));
        size_t      n = end != NULL ? (size_t)(end - value) : 0;
        while (n > 0 && (value[n - 1] == '\r' || value[n - 1] == ' '))
            n--;
        while (n > 0 && *value == ' ')
            value++, n--;
        text_add(&t, t.n != 0 ? "; " : "");
        text_add_n(&t, value, n < 100 ? n : 100);
    }
    struct bytes b = { t.n != 0 ? arena_copy(a, t.s, t.n) : NULL, t.n };
    text_free(&t);
    return b;
}

static void fetch_one(const struct check_options *o, const char *url, struct proxy_facts *p, struct arena *a)
{
    struct err           err = { 0 };
    struct fetch_answer  got;
    struct proxy_fetch  *f = &p->fetches[p->fetch_n++];
    struct fetch_request q = { .url = url, .proxy = o->proxy.way.shown, .user_agent = CRYPTO_API, .timeout_ms = FETCH_MS };
    *f = (struct proxy_fetch){ .url = arena_str(a, url) };
    if (!fetch_url(&q, &got, &err)) {
        f->trouble = arena_str(a, err.text);
        return;
    }
    f->status = got.status;
    f->schemes = schemes_of(&got, a);
    free(got.message);
}

void fetch_as_windows(const struct check_options *o, const struct lab_origins *l, struct proxy_facts *p, struct arena *a)
{
    static const char *const files[] = { "authrootstl.cab", "lab.crl", "ocsp" };
    const char *host = o->name_n != 0 ? o->names[0] : o->listen;
    if (o->relay[0] != '\0' || o->proxy.way.kind != PROXY_HTTP) {
        p->no_fetches = "Windows' WinHTTP speaks to http:// proxies only";
        return;
    }
    for (size_t i = 0; i < o->fetch_n && !check_ended; i++)
        fetch_one(o, o->fetches[i], p, a);
    for (size_t i = 0; i < ARRAY_LEN(files) && l->serve != NULL && p->fetch_n < PROXY_FETCHES_MAX && !check_ended; i++) {
        char url[400];
        snprintf(url, sizeof url, strchr(host, ':') != NULL ? "http://[%s]:%u/%s" : "http://%s:%u/%s", host, l->web, files[i]);
        fetch_one(o, url, p, a);
    }
    if (p->fetch_n == 0)
        p->no_fetches = "no address was given (--fetch URL)";
}

/* ------------------------------------------------------------------------------------ the configuration file */

bool pac_open(const struct check_options *o, struct pac *out, uint8_t **body)
{
    struct err  err = { 0 };
    const char *from = strcmp(o->pac, "wpad") == 0 ? "http://wpad/wpad.dat" : o->pac; /* as DNS discovery asks for it */
    size_t      n = 0;
    *body = NULL;
    *out = (struct pac){ .from = from };
    if (strstr(from, "://") == NULL) {
        *body = file_read(from, &n, &err);
    } else {
        struct fetch_answer  got = { 0 };
        struct fetch_request q = { .url = from, .proxy = "", .https = true, .timeout_ms = FETCH_MS };
        if (fetch_url(&q, &got, &err) && got.status != 200)
            err_set(&err, "%s is answered with %d", from, got.status);
        else if (err.text[0] == '\0') {
            n = got.n - got.head;
            memmove(got.message, got.message + got.head, n);
            *body = got.message;
            got.message = NULL;
        }
        free(got.message);
    }
    if (*body == NULL)
        return trouble("--pac: %s", err.text) == EXIT_NONE_FOUND;
    pac_read((struct bytes){ *body, n < PAC_MAX ? n : PAC_MAX }, out);
    return true;
}
