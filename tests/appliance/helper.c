/* The first process of the emulated appliance. It opens sockets in known states, then becomes sockpush, which stays
 * process 1 and keeps them. test_appliance.py knows how many it opens.
 *
 * The kernel passes words of its command line that it does not know as arguments: "modules" loads /modules/0.ko,
 * 1.ko …; "network" sets up eth0 for qemu's user network; "many" opens so many connections that sockpush does not list
 * them; "readonly" makes the root read-only. sockpush gets this process's environment. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Prints `what` and errno to the console and ends, if not done. The kernel then panics, because process 1 must not
 * end. */
static void must(bool done, const char *what)
{
    char number[] = ": 000\n";

    if (done)
        return;
    for (int i = 4, n = errno; i > 1; i--, n /= 10)
        number[i] = (char)('0' + n % 10);
    write(2, "helper: ", 8);
    write(2, what, strlen(what));
    write(2, number, strlen(number));
    _exit(1);
}

/* --- the machine ---------------------------------------------------------------------- */

static void load_modules(void)
{
    char path[] = "/modules/00.ko";

    for (int i = 0;; i++) {
        int fd;

        path[9] = (char)('0' + i / 10);
        path[10] = (char)('0' + i % 10);
        fd = open(path, O_RDONLY);
        if (fd < 0)
            return;
        must(!syscall(SYS_finit_module, fd, "", 0), path);
        close(fd);
    }
}

static void set_address(struct sockaddr *out, const char *text)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;

    in->sin_family = AF_INET;
    inet_pton(AF_INET, text, &in->sin_addr);
}

static void bring_up(const char *name, const char *address, const char *mask)
{
    struct ifreq r = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    strcpy(r.ifr_name, name);
    if (address) {
        set_address(&r.ifr_addr, address);
        must(!ioctl(fd, SIOCSIFADDR, &r), "SIOCSIFADDR");
        set_address(&r.ifr_netmask, mask);
        must(!ioctl(fd, SIOCSIFNETMASK, &r), "SIOCSIFNETMASK");
    }
    must(!ioctl(fd, SIOCGIFFLAGS, &r), "SIOCGIFFLAGS");
    r.ifr_flags |= IFF_UP | IFF_RUNNING;
    must(!ioctl(fd, SIOCSIFFLAGS, &r), "SIOCSIFFLAGS");
    close(fd);
}

/* --- the sockets ---------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

static union address loopback(int family, uint16_t port)
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

/* Returns a bound socket. Several may be bound to one port. */
static int open_bound(const union address *a, int type)
{
    int one = 1, fd = socket(a->any.sa_family, type, 0);

    must(fd >= 0, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    must(!bind(fd, &a->any, sizeof *a), "bind");
    return fd;
}

static int open_listener(int family, uint16_t port, int backlog)
{
    union address a = loopback(family, port);
    int fd = open_bound(&a, SOCK_STREAM);

    must(!listen(fd, backlog), "listen");
    return fd;
}

static int open_client(int family, uint16_t port)
{
    union address a = loopback(family, port);
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    must(fd >= 0, "socket");
    must(!connect(fd, &a.any, sizeof a) || errno == EINPROGRESS, "connect");
    return fd;
}

/* Waits for the event. On a busy machine the loopback interface delivers late. */
static void wait_for(int fd, short event)
{
    struct pollfd one = {.fd = fd, .events = event};

    must(poll(&one, 1, 10000) == 1, "poll");
}

static int take(int listener)
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

/* Opens connections to port 7008. Both ends of each are sockets of this machine. */
static void open_many(int family, int n)
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

int main(int argc, char **argv)
{
    const char *const arguments[] = {"/init", NULL};
    bool network = false, many = false, readonly = false;
    int v6;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "modules"))
            load_modules();
        network |= !strcmp(argv[i], "network");
        many |= !strcmp(argv[i], "many");
        readonly |= !strcmp(argv[i], "readonly");
    }
    bring_up("lo", NULL, NULL);
    if (network) {
        struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);

        bring_up("eth0", "10.0.2.15", "255.255.255.0");
        set_address(&route.rt_dst, "0.0.0.0");
        set_address(&route.rt_genmask, "0.0.0.0");
        set_address(&route.rt_gateway, "10.0.2.2");
        must(!ioctl(fd, SIOCADDRT, &route), "SIOCADDRT");
        close(fd);
    }
    v6 = socket(AF_INET6, SOCK_DGRAM, 0);
    close(v6);
    open_sockets(AF_INET, 2);
    if (v6 >= 0)
        open_sockets(AF_INET6, 3);
    open_other_addresses(v6 >= 0);
    if (many) {
        open_many(AF_INET, 1000);
        open_many(AF_INET6, 20);
    }
    if (readonly)
        must(!mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL), "remount /");
    must(!syscall(SYS_execve, "/init", arguments, environ), "/init");
}
