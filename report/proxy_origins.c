/* proxy_origins.c - the tests that are about origins: bad ones that a proxy lets through, old ones, and what it offers to them. */
#include "proxy_parts.h"

#include <string.h>

static const struct bad_origin {
    size_t              test; /* T of it */
    enum proxy_question ask;
    const char         *word;
    char                worst;
} bad_origins[] = {
    { 4, ASK_EXPIRED, "expired", 'F' }, { 5, ASK_EARLY, "not-yet-valid", 'F' }, { 6, ASK_NAME, "wrong-name", 'F' },
    { 7, ASK_SELF_SIGNED, "self-signed", 'F' }, { 8, ASK_UNTRUSTED, "untrusted-root", 'F' }, { 9, ASK_ALONE, "missing-intermediate", 'B' },
    { 10, ASK_NOT_A_CA, "not-a-ca", 'F' }, { 11, ASK_CRITICAL, "unknown-critical", 'C' }, { 12, ASK_USAGE, "wrong-usage", 'F' },
    { 13, ASK_SHA1, "sha1-chain", 'C' }, { 14, ASK_MD5, "md5-chain", 'F' }, { 15, ASK_RSA_1024, "weak-key", 'C' }, { 16, ASK_REVOKED, "revoked", 'B' },
};

static const char *status_words(const struct proxy_judging *j)
{
    return j->p->status_fetches == 0 ? "and nothing of the revocation list was fetched" : "although the revocation list was fetched";
}

static void judge_bad_origin(const struct proxy_judging *j, const struct bad_origin *b, struct proxy_test *t)
{
    const struct handshake *h = j->p->ask[b->ask].h;
    enum fate               fate = fate_of(j, b->ask);
    if (fate == FATE_REACHED) {
        test_is(t, TEST_FAIL, b->ask == ASK_REVOKED ? arena_printf(j->a, "let through, %s", status_words(j))
                             : b->ask == ASK_ALONE ? "let through: the intermediate was known, or nothing is verified"
                                                   : "let through: the request arrived, and the client is shown nothing wrong");
        test_costs(t, GRADE_SECURITY, b->worst);
        if (j->c->let_n < ARRAY_LEN(j->c->let_through))
            j->c->let_through[j->c->let_n++] = b->word;
        return;
    }
    if (fate == FATE_NONE)
        test_is(t, TEST_SKIP, left_out(j, b->ask));
    else if (fate == FATE_FORWARDED)
        test_is(t, TEST_SKIP, "forwarded: for the client to see");
    else if (!j->c->trusts_lab && b != bad_origins)
        test_is(t, TEST_SKIP, "as T4: the proxy takes no origin of the lab's");
    else if (!j->c->trusts_lab)
        test_is(t, TEST_SKIP, arena_printf(j->a, "the proxy does not take a sound origin of the lab's either (%s); it is to trust the lab's root (--lab-root)",
                                          fate_of(j, ASK_GOOD) == FATE_CUT ? end_words(j->a, j->p->ask[ASK_GOOD].h) : inside_words(j, j->p->ask[ASK_GOOD].h)));
    else if (fate == FATE_SEEN)
        test_is(t, TEST_PASS, "the client can see it: what it is shown is wrong, too");
    else if (fate == FATE_CUT)
        test_is(t, TEST_PASS, arena_printf(j->a, "refused: the client gets %s", end_words(j->a, h)));
    else
        test_is(t, TEST_PASS, arena_printf(j->a, "refused inside a clean handshake: %s", inside_words(j, h)));
    if (t->result == TEST_PASS)
        test_costs(t, GRADE_SECURITY, fate == FATE_PAGE ? 'B' : 'A');
}

void judge_old_origin(const struct proxy_judging *j, struct proxy_test *t)
{
    static const enum proxy_question ask[] = { ASK_TLS10, ASK_TLS11 };
    enum { NEWER = 0x0303 };
    const char *words[2];
    bool        any = false;
    for (size_t i = 0; i < ARRAY_LEN(ask); i++) {
        const struct handshake *h = j->p->ask[ask[i]].h;
        enum fate               fate = fate_of(j, ask[i]);
        uint16_t                version = h != NULL && h->inside != NULL ? h->inside->version : 0;
        char                    buf[NAME_MAX_LEN];
        words[i] = fate == FATE_NONE        ? left_out(j, ask[i])
                   : fate == FATE_FORWARDED ? "forwarded"
                   : fate != FATE_REACHED   ? "refused"
                                            : arena_printf(j->a, "the client is told %s", version_name(version, buf));
        any = any || (fate != FATE_NONE && fate != FATE_FORWARDED);
        if (fate != FATE_REACHED || !intercepts(j))
            continue;
        bool hidden = version_rank(version) >= version_rank(NEWER);
        words[i] = hidden ? "the client is not told: it gets TLS 1.2 or newer" : words[i];
        test_costs(t, GRADE_SECURITY, hidden ? 'C' : 'A');
        if (hidden)
            t->result = TEST_FAIL;
    }
    enum test_result r = t->result == TEST_FAIL ? TEST_FAIL : any && (j->c->trusts_lab || !intercepts(j)) ? TEST_PASS : TEST_SKIP;
    test_is(t, r, strcmp(words[0], words[1]) == 0 ? words[0] : arena_printf(j->a, "1.0: %s; 1.1: %s", words[0], words[1]));
}

/* ------------------------------------------------------------------------------------ what it offers */

/* What is offered of suites that break TLS: F, or of old ones: C. */
static char weakness(const struct client_hello *c, struct text *t)
{
    static const struct {
        const char *part, *word;
        char        costs;
    } kinds[] = { { "_anon_", "anonymous suites", 'F' }, { "_NULL_", "suites without encryption", 'F' }, { "EXPORT", "export suites", 'F' },
                  { "_RC4_", "RC4", 'C' }, { "3DES", "3DES", 'C' }, { "_DES_", "DES", 'C' }, { "_RC2_", "RC2", 'C' } };
    char worst = '\0';
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        for (size_t i = 0; i < c->suites.n; i++) {
            const struct suite *s = suite_of(c->suites.v[i]);
            if (s == NULL || s->kex == KEX_TLS13 || strstr(s->name, kinds[k].part) == NULL)
                continue;
            text_printf(t, "%s%s", t->n != 0 ? ", " : "", kinds[k].word);
            worst = kinds[k].costs > worst ? kinds[k].costs : worst;
            break;
        }
    }
    return worst;
}

/* The first suite that is none of TLS 1.3: does it keep what was said secret when the key becomes known? */
static bool secret_first(const struct client_hello *c)
{
    for (size_t i = 0; i < c->suites.n; i++) {
        const struct suite *s = suite_of(c->suites.v[i]);
        if (s != NULL && s->kex != KEX_TLS13 && !is_grease((uint16_t)s->id))
            return s->kex != KEX_RSA && s->kex != KEX_DH && s->kex != KEX_ECDH;
    }
    return true;
}

void judge_offer(const struct proxy_judging *j, struct proxy_test *t)
{
    const struct proxy_fact *good = &j->p->ask[ASK_GOOD], *large = &j->p->ask[ASK_LARGE];
    const struct client_hello *c = good->upstream != NULL ? good->upstream : large->upstream;
    struct text s = { 0 };
    if (!intercepts(j) || c == NULL) {
        test_is(t, TEST_SKIP, j->p->target != NULL ? "a server of the lab's is needed to see it" : intercepts(j) ? "no hello of its own was seen" : "it makes no hello of its own");
        return;
    }
    char worst = weakness(c, &s);
    bool shown_13 = offers_version(c, 0x0304) || (large->upstream != NULL && offers_version(large->upstream, 0x0304));
    bool no_13 = !shown_13 && large->upstream != NULL; /* the hello of a client that has no 1.3 itself says nothing */
    if (c->v2_format) {
        text_printf(&s, "%sa hello of SSL 2.0", s.n != 0 ? ", " : "");
        worst = 'F';
    }
    if (!secret_first(c))
        text_printf(&s, "%skey exchange without forward secrecy first", s.n != 0 ? ", " : "");
    if (no_13)
        text_printf(&s, "%sno TLS 1.3", s.n != 0 ? ", " : "");
    test_costs(t, GRADE_SECURITY, worst != '\0' ? worst : no_13 || !secret_first(c) ? 'B' : 'A');
    test_is(t, worst != '\0' ? TEST_FAIL : TEST_PASS, s.n != 0 ? arena_printf(j->a, "it offers %s", s.s) : "nothing weak");
    text_free(&s);
}

void judge_bad_origins(const struct proxy_judging *j, struct proxy_test tests[PROXY_TESTS])
{
    for (size_t i = 0; i < ARRAY_LEN(bad_origins); i++)
        judge_bad_origin(j, &bad_origins[i], &tests[bad_origins[i].test - 1]);
}
