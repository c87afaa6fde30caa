/* workload - large captures to measure on: workload KIND MEGABYTES OUT.pcap RECORDING...
 *
 *     handshakes  the recordings again and again, 64 at a time, each copy by a client of its own address; of 20, one is of a
 *                 failed handshake (a recording whose name does not begin with ok-)
 *     bulk        eight good handshakes and then nothing but application data in records of 16 KB
 *     mixed       one packet in ten of handshakes; else long connections of plain text, and datagrams
 *     scan        connections that never get far: lone SYNs, refusals, opened and left
 *
 * OUT.pcap.tsv lists the connections whose outcome is known, for recall.py: good recordings, and all of a scan.
 * The same arguments give the same bytes. Recordings are read as Ethernet; others are passed over. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tlswhy/capture.h"
#include "tlswhy/reader.h"

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, TCP = 6, UDP = 17, SLOTS = 64, HEADERS = 54, SEGMENT = 1448, RECORD = 16384 };

struct frame {
    uint8_t *p;
    uint32_t n;
};
struct recording {
    struct frame *frame;
    size_t        n;
    uint8_t       client[16]; /* address, of ip_len bytes */
    size_t        ip_len;
};
static struct recordings {
    struct recording *v;
    size_t            n;
} good, failed;
static FILE             *out, *truth;
static uint64_t          written, limit, clock_us = UINT64_C(1800000000000000), rng = UINT64_C(88172645463325252);

static uint32_t below(uint32_t n) /* xorshift64* */
{
    rng ^= rng >> 12;
    rng ^= rng << 25;
    rng ^= rng >> 27;
    return (uint32_t)((rng * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void put(uint8_t *p, size_t width, uint32_t v)
{
    for (size_t i = width; i-- > 0; v >>= 8)
        p[i] = (uint8_t)v;
}

static void emit(const uint8_t *p, size_t n)
{
    uint32_t h[4] = { (uint32_t)(clock_us / 1000000), (uint32_t)(clock_us % 1000000), (uint32_t)n, (uint32_t)n };
    fwrite(h, sizeof h, 1, out);
    fwrite(p, n, 1, out);
    written += sizeof h + n;
    clock_us += 1 + below(40);
}

/* A line of the list: the ends of this TCP segment, from the client, and what comes of the connection. */
static void tell(const uint8_t *p, const char *outcome)
{
    bool           four = p[12] == 8;
    char           from[64], to[64];
    const uint8_t *ip = p + (four ? 26 : 22), *tcp = four ? p + 14 + (p[14] & 15) * 4 : p + 54;
    inet_ntop(four ? AF_INET : AF_INET6, ip, from, sizeof from);
    inet_ntop(four ? AF_INET : AF_INET6, ip + (four ? 4 : 16), to, sizeof to);
    fprintf(truth, "%s\t%u\t%s\t%u\t%s\n", from, be16(tcp), to, be16(tcp + 2), outcome);
}

/* ---- made segments ---- */

struct half {
    uint32_t ip;
    uint16_t port;
    uint32_t seq;
};

static const uint8_t *segment(struct half *from, const struct half *to, unsigned flags, const uint8_t *data, size_t n)
{
    static uint8_t p[2048];
    static const uint8_t start[] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0 };
    memset(p, 0, HEADERS);
    memcpy(p, start, sizeof start);
    put(p + 16, 2, (uint32_t)(40 + n));
    put(p + 18, 2, below(65536));
    p[22] = 64;
    p[23] = TCP;
    put(p + 26, 4, from->ip);
    put(p + 30, 4, to->ip);
    put(p + 34, 2, from->port);
    put(p + 36, 2, to->port);
    put(p + 38, 4, from->seq);
    put(p + 42, 4, (flags & ACK) != 0 ? to->seq : 0);
    p[46] = 0x50;
    p[47] = (uint8_t)flags;
    put(p + 48, 2, 65000);
    if (n != 0)
        memcpy(p + HEADERS, data, n);
    emit(p, HEADERS + n);
    from->seq += (uint32_t)n + ((flags & (SYN | FIN)) != 0);
    return p;
}

static void datagram(uint32_t from, uint32_t to)
{
    uint8_t p[14 + 20 + 8 + 40] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0, 0, 68 };
    p[22] = 64;
    p[23] = UDP;
    put(p + 26, 4, from);
    put(p + 30, 4, to);
    put(p + 34, 2, 1024 + below(60000));
    put(p + 36, 2, 9999);
    put(p + 38, 2, 48);
    emit(p, sizeof p);
}

static struct half new_client(void) { return (struct half){ 0x0a000000 | below(1 << 24), (uint16_t)(1024 + below(60000)), below(0xffffffff) }; }
static struct half new_server(uint16_t port) { return (struct half){ 0xc6336400 | below(256), port, below(0xffffffff) }; }

static void open_connection(struct half *c, struct half *s)
{
    segment(c, s, SYN, NULL, 0);
    segment(s, c, SYN | ACK, NULL, 0);
    segment(c, s, ACK, NULL, 0);
}

/* ---- recordings played again ---- */

static bool load(const char *path)
{
    struct err       err = { "" };
    struct packet    p;
    struct recording r = { .n = 0 };
    struct capture  *c = capture_open(path, &err);
    if (c == NULL) {
        fprintf(stderr, "%s\n", err.text);
        return false;
    }
    while (capture_next(c, &p, &err) && p.linktype == 1 && p.caplen == p.len && p.caplen >= HEADERS) {
        r.frame = mem_grow(r.frame, r.n + 1, sizeof *r.frame);
        r.frame[r.n].n = p.caplen;
        r.frame[r.n++].p = memcpy(mem_get(p.caplen, 1), p.p, p.caplen);
    }
    capture_close(c);
    if (r.n == 0)
        return true;
    r.ip_len = r.frame[0].p[12] == 8 ? 4 : 16;
    memcpy(r.client, r.frame[0].p + (r.ip_len == 4 ? 26 : 22), r.ip_len);
    const char        *slash = strrchr(path, '/');
    struct recordings *to = strncmp(slash != NULL ? slash + 1 : path, "ok-", 3) == 0 ? &good : &failed;
    to->v = mem_grow(to->v, to->n + 1, sizeof *to->v);
    to->v[to->n++] = r;
    return true;
}

struct player {
    const struct recording *r;
    size_t                  at;
    uint32_t                client;
};

/* The next packet of a copy; a new copy where the last one has ended. */
static void play(struct player *p)
{
    static uint32_t copies;
    if (p->r == NULL || p->at == p->r->n) {
        bool bad = copies % 20 == 19;
        *p = (struct player){ .r = bad ? &failed.v[copies / 20 % failed.n] : &good.v[copies % good.n], .client = 0x0a000001 + copies };
        copies++;
    }
    const struct frame *f = &p->r->frame[p->at++];
    size_t              src = p->r->ip_len == 4 ? 26 : 22, dst = src + p->r->ip_len;
    static uint8_t      own[65536 + 14];
    if (f->n > sizeof own)
        return;
    memcpy(own, f->p, f->n);
    size_t end = memcmp(own + src, p->r->client, p->r->ip_len) == 0 ? src : dst;
    put(own + end + p->r->ip_len - 4, 4, p->client);
    emit(own, f->n);
    const uint8_t *tcp = own + (p->r->ip_len == 4 ? 14 + (own[14] & 15) * 4 : 54);
    bool           good_one = p->r >= good.v && p->r < good.v + good.n;
    if (good_one && end == src && own[p->r->ip_len == 4 ? 23 : 20] == TCP && (tcp[13] & (SYN | ACK)) == SYN)
        tell(own, "complete");
}

/* Ends every copy that has begun. */
static void play_out(struct player *p)
{
    while (p->r != NULL && p->at != p->r->n)
        play(p);
}

static void handshakes(void)
{
    static struct player slot[SLOTS];
    while (written < limit)
        play(&slot[below(SLOTS)]);
    for (size_t i = 0; i < SLOTS; i++)
        play_out(&slot[i]);
}

/* Each is a whole recording, its close left out, and goes on in its own tuple. */
static void bulk(void)
{
    enum { CONNECTIONS = 8 };
    static uint8_t record[RECORD + 5] = { 23, 3, 3, RECORD >> 8, RECORD & 255 };
    struct half    client[CONNECTIONS], server[CONNECTIONS];
    size_t         at[CONNECTIONS] = { 0 };
    for (size_t i = 5; i < sizeof record; i++)
        record[i] = (uint8_t)below(256);
    for (uint32_t k = 0; k < CONNECTIONS; k++) {
        struct player p = { .r = &good.v[0], .client = 0x0a000001 + k };
        while (p.at < p.r->n) {
            const uint8_t *t = p.r->frame[p.at].p + 34;
            bool           from_client = memcmp(t - 8, p.r->client, 4) == 0;
            size_t         header = 34 + (size_t)(t[12] >> 4) * 4, data = be16(t - 18) + 14u - header;
            struct half   *h = from_client ? &client[k] : &server[k];
            if ((t[13] & (FIN | RST)) != 0)
                break;
            *h = (struct half){ from_client ? p.client : be32(t - 8), be16(t), be32(t + 4) + (uint32_t)data + ((t[13] & SYN) != 0) };
            play(&p);
        }
    }
    for (size_t i = 0; written < limit; i++) {
        uint32_t k = below(CONNECTIONS);
        size_t   n = sizeof record - at[k] < SEGMENT ? sizeof record - at[k] : SEGMENT;
        segment(&server[k], &client[k], ACK | PSH, record + at[k], n);
        at[k] = (at[k] + n) % sizeof record;
        if (i % 2 == 1)
            segment(&client[k], &server[k], ACK, NULL, 0);
    }
}

static void mixed(void)
{
    enum { CONNECTIONS = 200 };
    static struct player slot[SLOTS];
    static struct half   client[CONNECTIONS], server[CONNECTIONS];
    static uint8_t       text[SEGMENT];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(' ' + below(90));
    memcpy(text, "HTTP/1.1 200 OK\r\n", 17);
    while (written < limit) {
        uint32_t k = below(CONNECTIONS), what = below(100);
        if (what < 10) {
            play(&slot[below(SLOTS)]);
        } else if (what < 30) {
            datagram(0x0a000000 | below(1 << 16), 0xc6336401);
        } else if (client[k].ip == 0 || below(500) == 0) {
            client[k] = new_client();
            server[k] = new_server(8080);
            open_connection(&client[k], &server[k]);
            segment(&client[k], &server[k], ACK | PSH, (const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18);
        } else {
            segment(&server[k], &client[k], ACK, text, 200 + below(sizeof text - 200));
        }
    }
    for (size_t i = 0; i < SLOTS; i++)
        play_out(&slot[i]);
}

static void scan(void)
{
    while (written < limit) {
        struct half c = new_client(), s = new_server(443);
        uint32_t    what = below(100);
        tell(segment(&c, &s, SYN, NULL, 0), what < 60 ? "syn_only" : what < 80 ? "refused" : what < 90 ? "rst_before_ch" : "half_open");
        if (what >= 60)
            segment(&s, &c, what < 80 ? RST | ACK : SYN | ACK, NULL, 0);
        if (what >= 80)
            segment(&c, &s, ACK, NULL, 0);
        if (what >= 80 && what < 90)
            segment(&c, &s, RST, NULL, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*make)(void); } kinds[] = { { "handshakes", handshakes }, { "bulk", bulk }, { "mixed", mixed }, { "scan", scan } };
    static const uint32_t header[] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, 1 };
    if (argc < 5) {
        fprintf(stderr, "usage: workload handshakes|bulk|mixed|scan MEGABYTES OUT.pcap RECORDING...\n");
        return 2;
    }
    for (int i = 4; i < argc; i++) {
        if (!load(argv[i]))
            return 2;
    }
    char list[4096];
    snprintf(list, sizeof list, "%s.tsv", argv[3]);
    out = fopen(argv[3], "wb");
    truth = fopen(list, "w");
    limit = strtoull(argv[2], NULL, 10) * 1000000;
    if (out == NULL || truth == NULL || good.n == 0 || failed.n == 0) {
        perror(argv[3]);
        return 2;
    }
    fwrite(header, sizeof header, 1, out);
    fputs("client\tcport\tserver\tsport\toutcome\n", truth);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(argv[1], kinds[i].name) == 0)
            kinds[i].make();
    }
    return (fclose(out) | fclose(truth)) == 0 ? 0 : 2;
}
