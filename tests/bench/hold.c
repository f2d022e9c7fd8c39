/* hold N [mixed|time-wait]: keeps N real TCP sockets on the loopback device, and 100 listeners.
 *
 * Prints "ready" once all of them are there, then sleeps until its standard input closes. The N sockets are both ends
 * of N/2 established connections. With "mixed", half of them are v4-mapped and 2 % are IPv6; the rest is IPv4. With
 * "time-wait", N connections are made and closed, and the ends that closed first stay in TIME_WAIT for a minute.
 *
 * The connections go to ports 8000 to 8009. The listeners of the ports after them stay idle. One process may not open
 * that many descriptors, so children share the connections. All of them accept from the same listeners: a child may
 * get another's connection, but accepts as many as it makes. The clients come from many addresses (127.1.0.1,
 * 127.1.0.2, ...), as a busy server's clients do. One address would not have enough ephemeral ports. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_PORT        8000
#define BUSY_PORTS        10
#define LISTENERS         100
#define BACKLOG           1024 /* more than there are children */
#define MAX_SOCKETS       1000000
#define MAX_CHILDREN      255  /* one byte of the clients' addresses */
#define PER_ADDRESS       200  /* connections from one client address */
#define PER_CHILD         8000 /* connections of one child, if its limit allows */
#define SPARE_DESCRIPTORS 132  /* standard streams, pipes, the listeners */

enum kind { IPV4, MAPPED, IPV6, KINDS };

struct endpoint {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address;
    socklen_t length;
};

static bool mixed, time_wait;
static int listeners[KINDS][BUSY_PORTS];

static void die(const char *what)
{
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Returns a socket whose close leaves no TIME_WAIT, which the next measurement in the same namespace would count,
 * unless TIME_WAIT is wanted. Zero linger ends a connection with a reset. Accepted sockets inherit it. */
static int tcp_socket(enum kind kind)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = socket(kind == IPV4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);

    if (fd < 0)
        die("socket");
    if (!time_wait && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0)
        die("SO_LINGER");
    return fd;
}

/* Returns an address of the loopback device. IPv6 has only ::1, whatever `ip` is. */
static struct endpoint endpoint(enum kind kind, unsigned ip, unsigned port)
{
    struct endpoint e = {.length = kind == IPV4 ? sizeof e.address.v4 : sizeof e.address.v6};
    const unsigned bytes = htonl(ip);

    if (kind == IPV4) {
        e.address.v4.sin_family = AF_INET;
        e.address.v4.sin_port = htons((unsigned short)port);
        e.address.v4.sin_addr.s_addr = bytes;
        return e;
    }
    e.address.v6.sin6_family = AF_INET6;
    e.address.v6.sin6_port = htons((unsigned short)port);
    if (kind == IPV6) {
        e.address.v6.sin6_addr = in6addr_loopback;
    } else {
        memset(&e.address.v6.sin6_addr.s6_addr[10], 0xff, 2);
        memcpy(&e.address.v6.sin6_addr.s6_addr[12], &bytes, 4);
    }
    return e;
}

/* Returns a server's address. Each kind has its own, so that all can listen on the same port. */
static struct endpoint server(enum kind kind, unsigned port)
{
    return endpoint(kind, INADDR_LOOPBACK + kind, port);
}

static int listen_on(enum kind kind, unsigned port)
{
    const struct endpoint at = server(kind, port);
    const int one = 1;
    int fd = tcp_socket(kind);

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0)
        die("SO_REUSEADDR");
    if (bind(fd, &at.address.any, at.length) < 0)
        die("bind a listener");
    if (listen(fd, BACKLOG) < 0)
        die("listen");
    return fd;
}

static void make_listeners(void)
{
    const int kinds = mixed ? KINDS : 1;

    for (int kind = 0; kind < kinds; kind++)
        for (unsigned i = 0; i < BUSY_PORTS; i++)
            listeners[kind][i] = listen_on((enum kind)kind, FIRST_PORT + i);
    for (unsigned i = BUSY_PORTS; i < LISTENERS - BUSY_PORTS * (unsigned)(kinds - 1); i++)
        listen_on(IPV4, FIRST_PORT + i);
}

/* Ends the client's side first, so that it stays in TIME_WAIT. The accepted one waits until its own client has done
 * so, which may be another child's. */
static void let_go(int client, int listener)
{
    char byte;
    int accepted;

    close(client);
    accepted = accept(listener, NULL, NULL);
    if (accepted < 0)
        die("accept");
    if (read(accepted, &byte, 1) != 0)
        die("read");
    close(accepted);
}

/* Connects from `client_ip`. The accepted end stays open, too. */
static void make_connection(enum kind kind, unsigned client_ip, unsigned n)
{
    const struct endpoint from = endpoint(kind, client_ip, 0), to = server(kind, FIRST_PORT + n % BUSY_PORTS);
    const int one = 1, listener = listeners[kind][n % BUSY_PORTS];
    int fd = tcp_socket(kind);

    /* The port is chosen at connect(), when the whole 4-tuple is known. bind() alone would need a port that no other
     * socket uses. */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0)
        die("IP_BIND_ADDRESS_NO_PORT");
    if (bind(fd, &from.address.any, from.length) < 0)
        die("bind");
    if (connect(fd, &to.address.any, to.length) < 0)
        die("connect");
    if (time_wait)
        let_go(fd, listener);
    else if (accept(listener, NULL, NULL) < 0)
        die("accept");
}

/* Returns the n-th connection's kind: of 100, 50 are mapped and 2 are IPv6. */
static enum kind kind_of(unsigned n)
{
    if (!mixed || n % 100 >= 52)
        return IPV4;
    return n % 100 < 50 ? MAPPED : IPV6;
}

static void hold(unsigned child, unsigned connections, int ready)
{
    const unsigned first_ip = 0x7f010001 + (child << 8); /* 127.1.child.1 */
    char byte = 0;

    for (unsigned i = 0; i < connections; i++)
        make_connection(kind_of(i), first_ip + i / PER_ADDRESS, i);
    if (write(ready, &byte, 1) != 1)
        die("write");
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    _exit(0);
}

/* Raises the soft limit to the hard one. Returns how many connections one child can then hold, in whole hundreds, of
 * which each has the same mixture. */
static unsigned connections_per_child(void)
{
    struct rlimit limit;
    unsigned most;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("setrlimit");
    if (limit.rlim_cur >= 2 * PER_CHILD + SPARE_DESCRIPTORS)
        return PER_CHILD;
    if (limit.rlim_cur < 200 + SPARE_DESCRIPTORS) {
        errno = EMFILE;
        die("descriptor limit");
    }
    most = (unsigned)(limit.rlim_cur - SPARE_DESCRIPTORS) / 2;
    return most - most % 100;
}

/* Returns the number of children. Each writes a byte to `ready` when it is done. */
static unsigned start_children(unsigned connections, int ready)
{
    const unsigned most = connections_per_child();
    unsigned children = 0;

    if (connections > MAX_CHILDREN * most) {
        errno = EMFILE;
        die("descriptor limit");
    }
    while (connections > 0) {
        unsigned share = connections < most ? connections : most;
        pid_t pid = fork();

        if (pid < 0)
            die("fork");
        if (pid == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            hold(children, share, ready);
        }
        connections -= share;
        children++;
    }
    return children;
}

int main(int argc, char **argv)
{
    long sockets = argc >= 2 ? strtol(argv[1], NULL, 10) : 0;
    int ready[2];
    unsigned children;
    int bad = 0, status;
    char byte;

    mixed = argc == 3 && strcmp(argv[2], "mixed") == 0;
    time_wait = argc == 3 && strcmp(argv[2], "time-wait") == 0;
    if (argc > 3 || (argc == 3 && !mixed && !time_wait) || sockets < 2 || sockets > MAX_SOCKETS || sockets % 2 != 0) {
        fprintf(stderr, "usage: hold N [mixed|time-wait]   (an even number, 2 to %d)\n", MAX_SOCKETS);
        return 2;
    }
    make_listeners();
    if (pipe(ready) < 0)
        die("pipe");
    children = start_children((unsigned)sockets / (time_wait ? 1 : 2), ready[1]);
    close(ready[1]); /* a child that dies early must end the reads below */
    for (unsigned i = 0; i < children; i++)
        if (read(ready[0], &byte, 1) != 1)
            return 1; /* the child has printed the reason; the others end with this process */
    puts("ready");
    fflush(stdout);
    while (wait(&status) > 0)
        bad |= status != 0;
    return bad;
}
