#include "say.h"

#include <string.h>

/* ---- how far, and how it ended */

bool sent(const struct handshake *h, enum side side, unsigned type)
{
    for (size_t i = 0; i < h->message_count; i++) {
        if (h->messages[i].from == side && h->messages[i].type == type && !h->messages[i].late)
            return true;
    }
    return false;
}

static bool is_late(const struct handshake *h, const struct place *p) { return !before_close(h, SERVER, p); }

static bool spoke(const struct handshake *h, bool late)
{
    for (size_t i = 0; i < h->message_count; i++) {
        if (h->messages[i].from == SERVER && h->messages[i].late == late)
            return true;
    }
    return false;
}

bool server_spoke(const struct handshake *h) { return h->tls_seen[SERVER] && (spoke(h, false) || !spoke(h, true)); }
bool server_late(const struct handshake *h) { return h->tls_seen[SERVER] && spoke(h, true); }

/* Some send the error packet of their own protocol behind the alert (MySQL): what speaks TLS first is no plain server. */
bool server_plain(const struct handshake *h)
{
    const struct plain *p = &h->plain[SERVER];
    for (size_t i = 0; i < h->alert_count; i++) {
        const struct place *alert = &h->alerts[i].where;
        if (h->alerts[i].from == SERVER && (alert->frame < p->where.frame || (alert->frame == p->where.frame && alert->at < p->where.at)))
            return false;
    }
    return p->start.p != NULL;
}

bool alert_instead_of_hello(const struct handshake *h)
{
    return h->alert_count != 0 && h->alerts[0].from == CLIENT && !h->alerts[0].encrypted && h->alerts[0].level == 2 &&
           (h->alerts[0].where.at == 0 || h->prelude.accepted) && !h->datagram && h->tcp.missing[CLIENT] == 0 &&
           (h->known & (KNOW_CLIENT_HELLO | KNOW_CLIENT_HELLO_PART | KNOW_SERVER_HELLO)) == 0 && knows(h, KNOW_OPEN | KNOW_BOTH_SIDES | KNOW_WHOLE_CLIENT);
}

bool flight_whole(const struct handshake *h) { return h->hello_done.frame != 0 && !is_late(h, &h->hello_done); }

enum { CLIENT_KEY_EXCHANGE = 16 }; /* RFC 5246 section 7.4 */

enum stage stage_of(const struct handshake *h)
{
    if (h->outcome == OUTCOME_ESTABLISHED)
        return STAGE_DONE;
    if (!knows(h, KNOW_SERVER_HELLO) || is_late(h, &h->answer.where))
        return !knows(h, KNOW_CLIENT_HELLO)                                      ? STAGE_NONE
               : h->retry.where.frame != 0 && !is_late(h, &h->retry.where) ? STAGE_RETRY
                                                                           : STAGE_HELLO;
    if (version_is_13(handshake_version(h)))
        return h->side[SERVER].enc_records != 0 ? STAGE_FLIGHT : STAGE_ANSWER;
    if (sent(h, CLIENT, CLIENT_KEY_EXCHANGE) || h->side[CLIENT].ccs || h->side[CLIENT].enc_records != 0 ||
        knows(h, KNOW_CLIENT_CERT))
        return STAGE_REPLY;
    bool certs = (knows(h, KNOW_CERTIFICATE) || h->certs_at.frame != 0) && !is_late(h, &h->certs_at);
    return certs || flight_whole(h) ? STAGE_FLIGHT : STAGE_ANSWER;
}

/* Did it come in time to be a reason? Once established, what comes before the first close counts. */
static bool in_time(const struct handshake *h, const struct alert *a)
{
    if (h->outcome == OUTCOME_ESTABLISHED)
        return before_close(h, a->from, &a->where);
    return !a->after_close;
}

/* After these nothing more comes from that side, whoever closes the connection then (RFC 5246 section 7.2.1). */
static bool says_farewell(const struct alert *a) { return a->number == ALERT_CLOSE_NOTIFY || a->number == ALERT_USER_CANCELED; }

struct ending ending_of(const struct handshake *h)
{
    const struct alert *fatal = NULL, *hidden = NULL, *warning = NULL;
    for (size_t i = 0; i < h->alert_count; i++) {
        const struct alert *a = &h->alerts[i];
        if (!in_time(h, a))
            continue;
        if (a->encrypted)
            hidden = hidden != NULL ? hidden : a;
        else if (a->level == 2)
            fatal = fatal != NULL ? fatal : a;
        else if (h->close.how != CLOSE_NONE && (a->from == h->close.by || says_farewell(a)))
            warning = warning != NULL && says_farewell(warning) ? warning : a;
    }
    const struct alert *a = fatal != NULL ? fatal : hidden != NULL ? hidden : warning;
    if (a != NULL)
        return (struct ending){ .by = a->from,
                                .how = a == fatal  ? END_ALERT
                                     : a == hidden ? END_HIDDEN_ALERT
                                                   : END_WARNING,
                                .number = a == hidden ? ALERT_NONE : a->number,
                                .alert = a,
                                .where = a->where };
    return (struct ending){ .by = h->close.by,
                            .number = ALERT_NONE,
                            .where = h->close.where,
                            .how = h->close.how == CLOSE_NONE ? END_NONE
                                 : h->close.how == CLOSE_FIN  ? END_FIN
                                                              : END_RST };
}

bool ended_by(const struct ending *e, enum side side) { return e->how != END_NONE && e->by == side; }

bool ended_by_alert(const struct ending *e, enum side side, int number)
{
    return ended_by(e, side) && e->alert != NULL && e->number == number;
}

bool ended_silently(const struct ending *e) { return e->how == END_FIN || e->how == END_RST; }

/* How far this side's own reset stands in its stream; 0 = unknown. */
static uint64_t reset_at(const struct handshake *h, enum side side)
{
    const struct segment *rst = &h->close.seg, *opened = side == CLIENT ? &h->tcp.syn_seg : &h->tcp.syn_ack_seg;
    bool known = h->close.how == CLOSE_RST && h->close.by == side && rst->seen && opened->seen;
    uint32_t at = rst->seq - opened->seq - 1; /* numbers wrap */
    return known && at < UINT16_MAX ? at : 0;
}

bool sent_unseen(const struct handshake *h, enum side side)
{
    bool fin =
        (h->close.how == CLOSE_FIN && h->close.by == side) || (h->close2.how == CLOSE_FIN && h->close2.by == side);
    return h->tcp.missing[side] != 0 || h->tcp.acked[side] > h->tcp.bytes[side] + fin ||
           reset_at(h, side) > h->tcp.bytes[side] + fin;
}

bool reset_by_stranger(const struct handshake *h)
{
    enum { FLAG_ACK = 16 };
    const struct segment *rst = &h->close.seg;
    return h->close.how == CLOSE_RST && rst->seen && (rst->flags & FLAG_ACK) == 0 && knows(h, KNOW_OPEN | KNOW_BOTH_SIDES) &&
           !sent_unseen(h, h->close.by);
}

/* ---- words */

static const char *ending_verb(const struct case_file *c, const struct ending *e)
{
    char name[NAME_MAX_LEN];
    switch (e->how) {
    case END_ALERT: return WORDS(c, "sent the fatal alert %s (%d)", alert_name((unsigned)e->number, name), e->number);
    case END_WARNING:
        return WORDS(c, "sent the warning %s (%d)%s", alert_name((unsigned)e->number, name), e->number,
                     c->h->close.how != CLOSE_NONE && c->h->close.by == e->by ? " and closed" : "");
    case END_HIDDEN_ALERT: return "sent an encrypted alert";
    case END_FIN: return "closed the connection without an alert";
    case END_RST: return "reset the connection without an alert";
    case END_NONE: break;
    }
    return "said nothing more";
}

const char *ending_words(const struct case_file *c, const struct ending *e)
{
    if (e->how == END_NONE)
        return "nothing more came";
    return WORDS(c, "the %s %s", blame_name(e->by == CLIENT ? BLAME_CLIENT : BLAME_SERVER), ending_verb(c, e));
}

const char *ending_noun(const struct case_file *c, const struct ending *e)
{
    char name[NAME_MAX_LEN];
    if (e->alert != NULL && e->number != ALERT_NONE)
        return WORDS(c, "alert %s (%d)", alert_name((unsigned)e->number, name), e->number);
    return e->how == END_HIDDEN_ALERT ? "an encrypted alert"
         : e->how == END_FIN          ? "a FIN without an alert"
         : e->how == END_RST          ? "a RST without an alert"
                                      : "silence";
}

const char *version_words(const struct case_file *c, uint16_t version)
{
    char name[NAME_MAX_LEN];
    return WORDS(c, "%s", version_name(version, name));
}

const char *offer_words(const struct case_file *c)
{
    const struct client_hello *hello = &c->h->hello;
    const char *high = version_words(c, hello->max_version);
    if (hello->min_version == 0)
        return WORDS(c, "%s at most", high);
    if (version_rank(hello->min_version) == version_rank(hello->max_version))
        return WORDS(c, "%s only", high);
    return WORDS(c, "%s to %s", version_words(c, hello->min_version), high);
}

const char *asked_name(const struct case_file *c, const char *none)
{
    struct bytes sni = c->h->hello.sni;
    return sni.p != NULL && sni.n != 0 ? safe_str(c->arena, sni.p, sni.n) : none;
}

int64_t ns_between(const struct place *from, const struct place *to)
{
    return from->frame == 0 || to->frame == 0 || to->ns < from->ns ? -1 : to->ns - from->ns;
}

int64_t round_trip(const struct handshake *h)
{
    return h->tcp.syns > 1 || h->tcp.syn_acks > 1 ? -1 : ns_between(&h->tcp.syn, &h->tcp.syn_ack);
}

/* ---- offers */

static bool signals_only(uint32_t suite) { return suite == 0x00ff || suite == 0x5600; } /* RFC 5746, RFC 7507 */

size_t real_suites(const struct client_hello *hello)
{
    size_t n = 0;
    for (size_t i = 0; i < hello->suites.n; i++) {
        uint32_t id = hello->suites.v[i];
        n += !signals_only(id) && (id > 0xffff || !is_grease((uint16_t)id));
    }
    return n;
}

size_t real_values(const struct u16s *list)
{
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++)
        n += !is_grease(list->v[i]);
    return n;
}

bool offers_13(const struct handshake *h) { return version_is_13(h->hello.max_version); }

bool only_13(const struct handshake *h) { return offers_13(h) && version_is_13(h->hello.min_version); }

bool any_suite(const struct client_hello *hello, bool (*fits)(const struct suite *s))
{
    for (size_t i = 0; i < hello->suites.n; i++) {
        const struct suite *s = suite_of(hello->suites.v[i]);
        if (s != NULL && !signals_only(s->id) && fits(s))
            return true;
    }
    return false;
}

bool suite_of_today(const struct suite *s)
{
    return !s->weak && s->auth != KEY_ANON && s->kex != KEX_UNKNOWN && strstr(s->name, "3DES") == NULL;
}

bool any_sigalg(const struct client_hello *hello, enum sig_key key)
{
    for (size_t i = 0; i < hello->sigalgs.n; i++) {
        unsigned hash = sigalg_hash(hello->sigalgs.v[i]);
        if (sigalg_key(hello->sigalgs.v[i]) == key && (hash == 0 || hash >= 4)) /* 4 = SHA-256 */
            return true;
    }
    return false;
}

/* ---- neighbours */

typedef const struct peer_fact *peer_walk(const struct peers *p, const struct handshake *h, size_t *walk);

static const struct peer_fact *walk_peers(const struct case_file *c, peer_walk *next, peer_test *fits, size_t *count)
{
    struct peer_fact own;
    size_t at = 0;
    bool known = false;
    const struct peer_fact *p, *found = NULL;
    if (c->others == NULL)
        return NULL;
    while ((p = next(c->others, c->h, &at)) != NULL) {
        if (!known)
            peer_fact_of(c->h, &own); /* digests: only where there is somebody to compare with */
        known = true;
        if (!fits(c, &own, p))
            continue;
        found = found != NULL ? found : p;
        if (count == NULL)
            break;
        ++*count;
    }
    return found;
}

const struct peer_fact *find_peer(const struct case_file *c, peer_test *fits)
{
    return walk_peers(c, peers_server, fits, NULL);
}

const struct peer_fact *find_client_peer(const struct case_file *c, peer_test *fits)
{
    return walk_peers(c, peers_client, fits, NULL);
}

size_t count_peers(const struct case_file *c, peer_test *fits)
{
    size_t n = 0;
    walk_peers(c, peers_server, fits, &n);
    return n;
}

void cite_elsewhere(const struct case_file *c, struct finding *f, uint32_t stream, uint64_t frame, const char *what,
                    const char *label, const char *note)
{
    if (f->evidence_n == FINDING_LIST)
        f->evidence_n--; /* what tells more than the last step of the story */
    cite(f, c->h, frame, -1, what, label, note);
    f->evidence[f->evidence_n - 1].stream = stream;
}

void cite_peer(const struct case_file *c, struct finding *f, const struct peer_fact *p, uint64_t frame,
               const char *note)
{
    cite_elsewhere(c, f, p->stream, frame, "neighbour", WORDS(c, "stream %u", p->stream), note);
}

/* ---- the finding */

void add_causes(const char **list, size_t *n, const char *const *causes)
{
    for (; *causes != NULL && *n < FINDING_LIST; causes++) {
        bool there = false;
        for (size_t i = 0; i < *n; i++)
            there = there || strcmp(list[i], *causes) == 0;
        if (!there)
            list[(*n)++] = *causes;
    }
}

/* What the bytes exclude: a ServerHello that the client went along with settles the offer, a sound chain the rest. */
static void rule_out(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    enum stage stage = stage_of(h);
    if (stage >= STAGE_FLIGHT && stage != STAGE_DONE) {
        if (version_rank(handshake_version(h)) >= version_rank(0x0303) || handshake_version(h) == h->hello.max_version)
            NOT_THESE(f, "protocol-version"); /* some offer an older one and then do not bear it */
        NOT_THESE(f, "cipher-mismatch");
    }
    if (knows(h, KNOW_CERTIFICATE) && h->chain != NULL && h->chain->verdict == CHAIN_OK && stage != STAGE_DONE) {
        NOT_THESE(f, "cert-expired", "cert-missing-intermediate");
        if (h->hello.sni.p != NULL)
            NOT_THESE(f, "cert-name");
    }
    size_t kept = 0;
    for (size_t i = 0; i < f->ruled_out_n; i++) {
        bool named = strcmp(f->ruled_out[i], f->cause) == 0;
        for (size_t k = 0; k < f->alternatives_n; k++)
            named = named || strcmp(f->ruled_out[i], f->alternatives[k]) == 0;
        if (!named)
            f->ruled_out[kept++] = f->ruled_out[i];
    }
    f->ruled_out_n = kept;
}

/* A cause is no alternative to itself. */
static void drop_own(struct finding *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->alternatives_n; i++) {
        if (strcmp(f->alternatives[i], f->cause) != 0)
            f->alternatives[kept++] = f->alternatives[i];
    }
    f->alternatives_n = kept;
}

/* A sentence begins with a capital. */
static const char *sentence(const struct case_file *c, const char *s)
{
    return s[0] >= 'a' && s[0] <= 'z' ? WORDS(c, "%c%s", s[0] - 'a' + 'A', s + 1) : s;
}

bool say(const struct case_file *c, struct finding *f, enum blame side, enum sure sure, const char *because,
         const char *why)
{
    f->side = side;
    f->sure = sure;
    if (c->brief)
        return true;
    f->because = because;
    f->why = sentence(c, why);
    drop_own(f);
    if (f->decisive == 0)
        f->decisive = ending_of(c->h).where.frame;
    cite_story(c, f);
    rule_out(c, f);
    return true;
}
