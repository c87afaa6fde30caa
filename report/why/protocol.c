/* Bytes that the other end could not take (protocol-error), records and messages cut in ways that some cannot take
 * (record-split), and servers without secure renegotiation (RFC 5746). */
#include "say.h"

#include <string.h>

enum { TLS_1_0 = 0x0301 };

/* ---- record splitting */

/* A hello over several records is allowed (RFC 8446 section 5.1), but some read one record and stop. */
static bool split_hello_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    bool about_bytes = e->number == ALERT_UNEXPECTED_MESSAGE || e->number == ALERT_DECODE_ERROR ||
                       e->number == ALERT_ILLEGAL_PARAMETER || e->number == ALERT_INTERNAL_ERROR ||
                       e->number == ALERT_RECORD_OVERFLOW || e->number == ALERT_HANDSHAKE_FAILURE;
    if (c->went->stage != STAGE_HELLO || h->hello.records < 2 || server_plain(h) ||
        !(about_bytes || e->alert == NULL) ||
        (e->how != END_NONE && e->by == CLIENT && ns_between(&h->hello.where, &e->where) < NS_PER_S))
        return false;
    f->weight = 8;
    ALSO(f, "protocol-error", "hello-size");
    return say(c, f, BLAME_SERVER, LIKELY, "a hello cut like this is rare, and ends that cannot take it stop here",
               WORDS(c,
                     "The ClientHello comes in %zu TLS records, which is allowed, and %s. The server, or a box "
                     "before it, most likely reads one record only.",
                     h->hello.records, e->how == END_NONE || e->by == CLIENT ? "no answer came" : ending_words(c, e)));
}

static bool finished_unsplit(const struct case_file *c, const struct peer_fact *own, const struct peer_fact *p)
{
    (void)c;
    return p->finished && p->hello_hash != own->hello_hash;
}

/* A record that holds one byte or none under CBC with SHA-1 (24 bytes with blocks of 8, 32 with 16), then a larger
 * one. */
static bool later_split(const struct handshake *h)
{
    const struct side_progress *p = &h->side[CLIENT];
    for (size_t i = 0; i + 1 < p->enc_records && i + 1 < ENC_KEPT; i++) {
        if (p->enc_type[i] == 23 && p->enc_type[i + 1] == 23 && (p->enc_len[i] == 24 || p->enc_len[i] == 32) &&
            p->enc_len[i + 1] > p->enc_len[i])
            return true;
    }
    return false;
}

/* The 1/n-1 split against BEAST: the first byte of the data in a record of its own (MS12-006 and others). */
static bool split_data_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct suite *suite = suite_of(h->answer.suite);
    if (h->outcome != OUTCOME_ESTABLISHED || !(h->record_split || later_split(h)) ||
        version_rank(handshake_version(h)) > version_rank(TLS_1_0) || suite == NULL || !suite->cbc ||
        h->side[SERVER].app_records != 0 || h->close.how == CLOSE_NONE || h->tcp.missing[SERVER] != 0)
        return false; /* bytes that are missing may be its answer */
    enum { FEW_RECORDS = 8 }; /* a request; after more the server may well have had its say elsewhere */
    bool server = h->close.by == SERVER;
    const struct peer_fact *p = find_peer(c, finished_unsplit);
    if (h->side[CLIENT].app_records > FEW_RECORDS)
        return false;
    if (!server && (p == NULL || h->close.since_peer < 5 * NS_PER_S))
        return false; /* it did not wait, or nothing but its own leaving speaks against the server */
    f->weight = 5;
    ALSO(f, "protocol-error");
    f->decisive = h->close.where.frame;
    say(c, f, BLAME_SERVER, server && h->record_split ? LIKELY : POSSIBLE,
        "the split and the end without an answer fit; the application could have its own reason",
        WORDS(c,
              "After a good handshake the client sent data split in two records (1 byte, then the rest: the "
              "countermeasure against BEAST), and %s without one byte in answer. Some servers take the first record "
              "for the whole request.",
              server ? h->close.how == CLOSE_RST ? "the server reset the connection" : "the server closed"
                     : "nothing came until the client gave up"));
    if (p != NULL)
        cite_peer(c, f, p, p->answer_frame, "another client of the same server");
    cite_close(c, f);
    return true;
}

/* ---- RFC 5746 */

static bool renegotiation_unsafe(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (!knows(h, KNOW_SERVER_HELLO | KNOW_CLIENT_HELLO) || h->answer.renego_info ||
        version_is_13(handshake_version(h)) || !(h->hello.renego_info || h->hello.renego_scsv) ||
        !ended_by_alert(e, CLIENT, ALERT_HANDSHAKE_FAILURE) || c->went->stage > STAGE_FLIGHT ||
        handshake_version(h) < 0x0300)
        return false;
    f->weight = 12;
    f->decisive = h->answer.where.frame;
    ALSO(f, "cert-rejected");
    return say(c, f, BLAME_SERVER, LIKELY,
               "the alert does not say so, but OpenSSL 3 and others end exactly so with such a server",
               "The server's hello lacks the renegotiation_info extension: it does not know secure renegotiation "
               "(RFC 5746). The client asked for it and refused with handshake_failure (40).");
}

static enum kex kex_of(const struct handshake *h)
{
    const struct suite *suite = suite_of(h->answer.suite);
    return suite != NULL && knows(h, KNOW_SERVER_HELLO) ? suite->kex : KEX_UNKNOWN;
}

/* ---- RFC 7627 */

/* Who must have the extended master secret (FIPS rules ask for it) refuses a peer without it in several ways; of those only
 * insufficient_security points there. */
static bool master_secret_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    bool by_client = e->by == CLIENT && (stage == STAGE_ANSWER || stage == STAGE_FLIGHT) && h->hello.ems && !h->answer.ems &&
                     !version_is_13(handshake_version(h)) && kex_of(h) != KEX_DHE; /* a small DH group gets the same */
    bool by_server = e->by == SERVER && stage == STAGE_HELLO && !h->hello.ems && !h->hello.v2_format &&
                     version_rank(h->hello.max_version) <= version_rank(0x0303);
    if (e->how != END_ALERT || e->number != ALERT_INSUFFICIENT_SECURITY || !(by_client || by_server))
        return false;
    f->weight = 1;
    ALSO(f, by_client ? "cert-rejected" : "cipher-mismatch");
    return say(c, f, by_client ? BLAME_SERVER : BLAME_CLIENT, by_client ? LIKELY : POSSIBLE,
               by_client ? "the alert is about strength, and this is what the answer lacks; the key exchange and the suite are sound"
                         : "the alert is about strength, and this is one thing that the hello lacks",
               WORDS(c, "The %s lacks the extended master secret (RFC 7627), which some demand (FIPS rules do), and %s.",
                     by_client ? "server's hello" : "client's hello", ending_words(c, e)));
}

/* ---- pre-shared keys */

/* Both ends hold the key and its name (RFC 4279, RFC 8446 section 4.2.11); a ticket of TLS 1.3 is one, too. */
static bool shared_key_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    enum kex kex = kex_of(h);
    bool named = e->number == ALERT_UNKNOWN_PSK_IDENTITY, wrong = e->number == ALERT_DECRYPT_ERROR || named;
    bool binder = (stage == STAGE_HELLO || stage == STAGE_RETRY) && h->hello.psk_identities != 0 &&
                  (wrong || e->number == ALERT_ILLEGAL_PARAMETER);
    bool suite = stage == STAGE_REPLY && (kex == KEX_PSK || kex == KEX_DHE_PSK || kex == KEX_ECDHE_PSK || kex == KEX_RSA_PSK) &&
                 (wrong || e->number == ALERT_BAD_RECORD_MAC);
    if (!ended_by(e, SERVER) || e->how != END_ALERT || !(binder || suite))
        return false;
    f->weight = 4;
    f->fix[f->fix_n++] = "Both ends: compare the pre-shared key and the identity that goes with it, letter by letter; see whether "
                         "the key is meant as text, hexadecimal or Base64.";
    if (binder)
        f->fix[f->fix_n++] = "Client that resumes a session: forget its tickets, and see whether that helps.";
    return say(c, f, BLAME_CLIENT, LIKELY,
               named    ? "the server says so itself"
               : binder ? "the hello carries a proof of the key, and this alert is what a wrong one gets"
                        : "the keys of this handshake come from the pre-shared key alone, and this alert is what a wrong one gets",
               WORDS(c, named ? "The client named a pre-shared key that the server does not know: %s."
                              : "The client and the server hold different pre-shared keys, or the server does not know the "
                                "client's identity: %s.",
                     ending_words(c, e)));
}

/* ---- a client that cannot begin */

/* Nothing came but its alert: versions, suites, signature algorithms and a security level that leave nothing to offer. */
static bool could_not_begin(const struct case_file *c, struct finding *f)
{
    const struct ending *e = &c->went->end;
    bool version = e->number == ALERT_PROTOCOL_VERSION;
    if (!alert_instead_of_hello(c->h) || !ended_by(e, CLIENT) || version != (strcmp(f->cause, "protocol-version") == 0))
        return false;
    f->weight = 5;
    ALSO(f, "protocol-version", "cipher-mismatch", "signature-algorithms");
    f->fix[f->fix_n++] = "Client: look at its own settings: the versions, cipher suites and signature algorithms it is told to "
                         "offer, and the security level or policy that forbids them (OpenSSL: SECLEVEL, MinProtocol).";
    return say(c, f, BLAME_CLIENT, LIKELY, "the client did not even offer anything, so the server has no part in it",
               WORDS(c, "In place of a ClientHello the client sent the fatal alert %s: it could not make one. Its own settings most "
                        "likely leave it %s to offer.",
                     ending_noun(c, e) + strlen("alert "), version ? "no version" : "nothing"));
}

/* ---- errors of form */

static const struct {
    int alert;
    const char *says;
} form_errors[] = {
    { ALERT_UNEXPECTED_MESSAGE, "a message came that did not belong there" },
    { ALERT_BAD_RECORD_MAC,
      "an encrypted record did not verify: bytes were changed on the way, or the two ends computed other keys" },
    { ALERT_DECRYPTION_FAILED, "an encrypted record could not be decrypted" },
    { ALERT_RECORD_OVERFLOW, "a record was longer than allowed" },
    { ALERT_DECOMPRESSION_FAILURE, "a compressed record could not be read" },
    { ALERT_ILLEGAL_PARAMETER, "a field had a value that is not allowed" },
    { ALERT_DECODE_ERROR, "a message could not be parsed" },
    { ALERT_DECRYPT_ERROR, "a signature or the check over the whole handshake did not verify" },
    { ALERT_MISSING_EXTENSION, "an extension that must be there was not" },
    { ALERT_UNSUPPORTED_EXTENSION, "an answer to an extension came that nobody had offered" },
    { ALERT_INTERNAL_ERROR, "it ran into trouble of its own and does not say which" },
};

static bool offers_compression(const struct client_hello *hello, uint8_t method)
{
    return hello->compression.n > 0 && memchr(hello->compression.p, method, hello->compression.n) != NULL;
}

/* RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3: what a ServerHello may not say to this hello, whatever the client is. */
const char *answer_fault(const struct case_file *c)
{
    const struct handshake    *h = c->h;
    const struct server_hello *s = &h->answer;
    const struct suite        *suite = suite_of(s->suite);
    char name[NAME_MAX_LEN];
    if (!knows(h, KNOW_SERVER_HELLO) || !knows(h, KNOW_CLIENT_HELLO) || h->hello.v2_format || s->chosen_version == 0x0002)
        return NULL;
    bool of_13 = suite != NULL && suite->kex == KEX_TLS13;
    if (!offers_suite(&h->hello, s->suite))
        return WORDS(c, "it chose %s, which was not offered", suite_name(s->suite, name));
    if (!version_is_13(s->chosen_version) && version_rank(s->version) > version_rank(0x0303))
        return WORDS(c, "it chose %s outside of supported_versions, where newer versions than TLS 1.2 belong", version_words(c, s->version));
    if (version_rank(handshake_version(h)) == 0)
        return WORDS(c, "it chose the version 0x%04x, which nobody knows", handshake_version(h));
    if (suite != NULL && !h->datagram && of_13 != version_is_13(handshake_version(h)))
        return WORDS(c, "it chose %s with %s, which is none of its cipher suites", version_words(c, handshake_version(h)), suite_name(s->suite, name));
    if (s->compression != 0 && !offers_compression(&h->hello, s->compression))
        return WORDS(c, "it chose the compression method %u, which was not offered", s->compression);
    if (s->chosen_version == 0x0304 && !h->datagram && !bytes_equal(s->session_id, h->hello.session_id))
        return "it does not give the hello's session id back, as it must in TLS 1.3";
    return NULL;
}

/* What the observation itself finds wrong with a side's bytes. NULL: nothing. */
static const char *visible_fault(const struct case_file *c, enum side side)
{
    const struct handshake *h = c->h;
    char name[NAME_MAX_LEN];
    if (h->malformed[side] != NULL)
        return WORDS(c, "a message of the %s breaks off at \"%s\"",
                     blame_name(side == CLIENT ? BLAME_CLIENT : BLAME_SERVER), h->malformed[side]);
    if (side == CLIENT)
        return h->hello.malformed != NULL ? WORDS(c, "the ClientHello breaks off at \"%s\"", h->hello.malformed)
             : h->hello.duplicate_ext     ? "the ClientHello holds an extension twice"
                                          : NULL;
    if (!knows(h, KNOW_SERVER_HELLO))
        return NULL;
    if (h->answer.malformed != NULL)
        return WORDS(c, "the ServerHello breaks off at \"%s\"", h->answer.malformed);
    if (h->answer.duplicate_ext)
        return "the ServerHello holds an extension twice";
    if (knows(h, KNOW_CLIENT_HELLO) && !h->hello.v2_format && !offers_suite(&h->hello, h->answer.suite))
        return WORDS(c, "the server chose %s, which the client does not offer", suite_name(h->answer.suite, name));
    if (answer_fault(c) != NULL)
        return WORDS(c, "the ServerHello: %s", answer_fault(c));
    if (h->answer.unoffered_ext)
        return "the ServerHello answers an extension that the client did not send";
    if (version_rank(handshake_version(h)) > version_rank(h->hello.max_version) && knows(h, KNOW_CLIENT_HELLO))
        return "the server chose a newer version than the client offers";
    return NULL;
}

static bool form_refused(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    enum stage stage = c->went->stage;
    const char *says = NULL;
    for (size_t i = 0; i < ARRAY_LEN(form_errors); i++)
        says = e->alert != NULL && e->number == form_errors[i].alert ? form_errors[i].says : says;
    if (says == NULL || h->outcome == OUTCOME_ESTABLISHED || stage == STAGE_NONE || server_plain(h))
        return false;
    if (e->by == CLIENT && stage == STAGE_HELLO && !server_spoke(h) && knows(h, KNOW_BOTH_SIDES))
        return false; /* it heard nothing that could be wrong: it gives up */
    enum side from = e->by == CLIENT ? SERVER : CLIENT;
    bool own_trouble = e->number == ALERT_INTERNAL_ERROR;
    bool keys = from == CLIENT && stage == STAGE_REPLY && (e->number == ALERT_BAD_RECORD_MAC || e->number == ALERT_DECRYPT_ERROR) &&
                !h->resumed && kex_of(h) == KEX_RSA; /* the server's key may not fit its certificate: key-seems-another */
    bool more = sent_unseen(h, from);
    const char *fault = visible_fault(c, from);
    enum blame side = own_trouble    ? (e->by == CLIENT ? BLAME_CLIENT : BLAME_SERVER)
                    : from == CLIENT ? BLAME_CLIENT
                                     : BLAME_SERVER;
    f->weight = fault != NULL ? 2 : -2;
    if (e->number == ALERT_BAD_RECORD_MAC || e->number == ALERT_DECRYPT_ERROR) {
        if (h->kex.verified == SIG_GOOD)
            NOT_THESE(f, "key-mismatch");
        else
            ALSO(f, "key-mismatch");
    }
    if (stage == STAGE_HELLO)
        ALSO(f, "version-intolerance");
    return say(c, f, side,
               fault != NULL && !own_trouble                 ? CERTAIN
               : own_trouble || stage == STAGE_HELLO || more || keys ? POSSIBLE
                                                             : LIKELY,
               fault != NULL ? "the bytes show the fault, and the other end names it"
               : own_trouble ? "the alert names no reason"
               : more        ? "what the other end had sent before is not all in the capture"
                             : "the alert says that bytes were wrong, but not which",
               WORDS(c, "%s%s: for the %s, %s.", ending_words(c, e), fault != NULL ? WORDS(c, " (%s)", fault) : "",
                     e->by == CLIENT ? "client" : "server", says));
}

/* Broken bytes, and an end without an alert. */
static bool form_broken(const struct case_file *c, struct finding *f)
{
    const struct handshake *h = c->h;
    const struct ending *e = &c->went->end;
    if (h->outcome == OUTCOME_ESTABLISHED || c->went->stage == STAGE_NONE || !ended_silently(e))
        return false;
    enum side from = e->by == CLIENT ? SERVER : CLIENT;
    const char *fault = visible_fault(c, from);
    if (fault == NULL)
        return false;
    f->weight = 1;
    return say(c, f, from == CLIENT ? BLAME_CLIENT : BLAME_SERVER, LIKELY,
               "the bytes show the fault, but the other end did not name it",
               WORDS(c, "%s, after bytes that break the protocol: %s.", ending_words(c, e), fault));
}

/* The server leaves without a word right after the client's keys. */
static bool cut_after_keys(const struct case_file *c, struct finding *f)
{
    const struct ending *e = &c->went->end;
    if (c->went->stage != STAGE_REPLY || !ended_by(e, SERVER) || !(ended_silently(e) || e->how == END_HIDDEN_ALERT))
        return false;
    f->weight = -6;
    ALSO(f, "key-mismatch", "client-cert-rejected");
    if (e->how == END_RST)
        ALSO(f, "tcp-reset");
    return say(c, f, BLAME_CLIENT, POSSIBLE, "the server gave no reason that can be read",
               WORDS(c,
                     "The server took the client's key exchange and then %s: what the client sent last did not "
                     "verify for it, or it lacks something it did not ask for.",
                     e->how == END_FIN   ? "closed the connection"
                     : e->how == END_RST ? "reset the connection"
                                        : "sent an encrypted alert"));
}

const struct rule protocol_rules[] = {
    { "split-hello-refused", "record-split", SHOWS_UNANSWERED, split_hello_refused },
    { "split-data-refused", "record-split", SHOWS_FINISHED, split_data_refused },
    { "renegotiation-unsafe", "legacy-renegotiation", KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | SHOWS_BY_CLIENT | SHOWS_ALERT, renegotiation_unsafe },
    { "master-secret-refused", "protocol-error", KNOW_CLIENT_HELLO | SHOWS_ALERT, master_secret_refused },
    { "shared-key-refused", "protocol-error", SHOWS_BY_SERVER | SHOWS_ALERT, shared_key_refused },
    { "no-version-to-offer", "protocol-version", SHOWS_BY_CLIENT | SHOWS_ALERT, could_not_begin },
    { "nothing-to-offer", "protocol-error", SHOWS_BY_CLIENT | SHOWS_ALERT, could_not_begin },
    { "form-refused", "protocol-error", SHOWS_ALERT, form_refused },
    { "form-broken", "protocol-error", SHOWS_SILENT_END, form_broken },
    { "cut-after-keys", "protocol-error", KNOW_SERVER_HELLO | SHOWS_BY_SERVER, cut_after_keys },
    { 0 }
};
