#include "tlswhy/explain.h"
#include "tlswhy/html.h"
#include "tlswhy/ladder.h"
#include "tlswhy/profile.h"
#include "html_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN_FULL = 1000, OPEN_AT_FIRST = 12, PAGE_MAX = 16 << 20, ROWS = 40, BARS = 20, ADVICE = 256 };

static const char style[] =
#include "gen/html_style.inc"
    ;

/* Advice that was given in full, and in which section: the same again is a link. */
struct advice {
    uint64_t    hash; /* 0 = free */
    const char *file;
    uint32_t    stream;
};

struct html {
    struct text   body; /* the sections of handshakes */
    size_t        n, more;
    struct advice given[ADVICE];
};

struct html *html_new(void) { return mem_get(1, sizeof(struct html)); }

void html_free(struct html *p)
{
    if (p == NULL)
        return;
    text_free(&p->body);
    free(p);
}

void html_text(struct text *t, const char *s)
{
    for (size_t n; *s != '\0'; s += n) {
        n = strcspn(s, "&<>\"");
        text_add_n(t, s, n);
        if (s[n] == '\0')
            return;
        text_add(t, s[n] == '&' ? "&amp;" : s[n] == '<' ? "&lt;" : s[n] == '>' ? "&gt;" : "&quot;");
        n++;
    }
}

void html_outside(struct text *t, const void *p, size_t n, size_t max)
{
    struct text safe = { 0 };
    text_safe(&safe, p, n, max);
    html_text(t, safe.s != NULL ? safe.s : "");
    text_free(&safe);
}

/* What a section is called in links: streams count anew in each capture. */
static void section_id(struct text *t, const char *file, uint32_t stream)
{
    uint32_t hash = 2166136261u; /* FNV-1a */
    for (const char *c = file != NULL ? file : ""; *c != '\0'; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    text_printf(t, "s%x-%u", hash, stream);
}

/* ------------------------------------------------------------------------------------ one handshake */

static void items(struct text *t, const char *heading, const char *const *v, size_t n)
{
    if (n == 0)
        return;
    text_printf(t, "<h4>%s</h4><ol>", heading);
    for (size_t i = 0; i < n; i++) {
        text_add(t, "<li>");
        html_text(t, v[i]);
        text_add(t, "</li>");
    }
    text_add(t, "</ol>");
}

static void words(struct text *t, const char *heading, const char *const *v, size_t n)
{
    if (n == 0)
        return;
    text_printf(t, "<p class=q><b>%s</b> ", heading);
    for (size_t i = 0; i < n; i++) {
        text_add(t, i != 0 ? ", " : "");
        html_text(t, v[i]);
    }
    text_add(t, "</p>");
}

static void evidence(struct text *t, const struct handshake *h, const struct finding *f)
{
    text_add(t, "<table class=ev>");
    for (size_t i = 0; i < f->evidence_n; i++) {
        const struct evidence *e = &f->evidence[i];
        text_printf(t, "<tr%s><td>#%llu<td>%s<td>", e->frame == f->decisive && e->stream == h->stream ? " class=d" : "", (unsigned long long)e->frame,
                    e->from == CLIENT ? "&rarr;" : e->from == SERVER ? "&larr;" : "");
        html_text(t, e->label);
        text_add(t, "<td>");
        html_text(t, e->note != NULL ? e->note : "");
        if (e->stream != h->stream)
            text_printf(t, " (stream %u)", e->stream);
    }
    text_add(t, "</table>");
}

static void head_of(struct text *t, const struct handshake *h, const struct finding *f)
{
    char         a[64], b[64];
    bool         dns = h->hello.sni.p == NULL && h->prelude.host.p == NULL;
    struct bytes name = dns ? h->dns_name : h->hello.sni.p != NULL ? h->hello.sni : h->prelude.host;
    enum result  r = finding_result(h, f);
    text_printf(t, "<summary><span class=\"k %s\">%s</span> <b>", r == RESULT_SUCCESS ? "g" : r == RESULT_FAILURE ? "b" : "u", f->cause);
    if (name.n != 0)
        html_outside(t, name.p, name.n, 100);
    else
        html_text(t, endpoint_text(&h->ends[SERVER], a));
    text_add(t, "</b> <span class=w>");
    if (h->probed != NULL) {
        html_outside(t, h->probed->target, strlen(h->probed->target), 300);
    } else {
        if (h->file != NULL) {
            html_outside(t, h->file, strlen(h->file), 200);
            text_char(t, ' ');
        }
        text_printf(t, "%sstream %u", h->datagram ? "udp " : "", h->stream);
    }
    text_add(t, " &middot; ");
    html_text(t, endpoint_text(&h->ends[CLIENT], a));
    text_add(t, " &rarr; ");
    html_text(t, endpoint_text(&h->ends[SERVER], b));
    if (f->side != BLAME_NONE)
        text_printf(t, " &middot; %s, %s", blame_name(f->side), sure_name(f->sure));
    text_add(t, "</span></summary>");
}

static uint64_t advice_hash(const struct finding *f)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a; the words are our own, so nobody chooses collisions */
    for (size_t i = 0; i < f->fix_n + f->settle_n; i++)
        for (const char *c = i < f->fix_n ? f->fix[i] : f->settle[i - f->fix_n]; *c != '\0'; c++)
            hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
    return hash != 0 ? hash : 1;
}

/* The section that gave the same advice before; NULL: this is the first, and remembered. */
static const struct advice *advice_given(struct html *p, const struct handshake *h, const struct finding *f)
{
    uint64_t hash = advice_hash(f);
    for (size_t i = 0; i < ADVICE && f->fix_n + f->settle_n != 0; i++) {
        if (p->given[i].hash == hash)
            return &p->given[i];
        if (p->given[i].hash == 0) {
            p->given[i] = (struct advice){ hash, h->file, h->stream };
            break;
        }
    }
    return NULL;
}

static void verdict(struct html *p, const struct handshake *h, const struct finding *f)
{
    struct text *t = &p->body;
    text_add(t, "<div class=v><p class=why>");
    html_text(t, f->why != NULL ? f->why : "");
    text_printf(t, "</p><p class=q><b>Side</b> %s <b>Sure</b> %s", f->side != BLAME_NONE ? blame_name(f->side) : "-", sure_name(f->sure));
    if (f->because != NULL) {
        text_add(t, ": ");
        html_text(t, f->because);
    }
    text_add(t, "</p>");
    if (f->sure != CERTAIN)
        words(t, "Or else", f->alternatives, f->alternatives_n);
    evidence(t, h, f);
    words(t, "Ruled out", f->ruled_out, f->ruled_out_n);
    const struct advice *before = advice_given(p, h, f);
    if (before != NULL) {
        text_add(t, "<p class=q><b>Fix</b> as for <a href=\"#");
        section_id(t, before->file, before->stream);
        text_printf(t, "\">stream %u</a>.</p>", before->stream);
    } else {
        items(t, "Fix", f->fix, f->fix_n);
        items(t, "Settle", f->settle, f->settle_n);
    }
    if (h->probed == NULL)
        text_printf(t, "<p class=q><b>Show</b> <code>%s.stream == %u</code></p>", h->datagram ? "udp" : "tcp", h->stream);
    text_add(t, "</div>");
}

void html_handshake(struct html *p, struct handshake *h, const struct finding *f)
{
    struct text *t = &p->body;
    if (p->n == IN_FULL || t->n > PAGE_MAX) {
        p->more++;
        return;
    }
    enum result r = finding_result(h, f);
    bool        good = r == RESULT_SUCCESS || r == RESULT_NO_TLS;
    text_printf(t, "<details%s id=", p->n < OPEN_AT_FIRST && !good ? " open" : "");
    section_id(t, h->file, h->stream);
    text_char(t, '>');
    p->n++;
    head_of(t, h, f);
    text_add(t, "<div class=c>");
    verdict(p, h, f);
    text_add(t, "<figure>");
    ladder_svg(t, h, f);
    text_add(t, "</figure></div>");
    html_offer(t, h);
    html_chain(t, h);
    text_add(t, "</details>\n");
}

/* ------------------------------------------------------------------------------------ the page */

static int most_of(const void *a, const void *b)
{
    const struct cause_count *x = a, *y = b;
    return x->n != y->n ? (x->n > y->n ? -1 : 1) : strcmp(x->code, y->code);
}

/* A bar a cause, the longest first: length is what is to be compared, so there is one colour. */
static void chart(struct text *t, const struct summary *s)
{
    enum { ROW = 26, LABEL = 190, BAR = 420, WIDTH = 690 };
    struct cause_count all[ARRAY_LEN(s->causes)];
    size_t             n = s->causes_n < BARS ? s->causes_n : BARS;
    if (n == 0)
        return;
    memcpy(all, s->causes, s->causes_n * sizeof all[0]);
    qsort(all, s->causes_n, sizeof all[0], most_of);
    text_printf(t, "<figure><figcaption>What failed, by cause</figcaption><svg class=chart viewBox=\"0 0 %d %zu\" role=img aria-label=\"Failures by cause\">", WIDTH, n * ROW);
    for (size_t i = 0; i < n; i++) {
        size_t y = i * ROW;
        double w = (double)BAR * (double)all[i].n / (double)all[0].n;
        text_printf(t, "<text x=%d y=%zu class=e>%s</text><rect x=%d y=%zu width=\"%.1f\" height=16 rx=3 class=bar /><text x=\"%.1f\" y=%zu>%llu</text>", LABEL - 10, y + 17,
                    all[i].code, LABEL, y + 5, w < 2 ? 2 : w, LABEL + (w < 2 ? 2 : w) + 8, y + 17, (unsigned long long)all[i].n);
    }
    text_add(t, "</svg></figure>");
}

static void tile(struct text *t, uint64_t n, const char *what, const char *class, bool always)
{
    if (n != 0 || always)
        text_printf(t, "<div class=\"t %s\"><b>%llu</b>%s</div>", class, (unsigned long long)n, what);
}

static void sums(struct text *t, const struct summary *s)
{
    text_add(t, "<div class=tiles>");
    tile(t, s->handshakes, s->handshakes == 1 ? "handshake" : "handshakes", "", true);
    tile(t, s->completed, "completed", "ok", true);
    tile(t, s->failed, "failed", s->failed != 0 ? "bad" : "", true);
    tile(t, s->unknown, "for no known cause", "", false);
    tile(t, s->partial, "not captured whole", "", false);
    tile(t, s->abandoned, "given up by the client", "", false);
    tile(t, s->ignored, "ignored", "", false);
    text_add(t, "</div>");
    if (s->packets == 0 && s->complete)
        return;
    text_printf(t, "<p class=w>%llu packets, ", (unsigned long long)s->packets);
    html_text(t, s->complete ? "none missing." : s->incomplete != NULL ? s->incomplete : "not all captured");
    text_add(t, "</p>");
}

static void table(struct text *t, struct group_table *groups)
{
    uint64_t            in_none = 0;
    size_t              n = 0;
    const struct group *g = groups != NULL ? groups_sorted(groups, &n, &in_none) : NULL;
    char                buf[64];
    if (n < 2)
        return;
    text_add(t, "<div class=scroll><table class=g><thead><tr><th>Times<th>Cause<th>Server<th>Name<th>First</thead>");
    for (size_t i = 0; i < n && i < ROWS; i++) {
        text_printf(t, "<tr><td>%llu<td>%s<td>", (unsigned long long)g[i].n, g[i].cause);
        html_text(t, endpoint_text(&g[i].server, buf));
        text_add(t, "<td>");
        html_text(t, g[i].name);
        text_add(t, "<td><a href=\"#");
        section_id(t, g[i].file, g[i].stream);
        text_printf(t, "\">stream %u</a>", g[i].stream);
    }
    for (size_t i = ROWS; i < n; i++)
        in_none += g[i].n;
    if (in_none != 0)
        text_printf(t, "<tr><td>%llu<td colspan=4>more, of other causes or servers", (unsigned long long)in_none);
    text_add(t, "</table></div>");
}

void html_head(struct text *out, const char *title, const char *heading)
{
    text_add(out, "<!doctype html>\n<html lang=en><head><meta charset=utf-8>\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                  "<meta name=viewport content=\"width=device-width,initial-scale=1\"><meta name=color-scheme content=\"light dark\">\n<title>tlswhy: ");
    html_outside(out, title, strlen(title), 200);
    text_printf(out, "</title>\n<style>%s</style></head><body><main>\n<h1>%s</h1><p class=w>", style, heading);
    html_outside(out, title, strlen(title), 400);
    text_add(out, "</p>\n");
}

void html_foot(struct text *out) { text_printf(out, "<footer>tlswhy %s</footer></main></body></html>\n", TLSWHY_VERSION); }

/* The page of each cause that was found, as `tlswhy explain CAUSE` gives it; of a great many, where to read them. */
static void cause_pages(struct text *t, const struct summary *s)
{
    enum { PAGES = 8 };
    struct text page = { 0 };
    if (s->causes_n > PAGES)
        text_add(t, "<p class=w>More about each cause: tlswhy explain CAUSE</p>\n");
    for (size_t i = 0; i < s->causes_n && s->causes_n <= PAGES; i++) {
        const struct cause *c = cause_of(s->causes[i].code);
        if (c == NULL)
            continue;
        text_clear(&page);
        show_cause(&page, c, false);
        text_printf(t, "<details class=page><summary>What is <b>%s</b>?</summary><pre>", c->code);
        html_text(t, page.s);
        text_add(t, "</pre></details>\n");
    }
    text_free(&page);
}

void html_page(struct html *p, const char *title, const struct summary *s, struct group_table *groups, struct text *out)
{
    html_head(out, title, "Why TLS handshakes failed");
    sums(out, s);
    chart(out, s);
    table(out, groups);
    text_add(out, "\n");
    if (p->body.n != 0)
        text_add_n(out, p->body.s, p->body.n);
    if (p->more + s->folded != 0)
        text_printf(out, "<p class=w>%llu more are not told in full; --json has all.</p>", (unsigned long long)(p->more + s->folded));
    cause_pages(out, s);
    html_foot(out);
}
