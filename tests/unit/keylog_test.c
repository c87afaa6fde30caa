/* keylog_test.c - key log text, tolerant and bounded; and recordings read with all, some, wrong and no secrets. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "tlswhy/capture.h"
#include "tlswhy/keylog.h"
#include "tlswhy/observe.h"
#include "tlswhy/tls.h"

#define RANDOM_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define S32 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define S48 S32 "2122232425262728292a2b2c2d2e2f30"

static const uint8_t random_a[32] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff,
                                      0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };

static struct bytes text_of(const char *s) { return (struct bytes){ (const uint8_t *)s, strlen(s) }; }

static bool ask(struct keylog *k, const uint8_t *random, size_t n, struct tls13_secrets *out)
{
    struct handshake h = { .hello.random = { random, n } };
    return keylog_secrets(k, &h, out);
}

static void lines(void)
{
    static const struct { const char *name, *text; size_t known, master, handshake; } t[] = {
        { "TLS 1.2", "CLIENT_RANDOM " RANDOM_A " " S48 "\n", 1, 48, 0 },
        { "TLS 1.3", "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM_A " " S32 "\n", 1, 0, 32 },
        { "TLS 1.3 with SHA-384", "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM_A " " S48 "\n", 1, 0, 48 },
        { "no newline at the end", "CLIENT_RANDOM " RANDOM_A " " S48, 1, 48, 0 },
        { "CRLF", "# c\r\n\r\nCLIENT_RANDOM " RANDOM_A " " S48 "\r\n", 1, 48, 0 },
        { "blanks", " \tCLIENT_RANDOM\t " RANDOM_A "  " S48 "  \n", 1, 48, 0 },
        { "other labels", "RSA 0011223344556677 " S48 "\nEXPORTER_SECRET " RANDOM_A " " S32 "\nNEW_LABEL " RANDOM_A " " S32 "\n", 2, 0, 0 },
        { "a short random", "CLIENT_RANDOM 0011 " S48 "\n", 0, 0, 0 },
        { "a long random", "CLIENT_RANDOM " RANDOM_A "00 " S48 "\n", 0, 0, 0 },
        { "a short master secret", "CLIENT_RANDOM " RANDOM_A " " S32 "\n", 0, 0, 0 },
        { "a secret of odd length", "CLIENT_RANDOM " RANDOM_A " " S48 "0\n", 0, 0, 0 },
        { "a secret that is too long", "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM_A " " S48 S48 "\n", 0, 0, 0 },
        { "no secret", "CLIENT_RANDOM " RANDOM_A "\n", 0, 0, 0 },
        { "no hex", "CLIENT_RANDOM " RANDOM_A " zz" S48 "\n", 0, 0, 0 },
        { "the first one stays", "CLIENT_RANDOM " RANDOM_A " " S48 "\nCLIENT_RANDOM " RANDOM_A " ff" S32 "22232425262728292a2b2c2d2e2f30\n", 2, 48, 0 },
        { "nothing", "", 0, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct keylog       *k = keylog_new();
        struct tls13_secrets s;
        size_t               known = keylog_learn(k, text_of(t[i].text));
        bool                 found = ask(k, random_a, 32, &s);
        if (known != t[i].known || found != (t[i].master + t[i].handshake != 0) || s.master_len != t[i].master ||
            s.handshake_len[SERVER] != t[i].handshake || (t[i].master != 0 && (s.master[0] != 1 || s.master[47] != 0x30)))
            CU_FAIL(t[i].name);
        CU_ASSERT(keylog_handshakes(k) == found);
        keylog_free(k);
    }
    CU_PASS("lines");
}

/* The random of an SSL 2.0 hello is a challenge of 16 to 32 bytes; in key logs it is filled up in front. */
static void short_random(void)
{
    struct keylog       *k = keylog_new();
    struct tls13_secrets s;
    uint8_t              challenge[16];
    memset(challenge, 0xaa, sizeof challenge);
    keylog_learn(k, text_of("CLIENT_RANDOM 00000000000000000000000000000000aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa " S48 "\n"));
    CU_ASSERT(ask(k, challenge, 16, &s) && s.master_len == 48);
    CU_ASSERT(!ask(k, challenge, 15, &s) && !ask(k, NULL, 0, &s));
    keylog_free(k);
}

static void many(void)
{
    enum { N = 20000 };
    struct keylog       *k = keylog_new();
    struct tls13_secrets s;
    char                 line[256];
    for (unsigned i = 0; i < N; i++) {
        snprintf(line, sizeof line, "CLIENT_RANDOM %08x%056x %08x%s\n", i, 0u, i, S32 "22232425262728292a2b2c2d");
        keylog_learn(k, text_of(line));
    }
    CU_ASSERT(keylog_handshakes(k) == N);
    for (unsigned i = 0; i <= N; i++) {
        uint8_t random[32] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
        bool    found = ask(k, random, 32, &s);
        CU_ASSERT(found == (i < N) && (!found || memcmp(s.master, random, 4) == 0));
    }
    char *blank = mem_get(KEYLOG_LINES_MAX + 1, 1);
    memset(blank, '\n', KEYLOG_LINES_MAX);
    keylog_learn(k, (struct bytes){ (const uint8_t *)blank, KEYLOG_LINES_MAX });
    CU_ASSERT(keylog_learn(k, text_of("CLIENT_RANDOM " RANDOM_A " " S48 "\n")) == 0);
    free(blank);
    keylog_free(k);
}

static void files(void)
{
    static const struct { const char *text; bool ok; } t[] = {
        { "CLIENT_RANDOM " RANDOM_A " " S48 "\n", true }, { "", true }, { "# only this\n\r\n", true }, { "-----BEGIN PRIVATE KEY-----\n", false },
    };
    char path[] = "/tmp/keylog_test.XXXXXX";
    int  fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    FILE *f = fdopen(fd, "w");
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct keylog *k = keylog_new();
        struct err     err = { "" };
        rewind(f);
        CU_ASSERT(ftruncate(fd, 0) == 0 && fputs(t[i].text, f) >= 0 && fflush(f) == 0);
        CU_ASSERT(keylog_read(k, path, &err) == t[i].ok && (err.text[0] == '\0') == t[i].ok);
        CU_ASSERT(strstr(err.text, "BEGIN") == NULL);
        keylog_free(k);
    }
    fclose(f);
    remove(path);
    struct keylog *k = keylog_new();
    struct err     gone = { "" }, folder = { "" };
    CU_ASSERT(!keylog_read(k, path, &gone) && gone.text[0] != '\0');
    CU_ASSERT(!keylog_read(k, "/tmp", &folder) && folder.text[0] != '\0');
    keylog_free(k);
}

/* ---- recordings */

static struct cert_store *certs;

/* Which of its secrets are used, and whether they are right. */
struct choice {
    int  label; /* line number in the key log; -1 = all */
    bool wrong;
};

/* A key log with the chosen line left out, or with a bit of it wrong. */
static void learn_chosen(struct keylog *k, struct bytes text, struct choice choice)
{
    int line = 0;
    while (text.n > 0) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t         n = end != NULL ? (size_t)(end - text.p) + 1 : text.n;
        uint8_t       *copy = mem_get(n + 1, 1);
        bool           this = choice.label < 0 || choice.label == line++;
        memcpy(copy, text.p, n);
        uint8_t *secret = (uint8_t *)strrchr((char *)copy, ' ');
        if (this && choice.wrong && secret != NULL)
            secret[1] = secret[1] == '0' ? '1' : '0';
        if (!this || choice.wrong)
            keylog_learn(k, (struct bytes){ copy, n });
        free(copy);
        text = (struct bytes){ text.p + n, text.n - n };
    }
}

/* The first connection of a recording. `choice` NULL: with all its secrets. */
static struct handshake *first_of(const char *name, const struct choice *choice)
{
    char              path[256];
    struct err        err = { "" };
    struct packet     p;
    struct wire_event ev;
    struct handshake *h, *first = NULL;
    snprintf(path, sizeof path, "pcaps/%s.pcapng", name);
    struct capture  *c = capture_open(path, &err);
    struct flows    *flows = flows_new((size_t)1 << 24);
    struct observer *o = observer_new(certs, flows);
    struct keylog   *k = keylog_new();
    size_t           taken = 0;
    observer_secrets(o, keylog_secrets, k);
    for (bool more = c != NULL; more;) {
        more = capture_next(c, &p, &err);
        if (more && taken == 0 && choice != NULL) {
            learn_chosen(k, capture_facts(c)->secrets, *choice);
            taken = 1;
        } else if (more && choice == NULL) {
            keylog_follow(k, capture_facts(c)->secrets, &taken);
        }
        more ? (void)flows_packet(flows, &p, &err) : flows_end(flows);
        while (flows_next(flows, &ev)) {
            observe(o, &ev);
            while ((h = observed(o)) != NULL) {
                bool earlier = first == NULL || h->stream < first->stream;
                handshake_free(earlier ? first : h);
                first = earlier ? h : first;
            }
        }
    }
    CU_ASSERT(observer_open(o) == 0 && observer_memory(o) == 0);
    observer_free(o);
    keylog_free(k);
    flows_free(flows);
    capture_close(c);
    return first;
}

static const struct recording {
    const char  *name;
    enum outcome outcome;
    int          alert; /* decrypted */
    size_t       certs, client_certs;
    bool         asked, stapled;
    const char  *alpn;
} recordings[] = {
    { "keys-ok-tls13", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, false, false, "http/1.1" },
    { "keys-expired-tls13", OUTCOME_ABORTED_BY_CLIENT, ALERT_NONE, 2, 0, false, false, "http/1.1" },
    { "keys-revoked-tls13", OUTCOME_ABORTED_BY_CLIENT, ALERT_BAD_CERTIFICATE, 2, 0, false, true, NULL },
    { "keys-client-cert-missing-tls13", OUTCOME_ESTABLISHED, ALERT_CERTIFICATE_REQUIRED, 2, 0, true, false, NULL },
    { "keys-client-cert-rejected-tls13", OUTCOME_ESTABLISHED, ALERT_UNKNOWN_CA, 2, 2, true, false, NULL },
    { "keys-early-data", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, true, false, NULL },
    { "keys-ok-tls12-gcm", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, false, false, "http/1.1" },
    { "keys-ok-tls12-chacha", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, false, false, "http/1.1" },
    { "keys-ok-tls12-cbc", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, true, false, NULL },
    { "keys-ok-tls10", OUTCOME_ESTABLISHED, ALERT_CLOSE_NOTIFY, 2, 0, false, false, NULL },
};

static size_t count_of(const struct handshake *h, unsigned type)
{
    size_t n = 0;
    for (size_t i = 0; i < h->message_count; i++)
        n += h->messages[i].type == type;
    return n;
}

static void read_with_keys(void)
{
    enum { FINISHED = 20, CERTIFICATE_VERIFY = 15 };
    for (size_t i = 0; i < ARRAY_LEN(recordings); i++) {
        const struct recording *r = &recordings[i];
        struct handshake       *h = first_of(r->name, NULL);
        int                     alert = ALERT_NONE;
        CU_ASSERT_PTR_NOT_NULL_FATAL(h);
        for (size_t k = 0; k < h->alert_count; k++)
            alert = h->alerts[k].decrypted ? h->alerts[k].number : alert;
        bool same = knows(h, KNOW_DECRYPTED | KNOW_CERTIFICATE) && h->outcome == r->outcome && alert == r->alert && h->cert_count == r->certs &&
                    h->client_cert_count == r->client_certs && knows(h, KNOW_CERT_REQUEST) == r->asked && knows(h, KNOW_STAPLE) == r->stapled &&
                    (r->alpn == NULL || (h->answer.alpn.n == strlen(r->alpn) && memcmp(h->answer.alpn.p, r->alpn, h->answer.alpn.n) == 0));
        if (!same)
            CU_FAIL(r->name);
        if (version_is_13(handshake_version(h)))
            CU_ASSERT(h->kex.verified == SIG_GOOD && h->kex.sigalg != 0);
        if (r->outcome == OUTCOME_ESTABLISHED)
            CU_ASSERT(count_of(h, FINISHED) == 2 && count_of(h, CERTIFICATE_VERIFY) == (size_t)(r->client_certs != 0) + version_is_13(handshake_version(h)));
        CU_ASSERT((h->client_verify_sigalg != 0) == (r->client_certs != 0));
        handshake_free(h);
    }
}

static void renegotiated(void)
{
    struct handshake *h = first_of("keys-renegotiation", NULL);
    CU_ASSERT_FATAL(h != NULL && h->again != NULL);
    CU_ASSERT(h->outcome == OUTCOME_ESTABLISHED && h->again->outcome == OUTCOME_ESTABLISHED && h->again->again == NULL);
    CU_ASSERT(knows(h->again, KNOW_DECRYPTED | KNOW_CLIENT_HELLO | KNOW_SERVER_HELLO | KNOW_CERTIFICATE));
    CU_ASSERT(h->again->cert_count == 2 && h->again->cert_count == h->cert_count && h->again->certs[0] == h->certs[0]);
    handshake_free(h);
}

/* One secret missing or wrong: what is told is less, never other. */
static void some_keys(void)
{
    for (size_t i = 0; i < ARRAY_LEN(recordings); i++) {
        const struct recording *r = &recordings[i];
        struct handshake       *none = first_of(r->name, &(struct choice){ -1, false });
        CU_ASSERT_PTR_NOT_NULL_FATAL(none);
        CU_ASSERT(!knows(none, KNOW_DECRYPTED));
        for (int label = -1; label < 12; label++) {
            for (int wrong = 0; wrong < 2; wrong++) {
                struct handshake *h = first_of(r->name, &(struct choice){ label, wrong != 0 });
                CU_ASSERT_PTR_NOT_NULL_FATAL(h);
                if (h->outcome != r->outcome && h->outcome != none->outcome)
                    CU_FAIL(r->name);
                CU_ASSERT(label >= 0 || (!knows(h, KNOW_DECRYPTED) && h->outcome == none->outcome && h->message_count == none->message_count));
                CU_ASSERT(h->cert_count == 0 || h->cert_count == r->certs);
                CU_ASSERT(h->client_cert_count == 0 || h->client_cert_count == r->client_certs);
                CU_ASSERT(h->malformed[CLIENT] == NULL && h->malformed[SERVER] == NULL);
                handshake_free(h);
            }
        }
        handshake_free(none);
    }
}

/* No server at hand compresses its certificate (RFC 8879): the message is made here. */
static void compressed(void)
{
    static const uint8_t body[] = { 0, 0, 0, 14, 0, 0, 1, 0xaa, 0, 8, 0, 5, 0, 4, 1, 0, 0, 0 };
    static const struct { const char *name; uint8_t algorithm; int longer; size_t cut, room; bool ok; } t[] = {
        { "zlib", 1, 0, 0, 64, true },          { "brotli", 2, 0, 0, 64, false },        { "cut", 1, 0, 3, 64, false },
        { "longer than told", 1, -1, 0, 64, false }, { "shorter than told", 1, 1, 0, 64, false }, { "no room", 1, 0, 0, 10, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint8_t in[128] = { 0, t[i].algorithm, 0, 0, (uint8_t)((int)sizeof body + t[i].longer) }, out[64];
        uLongf  n = sizeof in - 8;
        CU_ASSERT_FATAL(compress(in + 8, &n, body, sizeof body) == Z_OK);
        in[7] = (uint8_t)(n - t[i].cut);
        size_t got = tls_compressed_certificate(rd_of(in, 8 + n - t[i].cut), out, t[i].room);
        if ((got != 0) != t[i].ok || (got != 0 && memcmp(out, body, sizeof body) != 0))
            CU_FAIL(t[i].name);
    }
    CU_ASSERT_PTR_NULL(tls_certificate_staple(rd_of(body, sizeof body)).p); /* it has an empty answer */
    CU_PASS("compressed");
}

int main(void)
{
    certs = cert_store_new();
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("keylog", NULL, NULL);
    CU_add_test(s, "lines", lines);
    CU_add_test(s, "a random that is filled up", short_random);
    CU_add_test(s, "many handshakes", many);
    CU_add_test(s, "files", files);
    CU_add_test(s, "recordings with their secrets", read_with_keys);
    CU_add_test(s, "a renegotiation", renegotiated);
    CU_add_test(s, "a compressed certificate", compressed);
    CU_add_test(s, "secrets missing and wrong", some_keys);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    cert_store_free(certs);
    return failed != 0;
}
