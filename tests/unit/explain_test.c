/* Codes, messages, logs and what they say together. */
#include "tlswhy/explain.h"

#include <CUnit/Basic.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reaches(const char *input, const struct code *want)
{
    const struct code *v[READINGS];
    size_t             n = explain_lookup(input, v);
    for (size_t i = 0; i < n; i++) {
        if (v[i] == want)
            return true;
    }
    return false;
}

static void must_reach(const char *input, const struct code *want)
{
    bool there = reaches(input, want);
    if (!there)
        printf("\n  \"%s\" does not reach %s %s %s", input, want->system, want->code, want->symbol);
    CU_ASSERT(there);
}

static void in_other_case(const char *s, const struct code *c, int (*turn)(int))
{
    char   out[512];
    size_t n = 0;
    for (; s[n] != '\0' && n + 1 < sizeof out; n++)
        out[n] = (char)turn((unsigned char)s[n]);
    out[n] = '\0';
    must_reach(out, c);
}

/* All that people paste for a number: as the table has it, hex and decimal, signed, with blanks around. */
static void number_forms(const char *code, const struct code *c)
{
    char      form[96];
    long long v = strtoll(code, NULL, 0);
    must_reach(code, c);
    snprintf(form, sizeof form, "  %s ", code);
    must_reach(form, c);
    if (strncmp(code, "0x", 2) != 0 || strlen(code) != 10)
        return;
    in_other_case(code, c, tolower);
    snprintf(form, sizeof form, "%s", code + 2); /* without 0x */
    must_reach(form, c);
    snprintf(form, sizeof form, "%lld", v);
    must_reach(form, c);
    if (v > INT32_MAX) {
        snprintf(form, sizeof form, "%d", (int32_t)(uint32_t)v);
        must_reach(form, c);
    }
}

static void every_row(void)
{
    size_t rows = 0;
    for (const struct code *c; (c = code_at(rows)) != NULL; rows++) {
        struct code_cause v[CODE_CAUSES];
        const char       *next[3];
        bool              reachable = c->code[0] != '\0' || c->symbol[0] != '\0';
        for (const char *p = c->code; *p != '\0';) {
            char   one[64];
            size_t len = strcspn(p, " ");
            snprintf(one, sizeof one, "%.*s", (int)len, p);
            number_forms(one, c);
            p += len + strspn(p + len, " ");
        }
        if (c->symbol[0] != '\0') {
            must_reach(c->symbol, c);
            in_other_case(c->symbol, c, tolower);
            in_other_case(c->symbol, c, toupper);
        }
        for (const char *p = c->says; *p != '\0';) {
            char   one[256];
            size_t len = strcspn(p, "|"), n = len;
            while (n > 0 && strchr(" ?", p[n - 1]) != NULL)
                n--;
            snprintf(one, sizeof one, "%.*s", (int)n, p);
            must_reach(one, c);
            in_other_case(one, c, toupper);
            reachable = true;
            p += len + (p[len] == '|');
            p += strspn(p, " ");
        }
        CU_ASSERT(reachable && c->meaning[0] != '\0');
        code_causes(c, v);
        code_next(c, next);
    }
    printf("%zu rows ", rows);
    CU_ASSERT(rows > 500);
}

/* What people have in hand, and the cause that stands first for it. */
static void first_readings(void)
{
    static const struct {
        const char *input, *system, *cause;
    } t[] = {
        { "0x80090302", "schannel", "protocol-version" },
        { "-2146893054", "schannel", "protocol-version" },
        { "80090302", "schannel", "protocol-version" },
        { "0x80090016", "cryptoapi", "server-no-certificate" },
        { "0x8009001a", "cryptoapi", "server-no-certificate" },
        { "0x800b0109", "trust", "cert-untrusted-root" },
        { "-2146762480", "trust", "cert-usage" },
        { "0x80096004", "trust", "sha2-unsupported" },
        { "36870", "schannel-event", "server-no-certificate" },
        { "event 36870", "schannel-event", "server-no-certificate" },
        { "event 4110", "capi2-event", "trust-list" },
        { "CAPI2 11", "capi2-event", "trust-list" },
        { "407", "proxy-http", "proxy-auth" },
        { "MS12-006", "update", "record-split" },
        { "1.3.6.1.4.1.311.10.3.10", "oid", "trust-list" },
        { "alert 46", "alert", "cert-rejected" },
        { "70", "alert", "protocol-version" },
        { "0x28", "alert", "cipher-mismatch" },
        { "unknown_ca", "alert", "cert-untrusted-root" },
        { "Unknown CA", "alert", "cert-untrusted-root" },
        { "curl 60", "curl", "cert-rejected" },
        { "0x80072F8F", "winhttp", "cert-rejected" },
        { "error:0A000102:SSL routines::unsupported protocol", "openssl", "protocol-version" },
        { "error:1408F10B:SSL routines:ssl3_get_record:wrong version number", "openssl", "not-tls" },
        { "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException: PKIX path building failed", "java", "cert-untrusted-root" },
        { "net::ERR_CERT_DATE_INVALID", "chrome", "cert-expired" },
        { "SEC_ERROR_UNKNOWN_ISSUER", "nss", "cert-untrusted-root" },
        { "-9807", "apple", "cert-rejected" },
        { "gnutls -43", "gnutls", "cert-rejected" },
        { "-0x2700", "mbedtls", "cert-rejected" },
        { "remote error: tls: bad certificate", "go", "client-cert-rejected" },
        { "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "node", "cert-missing-intermediate" },
        { "[SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe legacy renegotiation disabled (_ssl.c:1129)", "openssl", "legacy-renegotiation" },
        { "The request was aborted: Could not create SSL/TLS secure channel.", "dotnet", "protocol-version" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const struct code *v[READINGS];
        struct code_cause  causes[CODE_CAUSES];
        size_t             n = explain_lookup(t[i].input, v);
        bool               good = n != 0 && strcmp(v[0]->system, t[i].system) == 0 && code_causes(v[0], causes) != 0;
        bool               cause = false;
        for (size_t k = 0; good && k < code_causes(v[0], causes); k++)
            cause |= causes[k].strong && strcmp(causes[k].cause->code, t[i].cause) == 0;
        bool weak = good && strcmp(causes[0].cause->code, t[i].cause) == 0; /* rows of hints have no strong cause */
        if (!good || !(cause || weak))
            printf("\n  \"%s\" reads as %s %s", t[i].input, n != 0 ? v[0]->system : "nothing", n != 0 ? v[0]->causes : "");
        CU_ASSERT(good && (cause || weak));
    }
}

static void unknown_ones(void)
{
    static const char *const t[] = { "0xdeadbeef", "0x8009ffff", "999999", "hello world", "", " ", "-", "0x", "--", "\x1b[31m", "1e99999999999999999999" };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const struct code *v[READINGS], *near[3];
        struct text        says = { 0 };
        CU_ASSERT_EQUAL(explain_lookup(t[i], v), 0);
        explain_nearest(t[i], near, &says);
        text_free(&says);
    }
    const struct code *near[3];
    struct text        says = { 0 };
    CU_ASSERT(explain_nearest("0x80090303x", near, &says) == 0);
    CU_ASSERT(explain_nearest("SEC_E_UNSUPORTED_FUNCTION", near, &says) > 0 && strcmp(near[0]->symbol, "SEC_E_UNSUPPORTED_FUNCTION") == 0);
    CU_ASSERT(explain_nearest("0x80090329", near, &says) > 0);
    text_free(&says);
}

/* ---- logs ---- */

static struct log *log_of(const char *s, size_t n, size_t piece)
{
    struct log *l = log_new();
    for (size_t i = 0; i < n; i += piece)
        log_push(l, s + i, n - i < piece ? n - i : piece);
    log_end(l);
    return l;
}

static const struct log_code *in_log(struct log *l, const char *system, const char *code)
{
    size_t                 n;
    const struct log_code *v = log_codes(l, &n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(v[i].code->system, system) == 0 && strcmp(v[i].code->code, code) == 0)
            return &v[i];
    }
    return NULL;
}

static void log_lines_tell(void)
{
    static const struct {
        const char *line, *system, *code; /* system NULL: nothing may be found */
    } t[] = {
        { "The TLS protocol defined fatal alert code is 70.", "alert", "70" },
        { "<EventID Qualifiers='0'>36870</EventID>", "schannel-event", "36870" },
        { "<Provider Name='Schannel'/><EventID>36887</EventID>", "schannel-event", "36887" },
        { "<Provider Name='Microsoft-Windows-CAPI2'/><EventID>11</EventID>", "capi2-event", "11" },
        { "<Provider Name='Microsoft-Windows-Something'/><EventID>11</EventID>", NULL, NULL },
        { "Error,1/2/2024 10:00:00 AM,Schannel,36874,None", "schannel-event", "36874" },
        { "<Data Name='AlertDesc'>46</Data>", "alert", "46" },
        { "<Result value=\"800B0109\">", "trust", "0x800B0109" },
        { "hr=0x80090302, closing", "schannel", "0x80090302" },
        { "returned 2148074242.", "schannel", "0x80090302" },
        { "returned -2146893054.", "schannel", "0x80090302" },
        { "WinHTTP error 12175", "winhttp", "12175" },
        { "HRESULT 0x80072F8F", "winhttp", "12175" },
        { "curl: (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL", "curl", "35" },
        { "Verify return code: 20 (unable to get local issuer certificate)", "openssl-verify", "20" },
        { "depth=0 verify error:num=18:self-signed certificate", "openssl-verify", "18" },
        { "SSL alert number 48", "alert", "48" },
        { "TLSv1.2 Record Layer: Alert (Level: Fatal, Description: Handshake Failure)", "alert", "40" },
        { "Received fatal alert: internal_error", "alert", "80" },
        { "handshake failed; returned -1, SSL error code 1, net_error -202", "chrome", "-202" },
        { "NSURLErrorDomain Code=-1202", "apple", "-1202" },
        { "CFNetwork SSLHandshake failed (-9807)", "apple", "-9807" },
        { "mbedtls_ssl_handshake returned -0x2700", "mbedtls", "-0x2700" },
        { "Error code: SEC_ERROR_UNKNOWN_ISSUER", "nss", "-8179" },
        { "\"CONNECT mail.example:443 HTTP/1.1\" TCP_DENIED/407 3984", "proxy-http", "407" },
        { "< HTTP/1.1 407 Proxy Authentication Required", "proxy-http", "407" },
        { "GET /index.html HTTP/1.1\" 403 512", NULL, NULL },
        { "ALERT: the disk is at 80 percent", NULL, NULL },
        { "alert 40 users about the certificate", "alert", "40" }, /* beside a word of TLS the benefit of the doubt */
        { "access denied for user root, internal error in module", NULL, NULL },
        { "2024-02-03 10:11:12.407 12175 46 70", NULL, NULL },
        { "pid 36870 exited", NULL, NULL },
        { "sequence 8009030212", NULL, NULL },
        { "guid 80090302-1111-2222", "schannel", "0x80090302" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct log *l = log_of(t[i].line, strlen(t[i].line), 4096);
        size_t      n;
        const struct log_code *v = log_codes(l, &n);
        bool good = t[i].system == NULL ? n == 0 : in_log(l, t[i].system, t[i].code) != NULL;
        if (!good)
            printf("\n  \"%s\": %s %s", t[i].line, n != 0 ? v[0].code->system : "nothing", n != 0 ? v[0].code->code : "");
        CU_ASSERT(good);
        log_free(l);
    }
}

static const char sample[] = "first line\nx 0x80090302 y\r\n<Provider Name='Schannel'/><EventID>36888</EventID><Data Name='AlertDesc'>40</Data>"
                             "<Data Name='ErrorState'>1205</Data>\nagain 0x80090302\nlast 0x8009ffff";

/* A word before a number must not make it count twice. */
static void log_counts(void)
{
    static const char      s[] = "Error 0x80090302\nerror code: 2148074242, WinHTTP error 12175\ncurl: (60) x\nSSL alert number 48\n";
    struct log            *l = log_of(s, sizeof s - 1, 4096);
    size_t                 n;
    const struct log_code *v = log_codes(l, &n);
    for (size_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(v[i].count, strcmp(v[i].code->system, "schannel") == 0 ? 2 : 1);
    CU_ASSERT_EQUAL(n, 4);
    log_free(l);
}

static void log_in_pieces(void)
{
    for (size_t piece = 1; piece < sizeof sample; piece++) {
        struct log            *l = log_of(sample, sizeof sample - 1, piece < 4 ? 4 : piece);
        const struct log_code *c = in_log(l, "schannel", "0x80090302");
        size_t                 n;
        const struct log_unknown *u = log_unknowns(l, &n);
        CU_ASSERT(c != NULL && c->line == 2 && c->count == 2);
        CU_ASSERT(in_log(l, "schannel-state", "") != NULL);
        CU_ASSERT(n == 1 && u[0].value == 0x8009ffff && u[0].line == 5);
        CU_ASSERT_EQUAL(log_lines(l), 5);
        log_free(l);
    }
}

static void log_utf16(void)
{
    char   wide[2 * sizeof sample + 2] = "\xff\xfe";
    size_t n = 2;
    for (const char *p = sample; *p != '\0'; p++, n += 2)
        wide[n] = *p;
    for (size_t skip = 0; skip <= 2; skip += 2) { /* with and without its mark */
        struct log *l = log_of(wide + skip, n - skip, 64);
        const struct log_code *c = in_log(l, "schannel", "0x80090302");
        CU_ASSERT(c != NULL && c->line == 2 && c->count == 2);
        log_free(l);
    }
}

/* A line without end: pieces of it, every code once, none lost at the cuts. */
static void log_long_line(void)
{
    size_t size = 5 * LOG_LINE + 123, codes = 0;
    char  *s = mem_get(size, 1);
    memset(s, '.', size);
    for (size_t at = 60; at + 40 < size; at += 4999, codes++)
        memcpy(s + at, " 0x80090302 ", 12);
    for (int way = 0; way < 2; way++) {
        struct log            *l = log_of(s, size, way == 0 ? size : 1000);
        const struct log_code *c = in_log(l, "schannel", "0x80090302");
        CU_ASSERT(c != NULL && c->count == codes && c->line == 1);
        log_free(l);
    }
    free(s);
}

/* ---- together ---- */

static void sharper_together(void)
{
    static const struct {
        const char *inputs[4], *cause;
    } t[] = {
        { { "0x80090302", "70" }, "protocol-version" },
        { { "0x80090302", "event 4107" }, "protocol-version" },
        { { "0x80090302", "Server certificate verification failed" }, "protocol-version" },
        { { "event 4110", "0x800b0109" }, "trust-list" },
        { { "event 4107", "0x8007000D" }, "trust-list" },
        { { "event 4107", "407" }, "proxy-auth" },
        { { "event 4107", "1.3.6.1.4.1.311.10.3.10" }, "trust-list" },
        { { "36870", "0x8009001a" }, "server-no-certificate" },
        { { "36874", "36888", "40" }, "cipher-mismatch" },
        { { "36887", "48" }, "client-cert-rejected" },
        { { "36888", "48" }, "cert-untrusted-root" },
        { { "curl 60", "verify 21" }, "cert-missing-intermediate" },
        { { "ERR_CERT_DATE_INVALID", "verify 10" }, "cert-expired" },
        { { "ERR_CERT_DATE_INVALID", "0x800B0101" }, NULL }, /* expired or not yet valid: both, still */
        { { "36864", "36867" }, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const struct code *codes[4], *v[READINGS];
        struct together    g;
        size_t             n = 0;
        for (size_t k = 0; k < 4 && t[i].inputs[k] != NULL; k++) {
            if (explain_lookup(t[i].inputs[k], v) != 0)
                codes[n++] = v[0];
        }
        explain_together(codes, n, &g);
        const char *got = g.cause != NULL ? g.cause->code : NULL;
        bool        good = t[i].cause == NULL ? got == NULL : got != NULL && strcmp(got, t[i].cause) == 0;
        if (!good)
            printf("\n  %s + %s: %s", t[i].inputs[0], t[i].inputs[1], got != NULL ? got : "nothing");
        CU_ASSERT(good);
    }
}

static void pages_of_causes(void)
{
    for (size_t i = 0; cause_at(i) != NULL; i++) {
        struct text t = { 0 };
        show_cause(&t, cause_at(i), false);
        CU_ASSERT(t.n > 60);
        text_clear(&t);
        show_cause_json(&t, cause_at(i), cause_at(i)->code);
        CU_ASSERT(t.n > 60 && t.s[t.n - 1] == '\n');
        text_free(&t);
    }
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("explain", NULL, NULL);
    CU_add_test(s, "every row by all its forms", every_row);
    CU_add_test(s, "the likeliest reading", first_readings);
    CU_add_test(s, "what is not known", unknown_ones);
    CU_add_test(s, "lines of logs", log_lines_tell);
    CU_add_test(s, "each code once", log_counts);
    CU_add_test(s, "a log in pieces", log_in_pieces);
    CU_add_test(s, "a log in UTF-16", log_utf16);
    CU_add_test(s, "a line without end", log_long_line);
    CU_add_test(s, "codes together", sharper_together);
    CU_add_test(s, "pages of causes", pages_of_causes);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
