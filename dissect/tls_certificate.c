/* tls_certificate.c - Certificate, ServerKeyExchange, CertificateRequest, CertificateStatus: RFC 8446 section
 * 4.4.2, RFC 5246 sections 7.4.2 to 7.4.4, RFC 4492 section 5.4, RFC 6066 section 8. */
#include <zlib.h>

#include "tls_list.h"

size_t tls_certificates(struct reader r, bool tls13, struct bytes out[64], const char **malformed)
{
    size_t n = 0;
    if (tls13)
        rd_vec(&r, 1, "certificate_request_context");
    struct reader list = rd_vec(&r, 3, "certificate_list");
    while (rd_more(&list)) {
        struct reader one = rd_vec(&list, 3, "certificate");
        if (tls13)
            rd_vec(&list, 2, "certificate extensions");
        if (one.want != NULL)
            break;
        if (n < 64)
            out[n] = rd_rest(&one);
        n++;
    }
    if (*malformed == NULL)
        *malformed = list.want;
    return n;
}

size_t tls_compressed_certificate(struct reader r, uint8_t *out, size_t room)
{
    enum { ZLIB = 1 };
    uint16_t      algorithm = rd_u16(&r, "algorithm");
    uLongf        n = rd_u24(&r, "uncompressed_length");
    uLong         told = n;
    struct reader packed = rd_vec(&r, 3, "compressed_certificate_message");
    struct bytes  in = rd_rest(&packed);
    if (algorithm != ZLIB || packed.want != NULL || n > room)
        return 0;
    int code = uncompress(out, &n, in.p, in.n);
    if (code == Z_MEM_ERROR)
        mem_fail();
    return code == Z_OK && n == told ? n : 0;
}

struct bytes tls_certificate_staple(struct reader r)
{
    rd_vec(&r, 1, "certificate_request_context");
    struct reader list = rd_vec(&r, 3, "certificate_list");
    rd_vec(&list, 3, "certificate");
    struct reader exts = rd_vec(&list, 2, "certificate extensions");
    while (rd_more(&exts)) {
        uint16_t      type = rd_u16(&exts, "extension type");
        struct reader ext = rd_vec(&exts, 2, "extension");
        if (type == EXT_STATUS_REQUEST)
            return tls_certificate_status(ext);
    }
    return (struct bytes){ 0 };
}

/* Length in bits of a big-endian number, leading zeros not counted. */
static unsigned bit_length(struct bytes b)
{
    size_t i = 0;
    while (i < b.n && b.p[i] == 0)
        i++;
    if (i == b.n)
        return 0;
    unsigned bits = (unsigned)(b.n - i) * 8;
    for (uint8_t top = b.p[i]; (top & 0x80) == 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static void read_ecdhe(struct reader *r, struct server_kex *k)
{
    k->kind = KEX_ECDHE;
    uint8_t type = rd_u8(r, "curve_type");
    if (type != 3) { /* explicit curves: nobody sends them any more */
        k->group = type == 1 ? 0xff01 : type == 2 ? 0xff02 : 0;
        r->want = "named curve";
        return;
    }
    k->group = rd_u16(r, "named_curve");
    rd_vec(r, 1, "ec public key");
}

static void read_dhe(struct reader *r, struct server_kex *k)
{
    k->kind = KEX_DHE;
    struct reader p = rd_vec(r, 2, "dh_p");
    rd_vec(r, 2, "dh_g");
    rd_vec(r, 2, "dh_Ys");
    k->dh_bits = bit_length(rd_rest(&p));
}

void tls_server_key_exchange(struct reader r, const struct suite *suite, uint16_t version, struct server_kex *k)
{
    enum kex      kex = suite != NULL ? suite->kex : KEX_UNKNOWN;
    struct reader params = r;
    k->kind = kex;
    if (kex == KEX_PSK || kex == KEX_RSA_PSK || kex == KEX_DHE_PSK || kex == KEX_ECDHE_PSK)
        rd_vec(&r, 2, "psk_identity_hint");
    switch (kex) {
    case KEX_ECDHE:
    case KEX_ECDHE_PSK:
        read_ecdhe(&r, k);
        break;
    case KEX_DHE:
    case KEX_DHE_PSK:
        read_dhe(&r, k);
        break;
    case KEX_RSA: /* export: a short RSA key (RFC 2246 section 7.4.3) */
        rd_vec(&r, 2, "rsa_modulus");
        rd_vec(&r, 2, "rsa_exponent");
        break;
    default:
        return;
    }
    if (r.want != NULL || !rd_more(&r)) /* anonymous and PSK exchanges are not signed */
        return;
    k->params = (struct bytes){ params.p, (size_t)(r.p - params.p) };
    k->sigalg = version_rank(version) >= version_rank(0x0303) ? rd_u16(&r, "signature algorithm") : 0;
    struct reader sig = rd_vec(&r, 2, "signature");
    k->signature = rd_rest(&sig);
}

void tls_certificate_request(struct reader r, uint16_t version, struct arena *a, struct cert_request *c)
{
    const char   *ignored = NULL;
    struct reader names = { 0 };
    if (version_is_13(version)) { /* RFC 8446 section 4.3.2 */
        rd_vec(&r, 1, "certificate_request_context");
        struct reader block = rd_vec(&r, 2, "extensions");
        while (rd_more(&block)) {
            uint16_t      type = rd_u16(&block, "extension type");
            struct reader body = rd_vec(&block, 2, "extension length");
            if (type == EXT_SIGNATURE_ALGORITHMS)
                c->sigalgs = list_u16(rd_vec(&body, 2, "signature_algorithms"), a, &ignored);
            if (type == EXT_CERTIFICATE_AUTHORITIES)
                names = rd_vec(&body, 2, "certificate_authorities");
        }
    } else {
        struct reader types = rd_vec(&r, 1, "certificate_types");
        c->types = rd_rest(&types);
        if (version_rank(version) >= version_rank(0x0303))
            c->sigalgs = list_u16(rd_vec(&r, 2, "supported_signature_algorithms"), a, &ignored);
        names = rd_vec(&r, 2, "certificate_authorities");
    }
    c->ca_names = list_vec(names, 2, 32, a, &c->authorities, &ignored);
}

struct bytes tls_certificate_status(struct reader r)
{
    uint8_t       type = rd_u8(&r, "status_type");
    struct reader one = rd_vec(&r, 3, "response");
    if (type == 2) /* ocsp_multi (RFC 6961): the leaf's comes first */
        one = rd_vec(&one, 3, "response");
    struct bytes b = rd_rest(&one);
    return (type == 1 || type == 2) && one.want == NULL && b.n > 0 ? b : (struct bytes){ 0 };
}
