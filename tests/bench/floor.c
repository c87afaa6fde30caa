/* floor - what reading a capture costs before any TLS is looked at: libpcap hands out the packets, Ethernet, IP and TCP headers
 * are read, the tuple is looked up in a hash table. Prints packets and tuples. */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tuple {
    uint8_t  ends[36]; /* both addresses and ports, the smaller end first */
    uint32_t packets;
};
static struct tuple *table;
static size_t        size = 1 << 16, used;

static uint64_t hash(const uint8_t *p)
{
    uint64_t h = 0, w[5] = { 0 };
    memcpy(w, p, 36);
    for (size_t i = 0; i < 5; i++)
        h = (h ^ w[i]) * UINT64_C(0xd6e8feb86659fd93), h ^= h >> 32;
    return h;
}

static struct tuple *place_of(const uint8_t *ends)
{
    size_t i = hash(ends) & (size - 1);
    while (table[i].packets != 0 && memcmp(table[i].ends, ends, 36) != 0)
        i = (i + 1) & (size - 1);
    return &table[i];
}

static void grow(void)
{
    struct tuple *old = table;
    size_t        n = size;
    size *= 2;
    table = calloc(size, sizeof *table);
    for (size_t i = 0; i < n; i++) {
        if (old[i].packets != 0)
            *place_of(old[i].ends) = old[i];
    }
    free(old);
}

static void take(const uint8_t *p, size_t n)
{
    uint8_t        a[18] = { 0 }, b[18] = { 0 }, ends[36];
    const uint8_t *ip = p + 14, *tcp = NULL;
    if (n < 54)
        return;
    if (p[12] == 8 && p[13] == 0 && ip[9] == 6) {
        tcp = ip + (ip[0] & 15) * 4;
        memcpy(a, ip + 12, 4);
        memcpy(b, ip + 16, 4);
    } else if (p[12] == 0x86 && p[13] == 0xdd && ip[6] == 6 && n >= 74) {
        tcp = ip + 40;
        memcpy(a, ip + 8, 16);
        memcpy(b, ip + 24, 16);
    }
    if (tcp == NULL)
        return;
    memcpy(a + 16, tcp, 2);
    memcpy(b + 16, tcp + 2, 2);
    int order = memcmp(a, b, 18);
    memcpy(ends, order < 0 ? a : b, 18);
    memcpy(ends + 18, order < 0 ? b : a, 18);
    struct tuple *t = place_of(ends);
    if (t->packets++ == 0) {
        memcpy(t->ends, ends, 36);
        if (++used * 4 > size * 3)
            grow();
    }
}

int main(int argc, char **argv)
{
    char                error[PCAP_ERRBUF_SIZE] = "usage: floor FILE";
    struct pcap_pkthdr *h;
    const u_char       *p;
    size_t              packets = 0;
    pcap_t             *in = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
    if (in == NULL) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    table = calloc(size, sizeof *table);
    for (; pcap_next_ex(in, &h, &p) == 1; packets++)
        take(p, h->caplen);
    printf("%zu packets, %zu connections\n", packets, used);
    pcap_close(in);
    free(table);
    return 0;
}
