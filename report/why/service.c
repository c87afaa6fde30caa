/* What listens there: something that speaks no TLS, refuses to start it, or cannot because its certificate or key is
 * not usable or not a pair. */
#include "refusal.h"

#include <string.h>

enum { FAR = 4000000 }; /* ns: a server whose round trip takes longer is told from a box before it by the time */

/* ---- one end speaks no TLS */

static const char *protocol_name(const struct case_file *c, const char *protocol)
{
    static const char *const own[][2] = { { "mysql", "MySQL" }, { "redis", "Redis" }, { "rsync", "rsync" }, { "postgres", "PostgreSQL" } };
    for (size_t i = 0; i < ARRAY_LEN(own) && protocol != NULL; i++)
        if (strcmp(protocol, own[i][0]) == 0)
            return own[i][1];
    char *name = arena_str(c->arena, protocol != NULL ? protocol : "plain-text");
    for (char *p = name; *p != '\0' && protocol != NULL && strlen(protocol) <= 5; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p); /* HTTP, SMTP, SSH */
    return name;
}

static const char *protocol_words(const struct case_file *c, const char *protocol)
{
    return protocol != NULL ? WORDS(c, "%s in plain text", protocol_name(c, protocol)) : "something that is no TLS";
}

/* "HTTP/1.1 200 ..." answers no ClientHello: it is a proxy's yes to a request that is not in the capture. */
static bool says_yes(const struct plain *p)
{
    return p->start.n > 9 && memcmp(p->start.p, "HTTP/1.", 7) == 0 && p->start.p[9] == '2';
}

/* A page that was not asked for: redirects, "forbidden", "network authentication required" (RFC 6585 section 6). Who cannot
 * read the request, as a web server cannot read a hello, says 400 or a relative of it. */
static bool page_for_anybody(const struct plain *p)
{
    static const char *const codes[] = { "301", "302", "303", "307", "308", "403", "451", "511" };
    bool http = p->start.n > 12 && memcmp(p->start.p, "HTTP/1.", 7) == 0;
    for (size_t i = 0; http && i < ARRAY_LEN(codes); i++) {
        if (memcmp(p->start.p + 9, codes[i], 3) == 0)
            return true;
    }
    return false;
}

static size_t first_line(const struct plain *p)
{
    size_t n = 0;
    while (n < p->start.n && n < 60 && p->start.p[n] != '\r' && p->start.p[n] != '\n')
        n++;
    return n;
}

/* The header of a TLS record (RFC 8446 section 5.1), with something in it that answers no ClientHello. */
static bool like_a_record(struct bytes b)
{
    enum { HEADER = 5, FIRST_TYPE = 20, LAST_TYPE = 23, BODY_MAX = 16384 + 2048 };
    return b.n >= HEADER && b.p[0] >= FIRST_TYPE && b.p[0] <= LAST_TYPE && b.p[1] == 3 && b.p[2] <= 4 && ((b.p[3] << 8 | b.p[4]) <= BODY_MAX);
}

/* What comes back is the hello itself: an echo service, or a port that is forwarded in a circle. */
static bool hello_comes_back(const struct case_file *c, struct finding *f)
{
    enum { CLIENT_HELLO = 1 }; /* RFC 8446 section 4 */
    const struct handshake *h = c->h;
    const struct message *back = NULL, *own = NULL;
    for (size_t i = 0; i < h->message_count; i++) {
        const struct message *m = &h->messages[i];
        own = m->type == CLIENT_HELLO && m->from == CLIENT && own == NULL ? m : own;
        back = m->type == CLIENT_HELLO && m->from == SERVER && back == NULL ? m : back;
    }
    if (knows(h, KNOW_SERVER_HELLO) || own == NULL || back == NULL || h->datagram)
        return false;
    f->weight = 26;
    f->decisive = back->where.frame;
    return say(c, f, BLAME_SERVER, CERTAIN, "a server never sends a ClientHello",
               "What listens there answers with a ClientHello: an echo service, a forwarding that ends where it began, or a program that "
               "wants to be the client itself.");
}

static bool server_speaks_plain(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct plain *p = &h->plain[SERVER];
    bool banner = h->prelude.kind == PRELUDE_STARTTLS && h->prelude.server.p != NULL && !h->prelude.asked_for_tls &&
                  !h->prelude.accepted;
    bool tunnel = h->prelude.kind == PRELUDE_CONNECT || h->prelude.kind == PRELUDE_SOCKS;
    if (!h->tls_seen[CLIENT] || h->tls_seen[SERVER] || knows(h, KNOW_SERVER_HELLO) || h->prelude.accepted || tunnel ||
        says_yes(p) || !(p->start.p != NULL || banner))
        return false;
    f->decisive = p->start.p != NULL ? p->where.frame : h->prelude.answered.frame;
    if (h->side[CLIENT].ccs_at.frame > f->decisive || h->side[CLIENT].first_app.frame > f->decisive)
        return false; /* the client has read a ServerHello there */
    if (p->start.p != NULL && p->protocol == NULL && like_a_record(p->start)) {
        f->weight = 12;
        f->cause = "protocol-error";
        ALSO(f, "not-tls");
        return say(c, f, BLAME_SERVER, LIKELY, "the header is that of a TLS record, and what is in it is no ServerHello and no alert",
                   "The server answers the ClientHello with records of TLS, but not with a ServerHello.");
    }
    const char *protocol = p->start.p != NULL && p->protocol != NULL ? p->protocol
                         : banner                                    ? h->prelude.protocol
                                                                     : NULL;
    f->weight = 12;
    int64_t rtt = round_trip(h), after = ns_between(&h->hello.where, &p->where);
    bool soon = p->start.p != NULL && rtt > FAR && after >= 0 && after < rtt / 4;
    if (soon)
        return say(c, f, BLAME_PATH, LIKELY, WORDS(c, "it came %s after the hello, sooner than the server's round trip of %s",
                                                   duration_text(c->arena, after), duration_text(c->arena, rtt)),
                   WORDS(c, "The client started TLS, and something on the way answered in the server's place with %s: a block page, or a log-in "
                            "to a network.", protocol_words(c, protocol)));
    if (page_for_anybody(p))
        return say(c, f, BLAME_SERVER, LIKELY, "a web server that was sent TLS does not understand it and answers 400; this answers as if it had been asked",
                   WORDS(c, "The client started TLS, but on port %u it got %s, \"%s\": a block page or log-in page that a box on the way shows to "
                            "everybody, or the wrong service.", h->ends[SERVER].port, protocol_words(c, protocol),
                         safe_str(c->arena, p->start.p, first_line(p))));
    /* else a request to a proxy may have come before */
    enum { RECORD_HEADER = 5 };
    bool whole = knows(h, KNOW_WHOLE_CLIENT), first = h->hello.where.at <= RECORD_HEADER;
    return say(c, f, BLAME_SERVER, whole && first ? CERTAIN : LIKELY,
               !whole  ? "the start of the connection is not whole"
               : first ? "the server's first bytes are no TLS"
                       : "the server's bytes are no TLS, but what the client said first was not understood",
               WORDS(c,
                     "The client started TLS, but on port %u the server speaks %s. It is the wrong port, the wrong "
                     "service, or TLS has to be asked for first.",
                     h->ends[SERVER].port, protocol_words(c, protocol)));
}

/* It said yes to STARTTLS, and then goes on as if it had not. */
static bool plain_after_yes(const struct case_file *c, struct finding *f)
{
    enum { MOST = 80 };
    const struct handshake *h = c->h;
    const struct plain *p = &h->plain[SERVER];
    if (h->prelude.kind != PRELUDE_STARTTLS || !h->prelude.accepted || p->start.p == NULL || h->tls_seen[SERVER] || knows(h, KNOW_SERVER_HELLO) ||
        !h->tls_seen[CLIENT] || !knows(h, KNOW_WHOLE_CLIENT))
        return false;
    const uint8_t *end = memchr(p->start.p, '\n', p->start.n);
    size_t         n = end != NULL ? (size_t)(end - p->start.p) : p->start.n;
    while (n > 0 && p->start.p[n - 1] == '\r')
        n--;
    f->weight = 12;
    f->decisive = p->where.frame;
    f->cause = h->prelude.not_offered ? "starttls-refused" : f->cause;
    return say(c, f, BLAME_SERVER, h->prelude.not_offered || p->protocol != NULL || (n > 3 && n < MOST) ? CERTAIN : LIKELY, "the server's first bytes after that are no TLS",
               WORDS(c, "%s \"%s\".",
                     h->prelude.not_offered ? "The server does not offer to start TLS, and answers the ClientHello in plain text:"
                                            : "The server agreed to start TLS, and answers the ClientHello in plain text:",
                     safe_str(c->arena, p->start.p, n < MOST ? n : MOST)));
}

static bool is_one_of(uint16_t port, const uint16_t *ports, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (ports[i] == port)
            return true;
    }
    return false;
}

static bool is_tls_port(uint16_t port)
{
    static const uint16_t ports[] = {
        443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 5061, 5671, 8443, 8883
    }; /* IANA: "over TLS" */
    return is_one_of(port, ports, ARRAY_LEN(ports));
}

static bool client_speaks_plain(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct plain *client = &h->plain[CLIENT], *server = &h->plain[SERVER];
    bool connect = h->prelude.kind == PRELUDE_CONNECT && h->prelude.status == 0;
    if (h->tls_seen[CLIENT] || (client->start.p == NULL && !connect) || h->prelude.accepted ||
        !knows(h, KNOW_WHOLE_CLIENT) || h->tcp.missing[CLIENT] != 0)
        return false;
    bool alert = h->tls_seen[SERVER] && h->alert_count != 0 && h->alerts[0].from == SERVER;
    bool speaks = c->others != NULL && peers_speaks_tls(c->others, &h->ends[SERVER]);
    bool refused = server->start.p == NULL ||
                   (server->start.n >= 12 && server->start.p[9] == '4'); /* "HTTP/1.1 400 ..." to plain HTTP */
    if (!alert && !(refused && (speaks || is_tls_port(h->ends[SERVER].port)) &&
                    (h->close.how != CLOSE_NONE && h->close.by == SERVER)))
        return false;
    if (client->protocol == NULL && !connect && (client->start.n < 5 ? !alert : !alert && !speaks))
        return false; /* some other binary protocol of its own */
    f->weight = 12;
    f->decisive = client->start.p != NULL ? client->where.frame : h->prelude.asked.frame;
    return say(c, f, BLAME_CLIENT,
               alert    ? CERTAIN
               : speaks ? LIKELY
                        : POSSIBLE,
               alert    ? "the server answers in TLS"
               : speaks ? "the same server speaks TLS with others"
                        : "the port is one for TLS, and the server hung up",
               WORDS(c, "The client speaks %s on port %u, where the server expects TLS.",
                     protocol_words(c, connect ? "HTTP (CONNECT)" : client->protocol), h->ends[SERVER].port));
}

static bool starttls_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct prelude *p = &h->prelude;
    if (p->kind != PRELUDE_STARTTLS || p->accepted || p->plain_on || h->tls_seen[SERVER])
        return false;
    const char *answer =
        p->answer.p != NULL ? safe_str(c->arena, p->answer.p, p->answer.n < 80 ? p->answer.n : 80) : NULL;
    const char *protocol = protocol_name(c, p->protocol);
    f->weight = 12;
    f->decisive = p->answered.frame;
    if (p->refused && p->asked_for_tls)
        return say(c, f, BLAME_SERVER, CERTAIN, "the server's own answer",
                   WORDS(c, "The client asked the %s server to start TLS and the server refused%s%s%s.", protocol,
                         answer != NULL ? ": \"" : "", answer != NULL ? answer : "", answer != NULL ? "\"" : ""));
    if (p->not_offered && h->close.how != CLOSE_NONE)
        return say(c, f, BLAME_SERVER, LIKELY,
                   "the client left without going on in plain text, as one does that needs TLS",
                   WORDS(c, "The %s server does not offer STARTTLS, and the client left.", protocol));
    return false;
}

/* ---- no usable certificate or key */

static bool answered_any(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c, (void)own;
    return p->answered;
}

static bool other_hello_failed_alike(const struct case_file *c, const struct peer_fact *own,
                                     const struct peer_fact *p)
{
    const struct ending *e = &c->went->end;
    bool alert = p->alert != 0xff;
    return p->hello && !p->answered && p->hello_hash != own->hello_hash && alert == (e->how == END_ALERT) &&
           (!alert || p->alert == e->number) &&
           (p->outcome == OUTCOME_ABORTED_BY_SERVER || p->outcome == OUTCOME_RESET_BY_SERVER);
}

static bool is_old(uint16_t version) { return version_rank(version) < version_rank(0x0303); }

static bool new_hello_failed_alike(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    return other_hello_failed_alike(c, own, p) && !is_old(p->max_version);
}

static bool refuses_every_hello(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) || server_plain(h) ||
        (h->prelude.accepted && h->probed == NULL) ||
        (e->alert != NULL && e->number != ALERT_INTERNAL_ERROR && e->number != ALERT_HANDSHAKE_FAILURE &&
         e->number != ALERT_CLOSE_NOTIFY))
        return false;
    size_t alike = count_peers(c, other_hello_failed_alike);
    if (alike == 0 || find_peer(c, answered_any) != NULL)
        return false;
    if (is_old(h->hello.max_version) && find_peer(c, new_hello_failed_alike) == NULL)
        return false; /* all of them are old: the version explains it */
    const struct peer_fact *p = find_peer(c, other_hello_failed_alike);
    f->weight = alike > 1 ? 9 : 0;
    if (ended_silently(e))
        ALSO(f, "not-tls");
    ALSO(f, "tcp-reset", "protocol-version", "cipher-mismatch");
    say(c, f, BLAME_SERVER, alike > 1 ? LIKELY : POSSIBLE,
        "the server never says why; the same answer to different hellos is what a server without a usable "
        "certificate or key gives",
        WORDS(c,
              "The server ends every TLS hello in the same way (%s), whatever is offered: %zu other kind%s of hello "
              "failed alike. So it most likely has no usable certificate or private key%s.",
              ending_noun(c, e), alike, alike == 1 ? "" : "s",
              ended_silently(e) ? "; a service that speaks no TLS, a filter, or a load balancer with nothing behind it does the same" : ""));
    cite_peer(c, f, p, p->close_frame != 0 ? p->close_frame : p->hello_frame, "another hello, ended alike");
    return true;
}

static bool internal_error_at_hello(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by_alert(e, SERVER, ALERT_INTERNAL_ERROR) ||
        version_rank(h->hello.max_version) < version_rank(0x0303))
        return false;
    bool answers = find_peer(c, answered_any) != NULL;
    f->weight = answers ? -2 : 3;
    ALSO(f, "sni-unrecognized", "cipher-mismatch");
    return say(c, f, BLAME_SERVER, answers ? POSSIBLE : LIKELY,
               "the alert means trouble at the server; which trouble, only its log says",
               "The server answered an ordinary hello with internal_error (80). Most often it cannot load the "
               "certificate or private key for this name, or the service behind it is down.");
}

/* Ports of protocols that begin in plain text and wait for the client's first word (IANA): LDAP, HTTP, XMPP, PostgreSQL,
 * SQL Server, RDP. Those that greet are seen to. */
static bool is_plain_port(uint16_t port)
{
    static const uint16_t ports[] = { 80, 389, 1433, 3268, 3389, 5222, 5269, 5432 };
    return is_one_of(port, ports, ARRAY_LEN(ports));
}

/* TLS from the first byte on, where it has to be asked for: such a server hangs up on what it cannot parse. */
static bool tls_on_plain_port(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) || !ended_silently(e) || h->prelude.kind != PRELUDE_NONE ||
        h->tcp.bytes[SERVER] != 0 || h->tcp.missing[SERVER] != 0 || !is_plain_port(h->ends[SERVER].port) ||
        h->hello.alpn.v != NULL || find_peer(c, answered_any) != NULL) /* PostgreSQL and TDS name themselves where they take TLS at once */
        return false;
    f->weight = 3;
    ALSO(f, "server-no-certificate", "tcp-reset", "protocol-version", "cipher-mismatch");
    return say(c, f, BLAME_SERVER, LIKELY, "nothing but the port and the silence says so",
               WORDS(c,
                     "The client started TLS at once on port %u, which is for a protocol that begins in plain text, and %s. "
                     "TLS has to be asked for there first, or has a port of its own.",
                     h->ends[SERVER].port, ending_words(c, e)));
}

/* It takes the connection and hangs up on the hello, once, without a word. */
static bool hangs_up(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_HELLO || !ended_by(e, SERVER) ||
        !(e->how == END_FIN || e->number == ALERT_CLOSE_NOTIFY) || server_plain(h) ||
        (h->prelude.accepted && h->probed == NULL) || find_peer(c, answered_any) != NULL)
        return false;
    f->weight = -4;
    ALSO(f, "protocol-version", "cipher-mismatch", "sni-unrecognized", "silent-drop");
    return say(
        c, f, BLAME_SERVER, POSSIBLE, "the server gave no reason, and several look like this",
        WORDS(c,
              "The server accepted the connection and closed it on the hello, without one byte of TLS%s. Servers "
              "without a usable certificate or key do this, and some that refuse the version or the cipher suites.",
              h->close.since_peer > 0 ? WORDS(c, " (%s later)", duration_text(c->arena, h->close.since_peer)) : ""));
}

/* A server that proves itself by a certificate has to send one at least (RFC 5246 section 7.4.2, RFC 8446 section 4.4.2). */
static bool sends_no_certificate(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!knows(h, KNOW_CERTIFICATE) || h->cert_count != 0 || h->certs_at.frame == 0 || h->malformed[SERVER] != NULL || !ended_by(e, CLIENT) ||
        h->outcome == OUTCOME_ESTABLISHED || h->stopped_by_us)
        return false;
    f->weight = 12;
    f->decisive = h->certs_at.frame;
    ALSO(f, "protocol-error");
    return say(c, f, BLAME_SERVER, LIKELY, "the list is empty, and no client can go on from there",
               WORDS(c, "The server's Certificate message is empty: it has no certificate for this connection, or lost it. So %s.",
                     ending_words(c, e)));
}

/* ---- certificate and key are no pair */

static bool key_is_another(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool before = h->kex.verified == SIG_UNCHECKED && h->kex.as_before == SIG_BAD;
    if (!knows(h, KNOW_SERVER_KEX) || (h->kex.verified != SIG_BAD && !before) || h->outcome == OUTCOME_ESTABLISHED)
        return false;
    bool vague = (e->number == ALERT_BAD_CERTIFICATE || e->number == ALERT_CERTIFICATE_UNKNOWN) && !chain_at_fault(h);
    /* It did not come as far as the signature, or the certificate itself was changed, and its key with it. */
    bool changed = h->chain != NULL && chain_has(h->chain, "bad_signature", SEV_ERROR, NULL);
    bool other_reason = changed || (e->alert != NULL && about_certificate(e->number) && !vague);
    f->weight = other_reason ? 1 : 20;
    f->decisive = h->kex.where.frame;
    return say(c, f, BLAME_SERVER, other_reason || before ? LIKELY : CERTAIN,
               before       ? "signatures of other handshakes under this certificate's key were wrong; this one was not checked any more"
               : changed      ? "the signature over the key exchange is wrong, and so is one in the certificate chain"
               : other_reason ? "the signature over the key exchange is wrong, but the alert is about the certificate"
                            : "checked: the signature over the key exchange fails under the certificate's key",
               WORDS(c,
                     "The server's key exchange is signed with a key that is not the certificate's: %s not verify, and %s.",
                     before ? "the signatures before this one did" : "the signature does",
                     ending_words(c, e)));
}

static bool decrypt_error_peer(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->answered && !p->finished && p->alert == own->alert && p->alert_from == own->alert_from;
}

/* The same server finished a handshake in which its key had to decrypt. */
static bool decrypted_elsewhere(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    const struct suite *suite = suite_of(p->suite);
    (void)c;
    return p->finished && !p->resumed && suite != NULL && suite->kex == KEX_RSA && own->name_hash == p->name_hash;
}

/* Not checked by us (RSA key exchange, TLS 1.3, a scheme we do not know): the alert alone. */
static bool key_seems_another(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    const struct suite *suite = suite_of(h->answer.suite);
    enum stage stage = c->went->stage;
    bool client =
        ended_by_alert(e, CLIENT, ALERT_DECRYPT_ERROR) && stage == STAGE_FLIGHT && h->kex.verified != SIG_GOOD;
    bool server =
        suite != NULL && suite->kex == KEX_RSA && stage == STAGE_REPLY && !h->resumed &&
        (ended_by_alert(e, SERVER, ALERT_DECRYPT_ERROR) || ended_by_alert(e, SERVER, ALERT_BAD_RECORD_MAC));
    if ((!client && !server) || (h->chain != NULL && chain_has(h->chain, "bad_signature", SEV_ERROR, NULL)))
        return false;
    bool always = find_peer(c, decrypt_error_peer) != NULL && find_peer(c, answered_any) != NULL;
    bool works = server && find_peer(c, decrypted_elsewhere) != NULL;
    f->weight = client ? 3 : 2;
    ALSO(f, "protocol-error");
    if (client)
        ALSO(f, "cert-malformed");
    bool hidden = client && version_is_13(handshake_version(h)) && !knows(h, KNOW_CERTIFICATE);
    bool ours = h->probed != NULL; /* then the secret was really encrypted for the certificate */
    return say(c, f, BLAME_SERVER, works ? POSSIBLE : LIKELY,
               works    ? "the alert fits, but the same server could decrypt the keys of another handshake"
               : always ? "other handshakes with this server fail in the same way"
               : client ? "the alert fits, but the signature could not be checked from here"
               : ours   ? "the keys were encrypted for this certificate, and the server did not arrive at the same"
                        : "a server that cannot decrypt the client's keys goes on with made-up ones and says this in the end "
                          "(RFC 5246 section 7.4.7.1); bytes changed on the way would look the same",
               hidden ? "The client could not verify a signature (decrypt_error, 51) of what TLS 1.3 hides: the server's own, made with a private "
                        "key that does not fit its certificate, or one in the certificate chain."
                      : WORDS(c, "%s: what the server computed with its private key does not fit the certificate it sent.",
                              client ? "The client could not verify the server's signature (decrypt_error, 51)"
                                     : WORDS(c, "Right after the client's keys %s", ending_words(c, e))));
}

const struct rule service_rules[] = {
    { "server-speaks-plain", "not-tls", SHOWS_PLAIN, server_speaks_plain },
    { "plain-after-yes", "not-tls", SHOWS_PLAIN, plain_after_yes },
    { "hello-comes-back", "not-tls", KNOW_CLIENT_HELLO, hello_comes_back },
    { "client-speaks-plain", "not-tls", SHOWS_PLAIN, client_speaks_plain },
    { "starttls-refused", "starttls-refused", SHOWS_PLAIN, starttls_refused },
    { "key-is-another", "key-mismatch", KNOW_SERVER_KEX, key_is_another },
    { "key-seems-another", "key-mismatch", KNOW_SERVER_HELLO | SHOWS_ALERT, key_seems_another },
    { "sends-no-certificate", "server-no-certificate", KNOW_CERTIFICATE | SHOWS_BY_CLIENT, sends_no_certificate },
    { "refuses-every-hello", "server-no-certificate", SHOWS_UNANSWERED | SHOWS_BY_SERVER, refuses_every_hello },
    { "internal-error-at-hello", "server-no-certificate", SHOWS_UNANSWERED | SHOWS_BY_SERVER | SHOWS_ALERT, internal_error_at_hello },
    { "tls-on-plain-port", "not-tls", SHOWS_UNANSWERED | SHOWS_BY_SERVER | SHOWS_SILENT_END, tls_on_plain_port },
    { "hangs-up", "server-no-certificate", SHOWS_UNANSWERED | SHOWS_BY_SERVER, hangs_up },
    { 0 }
};
