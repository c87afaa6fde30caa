/* plan.c - the pure planner of differential hellos. */
#include "tlswhy/plan.h"

#include "say.h"
#include "tlswhy/profile.h"
#include "tlswhy/text.h"

#include <string.h>

static const struct {
    const char *words, *cause;
} changes[CHANGE_COUNT] = {
    [CHANGE_NONE] = { "as it was", "unknown" },
    [CHANGE_VERSIONS] = { "with SSL 3.0 to TLS 1.3 offered", "protocol-version" },
    [CHANGE_SUITES] = { "with every cipher suite offered", "cipher-mismatch" },
    [CHANGE_SIGALGS] = { "with every signature algorithm offered", "signature-algorithms" },
    [CHANGE_GROUPS] = { "with every key exchange group offered", "group-mismatch" },
    [CHANGE_FORMAT] = { "in the format of TLS instead of SSL 2.0's", "protocol-error" },
    [CHANGE_NO_ALPN] = { "without ALPN", "alpn-mismatch" },
    [CHANGE_NO_SNI] = { "without a server name", "sni-unrecognized" },
    [CHANGE_WIDE] = { "with every version, cipher suite, signature algorithm and group offered", "unknown" },
    [CHANGE_SMALL] = { "without X25519MLKEM768, small enough for one packet", "hello-size" },
    [CHANGE_NO_TLS13] = { "with TLS 1.2 at most", "version-intolerance" },
    [CHANGE_SAME_VERSIONS] = { "with every cipher suite, signature algorithm and group of the same versions", "unknown" },
    [CHANGE_CONFIRM] = { "again, with the same change", "unknown" },
    [CHANGE_REPEAT] = { "again, unchanged", "unknown" },
    [CHANGE_REPEAT_2] = { "once more, unchanged", "unknown" },
    [CHANGE_RENEGO] = { "with secure renegotiation (RFC 5746) signalled", "legacy-renegotiation" },
    [CHANGE_BARE] = { "without the extensions that nothing hangs on", "protocol-error" },
    [CHANGE_ALL_OF_12] = { "with TLS 1.2 at most and every cipher suite", "unknown" },
    [CHANGE_SIGNED] = { "with a key exchange that the server signs", "key-mismatch" },
    [CHANGE_OLDEST] = { "with TLS 1.0 at most and every cipher suite", "version-intolerance" },
};

const char *change_words(enum change c) { return changes[c].words; }

/* ---- what to ask */

static bool answered(const struct handshake *h) { return knows(h, KNOW_SERVER_HELLO) || h->retry.raw.p != NULL; }

/* A HelloRetryRequest is an answer, too, and of TLS 1.3 (RFC 8446 section 4.1.4). */
static uint16_t version_of(const struct handshake *h)
{
    return h->retry.raw.p != NULL && !knows(h, KNOW_SERVER_HELLO) ? 0x0304 : handshake_version(h);
}

bool plan_refused(const struct handshake *h)
{
    if (!knows(h, KNOW_CLIENT_HELLO) || answered(h) || h->plain[SERVER].start.p != NULL)
        return false;
    return h->outcome == OUTCOME_ABORTED_BY_SERVER || h->outcome == OUTCOME_RESET_BY_SERVER || h->outcome == OUTCOME_NO_SERVER_HELLO;
}

/* The server opened the connection and left before a word was said: no hello tells more, but a second try may. */
static bool ended_unheard(const struct handshake *h)
{
    return knows(h, KNOW_OPEN) && !knows(h, KNOW_CLIENT_HELLO) && h->close.how != CLOSE_NONE && h->close.by == SERVER && h->tcp.bytes[CLIENT] == 0 && h->tcp.bytes[SERVER] == 0;
}

/* The server was given a secret under its certificate's key, and could not go on with it: a wrong key would look like this. */
static bool rsa_unread(const struct handshake *h)
{
    const struct suite *s = suite_of(h->answer.suite);
    const struct alert *a = last_fatal_alert(h, SERVER);
    if (s == NULL || s->kex != KEX_RSA || stage_of(h) != STAGE_REPLY || h->resumed)
        return false;
    return a != NULL ? a->number == ALERT_BAD_RECORD_MAC || a->number == ALERT_DECRYPT_ERROR || a->number == ALERT_DECRYPTION_FAILED
                     : h->outcome == OUTCOME_ABORTED_BY_SERVER || h->outcome == OUTCOME_RESET_BY_SERVER;
}

static bool was_tried(const struct tried *t, size_t n, enum change c)
{
    for (size_t i = 1; i < n; i++) {
        if (t[i].change == c)
            return true;
    }
    return false;
}

static bool has_more_than_offers(const struct client_hello *c)
{
    for (size_t i = 0; i < c->exts; i++) {
        if (!extension_decides(c->ext[i].type))
            return true;
    }
    return false;
}

/* Would this change make another hello at all? */
static bool makes_sense(const struct client_hello *c, enum change change)
{
    switch (change) {
    case CHANGE_NO_ALPN: return c->alpn.v != NULL;
    case CHANGE_NO_SNI: return c->sni.p != NULL;
    case CHANGE_SMALL: return offers_group(c, 0x11ec);
    case CHANGE_NO_TLS13: return version_rank(c->max_version) > version_rank(0x0303);
    case CHANGE_OLDEST: return version_rank(c->max_version) > version_rank(0x0301);
    case CHANGE_ALL_OF_12: return version_rank(c->max_version) >= version_rank(0x0303);
    case CHANGE_BARE: return has_more_than_offers(c);
    case CHANGE_SIGALGS: return version_rank(c->max_version) >= version_rank(0x0303);
    case CHANGE_FORMAT: return c->v2_format && version_rank(c->max_version) >= version_rank(0x0300);
    case CHANGE_GROUPS: return !c->v2_format;
    case CHANGE_RENEGO: /* TLS 1.3 has none */
        return !c->renego_info && !c->renego_scsv && version_rank(c->max_version) >= version_rank(0x0300) &&
               (c->versions.v == NULL || version_rank(c->min_version) < version_rank(0x0304));
    default: return true;
    }
}

static enum change first_of(const struct tried *t, size_t n, const enum change *order)
{
    for (; *order != CHANGE_NONE; order++) {
        if (!was_tried(t, n, *order) && makes_sense(&t[0].h->hello, *order))
            return *order;
    }
    return CHANGE_NONE;
}

static const struct tried *first_answered(const struct tried *t, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (answered(t[i].h))
            return &t[i];
    }
    return NULL;
}

static bool newer_than_offered(const struct tried *first, const struct tried *answer)
{
    return version_rank(handshake_version(answer->h)) > version_rank(first->h->hello.max_version);
}

static const struct tried *asked_with(const struct tried *t, size_t n, enum change c)
{
    for (size_t i = 1; i < n; i++) {
        if (t[i].change == c)
            return &t[i];
    }
    return NULL;
}

static bool got_answer(const struct tried *t, size_t n, enum change c)
{
    const struct tried *asked = asked_with(t, n, c);
    return asked != NULL && answered(asked->h);
}

/* The answer that the cause is told from. */
static const struct tried *answer_of(const struct tried *t, size_t n)
{
    return got_answer(t, n, CHANGE_SAME_VERSIONS) ? asked_with(t, n, CHANGE_SAME_VERSIONS) : first_answered(t, n);
}

enum change plan_confirmed(const struct tried *t, size_t n)
{
    const struct tried *answer = answer_of(t, n);
    return answer != NULL ? answer->change : CHANGE_NONE;
}

const struct handshake *plan_bad_moment(const struct tried *t, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        bool unchanged = t[i].change == CHANGE_REPEAT || t[i].change == CHANGE_REPEAT_2;
        if (unchanged && (t[i].h->outcome == OUTCOME_STOPPED || t[i].h->outcome == OUTCOME_ESTABLISHED))
            return t[i].h;
    }
    return NULL;
}

/* An alert that means one thing only: another server that takes turns with this one would still have said it. But where the answer is of a
 * version that had been offered, it was not the one that said so. */
static bool names_cause(const struct alert *a, const struct handshake *first, const struct handshake *answer)
{
    if (a != NULL && a->number == ALERT_PROTOCOL_VERSION)
        return !offers_version(&first->hello, version_of(answer));
    return a != NULL && (a->number == ALERT_UNRECOGNIZED_NAME || a->number == ALERT_NO_APPLICATION_PROTOCOL);
}

/* Neither chance nor several servers that take turns: the change is always answered, and the hello without it never. */
static bool is_steady(const struct tried *t, size_t n)
{
    return got_answer(t, n, CHANGE_CONFIRM) && was_tried(t, n, CHANGE_REPEAT) && !got_answer(t, n, CHANGE_REPEAT) &&
           was_tried(t, n, CHANGE_REPEAT_2) && !got_answer(t, n, CHANGE_REPEAT_2);
}

static bool is_chance(const struct tried *t, size_t n)
{
    return got_answer(t, n, CHANGE_REPEAT) || got_answer(t, n, CHANGE_REPEAT_2) ||
           (was_tried(t, n, CHANGE_CONFIRM) && !got_answer(t, n, CHANGE_CONFIRM));
}

/* There is an answer: what would still make it doubtful? */
static enum change doubt_about(const struct tried *t, size_t n, const struct tried *answer, const struct alert *a)
{
    static const enum change checks[] = { CHANGE_CONFIRM, CHANGE_REPEAT, CHANGE_REPEAT_2 };
    bool said_version = a != NULL && a->number == ALERT_PROTOCOL_VERSION;
    if (newer_than_offered(t, answer) && !said_version && !was_tried(t, n, CHANGE_SAME_VERSIONS))
        return CHANGE_SAME_VERSIONS;
    for (size_t i = 0; i < ARRAY_LEN(checks) && !names_cause(a, t[0].h, answer->h); i++) {
        if (got_answer(t, n, CHANGE_REPEAT))
            return CHANGE_NONE;
        if (!was_tried(t, n, checks[i]))
            return checks[i];
    }
    return CHANGE_NONE;
}

/* What cannot help but where it is the cause comes first: another format and added signature algorithms and groups leave the rest as it is, added
 * suites may go round both, added versions round all three. */
enum change plan_next(const struct tried *t, size_t n)
{
#define USUAL CHANGE_FORMAT, CHANGE_RENEGO, CHANGE_SIGALGS, CHANGE_GROUPS, CHANGE_SUITES, CHANGE_VERSIONS, CHANGE_NO_ALPN, CHANGE_WIDE, CHANGE_NO_SNI
    static const enum change usual[] = { USUAL, CHANGE_SMALL, CHANGE_NO_TLS13, CHANGE_OLDEST, CHANGE_ALL_OF_12, CHANGE_BARE, CHANGE_NONE };
    static const enum change version[] = { CHANGE_FORMAT, CHANGE_VERSIONS, CHANGE_WIDE, CHANGE_NO_TLS13, CHANGE_OLDEST, CHANGE_NONE };
    static const enum change name[] = { CHANGE_NO_SNI, CHANGE_NONE }, alpn[] = { CHANGE_NO_ALPN, CHANGE_NONE };
    static const enum change silence[] = { CHANGE_FORMAT, CHANGE_SMALL, CHANGE_NO_TLS13, CHANGE_NO_SNI, CHANGE_WIDE, CHANGE_OLDEST, CHANGE_NONE }; /* each costs a timeout */
    static const enum change closed[] = { CHANGE_SMALL, USUAL, CHANGE_NO_TLS13, CHANGE_OLDEST, CHANGE_ALL_OF_12, CHANGE_BARE, CHANGE_NONE };
    if (n != 0 && rsa_unread(t[0].h))
        return was_tried(t, n, CHANGE_SIGNED) ? CHANGE_NONE : CHANGE_SIGNED;
    if (n != 0 && ended_unheard(t[0].h) && !got_answer(t, n, CHANGE_REPEAT))
        return !was_tried(t, n, CHANGE_REPEAT) ? CHANGE_REPEAT : !was_tried(t, n, CHANGE_REPEAT_2) ? CHANGE_REPEAT_2 : CHANGE_NONE;
    if (n == 0 || !plan_refused(t[0].h))
        return CHANGE_NONE;
    const struct alert *a = last_fatal_alert(t[0].h, SERVER);
    const struct tried *answer = first_answered(t, n);
    if (answer != NULL)
        return doubt_about(t, n, answer, a);
    if (a == NULL)
        return first_of(t, n, t[0].h->outcome == OUTCOME_NO_SERVER_HELLO ? silence : closed);
    switch (a->number) {
    case ALERT_PROTOCOL_VERSION: return first_of(t, n, version);
    case ALERT_UNRECOGNIZED_NAME: return first_of(t, n, name);
    case ALERT_NO_APPLICATION_PROTOCOL: return first_of(t, n, alpn);
    default: return first_of(t, n, usual);
    }
}

/* ---- what the answers prove */

/* What the server picked, against the hello that it refused. */
struct contrast {
    const struct client_hello *hello;  /* refused */
    const struct handshake    *answer; /* to the changed one */
    enum change                change;
    bool                       modern;
    bool                       said; /* it gave an alert: not a box that drops or cuts connections */
    const char                *cause;
    enum blame                 side;
    const char                *why;
};

static bool version_differs(const struct contrast *x) { return !offers_version(x->hello, version_of(x->answer)); }

/* No suite of the hello is for a certificate with such a key; in TLS 1.3 the signature algorithms say it. */
static bool key_differs(const struct contrast *x)
{
    const struct suite *s = suite_of(x->answer->answer.suite);
    const struct cert  *leaf = x->answer->cert_count > 0 ? x->answer->certs[0] : NULL;
    if (s == NULL || x->hello->suites.n == 0)
        return false;
    if (s->kex == KEX_TLS13) {
        enum sig_key key = leaf == NULL ? KEY_UNKNOWN : leaf->key == CERT_KEY_EC ? KEY_ECDSA : leaf->key == CERT_KEY_RSA ? KEY_RSA : KEY_UNKNOWN;
        for (size_t i = 0; i < x->hello->sigalgs.n && key != KEY_UNKNOWN; i++) {
            if (sigalg_key(x->hello->sigalgs.v[i]) == key)
                return false;
        }
        return key != KEY_UNKNOWN && x->hello->sigalgs.v != NULL;
    }
    if (s->auth != KEY_RSA && s->auth != KEY_ECDSA && s->auth != KEY_DSA)
        return false;
    for (size_t i = 0; i < x->hello->suites.n; i++) {
        const struct suite *offered = suite_of(x->hello->suites.v[i]);
        if (offered != NULL && (offered->auth == s->auth || offered->kex == KEX_TLS13))
            return false;
    }
    return true;
}

static const char *picked(const struct case_file *c, const struct handshake *h)
{
    char suite[NAME_MAX_LEN], group[NAME_MAX_LEN];
    if (!knows(h, KNOW_SERVER_HELLO))
        return WORDS(c, "a HelloRetryRequest for %s", group_name(h->retry.group, group));
    return WORDS(c, "%s, %s", version_words(c, handshake_version(h)), suite_name(h->answer.suite, suite));
}

static enum blame behind(const struct contrast *x, bool picked_is_of_today)
{
    return x->modern || !picked_is_of_today ? BLAME_SERVER : BLAME_CLIENT;
}

static void version_cause(const struct case_file *c, struct contrast *x)
{
    uint16_t chosen = version_of(x->answer);
    bool     older = version_rank(chosen) < version_rank(x->hello->max_version);
    x->cause = "protocol-version";
    x->side = older ? BLAME_SERVER : BLAME_CLIENT;
    x->why = older ? WORDS(c, "The server speaks %s at most and the hello does not offer that.", version_words(c, chosen))
                   : WORDS(c, "The server wants more than %s, the newest version that the hello offers.", version_words(c, x->hello->max_version));
}

static void suite_cause(const struct case_file *c, struct contrast *x)
{
    const struct suite *s = suite_of(x->answer->answer.suite);
    char                name[NAME_MAX_LEN];
    x->cause = "cipher-mismatch";
    x->side = behind(x, s != NULL && suite_of_today(s));
    x->why = WORDS(c, "The server accepts none of the %zu cipher suites offered, but %s%s.", real_suites(x->hello),
                   suite_name(x->answer->answer.suite, name),
                   s == NULL                  ? ""
                   : s->auth == KEY_ANON      ? ", which needs no certificate"
                   : strstr(s->name, "_PSK_") != NULL ? ", which needs a key that both sides know beforehand (PSK)"
                                              : "");
}

static void key_cause(const struct case_file *c, struct contrast *x)
{
    char buf[64];
    x->cause = "cert-key-type";
    x->side = behind(x, true);
    x->why = WORDS(c, "The server's certificate has %s%s key, and the hello offers nothing that works with one.",
                   x->answer->cert_count > 0 ? "an " : "another kind of",
                   x->answer->cert_count > 0 ? cert_key_name(x->answer->certs[0], buf) : "");
}

static void group_cause(const struct case_file *c, struct contrast *x, uint16_t group)
{
    char name[NAME_MAX_LEN];
    x->cause = "group-mismatch";
    x->side = behind(x, true);
    x->why = WORDS(c, "The server takes none of the key exchange groups offered, but %s.", group != 0 ? group_name(group, name) : "others");
}

static void sigalg_cause(const struct case_file *c, struct contrast *x)
{
    char     name[NAME_MAX_LEN];
    uint16_t used = x->answer->kex.sigalg;
    bool     sha2 = used == 0 || sigalg_hash(used) >= 4 || sigalg_hash(used) == 0;
    const struct cert *leaf = x->answer->cert_count > 0 ? x->answer->certs[0] : NULL;
    x->cause = "signature-algorithms";
    x->side = behind(x, sha2);
    if (used != 0 && offers_sigalg(x->hello, used)) { /* the certificate's own signature has to be in the list, too (RFC 5246 section 7.4.2) */
        x->side = behind(x, leaf == NULL || leaf->sig_hash > HASH_SHA1);
        x->why = WORDS(c, "The server signs with %s, which is offered, but refuses a list with so little in it: most likely it misses the signature of its certificate%s%s%s.",
                       sigalg_name(used, name), leaf != NULL ? " (" : "", leaf != NULL ? cert_sig_name(leaf) : "", leaf != NULL ? ")" : "");
        return;
    }
    x->why = WORDS(c, "The server can sign with none of the signature algorithms %s%s.",
                   x->hello->sigalgs.v == NULL ? "of a hello that lists none" : "offered",
                   used != 0 ? WORDS(c, "; it uses %s", sigalg_name(used, name)) : "");
}

static uint16_t group_of(const struct handshake *h)
{
    return h->answer.group != 0 ? h->answer.group : knows(h, KNOW_SERVER_KEX) && h->kex.group != 0 ? h->kex.group : h->retry.group;
}

/* Everything was changed: what was picked and had not been offered is what had been missing. */
static void wide_cause(const struct case_file *c, struct contrast *x)
{
    uint16_t group = group_of(x->answer), sigalg = x->answer->kex.sigalg;
    if (version_differs(x))
        version_cause(c, x);
    else if (key_differs(x))
        key_cause(c, x);
    else if (!offers_suite(x->hello, x->answer->answer.suite))
        suite_cause(c, x);
    else if (group != 0 && !offers_group(x->hello, group))
        group_cause(c, x, group);
    else if (sigalg != 0 && !offers_sigalg(x->hello, sigalg))
        sigalg_cause(c, x);
}

/* More suites, say, may let a server answer with a version that was not offered: one that passes supported_versions over. */
static bool added_values(enum change c) { return c == CHANGE_SUITES || c == CHANGE_SIGALGS || c == CHANGE_GROUPS || c == CHANGE_SAME_VERSIONS; }

static void cause_of_change(const struct case_file *c, struct contrast *x)
{
    if (added_values(x->change) && version_differs(x)) {
        version_cause(c, x);
        return;
    }
    x->side = BLAME_SERVER;
    switch (x->change) {
    case CHANGE_VERSIONS:
        if (version_differs(x))
            version_cause(c, x);
        return;
    case CHANGE_ALL_OF_12:
        wide_cause(c, x);
        return;
    case CHANGE_BARE:
        if (version_differs(x)) {
            version_cause(c, x);
            return;
        }
        x->cause = changes[x->change].cause;
        x->why = WORDS(c, "The server fails on an extension of the hello that it need not know and should have passed over: the same offer with fewer extensions gets %s.",
                       picked(c, x->answer));
        return;
    case CHANGE_SUITES: key_differs(x) ? key_cause(c, x) : suite_cause(c, x); return;
    case CHANGE_SIGALGS: key_differs(x) ? key_cause(c, x) : sigalg_cause(c, x); return;
    case CHANGE_GROUPS: group_cause(c, x, group_of(x->answer)); return;
    case CHANGE_SAME_VERSIONS:
    case CHANGE_WIDE: wide_cause(c, x); return;
    case CHANGE_FORMAT:
        x->cause = changes[x->change].cause;
        x->side = BLAME_CLIENT;
        x->why = WORDS(c, "The client sends its hello in the format of SSL 2.0, which the server does not read; the same offer as a hello of TLS gets %s.",
                       picked(c, x->answer));
        return;
    case CHANGE_RENEGO:
        x->cause = changes[x->change].cause;
        x->side = BLAME_CLIENT;
        x->why = "The server insists on secure renegotiation (RFC 5746), which this hello does not signal.";
        return;
    case CHANGE_NO_ALPN:
        x->cause = changes[x->change].cause;
        x->why = "The server has no application protocol in common with the hello's ALPN list, and refuses it for that.";
        return;
    case CHANGE_NO_SNI:
        x->cause = changes[x->change].cause;
        x->why = WORDS(c, "The server %s the name %s%s.", x->said ? "refuses" : "does not answer to", asked_name(c, "asked for"),
                       x->said ? "" : "; without a name it answers. A filter on the path that looks for names would do the same");
        return;
    case CHANGE_SMALL:
        x->cause = changes[x->change].cause;
        x->side = BLAME_PATH;
        x->why = WORDS(c, "The hello of %zu bytes takes more than one packet, and the server, or a box before it, does not take such a hello.",
                       x->hello->raw.n);
        return;
    case CHANGE_NO_TLS13:
    case CHANGE_OLDEST:
        if (version_differs(x)) {
            version_cause(c, x);
        } else {
            x->cause = changes[x->change].cause;
            x->why = WORDS(c, "The server speaks %s but fails on a hello that offers %s as well, instead of agreeing on what it knows.",
                           version_words(c, version_of(x->answer)), version_words(c, x->hello->max_version));
        }
        return;
    default: return;
    }
}

/* Whether the key that could not read fits the certificate, what it signs tells. */
static bool explain_unread(const struct case_file *c, const struct tried *again, struct finding *out)
{
    const struct handshake *signs = again->h;
    struct ending           e = ending_of(c->h);
    bool                    wrong = signs->kex.verified == SIG_BAD;
    if (!wrong && signs->kex.verified != SIG_GOOD)
        return false;
    *out = (struct finding){ .rule = "asked-signed", .cause = wrong ? "key-mismatch" : "protocol-error" };
    if (!wrong)
        NOT_THESE(out, "key-mismatch");
    say(c, out, BLAME_SERVER, wrong ? CERTAIN : LIKELY, WORDS(c, "we asked again %s and checked the signature", change_words(again->change)),
        wrong ? WORDS(c, "The server's private key does not belong to its certificate: it cannot read what was encrypted for that (%s), and what it signs does not verify.",
                      ending_noun(c, &e))
              : WORDS(c, "The server could not use a secret that was encrypted for its certificate (%s), though it signs with the right key. RSA key exchange is broken "
                         "there, or its key may not decrypt.",
                      ending_noun(c, &e)));
    cite_elsewhere(c, out, signs->stream, signs->kex.where.frame, "server_key_exchange", WORDS(c, "attempt %u", signs->probed != NULL ? signs->probed->attempt : signs->stream),
                   wrong ? "its signature does not verify" : "its signature verifies");
    finding_complete(c, out);
    return true;
}

bool plan_explain(const struct tried *t, size_t n, bool modern, const struct peers *others, struct arena *a, struct finding *out)
{
    if (n > 1 && t[1].change == CHANGE_SIGNED)
        return explain_unread(&(struct case_file){ .h = t[0].h, .others = others, .arena = a }, &t[1], out);
    const struct tried *found = n > 0 && plan_refused(t[0].h) ? first_answered(t, n) : NULL;
    if (found == NULL || found->h->outcome == OUTCOME_INCOMPLETE)
        return false;
    if (is_chance(t, n))
        return false;
    found = answer_of(t, n);
    const struct alert     *alert = last_fatal_alert(t[0].h, SERVER);
    const struct handshake *answer = found->h;
    enum change             change = found->change;
    const struct case_file c = { .h = t[0].h, .others = others, .arena = a };
    struct contrast        x = { .hello = &t[0].h->hello, .answer = answer, .change = change, .modern = modern, .said = alert != NULL };
    cause_of_change(&c, &x);
    if (x.cause == NULL)
        return false;
    *out = (struct finding){ .rule = "asked-again", .cause = x.cause };
    out->decisive = answered(answer) ? answer->answer.where.frame : 0;
    bool steady = names_cause(alert, t[0].h, answer) || is_steady(t, n), whose = change != CHANGE_SMALL && (change != CHANGE_NO_SNI || alert != NULL);
    say(&c, out, x.side, steady && whose ? CERTAIN : LIKELY,
        WORDS(&c, "we asked again %s and it answered%s", change_words(change), steady ? "" : "; that this is always so was not tried"), x.why);
    if (change == CHANGE_NO_SNI && alert == NULL)
        ALSO(out, t[0].h->outcome == OUTCOME_NO_SERVER_HELLO ? "silent-drop" : "tcp-reset");
    cite_elsewhere(&c, out, answer->stream, knows(answer, KNOW_SERVER_HELLO) ? answer->answer.where.frame : answer->retry.where.frame,
                   "server_hello", WORDS(&c, "attempt %u", answer->probed != NULL ? answer->probed->attempt : answer->stream), WORDS(&c, "%s: %s", change_words(change), picked(&c, answer)));
    finding_complete(&c, out);
    return true;
}
