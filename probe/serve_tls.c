/* serve_tls.c - a whole TLS server by mbedTLS 2.28 (TLS 1.0 to 1.2) or 3.6 (TLS 1.2), fed with bytes by the loop: it answers one
 * HTTP request and ends. TLS 1.3 is left to serve_flight.c, so that both libraries behave alike. */
#include "serving.h"

#include "tlswhy/keys.h"

#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_server {
    struct tls_setup   setup;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt   chain, root;
    const char        *alpn[4];
    uint8_t           *leaf; /* the certificate that is sent, DER */
};

struct tls_talk {
    struct tls_server  *of;
    mbedtls_ssl_context ssl;
    struct bytes        came; /* not yet taken by the library; valid during one call */
    bool                ended, done, answered;
    struct writer      *out;
    uint8_t             last_sent; /* record type */
    uint8_t            *kept;      /* what one call left */
    size_t              kept_n;
    char                request[SERVE_REQUEST_MAX];
    size_t              request_n;
};

bool tls_server_can(uint16_t version)
{
#if defined(MBEDTLS_SSL_PROTO_TLS1)
    if (version == 0x0301)
        return true;
#endif
#if defined(MBEDTLS_SSL_PROTO_TLS1_1)
    if (version == 0x0302)
        return true;
#endif
    return version == 0x0303 || version == 0;
}

/* Gives the library a chain whose leaf is sound, and then puts the real one in its place: what is wrong with that is for clients
 * to mind, and the library would not serve it. */
static int load_chain(mbedtls_x509_crt *chain, const struct serve_certs *certs, uint8_t *leaf)
{
    int bad = mbedtls_x509_crt_parse_der_nocopy(chain, certs->plain.p, certs->plain.n);
    for (size_t i = 1; i < certs->n && bad == 0; i++)
        bad = mbedtls_x509_crt_parse_der(chain, certs->der[i].p, certs->der[i].n);
    memcpy(leaf, certs->der[0].p, certs->der[0].n);
    chain->raw.p = leaf;
    chain->raw.len = certs->der[0].n;
    return bad;
}

/* Versions from low to high; 0: the library's lowest, TLS 1.2. What the library has not was asked of tls_server_can(). */
static void speak(mbedtls_ssl_config *conf, uint16_t low, uint16_t high)
{
#if MBEDTLS_VERSION_MAJOR >= 3
    (void)low; /* TLS 1.2 is the lowest that it has */
    (void)high;
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    if (low != 0)
        mbedtls_ssl_conf_min_version(conf, low >> 8, low & 0xff);
    mbedtls_ssl_conf_max_version(conf, 3, high != 0 ? high & 0xff : 3);
#endif
}

struct tls_server *tls_server_new(const struct tls_setup *setup, const struct serve_certs *certs, struct bytes root, struct err *err)
{
    struct tls_server *t = mem_get(1, sizeof *t);
    *t = (struct tls_server){ .setup = *setup };
    mbedtls_ssl_config_init(&t->conf);
    mbedtls_x509_crt_init(&t->chain);
    mbedtls_x509_crt_init(&t->root);
    int bad = mbedtls_ssl_config_defaults(&t->conf, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    mbedtls_ssl_conf_rng(&t->conf, random_source, NULL);
    speak(&t->conf, setup->low, setup->high);
    t->leaf = mem_get(certs->der[0].n, 1);
    bad = bad != 0 ? bad : load_chain(&t->chain, certs, t->leaf);
    bad = bad != 0 ? bad : mbedtls_ssl_conf_own_cert(&t->conf, &t->chain, certs->key);
    if (setup->wants_certificate) {
        bad = bad != 0 ? bad : mbedtls_x509_crt_parse_der(&t->root, root.p, root.n);
        mbedtls_ssl_conf_ca_chain(&t->conf, &t->root, NULL);
        mbedtls_ssl_conf_authmode(&t->conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    }
    memcpy(t->alpn, setup->alpn, sizeof setup->alpn);
    if (t->alpn[0] != NULL)
        bad = bad != 0 ? bad : mbedtls_ssl_conf_alpn_protocols(&t->conf, t->alpn);
    if (bad == 0)
        return t;
    err_set(err, "cannot set up a TLS server: the crypto library says -0x%04x", (unsigned)-bad);
    tls_server_free(t);
    return NULL;
}

void tls_server_free(struct tls_server *t)
{
    if (t == NULL)
        return;
    mbedtls_ssl_config_free(&t->conf);
    mbedtls_x509_crt_free(&t->chain);
    mbedtls_x509_crt_free(&t->root);
    free(t->leaf);
    free(t);
}

/* ------------------------------------------------------------------------------------ bytes in and out */

static int take(void *ctx, unsigned char *p, size_t n)
{
    struct tls_talk *t = ctx;
    if (t->came.n == 0)
        return t->ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    n = n < t->came.n ? n : t->came.n;
    memcpy(p, t->came.p, n);
    t->came = (struct bytes){ t->came.p + n, t->came.n - n };
    return (int)n;
}

static int give(void *ctx, const unsigned char *p, size_t n)
{
    struct tls_talk *t = ctx;
    size_t           room = t->out->cap - t->out->n;
    if (room == 0 || n == 0)
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    n = n < room ? n : room;
    t->last_sent = p[0];
    wr_bytes(t->out, p, n);
    return (int)n;
}

struct tls_talk *tls_talk_new(struct tls_server *of)
{
    struct tls_talk *t = mem_get(1, sizeof *t);
    *t = (struct tls_talk){ .of = of };
    mbedtls_ssl_init(&t->ssl);
    if (mbedtls_ssl_setup(&t->ssl, &of->conf) != 0)
        mem_fail();
    mbedtls_ssl_set_bio(&t->ssl, t, give, take, NULL);
    return t;
}

void tls_talk_free(struct tls_talk *t)
{
    if (t == NULL)
        return;
    mbedtls_ssl_free(&t->ssl);
    free(t->kept);
    free(t);
}

/* ------------------------------------------------------------------------------------ the talk */

static enum tls_state shake_hands(struct tls_talk *t, struct serve_sight *sight)
{
    int result = mbedtls_ssl_handshake(&t->ssl);
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE)
        return TLS_WAITS;
    if (result != 0) {
        /* the library hangs up without a word where a certificate is missing; most servers say handshake_failure */
        if (!t->ended && t->last_sent != 21 && result != MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
            mbedtls_ssl_send_alert_message(&t->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
        return TLS_FAILED;
    }
    const char *alpn = mbedtls_ssl_get_alpn_protocol(&t->ssl);
    snprintf(sight->alpn, sizeof sight->alpn, "%s", alpn != NULL ? alpn : "");
    sight->end = SERVE_ESTABLISHED;
    t->done = true;
    return TLS_WAITS;
}

/* A request is whole with its empty line, or where it fills the room. */
static bool request_whole(const struct tls_talk *t)
{
    return t->request_n == sizeof t->request || memmem(t->request, t->request_n, "\r\n\r\n", 4) != NULL;
}

static void answer(struct tls_talk *t, const char *page, const struct serve_sight *sight)
{
    /* to HTTP/2 (RFC 9113 section 3.4): SETTINGS, then GOAWAY without an error: enough to see that it was agreed */
    static const uint8_t h2[] = { 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    char                 http[512];
    bool                 two = strcmp(sight->alpn, "h2") == 0;
    int n = snprintf(http, sizeof http, "HTTP/1.1 200 OK\r\nServer: tlswhy-lab\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     strlen(page), page);
    if (n > 0 && (size_t)n < sizeof http) /* the buffer for what goes out is larger than this: it is taken at once */
        mbedtls_ssl_write(&t->ssl, two ? h2 : (const uint8_t *)http, two ? sizeof h2 : (size_t)n);
    mbedtls_ssl_close_notify(&t->ssl);
}

static enum tls_state read_request(struct tls_talk *t, const char *page, struct serve_sight *sight)
{
    while (!request_whole(t)) {
        bool first = t->request_n == 0;
        int  n = mbedtls_ssl_read(&t->ssl, (uint8_t *)t->request + t->request_n, sizeof t->request - t->request_n);
        if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE)
            return TLS_WAITS;
        if (n <= 0)
            return TLS_ANSWERED; /* the client is through */
        t->request_n += (size_t)n;
        if (t->of->setup.hates_split && first && n == 1)
            return TLS_SPLIT;
    }
    answer(t, page, sight);
    return TLS_ANSWERED;
}

/* What the library did not take waits for the next call. */
static void keep_rest(struct tls_talk *t)
{
    uint8_t *rest = t->came.n != 0 ? mem_get(t->came.n, 1) : NULL;
    if (rest != NULL)
        memcpy(rest, t->came.p, t->came.n);
    free(t->kept);
    t->kept = rest;
    t->kept_n = t->came.n;
}

enum tls_state tls_talk_go(struct tls_talk *t, struct bytes came, bool ended, const char *page, struct serve_sight *sight, struct writer *out)
{
    enum tls_state state = TLS_WAITS;
    t->kept = mem_grow(t->kept, t->kept_n + came.n + 1, 1);
    if (came.n != 0)
        memcpy(t->kept + t->kept_n, came.p, came.n);
    t->came = (struct bytes){ t->kept, t->kept_n + came.n };
    t->ended = ended;
    t->out = out;
    if (!t->done)
        state = shake_hands(t, sight);
    if (t->done)
        state = read_request(t, page, sight);
    sight->request_n = t->request_n;
    memcpy(sight->request, t->request, t->request_n);
    keep_rest(t);
    t->out = NULL;
    return state == TLS_WAITS && ended ? TLS_FAILED : state;
}
