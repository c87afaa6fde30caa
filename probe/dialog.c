/* dialog.c - the scripts that lead to TLS. A step: send this, then read until an answer is whole. */
#include "tlswhy/dialog.h"

#include "tlswhy/reader.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { STEPS = 4 };

/* How an answer is read: gives DIALOG_SEND where it is whole and says yes, DIALOG_REFUSED where it says no. */
typedef enum dialog_says answer_reader(struct bytes heard, const char *yes);

struct step {
    const char    *send; /* %s is the host; NULL: nothing, the server speaks first */
    size_t         raw;  /* > 0: so many bytes, as they are */
    answer_reader *read;
    const char    *yes;
};
struct dialog {
    const char *name;
    uint16_t    port;
    struct step steps[STEPS]; /* ended by read NULL */
};

/* ------------------------------------------------------------------------------------ answers */

/* The next whole line, without its end. */
static bool next_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
    if (end == NULL)
        return false;
    *line = (struct bytes){ rest->p, (size_t)(end - rest->p) };
    *rest = (struct bytes){ end + 1, rest->n - line->n - 1 };
    return true;
}

static bool begins(struct bytes line, const char *word) { return line.n >= strlen(word) && strncasecmp((const char *)line.p, word, strlen(word)) == 0; }

/* Begins with one of the words of "OK|PREAUTH"? */
static bool begins_any(struct bytes line, const char *words)
{
    char one[32];
    for (const char *at = words; *at != '\0';) {
        size_t n = strcspn(at, "|");
        snprintf(one, sizeof one, "%.*s", (int)n, at);
        if (begins(line, one))
            return true;
        at += n + (at[n] == '|');
    }
    return false;
}

/* Three digits; a hyphen behind them says that more lines follow (RFC 5321 section 4.2). */
static enum dialog_says by_code(struct bytes heard, const char *yes)
{
    struct bytes line;
    while (next_line(&heard, &line))
        if (line.n >= 3 && isdigit(line.p[0]) && isdigit(line.p[2]) && (line.n == 3 || line.p[3] != '-'))
            return begins(line, yes) ? DIALOG_SEND : DIALOG_REFUSED;
    return DIALOG_WAIT;
}

static enum dialog_says by_first_line(struct bytes heard, const char *yes)
{
    struct bytes line;
    if (!next_line(&heard, &line))
        return DIALOG_WAIT;
    return begins_any(line, yes) ? DIALOG_SEND : DIALOG_REFUSED;
}

/* The line with our tag; others come before it (RFC 9051 section 2.2.2). */
static enum dialog_says by_tag(struct bytes heard, const char *yes)
{
    struct bytes line;
    while (next_line(&heard, &line))
        if (begins(line, "a1 "))
            return begins(line, yes) ? DIALOG_SEND : DIALOG_REFUSED;
    return DIALOG_WAIT;
}

/* Lines of capabilities, ended by OK, NO or BYE (RFC 5804 section 1.2). */
static enum dialog_says by_last_word(struct bytes heard, const char *yes)
{
    struct bytes line;
    while (next_line(&heard, &line))
        if (begins_any(line, "OK|NO|BYE"))
            return begins(line, yes) ? DIALOG_SEND : DIALOG_REFUSED;
    return DIALOG_WAIT;
}

/* IRC: numbers behind the server's name; notices come before (IRCv3 tls extension). */
static enum dialog_says by_irc_number(struct bytes heard, const char *yes)
{
    struct bytes line;
    while (next_line(&heard, &line)) {
        const uint8_t *blank = line.n > 1 && line.p[0] == ':' ? memchr(line.p, ' ', line.n) : NULL;
        struct bytes   number = { blank != NULL ? blank + 1 : line.p, blank != NULL ? line.n - (size_t)(blank + 1 - line.p) : 0 };
        if (begins(number, yes))
            return DIALOG_SEND;
        if (begins_any(number, "691|421|451|ERROR"))
            return DIALOG_REFUSED;
    }
    return DIALOG_WAIT;
}

static bool holds(struct bytes heard, const char *what) { return heard.n > 0 && memmem(heard.p, heard.n, what, strlen(what)) != NULL; }

static enum dialog_says by_xml(struct bytes heard, const char *yes)
{
    if (holds(heard, yes))
        return DIALOG_SEND;
    return holds(heard, "</stream:stream>") || holds(heard, "<failure") || holds(heard, "<stream:error") || holds(heard, "</stream:features>") ? DIALOG_REFUSED
                                                                                                                                             : DIALOG_WAIT;
}

static enum dialog_says by_letter(struct bytes heard, const char *yes)
{
    return heard.n == 0 ? DIALOG_WAIT : heard.p[0] == (uint8_t)yes[0] ? DIALOG_SEND : DIALOG_REFUSED;
}

/* The server's greeting packet, whole: a length of 3 bytes from the small end, a number, protocol 10. */
static enum dialog_says by_mysql_greeting(struct bytes heard, const char *yes)
{
    (void)yes;
    if (heard.n < 5)
        return DIALOG_WAIT;
    size_t len = (size_t)heard.p[0] | (size_t)heard.p[1] << 8 | (size_t)heard.p[2] << 16;
    if (heard.p[4] != 10)
        return DIALOG_REFUSED; /* an error packet: too many connections, host not allowed */
    if (heard.n < 4 + len)
        return DIALOG_WAIT;
    /* version text, thread, scramble, filler: then what the server can do */
    enum { BETWEEN = 1 + 4 + 8 + 1, CLIENT_SSL_HIGH = 0x08 };
    const uint8_t *nul = len > 1 ? memchr(heard.p + 5, 0, len - 1) : NULL;
    bool           told = nul != NULL && nul + BETWEEN + 1 < heard.p + 4 + len;
    return told && (nul[BETWEEN + 1] & CLIENT_SSL_HIGH) == 0 ? DIALOG_REFUSED : DIALOG_SEND;
}

/* ExtendedResponse (RFC 4511 section 4.12): resultCode 0 is yes. */
static enum dialog_says by_ldap_result(struct bytes heard, const char *yes)
{
    static const uint8_t code[] = { 0x0a, 0x01 };
    (void)yes;
    if (heard.n < 2 || (heard.p[1] < 0x80 && heard.n < 2u + heard.p[1]))
        return DIALOG_WAIT;
    const uint8_t *at = memmem(heard.p, heard.n, code, sizeof code);
    if (at == NULL)
        return heard.n < 64 ? DIALOG_WAIT : DIALOG_REFUSED;
    return at + 2 < heard.p + heard.n && at[2] == 0 ? DIALOG_SEND : DIALOG_REFUSED;
}

/* TPKT, X.224 connection confirm, RDP negotiation response (type 2) or failure (3). */
static enum dialog_says by_rdp_answer(struct bytes heard, const char *yes)
{
    (void)yes;
    if (heard.n < 4 || heard.n < be16(heard.p + 2))
        return heard.n >= 1 && heard.p[0] != 3 ? DIALOG_REFUSED : DIALOG_WAIT;
    return heard.n >= 19 && heard.p[11] == 2 && heard.p[15] != 0 ? DIALOG_SEND : DIALOG_REFUSED;
}

/* TDS: the server's PRELOGIN, in one packet ([MS-TDS] 2.2.6.5). Its encryption option says whether TLS follows. */
enum { TDS_HEADER = 8, TDS_PRELOGIN = 0x12, TDS_RESPONSE = 4, TDS_LAST = 1, TDS_PACKET = 4096, TDS_ENCRYPTION = 1, TDS_END = 0xff };

static enum dialog_says by_tds_prelogin(struct bytes heard, const char *yes)
{
    enum { NOT_SUPPORTED = 2, REQUIRED = 3, FOR_CERTIFICATES = 0x80 };
    (void)yes;
    if (heard.n < TDS_HEADER || heard.n < be16(heard.p + 2))
        return heard.n >= 1 && heard.p[0] != TDS_RESPONSE ? DIALOG_REFUSED : DIALOG_WAIT;
    struct bytes body = { heard.p + TDS_HEADER, heard.n - TDS_HEADER };
    for (size_t at = 0; at + 5 <= body.n && body.p[at] != TDS_END; at += 5) {
        size_t offset = be16(body.p + at + 1);
        if (body.p[at] != TDS_ENCRYPTION)
            continue;
        unsigned says = offset < body.n ? body.p[offset] & ~(unsigned)FOR_CERTIFICATES : NOT_SUPPORTED;
        return says != NOT_SUPPORTED && says <= REQUIRED ? DIALOG_SEND : DIALOG_REFUSED;
    }
    return DIALOG_REFUSED;
}

/* ------------------------------------------------------------------------------------ scripts */

#define RAW(bytes) (bytes), sizeof(bytes) - 1
#define XMPP(kind) "<?xml version='1.0'?><stream:stream xmlns='jabber:" kind "' xmlns:stream='http://etherx.jabber.org/streams' to='%s' version='1.0'>"
#define XMPP_STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define LDAP_STARTTLS "\x30\x1d\x02\x01\x01\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037"
#define MYSQL_SSL "\x20\0\0\1\x85\xae\xff\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define RDP_REQUEST "\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0"

/* Options VERSION, ENCRYPTION (on), INSTOPT, THREADID, MARS, and what they stand for */
#define TDS_REQUEST "\x12\1\0\x2f\0\0\0\0" "\0\0\x1a\0\6" "\1\0\x20\0\1" "\2\0\x21\0\1" "\3\0\x22\0\4" "\4\0\x26\0\1" "\xff" \
                    "\x0f\0\0\0\0\0" "\1" "\0" "\0\0\0\0" "\0"

static const struct dialog dialogs[] = {
    { "smtp", 25, { { NULL, 0, by_code, "220" }, { "EHLO tlswhy.invalid\r\n", 0, by_code, "250" }, { "STARTTLS\r\n", 0, by_code, "220" } } },
    { "lmtp", 24, { { NULL, 0, by_code, "220" }, { "LHLO tlswhy.invalid\r\n", 0, by_code, "250" }, { "STARTTLS\r\n", 0, by_code, "220" } } },
    { "imap", 143, { { NULL, 0, by_first_line, "* OK|* PREAUTH" }, { "a1 STARTTLS\r\n", 0, by_tag, "a1 OK" } } },
    { "pop3", 110, { { NULL, 0, by_first_line, "+OK" }, { "STLS\r\n", 0, by_first_line, "+OK" } } },
    { "ftp", 21, { { NULL, 0, by_code, "220" }, { "AUTH TLS\r\n", 0, by_code, "234" } } },
    { "nntp", 119, { { NULL, 0, by_code, "20" }, { "STARTTLS\r\n", 0, by_code, "382" } } },
    { "sieve", 4190, { { NULL, 0, by_last_word, "OK" }, { "STARTTLS\r\n", 0, by_last_word, "OK" } } },
    { "irc", 6667, { { "STARTTLS\r\n", 0, by_irc_number, "670" } } },
    { "xmpp", 5222, { { XMPP("client"), 0, by_xml, "<starttls" }, { XMPP_STARTTLS, 0, by_xml, "<proceed" } } },
    { "xmpp-server", 5269, { { XMPP("server"), 0, by_xml, "<starttls" }, { XMPP_STARTTLS, 0, by_xml, "<proceed" } } },
    { "ldap", 389, { { RAW(LDAP_STARTTLS), by_ldap_result, "" } } },
    { "postgres", 5432, { { RAW("\0\0\0\x08\x04\xd2\x16\x2f"), by_letter, "S" } } },
    { "mysql", 3306, { { NULL, 0, by_mysql_greeting, "" }, { RAW(MYSQL_SSL), NULL, "" } } },
    { "rdp", 3389, { { RAW(RDP_REQUEST), by_rdp_answer, "" } } },
    { "mssql", 1433, { { RAW(TDS_REQUEST), by_tds_prelogin, "" } } },
};

const struct dialog *dialog_named(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(dialogs); i++)
        if (strcmp(dialogs[i].name, name) == 0)
            return &dialogs[i];
    return NULL;
}

const struct dialog *dialog_of_port(uint16_t port)
{
    if (port == 587)
        return &dialogs[0]; /* submission */
    for (size_t i = 0; i < ARRAY_LEN(dialogs); i++)
        if (dialogs[i].port == port)
            return &dialogs[i];
    return NULL;
}

const char *dialog_name_at(size_t i) { return i < ARRAY_LEN(dialogs) ? dialogs[i].name : NULL; }
const char *dialog_name(const struct dialog *d) { return d->name; }
uint16_t    dialog_port(const struct dialog *d) { return d->port; }

/* ------------------------------------------------------------------------------------ TLS in packets */

/* Until the handshake is over TLS travels in PRELOGIN packets ([MS-TDS] 2.2.6.5). */
bool dialog_wraps(const struct dialog *d) { return d != NULL && d->steps[0].read == by_tds_prelogin; }

struct bytes dialog_wrap(const struct dialog *d, struct bytes tls, struct arena *a)
{
    enum { ROOM = TDS_PACKET - TDS_HEADER };
    if (!dialog_wraps(d))
        return tls;
    size_t   packets = (tls.n + ROOM - 1) / ROOM, n = 0;
    uint8_t *out = ARENA_NEW_N(a, tls.n + packets * TDS_HEADER, uint8_t);
    for (size_t at = 0; at < tls.n;) {
        size_t  piece = tls.n - at < ROOM ? tls.n - at : ROOM, len = piece + TDS_HEADER;
        uint8_t header[TDS_HEADER] = { TDS_PRELOGIN, at + piece == tls.n ? TDS_LAST : 0, (uint8_t)(len >> 8), (uint8_t)len };
        memcpy(out + n, header, sizeof header);
        memcpy(out + n + sizeof header, tls.p + at, piece);
        n += len;
        at += piece;
    }
    return (struct bytes){ out, n };
}

/* ------------------------------------------------------------------------------------ the machine */

/* A host that needs no escaping in XML; anything else is left empty. */
static const char *plain_host(const char *host)
{
    return strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:") == strlen(host) ? host : "";
}

static struct bytes to_send(const struct step *s, const char *host, struct arena *a)
{
    const char *at = strstr(s->raw == 0 ? s->send : "", "%s");
    if (s->raw != 0)
        return (struct bytes){ (const uint8_t *)s->send, s->raw };
    if (at == NULL)
        return (struct bytes){ (const uint8_t *)s->send, strlen(s->send) };
    const char *text = arena_printf(a, "%.*s%s%s", (int)(at - s->send), s->send, plain_host(host), at + 2);
    return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

/* Odd steps wait for the answer of the one before: *step counts sends and answers alternately. */
enum dialog_says dialog_next(const struct dialog *d, size_t *step, struct bytes heard, const char *host, struct arena *a, struct bytes *out)
{
    size_t i = *step / 2;
    if (*step % 2 == 0) { /* to be sent */
        (*step)++;
        if (d->steps[i].send != NULL) {
            *out = to_send(&d->steps[i], host, a);
            return DIALOG_SEND;
        }
    }
    if (d->steps[i].read == NULL) /* nothing is answered: what comes next is TLS */
        return DIALOG_TLS;
    enum dialog_says says = d->steps[i].read(heard, d->steps[i].yes);
    if (says != DIALOG_SEND)
        return says;
    (*step)++;
    if (i + 1 == STEPS || (d->steps[i + 1].read == NULL && d->steps[i + 1].send == NULL))
        return DIALOG_TLS;
    (*step)++;
    *out = to_send(&d->steps[i + 1], host, a);
    return DIALOG_SEND;
}
