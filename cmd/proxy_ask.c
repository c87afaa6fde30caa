/* proxy_ask.c - the questions of a proxy check: which of the lab's servers each is for, and its hello. */
#include "proxy_run.h"

#include <string.h>

enum { SMALL = 300, SILENCE_S = 2, RECORD = 120, UNASSIGNED_EXT = 0x5a31, PAUSE_MS = 700 };

typedef void shape_it(struct hello_spec *s, struct arena *a);

static void small(struct hello_spec *s, struct arena *a) { hello_drop_group(&s->shape, GROUP_X25519MLKEM768, a); }

static void grease(struct hello_spec *s, struct arena *a) { hello_grease(&s->shape, true, a); }

static void unknown_extension(struct hello_spec *s, struct arena *a)
{
    static const struct own_extension own = { UNASSIGNED_EXT, { (const uint8_t *)"tlswhy", 6 } };
    hello_add_extension(&s->shape, UNASSIGNED_EXT, a);
    s->own = &own;
    s->own_n = 1;
}

/* The version where nobody may put it any more (RFC 8446 section 4.1.2), and no list of versions. */
static void version_0304(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    hello_set_versions(&s->shape, 0x0303, 0x0303, a);
    s->shape.client_version = 0x0304;
}

static void in_records(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    s->record_max = RECORD;
}

static void of_300(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    hello_set_versions(&s->shape, 0x0303, 0x0303, a);
    s->pad_to = SMALL;
}

static void old_client(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    hello_set_versions(&s->shape, 0x0301, 0x0301, a);
}

static void h2(struct hello_spec *s, struct arena *a)
{
    struct bytes *alpn = ARENA_NEW_N(a, 2, struct bytes);
    alpn[0] = (struct bytes){ (const uint8_t *)"h2", 2 };
    alpn[1] = (struct bytes){ (const uint8_t *)"http/1.1", 8 };
    small(s, a);
    hello_set_versions(&s->shape, 0x0303, 0x0303, a);
    s->shape.alpn = (struct byte_list){ alpn, 2 };
    hello_add_extension(&s->shape, EXT_APPLICATION_LAYER_PROTOCOL_NEGOTIATION, a);
}

static void name_first(struct hello_spec *s, struct arena *a)
{
    static const uint16_t first[] = { EXT_SERVER_NAME };
    hello_order_extensions(&s->shape, (struct u16s){ first, 1 }, a);
}

static void other_name(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    s->sni = (struct bytes){ (const uint8_t *)"other.example", 13 };
}

static void no_name(struct hello_spec *s, struct arena *a)
{
    small(s, a);
    s->sni = (struct bytes){ 0 };
}

static const struct question {
    const char *origin, *words;
    shape_it   *shape; /* NULL: a whole connection */
    bool        for_target;
} questions[ASK_COUNT] = {
    [ASK_GOOD] = { "healthy", "a sound origin", NULL, true },
    [ASK_CLOSED] = { "refused", "a closed port", NULL, false },
    [ASK_EXPIRED] = { "expired", "an expired certificate", NULL, false },
    [ASK_EARLY] = { "not-yet-valid", "a certificate not valid yet", NULL, false },
    [ASK_NAME] = { "wrong-name", "a certificate for another name", NULL, false },
    [ASK_SELF_SIGNED] = { "self-signed", "a self-signed certificate", NULL, false },
    [ASK_UNTRUSTED] = { "untrusted-root", "a certificate of an unknown root", NULL, false },
    [ASK_ALONE] = { "missing-intermediate", "an intermediate left out", NULL, false },
    [ASK_NOT_A_CA] = { "not-a-ca", "a certificate issued by what is no CA", NULL, false },
    [ASK_CRITICAL] = { "unknown-critical", "an unknown critical extension", NULL, false },
    [ASK_USAGE] = { "wrong-usage", "a certificate for clients only", NULL, false },
    [ASK_SHA1] = { "sha1-chain", "a SHA-1 signature", NULL, false },
    [ASK_MD5] = { "md5-chain", "an MD5 signature", NULL, false },
    [ASK_RSA_1024] = { "weak-key", "an RSA key of 1024 bits", NULL, false },
    [ASK_REVOKED] = { "revoked-list", "a revoked certificate", NULL, false },
    [ASK_TLS10] = { "tls10", "an origin of TLS 1.0", NULL, false },
    [ASK_TLS11] = { "tls11", "an origin of TLS 1.1", NULL, false },
    [ASK_CLIENT_CERT] = { "client-certificate", "a client certificate", NULL, false },
    [ASK_RESET] = { "no-certificate-reset", "an origin that resets", NULL, false },
    [ASK_ALERT] = { "no-key", "an origin that sends an alert", NULL, false },
    [ASK_SILENT] = { "silent", "an origin that is silent", NULL, false },
    [ASK_TLS13] = { "healthy-tls13", "TLS 1.3", small, true },
    [ASK_LARGE] = { "healthy", "a hello of post-quantum size", NULL, true },
    [ASK_SEGMENTS] = { "healthy", "the same in segments", NULL, true },
    [ASK_PAUSE] = { "healthy", "half a hello and a pause", NULL, true },
    [ASK_GREASE] = { "healthy", "GREASE", grease, true },
    [ASK_UNKNOWN_EXT] = { "healthy", "an unknown extension", unknown_extension, true },
    [ASK_VERSION_0304] = { "healthy", "legacy version 0x0304", version_0304, true },
    [ASK_RECORDS] = { "healthy-tls13", "a hello in records", in_records, true },
    [ASK_CUT_NAME] = { "healthy", "a border in the name", name_first, true },
    [ASK_SIZE] = { "healthy", "a hello of 300 bytes", of_300, true },
    [ASK_NO_NAME] = { "healthy", "no server name", no_name, true },
    [ASK_OTHER_NAME] = { "healthy", "another server name", other_name, true },
    [ASK_OLD_CLIENT] = { "healthy", "a client of TLS 1.0", old_client, true },
    [ASK_H2] = { "h2", "ALPN h2", h2, true },
};

const char *question_case(enum proxy_question q) { return questions[q].origin; }
const char *question_words(enum proxy_question q) { return questions[q].words; }
bool        question_fits_target(enum proxy_question q) { return questions[q].for_target; }

/* How many bytes of a hello go before the middle of its name, which stands first among its extensions. */
static size_t up_to_name(const struct hello_spec *s)
{
    enum { RECORD_HEAD = 5, MESSAGE_HEAD = 4, VERSION = 2, RANDOM = 32, EXT_HEAD = 4, NAME_HEAD = 5 };
    size_t compression = s->shape.compression.n != 0 ? s->shape.compression.n : 1;
    return RECORD_HEAD + MESSAGE_HEAD + VERSION + RANDOM + 1 + s->shape.session_id_len + 2 + 2 * s->shape.suites.n + 1 + compression + 2 + EXT_HEAD + NAME_HEAD +
           s->sni.n / 2;
}

bool question_put(enum proxy_question q, const char *host, int64_t timeout_ns, struct probe_ask *ask, struct arena *a, const char **skip)
{
    const struct question *what = &questions[q];
    struct bytes           ip;
    uint8_t                buf[16];
    bool                   is_ip = ip_from_text(host, strlen(host), &ip, buf);
    ask->host = host;
    ask->timeout_ns = q == ASK_SILENT && timeout_ns > SILENCE_S * NS_PER_S ? SILENCE_S * NS_PER_S : timeout_ns;
    if (q < ASK_TLS13) {
        ask->inside = true;
        ask->inside_high = 0x0303;
        ask->name = host;
        return true;
    }
    ask->spec = (struct hello_spec){ .shape = *hello_modern(), .sni = { is_ip ? NULL : (const uint8_t *)host, is_ip ? 0 : strlen(host) } };
    if (what->shape != NULL)
        what->shape(&ask->spec, a);
    if ((q == ASK_CUT_NAME || q == ASK_NO_NAME) && is_ip) {
        *skip = "the origin is asked for by its address, without a name (--name)";
        return false;
    }
    ask->flight_only = q == ASK_TLS13 || q == ASK_LARGE;
    ask->hello_only = !ask->flight_only;
    if (q == ASK_SEGMENTS)
        ask->segment = 700;
    else if (q == ASK_PAUSE)
        ask->segment = 900;
    else if (q == ASK_CUT_NAME)
        ask->segment = up_to_name(&ask->spec);
    ask->segment_pause_ns = q == ASK_PAUSE ? PAUSE_MS * (NS_PER_S / 1000) : ask->segment != 0 ? 20 * (NS_PER_S / 1000) : 0;
    return true;
}
