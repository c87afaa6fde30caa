/* tunnel.h - a way to a server through a proxy: HTTP CONNECT (RFC 9110 section 9.3.6), the same over TLS to the proxy, SOCKS 4,
 * 4a and 5 (RFC 1928, RFC 1929).
 *
 * libcurl speaks with the proxy (its CONNECT_ONLY), on a connection that the caller has opened, without ever blocking: what is
 * to be waited for is one descriptor. What both said comes out as a capture of it would show it, but for the login, of
 * which the scheme alone is told: no password, nor what is made of one, leaves this module.
 *
 *     t = tunnel_begin(way, fd, ...)       fd is connected to the proxy, and the tunnel's from now on
 *     tunnel_step(t) whenever tunnel_fd(t) is readable, until it says TUNNEL_OPEN or TUNNEL_FAILED
 *     tunnel_send, tunnel_recv             as send(2) and recv(2) of a socket that does not block; read until EAGAIN before
 *                                          waiting: bytes of the proxy's TLS may be here although the descriptor is quiet
 *     tunnel_end(t)
 *
 * Errors: what the proxy did is data (struct tunnel_failure, and what was heard); `err` is for trouble of our own. */
#ifndef TLSWHY_TUNNEL_H
#define TLSWHY_TUNNEL_H

#include "tlswhy/handshake.h"

#include <sys/socket.h>
#include <sys/types.h>

enum proxy_kind { PROXY_HTTP, PROXY_HTTPS, PROXY_SOCKS4, PROXY_SOCKS4A, PROXY_SOCKS5, PROXY_SOCKS5H };
enum proxy_auth { PROXY_AUTH_NONE, PROXY_AUTH_BASIC, PROXY_AUTH_DIGEST, PROXY_AUTH_NTLM, PROXY_AUTH_NEGOTIATE, PROXY_AUTHS };

/* A proxy, and how to log on there. Wipe it with tunnel_way_wipe. */
struct tunnel_way {
    enum proxy_kind kind;
    char            host[256];
    uint16_t        port;
    char            shown[300];    /* "http://proxy.example:8080": never with the login */
    char            user[256], password[256];
    bool            has_user, has_password;
    enum proxy_auth auth;          /* HTTP proxies: the one to log on with */
    const char     *ca;            /* file or folder that the certificate of an https:// proxy is verified with; NULL: the system's */
};

/* [SCHEME://][USER[:PASSWORD]@]HOST[:PORT], as curl takes it: no scheme means http, no port 1080 (https: 443), and user and
 * password are percent-encoded. */
bool        tunnel_way_parse(const char *url, struct tunnel_way *out, struct err *err);
/* USER[:PASSWORD], not encoded. */
bool        tunnel_way_login(struct tunnel_way *w, const char *login, struct err *err);
void        tunnel_way_wipe(struct tunnel_way *w);
bool        proxy_is_http(enum proxy_kind k);      /* CONNECT, and not SOCKS */
bool        proxy_is_told_names(enum proxy_kind k); /* else it is told addresses, which are looked up here */
const char *proxy_auth_name(enum proxy_auth a);    /* "Basic", as in Proxy-Authenticate */
bool        proxy_auth_named(const char *word, enum proxy_auth *out); /* without regard to case */
/* Is this host one that NO_PROXY says to go to directly? As curl reads it: names with or without a leading dot stand for all
 * below them, addresses may have a prefix length, * is all; commas or blanks between. */
bool        no_proxy_covers(const char *list, const char *host);
/* The proxy that the environment names for TLS: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY. NULL: none. */
const char *proxy_of_environment(void);
const char *no_proxy_of_environment(void); /* no_proxy, NO_PROXY; NULL: none */

enum tunnel_state { TUNNEL_OPENING, TUNNEL_OPEN, TUNNEL_FAILED };
struct tunnel_failure {
    enum way_trouble trouble;
    char             words[256]; /* libcurl's */
};

/* Can a tunnel of this kind be made here? False: err says what is missing. */
bool tunnel_ready(const struct tunnel_way *way, struct err *err);

struct tunnel;
/* A piece of the dialog; the login is taken out. */
typedef void tunnel_heard(void *ctx, enum side from, struct bytes b);
/* `at`: the proxy's address, which fd is connected to. `way` is borrowed until tunnel_end. NULL: err says why;
 * fd is closed then, too. */
struct tunnel     *tunnel_begin(const struct tunnel_way *way, int fd, const struct sockaddr *at, const char *host, uint16_t port,
                                tunnel_heard *heard, void *ctx, struct err *err);
int                tunnel_fd(const struct tunnel *t); /* wait for reading only */
enum tunnel_state  tunnel_step(struct tunnel *t);
const struct tunnel_failure *tunnel_failure(const struct tunnel *t);
ssize_t            tunnel_send(struct tunnel *t, const void *p, size_t n); /* -1: errno */
ssize_t            tunnel_recv(struct tunnel *t, void *p, size_t n);
int                tunnel_socket(const struct tunnel *t); /* to ask the kernel about; -1 = none */
void               tunnel_end(struct tunnel *t); /* NULL is fine; closes the connection */

#endif
