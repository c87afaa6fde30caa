/* hosts_floor.c - what one hello to each of many hosts costs at all: hosts_floor HELLO PORT HOSTS AT_ONCE
 * An epoll client that connects to 127.x.y.z, sends the bytes of HELLO, reads at least 3,000 bytes and closes. It looks at
 * nothing. Prints hosts that answered. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { AT_A_TIME = 256, FILES = 65536, ENOUGH = 3000 };

static char     hello[64 * 1024];
static size_t   hello_len;
static struct { unsigned sent, got; } state[FILES];

static int start(int all, unsigned host, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(0x7f010000u + host) };
    int                fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = fd };
    if (fd < 0 || fd >= FILES)
        return -1;
    state[fd].sent = state[fd].got = 0;
    connect(fd, (struct sockaddr *)&to, sizeof to);
    return epoll_ctl(all, EPOLL_CTL_ADD, fd, &ev);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[AT_A_TIME];
    struct rlimit      files;
    int                in = argc == 5 ? open(argv[1], O_RDONLY) : -1, all = epoll_create1(0);
    ssize_t            len = in >= 0 ? read(in, hello, sizeof hello) : -1;
    if (len <= 0)
        return 1;
    hello_len = (size_t)len;
    unsigned hosts = (unsigned)atoi(argv[3]), at_once = (unsigned)atoi(argv[4]), next = 0, open = 0, good = 0;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    while (next < hosts || open > 0) {
        for (; open < at_once && next < hosts; open++)
            if (start(all, next++, atoi(argv[2])) != 0)
                return 1;
        int n = epoll_wait(all, ready, AT_A_TIME, 10000);
        if (n <= 0)
            return 1;
        for (int i = 0; i < n; i++) {
            int  fd = ready[i].data.fd;
            char buf[16 * 1024];
            if ((ready[i].events & EPOLLOUT) != 0 && !state[fd].sent)
                state[fd].sent = send(fd, hello, hello_len, MSG_NOSIGNAL) > 0;
            ssize_t got = (ready[i].events & EPOLLIN) != 0 ? recv(fd, buf, sizeof buf, 0) : 0;
            state[fd].got += got > 0 ? (unsigned)got : 0;
            if (state[fd].got >= ENOUGH || (ready[i].events & (EPOLLERR | EPOLLHUP)) != 0) {
                good += state[fd].got >= ENOUGH;
                close(fd);
                open--;
            }
        }
    }
    printf("%u\n", good);
    return 0;
}
