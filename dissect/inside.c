#include "tlswhy/inside.h"
#include "tlswhy/text.h"

#include "http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { KEPT = 200 };

static struct bytes keep(struct arena *a, struct bytes b)
{
    size_t n = b.n < KEPT ? b.n : KEPT;
    return (struct bytes){ arena_copy(a, b.p, n), n };
}

static bool is_header(struct bytes name, const char *word) { return name.n == strlen(word) && strncasecmp((const char *)name.p, word, name.n) == 0; }

static void headers(struct arena *a, struct bytes block, struct inside *out)
{
    static const char *const who[] = { "Proxy-Agent", "Server", "Via" };
    struct bytes name, value;
    size_t       best = ARRAY_LEN(who);
    while (http_header(&block, &name, &value)) {
        if (is_header(name, "X-Squid-Error"))
            out->error = keep(a, value);
        for (size_t i = 0; i < best; i++) {
            if (is_header(name, who[i])) {
                out->server = keep(a, value);
                best = i;
            }
        }
    }
}

/* ---- the page */

static bool begins(struct bytes in, const char *word) { return in.n >= strlen(word) && strncasecmp((const char *)in.p, word, strlen(word)) == 0; }

/* Past a tag, a comment, or an element whose content is not for people. */
static size_t markup(struct bytes in)
{
    static const struct {
        const char *begin, *end;
    } whole[] = { { "<!--", "-->" }, { "<style", "</style" }, { "<script", "</script" } };
    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        if (!begins(in, whole[i].begin))
            continue;
        for (size_t at = strlen(whole[i].begin); at < in.n; at++)
            if (begins((struct bytes){ in.p + at, in.n - at }, whole[i].end))
                return at + strlen(whole[i].end);
        return in.n;
    }
    const uint8_t *end = memchr(in.p, '>', in.n);
    return end != NULL ? (size_t)(end - in.p) + 1 : in.n;
}

/* Elements within a line; all others part paragraphs. */
static bool within_line(struct bytes in)
{
    static const char *const tags[] = { "<a", "</a", "<b>", "</b>", "<i>", "</i>", "<em", "</em", "<code", "</code", "<span", "</span", "<strong", "</strong", "<font", "</font" };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        size_t n = strlen(tags[i]);
        if (begins(in, tags[i]) && (tags[i][n - 1] == '>' || (in.n > n && !isalnum(in.p[n]))))
            return true;
    }
    return false;
}

/* The next paragraph as text, blanks folded; moves `in` past it. False: there is none. */
static bool paragraph(struct bytes *in, struct text *out, bool *title)
{
    text_clear(out);
    *title = false;
    while (in->n > 0) {
        bool   tag = in->p[0] == '<';
        size_t n = tag ? markup(*in) : 1;
        if (tag && !within_line(*in)) {
            if (out->n > 0)
                return true;
            *title = begins(*in, "<title");
        } else if (!tag && out->n < 4 * KEPT) {
            bool blank = isspace(in->p[0]) != 0;
            if (!blank)
                text_char(out, (char)in->p[0]);
            else if (out->n > 0 && out->s[out->n - 1] != ' ')
                text_char(out, ' ');
        }
        in->p += n;
        in->n -= n;
    }
    return out->n > 0;
}

/* How much a paragraph tells about why the proxy failed; 0 = nothing. */
static int worth(const struct text *t, bool title)
{
    static const struct {
        const char *words;
        int         worth;
    } telling[] = { { "X509_V_ERR_", 9 }, { "TLS code:", 8 }, { "verify failed", 8 }, { "Reason:", 8 }, { "cannot agree", 7 }, { "certificate", 6 }, { "(TLS", 6 }, { "SSL", 5 },
                    { "handshake", 6 }, { "refused", 5 }, { "timed out", 5 }, { "timeout", 5 }, { "connection closed", 5 }, { "reset", 4 }, { "unable to", 4 },
                    { "cannot", 3 }, { "could not", 3 }, { "failed", 3 }, { "error", 2 } };
    int best = 0;
    for (size_t i = 0; i < ARRAY_LEN(telling); i++)
        best = telling[i].worth > best && strcasestr(t->s, telling[i].words) != NULL ? telling[i].worth : best;
    return title ? 1 : best;
}

static void reason(struct arena *a, struct bytes page, struct inside *out)
{
    enum { PARAGRAPHS = 400 };
    struct text one = { 0 };
    int         best = 0;
    bool        title;
    for (int i = 0; i < PARAGRAPHS && paragraph(&page, &one, &title); i++) {
        while (one.n > 0 && one.s[one.n - 1] == ' ')
            one.s[--one.n] = '\0';
        int w = one.n > 0 ? worth(&one, title) : 0;
        if (w > best) {
            out->reason = keep(a, (struct bytes){ (const uint8_t *)one.s, one.n });
            best = w;
        }
    }
    text_free(&one);
}

void inside_read(struct arena *a, struct bytes answer, struct inside *out)
{
    answer.n = answer.n < INSIDE_MAX ? answer.n : INSIDE_MAX;
    const uint8_t *end = answer.n > 0 ? memchr(answer.p, '\n', answer.n) : NULL;
    if (end == NULL || !begins(answer, "HTTP/"))
        return;
    size_t line = (size_t)(end - answer.p), head = http_head(answer);
    size_t shown = line > 0 && answer.p[line - 1] == '\r' ? line - 1 : line;
    out->line = keep(a, (struct bytes){ answer.p, shown });
    out->status = http_status((struct bytes){ answer.p, shown });
    if (head == 0)
        return;
    headers(a, (struct bytes){ answer.p + line + 1, head - line - 1 }, out);
    reason(a, (struct bytes){ answer.p + head, answer.n - head }, out);
}
