/* proxy_url.c - which proxy, and for which hosts: what users and the environment write, read as curl reads it. Pure. */
#include "tlswhy/tunnel.h"
#include "tlswhy/x509.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_SOCKS_AND_HTTP = 1080, PORT_HTTPS = 443 };
static const struct {
    const char *scheme;
    enum proxy_kind kind;
} kinds[] = { { "http", PROXY_HTTP }, { "https", PROXY_HTTPS }, { "socks4", PROXY_SOCKS4 }, { "socks4a", PROXY_SOCKS4A },
              { "socks5", PROXY_SOCKS5 }, { "socks5h", PROXY_SOCKS5H }, { "socks", PROXY_SOCKS4 } };
static const char *const auths[PROXY_AUTHS] = { "none", "Basic", "Digest", "NTLM", "Negotiate" };

bool proxy_is_http(enum proxy_kind k) { return k == PROXY_HTTP || k == PROXY_HTTPS; }
bool proxy_is_told_names(enum proxy_kind k) { return proxy_is_http(k) || k == PROXY_SOCKS4A || k == PROXY_SOCKS5H; }
const char *proxy_auth_name(enum proxy_auth a) { return auths[a]; }

bool proxy_auth_named(const char *word, enum proxy_auth *out)
{
    for (size_t i = 0; i < PROXY_AUTHS; i++) {
        if (strcasecmp(word, auths[i]) == 0) {
            *out = (enum proxy_auth)i;
            return true;
        }
    }
    return false;
}

void tunnel_way_wipe(struct tunnel_way *w)
{
    explicit_bzero(w->user, sizeof w->user);
    explicit_bzero(w->password, sizeof w->password);
}

/* Copies n bytes, percent-decoded if wanted, with a zero behind them. */
static bool take(const char *s, size_t n, bool decode, char out[256])
{
    size_t o = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = (unsigned char)s[i];
        if (decode && byte == '%' && i + 2 < n && isxdigit((unsigned char)s[i + 1]) && isxdigit((unsigned char)s[i + 2])) {
            char hex[3] = { s[i + 1], s[i + 2], '\0' };
            byte = (unsigned)strtoul(hex, NULL, 16);
            i += 2;
        }
        if (o == 255 || byte == '\0')
            return false;
        out[o++] = (char)byte;
    }
    out[o] = '\0';
    return true;
}

static bool take_login(struct tunnel_way *w, const char *s, size_t n, bool decode, struct err *err)
{
    const char *colon = memchr(s, ':', n);
    size_t      user = colon != NULL ? (size_t)(colon - s) : n;
    w->has_user = true;
    w->has_password = colon != NULL;
    if (take(s, user, decode, w->user) && (colon == NULL || take(colon + 1, n - user - 1, decode, w->password)))
        return true;
    err_set(err, "the proxy's user and password have 255 bytes at most, and no zero byte");
    return false;
}

bool tunnel_way_login(struct tunnel_way *w, const char *login, struct err *err) { return take_login(w, login, strlen(login), false, err); }

static bool take_scheme(const char **s, enum proxy_kind *out, struct err *err)
{
    const char *end = strstr(*s, "://");
    *out = PROXY_HTTP;
    if (end == NULL)
        return true;
    size_t n = (size_t)(end - *s);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strlen(kinds[i].scheme) == n && strncasecmp(*s, kinds[i].scheme, n) == 0) {
            *out = kinds[i].kind;
            *s = end + 3;
            return true;
        }
    }
    bool word = n < 20 && strspn(*s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") == n; /* else it may be a login */
    err_set(err, "%s%.*s%s is no kind of proxy; http, https, socks4, socks4a, socks5 and socks5h are", word ? "'" : "what stands before ", word ? (int)n : 3,
            word ? *s : end, word ? "'" : "");
    return false;
}

/* A decimal number of n digits, at most `most`. */
static bool take_number(const char *s, size_t n, unsigned most, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isdigit((unsigned char)s[i]) || (*out = *out * 10 + (unsigned)(s[i] - '0')) > most)
            return false;
    }
    return n > 0;
}

/* HOST[:PORT], [V6][:PORT] */
static bool take_host(struct tunnel_way *w, const char *s, size_t n, struct err *err)
{
    const char *bracket = n > 0 && s[0] == '[' ? memchr(s, ']', n) : NULL;
    const char *host = bracket != NULL ? s + 1 : s, *after = bracket != NULL ? bracket + 1 : memchr(s, ':', n);
    const char *end = s + n;
    size_t      len = bracket != NULL ? (size_t)(bracket - host) : after != NULL ? (size_t)(after - s) : n;
    unsigned    port = w->kind == PROXY_HTTPS ? PORT_HTTPS : PORT_SOCKS_AND_HTTP;
    bool        port_bad = after != NULL && after != end && (*after != ':' || (after + 1 != end && !take_number(after + 1, (size_t)(end - after - 1), UINT16_MAX, &port)));
    bool        host_bad = len == 0 || len >= sizeof w->host;
    for (size_t i = 0; i < len; i++)
        host_bad |= (unsigned char)host[i] <= ' ' || (unsigned char)host[i] >= 0x7f;
    w->port = (uint16_t)port;
    if (port_bad || host_bad || port == 0) {
        err_set(err, "the proxy's %s is none; write SCHEME://HOST:PORT", host_bad ? "host" : "port");
        return false;
    }
    memcpy(w->host, host, len);
    w->host[len] = '\0';
    return true;
}

bool tunnel_way_parse(const char *url, struct tunnel_way *out, struct err *err)
{
    const char *s = url;
    *out = (struct tunnel_way){ 0 };
    if (!take_scheme(&s, &out->kind, err))
        return false;
    size_t      n = strcspn(s, "/?#"), before = 0;
    const char *at = NULL;
    for (size_t i = 0; i < n; i++) /* a password may hold an @ */
        at = s[i] == '@' ? s + i : at;
    if (at != NULL && !take_login(out, s, (size_t)(at - s), true, err))
        return false;
    before = at != NULL ? (size_t)(at - s) + 1 : 0;
    if (!take_host(out, s + before, n - before, err))
        return false;
    snprintf(out->shown, sizeof out->shown, strchr(out->host, ':') != NULL ? "%s://[%s]:%u" : "%s://%s:%u", kinds[out->kind].scheme, out->host,
             out->port);
    return true;
}

/* "10.0.0.0/8", "2001:db8::/32", "192.0.2.7" */
static bool address_covers(const char *entry, size_t n, struct bytes host)
{
    const char  *slash = memchr(entry, '/', n);
    size_t       len = slash != NULL ? (size_t)(slash - entry) : n;
    uint8_t      buf[16];
    struct bytes net;
    if (!ip_from_text(entry, len, &net, buf) || net.n != host.n)
        return false;
    unsigned bits = (unsigned)net.n * 8;
    if (slash != NULL && !take_number(slash + 1, n - len - 1, bits, &bits))
        return false;
    for (size_t i = 0; i < bits; i++) {
        if (((net.p[i / 8] ^ host.p[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    }
    return true;
}

static bool name_covers(const char *entry, size_t n, const char *host, size_t host_n)
{
    if (n > 0 && entry[0] == '.')
        entry++, n--;
    if (n > 0 && entry[n - 1] == '.')
        n--;
    return n > 0 && n <= host_n && strncasecmp(host + host_n - n, entry, n) == 0 && (n == host_n || host[host_n - n - 1] == '.');
}

bool no_proxy_covers(const char *list, const char *host)
{
    uint8_t      buf[16];
    struct bytes ip = { 0 };
    size_t       host_n = strlen(host);
    bool         is_ip = ip_from_text(host, host_n, &ip, buf);
    if (list == NULL)
        return false;
    for (const char *s = list; *s != '\0';) {
        size_t n = strcspn(s, ", \t");
        if ((n == 1 && *s == '*') || (n > 0 && (is_ip ? address_covers(s, n, ip) : name_covers(s, n, host, host_n))))
            return true;
        s += n;
        s += strspn(s, ", \t");
    }
    return false;
}

static const char *first_set(const char *const *names)
{
    for (; *names != NULL; names++) {
        const char *value = getenv(*names);
        if (value != NULL && value[0] != '\0')
            return value;
    }
    return NULL;
}

const char *proxy_of_environment(void)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
    return first_set(names);
}

const char *no_proxy_of_environment(void)
{
    static const char *const names[] = { "no_proxy", "NO_PROXY", NULL };
    return first_set(names);
}
