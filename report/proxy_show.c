/* proxy_show.c - a checked proxy for people, as JSON, and as a page.
 *
 *     PROXY   http://proxy.example:8080                                                    interceptor
 *       Is        The proxy ends TLS itself: what it shows is made by "Corporate CA".
 *       Security  C  T15 RSA key of 1024 bits: let through ...
 */
#include "tlswhy/pac.h"
#include "tlswhy/proxy_check.h"
#include "tlswhy/trust.h"
#include "html_parts.h"

#include <string.h>

enum { LABEL = 14, PLACE = 200 };
static const char *const grade_names[GRADES] = { "security", "compatibility" }, *const grade_titles[GRADES] = { "Security", "Compatible" };
static const char *const results[] = { "skip", "pass", "fail" };
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

static void row(struct text *t, const struct report_options *o, const char *label, const char *s) { text_row(t, label, s, LABEL, report_width(o)); }

/* "C  T15 RSA key of 1024 bits: let through": the first that decides, and the numbers of the others. */
static const char *deciders(const struct proxy_check *c, enum proxy_grade g, struct text *t)
{
    const struct proxy_test *first = NULL;
    size_t                   others = 0;
    text_clear(t);
    for (size_t i = 0; i < PROXY_TESTS; i++) {
        if (!c->tests[i].decides[g])
            continue;
        if (first == NULL)
            text_printf(t, "%c  %s %s: %s", c->grade[g], c->tests[i].id, c->tests[i].name, c->tests[i].detail);
        else
            text_printf(t, "%s%s", others++ == 0 ? "; likewise " : ", ", c->tests[i].id);
        first = first != NULL ? first : &c->tests[i];
    }
    return t->n != 0 ? t->s : "not graded";
}

static void list_row(struct text *t, const struct report_options *o, const struct proxy_check *c)
{
    struct text s = { 0 };
    for (size_t i = 0; i < c->let_n; i++)
        text_printf(&s, "%s%s", i != 0 ? ", " : "", c->let_through[i]);
    if (c->let_n != 0)
        row(t, o, "Let past", s.s);
    text_free(&s);
}

static void test_rows(struct text *t, const struct report_options *o, const struct proxy_check *c)
{
    static const char *const colors[] = { DIM, GREEN, RED };
    enum { NAME = 28, DETAIL = 16 + NAME };
    text_add(t, "  Tests\n");
    for (size_t i = 0; i < PROXY_TESTS; i++) {
        const struct proxy_test *one = &c->tests[i];
        text_printf(t, "    %-4s %s%s%s  %-*.*s  ", one->id, o->color ? colors[one->result] : "", results[one->result], o->color ? PLAIN : "", NAME, NAME, one->name);
        text_wrap(t, one->detail != NULL ? one->detail : "", DETAIL + 1, report_width(o));
        text_char(t, '\n');
    }
}

/* ------------------------------------------------------------------------------------ Windows, the configuration file */

static void fetch_words(const struct proxy_fetch *f, struct text *s)
{
    text_clear(s);
    text_safe(s, f->url, strlen(f->url), PLACE);
    text_add(s, ": ");
    if (f->status == 0)
        text_safe(s, f->trouble, strlen(f->trouble), PLACE);
    else
        text_printf(s, "%d", f->status);
    if (f->schemes.p != NULL) {
        text_add(s, ", who may log on with ");
        text_safe(s, f->schemes.p, f->schemes.n, PLACE);
    }
}

static void fetch_rows(struct text *t, const struct report_options *o, const struct proxy_check *c)
{
    struct text s = { 0 };
    for (size_t i = 0; i < c->of->fetch_n; i++) {
        fetch_words(&c->of->fetches[i], &s);
        row(t, o, i == 0 ? "Windows" : "", s.s);
    }
    text_free(&s);
}

static bool names_this_proxy(const struct proxy_check *c, const struct pac *pac)
{
    const char *host = strstr(c->of->url, "://");
    for (size_t i = 0; host != NULL && i < pac->n; i++)
        if (pac->place[i].where.n == strlen(host + 3) && memcmp(pac->place[i].where.p, host + 3, pac->place[i].where.n) == 0)
            return true;
    return false;
}

static void pac_rows(struct text *t, const struct report_options *o, const struct proxy_check *c, const struct pac *pac)
{
    struct text s = { 0 };
    text_safe(&s, pac->from, strlen(pac->from), PLACE);
    if (!pac->is_script)
        text_add(&s, " has no function FindProxyForURL: Windows takes nothing from it");
    else
        text_printf(&s, " names %zu address%s%s%s; it was read, not run", pac->n + pac->more, pac->n + pac->more == 1 ? "" : "es", pac->direct ? ", and DIRECT" : "",
                    names_this_proxy(c, pac) ? ", this proxy among them" : ", but not this proxy as it is written here");
    row(t, o, "PAC", s.s);
    for (size_t i = 0; i < pac->n; i++) {
        text_clear(&s);
        text_printf(&s, "%-7s ", pac->place[i].how);
        text_safe(&s, pac->place[i].where.p, pac->place[i].where.n, PLACE);
        row(t, o, "", s.s);
    }
    row(t, o, "", "WinHTTP (what fetches root lists for the computer account) takes a static proxy (netsh winhttp) or WPAD, and not the address of a PAC file that a "
                  "user has set");
    text_free(&s);
}

void proxy_text(struct text *out, const struct report_options *o, const struct proxy_check *c, const struct pac *pac)
{
    bool        good = !proxy_failed(c);
    struct text s = { 0 };
    text_printf(out, "%sPROXY%s  %s", o->color ? good ? GREEN : RED : "", o->color ? PLAIN : "", c->of->url);
    if (c->of->target != NULL)
        text_printf(out, "  to %s", c->of->target);
    text_printf(out, "  %s\n", proxy_is_name(c->kind));
    row(out, o, "Is", c->why);
    for (int g = 0; g < GRADES; g++)
        row(out, o, grade_titles[g], deciders(c, (enum proxy_grade)g, &s));
    list_row(out, o, c);
    if (c->of->interrupted)
        row(out, o, "Ended", "by the user, before all was asked: what is not known is skipped");
    test_rows(out, o, c);
    fetch_rows(out, o, c);
    if (pac != NULL)
        pac_rows(out, o, c, pac);
    text_free(&s);
}

/* ------------------------------------------------------------------------------------ JSON */

static void json_tests(struct json *j, const struct proxy_check *c)
{
    json_open(j, "tests", '[');
    for (size_t i = 0; i < PROXY_TESTS; i++) {
        const struct proxy_test *t = &c->tests[i];
        json_open(j, NULL, '{');
        json_str(j, "id", t->id);
        json_str(j, "name", t->name);
        json_str(j, "result", results[t->result]);
        json_str(j, "detail", t->detail != NULL ? t->detail : "");
        json_bool(j, "decides", t->decides[GRADE_SECURITY] || t->decides[GRADE_COMPATIBILITY]);
        for (int g = 0; g < GRADES; g++) {
            if (t->costs[g] != '\0')
                json_bytes(j, grade_names[g], &t->costs[g], 1);
        }
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_ca(struct json *j, const struct proxy_check *c)
{
    json_open(j, "ca", '{');
    json_str(j, "name", c->ca_name);
    json_bool(j, "sent", c->ca != NULL);
    if (c->ca != NULL)
        json_hex(j, "sha256", cert_sha256(c->ca), 32);
    json_close(j, '}');
}

static void json_fetches(struct json *j, const struct proxy_facts *p)
{
    json_open(j, "windows", '[');
    for (size_t i = 0; i < p->fetch_n; i++) {
        const struct proxy_fetch *f = &p->fetches[i];
        json_open(j, NULL, '{');
        json_str(j, "url", f->url);
        if (f->status != 0)
            json_int(j, "status", f->status);
        else
            json_str(j, "trouble", f->trouble);
        if (f->schemes.p != NULL)
            json_bytes(j, "schemes", f->schemes.p, f->schemes.n);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void json_pac(struct json *j, const struct pac *pac)
{
    json_open(j, "pac", '{');
    json_str(j, "from", pac->from);
    json_bool(j, "script", pac->is_script);
    json_bool(j, "direct", pac->direct);
    json_open(j, "proxies", '[');
    for (size_t i = 0; i < pac->n; i++) {
        json_open(j, NULL, '{');
        json_str(j, "kind", pac->place[i].how);
        json_bytes(j, "address", pac->place[i].where.p, pac->place[i].where.n);
        json_close(j, '}');
    }
    json_close(j, ']');
    json_close(j, '}');
}

void proxy_json(struct text *out, const struct proxy_check *c, const struct pac *pac)
{
    struct json j = { .out = out };
    json_open(&j, NULL, '{');
    json_str(&j, "type", "proxy");
    json_str(&j, "schema", "tlswhy/1");
    json_str(&j, "proxy", c->of->url);
    if (c->of->target != NULL)
        json_str(&j, "target", c->of->target);
    json_str(&j, "kind", proxy_is_name(c->kind));
    json_str(&j, "reason", c->why);
    if (c->ca_name != NULL)
        json_ca(&j, c);
    for (int g = 0; g < GRADES; g++) {
        if (c->grade[g] != '\0')
            json_bytes(&j, grade_names[g], &c->grade[g], 1);
        else
            json_nil(&j, grade_names[g]);
    }
    json_open(&j, "let_through", '[');
    for (size_t i = 0; i < c->let_n; i++)
        json_str(&j, NULL, c->let_through[i]);
    json_close(&j, ']');
    json_bool(&j, "lab_trusted", c->trusts_lab);
    json_bool(&j, "complete", !c->of->interrupted);
    json_tests(&j, c);
    json_fetches(&j, c->of);
    if (pac != NULL)
        json_pac(&j, pac);
    json_close(&j, '}');
    text_char(out, '\n');
}

/* ------------------------------------------------------------------------------------ a page */

static void tile(struct text *t, const char *label, char grade)
{
    text_printf(t, "<div class=\"t %s\"><b>%c</b>%s</div>", grade == '\0' ? "" : grade > 'B' ? "bad" : "ok", grade != '\0' ? grade : '-', label);
}

void proxy_html(struct text *out, const struct proxy_check *c, const struct pac *pac)
{
    static const char *const classes[] = { "u", "g", "b" };
    struct text s = { 0 };
    html_head(out, c->of->url, "What a proxy does to TLS");
    text_add(out, "<p class=why>");
    html_text(out, c->why);
    text_add(out, "</p><div class=tiles>");
    for (int g = 0; g < GRADES; g++)
        tile(out, grade_names[g], c->grade[g]);
    text_add(out, "</div><div class=scroll><table class=of><tr><th>Test<th><th>Result<th>\n");
    for (size_t i = 0; i < PROXY_TESTS; i++) {
        const struct proxy_test *t = &c->tests[i];
        text_printf(out, "<tr><td>%s<td>", t->id);
        html_text(out, t->name);
        text_printf(out, "<td><span class=\"k %s\">%s</span><td>", classes[t->result], results[t->result]);
        html_text(out, t->detail != NULL ? t->detail : "");
        for (int g = 0; g < GRADES; g++)
            if (t->decides[g])
                text_printf(out, " <b>(decides %s)</b>", grade_names[g]);
        text_char(out, '\n');
    }
    text_add(out, "</table></div>\n");
    if (c->of->fetch_n != 0)
        text_add(out, "<h4>As the Windows computer account</h4><ol>");
    for (size_t i = 0; i < c->of->fetch_n; i++) {
        fetch_words(&c->of->fetches[i], &s);
        text_add(out, "<li>");
        html_text(out, s.s);
    }
    text_add(out, c->of->fetch_n != 0 ? "</ol>\n" : "");
    if (pac != NULL) {
        text_add(out, "<h4>The proxy configuration file names</h4><ol>");
        for (size_t i = 0; i < pac->n; i++) {
            text_printf(out, "<li>%s ", pac->place[i].how);
            html_outside(out, pac->place[i].where.p, pac->place[i].where.n, PLACE);
        }
        text_add(out, "</ol>\n");
    }
    html_foot(out);
    text_free(&s);
}
