#include "tlswhy/ladder.h"

#include <stdio.h>
#include <string.h>

/* One thing that was sent. */
struct step {
    struct place where;
    enum side    from;
    const char  *what;
    bool         hidden;
};
enum { STEPS_MAX = 160, NAMES_COLUMNS = 56 };

struct steps {
    struct step   v[STEPS_MAX];
    size_t        n;
    struct arena *arena;
};

static void add(struct steps *s, struct place where, enum side from, const char *what, bool hidden)
{
    if (s->n < STEPS_MAX && where.frame != 0)
        s->v[s->n++] = (struct step){ where, from, what, hidden };
}

static const struct alert *alert_at(const struct handshake *h, const struct message *m)
{
    for (size_t i = 0; i < h->alert_count; i++)
        if (h->alerts[i].from == m->from && h->alerts[i].where.frame == m->where.frame && h->alerts[i].where.at == m->where.at)
            return &h->alerts[i];
    for (size_t i = 0; i < h->alert_count; i++)
        if (h->alerts[i].from == m->from && h->alerts[i].where.frame == m->where.frame)
            return &h->alerts[i];
    return NULL;
}

static const char *message_words(const struct handshake *h, const struct message *m, struct arena *a)
{
    char                buf[NAME_MAX_LEN];
    const struct alert *alert = m->type == MSG_ALERT ? alert_at(h, m) : NULL;
    if (alert != NULL && (!alert->encrypted || alert->decrypted))
        return arena_printf(a, "Alert %s (%u)", alert_name(alert->number, buf), alert->number);
    if (m->type == MSG_ALERT)
        return "Alert, encrypted";
    return arena_printf(a, "%s", handshake_type_name(m->type, buf));
}

static bool is_hidden(uint16_t type) { return type == MSG_ENCRYPTED || type == MSG_ENCRYPTED_HANDSHAKE || type == MSG_APPLICATION_DATA; }

static void opening(struct steps *s, const struct handshake *h)
{
    add(s, h->tcp.syn, CLIENT, h->tcp.syns > 1 ? arena_printf(s->arena, "SYN (%u times)", h->tcp.syns) : "SYN", false);
    add(s, h->tcp.syn_ack, SERVER, "SYN-ACK", false);
    if (h->prelude.kind != PRELUDE_NONE) {
        const char *answer = h->prelude.answer.n != 0 ? safe_str(s->arena, h->prelude.answer.p, h->prelude.answer.n < 56 ? h->prelude.answer.n : 56) : "answer";
        add(s, h->prelude.asked, CLIENT, h->prelude.kind == PRELUDE_CONNECT ? "CONNECT" : h->prelude.kind == PRELUDE_SOCKS ? "SOCKS request" : "STARTTLS", false);
        add(s, h->prelude.answered, SERVER, answer, false);
    }
}

static void ending(struct steps *s, const struct handshake *h)
{
    for (int side = CLIENT; side <= SERVER; side++)
        if (h->plain[side].start.p != NULL && h->plain[side].where.frame != h->prelude.asked.frame && h->plain[side].where.frame != h->prelude.answered.frame)
            add(s, h->plain[side].where, (enum side)side, h->plain[side].protocol != NULL ? arena_printf(s->arena, "%s, no TLS", h->plain[side].protocol) : "no TLS", false);
    const struct closing *closes[] = { &h->close, &h->close2 };
    for (size_t i = 0; i < ARRAY_LEN(closes); i++)
        if (closes[i]->how != CLOSE_NONE)
            add(s, closes[i]->where, closes[i]->by, closes[i]->how == CLOSE_RST ? "RST" : "FIN", false);
    if (h->refused || h->unreachable)
        add(s, h->error_at, SERVER, h->refused ? "RST" : "unreachable", false);
}

/* In the order of frames; what came first stays first. */
static void in_order(struct steps *s)
{
    for (size_t i = 1; i < s->n; i++) {
        struct step x = s->v[i];
        size_t      k = i;
        for (; k > 0 && s->v[k - 1].where.frame > x.where.frame; k--)
            s->v[k] = s->v[k - 1];
        s->v[k] = x;
    }
}

static bool joins(const struct rung *r, const struct step *s, const char *last)
{
    bool alike = r->hidden && s->hidden && strcmp(last, s->what) == 0;
    return r->from == s->from && (r->frame == s->where.frame || alike);
}

/* Names of a rung: each once, with how often where it came again in a row. */
struct names {
    struct text t;
    const char *last;
    unsigned    times;
};

static void names_end(struct names *n)
{
    if (n->times > 1)
        text_printf(&n->t, " (%u)", n->times);
    n->times = 0;
}

static void names_add(struct names *n, const char *what)
{
    if (n->last != NULL && strcmp(n->last, what) == 0) {
        n->times++;
        return;
    }
    names_end(n);
    text_printf(&n->t, "%s%s", n->t.n != 0 ? ", " : "", what);
    n->last = what;
    n->times = 1;
}

static size_t fold(const struct steps *s, const struct handshake *h, const struct finding *f, struct rung *out)
{
    size_t       n = 0;
    struct names names = { .last = NULL };
    for (size_t i = 0; i < s->n; i++) {
        const struct step *x = &s->v[i];
        if (n == 0 || !joins(&out[n - 1], x, names.last)) {
            out[n++] = (struct rung){ .from = x->from, .frame = x->where.frame, .ns = x->where.ns - h->start_ns, .hidden = x->hidden };
            text_clear(&names.t);
            names = (struct names){ .t = names.t };
        }
        struct rung *r = &out[n - 1];
        names_add(&names, x->what);
        r->hidden = r->hidden && x->hidden;
        r->decides = r->decides || (f->decisive != 0 && x->where.frame == f->decisive);
        bool last = i + 1 == s->n || !joins(r, &s->v[i + 1], names.last);
        if (last) {
            names_end(&names);
            r->what = arena_copy(s->arena, names.t.s, names.t.n);
        }
    }
    text_free(&names.t);
    return n;
}

size_t ladder_of(const struct handshake *h, const struct finding *f, struct arena *a, struct rung out[RUNGS_MAX], size_t *left_out)
{
    struct steps *s = ARENA_NEW(a, struct steps);
    struct rung  *all = ARENA_NEW_N(a, STEPS_MAX, struct rung);
    s->arena = a;
    opening(s, h);
    for (size_t i = 0; i < h->message_count && s->n < STEPS_MAX - 8; i++)
        add(s, h->messages[i].where, h->messages[i].from, message_words(h, &h->messages[i], a), is_hidden(h->messages[i].type));
    ending(s, h);
    in_order(s);
    size_t n = fold(s, h, f, all), head = n > RUNGS_MAX ? RUNGS_MAX * 2 / 3 : n, tail = n > RUNGS_MAX ? RUNGS_MAX - head : 0;
    *left_out = n - head - tail;
    memcpy(out, all, head * sizeof out[0]);
    memcpy(out + head, all + n - tail, tail * sizeof out[0]);
    return head + tail;
}

/* ---- in a terminal */

static void fit(char buf[NAMES_COLUMNS + 1], const char *what)
{
    snprintf(buf, NAMES_COLUMNS + 1, "%s", what);
    if (strlen(what) > NAMES_COLUMNS)
        memcpy(buf + NAMES_COLUMNS - 3, "...", 3);
}

/*   Ladder    #4       0.1 ms  ClientHello ------------------------------------>
 *             #6       0.9 ms  <----------------------- ServerHello, Certificate   */
void ladder_text(struct text *t, const struct report_options *o, const struct handshake *h, const struct finding *f)
{
    static const char dashes[] = "------------------------------------------------------------";
    struct arena a = { 0 };
    struct rung  rungs[RUNGS_MAX];
    size_t       left_out, n = ladder_of(h, f, &a, rungs, &left_out), cut = left_out != 0 ? RUNGS_MAX * 2 / 3 : n;
    (void)o;
    for (size_t i = 0; i < n; i++) {
        char what[NAMES_COLUMNS + 1];
        fit(what, rungs[i].what);
        int line = (int)(sizeof dashes - 1 - strlen(what));
        text_printf(t, "  %-10s#%-6llu %9.1f ms  ", i == 0 ? "Ladder" : "", (unsigned long long)rungs[i].frame, (double)rungs[i].ns / 1e6);
        if (rungs[i].from == CLIENT)
            text_printf(t, "%s %.*s>", what, line, dashes);
        else
            text_printf(t, "<%.*s %s", line, dashes, what);
        text_add(t, rungs[i].decides ? "  *\n" : "\n");
        if (i + 1 == cut && left_out != 0)
            text_printf(t, "  %-10s%zu more\n", "", left_out);
    }
    arena_free(&a);
}
