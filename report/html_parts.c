#include "html_parts.h"
#include "tlswhy/ladder.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------ the ladder */

enum { LADDER_WIDTH = 440, LEFT = 8, RIGHT = 432, RUNG = 34, TOP = 30 };

enum kind { PLAIN, HIDDEN, DECIDES, KINDS };
static enum kind kind_of(const struct rung *r) { return r->decides ? DECIDES : r->hidden ? HIDDEN : PLAIN; }

static void rung_words(struct text *t, const struct rung *r, size_t y)
{
    char what[64];
    snprintf(what, sizeof what, "%.52s%s", r->what, strlen(r->what) > 52 ? "..." : "");
    text_printf(t, "<text x=%d y=%zu%s>#%llu ", (LEFT + RIGHT) / 2, y - 5, r->decides ? " class=d" : "", (unsigned long long)r->frame);
    html_text(t, what);
    text_add(t, "</text>");
}

/* All arrows of a kind are one path: a page of many ladders stays small. */
static void arrows(struct text *t, const struct rung *rungs, size_t n, size_t first, size_t gap_after, enum kind kind)
{
    static const char *const open[KINDS] = { "<path d=\"", "<path class=h d=\"", "<path class=d d=\"" };
    bool begun = false;
    for (size_t i = 0; i < n; i++) {
        size_t y = first + i * RUNG + (i >= gap_after ? RUNG : 0);
        bool   client = rungs[i].from == CLIENT;
        if (kind_of(&rungs[i]) != kind)
            continue;
        text_printf(t, "%sM%d %zuH%dm%s", begun ? "" : open[kind], client ? LEFT : RIGHT, y, client ? RIGHT - 3 : LEFT + 3, client ? "-6-4 6 4-6 4" : "6-4-6 4 6 4");
        begun = true;
    }
    if (begun)
        text_add(t, "\"/>");
}

void ladder_svg(struct text *t, const struct handshake *h, const struct finding *f)
{
    struct arena a = { 0 };
    struct rung  rungs[RUNGS_MAX];
    size_t       left_out, n = ladder_of(h, f, &a, rungs, &left_out), gap_after = left_out != 0 ? RUNGS_MAX * 2 / 3 : SIZE_MAX;
    size_t       height = TOP + (n + (left_out != 0)) * RUNG + 8, first = TOP + RUNG - 8;
    if (n != 0) {
        text_printf(t, "<svg class=l viewBox=\"0 0 %d %zu\" role=img aria-label=\"who sent what\"><text x=%d y=14 class=s>client</text><text x=%d y=14 "
                    "class=n>server</text><path class=p d=\"M%d 20V%zuM%d 20V%zu\"/>", LADDER_WIDTH, height, LEFT, RIGHT, LEFT, height - 4, RIGHT, height - 4);
        for (size_t i = 0; i < n; i++)
            rung_words(t, &rungs[i], first + i * RUNG + (i >= gap_after ? RUNG : 0));
        for (enum kind kind = PLAIN; kind < KINDS; kind++)
            arrows(t, rungs, n, first, gap_after, kind);
        if (left_out != 0)
            text_printf(t, "<text x=%d y=%zu>%zu more</text>", (LEFT + RIGHT) / 2, first + gap_after * RUNG, left_out);
        text_add(t, "</svg>");
    }
    arena_free(&a);
}

/* ------------------------------------------------------------------------------------ offer and answer */

enum { SHOWN = 6 }; /* values of a list; what was taken is always among them */

typedef const char *value_name(uint32_t v, char buf[NAME_MAX_LEN]);
static const char *suite_words(uint32_t v, char *buf) { return suite_name(v, buf); }
static const char *version_words(uint32_t v, char *buf) { return version_name((uint16_t)v, buf); }
static const char *group_words(uint32_t v, char *buf) { return group_name((uint16_t)v, buf); }
static const char *sigalg_words(uint32_t v, char *buf) { return sigalg_name((uint16_t)v, buf); }

/* A list of values, the one that was taken marked. */
static void values(struct text *t, const uint16_t *v16, const uint32_t *v32, size_t n, uint32_t taken, value_name *name)
{
    char   buf[NAME_MAX_LEN];
    size_t shown = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t v = v16 != NULL ? v16[i] : v32[i];
        bool     hit = v == taken && taken != 0;
        if ((v <= 0xffff && is_grease((uint16_t)v)) || (shown >= SHOWN && !hit))
            continue;
        text_add(t, shown++ != 0 ? ", " : "");
        text_add(t, hit ? "<mark>" : "");
        html_text(t, name(v, buf));
        text_add(t, hit ? "</mark>" : "");
    }
    if (n > shown && shown >= SHOWN)
        text_printf(t, ", ... (%zu)", n);
}

static void row(struct text *t, const char *name) { text_printf(t, "<tr><th>%s<td>", name); }
static void took(struct text *t, const char *s)
{
    text_add(t, "<td>");
    html_text(t, s);
}

void html_offer(struct text *t, const struct handshake *h)
{
    const struct client_hello *c = &h->hello;
    char                       buf[NAME_MAX_LEN];
    bool                       answered = knows(h, KNOW_SERVER_HELLO);
    uint16_t                   group = h->answer.group != 0 ? h->answer.group : h->kex.group, version = handshake_version(h);
    if (!knows(h, KNOW_CLIENT_HELLO))
        return;
    text_add(t, "<details class=o><summary>Offer and answer</summary><div class=scroll><table class=of><thead><tr><th><th>Offered<th>Taken</thead>");
    row(t, "version");
    if (c->versions.v != NULL)
        values(t, c->versions.v, NULL, c->versions.n, answered ? version : 0, version_words);
    else
        text_printf(t, "at most %s", version_name(c->max_version, buf));
    took(t, answered ? version_name(version, buf) : "no answer");
    row(t, "cipher suites");
    values(t, NULL, c->suites.v, c->suites.n, answered ? h->answer.suite : 0, suite_words);
    took(t, answered ? suite_name(h->answer.suite, buf) : "");
    row(t, "groups");
    values(t, c->groups.v, NULL, c->groups.n, group, group_words);
    took(t, group != 0 ? group_name(group, buf) : "");
    row(t, "signature algorithms");
    if (c->sigalgs.v == NULL)
        text_add(t, "not sent");
    values(t, c->sigalgs.v, NULL, c->sigalgs.n, h->kex.sigalg, sigalg_words);
    took(t, h->kex.sigalg != 0 ? sigalg_name(h->kex.sigalg, buf) : "");
    if (c->sni.p != NULL) {
        row(t, "name");
        html_outside(t, c->sni.p, c->sni.n, 100);
    }
    if (c->alpn.v != NULL)
        row(t, "ALPN");
    for (size_t i = 0; i < c->alpn.n && i < SHOWN; i++) {
        text_add(t, i != 0 ? ", " : "");
        html_outside(t, c->alpn.v[i].p, c->alpn.v[i].n, 32);
    }
    if (h->answer.alpn.p != NULL) {
        text_add(t, "<td>");
        html_outside(t, h->answer.alpn.p, h->answer.alpn.n, 32);
    }
    text_add(t, "</table></div></details>");
}

/* ------------------------------------------------------------------------------------ the chain */

static const struct chain_problem *problem_of(const struct chain *c, int cert)
{
    for (size_t i = 0; c != NULL && i < c->n; i++)
        if (c->problems[i].cert == cert && c->problems[i].severity == SEV_ERROR)
            return &c->problems[i];
    return NULL;
}

static void cert_box(struct text *t, const struct cert *c, const struct chain_problem *bad)
{
    struct arena a = { 0 };
    char         key[64], day[40];
    text_printf(t, "<li%s><b>", bad != NULL ? " class=bad" : "");
    html_text(t, c->malformed ? "does not decode" : cert_short_name(&a, c));
    text_add(t, "</b>");
    if (!c->malformed) {
        text_add(t, "<span>issued by ");
        html_text(t, x509_name_short(&a, &c->issuer));
        text_add(t, "</span><span>");
        html_text(t, cert_key_name(c, key));
        text_add(t, ", ");
        html_text(t, cert_sig_name(c));
        if (c->not_before.ok && c->not_after.ok) {
            time_rfc3339_s(day, c->not_before.s);
            text_printf(t, "</span><span>%.10s to ", day);
            time_rfc3339_s(day, c->not_after.s);
            text_printf(t, "%.10s", day);
        }
        text_add(t, "</span>");
    }
    if (bad != NULL) {
        text_add(t, "<em>");
        html_text(t, bad->detail);
        text_add(t, "</em>");
    }
    arena_free(&a);
}

void html_chain(struct text *t, const struct handshake *h)
{
    enum { BOXES = 8 };
    if (h->cert_count == 0)
        return;
    text_printf(t, "<details class=o%s><summary>Certificates</summary><ul class=ch>", h->chain != NULL && h->chain->verdict == CHAIN_FAIL ? " open" : "");
    for (size_t i = 0; i < h->cert_count && i < BOXES; i++)
        cert_box(t, h->certs[i], problem_of(h->chain, (int)i));
    if (h->cert_count > BOXES)
        text_printf(t, "<li>%zu more", h->cert_count - BOXES);
    const struct chain_problem *anchor = problem_of(h->chain, -1);
    if (anchor != NULL) {
        text_add(t, "<li class=bad><b>no root</b><em>");
        html_text(t, anchor->detail);
        text_add(t, "</em>");
    }
    text_add(t, "</ul></details>");
}
