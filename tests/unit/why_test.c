/* report/why/why.c: the list of causes, its pages, and how findings are ranked and filled. */
#include "sample.h"
#include "../needs.h"
#include "../../report/why/rules.h"
#include "tlswhy/profile.h"

#include <fnmatch.h>

static void causes(void)
{
    for (size_t i = 0; cause_at(i) != NULL; i++) {
        const struct cause *c = cause_at(i);
        CU_ASSERT_PTR_EQUAL(cause_of(c->code), c); /* no code twice */
        CU_ASSERT_TRUE(c->brief[0] != '\0' && c->meaning[0] != '\0' && c->proof[0] != '\0');
        CU_ASSERT_TRUE(strcmp(c->side, "-") == 0 || strcmp(c->code, "ok") != 0);
    }
    CU_ASSERT_PTR_NULL(cause_of("no-such-cause"));
}

static void rules(void)
{
    for (size_t i = 0; rule_at(i) != NULL; i++) {
        CU_ASSERT_PTR_NOT_NULL(cause_of(rule_at(i)->cause));
        for (size_t k = 0; k < i; k++)
            CU_ASSERT_STRING_NOT_EQUAL(rule_at(k)->id, rule_at(i)->id);
    }
}

static bool listed(const char *const *list, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i], word) == 0)
            return true;
    }
    return false;
}

/* Whatever is known of a handshake, there is one finding, complete and in itself consistent. */
static void always_one_finding(void)
{
    static const unsigned known[] = { 0, KNOW_CLIENT_HELLO, KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | KNOW_BOTH_SIDES, ~0u };
    for (enum outcome o = OUTCOME_ESTABLISHED; o <= OUTCOME_NOT_OPENED; o++) {
        for (size_t i = 0; i < ARRAY_LEN(known) * 2; i++) {
            struct handshake *h = sample_new(bytes_of("a.example", 9));
            struct finding    f = { 0 };
            h->outcome = o;
            h->known = known[i / 2];
            if (i % 2 == 1) {
                h->prelude = (struct prelude){ 0 };
                h->plain[SERVER] = (struct plain){ 0 };
            }
            why_explain(h, NULL, &h->arena, &f);
            CU_ASSERT_PTR_NULL(undue_rule(h, NULL, &h->arena));
            CU_ASSERT_PTR_NOT_NULL_FATAL(cause_of(f.cause));
            CU_ASSERT_TRUE(f.why != NULL && f.why[0] != '\0' && f.sure >= POSSIBLE && f.sure <= CERTAIN);
            CU_ASSERT_TRUE(f.evidence_n >= 1 && f.evidence_n <= FINDING_LIST);
            CU_ASSERT_FALSE(listed(f.alternatives, f.alternatives_n, f.cause));
            CU_ASSERT_FALSE(listed(f.ruled_out, f.ruled_out_n, f.cause));
            bool decisive = false;
            for (size_t k = 0; k < f.evidence_n; k++)
                decisive |= f.evidence[k].frame == f.decisive;
            CU_ASSERT_TRUE(decisive);
            if (o == OUTCOME_INCOMPLETE && f.sure != CERTAIN && strcmp(f.cause, "capture-incomplete") != 0)
                CU_FAIL("a guess about a capture that is not whole");
            sample_free(h);
        }
    }
}

static void plain_results(void)
{
    struct handshake *h = sample_new(bytes_of("a.example", 9));
    struct finding    f = { 0 };
    h->prelude = (struct prelude){ 0 };
    h->plain[SERVER] = (struct plain){ 0 };
    h->outcome = OUTCOME_ESTABLISHED;
    h->close = (struct closing){ 0 };
    h->side[CLIENT].app_records = h->side[SERVER].app_records = 3;
    CU_ASSERT_TRUE(ended_well(h));
    why_explain(h, NULL, &h->arena, &f);
    CU_ASSERT_STRING_EQUAL(f.cause, "ok");
    CU_ASSERT_EQUAL(finding_result(h, &f), RESULT_SUCCESS);
    CU_ASSERT_FALSE(finding_counts(h, &f));

    struct handshake *mid = sample_new((struct bytes){ 0 });
    mid->known = KNOW_BOTH_SIDES;
    mid->prelude = (struct prelude){ 0 };
    mid->plain[SERVER] = (struct plain){ 0 };
    mid->outcome = OUTCOME_INCOMPLETE;
    why_explain(mid, NULL, &mid->arena, &f);
    CU_ASSERT_STRING_EQUAL(f.cause, "capture-incomplete");
    CU_ASSERT_EQUAL(finding_result(mid, &f), RESULT_UNCLEAR);
    CU_ASSERT_FALSE(finding_counts(mid, &f));
    sample_free(mid);
    sample_free(h);
}

/* What proves something in a whole capture is no proof where bytes are missing. */
static void holes_lower(void)
{
    struct handshake *h = sample_new(bytes_of("a.example", 9));
    struct alert      alert = { .where.frame = 42, .from = SERVER, .level = 2, .number = ALERT_UNRECOGNIZED_NAME };
    struct finding    f = { 0 };
    h->prelude = (struct prelude){ 0 };
    h->plain[SERVER] = (struct plain){ 0 };
    h->outcome = OUTCOME_ABORTED_BY_SERVER;
    h->known &= ~(unsigned)(KNOW_SERVER_HELLO | KNOW_WHOLE_SERVER);
    h->tcp.bytes[SERVER] = 7;
    h->tcp.missing[SERVER] = 100;
    h->alerts = &alert;
    h->alert_count = 1;
    why_explain(h, NULL, &h->arena, &f);
    CU_ASSERT_NOT_EQUAL(f.sure, CERTAIN);
    sample_free(h);
}

/* What a page has for systems comes first for these, and not at all for others where it has something better. */
static void fixes_fit_the_client(void)
{
    static const struct { const char *cause, *client, *first, *never; } t[] = {
        { "sha2-unsupported", "winsrv2008sp2", "Windows Server 2008 SP2", "KB938397" },
        { "sha2-unsupported", "winxp-ie8", "Windows Server 2003", "KB4474419" },
        { "sha2-unsupported", "android404", "Client, Windows Server 2003", NULL }, /* nothing for it: all is shown */
        { "protocol-version", "winsrv2008sp2", "KB4019276", "Java 7" },
        { "protocol-version", "java7u25", "Java 7", "KB4019276" },
        { "protocol-version", "android404", "Client: ", "Client, " },
        { "cert-untrusted-root", "winsrv2008sp2", "Windows Server 2008 SP2", "NODE_EXTRA" },
        { "cert-untrusted-root", "curl-debian12", "update-ca-certificates", "certlm.msc" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake   *h = sample_new(bytes_of("a.example", 9));
        struct client_match match = client_match_of(profile_named(t[i].client));
        struct case_file    c = { .h = h, .arena = &h->arena };
        struct finding      f = { .rule = "test", .cause = t[i].cause, .side = BLAME_CLIENT, .sure = LIKELY };
        h->client = &match;
        finding_complete(&c, &f);
        CU_ASSERT_FATAL(f.fix_n > 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(f.fix[0], t[i].first));
        for (size_t k = 0; t[i].never != NULL && k < f.fix_n; k++)
            CU_ASSERT_PTR_NULL(strstr(f.fix[k], t[i].never));
        sample_free(h);
    }
}

static bool some_profile(const char *pattern)
{
    for (size_t i = 0; profile_at(i) != NULL; i++) {
        if (fnmatch(pattern, profile_at(i)->id, 0) == 0)
            return true;
    }
    return false;
}

/* No page speaks of a client that nobody knows. */
static void pages_name_known_clients(void)
{
    char one[64];
    for (size_t i = 0; cause_at(i) != NULL; i++) {
        const struct cause *c = cause_at(i);
        for (size_t k = 0; c->fix[k] != NULL; k++) {
            CU_ASSERT_PTR_NULL(strpbrk(c->fix[k], "{}"));
            const char *rest = c->fix_for[k];
            for (int used = 0; sscanf(rest, "%63s%n", one, &used) == 1; rest += used)
                CU_ASSERT_TRUE(some_profile(one));
        }
    }
}

static void worth(void)
{
    struct peers     *others = peers_new();
    struct handshake *h = sample_new((struct bytes){ 0 });
    h->known = 0;
    h->tls_seen[CLIENT] = h->tls_seen[SERVER] = false;
    h->prelude = (struct prelude){ 0 };
    h->plain[SERVER] = (struct plain){ 0 };
    h->outcome = OUTCOME_NOT_OPENED;
    h->ends[SERVER].port = 22;
    peers_add(others, h);
    CU_ASSERT_TRUE(worth_showing(h, others)); /* nothing else in the capture */
    struct handshake *ssh = sample_new((struct bytes){ 0 });
    *ssh = (struct handshake){ .outcome = OUTCOME_NOT_TLS, .ends = { h->ends[0], h->ends[1] }, .arena = ssh->arena };
    peers_add(others, ssh);
    CU_ASSERT_FALSE(worth_showing(h, others));
    CU_ASSERT_FALSE(worth_showing(ssh, others));
    h->ends[SERVER].port = 993;
    CU_ASSERT_TRUE(worth_showing(h, others));
    sample_free(ssh);
    sample_free(h);
    peers_free(others);
}

int main(void)
{
    return run_tests("why", (CU_TestInfo[]){ { "causes", causes }, { "rules", rules }, { "always one finding", always_one_finding },
                                             { "plain results", plain_results }, { "holes lower", holes_lower }, { "worth showing", worth },
                                             { "fixes fit the client", fixes_fit_the_client }, { "pages name known clients", pages_name_known_clients },
                                             CU_TEST_INFO_NULL });
}
