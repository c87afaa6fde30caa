/* Capture files, written in hex. What a file gives is told as text: a packet is "SECONDS.NS LINK CAPLEN/LEN BYTES". */
#include "tlswhy/capture.h"
#include "tlswhy/text.h"

#include <CUnit/Basic.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Hex, blanks between; |TEXT| stands for itself, padded to 4 bytes. */
static size_t from_hex(const char *s, uint8_t *out)
{
    size_t n = 0;
    while (*s != '\0') {
        unsigned byte = 0;
        if (*s == '|') {
            size_t len = strcspn(++s, "|");
            memcpy(out + n, s, len);
            memset(out + n + len, 0, 4);
            n += (len + 3) & ~(size_t)3;
            s += len + 1;
        } else if (isspace((unsigned char)*s)) {
            s++;
        } else {
            CU_ASSERT_FATAL(sscanf(s, "%2x", &byte) == 1);
            out[n++] = (uint8_t)byte;
            s += 2;
        }
    }
    return n;
}

/* `together` at a time; what it says must not depend on that. */
static void tell(struct capture *c, size_t together, struct text *out, struct err *err)
{
    struct packet some[4], *p;
    uint64_t      frames = 0;
    for (size_t n = 0; (n = capture_some(c, some, together, err)) != 0;) {
        CU_ASSERT(n <= together);
        for (p = some; p < some + n; p++) {
            text_printf(out, "%s%lld.%09lld %u %u/%u ", out->n != 0 ? ", " : "", (long long)(p->ns / NS_PER_S),
                        (long long)(p->ns % NS_PER_S), p->linktype, p->caplen, p->len);
            text_hex(out, p->p, p->caplen);
            CU_ASSERT_EQUAL(p->frame, ++frames);
        }
    }
    CU_ASSERT_EQUAL(frames, capture_facts(c)->packets);
    const struct capture_facts *k = capture_facts(c);
    text_add(out, k->cut_short ? ", cut short" : "");
    if (k->dropped != 0)
        text_printf(out, ", %u dropped", (unsigned)k->dropped);
    if (k->snapped != 0)
        text_printf(out, ", snap %u", k->snaplen);
    if (k->secrets.n != 0)
        text_printf(out, ", secrets %.*s", (int)k->secrets.n, (const char *)k->secrets.p);
    struct capture_host h;
    for (size_t at = 0; capture_host(c, &at, &h);)
        text_printf(out, ", host %u.. %.*s", h.ip[0], (int)h.n, h.name);
    text_add(out, err->text);
}

#define PCAP(magic, link) magic " 0200 0400 00000000 00000000 ffff0000 " link
#define SECTION "0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000 "
#define BIG_SECTION "0a0d0d0a 0000001c 1a2b3c4d 0001 0000 ffffffffffffffff 0000001c "
#define ETHERNET "01000000 14000000 0100 0000 00000000 14000000 "
#define RAW_NS "01000000 20000000 6500 0000 00000000 0900 0100 09000000 00000000 20000000 " /* if_tsresol 9 */
#define PACKET(interface, time, data) "06000000 24000000 " interface " 00000000 " time " 02000000 02000000 " data " 0000 24000000 "

static const struct { const char *name, *in, *out; } files[] = {
    { "microseconds, little-endian", PCAP("d4c3b2a1", "01000000") "01000000 02000000 02000000 04000000 aabb", "1.000002000 1 2/4 aabb, snap 2" },
    { "nanoseconds, big-endian", "a1b23c4d 0002 0004 00000000 00000000 0000ffff 00000065 00000001 00000002 00000001 00000001 aa", "1.000000002 101 1/1 aa" },
    { "longer record headers", PCAP("34cdb2a1", "01000000") "01000000 02000000 01000000 01000000 00000000 00000000 aa", "1.000002000 1 1/1 aa" },
    { "a frame check sequence noted above the link type", PCAP("d4c3b2a1", "01000034") "01000000 00000000 01000000 01000000 aa", "1.000000000 1 1/1 aa" },
    { "no packet", PCAP("d4c3b2a1", "01000000"), "" },
    { "captured more than there was", PCAP("d4c3b2a1", "01000000") "01000000 00000000 02000000 01000000 aabb", "1.000000000 1 2/2 aabb" },
    { "ends in a packet", PCAP("d4c3b2a1", "01000000") "01000000 00000000 01000000 01000000 aa 02000000 00000000 04000000 04000000 aa",
      "1.000000000 1 1/1 aa, cut short" },
    { "ends in a header", PCAP("d4c3b2a1", "01000000") "0100", ", cut short" },
    { "an impossible length", PCAP("d4c3b2a1", "01000000") "01000000 00000000 ffffff7f ffffff7f aa", ", cut short" },
    { "pcapng", SECTION ETHERNET PACKET("00000000", "40420f00", "aabb"), "1.000000000 1 2/2 aabb" },
    { "two interfaces of their own", SECTION ETHERNET RAW_NS PACKET("01000000", "01000000", "aabb") PACKET("00000000", "01000000", "ccdd"),
      "0.000000001 101 2/2 aabb, 0.000001000 1 2/2 ccdd" },
    { "a time offset", SECTION "01000000 24000000 0100 0000 00000000 0e00 0800 0a00000000000000 00000000 24000000 " PACKET("00000000", "01000000", "aabb"),
      "10.000001000 1 2/2 aabb" },
    { "binary resolution", SECTION "01000000 20000000 0100 0000 00000000 0900 0100 8a000000 00000000 20000000 " PACKET("00000000", "00060000", "aabb"),
      "1.500000000 1 2/2 aabb" },
    { "a section of the other byte order", SECTION ETHERNET PACKET("00000000", "01000000", "aabb") BIG_SECTION "00000001 00000014 0065 0000 00000000 00000014 "
      "00000006 00000024 00000000 00000000 00000002 00000001 00000001 cc000000 00000024", "0.000001000 1 2/2 aabb, 0.000002000 101 1/1 cc" },
    { "simple packet", SECTION "01000000 14000000 0100 0000 02000000 14000000 03000000 14000000 05000000 aabb0000 14000000", "0.000000000 1 2/5 aabb, snap 2" },
    { "packet block of old", SECTION ETHERNET "02000000 24000000 0000 ffff 00000000 01000000 02000000 02000000 aabb0000 24000000", "0.000001000 1 2/2 aabb" },
    { "unknown blocks are passed over", SECTION "adde0000 10000000 01020304 10000000 " ETHERNET PACKET("00000000", "01000000", "aabb"), "0.000001000 1 2/2 aabb" },
    { "statistics: the last of an interface counts", SECTION ETHERNET
      "05000000 24000000 00000000 00000000 00000000 0500 0800 0300000000000000 24000000 "
      "05000000 24000000 00000000 00000000 00000000 0500 0800 0700000000000000 24000000", ", 7 dropped" },
    { "secrets", SECTION "0a000000 18000000 4b534c54 04000000 |a b\n| 18000000 0a000000 18000000 4b534c54 04000000 |c d\n| 18000000", ", secrets a b\n\nc d\n\n" },
    { "names of addresses", SECTION "04000000 24000000 0100 0e00 0a000001 |server.te| 0000 0000 24000000", ", host 10.. server.te" },
    { "ends in a block", SECTION ETHERNET "06000000 24000000 00000000", ", cut short" },
    { "a block shorter than itself", SECTION "06000000 04000000 00000000", ", cut short" },
    { "a packet longer than its block", SECTION ETHERNET "06000000 20000000 00000000 00000000 00000000 ff000000 ff000000 20000000", "" },
    { "Network Monitor", "|GMBU| 0002 0100 e907 0100 0400 0200 0300 0400 0500 0600 80000000 04000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
      "0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000 0000000000000000"
      "84000000 0100000000000000 02000000 02000000 aabb", "1735787045.006001000 1 2/2 aabb" },
};

static void files_read(size_t together)
{
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        uint8_t         b[1024];
        struct text     out = { 0 };
        struct err      err = { "" };
        size_t          n = from_hex(files[i].in, b);
        uint8_t        *own = memcpy(mem_get(n, 1), b, n); /* its own block, so that a byte too far is noticed */
        struct capture *c = capture_open_memory(own, n, &err);
        text_add(&out, "");
        if (c != NULL)
            tell(c, together, &out, &err);
        else
            text_add(&out, err.text);
        bool same = strcmp(out.s != NULL ? out.s : "", files[i].out) == 0;
        if (!same)
            printf("\n  %s:\n    expected %s\n    got      %s\n", files[i].name, files[i].out, out.s);
        CU_ASSERT_TRUE(same);
        capture_close(c);
        text_free(&out);
        free(own);
    }
}

static void files_are_read(void)
{
    files_read(1);
    files_read(4);
}

/* ---- through the file system ---- */

static char path[64];

static void write_file(const void *p, size_t n)
{
    FILE *f = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    CU_ASSERT_EQUAL(fwrite(p, 1, n, f), n);
    fclose(f);
}

static size_t pack(const uint8_t *p, size_t n, uint8_t *out, size_t size)
{
    z_stream z = { 0 };
    CU_ASSERT_EQUAL_FATAL(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = memcpy(mem_get(n, 1), p, n);
    uint8_t *in = z.next_in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)size;
    CU_ASSERT_EQUAL(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    free(in);
    return size - z.avail_out;
}

static const char one_packet[] = PCAP("d4c3b2a1", "01000000") "01000000 00000000 02000000 02000000 aabb";

static void hold_file(const char *expected)
{
    struct text     out = { 0 };
    struct err      err = { "" };
    struct capture *c = capture_open(path, &err);
    text_add(&out, "");
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    tell(c, 4, &out, &err);
    CU_ASSERT_STRING_EQUAL(out.s, expected);
    capture_close(c);
    text_free(&out);
}

static void gzip_is_undone(void)
{
    uint8_t b[256], packed[512];
    size_t  n = from_hex(one_packet, b), m = pack(b, n, packed, sizeof packed);
    write_file(packed, m);
    hold_file("1.000000000 1 2/2 aabb");
    m = pack(b, 30, packed, sizeof packed); /* two members, the second begins in the middle of a header */
    m += pack(b + 30, n - 30, packed + m, sizeof packed - m);
    write_file(packed, m);
    hold_file("1.000000000 1 2/2 aabb");
    m = pack(b, n, packed, sizeof packed);
    write_file(packed, m - 12); /* its end is missing */
    hold_file(", cut short");
}

/* A packet as large as they come, and one that does not fit the buffer behind others. */
static void large_packets(void)
{
    uint8_t        *b = mem_get(4 << 20, 1);
    struct err      err = { "" };
    struct packet   p;
    size_t          n = from_hex(PCAP("d4c3b2a1", "01000000"), b), packets = 0;
    static const uint32_t sizes[] = { 1, 1 << 20, 3, 2 << 20, 65535 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (unsigned k = 0; k < 4; k++)
            b[n + 8 + k] = b[n + 12 + k] = (uint8_t)(sizes[i] >> (8 * k));
        b[n + 16 + sizes[i] - 1] = (uint8_t)(i + 1);
        n += 16 + sizes[i];
    }
    write_file(b, n);
    struct capture *c = capture_open(path, &err);
    CU_ASSERT_PTR_NOT_NULL_FATAL(c);
    for (; capture_next(c, &p, &err); packets++) {
        CU_ASSERT_EQUAL_FATAL(p.caplen, sizes[packets]);
        CU_ASSERT_EQUAL(p.p[p.caplen - 1], packets + 1);
    }
    CU_ASSERT_EQUAL(packets, ARRAY_LEN(sizes));
    CU_ASSERT_FALSE(capture_facts(c)->cut_short);
    capture_close(c);
    free(b);
}

/* What is no capture: one sentence that says what it is. */
static void other_files(void)
{
    static const struct { const char *in; const char *says; } t[] = {
        { "", "empty" },
        { "d4c3b2a1 0200 0400", "ends inside its file header" },
        { "|HTTP/1.1 200 OK|", "no capture" },
        { "fd377a58 5a00 0000", "xz" },
        { "28b52ffd 00000000", "zstd" },
        { "0a0d0d0a 1c000000 00000000 0100 0000 ffffffffffffffff 1c000000", "section header" },
    };
    for (size_t i = 0; i < ARRAY_LEN(t); i++) {
        uint8_t       b[64];
        struct err    err = { "" };
        struct packet p;
        write_file(b, from_hex(t[i].in, b));
        struct capture *c = capture_open(path, &err);
        if (c != NULL)
            CU_ASSERT_FALSE(capture_next(c, &p, &err));
        if (strstr(err.text, t[i].says) == NULL)
            printf("\n  expected '%s' in: %s\n", t[i].says, err.text);
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, t[i].says));
        CU_ASSERT_PTR_NOT_NULL(strstr(err.text, path));
        capture_close(c);
    }
    struct err err = { "" };
    CU_ASSERT_PTR_NULL(capture_open("/", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "directory"));
    err.text[0] = '\0';
    CU_ASSERT_PTR_NULL(capture_open("/nonexistent", &err));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.text, "No such file"));
}

int main(void)
{
    snprintf(path, sizeof path, "/tmp/tlswhy-capture-test-%ld", (long)getpid());
    CU_initialize_registry();
    CU_pSuite s = CU_add_suite("capture", NULL, NULL);
    CU_add_test(s, "files are read", files_are_read);
    CU_add_test(s, "gzip is undone", gzip_is_undone);
    CU_add_test(s, "large packets", large_packets);
    CU_add_test(s, "other files", other_files);
    CU_basic_run_tests();
    unsigned failed = CU_get_number_of_failures();
    CU_cleanup_registry();
    unlink(path);
    return failed != 0;
}
