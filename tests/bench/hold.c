/* hold N: keeps N real, established TCP sockets open on the loopback device.
 *
 * Prints "ready" once all of them are established, then sleeps until its standard input closes. Both ends of a
 * connection are here, so N sockets are N/2 connections. One process may not open that many descriptors, so children
 * share them, each with its own listener: child i listens on 127.0.0.1, port 8000 + i. The clients come from many
 * addresses (127.1.0.1, 127.1.0.2, ...), as a busy server's clients do. One address would not have enough ephemeral
 * ports. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_PORT        8000
#define MAX_SOCKETS       1000000
#define PER_ADDRESS       200  /* connections from one client address */
#define PER_CHILD         8000 /* connections of one child, if its limit allows */
#define SPARE_DESCRIPTORS 32   /* standard streams, pipes, the listener */

static void die(const char *what)
{
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* Returns a socket whose close leaves no TIME_WAIT, which the next measurement in the same namespace would count.
 * Zero linger ends a connection with a reset. */
static int tcp_socket(void)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0)
        die("socket");
    if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) < 0)
        die("SO_LINGER");
    return fd;
}

static struct sockaddr_in address(unsigned ip, unsigned port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(ip),
    };
}

/* Connects from `client_ip`. The accepted end stays open too. */
static void make_connection(int listener, const struct sockaddr_in *server, unsigned client_ip)
{
    const struct sockaddr_in from = address(client_ip, 0);
    const int one = 1;
    int fd = tcp_socket();

    /* The port is chosen at connect(), when the whole 4-tuple is known. bind() alone would need a port that no other
     * socket uses. */
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one) < 0)
        die("IP_BIND_ADDRESS_NO_PORT");
    if (bind(fd, (const struct sockaddr *)&from, sizeof from) < 0)
        die("bind");
    if (connect(fd, (const struct sockaddr *)server, sizeof *server) < 0)
        die("connect");
    if (accept(listener, NULL, NULL) < 0)
        die("accept");
}

static void hold(unsigned child, unsigned connections, int ready)
{
    const struct sockaddr_in server = address(INADDR_LOOPBACK, FIRST_PORT + child);
    const unsigned first_ip = 0x7f010001 + (child << 8); /* 127.1.child.1 */
    int listener = tcp_socket();                         /* accepted sockets inherit its linger */
    char byte = 0;

    if (bind(listener, (const struct sockaddr *)&server, sizeof server) < 0)
        die("bind the listener");
    if (listen(listener, 16) < 0)
        die("listen");
    for (unsigned i = 0; i < connections; i++)
        make_connection(listener, &server, first_ip + i / PER_ADDRESS);
    if (write(ready, &byte, 1) != 1)
        die("write");
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    _exit(0);
}

/* Raises the soft limit to the hard one. Returns how many connections one child can then hold. */
static unsigned connections_per_child(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("setrlimit");
    if (limit.rlim_cur >= 2 * PER_CHILD + SPARE_DESCRIPTORS)
        return PER_CHILD;
    if (limit.rlim_cur <= SPARE_DESCRIPTORS + 2) {
        errno = EMFILE;
        die("descriptor limit");
    }
    return (unsigned)(limit.rlim_cur - SPARE_DESCRIPTORS) / 2;
}

/* Returns the number of children. Each writes a byte to `ready` when it is done. */
static unsigned start_children(unsigned connections, int ready)
{
    const unsigned most = connections_per_child();
    unsigned children = 0;

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
    long sockets = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
    int ready[2];
    unsigned children;
    int bad = 0, status;
    char byte;

    if (sockets < 2 || sockets > MAX_SOCKETS || sockets % 2 != 0) {
        fprintf(stderr, "usage: hold N   (an even number, 2 to %d)\n", MAX_SOCKETS);
        return 2;
    }
    if (pipe(ready) < 0)
        die("pipe");
    children = start_children((unsigned)sockets / 2, ready[1]);
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
