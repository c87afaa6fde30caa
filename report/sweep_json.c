/* sweep_json.c - the `server` object. */
#include "tlswhy/sweep_page.h"

#include <string.h>

static void suites(struct json *j, const struct sweep_version *v)
{
    char buf[NAME_MAX_LEN];
    json_open(j, "ciphers", '[');
    for (size_t i = 0; i < v->suites.n; i++)
        json_str(j, NULL, suite_name(v->suites.v[i], buf));
    json_close(j, ']');
    json_str(j, "preference", preference_name(v->suites.preference));
}

static void names16(struct json *j, const char *key, const struct sweep_list *list, const char *(*name)(uint16_t, char *))
{
    char buf[NAME_MAX_LEN];
    json_open(j, key, '[');
    for (size_t i = 0; i < list->n; i++)
        json_str(j, NULL, name((uint16_t)list->v[i], buf));
    json_close(j, ']');
}

static const char *group_text(uint16_t v, char *buf) { return group_name(v, buf); }
static const char *sigalg_text(uint16_t v, char *buf) { return sigalg_name(v, buf); }

static void version(struct json *j, const struct sweep_version *v)
{
    char buf[NAME_MAX_LEN];
    json_open(j, version_name(v->version, buf), '{');
    json_bool(j, "accepted", v->accepted);
    if (!v->accepted) {
        json_str(j, "refusal", sweep_answer_text(&v->refusal, buf));
    } else {
        suites(j, v);
        if (v->groups.n > 0)
            names16(j, "groups", &v->groups, group_text);
        if (v->groups.unsure)
            json_bool(j, "groups_unsure", true);
        if (v->groups.n > 1)
            json_str(j, "group_preference", preference_name(v->groups.preference));
        if (v->sigalgs.n > 0)
            names16(j, "signature_algorithms", &v->sigalgs, sigalg_text);
    }
    if (v->unsure)
        json_bool(j, "unsure", true);
    json_close(j, '}');
}

/* What any version accepts, newest version first. */
static struct sweep_list all_of(const struct sweep_facts *f, bool groups)
{
    struct sweep_list all = { 0 };
    for (size_t i = SWEEP_VERSIONS; i-- > 0;) {
        const struct sweep_list *list = groups ? &f->version[i].groups : &f->version[i].sigalgs;
        for (size_t k = 0; k < list->n; k++) {
            size_t at = 0;
            while (at < all.n && all.v[at] != list->v[k])
                at++;
            if (at == all.n && all.n < SWEEP_LIST)
                all.v[all.n++] = list->v[k];
        }
    }
    return all;
}

static void certificates(struct json *j, const struct sweep_facts *f)
{
    struct sweep_leaf leaf[CHECK_COUNT];
    char              buf[64];
    size_t            n = sweep_leaves(f, leaf);
    json_open(j, "certificates", '[');
    for (size_t i = 0; i < n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "key", sweep_key_name(leaf[i].leaf, buf));
        json_hex(j, "sha256", cert_sha256(leaf[i].leaf), 32);
        json_uint(j, "sent", leaf[i].h->cert_count);
        json_open(j, "answers", '[');
        for (enum sweep_check c = 0; c < CHECK_COUNT; c++)
            if ((leaf[i].asked & 1u << c) != 0)
                json_str(j, NULL, sweep_check_id(c));
        json_close(j, ']');
        if (leaf[i].h->chain != NULL) {
            json_open(j, "chain", '{');
            chain_json(j, leaf[i].h->chain);
            json_close(j, '}');
        }
        json_bool(j, "stapled", knows(leaf[i].h, KNOW_STAPLE));
        cert_facts_json(j, "facts", leaf[i].leaf);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void names(struct json *j, const struct sweep_facts *f)
{
    static const struct { enum sweep_check c; const char *key; } rows[] = { { CHECK_NO_NAME, "none" }, { CHECK_OTHER_NAME, "unknown" } };
    char buf[NAME_MAX_LEN];
    json_open(j, "server_name", '{');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *result = sweep_name_result(f, rows[i].c);
        if (result != NULL)
            json_str(j, rows[i].key, strcmp(result, "refused") == 0 ? sweep_answer_text(&f->check[rows[i].c], buf) : result);
    }
    json_close(j, '}');
}

/* Protocols as chosen; null: the list was passed over. */
static void alpn(struct json *j, const struct sweep_facts *f)
{
    static const struct { enum sweep_check c; const char *key; } rows[] = {
        { CHECK_ALPN_H2, "h2" }, { CHECK_ALPN_HTTP11, "http/1.1" }, { CHECK_ALPN_OTHER, "unknown" },
    };
    char buf[NAME_MAX_LEN];
    json_open(j, "alpn", '{');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sweep_answer *a = &f->check[rows[i].c];
        if (a->kind == ANSWER_NONE)
            continue;
        if (a->kind == ANSWER_HELLO && a->h != NULL && a->h->answer.alpn.p == NULL)
            sweep_hides(f) != 0 ? json_str(j, rows[i].key, "answered") : json_nil(j, rows[i].key);
        else
            json_str(j, rows[i].key, a->kind != ANSWER_HELLO                           ? sweep_answer_text(a, buf)
                                     : a->h == NULL || sweep_alpn_kept(a->h) ? "chosen"
                                                                             : "another, not offered");
    }
    json_close(j, '}');
}

/* What is offered and what of it holds; absent = not tried. */
static void resumption(struct json *j, const struct sweep_facts *f)
{
    static const struct { enum sweep_check again; const char *offered, *resumed; } rows[] = {
        { CHECK_BY_ID_AGAIN, "session_id", "session_id_resumed" },
        { CHECK_BY_TICKET_AGAIN, "ticket", "ticket_resumed" },
        { CHECK_BY_TICKET_13_AGAIN, "psk", "psk_resumed" },
    };
    json_open(j, "resumption", '{');
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct sweep_answer *first = &f->check[rows[i].again - 1];
        enum resumed               r = sweep_resumed(f, rows[i].again);
        if (r != RESUMED_UNTRIED)
            json_bool(j, rows[i].offered, r != RESUMED_NOTHING);
        else if (rows[i].again != CHECK_BY_TICKET_13_AGAIN && first->kind == ANSWER_HELLO && first->h != NULL)
            json_bool(j, rows[i].offered, rows[i].again == CHECK_BY_ID_AGAIN ? first->h->answer.session_id.n > 0 : first->h->answer.ticket);
        if (r == RESUMED_NO || r == RESUMED_YES)
            json_bool(j, rows[i].resumed, r == RESUMED_YES);
    }
    json_close(j, '}');
}

static void features(struct json *j, const struct sweep_facts *f)
{
    const struct handshake *h = f->check[CHECK_USUAL].kind == ANSWER_HELLO ? f->check[CHECK_USUAL].h : NULL;
    char                    buf[NAME_MAX_LEN];
    if (h != NULL) {
        json_bool(j, "secure_renegotiation", h->answer.renego_info);
        json_bool(j, "extended_master_secret", h->answer.ems);
    }
    resumption(j, f);
    if (f->check[CHECK_COMPRESSION].kind == ANSWER_HELLO && f->check[CHECK_COMPRESSION].h != NULL)
        json_bool(j, "compression", f->check[CHECK_COMPRESSION].h->answer.compression != 0);
    if (f->check[CHECK_FALLBACK].kind != ANSWER_NONE)
        json_str(j, "fallback_scsv", sweep_answer_text(&f->check[CHECK_FALLBACK], buf));
    if (f->check[CHECK_DHE].dh_bits > 0)
        json_uint(j, "dh_bits", f->check[CHECK_DHE].dh_bits);
}

static void client_certificate(struct json *j, const struct sweep_facts *f)
{
    const struct handshake *h = NULL;
    struct arena            a = { 0 };
    for (enum sweep_check c = CHECK_USUAL; c <= CHECK_USUAL_13; c++)
        if (f->check[c].kind == ANSWER_HELLO && f->check[c].h != NULL && knows(f->check[c].h, KNOW_CERT_REQUEST))
            h = f->check[c].h;
    if (h == NULL) {
        json_nil(j, "client_certificate");
        return;
    }
    json_open(j, "client_certificate", '{');
    json_bool(j, "required", last_fatal_alert(h, SERVER) != NULL);
    json_uint(j, "authorities", h->cert_request.authorities);
    json_open(j, "names", '[');
    for (size_t i = 0; i < h->cert_request.ca_names.n; i++)
        json_str(j, NULL, x509_der_name_text(&a, h->cert_request.ca_names.v[i]));
    json_close(j, ']');
    json_close(j, '}');
    arena_free(&a);
}

static void tolerances(struct json *j, const struct sweep_facts *f)
{
    char buf[NAME_MAX_LEN];
    json_open(j, "tolerates", '{');
    for (enum sweep_check c = 0; c < CHECK_COUNT; c++) {
        const char *result = sweep_check_tolerance(c) ? sweep_tolerance_result(f, c, buf) : NULL;
        if (result != NULL)
            json_str(j, sweep_check_id(c), result);
    }
    json_close(j, '}');
}

static void probe(struct json *j, const struct sweep_page *p)
{
    const struct handshake *h = p->first;
    char                    address[64];
    json_open(j, "probe", '{');
    json_str(j, "target", h->probed->target);
    json_uint(j, "attempt", h->probed->attempt);
    json_str(j, "as", h->probed->as);
    if (h->tcp.syn_ack.frame != 0)
        json_fixed(j, "connect_ms", (double)(h->tcp.syn_ack.ns - h->tcp.syn.ns) / 1e6, 3);
    json_str(j, "address", endpoint_ip_text(&h->ends[SERVER], address));
    json_str(j, "proxy", h->way != NULL ? h->way->proxy : NULL);
    if (h->way != NULL)
        json_str(j, "proxy_login", h->way->login);
    json_close(j, '}');
}

static void causes(struct json *j, const struct sweep_page *p)
{
    json_open(j, "causes", '[');
    for (size_t i = 0; i < p->findings; i++)
        json_str(j, NULL, p->finding[i].cause);
    json_close(j, ']');
    json_open(j, "findings", '[');
    for (size_t i = 0; i < p->findings; i++) {
        json_open(j, NULL, '{');
        json_str(j, "code", p->finding[i].cause);
        json_str(j, "certainty", sure_name(p->finding[i].sure));
        json_str(j, "side", blame_name(p->finding[i].side));
        json_str(j, "reason", p->finding[i].why);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void cost(struct json *j, const char *key, unsigned connections, int64_t ns)
{
    json_open(j, key, '{');
    json_uint(j, "connections", connections);
    json_fixed(j, "ms", (double)ns / 1e6, 1);
    json_close(j, '}');
}

void sweep_json(struct text *out, const struct sweep_page *p)
{
    const struct sweep_facts *f = p->facts;
    struct sweep_list         groups = all_of(f, true), sigalgs = all_of(f, false);
    struct json               j = { .out = out };
    char                      buf[NAME_MAX_LEN];
    json_open(&j, NULL, '{');
    json_str(&j, "type", "server");
    json_str(&j, "schema", "tlswhy/1");
    probe(&j, p);
    json_open(&j, "versions", '{');
    for (size_t i = SWEEP_VERSIONS; i-- > 0;)
        version(&j, &f->version[i]);
    json_close(&j, '}');
    names16(&j, "groups", &groups, group_text);
    names16(&j, "signature_algorithms", &sigalgs, sigalg_text);
    certificates(&j, f);
    if (sweep_hides(f) != 0)
        json_str(&j, "certificates_hidden_by", group_name(sweep_hides(f), buf));
    names(&j, f);
    alpn(&j, f);
    features(&j, f);
    client_certificate(&j, f);
    tolerances(&j, f);
    causes(&j, p);
    json_open(&j, "repeated", '{');
    json_uint(&j, "times", p->repeats);
    json_uint(&j, "unlike", p->unlike);
    json_close(&j, '}');
    json_uint(&j, "connections", p->connections);
    json_open(&j, "cost", '{');
    cost(&j, "suites", f->suite_connections, f->suite_ns);
    cost(&j, "sweep", f->connections, f->ns);
    json_close(&j, '}');
    json_close(&j, '}');
    text_char(out, '\n');
}
