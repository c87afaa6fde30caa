/* TCP: what segments become. A test is written as a ladder, one segment a line:
 *
 *     > S 99            the client's SYN with sequence number 99
 *     < SA 499 100      the server's SYN-ACK, acknowledging 100
 *     > A 100 500 abc   payload "abc"
 *     +2000 > A ...     two seconds later (else: 1 ms)
 *
 *     +9000 .           live: nine seconds later the table is looked at (patience: 15 s; `!`: 0 and no last word is spoken)
 *     ~3600             live: the clock is set by so many seconds
 *
 * Flags: S A F R; `=7` behind the payload: IP id 7; `/2`: only 2 payload bytes were captured; `i`: an ICMP "port unreachable"
 * quoting the segment comes instead. What comes out, `@` its frame: open@2 C:abc@3 C-5@9 (a gap of 5) C.fin@4 S.rst@5
 * refused timeout unreachable end(facts that are not zero). */
#include "tlswhy/flows.h"
#include "tlswhy/text.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_RAW = 101, ICMP = 1, TCP = 6 };

static void put16(uint8_t *p, unsigned v) { p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v; }
static void put32(uint8_t *p, uint32_t v) { put16(p, v >> 16), put16(p + 2, v & 0xffff); }

static size_t ip4(uint8_t *p, bool from_client, unsigned proto, unsigned id, size_t payload)
{
    static const uint8_t client[] = { 10, 0, 0, 1 }, server[] = { 10, 0, 0, 2 };
    memset(p, 0, 20);
    p[0] = 0x45;
    put16(p + 2, (unsigned)(20 + payload));
    put16(p + 4, id);
    p[8] = 64;
    p[9] = (uint8_t)proto;
    memcpy(p + 12, from_client ? client : server, 4);
    memcpy(p + 16, from_client ? server : client, 4);
    return 20;
}

struct line {
    bool     from_client, icmp, look, none; /* look: by the clock; none: without any patience */
    int      clock_s;
    char     flags[8], payload[64];
    unsigned seq, ack, id, pause_ms;
    size_t   cut; /* payload bytes not captured */
};

static bool read_line(const char *s, struct line *l)
{
    char word[64];
    int  used = 0;
    *l = (struct line){ .pause_ms = 1 };
    if (*s == '+') {
        sscanf(s, "+%u %n", &l->pause_ms, &used);
        s += used;
    }
    l->look = *s == '.' || *s == '!';
    l->none = *s == '!';
    if (l->look || sscanf(s, "~%d", &l->clock_s) == 1)
        return true;
    l->from_client = *s == '>';
    if (sscanf(s + 1, " %7s %u%n", l->flags, &l->seq, &used) < 2)
        return false;
    s += 1 + used;
    if (strchr(l->flags, 'A') != NULL && sscanf(s, " %u%n", &l->ack, &used) == 1)
        s += used;
    for (; sscanf(s, " %63s%n", word, &used) == 1; s += used) {
        if (word[0] == '=')
            l->id = (unsigned)atoi(word + 1);
        else if (word[0] == '/')
            l->cut = strlen(l->payload) - (size_t)atoi(word + 1);
        else if (strcmp(word, "i") == 0)
            l->icmp = true;
        else
            snprintf(l->payload, sizeof l->payload, "%s", word);
    }
    return true;
}

static size_t build(const struct line *l, uint8_t *p)
{
    uint8_t *t = p + 20;
    size_t   n = strlen(l->payload);
    memset(p, 0, 256);
    if (l->icmp) { /* from the peer, about the segment */
        ip4(p, !l->from_client, ICMP, 0, 8 + 20 + 20);
        t[0] = 3, t[1] = 3;
        t += 28;
        ip4(t - 20, l->from_client, TCP, l->id, 20);
    } else {
        ip4(p, l->from_client, TCP, l->id, 20 + n);
    }
    put16(t, l->from_client ? 40000 : 443);
    put16(t + 2, l->from_client ? 443 : 40000);
    put32(t + 4, l->seq);
    put32(t + 8, l->ack);
    t[12] = 0x50;
    for (const char *f = l->flags; *f != '\0'; f++)
        t[13] |= (uint8_t)(*f == 'F' ? 1 : *f == 'S' ? 2 : *f == 'R' ? 4 : 16);
    memcpy(t + 20, l->payload, n);
    return (size_t)(t - p) + 20 + (l->icmp ? 0 : n);
}

static void add_facts(struct text *out, const struct tcp_facts *t)
{
    static const char *const name[] = { "missing", "again" };
    const uint64_t pairs[][2] = { { t->missing[0], t->missing[1] }, { t->retransmissions[0], t->retransmissions[1] } };
    text_add(out, "end(");
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        if (pairs[i][0] + pairs[i][1] != 0)
            text_printf(out, "%s=%u/%u,", name[i], (unsigned)pairs[i][0], (unsigned)pairs[i][1]);
    }
    if (t->syns > 1)
        text_printf(out, "syns=%u,", t->syns);
    text_add(out, t->fast_open ? "early," : "");
    text_add(out, t->snapped ? "snapped," : "");
    text_add(out, t->overlap_differs ? "differs," : "");
    text_add(out, t->evicted ? "evicted," : "");
    if (t->silence != 0)
        text_printf(out, "silent=%us,", (unsigned)(t->silence / NS_PER_S));
    text_add(out, t->late_copy[CLIENT] || t->late_copy[SERVER] ? "late," : "");
    if (out->s[out->n - 1] == ',')
        out->n--;
    text_add(out, ")");
}

static void add_event(struct text *out, const struct wire_event *e)
{
    static const char *const plain[] = { [WIRE_OPEN] = "open", [WIRE_REFUSED] = "refused", [WIRE_UNREACHABLE] = "unreachable", [WIRE_TIMEOUT] = "timeout" };
    char from = e->from == CLIENT ? 'C' : 'S';
    text_add(out, out->n != 0 ? " " : "");
    switch (e->kind) {
    case WIRE_BYTES: text_printf(out, "%c:%.*s@%u", from, (int)e->len, (const char *)e->bytes, (unsigned)e->frame); break;
    case WIRE_GAP: text_printf(out, "%c-%u@%u", from, (unsigned)e->len, (unsigned)e->frame); break;
    case WIRE_FIN: text_printf(out, "%c.fin@%u", from, (unsigned)e->frame); break;
    case WIRE_RST: text_printf(out, "%c.rst@%u", from, (unsigned)e->frame); break;
    case WIRE_END: add_facts(out, e->tcp); break;
    default: text_printf(out, "%s@%u", plain[e->kind], (unsigned)e->frame); break;
    }
    if (e->stream > 0)
        text_printf(out, "#%u", e->stream);
}

static struct patience some_patience(const void *slot)
{
    (void)slot;
    return (struct patience){ 15 * NS_PER_S, false };
}

static struct patience no_patience(const void *slot)
{
    (void)slot;
    return (struct patience){ INT64_MIN, true };
}

/* By the clock: true where that was all of the line. */
static bool play_clock(struct flows *f, const struct line *l, struct packet *k, struct text *out)
{
    struct wire_event ev;
    k->ns += l->clock_s * NS_PER_S;
    if (l->clock_s != 0)
        flows_clock_set(f, l->clock_s * NS_PER_S);
    for (size_t n = flows_rounds(f); l->look && n-- != 0;) {
        flows_quiet(f, k->ns, l->none ? no_patience : some_patience);
        while (flows_next(f, &ev))
            add_event(out, &ev);
    }
    return l->look || l->clock_s != 0;
}

/* The observer does without `skip` bytes after the first that come. */
static void take_events(struct flows *f, struct text *out, size_t *skip)
{
    static int        observed;
    struct wire_event ev;
    while (flows_next(f, &ev)) {
        add_event(out, &ev);
        if (ev.kind != WIRE_OPEN)
            *ev.slot = &observed;
        if (*skip != 0 && ev.kind == WIRE_BYTES) {
            flows_skip(f, &ev, ev.from, *skip);
            *skip = 0;
        }
    }
}

/* `many`: from so many connections on those that have hardly begun wait. */
static void play(const char *ladder, struct text *out, size_t skip, size_t many)
{
    struct flows *f = flows_new(64 << 20);
    struct err    err = { "" };
    struct packet k = { .linktype = LINK_RAW, .ns = NS_PER_S };
    uint8_t       p[256];
    flows_thrifty(f, many);
    for (const char *s = ladder; *s != '\0'; s = strchr(s, '\n') + 1) {
        struct line l;
        char        one[128];
        snprintf(one, sizeof one, "%.*s", (int)strcspn(s, "\n"), s);
        CU_ASSERT_FATAL(read_line(one, &l));
        k.ns += l.pause_ms * (NS_PER_S / 1000);
        if (play_clock(f, &l, &k, out))
            continue;
        k.len = (uint32_t)build(&l, p);
        k.caplen = k.len - (uint32_t)l.cut;
        k.p = memcpy(mem_get(k.caplen, 1), p, k.caplen); /* its own block, so that a byte too far is noticed */
        k.frame++;
        CU_ASSERT_TRUE(flows_packet(f, &k, &err));
        take_events(f, out, &skip);
        free((void *)(uintptr_t)k.p);
    }
    flows_end(f);
    take_events(f, out, &skip);
    flows_free(f);
}

#define OPENED "> S 99\n< SA 499 100\n> A 100 500\n" /* frames 1 to 3 */

struct ladder {
    const char *name, *in, *out;
};
static const struct ladder ladders[] = {
    { "a whole connection", OPENED "> A 100 500 abc\n< A 500 103 xyz\n> FA 103 503\n< FA 503 104\n> A 104 504\n",
      "open@2 C:abc@4 S:xyz@5 C.fin@6 S.fin@7 end()" },
    { "reordered: complete in the frame that fills the hole", OPENED "> A 103 500 def\n> A 100 500 abc\n", "open@2 C:abc@5 C:def@5 end()" },
    { "sent again", OPENED "> A 100 500 abc\n> A 100 500 abc\n", "open@2 C:abc@4 end(again=1/0)" },
    { "sent again with more", OPENED "> A 100 500 abc\n> A 100 500 abcdef\n", "open@2 C:abc@4 C:def@5 end()" },
    { "a mirror port's copy is not sent again", OPENED "> A 100 500 abc =7\n> A 100 500 abc =7\n", "open@2 C:abc@4 end()" },
    { "keep-alive", OPENED "> A 100 500 abc\n> A 102 500 x\n> A 102 500\n", "open@2 C:abc@4 end()" },
    { "overlap in the queue: first copy wins", OPENED "> A 103 500 def\n> A 102 500 CXXX\n> A 100 500 ab\n", "open@2 C:ab@6 C:C@6 C:def@6 end(differs)" },
    { "overlap of what comes with what waits", OPENED "> A 103 500 def\n> A 100 500 abcXYZghi\n", "open@2 C:abc@5 C:def@5 C:ghi@5 end(differs)" },
    { "sequence numbers wrap", "> S 4294967293\n< SA 499 4294967294\n> A 4294967294 500 abcd\n> A 2 500 efg\n", "open@2 C:abcd@3 C:efg@4 end()" },
    { "a hole that was acknowledged is told when the connection ends", OPENED "> A 103 500 def\n< A 500 106\n", "open@2 C-3@4 C:def@4 end(missing=3/0)" },
    { "bytes acknowledged and never seen, before the close of who read them", OPENED "> A 100 500 abc\n> FA 103 507\n",
      "open@2 C:abc@4 S-7@5 C.fin@5 end(missing=0/7)" },
    { "an empty segment tells what was sent before it", OPENED "> A 100 500 abc\n< A 507 103\n", "open@2 C:abc@4 S-7@4 end(missing=0/7)" },
    { "a keep-alive tells nothing", OPENED "< A 500 100 xyz\n> A 100 503\n< A 502 100\n", "open@2 S:xyz@4 end()" },
    { "seen only after it was acknowledged", OPENED "< A 500 103\n+3000 > A 100 500 abc\n", "open@2 C:abc@5 end(late)" },
    { "acknowledged and seen in the wrong order", OPENED "< A 500 103\n> A 100 500 abc\n", "open@2 C:abc@5 end()" },
    { "a FIN that was not captured is no missing byte", OPENED "> A 100 500 abc\n< A 500 103\n> A 103 501\n", "open@2 C:abc@4 end()" },
    { "a FIN waits for its own side's bytes and keeps its frame", OPENED "> FA 103 500\n< A 500 100 xyz\n> A 100 500 abc\n",
      "open@2 S:xyz@5 C:abc@6 C.fin@4 end()" },
    { "RST at once", OPENED "> A 100 500 abc\n< R 500\n", "open@2 C:abc@4 S.rst@5 end()" },
    { "holes after a reset tell nothing", OPENED "> A 100 500 abc\n< R 500\n< A 510 103 late\n", "open@2 C:abc@4 S.rst@5 end()" },
    { "what goes on after a reset comes", OPENED "< R 500\n> A 100 500 abc\n+900 < A 500 103 xyz\n+900 > A 103 503 def\n",
      "open@2 S.rst@4 C:abc@5 S:xyz@6 C:def@7 end()" },
    { "a packet long after the close is nothing new", OPENED "> FA 100 500\n< FA 500 101\n+5000 > A 101 501 abc\n", "open@2 C.fin@4 S.fin@5 end()" },
    { "refused", "> S 99\n< RA 0 100\n", "refused@2 end()" },
    { "a reset that answers more than the SYN", "> S 99\n< RA 500 103\n", "S.rst@2 end()" },
    { "a reset that answers an acknowledgement", "> S 99\n< R 500\n", "S.rst@2 end()" },
    { "refused without numbers", "> S 99\n< R 0\n", "refused@2 end()" },
    { "a repeated SYN timed out", "> S 99\n+1000 > S 99\n", "timeout@2 end(syns=2)" },
    { "a mirrored SYN is no repeated one", "> S 99\n> S 99\n", "end()" },
    { "an ICMP error about the SYN", "> S 99\n> S 99 i\n", "unreachable@2 end()" },
    { "SYN-ACK not captured", "> S 99\n> A 100 500 abc\n< A 500 103 xyz\n", "open@2 C:abc@2 S:xyz@3 end()" },
    { "only the client's side", "> S 99\n> A 100 500 abc\n> FA 103 503\n", "open@2 C:abc@2 S-3@3 C.fin@3 end(missing=0/3)" },
    { "only the server's side", "< SA 499 100\n< A 500 103 xyz\n", "open@1 S:xyz@2 C-3@2 end(missing=3/0)" },
    { "from the middle, server first", "< A 500 103 xyz\n> A 103 503 abc\n", "open@1 S:xyz@1 C:abc@2 end()" },
    { "Fast Open, taken", "> S 99 abc\n< SA 499 103\n> A 103 500 def\n", "open@2 C:abc@2 C:def@3 end(early)" },
    { "Fast Open, not taken and sent again", "> S 99 abc\n< SA 499 100\n> A 100 500 abcdef\n", "open@2 C:abcdef@3 end(early)" },
    { "Fast Open, no answer captured", "> S 99 abc\n> A 103 500 def\n", "open@2 C:abc@2 C:def@2 end(early)" },
    { "Fast Open, refused", "> S 99 abc\n< RA 0 100\n", "refused@2 end(early)" },
    { "Fast Open, unanswered", "> S 99 abc\n+1000 > S 99\n", "timeout@2 end(syns=2,early)" },
    { "a server that answers with another number", "> S 99\n< SA 499 100\n< SA 799 100\n> A 100 500\n< A 500 100 xyz\n", "open@2 S:xyz@5 end()" },
    { "port used again", OPENED "> S 5000\n< SA 9000 5001\n> A 5001 9001 abc\n", "open@2 end() open@5#1 C:abc@6#1 end()#1" },
    { "the same SYN again stays", OPENED "> S 99\n> A 100 500 abc\n", "open@2 C:abc@5 end()" },
    { "cut by the snap length", OPENED "> A 100 500 abcdef /2\n> A 106 500 ghi\n", "open@2 C:ab@4 C-4@4 C:ghi@5 end(missing=4/0,snapped)" },
    { "nothing but headers", OPENED "> A 100 500 abcdef /0\n", "open@2 C-6@4 end(missing=6/0,snapped)" },
    { "live: a SYN that nobody answers", "> S 99\n+9000 .\n+2000 .\n+9000 > S 99\n+9000 .\n", "timeout@1 end()" },
    { "live: an answer that comes late is a new connection", "> S 99\n+20000 .\n< SA 499 100\n> A 100 500 abc\n", "timeout@1 end() open@2#1 C:abc@3#1 end()#1" },
    { "live: silence", OPENED "> A 100 500 abc\n+14000 .\n+2000 .\n", "open@2 C:abc@4 end(silent=16s)" },
    { "live: a connection goes on after all", OPENED "> A 100 500 abc\n+16000 .\n< A 500 103 xyz\n", "open@2 C:abc@4 end(silent=16s) open@5#1 S:xyz@5#1 end()#1" },
    { "live: what only closes after silence is nothing new", OPENED "> A 100 500 abc\n+16000 .\n< FA 500 103\n< R 501\n", "open@2 C:abc@4 end(silent=16s)" },
    { "live: a clock set ahead makes no silence", OPENED "> A 100 500 abc\n~86400\n.\n+1000 < A 500 103 xyz\n", "open@2 C:abc@4 S:xyz@5 end()" },
    { "live: a clock set back hides no silence", OPENED "> A 100 500 abc\n~-86400\n+16000 .\n", "open@2 C:abc@4 end(silent=16s)" },
    { "live: a reset lingers by the clock, too", OPENED "> A 100 500 abc\n< R 500\n+500 .\n+1000 .\n", "open@2 C:abc@4 S.rst@5 end()" },
    { "live: no patience", OPENED "> A 100 500 abc\n!\n> A 103 500 def\n", "open@2 C:abc@4 end()" },
    { "live: no patience with one that lingers", OPENED "> A 100 500 abc\n< R 500\n!\n", "open@2 C:abc@4 S.rst@5 end()" },
    { "live: the tuple of an ended connection is forgotten", OPENED "> FA 100 500\n< FA 500 101\n> A 101 501\n+61000 .\n> S 99\n", "open@2 C.fin@4 S.fin@5 end() end()#1" },
    { "times that run backwards", OPENED "> A 100 500 abc\n~-3600\n< A 500 103 xyz\n", "open@2 C:abc@4 S:xyz@5 end()" },
    { "an acknowledgement from nowhere", OPENED "> A 100 99000000\n< A 500 100 xyz\n", "open@2 S:xyz@5 end()" },
};

/* The observer does without some bytes after the first event. */
static const struct { size_t n; struct ladder l; } skips[] = {
    { 4, { "skipped bytes come in no event", OPENED "> A 100 500 abc\n> A 103 500 def\n> A 106 500 ghi\n", "open@2 C:abc@4 C:hi@6 end()" } },
    { 4, { "skipped bytes out of order", OPENED "> A 100 500 abc\n> A 106 500 ghi\n> A 103 500 def\n", "open@2 C:abc@4 C:hi@6 end()" } },
    { 5, { "a hole in what is skipped is only counted", OPENED "> A 100 500 abc\n> A 106 500 ghi\n< A 500 109\n", "open@2 C:abc@4 C:i@5 end(missing=3/0)" } },
};

static void hold(const struct ladder *l, size_t skip, size_t many)
{
    struct text out = { 0 };
    play(l->in, &out, skip, many);
    bool same = strcmp(out.s, l->out) == 0;
    if (!same)
        printf("\n  %s:\n    expected %s\n    got      %s\n", l->name, l->out, out.s);
    CU_ASSERT_TRUE(same);
    text_free(&out);
}

static void segments_become_events(void)
{
    for (size_t i = 0; i < ARRAY_LEN(ladders); i++)
        hold(&ladders[i], 0, SIZE_MAX);
}

static void what_is_skipped_does_not_come(void)
{
    for (size_t i = 0; i < ARRAY_LEN(skips); i++)
        hold(&skips[i].l, skips[i].n, SIZE_MAX);
}

/* A connection that waited has the same events, of the same frames. */
static void waiting_changes_nothing(void)
{
    static const struct ladder waiting[] = {
        { "half open", "> S 99\n< SA 499 100\n", "open@2 end()" },
        { "opened, and a word that nobody answers", OPENED "> A 100 500 abc\n< A 500 103\n", "open@2 C:abc@4 end()" },
        { "too much to wait", OPENED "> A 100 500 a\n> A 101 500 b\n> A 102 500 c\n> A 103 500 d\n> A 104 500 e\n> A 105 500 f\n> A 106 500 g\n",
          "open@2 C:a@4 C:b@5 C:c@6 C:d@7 C:e@8 C:f@9 C:g@10 end()" },
        { "answered twice", "> S 99\n< SA 499 100\n< SA 499 100\n> A 100 500 abc\n", "open@2 C:abc@4 end()" },
        { "an ICMP error about what was said", OPENED "> A 100 500 abc\n> A 100 500 abc i\n", "open@2 C:abc@4 unreachable@5 end()" },
    };
    for (size_t i = 0; i < ARRAY_LEN(waiting); i++) {
        hold(&waiting[i], 0, SIZE_MAX);
        hold(&waiting[i], 0, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(ladders); i++) {
        if (strncmp(ladders[i].name, "live:", 5) != 0)
            hold(&ladders[i], 0, 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(skips); i++)
        hold(&skips[i].l, skips[i].n, 0);
}

/* A hole that the other side acknowledged is told after some more packets, long before the end. */
static void patience_ends(void)
{
    struct text in = { 0 }, out = { 0 };
    text_add(&in, OPENED "> A 103 500 def\n< A 500 106\n");
    for (unsigned i = 0; i < 20; i++)
        text_printf(&in, "< A %u 106 x\n", 500 + i);
    play(in.s, &out, 0, SIZE_MAX);
    const char *gap = strstr(out.s, "C-3@4 C:def@4");
    CU_ASSERT_PTR_NOT_NULL_FATAL(gap);
    CU_ASSERT_PTR_NOT_NULL(strstr(gap, "S:x"));
    text_free(&in);
    text_free(&out);
}

/* 256 KB wait at most for a hole to be filled. */
static void the_queue_is_bounded(void)
{
    struct flows     *f = flows_new(64 << 20);
    struct err        err = { "" };
    struct wire_event ev;
    uint8_t           p[256];
    size_t            gaps = 0, waiting = 0;
    for (unsigned i = 0; i < 20000 && gaps == 0; i++) {
        struct line   l = { .from_client = true, .flags = "A", .seq = i == 0 ? 100 : 200 + 16 * i, .ack = 500, .payload = "0123456789abcdef" };
        struct packet k = { .p = p, .linktype = LINK_RAW, .ns = i, .frame = i + 1, .len = (uint32_t)build(&l, p) };
        k.caplen = k.len;
        flows_packet(f, &k, &err);
        while (flows_next(f, &ev))
            gaps += ev.kind == WIRE_GAP;
        waiting += 16;
    }
    CU_ASSERT_EQUAL(gaps, 1);
    CU_ASSERT(waiting <= 256 * 1024);
    flows_free(f);
}

/* SYNs from everywhere: the oldest go, and are counted; memory stays where it was told to. */
static void memory_is_bounded(void)
{
    struct flows     *f = flows_new(1 << 20);
    struct err        err = { "" };
    struct wire_event ev;
    uint8_t           p[256];
    size_t            ends = 0;
    flows_thrifty(f, 16);
    for (unsigned i = 0; i < 50000; i++) {
        struct line   l = { .from_client = true, .flags = "S", .seq = i };
        struct packet k = { .p = p, .linktype = LINK_RAW, .ns = i, .frame = i + 1, .len = (uint32_t)build(&l, p) };
        k.caplen = k.len;
        put32(p + 12, 0x0a000000 + i);
        flows_packet(f, &k, &err);
        while (flows_next(f, &ev))
            ends += ev.kind == WIRE_END;
    }
    CU_ASSERT(flow_facts(f)->evicted > 40000);
    CU_ASSERT_EQUAL(flow_facts(f)->evicted, ends);
    CU_ASSERT_EQUAL(flow_facts(f)->streams, 50000);
    flows_end(f);
    while (flows_next(f, &ev))
        ends += ev.kind == WIRE_END;
    CU_ASSERT_EQUAL(ends, 50000);
    flows_free(f);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("flows", NULL, NULL);
    CU_add_test(s, "segments become events", segments_become_events);
    CU_add_test(s, "what is skipped does not come", what_is_skipped_does_not_come);
    CU_add_test(s, "waiting changes nothing", waiting_changes_nothing);
    CU_add_test(s, "patience ends", patience_ends);
    CU_add_test(s, "the queue is bounded", the_queue_is_bounded);
    CU_add_test(s, "memory is bounded", memory_is_bounded);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    return failed != 0;
}
