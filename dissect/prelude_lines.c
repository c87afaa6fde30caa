/* STARTTLS in protocols that talk in lines: one engine, one row a protocol (dissect/names/starttls.tsv).
 *
 * Columns: greeting  how the server's first line begins          caps      command that asks for capabilities
 *          words     commands that fit before TLS                offer     what a capability line says
 *          ask       command that asks for TLS                   caps_end  how the last capability line begins
 *          yes, no   how the answers begin                       plain     commands that mean: no TLS any more
 *          lead      what stands before an answer: a three-digit code, the command's tag, a :server prefix */
#include "prelude_row.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct dialog {
    const char *protocol, *greeting, *words, *caps, *offer, *caps_end, *ask, *yes, *no, *plain, *lead;
} dialogs[] = {
#define STARTTL(protocol, greeting, words, caps, offer, caps_end, ask, yes, no, plain, lead) \
    { protocol, greeting, words, caps, offer, caps_end, ask, yes, no, plain, lead },
#include "gen/starttls.inc"
#undef STARTTL
};

enum { SERVER_SPOKE = 1, CAPS_DUE = 2, ASKED = 4 };

static bool lead_is(const struct dialog *d, char kind) { return d->lead[0] == kind; }

/* Does the text begin with one of these, written "a|b|c"? */
static bool begins(struct bytes text, const char *patterns)
{
    for (const char *p = patterns; *p != '\0';) {
        size_t n = strcspn(p, "|");
        if (text.n >= n && strncasecmp((const char *)text.p, p, n) == 0)
            return true;
        p += n + (p[n] == '|');
    }
    return false;
}

static bool in_words(struct bytes word, const char *words)
{
    for (const char *p = words; word.n > 0 && *p != '\0';) {
        size_t n = strcspn(p, " ");
        if (n == word.n && strncasecmp((const char *)word.p, p, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

/* Stands one of the phrases "a|b" in the text as whole words? */
static bool mentions(struct bytes text, const char *phrases)
{
    static const char between[] = " \t\"'[](){}:;=,-";
    for (size_t at = 0; at < text.n; at++) {
        if (at > 0 && strchr(between, text.p[at - 1]) == NULL)
            continue;
        for (const char *p = phrases; *p != '\0';) {
            size_t n = strcspn(p, "|");
            if (text.n - at >= n && strncasecmp((const char *)text.p + at, p, n) == 0
                && (at + n == text.n || strchr(between, text.p[at + n]) != NULL))
                return true;
            p += n + (p[n] == '|');
        }
    }
    return false;
}

static struct bytes without_prefix(const struct dialog *d, struct bytes line)
{
    if (lead_is(d, 'p') && line.n > 0 && line.p[0] == ':')
        text_word(&line);
    return text_trim(line);
}

/* The command of a client's line; `tag` is empty where the protocol has none. */
static struct bytes command_of(const struct dialog *d, struct bytes line, struct bytes *tag)
{
    *tag = lead_is(d, 't') ? text_word(&line) : (struct bytes){ 0 };
    return text_trim(line);
}

static bool asks(const struct dialog *d, struct bytes line)
{
    struct bytes tag;
    return begins(command_of(d, line, &tag), d->ask);
}

static struct bytes word_of(const struct dialog *d, struct bytes line)
{
    struct bytes tag, command = command_of(d, line, &tag);
    return text_word(&command);
}

static bool known_command(const struct dialog *d, struct bytes line)
{
    return in_words(word_of(d, line), d->words) || in_words(word_of(d, line), d->plain);
}

static bool is_text(struct bytes in)
{
    for (size_t i = 0; i < in.n; i++)
        if (in.p[i] < ' ' && in.p[i] != '\t' && in.p[i] != '\r' && in.p[i] != '\n')
            return false;
    return true;
}

static enum fit greeting_fits(const struct dialog *d, struct bytes start)
{
    for (const char *p = d->greeting; *p != '\0';) {
        size_t   n = strcspn(p, "|");
        enum fit fit = prelude_prefix(start, p, n);
        if (fit != FIT_NO)
            return fit;
        p += n + (p[n] == '|');
    }
    return FIT_NO;
}

/* A server by its greeting (SMTP stands for all who say 220 until a command tells); a client by its first command.
 * From the end of the table: of those who know STARTTLS only IRC, the last row, lets the client speak first. */
enum fit lines_fits(enum side from, struct bytes start, unsigned *dialog)
{
    size_t       took;
    struct bytes line = text_line(start, &took);
    enum fit     best = FIT_NO;
    line = took > 0 ? line : start;
    if (!is_text(line))
        return FIT_NO;
    if (took == 0 && (from == CLIENT || start.p[0] == ':'))
        return start.n < KEPT_MAX ? FIT_MAYBE : FIT_NO;
    for (unsigned n = 0; n < ARRAY_LEN(dialogs); n++) {
        unsigned             i = from == SERVER ? n : (unsigned)ARRAY_LEN(dialogs) - 1 - n;
        const struct dialog *d = &dialogs[i];
        enum fit             fit = from == SERVER ? greeting_fits(d, took > 0 ? without_prefix(d, line) : line)
                                   : in_words(word_of(d, line), d->words) || asks(d, line) ? FIT_YES : FIT_NO;
        if (fit == FIT_YES) {
            *dialog = i;
            return FIT_YES;
        }
        best = fit > best ? fit : best;
    }
    return best;
}

/* 220 greets in SMTP, LMTP and FTP: a request for TLS, or a command that only another of them knows, decides. */
static const struct dialog *dialog_by_command(struct prelude_machine *m, struct bytes line)
{
    const struct dialog *d = &dialogs[m->dialog];
    bool                 known = known_command(d, line), asked = asks(d, line);
    for (unsigned i = 0; i < ARRAY_LEN(dialogs) && !asked; i++) {
        const struct dialog *other = &dialogs[i];
        bool                 twin = strcmp(other->greeting, d->greeting) == 0;
        if (twin && (asks(other, line) || (!known && known_command(other, line)))) {
            m->dialog = i;
            return other;
        }
    }
    return d;
}

static void name_dialog(struct prelude_step *s, const struct dialog *d)
{
    s->out->kind = PRELUDE_STARTTLS;
    s->out->protocol = d->protocol;
}

static size_t client_line(struct prelude_step *s, struct bytes line, size_t took)
{
    const struct dialog *d = dialog_by_command(s->m, line);
    struct bytes         tag, command = command_of(d, line, &tag);
    bool                 caps = d->caps[0] != '-' && begins(command, d->caps), ask = asks(d, line);
    if (in_words(word_of(d, line), d->plain) && !ask)
        return prelude_plain(s);
    if (caps || ask) {
        name_dialog(s, d);
        s->m->memory[0] = (uint8_t)(tag.n < sizeof s->m->memory ? tag.n : sizeof s->m->memory - 1);
        if (tag.n > 0)
            memcpy(s->m->memory + 1, tag.p, s->m->memory[0]);
    }
    if (caps)
        s->m->state |= CAPS_DUE;
    if (ask) {
        prelude_asked(s, PRELUDE_STARTTLS, d->protocol);
        s->m->state = (s->m->state & ~(unsigned)CAPS_DUE) | ASKED;
    }
    return took;
}

/* Takes off what stands before an answer. False: the line answers nothing (untagged, or more of it follows). */
static bool answer_of(const struct prelude_step *s, const struct dialog *d, struct bytes line, struct bytes *text)
{
    *text = without_prefix(d, line);
    if (lead_is(d, 't')) {
        struct bytes tag = text_word(text);
        *text = text_trim(*text);
        return tag.n == s->m->memory[0] && tag.n > 0 && memcmp(tag.p, s->m->memory + 1, tag.n) == 0;
    }
    return !lead_is(d, 'c') || line.n < 4 || line.p[3] != '-';
}

static int status_of(struct bytes text)
{
    if (text.n < 3 || !isdigit(text.p[0]) || !isdigit(text.p[1]) || !isdigit(text.p[2]))
        return 0;
    return (text.p[0] - '0') * 100 + (text.p[1] - '0') * 10 + (text.p[2] - '0');
}

/* Capabilities come asked for, with the greeting (Sieve) or inside it (IMAP). */
static void capability_line(struct prelude_step *s, const struct dialog *d, struct bytes line, bool answers,
                            struct bytes text)
{
    bool in_list = (s->m->state & CAPS_DUE) != 0, one_line = lead_is(d, 't') && mentions(line, "CAPABILITY");
    if (!in_list && !one_line)
        return;
    if (mentions(line, d->offer))
        s->out->offered = true;
    bool end = one_line || (lead_is(d, 'c') ? answers && begins(text, d->caps_end)
                            : lead_is(d, 't') ? answers
                                              : begins(line, d->caps_end));
    if (end) {
        name_dialog(s, d);
        s->out->not_offered = !s->out->offered;
    }
    if (end && !one_line)
        s->m->state &= ~(unsigned)CAPS_DUE;
}

static size_t server_line(struct prelude_step *s, struct bytes line, size_t took)
{
    const struct dialog *d = &dialogs[s->m->dialog];
    struct bytes         text;
    bool                 answers = answer_of(s, d, line, &text), first = (s->m->state & SERVER_SPOKE) == 0;
    if (first && s->m->units == 0) {
        s->out->server = prelude_keep(s, line.p, line.n);
        if (strcmp(d->protocol, "sieve") == 0)
            s->m->state |= CAPS_DUE;
    }
    s->m->state |= SERVER_SPOKE;
    bool bye = lead_is(d, 't') && text_starts(line, "* BYE");
    if ((s->m->state & ASKED) == 0 || (!answers && !bye)) {
        capability_line(s, d, line, answers, text);
        return took;
    }
    bool yes = answers && begins(text, d->yes), no = bye || begins(text, d->no);
    if (!yes && !no)
        return took;
    s->m->state &= ~(unsigned)ASKED;
    prelude_answer(s, status_of(text), line.p, line.n);
    return yes ? prelude_accept(s, took) : prelude_refuse(s, took);
}

size_t lines_step(struct prelude_step *s)
{
    size_t       took;
    struct bytes line = text_line(s->in, &took);
    if (s->in.p[0] < ' ' && !isspace(s->in.p[0]))
        return prelude_stop(s, PRELUDE_UNKNOWN); /* TLS that nobody announced, or no text at all */
    if (took == 0)
        return prelude_stop(s, s->in.n > LINE_MAX_LEN ? PRELUDE_OVER : PRELUDE_WAIT);
    return s->from == CLIENT ? client_line(s, line, took) : server_line(s, line, took);
}
