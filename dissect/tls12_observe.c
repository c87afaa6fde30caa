/* tls12_observe.c - records of TLS 1.0 to 1.2 whose master secret somebody knows: what stands under encryption is read
 * as if sent in clear: Finished, alerts, renegotiations. Keys change with each ChangeCipherSpec of a side (RFC 5246
 * section 7.1), also of one that is encrypted itself. */
#include <stdlib.h>

#include "observe_conn.h"
#include "tlswhy/tls12.h"

struct reading_12 {
    struct tls12_opener open[2]; /* by w */
};

void forget_12(struct conn *c)
{
    if (c->keys12 == NULL)
        return;
    keys_wipe(c->keys12, sizeof *c->keys12);
    free(c->keys12);
    c->keys12 = NULL;
}

/* Side w goes on under the keys of the handshake going on. They are looked for when its next record comes: in a capture
 * its ChangeCipherSpec may stand before the ServerHello that it follows. */
void rekey_12(struct conn *c, enum side w)
{
    c->side[w].rekeyed = true;
    if (c->keys12 != NULL)
        c->keys12->open[w] = (struct tls12_opener){ 0 };
}

static void look_for_keys(struct conn *c, enum side w)
{
    const struct handshake *h = c->cur;
    struct tls13_secrets    secrets = { 0 };
    struct tls12_opener     both[2];
    if (!knows(h, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO) || !c->o->ask(c->o->ask_ctx, h, &secrets))
        return;
    if (secrets.master_len == TLS12_MASTER && tls12_openers(h, secrets.master, both)) {
        if (c->keys12 == NULL)
            c->keys12 = mem_get(1, sizeof *c->keys12);
        c->keys12->open[w] = both[tls_side(c, w)];
    }
    keys_wipe(both, sizeof both);
    keys_wipe(&secrets, sizeof secrets);
}

bool opens_12(struct conn *c, enum side w)
{
    if (c->o->ask == NULL || !c->side[w].encrypted)
        return false;
    if (c->side[w].rekeyed)
        look_for_keys(c, w);
    c->side[w].rekeyed = false;
    return c->keys12 != NULL && c->keys12->open[w].cipher != NULL;
}

/* Application data is of no use, but in TLS 1.0 with CBC the next record hangs on it. */
bool wants_12(const struct conn *c, enum side w, const struct record *rec)
{
    return rec->type != TLS_APPLICATION_DATA || tls12_chained(&c->keys12->open[w]);
}

void passed_12(struct conn *c, enum side w)
{
    if (c->keys12 != NULL)
        tls12_skip(&c->keys12->open[w]);
}

bool opened_12(struct conn *c, enum side w, const struct record *rec, const uint8_t *body, uint64_t at, struct place where)
{
    enum side            t = tls_side(c, w);
    struct tls12_opener *o = &c->keys12->open[w];
    uint8_t             *plain = mem_get(rec->len + 1, 1);
    ptrdiff_t            n = tls12_open(o, rec->type, body, rec->len, plain);
    if (n < 0) { /* not these keys: what follows cannot be read either */
        *o = (struct tls12_opener){ 0 };
    } else if (rec->type == TLS_APPLICATION_DATA || rec->type == TLS_HEARTBEAT) {
        encrypted_record(c, w, rec->type, rec->len, where);
    } else {
        c->cur->known |= KNOW_DECRYPTED;
        note_encrypted(&c->cur->side[t], rec->type, rec->len, where);
        if (rec->type == TLS_HANDSHAKE)
            handshake_fragment(c, w, (struct bytes){ plain, (size_t)n }, at + rec->header);
        else if (rec->type == TLS_ALERT)
            clear_alerts(c, t, plain, (size_t)n, rec->version, true, where);
        else
            change_cipher_spec(c, w, rec->version, where);
    }
    keys_wipe(plain, rec->len);
    free(plain);
    return n >= 0;
}
