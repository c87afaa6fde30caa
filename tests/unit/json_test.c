/* report/json.c: each line is one valid JSON object, whatever bytes came from outside, with the fields that others
 * rely on. */
#include "sample.h"

#include <jansson.h>

static const struct report_options options = { 0 };

static json_t *line_of(struct handshake *h, const struct finding *f)
{
    struct text t = { 0 };
    json_renderer.handshake(&t, &options, h, f);
    CU_ASSERT_TRUE(t.n > 0 && t.s[t.n - 1] == '\n' && memchr(t.s, '\n', t.n) == t.s + t.n - 1);
    for (size_t i = 0; i + 1 < t.n; i++) {
        if ((unsigned char)t.s[i] < 0x20 || t.s[i] == 0x7f)
            CU_FAIL("a control byte in a line");
    }
    json_t *o = json_loads(t.s, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    text_free(&t);
    return o;
}

/* "a/b/0" into nested objects and arrays; NULL: not there. */
static const json_t *at(const json_t *o, const char *path)
{
    char  copy[128], *save = NULL;
    strcpy(copy, path);
    for (char *word = strtok_r(copy, "/", &save); o != NULL && word != NULL; word = strtok_r(NULL, "/", &save))
        o = json_is_array(o) ? json_array_get(o, (size_t)atoi(word)) : json_object_get(o, word);
    return o;
}

static void fields(void)
{
    static const struct { const char *path, *value; } t[] = {
        { "type", "handshake" }, { "schema", "tlswhy/1" }, { "@timestamp", "2024-02-03T10:11:12.345678Z" }, { "file", "activation.pcapng" },
        { "event/kind", "event" }, { "event/category/0", "network" }, { "event/outcome", "failure" }, { "event/code", "cert-rejected" },
        { "source/ip", "10.0.0.20" }, { "destination/ip", "203.0.113.7" }, { "network/transport", "tcp" }, { "tls/version", "1.0" },
        { "tls/version_protocol", "tls" }, { "tls/cipher", "TLS_RSA_WITH_AES_128_CBC_SHA" }, { "tls/client/server_name", "a.example" },
        { "tls/client/supported_ciphers/0", "TLS_RSA_WITH_AES_128_CBC_SHA" }, /* GREASE is passed over */
        { "tlswhy/category", "trust" }, { "tlswhy/side", "client" }, { "tlswhy/certainty", "likely" },
        { "tlswhy/outcome", "aborted_by_client" }, { "tlswhy/version", "TLS 1.0" }, { "tlswhy/client/max_version", "TLS 1.0" },
        { "tlswhy/close/by", "client" }, { "tlswhy/close/how", "fin" }, { "tlswhy/prelude/kind", "connect" },
        { "tlswhy/evidence/2/what", "fin" }, { "tlswhy/evidence/2/from", "client" }, { "tlswhy/ruled_out/0", "protocol-version" },
        { "tlswhy/alternatives/1", "sha2-unsupported" }, { "tlswhy/settle/0", "the client's CAPI2 operational log" },
        { "tlswhy/filter", "tcp.stream == 4" },
    };
    static const struct { const char *path; int value; } numbers[] = {
        { "source/port", 49213 }, { "destination/port", 443 }, { "tlswhy/stream", 4 }, { "tlswhy/frames/first", 38 }, { "tlswhy/frames/hello", 41 },
        { "tlswhy/frames/answer", 43 }, { "tlswhy/frames/decisive", 45 }, { "tlswhy/frames/last", 47 }, { "tlswhy/close/frame", 45 },
        { "tlswhy/prelude/status", 200 }, { "tlswhy/missing_bytes", 0 }, { "tlswhy/evidence/0/frame", 41 },
    };
    struct handshake *h = sample_new(bytes_of("a.example", 9));
    struct finding    f = sample_finding(h, "");
    json_t           *o = line_of(h, &f);
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const char *value = json_string_value(at(o, t[i].path));
        CU_ASSERT_PTR_NOT_NULL(value);
        CU_ASSERT_STRING_EQUAL(value != NULL ? value : t[i].path, t[i].value);
    }
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        CU_ASSERT_EQUAL(json_integer_value(at(o, numbers[i].path)), numbers[i].value);
    CU_ASSERT_TRUE(json_is_false(at(o, "tls/established")));
    CU_ASSERT_TRUE(json_is_null(at(o, "tlswhy/client/signature_algorithms"))); /* hello seen, extension not in it */
    CU_ASSERT_PTR_NULL(at(o, "tls/server/subject"));                           /* no certificate seen */
    json_decref(o);
    sample_free(h);
}

/* Absent is not seen; null is seen and not there. */
static void absent_and_null(void)
{
    struct handshake *h = sample_new((struct bytes){ 0 });
    struct finding    f = sample_finding(h, "");
    json_t           *o = line_of(h, &f);
    CU_ASSERT_TRUE(json_is_null(at(o, "tls/client/server_name")));
    CU_ASSERT_TRUE(json_is_null(at(o, "tls/next_protocol")));
    json_decref(o);
    h->known = 0;
    o = line_of(h, &f);
    CU_ASSERT_PTR_NULL(at(o, "tls/client"));
    CU_ASSERT_PTR_NULL(at(o, "tls/version"));
    CU_ASSERT_PTR_NULL(at(o, "tlswhy/client"));
    json_decref(o);
    sample_free(h);
}

static void outside_bytes(void)
{
    struct handshake *h = sample_new(bytes_of(NASTY, NASTY_LEN));
    struct finding    f = { 0 };
    h->file = NASTY;
    why_explain(h, NULL, &h->arena, &f);
    json_t *o = line_of(h, &f);
    const json_t *name = at(o, "tls/client/server_name");
    CU_ASSERT_PTR_NOT_NULL_FATAL(name);
    CU_ASSERT_PTR_NOT_NULL(memchr(json_string_value(name), 0, json_string_length(name))); /* the NUL is kept, escaped */
    CU_ASSERT_PTR_NOT_NULL(strstr(json_string_value(name), "\xef\xbf\xbd"));              /* bytes that are no UTF-8 */
    json_decref(o);
    sample_free(h);
}

static void versions(void)
{
    static const struct { uint16_t number; const char *version, *protocol; } t[] = {
        { 0x0002, "2.0", "ssl" }, { 0x0300, "3.0", "ssl" }, { 0x0303, "1.2", "tls" }, { 0x7f13, "1.3-draft19", "tls" }, { 0xfefd, "1.2", "dtls" }
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        struct handshake *h = sample_new(bytes_of("a", 1));
        struct finding    f = sample_finding(h, "");
        h->answer.version = h->answer.chosen_version = t[i].number;
        json_t *o = line_of(h, &f);
        CU_ASSERT_STRING_EQUAL(json_string_value(at(o, "tls/version")), t[i].version);
        CU_ASSERT_STRING_EQUAL(json_string_value(at(o, "tls/version_protocol")), t[i].protocol);
        json_decref(o);
        sample_free(h);
    }
}

static void summary(void)
{
    struct summary s = { .handshakes = 12, .failed = 1, .packets = 5210, .complete = true, .causes = { { "cert-rejected", 1 } }, .causes_n = 1 };
    struct text    t = { 0 };
    json_renderer.summary(&t, &options, &s, NULL);
    json_t *o = json_loads(t.s, JSON_REJECT_DUPLICATES, NULL);
    CU_ASSERT_STRING_EQUAL(json_string_value(at(o, "type")), "summary");
    CU_ASSERT_EQUAL(json_integer_value(at(o, "handshakes")), 12);
    CU_ASSERT_EQUAL(json_integer_value(at(o, "causes/cert-rejected")), 1);
    CU_ASSERT_TRUE(json_is_true(at(o, "complete")));
    json_decref(o);
    text_free(&t);
}

/* Text is copied eight bytes at a time where nothing in it is special: a special one at every place of every length. */
static void special_bytes_at_every_place(void)
{
    static const uint8_t special[] = { '"', '\\', 0x00, 0x1f, 0x7f, '\n', ' ', '~', '!', '#', '[', ']' };
    for (size_t n = 1; n <= 26; n++) {
        for (size_t at = 0; at < n * ARRAY_LEN(special); at++) {
            char        in[32];
            struct text t = { 0 };
            struct json j = { .out = &t };
            memset(in, 'a', sizeof in);
            in[at / ARRAY_LEN(special)] = (char)special[at % ARRAY_LEN(special)];
            json_bytes(&j, NULL, in, n);
            json_t *o = json_loadb(t.s, t.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
            CU_ASSERT(o != NULL && json_string_length(o) == n && memcmp(json_string_value(o), in, n) == 0);
            json_decref(o);
            text_free(&t);
        }
    }
}

int main(void)
{
    return run_tests("json", (CU_TestInfo[]){ { "fields", fields }, { "absent and null", absent_and_null }, { "outside bytes", outside_bytes },
                                              { "versions", versions }, { "summary", summary },
                                              { "special bytes at every place", special_bytes_at_every_place }, CU_TEST_INFO_NULL });
}
