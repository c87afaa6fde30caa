/* sweep_text.c - what a sweep found, for people: 100 columns, what matters first.
 *
 *     SERVER  www.example:443  192.0.2.1:443
 *       TLS 1.3   3 suites, the server's order
 *                   TLS_AES_256_GCM_SHA384
 */
#include "tlswhy/sweep_page.h"

#include <stdio.h>
#include <string.h>

#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *color(const struct report_options *o, const char *c) { return o->color ? c : ""; }

static void row_of(struct text *t, const struct report_options *o, const char *label, struct text *s)
{
    if (s->n > 0)
        report_row(t, o, label, s->s);
    text_free(s);
}

static void comma(struct text *t) { text_add(t, t->n > 0 ? ", " : ""); }

/* ------------------------------------------------------------------------------------ versions */

static const char *whose(enum preference p)
{
    return p == PREFERENCE_SERVER ? "in the server's order" : p == PREFERENCE_CLIENT ? "the client's order decides" : "whose order decides does not show";
}

/* How a version is refused, in words that need no table. */
static const char *refusal_words(const struct sweep_answer *a, char buf[2 * NAME_MAX_LEN])
{
    char name[NAME_MAX_LEN];
    switch (a->kind) {
    case ANSWER_ALERT: snprintf(buf, 2 * NAME_MAX_LEN, "alert %s(%u)", alert_name(a->alert, name), a->alert); return buf;
    case ANSWER_HELLO: snprintf(buf, 2 * NAME_MAX_LEN, "it answers with %s instead", version_name(a->version, name)); return buf;
    case ANSWER_CLOSE: return "it closes the connection";
    case ANSWER_RESET: return "it resets the connection";
    case ANSWER_SILENCE: return "no answer in time";
    case ANSWER_NOT_TLS: return "the answer is no TLS";
    case ANSWER_V2_ERROR: return "an ERROR record of SSL 2.0";
    case ANSWER_UNSENT: return "the connection did not open, so it is not known";
    default: return "not asked";
    }
}

static void suite_rows(struct text *t, const struct report_options *o, const struct sweep_list *list)
{
    char buf[NAME_MAX_LEN];
    for (size_t i = 0; i < list->n; i++) {
        const struct suite *s = suite_of(list->v[i]);
        bool                weak = s != NULL && s->weak, plain_rsa = s != NULL && s->kex == KEX_RSA;
        text_printf(t, "%*s%s%s%s%s\n", REPORT_INDENT, "", color(o, weak ? RED : ""), suite_name(list->v[i], buf),
                    weak        ? "  weak"
                    : plain_rsa ? "  no forward secrecy"
                                : "",
                    color(o, weak ? PLAIN : ""));
    }
}

static void versions(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    char name[NAME_MAX_LEN], buf[2 * NAME_MAX_LEN];
    for (size_t i = SWEEP_VERSIONS; i-- > 0;) {
        const struct sweep_version *v = &f->version[i];
        struct text                 s = { 0 };
        if (v->accepted && v->suites.n > 0)
            text_printf(&s, "yes: %zu cipher suite%s%s%s", v->suites.n, v->suites.n == 1 ? "" : "s", v->suites.n > 1 ? ", " : "",
                        v->suites.n > 1 ? whose(v->suites.preference) : "");
        else
            text_printf(&s, v->accepted ? "yes" : "no: %s", refusal_words(&v->refusal, buf));
        if (v->accepted && v->unsure)
            text_add(&s, " (not all questions were answered: there may be more)");
        row_of(t, o, version_name(v->version, name), &s);
        suite_rows(t, o, &v->suites);
    }
}

static void named_list(struct text *t, const struct report_options *o, const char *label, const struct sweep_facts *f, bool groups)
{
    char buf[NAME_MAX_LEN], version[NAME_MAX_LEN];
    for (size_t i = SWEEP_VERSIONS; i-- > 0;) {
        const struct sweep_version *v = &f->version[i];
        const struct sweep_list    *list = groups ? &v->groups : &v->sigalgs;
        struct text                 s = { 0 };
        for (size_t k = 0; k < list->n; k++) {
            comma(&s);
            text_add(&s, groups ? group_name((uint16_t)list->v[k], buf) : sigalg_name((uint16_t)list->v[k], buf));
        }
        if (s.n == 0)
            continue;
        text_printf(&s, " (%s%s%s%s)", version_name(v->version, version), list->n > 1 ? ", " : "", list->n > 1 ? whose(list->preference) : "",
                    list->unsure ? "; perhaps more" : "");
        row_of(t, o, label, &s);
        label = "";
    }
}

/* ------------------------------------------------------------------------------------ certificates and names */

static void asked_words(struct text *s, unsigned asked)
{
    static const struct { unsigned of; const char *words; } rows[] = {
        { 1u << CHECK_NO_NAME, "without a name" }, { 1u << CHECK_OTHER_NAME, "for an unknown name" },
    };
    const char *sep = asked & (1u << CHECK_USUAL | 1u << CHECK_USUAL_13) ? "; also " : "; only ";
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if ((asked & rows[i].of) == 0)
            continue;
        text_printf(s, "%s%s", sep, rows[i].words);
        sep = ", ";
    }
}

static void certificates(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    struct sweep_leaf leaf[CHECK_COUNT];
    struct arena      a = { 0 };
    size_t            n = sweep_leaves(f, leaf);
    char              key[64];
    for (size_t i = 0; i < n; i++) {
        struct text         s = { 0 };
        const struct chain *c = leaf[i].h->chain;
        char                until[40];
        time_rfc3339_s(until, leaf[i].leaf->not_after.s);
        text_printf(&s, "%s <- %s, %s, %s, until %.10s; %zu sent%s", cert_short_name(&a, leaf[i].leaf), x509_name_short(&a, &leaf[i].leaf->issuer),
                    cert_key_name(leaf[i].leaf, key), cert_sig_name(leaf[i].leaf), leaf[i].leaf->not_after.ok ? until : "no date", leaf[i].h->cert_count,
                    knows(leaf[i].h, KNOW_STAPLE) ? ", OCSP stapled" : "");
        asked_words(&s, leaf[i].asked);
        for (size_t k = 0; c != NULL && k < c->n; k++)
            if (c->problems[k].severity != SEV_INFO)
                text_printf(&s, "; %s: %s", severity_name(c->problems[k].severity), c->problems[k].detail != NULL ? c->problems[k].detail : c->problems[k].code);
        row_of(t, o, i == 0 ? "Certs" : "", &s);
    }
    if (n == 0 && sweep_best(f, 0x0304) != NULL) {
        char        name[NAME_MAX_LEN];
        uint16_t    group = sweep_hides(f);
        struct text s = { 0 };
        text_add(&s, "none was seen");
        if (group != 0)
            text_printf(&s, ": TLS 1.3 encrypts it, here with keys from %s, which tlswhy cannot compute, and the server takes no other group; "
                            "openssl s_client (3.5 or newer) -groups %s shows it", group_name(group, name), group_name(group, name));
        row_of(t, o, "Certs", &s);
    }
    arena_free(&a);
}

static void names(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    static const struct { enum sweep_check c; const char *words; } rows[] = { { CHECK_NO_NAME, "none" }, { CHECK_OTHER_NAME, "an unknown one" } };
    char        buf[2 * NAME_MAX_LEN];
    struct text s = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *r = sweep_name_result(f, rows[i].c);
        if (r == NULL)
            continue;
        comma(&s);
        text_printf(&s, "%s: %s", rows[i].words,
                    strcmp(r, "same-certificate") == 0    ? "the same certificate"
                    : strcmp(r, "other-certificate") == 0 ? "another certificate"
                    : strcmp(r, "refused") == 0           ? refusal_words(&f->check[rows[i].c], buf)
                                                          : "answered");
    }
    row_of(t, o, "Name", &s);
}

static void alpn(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    char        buf[2 * NAME_MAX_LEN];
    struct text s = { 0 };
    for (enum sweep_check c = CHECK_ALPN_H2; c <= CHECK_ALPN_OTHER; c++) {
        const struct sweep_answer *a = &f->check[c];
        if (a->kind == ANSWER_NONE)
            continue;
        comma(&s);
        text_printf(&s, "%s: %s", sweep_check_words(c),
                    a->kind != ANSWER_HELLO                             ? refusal_words(a, buf)
                    : a->h != NULL && a->h->answer.alpn.p != NULL ? (sweep_alpn_kept(a->h) ? "chosen" : "it chooses another, not offered")
                    : sweep_hides(f) != 0                               ? "answered"
                                                                        : "passed over");
    }
    row_of(t, o, "ALPN", &s);
}

/* ------------------------------------------------------------------------------------ the rest */

static void resumption(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    static const struct { enum sweep_check again; const char *words; } rows[] = {
        { CHECK_BY_ID_AGAIN, "session ids" }, { CHECK_BY_TICKET_AGAIN, "tickets" }, { CHECK_BY_TICKET_13_AGAIN, "tickets of TLS 1.3" },
    };
    static const char *const results[] = { "not tried, no handshake came to its end", "not offered", "offered, and then not taken",
                                           "yes" };
    struct text              s = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (f->check[rows[i].again - 1].kind == ANSWER_NONE)
            continue;
        comma(&s);
        text_printf(&s, "%s: %s", rows[i].words, results[sweep_resumed(f, rows[i].again)]);
    }
    row_of(t, o, "Resumes", &s);
}

static void features(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    const struct sweep_answer *usual = &f->check[CHECK_USUAL], *packed = &f->check[CHECK_COMPRESSION], *fallback = &f->check[CHECK_FALLBACK];
    struct text                s = { 0 };
    if (f->check[CHECK_DHE].dh_bits > 0)
        text_printf(&s, "DH of %u bits", f->check[CHECK_DHE].dh_bits);
    if (usual->kind == ANSWER_HELLO && usual->h != NULL) {
        const struct server_hello *a = &usual->h->answer;
        comma(&s);
        text_printf(&s, "secure renegotiation: %s, extended master secret: %s", a->renego_info ? "yes" : "no", a->ems ? "yes" : "no");
    }
    if (packed->kind == ANSWER_HELLO && packed->h != NULL && packed->h->answer.compression != 0)
        text_add(&s, ", compresses (CRIME)");
    if (fallback->kind != ANSWER_NONE) {
        bool noticed = fallback->kind == ANSWER_ALERT && fallback->alert == ALERT_INAPPROPRIATE_FALLBACK;
        comma(&s);
        text_printf(&s, "fallbacks: %s", noticed ? "noticed" : "not noticed");
    }
    row_of(t, o, "Features", &s);
}

static void client_certificate(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    const struct handshake *h = NULL;
    struct arena            a = { 0 };
    struct text             s = { 0 };
    for (enum sweep_check c = CHECK_USUAL; c <= CHECK_USUAL_13; c++)
        if (f->check[c].kind == ANSWER_HELLO && f->check[c].h != NULL && knows(f->check[c].h, KNOW_CERT_REQUEST))
            h = f->check[c].h;
    if (h == NULL)
        return;
    text_printf(&s, "%s a client certificate", last_fatal_alert(h, SERVER) != NULL ? "insists on" : "asks for");
    for (size_t i = 0; i < h->cert_request.ca_names.n; i++)
        text_printf(&s, "%s%s", i == 0 ? " from " : "; ", x509_der_name_text(&a, h->cert_request.ca_names.v[i]));
    if (h->cert_request.authorities > h->cert_request.ca_names.n)
        text_printf(&s, " and %zu more", h->cert_request.authorities - h->cert_request.ca_names.n);
    row_of(t, o, "Client", &s);
    arena_free(&a);
}

static void tolerances(struct text *t, const struct report_options *o, const struct sweep_facts *f)
{
    char        buf[2 * NAME_MAX_LEN];
    struct text s = { 0 };
    size_t      asked = 0;
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++) {
        if (!sweep_check_tolerance(c) || f->check[c].kind == ANSWER_NONE)
            continue;
        asked++;
        if (sweep_tolerated(f, c))
            continue;
        comma(&s);
        text_printf(&s, "%s (%s)", sweep_check_words(c), refusal_words(&f->check[c], buf));
    }
    if (asked > 0 && s.n == 0)
        text_printf(&s, "none of %zu that were tried", asked);
    row_of(t, o, "Breaks on", &s);
}

/* What else the first hello got when it was sent again. */
static void unsteady(struct text *t, const struct report_options *o, const struct sweep_page *p)
{
    const struct sweep_answer *a = &p->other;
    char        buf[2 * NAME_MAX_LEN], suite[NAME_MAX_LEN];
    struct text s = { 0 };
    if (p->unlike == 0)
        return;
    if (p->other.kind == ANSWER_NONE)
        text_printf(&s, "the first hello was refused, and answered when it was sent again");
    else
        text_printf(&s, "the first hello was sent again, and got another %s %u of %u times", p->other_certificate ? "certificate" : "answer", p->unlike, p->repeats);
    if (a->kind == ANSWER_HELLO && !p->other_certificate)
        text_printf(&s, " (%s, %s)", version_name(a->version, buf), suite_name(a->suite, suite));
    else if (a->kind != ANSWER_HELLO && a->kind != ANSWER_NONE)
        text_printf(&s, " (%s)", refusal_words(a, buf));
    text_printf(&s, ": %sservers that take turns behind this address, or a limit on connections. Rows above may be wrong; --jobs 1 --pause 1000 asks slowly",
                a->kind == ANSWER_HELLO ? "" : "a bad moment, ");
    row_of(t, o, "Unsteady", &s);
}

static void causes(struct text *t, const struct report_options *o, const struct sweep_page *p)
{
    for (size_t i = 0; i < p->findings; i++) {
        const struct finding *f = &p->finding[i];
        struct text           s = { 0 };
        text_printf(&s, "%s, %s: %s", f->cause, sure_name(f->sure), f->why);
        row_of(t, o, i == 0 ? "Causes" : "", &s);
    }
    if (p->findings == 0)
        report_row(t, o, "Causes", "none: a current client completes its handshake");
}

void sweep_text(struct text *out, const struct report_options *o, const struct sweep_page *p)
{
    const struct sweep_facts *f = p->facts;
    char                      end[64];
    text_add(out, "SERVER  ");
    text_safe(out, p->first->probed->target, strlen(p->first->probed->target), 64);
    text_printf(out, "  %s%s", p->first->way != NULL ? "through " : "",
                p->first->way != NULL ? p->first->way->proxy : endpoint_text(&p->first->ends[SERVER], end));
    if (p->name != NULL) {
        text_add(out, "  asked as ");
        text_safe(out, p->name, strlen(p->name), 64);
    }
    text_char(out, '\n');
    versions(out, o, f);
    named_list(out, o, "Groups", f, true);
    named_list(out, o, "Signs by", f, false);
    certificates(out, o, f);
    names(out, o, f);
    alpn(out, o, f);
    features(out, o, f);
    resumption(out, o, f);
    client_certificate(out, o, f);
    tolerances(out, o, f);
    unsteady(out, o, p);
    causes(out, o, p);
    text_printf(out, "%u connections; versions and suites took %u of them and %.2f s.\n", p->connections, f->suite_connections, (double)f->suite_ns / 1e9);
}
