/* observe.h - folds wire events into handshakes: the state machine "how far did it get".
 *
 *     observe(o, &event)                for each event of a source
 *     while ((h = observed(o)) != NULL) finished handshakes, one for a connection; yours to handshake_free
 *
 * A connection on which neither TLS, nor a prelude to it, nor a failed opening was seen gives a handshake,
 * too (outcome not_tls): the caller decides what is worth showing. Renegotiations hang on `again`. */
#ifndef TLSWHY_OBSERVE_H
#define TLSWHY_OBSERVE_H

#include "tlswhy/flows.h"
#include "tlswhy/handshake.h"
#include "tlswhy/tls13.h"
#include "tlswhy/unopened.h"

struct observer;
/* `flows` is told which bytes are not needed; NULL where the source is no capture. Both are borrowed. */
struct observer  *observer_new(struct cert_store *certs, struct flows *flows);
void              observer_certs(struct observer *o, struct cert_store *certs); /* from now on */
void              observer_free(struct observer *o);
/* True: something has come of it, to be asked for with observed() and its like. */
bool              observe(struct observer *o, const struct wire_event *ev);
struct handshake *observed(struct observer *o);
/* The input is over: what goes on over UDP, where nothing ends a connection, is finished, too. */
void              observer_end(struct observer *o);
/* Watching live: the clock says `now`, and what has been silent over UDP for half a minute is finished. */
void              observer_quiet(struct observer *o, int64_t now);
void              observer_clock_set(struct observer *o, int64_t by); /* as flows_clock_set */
/* For inputs of very many connections, before the first event: those that nobody answered, or that were refused, then come
 * from observed_unopened() and not from observed(), and where thousands are open one that is quiet after its handshake is
 * packed. What slots point to is then no business of anybody else. */
void              observer_thrifty(struct observer *o);
bool              observed_unopened(struct observer *o, struct unopened *u);
/* From now on connections that were opened, and on which nobody said a word until the end or a reset, come from
 * observed_silent() and not from observed(): they are for counting. */
void              observer_counts_silent(struct observer *o);
bool              observed_silent(struct observer *o, uint32_t *stream, int64_t *end_ns);
/* Who knows the secrets of a TLS 1.3 handshake is asked when its ServerHello is there, and again after a Finished where those of
 * the application data did not come; false: not known. With them its messages are read as if they were sent in clear. */
typedef bool secrets_source(void *ctx, const struct handshake *h, struct tls13_secrets *out);
void              observer_secrets(struct observer *o, secrets_source *ask, void *ctx);
/* The handshake going on in a connection, by the slot of its events: as far as it is known by now. NULL: not begun. */
const struct handshake *observing(const void *slot);
/* How long a connection under observation may be silent, by how far it got; for flows_quiet. */
struct patience   observer_patience(const void *slot);
/* The same where the certificate store is to be emptied: none with connections that hold a certificate. */
struct patience   observer_no_patience(const void *slot);
/* For a client of our own that goes on with TLS 1.3 after the server's Finished: the secrets in use there, as far as they are
 * known by now (NULL: none), and the hash of all messages up to that Finished and of `more` (RFC 8446 section 4.4.1). */
const struct tls13_secrets *observing_secrets(const void *slot);
bool              observing_hash_13(const void *slot, struct bytes more, uint8_t hash[DIGEST_MAX]);
size_t            observer_open(const struct observer *o);   /* connections under observation */
uint64_t          observer_memory(const struct observer *o); /* bytes they hold */

#endif
