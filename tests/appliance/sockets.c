/* Sockets in known states. test_appliance.py knows how many there are. */
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper.h"

union address loopback(int family, uint16_t port)
{
    union address a = {.any = {.sa_family = (sa_family_t)family}};

    if (family == AF_INET6) {
        a.in6.sin6_port = htons(port);
        a.in6.sin6_addr = in6addr_loopback;
    } else {
        a.in.sin_port = htons(port);
        a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    return a;
}

int open_bound(const union address *a, int type)
{
    int one = 1, fd = socket(a->any.sa_family, type, 0);

    must(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    must(!bind(fd, &a->any, sizeof *a), "bind");
    return fd;
}

int open_listener(int family, uint16_t port, int backlog)
{
    union address a = loopback(family, port);
    int fd = open_bound(&a, SOCK_STREAM);

    must(!listen(fd, backlog), "listen");
    return fd;
}

int open_client(int family, uint16_t port)
{
    union address a = loopback(family, port);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    must(fd >= 0, "socket");
    must(!connect(fd, &a.any, sizeof a) || errno == EINPROGRESS, "connect");
    return fd;
}

void wait_for(int fd, short event)
{
    struct pollfd one = {.fd = fd, .events = event};

    must(poll(&one, 1, 10000) == 1, "poll");
}

int take(int listener)
{
    int fd = accept(listener, NULL, NULL);

    must(fd >= 0, "accept");
    return fd;
}

/* Opens n sockets of each state, each state at its own port. */
static void open_sockets(int family, int n)
{
    int established = open_listener(family, 7001, 16), half = open_listener(family, 7002, 16),
        gone = open_listener(family, 7003, 16);
    int deferred = open_listener(family, 7004, 16), seconds = 60;
    union address udp = loopback(family, 7006);

    /* 7004: no child before the client's first data, which never come: SYN_RECV */
    setsockopt(deferred, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
    /* 7005: one fills the queue, which nobody empties; the others stay in SYN_SENT */
    open_listener(family, 7005, 0);
    wait_for(open_client(family, 7005), POLLOUT);
    for (int i = 0; i < n; i++) {
        int client;

        open_client(family, 7001);
        take(established);
        open_client(family, 7002);
        shutdown(take(half), SHUT_WR); /* FIN_WAIT2 at this end, CLOSE_WAIT at the client */
        client = open_client(family, 7003);
        close(take(gone)); /* this end closes first: TIME_WAIT */
        wait_for(client, POLLIN);
        close(client);
        open_client(family, 7004);
        open_client(family, 7005);
        open_bound(&udp, SOCK_DGRAM);
    }
}

/* Opens listeners at another address of the same port, and connects an IPv4 client to a dual-stack listener. */
static void open_other_addresses(bool v6)
{
    union address a = loopback(AF_INET, 7001);
    int fd;

    a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
    must(!listen(open_bound(&a, SOCK_STREAM), 1), "listen");
    if (!v6)
        return;
    a = loopback(AF_INET6, 7007);
    a.in6.sin6_addr = in6addr_any;
    fd = open_bound(&a, SOCK_STREAM);
    must(!listen(fd, 1), "listen");
    open_client(AF_INET, 7007);
    take(fd);
}

static void open_connections(int family, int n)
{
    const struct rlimit limit = {4096, 4096};
    int listener = open_listener(family, 7008, 16);

    must(!setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
    for (int i = 0; i < n; i++) {
        open_client(family, 7008);
        wait_for(listener, POLLIN);
        take(listener);
    }
}

void open_known(void)
{
    int v6 = socket(AF_INET6, SOCK_DGRAM, 0);

    close(v6);
    open_sockets(AF_INET, 2);
    if (v6 >= 0)
        open_sockets(AF_INET6, 3);
    open_other_addresses(v6 >= 0);
}

void open_many(void)
{
    open_connections(AF_INET, 1000);
    open_connections(AF_INET6, 20);
}

/* --- traffic, of which nothing stays ---------------------------------------------------- */

/* Cuts an established connection off. */
static void reset(void)
{
    const struct linger at_once = {1, 0};
    int listener = open_listener(AF_INET, 7009, 1), client = open_client(AF_INET, 7009), accepted = take(listener);

    setsockopt(accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(accepted);
    wait_for(client, POLLIN);
    close(client);
    close(listener);
}

/* Asks for a connection while the queue is full. The client asks again after a second. */
static void overflow(void)
{
    int listener = open_listener(AF_INET, 7009, 0), first = open_client(AF_INET, 7009), second;

    wait_for(first, POLLOUT);
    second = open_client(AF_INET, 7009);
    close(take(listener));
    wait_for(second, POLLOUT);
    close(first);
    close(second);
    close(listener);
}

/* Sends more than a socket's buffer holds. */
static void flood(void)
{
    static const char datagram[500];
    union address a = loopback(AF_INET, 7009);
    int least = 1, full = open_bound(&a, SOCK_DGRAM), sender = socket(AF_INET, SOCK_DGRAM, 0);

    setsockopt(full, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    for (int i = 0; i < 20; i++)
        sendto(sender, datagram, sizeof datagram, 0, &a.any, sizeof a);
    wait_for(full, POLLIN);
    close(full);
    close(sender);
}

void make_traffic(void)
{
    reset();
    overflow();
    flood();
}
