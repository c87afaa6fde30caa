/* stress_test.c - certificates and chains made to cost much: bombs of nested ASN.1, names without end, a thousand
 * certificates, cross certificates in circles. Work is counted, not timed: issuers and names compared, bytes kept. */
#include <stdlib.h>
#include <time.h>

#include "der_out.h"
#include "tlswhy/trust.h"

static const char ed25519[] = "300506032b6570"; /* nobody here checks it, so every issuer of the right name will do */

/* What the parts of a certificate are filled with. */
struct parts {
    const char *issuer, *subject;
    unsigned key;          /* tells keys apart */
    size_t common_names;   /* of the subject, each in an RDN of its own; 0 = one */
    size_t name_len;       /* of its last one; 0 = as `subject` is */
    size_t sans;           /* DNS names */
    size_t trees;          /* name constraints */
    size_t extensions;     /* of a private kind */
    size_t depth;          /* SEQUENCEs in each other, in an extension */
    size_t oid_len;        /* octets of an extension's OID */
    bool ca;
};

static void put_name(struct der_out *o, const char *cn, size_t times, size_t len)
{
    size_t name = o->n;
    for (size_t i = 0; i < times; i++) {
        size_t rdn = o->n, text;
        put_hex(o, "0603550403");
        text = o->n;
        put(o, cn, strlen(cn));
        for (size_t k = strlen(cn); i + 1 == times && k < len; k++)
            put(o, "x", 1);
        wrap(o, text, 0x0c);
        wrap(o, rdn, 0x30);
        wrap(o, rdn, 0x31);
    }
    wrap(o, name, 0x30);
}

/* An extension around all from `value` on. */
static void wrap_extension(struct der_out *o, size_t start, size_t value)
{
    wrap(o, value, 0x04);
    wrap(o, start, 0x30);
}

static void put_dns_names(struct der_out *o, size_t n, uint8_t outer)
{
    size_t list = o->n;
    char name[32];
    for (size_t i = 0; i < n; i++) {
        size_t one = o->n;
        int len = snprintf(name, sizeof name, "n%zu.example", i);
        put(o, name, (size_t)len);
        wrap(o, one, 0x82);
        if (outer == 0xa0)
            wrap(o, one, 0x30);
    }
    wrap(o, list, outer);
}

static void put_extensions(struct der_out *o, const struct parts *p)
{
    size_t all = o->n, start = o->n, value;
    put_hex(o, "0603551d13"); /* basicConstraints */
    value = o->n;
    put_hex(o, p->ca ? "30030101ff" : "3000");
    wrap_extension(o, start, value);
    if (p->sans != 0) {
        start = o->n;
        put_hex(o, "0603551d11");
        value = o->n;
        put_dns_names(o, p->sans, 0x30);
        wrap_extension(o, start, value);
    }
    if (p->trees != 0) {
        start = o->n;
        put_hex(o, "0603551d1e");
        value = o->n;
        put_dns_names(o, p->trees, 0xa0); /* permitted */
        wrap(o, value, 0x30);
        wrap_extension(o, start, value);
    }
    for (size_t i = 0; i < p->extensions; i++) {
        start = o->n;
        put_hex(o, "06032a0304");
        put_hex(o, "0400");
        wrap(o, start, 0x30);
    }
    if (p->oid_len != 0) {
        start = o->n;
        for (size_t i = 0; i < p->oid_len; i++)
            put(o, i + 1 < p->oid_len ? "\xff" : "\x7f", 1);
        wrap(o, start, 0x06);
        put_hex(o, "0400");
        wrap(o, start, 0x30);
    }
    if (p->depth != 0) {
        start = o->n;
        put_hex(o, "0603551d11"); /* as a SAN, whose reader has to look inside */
        value = o->n;
        for (size_t i = 0; i < p->depth; i++)
            put_hex(o, "30830f0000"); /* each claims far more than there is */
        wrap(o, value, 0x30);
        wrap_extension(o, start, value);
    }
    wrap(o, all, 0x30);
    wrap(o, all, 0xa3);
}

static void make(struct der_out *o, const struct parts *p)
{
    size_t key;
    o->n = 0;
    put_hex(o, "a003020102020101"); /* version 3, serial 1 */
    put_hex(o, ed25519);
    put_name(o, p->issuer, 1, 0);
    put_hex(o, "301e170d3230303130313030303030305a170d3439303130313030303030305a"); /* 2020 to 2049 */
    put_name(o, p->subject, p->common_names != 0 ? p->common_names : 1, p->name_len);
    key = o->n;
    put_hex(o, ed25519);
    put_hex(o, "032100");
    for (int i = 0; i < 32; i++)
        put(o, &(uint8_t){ (uint8_t)(p->key >> (i % 4 * 8)) }, 1);
    wrap(o, key, 0x30);
    put_extensions(o, p);
    wrap(o, 0, 0x30);
    put_hex(o, ed25519);
    put_hex(o, "0303000000");
    wrap(o, 0, 0x30);
}

static struct der_out out;

static struct cert *intern(struct cert_store *s, const struct parts *p)
{
    make(&out, p);
    return cert_intern(s, out.b, out.n);
}

/* ---- reading */

/* CPU time of the digest of these bytes, and of reading them: the least of some runs. */
static double digest_time(const struct der_out *o)
{
    double least = 1e9;
    uint8_t hash[DIGEST_MAX];
    for (int i = 0; i < 5; i++) {
        clock_t t = clock();
        for (int k = 0; k < 20; k++)
            digest_of(HASH_SHA256, o->b, o->n, hash);
        double now = (double)(clock() - t) / 20;
        least = now < least ? now : least;
    }
    return least;
}

static double read_time(const struct der_out *o, size_t *kept)
{
    double least = 1e9;
    for (int i = 0; i < 5; i++) {
        struct cert_store *s = cert_store_new();
        struct arena a = { 0 };
        clock_t t = clock();
        struct cert *c = cert_intern(s, o->b, o->n);
        x509_name_text(&a, &c->subject);
        cert_short_name(&a, c);
        double now = (double)(clock() - t);
        least = now < least ? now : least;
        *kept = cert_store_bytes(s) + a.used;
        arena_free(&a);
        cert_store_free(s);
    }
    return least;
}

static void reading(void)
{
    static const struct {
        const char *what;
        struct parts p;
    } t[] = {
        { "an ordinary one", { .sans = 3 } },
        { "a common name of 100 KB", { .name_len = 100 * 1024 } },
        { "4,000 common names", { .common_names = 4000 } },
        { "4,000 DNS names", { .sans = 4000 } },
        { "3,000 constraints", { .trees = 3000 } },
        { "5,000 times the same extension", { .extensions = 5000 } },
        { "an OID of 60 KB", { .oid_len = 60 * 1024 } },
        { "12,000 SEQUENCEs in each other", { .depth = 12000 } },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct parts p = t[i].p;
        size_t kept = 0;
        p.issuer = p.subject = "A";
        make(&out, &p);
        double spent = read_time(&out, &kept), allowed = 10 * digest_time(&out) + 1000; /* microseconds */
        if (spent > allowed || kept > 16 * out.n + 65536)
            printf("\n%s: %zu octets: %zu kept, %.0f us spent, %.0f allowed\n", t[i].what, out.n, kept, spent, allowed);
        CU_ASSERT(kept <= 16 * out.n + 65536);
        CU_ASSERT(spent <= allowed);
    }
}

/* Nothing but openings, and lengths that promise what is not there. */
static void bombs(void)
{
    static const uint8_t units[][6] = { { 0x30, 0x80 }, { 0x30, 0x84, 0xff, 0xff, 0xff, 0xff }, { 0x30, 0x83, 0x0f, 0, 0 },
                                        { 0x31, 0x02 }, { 0xa3, 0x82, 0xff, 0xff } };
    static const size_t lens[] = { 2, 6, 5, 2, 4 };
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        struct cert_store *s = cert_store_new();
        out.n = 0;
        while (out.n + lens[i] <= 200000)
            put(&out, units[i], lens[i]);
        CU_ASSERT(cert_intern(s, out.b, out.n)->malformed);
        wrap(&out, 0, 0x30);
        wrap(&out, 0, 0x30);
        CU_ASSERT(cert_intern(s, out.b, out.n)->malformed);
        CU_ASSERT(cert_store_bytes(s) < 3 * 200000);
        cert_store_free(s);
    }
}

/* ---- searching */

enum { MOST_COMPARED = 9 << 17, MOST_KEPT = 2 << 20 };

static void search(const char *what, struct cert_store *s, struct cert **sent, size_t n, struct cert **anchor, size_t anchors_n)
{
    struct arena a = { 0 };
    struct anchors anchors = { .v = anchor, .n = anchors_n, .name = "test", .clients_own = true };
    struct trust_question q = { .store = s, .certs = sent, .n = n, .anchors = &anchors, .time = INT64_C(1700000000),
                                .name = "www.example", .name_len = 11 };
    struct chain c;
    chain_judge(&q, &a, &c);
    if (c.compared > MOST_COMPARED || a.used > MOST_KEPT)
        printf("\n%s: %zu compared, %zu octets kept, %s %s\n", what, c.compared, a.used, verdict_name(c.verdict), c.primary);
    CU_ASSERT(c.compared <= MOST_COMPARED);
    CU_ASSERT(a.used <= MOST_KEPT);
    CU_ASSERT(c.verdict != CHAIN_OK); /* none of these leads anywhere */
    arena_free(&a);
}

enum { MANY = 1000 };

static void thousand(void)
{
    struct cert_store *s = cert_store_new();
    struct cert *sent[MANY], *root[1];
    char issuer[16], subject[16];
    for (unsigned i = 0; i < MANY; i++) { /* one long way */
        snprintf(subject, sizeof subject, "C%u", i);
        snprintf(issuer, sizeof issuer, "C%u", i + 1);
        sent[i] = intern(s, &(struct parts){ .issuer = issuer, .subject = subject, .key = i, .ca = i != 0 });
    }
    root[0] = intern(s, &(struct parts){ .issuer = "Other", .subject = "Other", .key = MANY, .ca = true });
    search("one long chain", s, sent, MANY, root, 1);
    for (unsigned i = 0; i < MANY; i++) /* all of one name, each with a key of its own */
        sent[i] = intern(s, &(struct parts){ .issuer = "Same", .subject = "Same", .key = i, .ca = true });
    search("a thousand of one name", s, sent, MANY, root, 1);
    for (unsigned i = 1; i < MANY; i++)
        sent[i] = sent[0];
    search("a thousand times the same", s, sent, MANY, root, 1);
    cert_store_free(s);
}

/* Each of twenty CAs is certified by each of the others: ways without number, all in circles. */
static void circles(void)
{
    enum { CAS = 20 };
    struct cert_store *s = cert_store_new();
    struct cert *sent[1 + CAS * CAS], *root[1];
    char issuer[16], subject[16];
    size_t n = 0;
    sent[n++] = intern(s, &(struct parts){ .issuer = "CA0", .subject = "www.example", .key = 99 });
    for (unsigned i = 0; i < CAS; i++)
        for (unsigned k = 0; k < CAS; k++) {
            snprintf(subject, sizeof subject, "CA%u", i);
            snprintf(issuer, sizeof issuer, "CA%u", k);
            if (i != k)
                sent[n++] = intern(s, &(struct parts){ .issuer = issuer, .subject = subject, .key = i, .ca = true });
        }
    root[0] = intern(s, &(struct parts){ .issuer = "Other", .subject = "Other", .key = 98, .ca = true });
    search("cross certificates in circles", s, sent, n, root, 1);
    search("two in a circle", s, sent, 3, root, 1);
    cert_store_free(s);
}

/* Many names below many constraints, on many ways. */
static void constraints(void)
{
    enum { WAYS = 30 };
    struct cert_store *s = cert_store_new();
    struct cert *sent[1 + WAYS], *root[1];
    sent[0] = intern(s, &(struct parts){ .issuer = "CA", .subject = "www.example", .key = 99, .sans = 300 });
    for (unsigned i = 0; i < WAYS; i++)
        sent[1 + i] = intern(s, &(struct parts){ .issuer = "Root", .subject = "CA", .key = i, .trees = 300, .ca = true });
    root[0] = intern(s, &(struct parts){ .issuer = "Root", .subject = "Root", .key = 98, .ca = true });
    search("names and constraints", s, sent, 1 + WAYS, root, 1);
    cert_store_free(s);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("stress", NULL, NULL);
    CU_add_test(suite, "reading what is large", reading);
    CU_add_test(suite, "bombs", bombs);
    CU_add_test(suite, "a thousand certificates", thousand);
    CU_add_test(suite, "circles", circles);
    CU_add_test(suite, "names and constraints", constraints);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
