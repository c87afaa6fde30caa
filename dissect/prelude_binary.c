/* TLS agreed in binary: PostgreSQL, MySQL, LDAP, RDP, TDS (Microsoft SQL Server). Where an answer is a number,
 * `answer` holds its published name. */
#include "prelude_row.h"

#include <stdio.h>
#include <string.h>

enum { START, ASKED, DONE };

static size_t refuse_with(struct prelude_step *s, int status, const char *meaning, size_t took)
{
    prelude_answer(s, status, meaning, strlen(meaning));
    s->m->state = DONE;
    return prelude_refuse(s, took);
}

static size_t accept_with(struct prelude_step *s, int status, const char *meaning, size_t took)
{
    prelude_answer(s, status, meaning, strlen(meaning));
    s->m->state = DONE;
    return prelude_accept(s, took);
}

/* PostgreSQL: SSLRequest, answered by one letter (PostgreSQL documentation, "SSL Session Encryption"). */
enum { PG_REQUEST = 8 };
static const char pg_ssl[PG_REQUEST] = "\0\0\0\x08\x04\xd2\x16\x2f";
static const char pg_gss[PG_REQUEST] = "\0\0\0\x08\x04\xd2\x16\x30";

enum fit postgres_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    enum fit ssl = prelude_prefix(start, pg_ssl, PG_REQUEST), gss = prelude_prefix(start, pg_gss, PG_REQUEST);
    return from != CLIENT ? FIT_NO : ssl > gss ? ssl : gss;
}

size_t postgres_step(struct prelude_step *s)
{
    struct bytes in = s->in;
    if (s->from == CLIENT) {
        bool ssl = prelude_prefix(in, pg_ssl, PG_REQUEST) == FIT_YES;
        if (s->m->state == ASKED || (in.n < PG_REQUEST && in.p[0] == 0))
            return prelude_stop(s, PRELUDE_WAIT);
        if (!ssl && prelude_prefix(in, pg_gss, PG_REQUEST) != FIT_YES)
            return in.p[0] == 0 ? prelude_plain(s) : prelude_stop(s, PRELUDE_UNKNOWN);
        s->m->memory[0] = ssl;
        s->m->state = ASKED;
        if (ssl)
            prelude_asked(s, PRELUDE_STARTTLS, "postgres");
        return PG_REQUEST;
    }
    if (s->m->state != ASKED)
        return s->m->state == DONE ? in.n : prelude_stop(s, PRELUDE_UNKNOWN); /* the rest of an error message */
    if (s->m->memory[0] == 0) { /* GSSAPI encryption: N, and the client asks for something else */
        s->m->state = START;
        return in.p[0] == 'N' ? 1 : prelude_stop(s, PRELUDE_OVER);
    }
    if (in.p[0] == 'S')
        return accept_with(s, 0, "S", 1);
    if (in.p[0] == 'N')
        return refuse_with(s, 0, "N", 1);
    return in.p[0] == 'E' ? refuse_with(s, 0, "E", in.n) : prelude_stop(s, PRELUDE_UNKNOWN);
}

/* MySQL: the greeting offers CLIENT_SSL, and a short packet with that bit takes it: no answer comes (MySQL
 * Internals, "Protocol::SSLRequest"). Packets: length (3, little-endian), sequence, body. */
enum { MYSQL_HEADER = 4, MYSQL_PROTOCOL = 10, MYSQL_CLIENT_SSL = 0x0800,
       MYSQL_REQUEST = 32, MYSQL_OLD_REQUEST = 5 };

static size_t mysql_packet(struct bytes in)
{
    size_t n = in.n >= MYSQL_HEADER ? MYSQL_HEADER + (le32(in.p) & 0xffffff) : 0;
    return n != 0 && n <= in.n ? n : 0;
}

enum fit mysql_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    if (from != SERVER)
        return FIT_NO;
    const uint8_t *p = start.p;
    bool           fits = (start.n < 2 || p[1] <= 3) && (start.n < 3 || p[2] == 0) && (start.n < 4 || p[3] == 0)
                && (start.n < 5 || p[4] == MYSQL_PROTOCOL) && (start.n < 6 || (p[5] >= '1' && p[5] <= '9'))
                && (start.n < 7 || p[6] == '.' || (p[6] >= '0' && p[6] <= '9'));
    return !fits ? FIT_NO : start.n < 7 ? FIT_MAYBE : FIT_YES;
}

/* protocol, version text, thread (4), scramble (8), filler (1), capabilities (2) */
static size_t mysql_greeting(struct prelude_step *s, size_t len)
{
    struct reader r = rd_of(s->in.p + MYSQL_HEADER, len - MYSQL_HEADER);
    rd_u8(&r, "protocol");
    const uint8_t *version = r.p, *nul = rd_left(&r) > 0 ? memchr(version, 0, rd_left(&r)) : NULL;
    if (nul != NULL)
        rd_bytes(&r, (size_t)(nul - version) + 1 + 4 + 8 + 1, "greeting");
    const uint8_t *capabilities = rd_bytes(&r, 2, "capabilities");
    if (nul == NULL || capabilities == NULL)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    s->out->kind = PRELUDE_STARTTLS;
    s->out->protocol = "mysql";
    s->out->server = prelude_keep(s, version, (size_t)(nul - version));
    s->out->offered = (le16(capabilities) & MYSQL_CLIENT_SSL) != 0;
    s->out->not_offered = !s->out->offered;
    s->m->state = ASKED;
    return len;
}

size_t mysql_step(struct prelude_step *s)
{
    size_t len = mysql_packet(s->in);
    if (s->from == CLIENT && s->in.n >= 2 && s->in.p[0] >= 20 && s->in.p[0] <= 24 && s->in.p[1] == 3)
        return prelude_stop(s, PRELUDE_UNKNOWN); /* TLS without asking: a packet of 788 bytes is no SSL request */
    if (len == 0)
        return prelude_stop(s, s->in.n > MESSAGE_MAX_LEN ? PRELUDE_OVER : PRELUDE_WAIT);
    if (s->from == SERVER)
        return s->m->state == START ? mysql_greeting(s, len) : prelude_stop(s, PRELUDE_OVER);
    bool short_one = len == MYSQL_HEADER + MYSQL_REQUEST || len == MYSQL_HEADER + MYSQL_OLD_REQUEST;
    bool request = short_one && (le16(s->in.p + MYSQL_HEADER) & MYSQL_CLIENT_SSL) != 0;
    if (!request)
        return prelude_plain(s);
    prelude_asked(s, PRELUDE_STARTTLS, "mysql");
    return prelude_accept(s, len);
}

/* LDAP: ExtendedRequest with the StartTLS name, ExtendedResponse with a result code (RFC 4511 section 4.14). */
enum { LDAP_SEQUENCE = 0x30, LDAP_INTEGER = 0x02, LDAP_BIND = 0x60, LDAP_SEARCH = 0x63, LDAP_EXTENDED = 0x77,
       LDAP_EXTENDED_ANSWER = 0x78 };
static const char ldap_starttls[] = "1.3.6.1.4.1.1466.20037";

/* Cuts out a BER element of definite length; its tag goes to *tag. */
static struct reader ber(struct reader *r, uint8_t *tag)
{
    *tag = rd_u8(r, "tag");
    uint32_t n = rd_u8(r, "length");
    if (n > 0x84 || n == 0x80)
        return (struct reader){ .want = "length" };
    if (n > 0x80)
        n = rd_uint(r, n & 0x7f, "length");
    return rd_cut(r, n, "value");
}

/* A whole LDAPMessage: the operation's tag and body; gives its length, 0 = not all here. */
static size_t ldap_message(struct bytes in, uint8_t *op, struct reader *body)
{
    struct reader r = rd_of(in.p, in.n);
    uint8_t       tag;
    struct reader message = ber(&r, &tag);
    if (tag != LDAP_SEQUENCE || message.want != NULL)
        return 0;
    ber(&message, &tag);
    *body = ber(&message, op);
    return tag == LDAP_INTEGER && body->want == NULL ? (size_t)r.at : 0;
}

/* A client's first message: SEQUENCE, a message number of 1 to 4 bytes, and a request that may come first. */
enum fit ldap_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    struct reader r = rd_of(start.p, start.n);
    if (from != CLIENT || rd_u8(&r, "tag") != LDAP_SEQUENCE)
        return FIT_NO;
    uint8_t n = rd_u8(&r, "length");
    if (n > 0x84 || n == 0x80)
        return FIT_NO;
    if (n > 0x80)
        rd_bytes(&r, n & 0x7f, "length");
    uint8_t tag = rd_u8(&r, "number's tag"), width = rd_u8(&r, "number's length");
    rd_bytes(&r, width, "number");
    uint8_t op = rd_u8(&r, "operation");
    if (r.want != NULL)
        return (tag != 0 && tag != LDAP_INTEGER) || width > 4 || start.n > 16 ? FIT_NO : FIT_MAYBE;
    bool first = op == LDAP_BIND || op == LDAP_SEARCH || op == LDAP_EXTENDED;
    return tag == LDAP_INTEGER && width >= 1 && width <= 4 && first ? FIT_YES : FIT_NO;
}

static const char *ldap_result(unsigned code)
{
    static const struct { unsigned code; const char *name; } t[] = {
        { 0, "success" }, { 1, "operationsError" }, { 2, "protocolError" }, { 8, "strongerAuthRequired" },
        { 10, "referral" }, { 12, "unavailableCriticalExtension" }, { 13, "confidentialityRequired" },
        { 50, "insufficientAccessRights" }, { 51, "busy" }, { 52, "unavailable" }, { 53, "unwillingToPerform" },
        { 80, "other" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++)
        if (t[i].code == code)
            return t[i].name;
    return "unassigned result";
}

static size_t ldap_answer(struct prelude_step *s, struct reader body, size_t len)
{
    uint8_t       tag;
    struct reader result = ber(&body, &tag);
    uint32_t      code = rd_uint(&result, rd_left(&result) <= 4 ? rd_left(&result) : 0, "result");
    ber(&body, &tag);
    struct reader text = ber(&body, &tag);
    char          line[200];
    int           n = (int)(text.want == NULL && rd_left(&text) < 120 ? rd_left(&text) : 0);
    const char   *said = n > 0 ? (const char *)text.p : "";
    snprintf(line, sizeof line, "%s (%u)%s%.*s", ldap_result(code), code, n > 0 ? ": " : "", n, said);
    return code == 0 ? accept_with(s, 0, line, len) : refuse_with(s, (int)code, line, len);
}

size_t ldap_step(struct prelude_step *s)
{
    uint8_t       op = 0, tag;
    struct reader body;
    size_t        len = ldap_message(s->in, &op, &body);
    if (s->in.p[0] != LDAP_SEQUENCE)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    if (len == 0)
        return prelude_stop(s, s->in.n > MESSAGE_MAX_LEN ? PRELUDE_OVER : PRELUDE_WAIT);
    if (s->from == SERVER)
        return s->m->state == ASKED && op == LDAP_EXTENDED_ANSWER ? ldap_answer(s, body, len) : len;
    if (op == LDAP_BIND)
        return prelude_plain(s);
    struct reader name = op == LDAP_EXTENDED ? ber(&body, &tag) : (struct reader){ 0 };
    if (rd_left(&name) == strlen(ldap_starttls) && memcmp(name.p, ldap_starttls, rd_left(&name)) == 0) {
        prelude_asked(s, PRELUDE_STARTTLS, "ldap");
        s->m->state = ASKED;
    }
    return len;
}

/* RDP: the X.224 connection request names protocols, the confirm picks one or says why not ([MS-RDPBCGR] sections
 * 2.2.1.1 and 2.2.1.2). */
enum { TPKT_VERSION = 3, TPKT_X224 = 11, X224_REQUEST = 0xe0, X224_CONFIRM = 0xd0 };
enum { RDP_NEG_REQ = 1, RDP_NEG_RSP = 2, RDP_NEG_FAILURE = 3, RDP_NEG_LEN = 8 };

enum fit rdp_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    const uint8_t *p = start.p;
    bool fits = p[0] == TPKT_VERSION && (start.n < 2 || p[1] == 0) && (start.n < 5 || p[4] + 5u == be16(p + 2))
                && (start.n < 6 || p[5] == X224_REQUEST);
    return from != CLIENT || !fits ? FIT_NO : start.n < 6 ? FIT_MAYBE : FIT_YES;
}

/* The negotiation structure behind a cookie line, if there is one: type, flags, length 8, value. */
static bool rdp_negotiation(struct bytes packet, uint8_t *type, uint32_t *value)
{
    struct bytes rest = { packet.p + TPKT_X224, packet.n - TPKT_X224 };
    size_t       took;
    if (rest.n > 0 && rest.p[0] >= ' ' && text_line(rest, &took).p != NULL)
        rest.p += took, rest.n -= took;
    if (rest.n < RDP_NEG_LEN || le16(rest.p + 2) != RDP_NEG_LEN)
        return false;
    *type = rest.p[0];
    *value = le32(rest.p + 4);
    return true;
}

static size_t rdp_confirm(struct prelude_step *s, bool negotiated, uint8_t type, uint32_t value, size_t len)
{
    static const struct { uint32_t value; const char *name; } failures[] = {
        { 1, "SSL_REQUIRED_BY_SERVER" }, { 2, "SSL_NOT_ALLOWED_BY_SERVER" }, { 3, "SSL_CERT_NOT_ON_SERVER" },
        { 4, "INCONSISTENT_FLAGS" }, { 5, "HYBRID_REQUIRED_BY_SERVER" }, { 6, "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER" },
    }, protocols[] = {
        { 1, "PROTOCOL_SSL" }, { 2, "PROTOCOL_HYBRID (CredSSP)" }, { 4, "PROTOCOL_RDSTLS" },
        { 8, "PROTOCOL_HYBRID_EX (CredSSP)" }, { 16, "PROTOCOL_RDSAAD" },
    };
    const char *name = NULL;
    for (size_t i = 0; i < ARRAY_LEN(failures) && type == RDP_NEG_FAILURE; i++)
        name = failures[i].value == value ? failures[i].name : name;
    for (size_t i = 0; i < ARRAY_LEN(protocols) && type == RDP_NEG_RSP; i++)
        name = protocols[i].value == value ? protocols[i].name : name;
    if (negotiated && type == RDP_NEG_FAILURE)
        return refuse_with(s, (int)value, name != NULL ? name : "unassigned failure code", len);
    if (!negotiated || type != RDP_NEG_RSP || value == 0)
        return refuse_with(s, 0, "PROTOCOL_RDP: standard RDP security, no TLS", len);
    return accept_with(s, 0, name != NULL ? name : "unassigned protocol", len);
}

size_t rdp_step(struct prelude_step *s)
{
    struct bytes in = s->in;
    if (in.p[0] != TPKT_VERSION)
        return prelude_stop(s, PRELUDE_UNKNOWN);
    size_t   len = in.n >= TPKT_X224 ? be16(in.p + 2) : 0;
    uint8_t  type = 0;
    uint32_t value = 0;
    if (s->from == CLIENT && s->m->state == DONE)
        return prelude_plain(s);
    if (len < TPKT_X224 || len > in.n)
        return prelude_stop(s, in.n >= TPKT_X224 && len < TPKT_X224 ? PRELUDE_OVER : PRELUDE_WAIT);
    bool negotiated = rdp_negotiation((struct bytes){ in.p, len }, &type, &value);
    if (s->from == SERVER)
        return s->m->state == ASKED && in.p[5] == X224_CONFIRM ? rdp_confirm(s, negotiated, type, value, len)
                                                               : prelude_stop(s, PRELUDE_OVER);
    if (s->m->state != START || !negotiated || type != RDP_NEG_REQ || value == 0)
        return prelude_stop(s, PRELUDE_OVER); /* it does not ask for TLS */
    prelude_asked(s, PRELUDE_STARTTLS, "rdp");
    s->m->state = ASKED;
    return len;
}

/* TDS: PRELOGIN of both sides names an encryption ([MS-TDS] 2.2.6.5); TLS then travels in TDS packets. */
enum { TDS_HEADER = 8, TDS_PRELOGIN = 0x12, TDS_RESPONSE = 0x04, TDS_LAST = 1 };
enum { TDS_TOKEN_ENCRYPTION = 1, TDS_TOKEN_END = 0xff };
enum { ENCRYPT_OFF, ENCRYPT_ON, ENCRYPT_NOT_SUP, ENCRYPT_REQ, ENCRYPT_CLIENT_CERT = 0x80 };

enum fit tds_fits(enum side from, struct bytes start, unsigned *dialog)
{
    (void)dialog;
    static const uint8_t want[9] = { TDS_PRELOGIN, TDS_LAST, 0, 0, 0, 0, 0, 0, 0 }; /* first token: version (0) */
    bool fits = from == CLIENT;
    for (size_t i = 0; i < sizeof want && i < start.n; i++)
        fits &= i == 2 || i == 3 || i == 6 || start.p[i] == want[i]; /* length and packet number vary */
    return !fits ? FIT_NO : start.n < sizeof want ? FIT_MAYBE : FIT_YES;
}

/* The ENCRYPTION byte of a PRELOGIN packet: (token, offset, length)... 0xff, data; -1 = none there. */
static int tds_encryption(struct bytes packet)
{
    struct bytes body = { packet.p + TDS_HEADER, packet.n - TDS_HEADER };
    for (size_t at = 0; at + 5 <= body.n && body.p[at] != TDS_TOKEN_END; at += 5) {
        size_t offset = be16(body.p + at + 1);
        if (body.p[at] == TDS_TOKEN_ENCRYPTION)
            return offset < body.n ? body.p[offset] & ~ENCRYPT_CLIENT_CERT : -1;
    }
    return -1;
}

size_t tds_step(struct prelude_step *s)
{
    static const char *const names[] = {
        "ENCRYPT_OFF: the login only", "ENCRYPT_ON", "ENCRYPT_NOT_SUP", "ENCRYPT_REQ",
    };
    struct bytes in = s->in;
    size_t       len = in.n >= TDS_HEADER ? be16(in.p + 2) : 0;
    if (in.p[0] != (s->from == CLIENT ? TDS_PRELOGIN : TDS_RESPONSE))
        return s->from == CLIENT && s->m->state == DONE ? prelude_plain(s) : prelude_stop(s, PRELUDE_UNKNOWN);
    if (len < TDS_HEADER || len > in.n)
        return prelude_stop(s, in.n >= TDS_HEADER && len < TDS_HEADER ? PRELUDE_OVER : PRELUDE_WAIT);
    int encryption = tds_encryption((struct bytes){ in.p, len });
    if (s->from == CLIENT) {
        if (s->m->state != START)
            return prelude_stop(s, PRELUDE_WAIT);
        s->m->memory[0] = (uint8_t)encryption;
        s->m->state = ASKED;
        if (encryption >= 0 && encryption != ENCRYPT_NOT_SUP)
            prelude_asked(s, PRELUDE_STARTTLS, "tds");
        return len;
    }
    if (s->m->state != ASKED)
        return prelude_stop(s, PRELUDE_OVER);
    if (encryption < 0 || encryption > ENCRYPT_REQ)
        return refuse_with(s, 0, "no encryption option", len);
    bool wanted = s->out->asked_for_tls, can = encryption != ENCRYPT_NOT_SUP;
    if (wanted && can)
        return accept_with(s, encryption, names[encryption], len);
    if (!wanted && encryption != ENCRYPT_REQ)
        return prelude_stop(s, PRELUDE_OVER);
    s->out->kind = PRELUDE_STARTTLS;
    s->out->protocol = "tds";
    return refuse_with(s, encryption, names[encryption], len);
}

bool prelude_wraps(const struct prelude *p)
{
    return p->accepted && p->protocol != NULL && strcmp(p->protocol, "tds") == 0;
}

/* Once a packet is over, only another PRELOGIN packet is taken for one: then the wrapping has ended. */
size_t prelude_unwrap(struct prelude_wrap *w, struct bytes in, uint8_t *out)
{
    size_t at = 0, n = 0;
    while (at < in.n) {
        if (w->on && w->left == 0) {
            w->on = w->header_n > 0 || in.p[at] == TDS_PRELOGIN;
            if (!w->on)
                continue;
            w->header[w->header_n++] = in.p[at++];
            if (w->header_n < TDS_HEADER)
                continue;
            size_t len = be16(w->header + 2);
            w->left = len > TDS_HEADER ? len - TDS_HEADER : 0;
            w->header_n = 0;
            continue;
        }
        size_t piece = w->on && w->left < in.n - at ? w->left : in.n - at;
        memmove(out + n, in.p + at, piece);
        at += piece;
        n += piece;
        w->left -= w->on ? piece : 0;
    }
    return n;
}
