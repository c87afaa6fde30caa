/* Names plain protocols by their first bytes, where these leave no doubt. */
#include "prelude_row.h"

#include <string.h>

enum { ANY = -1 };
#define MAGIC(bytes) bytes, sizeof(bytes) - 1

/* The first bytes, exactly. */
static const struct magic { const char *name; int from; size_t at; const char *bytes; size_t n; } magics[] = {
    { "ssh", ANY, 0, MAGIC("SSH-") },
    { "vnc", ANY, 0, MAGIC("RFB 00") },
    { "http", SERVER, 0, MAGIC("HTTP/1.") },
    { "http", ANY, 0, MAGIC("PRI * HTTP/2.0") },
    { "http2", SERVER, 3, MAGIC("\x04\x00\x00\x00\x00\x00") }, /* a SETTINGS frame; its length is checked below */
    { "rtsp", SERVER, 0, MAGIC("RTSP/1.") },
    { "sip", SERVER, 0, MAGIC("SIP/2.0 ") },
    { "imap", SERVER, 0, MAGIC("* OK") },
    { "imap", SERVER, 0, MAGIC("* PREAUTH") },
    { "imap", SERVER, 0, MAGIC("* BYE") },
    { "pop3", SERVER, 0, MAGIC("+OK ") },
    { "pop3", SERVER, 0, MAGIC("+OK\r\n") },
    { "sieve", SERVER, 0, MAGIC("\"IMPLEMENTATION\"") },
    { "redis", SERVER, 0, MAGIC("-ERR unknown command") },
    { "redis", SERVER, 0, MAGIC("-ERR Protocol error") },
    { "redis", SERVER, 0, MAGIC("-DENIED Redis") },
    { "redis", SERVER, 0, MAGIC("-NOAUTH") },
    { "memcached", SERVER, 0, MAGIC("ERROR\r\n") },
    { "amqp", ANY, 0, MAGIC("AMQP\x00") },
    { "amqp", ANY, 0, MAGIC("AMQP\x01") },
    { "rsync", ANY, 0, MAGIC("@RSYNCD:") },
    { "bittorrent", ANY, 0, MAGIC("\x13" "BitTorrent protocol") },
    { "smb", ANY, 4, MAGIC("\xffSMB") },
    { "smb", ANY, 4, MAGIC("\xfeSMB") },
    { "rdp", ANY, 0, MAGIC("\x03\x00\x00") }, /* TPKT; length and X.224 type are checked below */
    { "mqtt", CLIENT, 2, MAGIC("\x00\x04MQTT") }, /* after type and a length of one byte; checked below */
    { "mqtt", CLIENT, 2, MAGIC("\x00\x06MQIsdp") },
    { "ldap", CLIENT, 2, MAGIC("\x02\x01") }, /* the message's number in its SEQUENCE; the rest is checked below */
    { "postgres", CLIENT, 4, MAGIC("\x00\x03\x00\x00") },
    { "postgres", CLIENT, 4, MAGIC("\x04\xd2\x16\x2f") },
    { "telnet", ANY, 0, MAGIC("\xff\xfb") },
    { "telnet", ANY, 0, MAGIC("\xff\xfd") },
    { "xmpp", ANY, 0, MAGIC("<stream:stream") },
    { "xmpp", ANY, 0, MAGIC("<?xml ") },
    { "tns", CLIENT, 4, MAGIC("\x01\x00\x00\x00\x01") },
    { "dce-rpc", CLIENT, 0, MAGIC("\x05\x00\x0b\x03\x10\x00\x00\x00") },
};

static bool line_holds(struct bytes line, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= line.n; i++) {
        bool may = (line.p[i] | 0x20) == (word[0] | 0x20); /* a letter of either case; a call for each byte takes long */
        if (may && strncasecmp((const char *)line.p + i, word, n) == 0)
            return true;
    }
    return false;
}

static struct bytes first_line(struct bytes start)
{
    size_t       took;
    struct bytes line = text_line(start, &took);
    return took > 0 ? line : start;
}

/* The longer checks behind a short magic. */
static bool sound(const struct magic *m, struct bytes in)
{
    if (strcmp(m->name, "rdp") == 0)
        return in.n >= 7 && in.p[3] >= 7 && in.p[4] == in.p[3] - 5 && (in.p[5] == 0xe0 || in.p[5] == 0xd0);
    if (strcmp(m->name, "http2") == 0)
        return in.n >= 9 && in.p[0] == 0 && in.p[1] == 0 && in.p[2] % 6 == 0;
    if (strcmp(m->name, "mqtt") == 0)
        return in.p[0] == 0x10 && in.p[1] < 0x80;
    if (strcmp(m->name, "ldap") == 0) /* bind, or a search without one (RFC 4511 sections 4.2 and 4.5) */
        return in.n >= 7 && in.p[0] == 0x30 && in.p[1] < 0x80 && (in.p[5] == 0x60 || in.p[5] == 0x63);
    if (strcmp(m->name, "postgres") == 0)
        return in.p[0] == 0 && in.p[1] == 0;
    if (strcmp(m->name, "xmpp") == 0)
        return line_holds(in, "<stream:stream");
    if (strcmp(m->name, "tns") == 0)
        return in.n >= 8 && be16(in.p) >= 34;
    return true;
}

static const char *by_magic(enum side from, struct bytes in)
{
    for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
        const struct magic *m = &magics[i];
        bool there = in.n >= m->at + m->n && memcmp(in.p + m->at, m->bytes, m->n) == 0;
        if (there && (m->from == ANY || m->from == (int)from) && sound(m, in))
            return m->name;
    }
    return NULL;
}

static const char *by_request(struct bytes in)
{
    static const char *const methods[] = {
        "GET ", "POST ", "HEAD ", "PUT ", "OPTIONS ", "DELETE ", "PATCH ", "TRACE ", "CONNECT ", "PROPFIND ",
        "PROPPATCH ", "MKCOL ", "REPORT ", "DESCRIBE ", "REGISTER ", "INVITE ",
    };
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        if (prelude_prefix(in, methods[i], strlen(methods[i])) != FIT_YES)
            continue;
        struct bytes line = first_line(in);
        if (line_holds(line, " RTSP/1."))
            return "rtsp";
        if (line_holds(line, " SIP/2.0"))
            return "sip";
        uint8_t target = in.n > strlen(methods[i]) ? in.p[strlen(methods[i])] : 0;
        bool    http = target == '/' || target == '*' || line_holds(line, " HTTP/1.") || line_holds(line, "http://");
        return http ? "http" : NULL;
    }
    return NULL;
}

/* 220 greets in SMTP and FTP: the text behind it tells, or nothing does. */
static const char *by_banner(struct bytes in)
{
    struct bytes line = first_line(in);
    bool         code = line.n >= 4 && (line.p[3] == ' ' || line.p[3] == '-');
    if (code && (text_starts(line, "220") || text_starts(line, "421") || text_starts(line, "554"))) {
        static const char *const mail[] = { "SMTP", "Postfix", "Exim", "sendmail", "mail", "MX" };
        static const char *const file[] = { "FTP", "FileZilla", "Pure-FTPd" };
        for (size_t i = 0; i < ARRAY_LEN(file); i++)
            if (line_holds(line, file[i]))
                return "ftp";
        for (size_t i = 0; i < ARRAY_LEN(mail); i++)
            if (line_holds(line, mail[i]))
                return "smtp";
    }
    bool news = line_holds(line, "NNTP") || line_holds(line, "posting");
    if (code && news && (text_starts(line, "200") || text_starts(line, "201")))
        return "nntp";
    if (line_holds(line, "NOTICE AUTH") || (line.n > 0 && line.p[0] == ':' && line_holds(line, " NOTICE ")))
        return "irc";
    if (text_starts(line, "<html") || text_starts(line, "<!doctype html"))
        return "http"; /* HTTP/0.9 answers: some servers send them to what they cannot parse */
    return NULL;
}

static const char *by_command(struct bytes in)
{
    struct bytes line = first_line(in);
    if (text_starts(line, "EHLO ") || text_starts(line, "HELO "))
        return "smtp";
    if (text_starts(line, "LHLO "))
        return "lmtp";
    if (text_starts(line, "NICK ") || text_starts(line, "CAP LS"))
        return "irc";
    if (text_starts(line, "AUTH TLS") || text_starts(line, "AUTH SSL"))
        return "ftp";
    return NULL;
}

/* Protocol 10 with a version text (MySQL, MariaDB), or its error packet. */
static bool is_mysql_greeting(struct bytes in)
{
    if (in.n < 7 || in.p[1] > 3 || in.p[2] != 0 || in.p[3] != 0)
        return false;
    bool version = in.p[5] >= '1' && in.p[5] <= '9' && (in.p[6] == '.' || (in.p[6] >= '0' && in.p[6] <= '9'));
    bool refusal = in.n >= 9 && be16(in.p + 5) != 0 && line_holds((struct bytes){ in.p + 7, in.n - 7 }, "host");
    return (in.p[4] == 10 && version) || (in.p[4] == 0xff && refusal);
}

const char *plain_protocol(enum side from, struct bytes start)
{
    if (start.p == NULL || start.n == 0)
        return NULL;
    const char *name = by_magic(from, start);
    if (name != NULL)
        return strcmp(name, "http2") == 0 ? "http" : name;
    if (from == SERVER && is_mysql_greeting(start))
        return "mysql";
    if (from == SERVER)
        return by_banner(start);
    name = by_request(start);
    return name != NULL ? name : by_command(start);
}
