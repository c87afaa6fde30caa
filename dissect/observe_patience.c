/* How long to wait for what comes next: by what it would be, and who is to send it. */
#include "observe_conn.h"

#define CLOSED_PATIENCE (1 * NS_PER_S)   /* a side has closed or sent a fatal alert: its word stands */
#define ANSWER_PATIENCE (15 * NS_PER_S)  /* longer than a server under load takes, and than most clients wait */
#define PERSON_PATIENCE (120 * NS_PER_S) /* the client's user may be asked for a certificate or a PIN */
#define PLAIN_PATIENCE  (120 * NS_PER_S) /* no TLS so far: STARTTLS may come late */
#define IDLE_PATIENCE   (60 * NS_PER_S)  /* finished, no data: a client that minds would have left */
#define USED_PATIENCE   (10 * NS_PER_S)  /* finished, and data went both ways */

struct patience observer_patience(const void *slot)
{
    const struct conn      *c = slot;
    const struct handshake *h = c->cur;
    if (c->h->close.how != CLOSE_NONE || last_fatal_alert(h, SIDE_ANY) != NULL || c->h->refused || c->h->unreachable)
        return (struct patience){ CLOSED_PATIENCE, true };
    if (handshake_done(h)) {
        bool used = h->side[CLIENT].app_records != 0 && h->side[SERVER].app_records != 0;
        return (struct patience){ used ? USED_PATIENCE : IDLE_PATIENCE, true };
    }
    if (!h->tls_seen[CLIENT] && !h->tls_seen[SERVER] && h->prelude.kind != PRELUDE_CONNECT)
        return (struct patience){ PLAIN_PATIENCE, false };
    return (struct patience){ knows(h, KNOW_CERT_REQUEST) ? PERSON_PATIENCE : ANSWER_PATIENCE, false };
}

struct patience observer_no_patience(const void *slot)
{
    const struct conn *c = slot;
    struct patience    p = observer_patience(slot);
    if (c->h->cert_count != 0 || c->h->client_cert_count != 0 || c->h->again != NULL)
        p.ns = INT64_MIN;
    return p;
}
