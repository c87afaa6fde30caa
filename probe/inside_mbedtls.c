/* inside_mbedtls.c - one HTTP request inside a whole TLS connection by mbedTLS, as a machine between buffers: what came in is
 * put in, what is to be sent comes out. Nobody is verified here: whose certificate it is was judged before. */
#include "attempt.h"

#include "tlswhy/inside.h"
#include "tlswhy/keys.h"

#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inside_talk {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config  config;
    struct text         in, out, answer;
    size_t              taken;    /* of `in` */
    bool                ended;    /* the peer sends no more */
    bool                finished, over;
    int                 trouble;  /* mbedTLS's; 0 = none */
    char                request[512];
    size_t              asked;    /* of the request */
};

static int put(void *ctx, const unsigned char *p, size_t n)
{
    struct inside_talk *t = ctx;
    text_add_n(&t->out, (const char *)p, n);
    return (int)n;
}

static int get(void *ctx, unsigned char *p, size_t n)
{
    struct inside_talk *t = ctx;
    size_t left = t->in.n - t->taken, now = n < left ? n : left;
    if (now == 0)
        return t->ended ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
    memcpy(p, t->in.s + t->taken, now);
    t->taken += now;
    if (t->taken == t->in.n) {
        text_clear(&t->in);
        t->taken = 0;
    }
    return (int)now;
}

static void at_most(mbedtls_ssl_config *c, uint16_t version)
{
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    mbedtls_ssl_conf_max_tls_version(c, (mbedtls_ssl_protocol_version)version); /* its numbers are those of the wire */
#else
    mbedtls_ssl_conf_max_version(c, version >> 8, version & 0xff);
#endif
}

static bool set_up(struct inside_talk *t, const char *host, uint16_t high)
{
    struct bytes ip;
    uint8_t      buf[16];
    static const char *alpn[] = { "http/1.1", NULL };
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (psa_crypto_init() != PSA_SUCCESS)
        return false;
#endif
    if (mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_authmode(&t->config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_rng(&t->config, random_source, NULL);
    if (high != 0)
        at_most(&t->config, high);
    if (ip_from_text(host, strlen(host), &ip, buf)) /* RFC 6066 section 3: no addresses */
        host = NULL;
    if (mbedtls_ssl_conf_alpn_protocols(&t->config, alpn) != 0 || mbedtls_ssl_setup(&t->ssl, &t->config) != 0 || mbedtls_ssl_set_hostname(&t->ssl, host) != 0)
        return false;
    mbedtls_ssl_set_bio(&t->ssl, t, put, get, NULL);
    return true;
}

struct inside_talk *inside_new(const char *host, uint16_t port, uint16_t high)
{
    struct inside_talk *t = mem_get(1, sizeof *t);
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->config);
    snprintf(t->request, sizeof t->request, strchr(host, ':') != NULL ? "GET / HTTP/1.1\r\nHost: [%s]:%u\r\nUser-Agent: tlswhy/%s\r\nAccept: */*\r\nConnection: close\r\n\r\n"
                                                                     : "GET / HTTP/1.1\r\nHost: %s:%u\r\nUser-Agent: tlswhy/%s\r\nAccept: */*\r\nConnection: close\r\n\r\n",
             host, port, TLSWHY_VERSION);
    if (!set_up(t, host, high)) {
        t->trouble = MBEDTLS_ERR_SSL_INTERNAL_ERROR;
        t->over = true;
    }
    return t;
}

/* Does it only wait? */
static bool waits(int rc)
{
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    if (rc == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET)
        return true;
#endif
    return rc == MBEDTLS_ERR_SSL_WANT_READ || rc == MBEDTLS_ERR_SSL_WANT_WRITE;
}

static void ended(struct inside_talk *t, int rc)
{
    t->over = true;
    if (rc != 0 && rc != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY && rc != MBEDTLS_ERR_SSL_CONN_EOF && t->answer.n == 0)
        t->trouble = rc;
}

static void read_answer(struct inside_talk *t)
{
    unsigned char buf[4096];
    int           rc = 0;
    while (t->answer.n < INSIDE_MAX && (rc = mbedtls_ssl_read(&t->ssl, buf, sizeof buf)) > 0)
        text_add_n(&t->answer, (const char *)buf, (size_t)rc);
    if (t->answer.n >= INSIDE_MAX || !waits(rc))
        ended(t, rc > 0 ? 0 : rc);
}

static void go_on(struct inside_talk *t)
{
    int rc = 0;
    if (t->over)
        return;
    if (!t->finished && (rc = mbedtls_ssl_handshake(&t->ssl)) != 0) {
        if (!waits(rc))
            ended(t, rc);
        return;
    }
    t->finished = true;
    size_t n = strlen(t->request);
    while (t->asked < n && (rc = mbedtls_ssl_write(&t->ssl, (const unsigned char *)t->request + t->asked, n - t->asked)) > 0)
        t->asked += (size_t)rc;
    if (t->asked < n && !waits(rc))
        ended(t, rc);
    else if (t->asked == n)
        read_answer(t);
}

bool inside_hear(struct inside_talk *t, struct bytes in, struct arena *a, struct bytes *out)
{
    text_add_n(&t->in, in.n > 0 ? (const char *)in.p : "", in.n);
    go_on(t);
    *out = (struct bytes){ t->out.n > 0 ? arena_copy(a, t->out.s, t->out.n) : NULL, t->out.n };
    text_clear(&t->out);
    return !t->over;
}

static uint16_t version_of(const mbedtls_ssl_context *ssl)
{
    static const struct {
        const char *name;
        uint16_t    version;
    } versions[] = { { "TLSv1.0", 0x0301 }, { "TLSv1.1", 0x0302 }, { "TLSv1.2", 0x0303 }, { "TLSv1.3", 0x0304 } };
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (strcmp(mbedtls_ssl_get_version(ssl), versions[i].name) == 0)
            return versions[i].version;
    }
    return 0;
}

void inside_told(struct inside_talk *t, struct handshake *h)
{
    struct inside *told = ARENA_NEW(&h->arena, struct inside);
    char           words[128] = "";
    t->ended = true;
    go_on(t); /* what was left behind the last byte */
    told->finished = t->finished;
    told->version = t->finished ? version_of(&t->ssl) : 0;
    if (t->trouble != 0)
        mbedtls_strerror(t->trouble, words, sizeof words);
    else if (t->answer.n == 0)
        snprintf(words, sizeof words, t->finished ? "no answer came" : "the handshake did not come to its end");
    told->trouble = words[0] != '\0' ? arena_str(&h->arena, words) : NULL;
    inside_read(&h->arena, (struct bytes){ (const uint8_t *)(t->answer.s != NULL ? t->answer.s : ""), t->answer.n }, told);
    h->inside = told;
}

void inside_free(struct inside_talk *t)
{
    if (t == NULL)
        return;
    mbedtls_ssl_free(&t->ssl);
    mbedtls_ssl_config_free(&t->config);
    text_free(&t->in);
    text_free(&t->out);
    text_free(&t->answer);
    free(t);
}
