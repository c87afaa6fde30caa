#include "tlswhy/fetched.h"

#include <string.h>
#include <strings.h>

#include "tlswhy/rootlist.h"
#include "tlswhy/text.h"

enum { SHORT = 80 };

static const char *harmless(struct arena *a, struct bytes b) { return safe_str(a, b.p, b.n < SHORT ? b.n : SHORT); }

/* Programs of Windows that fetch for the system: not with the user's proxy settings, and not with the user's login. */
static const char *agent_name(struct arena *a, struct bytes agent)
{
    static const struct { const char *begins, *is; } agents[] = {
        { "Microsoft-CryptoAPI", "Windows itself, as the computer account" },
        { "Microsoft BITS", "the transfer service of Windows, as the computer account" },
        { "Windows-Update-Agent", "Windows Update, as the computer account" },
        { "WinHttp-Autoproxy-Service", "the proxy search of Windows, as a service account" },
        { "Microsoft WinHTTP", "a Windows service by WinHTTP, as the computer account" },
        { "WinHTTP", "a Windows service by WinHTTP, as the computer account" },
    };
    if (agent.p == NULL || agent.n == 0)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(agents); i++) {
        size_t n = strlen(agents[i].begins);
        if (agent.n >= n && strncasecmp((const char *)agent.p, agents[i].begins, n) == 0)
            return arena_printf(a, "%s: %s", harmless(a, agent), agents[i].is);
    }
    return arena_printf(a, "user agent %s", harmless(a, agent));
}

const char *agent_words(struct arena *a, struct bytes agent)
{
    const char *name = agent_name(a, agent);
    return name != NULL ? arena_printf(a, " (%s)", name) : "";
}

/* ---- an answer that is no list ---- */

static enum blame who_refused(const struct fetch *f)
{
    bool proxy = f->status == 407 || f->status == 403 || f->status == 511 || f->to_proxy || f->status >= 500;
    return proxy ? BLAME_PROXY : BLAME_SERVER;
}

static void refused(const struct fetch *f, struct arena *a, struct fetched_verdict *out)
{
    const char *why = f->status == 407   ? arena_printf(a, ": a proxy wants a login%s%s%s", f->more.p != NULL ? " (" : "",
                                                        f->more.p != NULL ? harmless(a, f->more) : "", f->more.p != NULL ? ")" : "")
                      : f->status == 403 ? ": a refusal"
                      : f->status >= 500 ? ": an error of a proxy or server"
                                         : "";
    *out = (struct fetched_verdict){ FETCHED_REFUSED, who_refused(f), arena_printf(a, "status %d%s", f->status, why) };
}

static void redirected(const struct fetch *f, struct arena *a, struct fetched_verdict *out)
{
    *out = (struct fetched_verdict){ FETCHED_REDIRECTED, who_refused(f),
                                     arena_printf(a, "status %d, a redirect%s%s", f->status, f->more.p != NULL ? " to " : "", f->more.p != NULL ? harmless(a, f->more) : "") };
}

/* ---- a list ---- */

/* What is wrong with it, in a clause. */
static const char *fault(const struct rootlist *l, struct arena *a)
{
    const char *code = l->primary;
    if (strcmp(code, "missing_intermediate") == 0 && l->missing != NULL)
        return arena_printf(a, "its signer's chain is not complete inside the file, \"%s\" is missing", l->missing);
    if (strcmp(code, "bad_digest") == 0 || strcmp(code, "bad_signature") == 0)
        return "its signature does not verify, the file was changed or damaged";
    if (strcmp(code, "cut_short") == 0)
        return "the file is cut short";
    for (size_t i = 0; i < l->problems; i++) {
        if (l->problem[i].severity == SEV_ERROR && strcmp(l->problem[i].code, code) == 0)
            return l->problem[i].detail;
    }
    return code;
}

static bool damaged(const struct rootlist *l)
{
    static const char *const codes[] = { "bad_digest", "bad_signature", "cut_short", "malformed" };
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        if (strcmp(l->primary, codes[i]) == 0)
            return true;
    }
    return false;
}

/* No member of the match can verify it as it comes. */
static const struct profile *beyond(const struct rootlist *l, const struct client_match *client, struct arena *a, const char **update)
{
    const struct profile *first = NULL;
    for (size_t i = 0; client != NULL && i < client->n; i++) {
        const char *fix = NULL, *can = rootlist_client_can(l, client->profiles[i]->id, &fix);
        if (strcmp(can, "with updates") != 0 && !(l->needs_sha2 && strcmp(can, "unknown") == 0 && fix != NULL))
            return NULL;
        if (first == NULL) {
            first = client->profiles[i];
            *update = arena_str(a, fix != NULL ? fix : "its updates");
        }
    }
    return first;
}

static void judge_list(const struct fetch *f, const struct client_match *client, struct arena *a, struct fetched_verdict *out)
{
    const struct rootlist *l = f->list;
    const char            *update = NULL;
    if (!l->file.is_list) {
        *out = (struct fetched_verdict){ FETCHED_OTHER, BLAME_PROXY, arena_printf(a, "%s in its place", f->cut && l->file.in_cab ? "half a cabinet" : l->instead) };
    } else if (l->verdict == CHAIN_FAIL) {
        enum blame side = damaged(l) ? BLAME_PROXY : BLAME_SERVER;
        *out = (struct fetched_verdict){ FETCHED_BAD, side, arena_printf(a, "a list that does not pass the check: %s", fault(l, a)) };
    } else if (l->verdict == CHAIN_UNKNOWN) {
        *out = (struct fetched_verdict){ FETCHED_UNREAD, BLAME_NONE, "a list whose signature cannot be checked here" };
    } else {
        const struct profile *p = beyond(l, client, a, &update);
        if (p != NULL)
            *out = (struct fetched_verdict){ FETCHED_BEYOND, BLAME_CLIENT,
                                             arena_printf(a, "a good list that %s cannot verify without %s: it is signed with SHA-256 only%s%s", p->name, update,
                                                          l->root != NULL ? ", under " : "", l->root != NULL ? l->root : "") };
        else
            *out = (struct fetched_verdict){ FETCHED_GOOD, BLAME_NONE, "a list that is sound" };
    }
}

void fetched_judge(const struct fetch *f, const struct client_match *client, struct arena *a, struct fetched_verdict *out)
{
    *out = (struct fetched_verdict){ FETCHED_GOOD, BLAME_NONE, arena_printf(a, "status %d", f->status) };
    if (f->status == 0)
        *out = (struct fetched_verdict){ f->unsettled ? FETCHED_UNREAD : FETCHED_SILENT, f->to_proxy ? BLAME_PROXY : BLAME_SERVER, "no answer" };
    else if (f->status >= 400)
        refused(f, a, out);
    else if (f->status / 100 == 3 && f->status != 304)
        redirected(f, a, out);
    else if (f->list != NULL)
        judge_list(f, client, a, out);
    else if (f->unread != NULL)
        *out = (struct fetched_verdict){ FETCHED_UNREAD, BLAME_NONE, arena_printf(a, "a list that was not read: %s", f->unread) };
    else if (f->html)
        *out = (struct fetched_verdict){ FETCHED_OTHER, BLAME_PROXY, "an HTML page in its place" };
}

bool fetch_noted(const struct fetch *f, const char *file, struct arena *a, struct fetch_note *out)
{
    static const char *const states[] = { [FETCHED_UNREAD] = "unread", [FETCHED_SILENT] = "unanswered", [FETCHED_REDIRECTED] = "redirected",
                                          [FETCHED_REFUSED] = "refused", [FETCHED_OTHER] = "not_a_list", [FETCHED_BAD] = "bad_list" };
    struct fetched_verdict v;
    fetched_judge(f, NULL, a, &v);
    if (v.is == FETCHED_GOOD || (v.is == FETCHED_UNREAD && f->unread == NULL))
        return false;
    *out = (struct fetch_note){ .file = file, .stream = f->stream, .frame = f->answered.frame != 0 ? f->answered.frame : f->asked.frame, .client = f->client,
                                .what = fetch_name(f->kind), .agent = agent_name(a, f->agent), .told = f->told,
                                .url = safe_str(a, f->url.p, f->url.n), .got = v.got, .state = states[v.is], .status = f->status,
                                .primary = v.is == FETCHED_BAD ? f->list->primary : NULL };
    return true;
}
