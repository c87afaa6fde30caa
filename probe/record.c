#include "tlswhy/record.h"

#include "tlswhy/pcapng.h"
#include "tlswhy/keys.h"
#include "tlswhy/writer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    LINK_RAW = 101, TCP = 6, ICMP = 1, ICMPV6 = 58, TTL = 64, WINDOW = 64240, MSS = 1460,
    FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16,
    HEADERS = 40 + 24, PIECE = 65000, /* of payload in one packet */
    MARKS_BLOCK = 64 * 1024
};

struct recording {
    struct pcapng_writer *out;
    uint64_t              frames;
    struct text           marks;
    uint16_t              ip_id;
};

struct recording *recording_new(const char *path, struct err *err)
{
    struct pcapng_writer *out = pcapng_create(path, err);
    if (out == NULL)
        return NULL;
    struct recording *r = mem_get(1, sizeof *r);
    r->out = out;
    return r;
}

uint64_t *recording_frames(struct recording *r) { return &r->frames; }

/* ------------------------------------------------------------------------------------ headers */

/* The Internet checksum (RFC 1071), to be ended by `folded`. */
static uint32_t sum(const uint8_t *p, size_t n, uint32_t s)
{
    for (size_t i = 0; i < n; i++)
        s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
    return s;
}

static uint16_t folded(uint32_t s)
{
    while (s >> 16 != 0)
        s = (s & 0xffff) + (s >> 16);
    return (uint16_t)~s;
}

static void put_u16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

/* The addresses, protocol and length that TCP's and ICMPv6's checksums cover (RFC 9293 section 3.1, RFC 8200 section 8.1). */
static uint32_t pseudo_header(const struct endpoint *src, const struct endpoint *dst, unsigned proto, size_t n)
{
    return sum(dst->ip, dst->ip_len, sum(src->ip, src->ip_len, proto + (uint32_t)n));
}

static void ip_header(struct recording *r, struct writer *w, const struct endpoint *src, const struct endpoint *dst, unsigned proto, size_t n)
{
    uint8_t *start = w->p + w->n;
    if (src->ip_len == 16) {
        wr_uint(w, 4, 0x60000000);
        wr_u16(w, (unsigned)n);
        wr_u8(w, proto);
        wr_u8(w, TTL);
    } else {
        wr_u16(w, 0x4500);
        wr_u16(w, (unsigned)(20 + n));
        wr_u16(w, ++r->ip_id);
        wr_u16(w, 0x4000); /* do not fragment */
        wr_u8(w, TTL);
        wr_u8(w, proto);
        wr_u16(w, 0);
    }
    wr_bytes(w, src->ip, src->ip_len);
    wr_bytes(w, dst->ip, dst->ip_len);
    if (src->ip_len == 4)
        put_u16(start + 10, folded(sum(start, 20, 0)));
}

struct tcp_head {
    uint32_t seq, ack;
    unsigned flags;
};

static void tcp_packet(struct recording *r, struct writer *w, const struct endpoint *src, const struct endpoint *dst, struct tcp_head t, struct bytes body)
{
    size_t header = (t.flags & SYN) != 0 ? 24 : 20;
    ip_header(r, w, src, dst, TCP, header + body.n);
    uint8_t *start = w->p + w->n;
    wr_u16(w, src->port);
    wr_u16(w, dst->port);
    wr_uint(w, 4, t.seq);
    wr_uint(w, 4, t.ack);
    wr_u8(w, (unsigned)(header / 4) << 4);
    wr_u8(w, t.flags);
    wr_u16(w, (t.flags & RST) != 0 ? 0 : WINDOW);
    wr_uint(w, 4, 0); /* checksum, urgent pointer */
    if (header > 20)
        wr_uint(w, 4, 0x02040000 | MSS);
    wr_bytes(w, body.p, body.n);
    put_u16(start + 16, folded(sum(start, header + body.n, pseudo_header(src, dst, TCP, header + body.n))));
}

static void give(struct recording *r, const struct writer *w, int64_t ns)
{
    struct packet p = { .p = w->p, .caplen = (uint32_t)w->n, .len = (uint32_t)w->n, .ns = ns, .linktype = LINK_RAW };
    pcapng_packet(r->out, &p, NULL);
}

/* ------------------------------------------------------------------------------------ a connection's packets */

/* Where a side's numbers begin: made up, and another for each connection. */
static uint32_t first_number(const struct wire_event *ev, enum side s) { return 0x10000000u * (s + 1) + ev->stream * 0x10001u; }

/* What the side says next, `before` bytes back from all that it has said, and what it has heard. */
static struct tcp_head head_of(const struct wire_event *ev, enum side from, size_t before, unsigned flags)
{
    enum side other = from == CLIENT ? SERVER : CLIENT;
    return (struct tcp_head){ .seq = first_number(ev, from) + 1 + (uint32_t)(ev->tcp->bytes[from] - before),
                              .ack = first_number(ev, other) + 1 + (uint32_t)ev->tcp->bytes[other], .flags = flags };
}

static void send_tcp(struct recording *r, const struct wire_event *ev, enum side from, struct tcp_head t, struct bytes body)
{
    enum side     other = from == CLIENT ? SERVER : CLIENT;
    struct writer w = { .p = mem_get(HEADERS + body.n, 1), .cap = HEADERS + body.n };
    tcp_packet(r, &w, &ev->ends[from], &ev->ends[other], t, body);
    give(r, &w, ev->ns);
    free(w.p);
}

static const struct bytes nothing;

void recording_syn(struct recording *r, const struct wire_event *ev)
{
    send_tcp(r, ev, CLIENT, (struct tcp_head){ .seq = first_number(ev, CLIENT), .flags = SYN }, nothing);
}

static void open_tcp(struct recording *r, const struct wire_event *ev)
{
    struct tcp_head answer = { .seq = first_number(ev, SERVER), .ack = first_number(ev, CLIENT) + 1, .flags = SYN | ACK };
    send_tcp(r, ev, SERVER, answer, nothing);
    send_tcp(r, ev, CLIENT, head_of(ev, CLIENT, 0, ACK), nothing);
}

static void say(struct recording *r, const struct wire_event *ev)
{
    uint8_t *copy = mem_get(ev->len, 1);
    memcpy(copy, ev->bytes, ev->len);
    if (ev->from == CLIENT)
        mask_credentials(copy, ev->len);
    for (size_t at = 0; at < ev->len;) {
        size_t n = ev->len - at < PIECE ? ev->len - at : PIECE;
        send_tcp(r, ev, ev->from, head_of(ev, ev->from, ev->len - at, PSH | ACK), (struct bytes){ copy + at, n });
        at += n;
    }
    free(copy);
}

/* Destination unreachable, with the start of the SYN that it is about (RFC 792, RFC 4443 section 3.1). Who said so is not
 * known: no network is our own system's word, all else is shown as the far end's. */
static void unreachable(struct recording *r, const struct wire_event *ev)
{
    const struct endpoint *client = &ev->ends[CLIENT], *from = (ev->code & 0xff) == 0 ? client : &ev->ends[SERVER];
    bool          six = client->ip_len == 16;
    uint8_t       quoted[HEADERS], packet[2 * HEADERS];
    struct writer q = { .p = quoted, .cap = sizeof quoted }, w = { .p = packet, .cap = sizeof packet };
    tcp_packet(r, &q, client, &ev->ends[SERVER], (struct tcp_head){ .seq = first_number(ev, CLIENT), .flags = SYN }, nothing);
    ip_header(r, &w, from, client, six ? ICMPV6 : ICMP, 8 + q.n);
    uint8_t *start = packet + w.n;
    wr_u16(&w, (unsigned)ev->code); /* type and code */
    wr_u16(&w, 0);
    wr_uint(&w, 4, 0);
    wr_bytes(&w, quoted, q.n);
    put_u16(start + 2, folded(sum(start, 8 + q.n, six ? pseudo_header(from, client, ICMPV6, 8 + q.n) : 0)));
    give(r, &w, ev->ns);
}

static void ended(struct recording *r, const struct wire_event *ev)
{
    recording_mark(r, &(struct mark){ .kind = MARK_KERNEL, .ends = { ev->ends[CLIENT], ev->ends[SERVER] }, .acked = ev->tcp->acked[CLIENT],
                                     .retransmissions = ev->tcp->retransmissions[CLIENT], .syns = ev->tcp->syns });
}

void recording_take(struct recording *r, const struct wire_event *ev)
{
    switch (ev->kind) {
    case WIRE_OPEN: open_tcp(r, ev); break;
    case WIRE_BYTES: say(r, ev); break;
    case WIRE_FIN: send_tcp(r, ev, ev->from, head_of(ev, ev->from, 0, FIN | ACK), nothing); break;
    case WIRE_RST: send_tcp(r, ev, ev->from, head_of(ev, ev->from, 0, RST | ACK), nothing); break;
    case WIRE_REFUSED:
        send_tcp(r, ev, SERVER, (struct tcp_head){ .ack = first_number(ev, CLIENT) + 1, .flags = RST | ACK }, nothing);
        break;
    case WIRE_UNREACHABLE: unreachable(r, ev); break;
    case WIRE_STOPPED:
    case WIRE_TIMEOUT:
        recording_mark(r, &(struct mark){ .kind = ev->kind == WIRE_STOPPED ? MARK_STOPPED : MARK_GAVE_UP, .ns = ev->ns,
                                         .ends = { ev->ends[CLIENT], ev->ends[SERVER] } });
        break;
    case WIRE_END: ended(r, ev); break;
    case WIRE_GAP:
    case WIRE_DATAGRAM: break; /* a socket has no gaps */
    }
}

/* ------------------------------------------------------------------------------------ beside the packets */

static void secret_line(struct text *t, const char *label, const struct handshake *h, const uint8_t *secret, size_t n)
{
    if (n == 0)
        return;
    text_printf(t, "%s ", label);
    text_hex(t, h->hello.random.p, h->hello.random.n);
    text_char(t, ' ');
    text_hex(t, secret, n);
    text_char(t, '\n');
}

void recording_secrets(struct recording *r, const struct handshake *h, const struct tls13_secrets *s)
{
    struct text t = { 0 };
    secret_line(&t, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", h, s->handshake[CLIENT], s->handshake_len[CLIENT]);
    secret_line(&t, "SERVER_HANDSHAKE_TRAFFIC_SECRET", h, s->handshake[SERVER], s->handshake_len[SERVER]);
    secret_line(&t, "CLIENT_TRAFFIC_SECRET_0", h, s->application[CLIENT], s->application_len[CLIENT]);
    secret_line(&t, "SERVER_TRAFFIC_SECRET_0", h, s->application[SERVER], s->application_len[SERVER]);
    secret_line(&t, "CLIENT_RANDOM", h, s->master, s->master_len);
    pcapng_secrets(r->out, t.s, t.n);
    if (t.s != NULL)
        keys_wipe(t.s, t.n);
    text_free(&t);
}

void recording_mark(struct recording *r, const struct mark *m)
{
    if (r->marks.n == 0)
        marks_begin(&r->marks);
    mark_add(&r->marks, m);
}

/* Readers take marks for the connections before them, and Wireshark counts a Custom Block as a frame: they stand at the end. */
bool recording_finish(struct recording *r, struct err *err)
{
    if (r->marks.n != 0)
        pcapng_custom(r->out, MARKS_ENTERPRISE, r->marks.s, r->marks.n);
    bool ok = pcapng_finish(r->out, true, err);
    text_free(&r->marks);
    free(r);
    return ok;
}

/* ------------------------------------------------------------------------------------ credentials */

/* Behind the name of a header and the scheme: all to the end of the line. */
static size_t mask_value(uint8_t *p, size_t at, size_t n)
{
    while (at < n && p[at] == ' ')
        at++;
    while (at < n && p[at] != ' ' && p[at] != '\r' && p[at] != '\n')
        at++;
    for (; at < n && p[at] != '\r' && p[at] != '\n'; at++)
        p[at] = p[at] == ' ' ? ' ' : '*';
    return at;
}

void mask_credentials(uint8_t *p, size_t n)
{
    static const char *const names[] = { "\nauthorization:", "\nproxy-authorization:" };
    for (size_t at = 0; at < n; at++) {
        for (size_t i = 0; p[at] == '\n' && i < ARRAY_LEN(names); i++) {
            size_t len = strlen(names[i]);
            if (n - at > len && strncasecmp((const char *)p + at, names[i], len) == 0) {
                at = mask_value(p, at + len, n) - 1;
                break;
            }
        }
    }
}
