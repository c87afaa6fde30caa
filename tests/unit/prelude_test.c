/* Dialogs as they are spoken: each line of a play is one side's next bytes, fed whole, byte by byte, and all of one
 * side's run at once; the three must agree. */
#include "tlswhy/prelude.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <string.h>

#define B(s) s, sizeof(s) - 1

struct turn {
    enum side   from;
    const char *bytes;
    size_t      n;
};
struct play {
    const char       *name;
    struct turn       turn[10];
    enum prelude_says says; /* at the end */
    enum prelude_kind kind;
    const char       *protocol;
    const char       *facts; /* accepted, refused, not_offered, offered, asked, plain_on, auth: a r n o q p l */
    int               status;
    const char       *answer, *host;
    unsigned          port;
    const char       *schemes, *sent;
};

static const struct play plays[] = {
    { "CONNECT, 200",
      { { CLIENT, B("CONNECT www.example:443 HTTP/1.1\r\nHost: www.example:443\r\nUser-Agent: x/1\r\n\r\n") },
        { SERVER, B("HTTP/1.1 200 Connection established\r\nProxy-agent: p/1\r\n\r\n") } },
      PRELUDE_TLS, PRELUDE_CONNECT, "http-connect", "aq", 200, "HTTP/1.1 200 Connection established", "www.example", 443, "", "" },
    { "CONNECT to an IPv6 address, HTTP/1.0, bare line feeds",
      { { CLIENT, B("CONNECT [2001:db8::1]:8443 HTTP/1.0\n\n") }, { SERVER, B("HTTP/1.0 200 OK\n\n") } },
      PRELUDE_TLS, PRELUDE_CONNECT, "http-connect", "aq", 200, "HTTP/1.0 200 OK", "2001:db8::1", 8443, "", "" },
    { "407 with schemes in one line and in several",
      { { CLIENT, B("CONNECT a:443 HTTP/1.1\r\n\r\n") },
        { SERVER, B("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nproxy-authenticate: NTLM, "
                    "Basic realm=\"a, Fake b\", Digest realm=\"x\\\"y\", nonce = \"1\", qop=\"auth\", stale=false\r\n"
                    "Content-Length: 5\r\n\r\nHello") } },
      PRELUDE_GOES_ON, PRELUDE_CONNECT, "http-connect", "rql", 407, "HTTP/1.1 407 Proxy Authentication Required", "a", 443,
      "Negotiate NTLM Basic Digest", "" },
    { "NTLM on one connection, then through",
      { { CLIENT, B("CONNECT a:443 HTTP/1.1\r\n\r\n") },
        { SERVER, B("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 4\r\n\r\nHTTP") },
        { CLIENT, B("CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: NTLM TlRMTVNTUAAB\r\n\r\n") },
        { SERVER, B("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM TlRMTVNTUAAC==\r\n\r\n") },
        { CLIENT, B("CONNECT a:443 HTTP/1.1\r\nProxy-Authorization: NTLM TlRMTVNTUAAD\r\n\r\n") },
        { SERVER, B("HTTP/1.1 200 OK\r\n\r\n") } },
      PRELUDE_TLS, PRELUDE_CONNECT, "http-connect", "aq", 200, "HTTP/1.1 200 OK", "a", 443, "NTLM", "NTLM" },
    { "100 before the answer, then 403",
      { { CLIENT, B("CONNECT a:443 HTTP/1.1\r\n\r\n") },
        { SERVER, B("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Blocked by policy\r\nServer: box\r\n\r\n<html>") } },
      PRELUDE_GOES_ON, PRELUDE_CONNECT, "http-connect", "rq", 403, "HTTP/1.1 403 Blocked by policy", "a", 443, "", "" },
    { "SMTP, agreed",
      { { SERVER, B("220-mx.example ESMTP\r\n220 hello\r\n") },
        { CLIENT, B("EHLO me\r\n") },
        { SERVER, B("250-mx.example\r\n250-PIPELINING\r\n250-STARTTLS\r\n250 HELP\r\n") },
        { CLIENT, B("STARTTLS\r\n") },
        { SERVER, B("220 Go ahead\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "smtp", "aoq", 220, "220 Go ahead", "", 0, "", "" },
    { "SMTP, offered last, refused",
      { { SERVER, B("220 mx\r\n") },
        { CLIENT, B("EHLO me\r\n") },
        { SERVER, B("250-mx\r\n250 STARTTLS\r\n") },
        { CLIENT, B("STARTTLS\r\n") },
        { SERVER, B("454 4.7.0 TLS not available due to local problem\r\n") },
        { CLIENT, B("QUIT\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "smtp", "roq", 454, "454 4.7.0 TLS not available due to local problem", "", 0, "", "" },
    { "SMTP, not offered",
      { { SERVER, B("220 mx\r\n") }, { CLIENT, B("EHLO me\r\n") }, { SERVER, B("250-mx\r\n250 SIZE 1\r\n") }, { CLIENT, B("QUIT\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "smtp", "n", 0, "", "", 0, "", "" },
    { "SMTP in plain text: no prelude",
      { { SERVER, B("220 mx\r\n") }, { CLIENT, B("EHLO me\r\n") }, { SERVER, B("250 mx\r\n") }, { CLIENT, B("MAIL FROM:<a@b>\r\n") } },
      PRELUDE_OVER, PRELUDE_NONE, "smtp", "np", 0, "", "", 0, "", "" },
    { "LMTP",
      { { SERVER, B("220 mx LMTP\r\n") }, { CLIENT, B("LHLO me\r\n") }, { SERVER, B("250-mx\r\n250 STARTTLS\r\n") },
        { CLIENT, B("STARTTLS\r\n") }, { SERVER, B("220 yes\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "lmtp", "aoq", 220, "220 yes", "", 0, "", "" },
    { "FTP",
      { { SERVER, B("220-Welcome\r\n to us\r\n220 FTP\r\n") }, { CLIENT, B("FEAT\r\n") },
        { SERVER, B("211-Features:\r\n AUTH TLS;SSL\r\n PBSZ\r\n211 End\r\n") }, { CLIENT, B("AUTH TLS\r\n") },
        { SERVER, B("234 Proceed\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "ftp", "aoq", 234, "234 Proceed", "", 0, "", "" },
    { "FTP, refused",
      { { SERVER, B("220 hello\r\n") }, { CLIENT, B("AUTH TLS\r\n") }, { SERVER, B("530 Please login with USER and PASS.\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "ftp", "rq", 530, "530 Please login with USER and PASS.", "", 0, "", "" },
    { "FTP in plain text", { { SERVER, B("220 hello\r\n") }, { CLIENT, B("USER me\r\n") } },
      PRELUDE_OVER, PRELUDE_NONE, "", "p", 0, "", "", 0, "", "" },
    { "IMAP",
      { { SERVER, B("* OK ready\r\n") }, { CLIENT, B("a1 CAPABILITY\r\n") },
        { SERVER, B("* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK done\r\n") }, { CLIENT, B("a2 STARTTLS\r\n") },
        { SERVER, B("* NO just a hint\r\na2 OK begin\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "imap", "aoq", 0, "a2 OK begin", "", 0, "", "" },
    { "IMAP, refused",
      { { SERVER, B("* OK [CAPABILITY IMAP4rev1] ready\r\n") }, { CLIENT, B("x STARTTLS\r\n") }, { SERVER, B("x BAD unknown command\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "imap", "rnq", 0, "x BAD unknown command", "", 0, "", "" },
    { "IMAP, not offered",
      { { SERVER, B("* OK hi\r\n") }, { CLIENT, B("1 CAPABILITY\r\n") }, { SERVER, B("* CAPABILITY IMAP4rev1\r\n1 OK\r\n") },
        { CLIENT, B("2 LOGOUT\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "imap", "n", 0, "", "", 0, "", "" },
    { "POP3",
      { { SERVER, B("+OK ready\r\n") }, { CLIENT, B("CAPA\r\n") }, { SERVER, B("+OK\r\nTOP\r\nSTLS\r\n.\r\n") },
        { CLIENT, B("STLS\r\n") }, { SERVER, B("+OK begin\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "pop3", "aoq", 0, "+OK begin", "", 0, "", "" },
    { "POP3, refused",
      { { SERVER, B("+OK ready\r\n") }, { CLIENT, B("STLS\r\n") }, { SERVER, B("-ERR no TLS here\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "pop3", "rq", 0, "-ERR no TLS here", "", 0, "", "" },
    { "NNTP",
      { { SERVER, B("200 news\r\n") }, { CLIENT, B("CAPABILITIES\r\n") }, { SERVER, B("101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n") },
        { CLIENT, B("STARTTLS\r\n") }, { SERVER, B("382 go\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "nntp", "aoq", 382, "382 go", "", 0, "", "" },
    { "Sieve",
      { { SERVER, B("\"IMPLEMENTATION\" \"x\"\r\n\"STARTTLS\"\r\nOK \"ready\"\r\n") }, { CLIENT, B("STARTTLS\r\n") },
        { SERVER, B("NO \"not now\"\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "sieve", "roq", 0, "NO \"not now\"", "", 0, "", "" },
    { "IRC",
      { { CLIENT, B("CAP LS\r\nNICK a\r\n") }, { SERVER, B(":irc.example CAP * LS :tls multi-prefix\r\n") }, { CLIENT, B("STARTTLS\r\n") },
        { SERVER, B(":irc.example 670 a :STARTTLS successful, go ahead\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "irc", "aq", 670, ":irc.example 670 a :STARTTLS successful, go ahead", "", 0, "", "" },
    { "IRC without a word before",
      { { CLIENT, B("STARTTLS\r\n") }, { SERVER, B("NOTICE AUTH :*** Looking up\r\n:irc.example 691 a :STARTTLS failed\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "irc", "rq", 691, ":irc.example 691 a :STARTTLS failed", "", 0, "", "" },
    { "XMPP",
      { { CLIENT, B("<?xml version='1.0'?><stream:stream to='x' xmlns='jabber:client'>") },
        { SERVER, B("<?xml version='1.0'?><stream:stream from='x'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>") },
        { CLIENT, B("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") },
        { SERVER, B("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "xmpp", "roq", 0, "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "", 0, "", "" },
    { "XMPP, nothing offered",
      { { CLIENT, B("<stream:stream to='x' xmlns='jabber:client'>") }, { SERVER, B("<stream:stream from='x'><stream:features/>") },
        { CLIENT, B("</stream:stream>") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "xmpp", "n", 0, "", "", 0, "", "" },
    { "TLS at once", { { CLIENT, B("\x16\x03\x01\x00\x05") } }, PRELUDE_UNKNOWN, PRELUDE_NONE, "", "", 0, "", "", 0, "", "" },
    { "TLS to a mail server that greets", { { SERVER, B("220 mx ESMTP\r\n") }, { CLIENT, B("\x16\x03\x01\x00\x05") } },
      PRELUDE_UNKNOWN, PRELUDE_NONE, "", "", 0, "", "", 0, "", "" },
    { "HTTP is no prelude", { { CLIENT, B("GET / HTTP/1.1\r\n\r\n") } }, PRELUDE_UNKNOWN, PRELUDE_NONE, "", "", 0, "", "", 0, "", "" },
    { "nor is a form", { { CLIENT, B("POST /a HTTP/1.1\r\n\r\n") } }, PRELUDE_UNKNOWN, PRELUDE_NONE, "", "", 0, "", "", 0, "", "" },
    { "SMTP inside CONNECT",
      { { CLIENT, B("CONNECT mx:25 HTTP/1.1\r\n\r\n") }, { SERVER, B("HTTP/1.1 200 OK\r\n\r\n") }, { SERVER, B("220 mx ESMTP\r\n") },
        { CLIENT, B("EHLO a\r\n") }, { SERVER, B("250 STARTTLS\r\n") }, { CLIENT, B("STARTTLS\r\n") }, { SERVER, B("220 go\r\n") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "smtp", "aoq", 220, "220 go", "mx", 25, "", "" },
    { "SOCKS 4a, granted",
      { { CLIENT, B("\x04\x01\x01\xbb\0\0\0\1me\0www.example\0") }, { SERVER, B("\0\x5a\0\0\0\0\0\0") } },
      PRELUDE_TLS, PRELUDE_SOCKS, "socks4a", "aq", 90, "SOCKS reply 90: request granted", "www.example", 443, "", "" },
    { "SOCKS 4, rejected",
      { { CLIENT, B("\x04\x01\x01\xbb\x0a\0\0\1\0") }, { SERVER, B("\0\x5b\0\0\0\0\0\0") } },
      PRELUDE_GOES_ON, PRELUDE_SOCKS, "socks4", "rq", 91, "SOCKS reply 91: request rejected or failed", "10.0.0.1", 443, "", "" },
    { "four and one are not SOCKS", { { CLIENT, B("\x04\x01\x01\xbb\x0a\0\0\1me\1\2\3\0") } },
      PRELUDE_UNKNOWN, PRELUDE_NONE, "", "", 0, "", "", 0, "", "" },
    { "SOCKS 5 with a login",
      { { CLIENT, B("\x05\x02\0\x02") }, { SERVER, B("\x05\x02") }, { CLIENT, B("\x01\x02me\x03pwd") }, { SERVER, B("\x01\0") },
        { CLIENT, B("\x05\x01\0\x03\x0bwww.example\x01\xbb") }, { SERVER, B("\x05\0\0\x01\0\0\0\0\0\0") } },
      PRELUDE_TLS, PRELUDE_SOCKS, "socks5", "aq", 0, "SOCKS reply 0: succeeded", "www.example", 443, "username/password", "username/password" },
    { "SOCKS 5, login refused",
      { { CLIENT, B("\x05\x01\x02") }, { SERVER, B("\x05\x02") }, { CLIENT, B("\x01\x02me\x03pwd") }, { SERVER, B("\x01\x01") } },
      PRELUDE_GOES_ON, PRELUDE_SOCKS, "socks5", "rql", 1, "SOCKS reply 1: login refused", "", 0, "username/password", "username/password" },
    { "SOCKS 5, no method", { { CLIENT, B("\x05\x01\0") }, { SERVER, B("\x05\xff") } },
      PRELUDE_GOES_ON, PRELUDE_SOCKS, "socks5", "rql", 255, "SOCKS reply 255: no authentication method in common", "", 0, "", "" },
    { "SOCKS 5, not allowed",
      { { CLIENT, B("\x05\x01\0") }, { SERVER, B("\x05\0") }, { CLIENT, B("\x05\x01\0\x04 \1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x01\xbb") },
        { SERVER, B("\x05\x02\0\x01\0\0\0\0\0\0") } },
      PRELUDE_GOES_ON, PRELUDE_SOCKS, "socks5", "rq", 2, "SOCKS reply 2: connection not allowed by ruleset", "2001:db8::1", 443, "", "" },
    { "PROXY 1, then TLS", { { CLIENT, B("PROXY TCP4 192.0.2.1 192.0.2.2 4000 443\r\n\x16\x03\x01\0\x05") } },
      PRELUDE_TLS, PRELUDE_PROXY_PROTOCOL, "proxy-v1", "a", 0, "", "", 0, "", "" },
    { "PROXY 2, then TLS",
      { { CLIENT, B("\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x0f\xa0\x01\xbb") }, { CLIENT, B("\x16\x03\x01\0\x05") } },
      PRELUDE_TLS, PRELUDE_PROXY_PROTOCOL, "proxy-v2", "a", 0, "", "", 0, "", "" },
    { "PROXY 1, then SMTP",
      { { CLIENT, B("PROXY TCP4 192.0.2.1 192.0.2.2 4000 25\r\n") }, { SERVER, B("220 mx\r\n") }, { CLIENT, B("STARTTLS\r\n") },
        { SERVER, B("502 no\r\n") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "smtp", "rq", 502, "502 no", "", 0, "", "" },
    { "PostgreSQL, yes", { { CLIENT, B("\0\0\0\x08\x04\xd2\x16\x2f") }, { SERVER, B("S") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "postgres", "aq", 0, "S", "", 0, "", "" },
    { "PostgreSQL, GSSAPI first, then no, then plain",
      { { CLIENT, B("\0\0\0\x08\x04\xd2\x16\x30") }, { SERVER, B("N") }, { CLIENT, B("\0\0\0\x08\x04\xd2\x16\x2f") }, { SERVER, B("N") },
        { CLIENT, B("\0\0\0\x10\0\3\0\0user\0a\0\0") } },
      PRELUDE_OVER, PRELUDE_STARTTLS, "postgres", "rqp", 0, "N", "", 0, "", "" },
    { "MySQL, taken",
      { { SERVER, B("\x27\0\0\0\n8.0.32\0\1\0\0\0abcdefgh\0\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
        { CLIENT, B("\x20\0\0\1\0\x08\0\0\0\0\0\1\x21\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "mysql", "aoq", 0, "", "", 0, "", "" },
    { "MySQL, not offered, plain",
      { { SERVER, B("\x1c\0\0\0\n5.5.62\0\1\0\0\0abcdefgh\0\0\x00\0\0\0\0\0\0") }, { CLIENT, B("\x06\0\0\1\0\0\0\0\0\0") } },
      PRELUDE_OVER, PRELUDE_NONE, "mysql", "np", 0, "", "", 0, "", "" },
    { "LDAP, yes",
      { { CLIENT, B("\x30\x1d\2\1\1\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037") }, { SERVER, B("\x30\x0c\2\1\1\x78\7\x0a\1\0\4\0\4\0") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "ldap", "aq", 0, "success (0)", "", 0, "", "" },
    { "LDAP, refused, long lengths",
      { { CLIENT, B("\x30\x1d\2\1\1\x77\x18\x80\x16" "1.3.6.1.4.1.1466.20037") },
        { SERVER, B("\x30\x84\0\0\0\x15\2\1\1\x78\x84\0\0\0\x0c\x0a\1\x34\4\0\4\5no ca") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "ldap", "rq", 52, "unavailable (52): no ca", "", 0, "", "" },
    { "RDP, TLS",
      { { CLIENT, B("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0") }, { SERVER, B("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\2\0\x08\0\1\0\0\0") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "rdp", "aq", 0, "PROTOCOL_SSL", "", 0, "", "" },
    { "RDP, refused",
      { { CLIENT, B("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\1\0\0\0") }, { SERVER, B("\3\0\0\x13\x0e\xd0\0\0\x12\x34\0\3\0\x08\0\5\0\0\0") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "rdp", "rq", 5, "HYBRID_REQUIRED_BY_SERVER", "", 0, "", "" },
    { "TDS, agreed",
      { { CLIENT, B("\x12\1\0\x1a\0\0\1\0\0\0\x0b\0\6\1\0\x11\0\1\xff\x0b\0\0\0\0\0\1") },
        { SERVER, B("\4\1\0\x1a\0\0\1\0\0\0\x0b\0\6\1\0\x11\0\1\xff\x0b\0\0\0\0\0\1") } },
      PRELUDE_TLS, PRELUDE_STARTTLS, "tds", "aq", 1, "ENCRYPT_ON", "", 0, "", "" },
    { "TDS, not supported",
      { { CLIENT, B("\x12\1\0\x1a\0\0\1\0\0\0\x0b\0\6\1\0\x11\0\1\xff\x0b\0\0\0\0\0\1") },
        { SERVER, B("\4\1\0\x1a\0\0\1\0\0\0\x0b\0\6\1\0\x11\0\1\xff\x0b\0\0\0\0\0\2") } },
      PRELUDE_GOES_ON, PRELUDE_STARTTLS, "tds", "rq", 2, "ENCRYPT_NOT_SUP", "", 0, "", "" },
};

enum slicing { WHOLE, SINGLE_BYTES };

static enum prelude_says perform(const struct play *p, enum slicing how, struct arena *a, struct prelude *out)
{
    struct prelude_machine m = { 0 };
    uint8_t                held[2][4096];
    size_t                 n[2] = { 0, 0 };
    enum prelude_says      says = PRELUDE_WAIT, last = PRELUDE_WAIT;
    uint64_t               frame = 0;
    for (size_t i = 0; i < ARRAY_LEN(p->turn) && p->turn[i].bytes != NULL; i++) {
        const struct turn *t = &p->turn[i];
        for (size_t at = 0, step; at < t->n; at += step) {
            step = how == WHOLE ? t->n : 1;
            memcpy(held[t->from] + n[t->from], t->bytes + at, step);
            n[t->from] += step;
            struct place where = { .frame = ++frame };
            size_t       took = prelude_feed(&m, a, t->from, (struct bytes){ held[t->from], n[t->from] }, &where, out, &says);
            CU_ASSERT_FATAL(took <= n[t->from]);
            memmove(held[t->from], held[t->from] + took, n[t->from] - took);
            n[t->from] -= took;
            last = says != PRELUDE_WAIT ? says : last;
        }
    }
    return last;
}

static void same(const char *play, const char *what, struct bytes got, const char *want)
{
    if (got.n != strlen(want) || memcmp(got.p != NULL ? (const char *)got.p : "", want, got.n) != 0) {
        printf("\n%s: %s is '%.*s', not '%s'\n", play, what, (int)got.n, got.p != NULL ? (const char *)got.p : "", want);
        CU_FAIL("text differs");
    }
}

static void facts_of(const struct prelude *p, char out[8])
{
    snprintf(out, 8, "%s%s%s%s%s%s%s", p->accepted ? "a" : "", p->refused ? "r" : "", p->not_offered ? "n" : "",
             p->offered ? "o" : "", p->asked_for_tls ? "q" : "", p->plain_on ? "p" : "", p->auth_failed ? "l" : "");
}

static void check_play(const struct play *p, enum slicing how)
{
    struct arena   a = { 0 };
    struct prelude out = { 0 };
    char           facts[8], schemes[128] = "", name[160];
    snprintf(name, sizeof name, "%s (%s)", p->name, how == WHOLE ? "whole" : "bytes");
    enum prelude_says says = perform(p, how, &a, &out);
    facts_of(&out, facts);
    for (size_t i = 0; i < out.schemes.n; i++)
        snprintf(schemes + strlen(schemes), sizeof schemes - strlen(schemes), "%s%.*s", i > 0 ? " " : "",
                 (int)out.schemes.v[i].n, (const char *)out.schemes.v[i].p);
    if (says != p->says || out.kind != p->kind || strcmp(facts, p->facts) != 0 || out.status != p->status || out.port != p->port) {
        printf("\n%s: says %d kind %d facts %s status %d port %u\n", name, says, out.kind, facts, out.status, out.port);
        CU_FAIL("dialog differs");
    }
    same(name, "protocol", (struct bytes){ (const uint8_t *)out.protocol, out.protocol != NULL ? strlen(out.protocol) : 0 }, p->protocol);
    same(name, "answer", out.answer, p->answer);
    same(name, "host", out.host, p->host);
    same(name, "schemes", (struct bytes){ (const uint8_t *)schemes, strlen(schemes) }, p->schemes);
    same(name, "scheme sent", out.sent_scheme, p->sent);
    arena_free(&a);
}

static void test_plays(void)
{
    for (size_t i = 0; i < ARRAY_LEN(plays); i++) {
        check_play(&plays[i], WHOLE);
        check_play(&plays[i], SINGLE_BYTES);
    }
}

static void test_plain(void)
{
    static const struct { const char *bytes; size_t n; enum side from; const char *name; } t[] = {
        { B("SSH-2.0-OpenSSH_9.2\r\n"), SERVER, "ssh" },
        { B("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), CLIENT, "ldap" },
        { B("\x30\x0c\x02\x01\x01\x02\x01\x07"), CLIENT, NULL }, /* two numbers in a row: DER of something else */
        { B("\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03" "abc"), CLIENT, "mqtt" },
        { B("\x30\x0f\x00\x04MQTT"), CLIENT, NULL },
        { B("HTTP/1.1 400 Bad Request\r\n"), SERVER, "http" },
        { B("<html>\r\n<head><title>400 Bad Request</title>"), SERVER, "http" },
        { B("GET / HTTP/1.1\r\n"), CLIENT, "http" },
        { B("220 mx.example ESMTP Postfix\r\n"), SERVER, "smtp" },
        { B("220 (vsFTPd 3.0.3)\r\n"), SERVER, "ftp" },
        { B("220 hello\r\n"), SERVER, NULL },
        { B("+OK ready\r\n"), SERVER, "pop3" },
        { B("* OK ready\r\n"), SERVER, "imap" },
        { B("RFB 003.008\n"), SERVER, "vnc" },
        { B("J\x00\x00\x00\n8.0.32\0"), SERVER, "mysql" },
        { B("\x00\x00\x00\x4c\x00\x03\x00\x00user\0"), CLIENT, "postgres" },
        { B("\x03\x00\x00\x0b\x06\xd0\x00\x00\x12\x34\x00"), SERVER, "rdp" },
        { B("\x16\x03\x01\x00\x05"), CLIENT, NULL },
        { B("\x00"), SERVER, NULL },
        { B("GETTING THERE"), CLIENT, NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        const char *name = plain_protocol(t[i].from, (struct bytes){ (const uint8_t *)t[i].bytes, t[i].n });
        if ((name == NULL) != (t[i].name == NULL) || (name != NULL && strcmp(name, t[i].name) != 0)) {
            printf("\nplain %zu: %s, not %s\n", i, name != NULL ? name : "-", t[i].name != NULL ? t[i].name : "-");
            CU_FAIL("protocol differs");
        }
    }
}

/* Packets of 3 and 2 bytes, then bare records; in pieces of every size. */
static void test_unwrap(void)
{
    static const uint8_t wire[] = "\x12\0\0\x0b\0\0\1\0abc\x12\1\0\x0a\0\0\2\0de\x17\3\3xyz";
    for (size_t step = 1; step < sizeof wire; step++) {
        struct prelude_wrap w = { .on = true };
        uint8_t             out[sizeof wire];
        size_t              n = 0;
        for (size_t at = 0; at < sizeof wire - 1; at += step) {
            size_t piece = sizeof wire - 1 - at < step ? sizeof wire - 1 - at : step;
            n += prelude_unwrap(&w, (struct bytes){ wire + at, piece }, out + n);
        }
        CU_ASSERT(n == 11 && memcmp(out, "abcde\x17\3\3xyz", 11) == 0 && !w.on);
    }
}

int main(void)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    CU_pSuite s = CU_add_suite("prelude", NULL, NULL);
    CU_add_test(s, "dialogs, whole and byte by byte", test_plays);
    CU_add_test(s, "plain protocols", test_plain);
    CU_add_test(s, "TLS inside TDS packets", test_unwrap);
    CU_basic_set_mode(CU_BRM_NORMAL);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures() + CU_get_number_of_suites_failed();
    CU_cleanup_registry();
    return failed != 0;
}
