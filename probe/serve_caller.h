/* serve_caller.h - one connection to one of the lab's servers: what the loop (serve.c) and the play (serve_caller.c) share. */
#ifndef TLSWHY_SERVE_CALLER_H
#define TLSWHY_SERVE_CALLER_H

#include "serving.h"

#include <poll.h>

enum { SERVE_OUT_MAX = 96 * 1024 };

struct listener {
    const struct serve_case  *what;
    const struct serve_certs *certs;
    struct tls_server        *tls;
    int                       fd, filler; /* filler: what keeps a stuck door stuck */
    uint16_t                  port;
};

enum caller_state { HEARING, TALKING_TLS, FLYING, HOLDING, GONE };
struct caller {
    struct listener   *on;
    int                fd;
    enum caller_state    state;
    int64_t            opened, deadline, next_drip; /* next_drip 0: as fast as it goes */
    size_t             took, flooded, lines;
    bool               peer_ended, closing, resets, floods; /* closing, resets: once all is sent */
    struct tls_talk   *tls;
    struct flown      *flown;
    struct arena       arena; /* of the hello */
    struct serve_sight sight;
    uint8_t            in[SERVE_HEARD_MAX]; /* not yet understood */
    size_t             in_n;
    struct writer      out;
    size_t             sent;
    uint8_t            out_room[SERVE_OUT_MAX];
};

/* A connection's sight goes to whoever wants it. */
struct sights {
    void (*tell)(void *ctx, const struct serve_sight *s);
    void  *ctx;
    struct pki *pki;
};

struct caller *caller_new(struct listener *l, int fd, const struct sockaddr_storage *from, int64_t timeout_ns);
void         caller_free(struct caller *c);
/* What poll is to wait for, and until when at most (lowered in *until). */
short        caller_wants(const struct caller *c, int64_t now, int64_t *until);
/* Deals with what poll saw, and with deadlines. Once it is GONE its sight has been told and it can be freed. */
void         caller_wake(struct caller *c, const struct sights *s, short events);

#endif
