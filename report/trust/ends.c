/* How a path ends short of an anchor, and what the server sent beside it. */
#include "judge.h"

#include <string.h>

static const char *anchors_text(struct judge *j)
{
    const struct anchors *a = j->q->anchors;
    if (a == NULL || a->n == 0)
        return "no list of trusted roots was at hand";
    size_t n = a->limits != 0 ? a->limits : a->n;
    return arena_printf(j->a, "not in the list used (%zu root%s, %s)", n, n == 1 ? "" : "s",
                        a->name != NULL ? a->name : "unnamed");
}

/* Only the client's own list makes an absent root an error: other lists may lack what the client has. */
static enum severity absent_root(const struct judge *j)
{
    return j->q->anchors != NULL && j->q->anchors->clients_own ? SEV_ERROR : SEV_WARNING;
}

/* An issuer that was not sent may be in a list of digests all the same, where not all its certificates are at hand. */
static enum severity absent_issuer(const struct judge *j)
{
    const struct anchors *a = j->q->anchors;
    return a != NULL && a->limits > a->n ? SEV_WARNING : absent_root(j);
}

static void end_self_signed(struct judge *j, const struct cert *c)
{
    if (j->path.n == 1)
        problem_add(j, "self_signed_leaf", 0, "%s is signed by itself, and is no trust anchor here (%s)",
                    who(j, c), anchors_text(j));
    else
        problem_add_as(j, "untrusted_root", absent_root(j), (int)j->path.n - 1,
                       "the chain ends in the self-signed %s, which is %s", who(j, c), anchors_text(j));
}

/* The root is in a Windows list, and the list says what it is good for. */
static void end_limited(struct judge *j, const struct cert *root)
{
    const struct root_limit *l = j->q->anchors != NULL ? anchors_limit(j->q->anchors, root) : NULL;
    const struct cert       *leaf = path_cert(j, 0);
    int                      last = (int)j->path.n - 1;
    char                     date[40];
    if (root->not_for_servers)
        problem_add(j, "distrusted", last, "%s is in the list used, but its trust settings there (TRUSTED CERTIFICATE) keep it "
                    "from vouching for TLS servers", who(j, root))->fix =
            "Client: trust this root for TLS servers, too, if its owner means it for them; or server: get a certificate from "
            "another CA.";
    if (l == NULL)
        return;
    if (!l->servers)
        problem_add(j, "distrusted", last, "%s is in %s, but not for TLS servers", who(j, root), j->q->anchors->name);
    if (l->has_refused_from && j->q->time >= l->refused_from) {
        time_rfc3339_s(date, l->refused_from);
        const char *since = l->refused_from > 0 ? arena_printf(j->a, " since %s", date) : "";
        problem_add(j, "distrusted", last, "%s refuses %s%s", j->q->anchors->name, who(j, root), since);
    }
    if (l->has_not_before && leaf->not_before.ok && leaf->not_before.s >= l->not_before) {
        time_rfc3339_s(date, l->not_before);
        problem_add(j, "distrusted", last, "%s takes certificates below %s only where they were made before %s",
                    j->q->anchors->name, who(j, root), date);
    }
}

static const char *fetch_hint(struct judge *j, const struct cert *c)
{
    if (c->aia_issuers.n == 0)
        return "";
    return arena_printf(j->a, "; the certificate says where to get it: %s (Windows and some others fetch "
                              "it, OpenSSL, Java and phones do not)",
                        safe_str(j->a, c->aia_issuers.v[0].p, c->aia_issuers.v[0].n));
}

static const struct x509_attr *organisation(const struct x509_name *n)
{
    for (size_t i = 0; i < n->n; i++)
        if (strcmp(n->attr[i].type, "O") == 0 && n->attr[i].len != 0)
            return &n->attr[i];
    return NULL;
}

/* Names that those who run CAs of several tiers give to the ones below the root. */
static bool calls_itself_lower(const char *name)
{
    static const char *const words[] = { "policy", "issuing", "intermediate", "subordinate", "sub ca", "sub-ca" };
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strcasestr(name, words[i]) != NULL)
            return true;
    return false;
}

/* A trusted root of the same organisation as this issuer, where the issuer does not call itself a root; NULL: none. */
static const struct cert *root_of_house(const struct judge *j, const struct x509_name *issuer)
{
    const struct x509_attr *house = organisation(issuer);
    const char             *name = x509_name_short(j->a, issuer);
    if (strcasestr(name, "root") != NULL && !calls_itself_lower(name))
        return NULL;
    for (size_t i = 0; house != NULL && j->q->anchors != NULL && i < j->q->anchors->n; i++) {
        const struct x509_attr *o = organisation(&j->q->anchors->v[i]->subject);
        if (o != NULL && o->len == house->len && memcmp(o->value, house->value, o->len) == 0)
            return j->q->anchors->v[i];
    }
    return NULL;
}

/* The last certificate's issuer is not there. After a leaf alone, an intermediate must be missing. After a CA
 * certificate it may be the root that the client lacks, or one more intermediate; where the client trusts a root
 * of the same organisation and the name does not say "root", the latter is more likely. */
static void end_no_issuer(struct judge *j, const struct cert *c)
{
    int                last = (int)j->path.n - 1;
    const char        *issuer = x509_name_short(j->a, &c->issuer);
    const struct cert *root = root_of_house(j, &c->issuer);
    if (j->path.impostor != NULL)
        problem_add(j, "missing_intermediate", last,
                    "the issuer of %s, \"%s\", was not sent; a certificate of that name was, but with "
                    "another key%s", who(j, c), issuer, fetch_hint(j, c));
    else if (last == 0 && c->self_issued)
        problem_add(j, "self_signed_leaf", last, "%s names itself as its issuer, is no trust anchor here (%s), and does not fit "
                    "its own key: it was changed, or another key of the same name signed it", who(j, c), anchors_text(j));
    else if (last == 0)
        problem_add(j, "missing_intermediate", last, "the issuer of %s, \"%s\", was not sent, and is %s%s",
                    who(j, c), issuer, anchors_text(j), fetch_hint(j, c));
    else if (root != NULL)
        problem_add_as(j, "missing_intermediate", absent_issuer(j), last,
                       "%s was issued by \"%s\", which was not sent and is %s; a root of the same organisation, %s, is "
                       "there, so one more intermediate seems to be missing, unless this is another root%s",
                       who(j, c), issuer, anchors_text(j), who(j, root), fetch_hint(j, c))->unsure = true;
    else
        problem_add_as(j, "untrusted_root", absent_issuer(j), last,
                       "%s was issued by \"%s\", which was not sent and is %s; that may be the root, or one "
                       "more intermediate%s", who(j, c), issuer, anchors_text(j),
                       fetch_hint(j, c))->unsure = true;
}

static void end_bad_signature(struct judge *j, const struct cert *c)
{
    problem_add(j, "bad_signature", (int)j->path.n - 1,
                "the signature of %s does not fit the key of its issuer %s: one of the two was changed, or "
                "the issuer's key is another%s", who(j, c), who(j, j->path.impostor),
                c->sig_kind == SIG_RSA_PSS && j->path.impostor->key_pss.kind == SIG_RSA_PSS
                ? "; or the signature breaks the PSS parameters that this key is bound to (RFC 4055 section 3.3)" : "");
}

/* The key signed, but the identifiers say that it is another: OpenSSL and GnuTLS go by them when they look for an issuer. */
static void check_key_id(struct judge *j, int step, const struct cert *child, const struct cert *issuer)
{
    if (child->aki.p == NULL || issuer->ski.p == NULL || bytes_equal(child->aki, issuer->ski))
        return;
    struct chain_problem *p = problem_add(j, "missing_intermediate", step,
                "the authority key identifier of %s is not the subject key identifier of its issuer %s, whose key did sign it: "
                "OpenSSL and GnuTLS go on looking for another issuer, Java and Go do not", who(j, child), who(j, issuer));
    p->unsure = true;
    p->fix = "The CA: issue one of the two again, so that both have one key identifier; server: send that issuer certificate "
             "which has the identifier asked for, if there is one.";
}

void check_end(struct judge *j)
{
    const struct cert *last = path_cert(j, j->path.n - 1);
    switch (j->path.end) {
    case END_ANCHOR: end_limited(j, last); break;
    case END_SELF_SIGNED: end_self_signed(j, last); break;
    case END_NO_ISSUER:
        if (!last->malformed)
            end_no_issuer(j, last);
        break;
    case END_BAD_SIGNATURE: end_bad_signature(j, last); break;
    case END_LIMIT:
        problem_add(j, "unsupported_by_tool", -1,
                    "the certificates sent allow more paths than are searched here");
        break;
    }
    for (size_t i = 1; i < j->path.n; i++) {
        const struct cert *child = path_cert(j, i - 1);
        check_key_id(j, (int)i - 1, child, path_cert(j, i));
        if (strcmp(j->path.step[i].from, "pool") == 0)
            problem_add(j, "missing_intermediate", (int)i - 1,
                        "the issuer of %s, %s, was not sent; with it the chain would go on%s",
                        who(j, child), who(j, path_cert(j, i)), fetch_hint(j, child));
    }
}

/* ---- what was sent ---- */

static int step_of(const struct judge *j, const struct cert *c)
{
    for (size_t i = 0; i < j->path.n; i++)
        if (path_cert(j, i) == c)
            return (int)i;
    return -1;
}

static bool is_ca(const struct cert *c) { return c->has_bc && c->ca; }

static struct chain_problem *about_sent(struct chain_problem *p, size_t i)
{
    if (p != NULL) {
        p->cert = (int)i;
        p->role = "intermediate";
    }
    return p;
}

/* A root that clients have or would have: an anchor, or the self-signed form of where the path ends. */
static bool is_root(const struct judge *j, const struct cert *c)
{
    const struct cert *top = path_cert(j, j->path.n - 1);
    return is_anchor(j->q, c) || (c->self_issued && names_equal(&c->subject, &top->subject));
}

/* A sent certificate that the path does without. */
static void check_unused(struct judge *j, size_t i)
{
    const struct cert *c = j->q->certs[i];
    if (c->malformed)
        about_sent(problem_add_as(j, "malformed", SEV_WARNING, -1,
                                  "certificate %zu of the message does not decode (%s); %s", i + 1, c->broken,
                                  j->path.end == END_ANCHOR ? "the chain works without it, but many clients refuse the whole message"
                                                            : "it may be the issuer that the chain lacks, and many clients refuse the whole message"),
                                  i);
    else if (is_root(j, c))
        about_sent(problem_add(j, "root_sent", -1, "the root %s was sent; clients have their own", who(j, c)),
                   i);
    else if (is_ca(c) && c->not_after.ok && c->not_after.s < j->q->time)
        about_sent(problem_add(j, "expired_cross_sign", -1,
                               "%s was sent and is expired; the chain works without it", who(j, c)), i);
    else if (j->path.end == END_ANCHOR) /* without a whole path nobody can say what is needed */
        about_sent(problem_add(j, "extra_certs", -1, "%s was sent and is not needed", who(j, c)), i);
}

/* The first certificate is a CA's, and not for the name asked for: is the right one further down? */
static void check_first(struct judge *j, const struct cert *first)
{
    const struct trust_question *q = j->q;
    for (size_t i = 1; i < q->n; i++) {
        if (is_ca(q->certs[i]) || !cert_matches_name(q->certs[i], q->name, q->name_len, NULL))
            continue;
        problem_add(j, "wrong_leaf", 0,
                    "the first certificate is that of the CA %s; the one for the name asked for, %s, comes "
                    "as number %zu",
                    who(j, first), who(j, q->certs[i]), i + 1);
        return;
    }
}

void check_sent(struct judge *j)
{
    const struct trust_question *q = j->q;
    const struct cert           *leaf = q->certs[0];
    int                          before = 0;
    bool                         disorder = false;
    for (size_t i = 1; i < q->n; i++) {
        const struct cert *c = q->certs[i];
        int                first = sent_index(q, c), step = step_of(j, c);
        if (first != (int)i)
            about_sent(problem_add(j, "duplicate_certs", -1, "%s was sent twice", who(j, c)), i);
        else if (step < 0)
            check_unused(j, i);
        else if (is_anchor_step(j, (size_t)step) && c->self_issued)
            about_sent(problem_add(j, "root_sent", -1, "the root %s was sent; clients have their own",
                                   who(j, c)), i);
        disorder |= step >= 0 && step < before;
        before = step > before ? step : before;
    }
    if (disorder)
        problem_add(j, "wrong_order", -1, "the certificates were not sent leaf first, then each issuer");
    if (q->name != NULL && is_ca(leaf) && !cert_matches_name(leaf, q->name, q->name_len, NULL))
        check_first(j, leaf);
}
