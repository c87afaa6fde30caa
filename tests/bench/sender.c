/* sender IFACE CAPTURE PACKETS-PER-SECOND - sends a pcap file (Ethernet, this machine's byte order) at a rate, 0 = as fast as it
 * goes; then says how many packets in how many seconds. Sixty-four at a time, around the queueing discipline. */
#include <fcntl.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FILE_HEADER = 24, RECORD_HEADER = 16 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* All of them, however often the kernel takes only some; its buffers are full for a moment only. */
static void send_all(int fd, struct mmsghdr *m, unsigned n)
{
    for (unsigned done = 0; done < n;) {
        int sent = sendmmsg(fd, m + done, n - done, 0);
        done += sent > 0 ? (unsigned)sent : 0;
    }
}

int main(int argc, char **argv)
{
    struct stat        s;
    struct sockaddr_ll to = { .sll_family = AF_PACKET };
    int                file = argc == 4 ? open(argv[2], O_RDONLY) : -1, fd = socket(AF_PACKET, SOCK_RAW, 0), bypass = 1;
    to.sll_ifindex = argc == 4 ? (int)if_nametoindex(argv[1]) : 0;
    if (file < 0 || fd < 0 || fstat(file, &s) != 0 || bind(fd, (struct sockaddr *)(void *)&to, sizeof to) != 0) {
        perror("sender IFACE CAPTURE PACKETS-PER-SECOND");
        return 2;
    }
    setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &bypass, sizeof bypass);
    uint8_t       *p = mmap(NULL, (size_t)s.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, file, 0), *end = p + s.st_size;
    double         rate = atof(argv[3]), began = now();
    unsigned long  sent = 0;
    struct mmsghdr m[BATCH] = { 0 };
    struct iovec   io[BATCH];
    for (p += FILE_HEADER; p + RECORD_HEADER <= end;) {
        unsigned n = 0;
        uint32_t len;
        for (; n < BATCH && p + RECORD_HEADER <= end; n++, p += RECORD_HEADER + len) {
            memcpy(&len, p + 8, sizeof len);
            io[n] = (struct iovec){ p + RECORD_HEADER, len };
            m[n].msg_hdr = (struct msghdr){ .msg_iov = &io[n], .msg_iovlen = 1 };
        }
        while (rate > 0 && (double)sent / rate > now() - began)
            ; /* sleeping would make bursts of it */
        send_all(fd, m, n);
        sent += n;
    }
    printf("%lu %.3f\n", sent, now() - began);
    return 0;
}
