/* Other network namespaces, through processes of a real kernel that the test puts into new ones. */
#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <net/if.h>

#include "count/pod.h"
#include "platform.h"
#include "unit/helper.h"

#define LISTENERS   3 /* IPv4; one more listens on IPv6 */
#define CONNECTIONS 20
#define WAITING     2 /* connections that nobody accepts */
#define DATAGRAMS   4

static char buf[PLATFORM_KERNEL_BUF];

/* --- the process in another namespace ----------------------------------------- */

/* A process in its own network namespace. */
struct pod {
    pid_t pid;
    uint64_t mark, name_space;
};

static bool lo_up(void)
{
    struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM, 0), ret = ioctl(fd, SIOCSIFFLAGS, &lo);

    close(fd);
    return !ret;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static bool listens(int fd, const void *address, socklen_t len)
{
    return !bind(fd, address, len) && !listen(fd, 100);
}

static int connects(uint16_t port)
{
    struct sockaddr_in to = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    return connect(fd, (struct sockaddr *)&to, sizeof to) ? -1 : fd;
}

/* Opens what a pod has: listeners, accepted connections, some that wait, one in TIME_WAIT, UDP. */
static bool open_sockets(bool ipv6)
{
    struct sockaddr_in6 any6 = {.sin6_family = AF_INET6, .sin6_port = htons(9000)};
    int listener[LISTENERS], fd;

    for (uint16_t i = 0; i < LISTENERS; i++) {
        struct sockaddr_in at = loopback((uint16_t)(8000 + i));

        listener[i] = socket(AF_INET, SOCK_STREAM, 0);
        if (!listens(listener[i], &at, sizeof at))
            return false;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        if (connects(8000) < 0 || accept(listener[0], NULL, NULL) < 0)
            return false;
    for (int i = 0; i < WAITING; i++)
        if (connects(8001) < 0)
            return false;
    fd = connects(8002);
    close(fd);
    close(accept(listener[2], NULL, NULL)); /* the client's end stays in TIME_WAIT */
    for (uint16_t i = 0; i < DATAGRAMS; i++) {
        struct sockaddr_in at = loopback((uint16_t)(8000 + i));

        fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (bind(fd, (struct sockaddr *)&at, sizeof at))
            return false;
    }
    return !ipv6 || listens(socket(AF_INET6, SOCK_STREAM, 0), &any6, sizeof any6);
}

static bool has_ipv6(void)
{
    return !access("/proc/net/sockstat6", F_OK);
}

static bool enters_pod(bool sockets)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return (!unshare(CLONE_NEWNET) || !unshare(CLONE_NEWUSER | CLONE_NEWNET)) && lo_up() &&
           (!sockets || open_sockets(has_ipv6()));
}

/* Runs in the new process. Tells by one byte that all is there, then waits. */
static void be_pod(int ready, bool sockets)
{
    if (enters_pod(sockets) && write(ready, "x", 1) == 1)
        for (;;)
            pause();
    _exit(0);
}

static void *outlive_main_thread(void *ready)
{
    const struct timespec ms = {.tv_nsec = 1000000};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (!access("/proc/self/net/tcp", F_OK))
        nanosleep(&ms, NULL);
    if (write(*(const int *)ready, "x", 1) == 1)
        for (;;)
            pause();
    _exit(0);
}

/* Does the same, but its main thread ends, and another one tells and waits. */
static void be_pod_without_main_thread(int ready, bool sockets)
{
    static int fd;
    pthread_t thread;

    fd = ready;
    if (enters_pod(sockets) && !pthread_create(&thread, NULL, outlive_main_thread, &fd))
        pthread_exit(NULL);
    _exit(0);
}

static void find_mark(void *ctx, int pid, uint64_t mark)
{
    struct pod *p = ctx;

    if (pid == p->pid)
        p->mark = mark;
}

static uint64_t mark_of(pid_t pid)
{
    struct pod p = {.pid = pid};

    assert_int_equal(platform_process_walk("/proc", find_mark, &p), 0);
    return p.mark;
}

/* Starts a pod, whose process does `be`. Skips the test where that is not permitted. */
static struct pod pod_start_as(void (*be)(int ready, bool sockets), bool sockets)
{
    struct pod p = {0};
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    p.pid = fork();
    assert_true(p.pid >= 0);
    if (!p.pid)
        be(ready[1], sockets);
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) {
        waitpid(p.pid, NULL, 0);
        print_message("a network namespace cannot be made here\n");
        skip();
    }
    close(ready[0]);
    p.mark = mark_of(p.pid);
    p.name_space = platform_namespace("/proc", p.pid);
    assert_true(p.mark && p.name_space);
    return p;
}

static struct pod pod_start(bool sockets)
{
    return pod_start_as(be_pod, sockets);
}

/* Ends it; its parent, the test, still has to reap it. */
static void pod_end(const struct pod *p)
{
    siginfo_t info;

    assert_int_equal(kill(p->pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOWAIT), 0);
}

static void pod_reap(const struct pod *p)
{
    assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
}

static int read_pod(const struct pod *p, unsigned depth, struct pod_reading *out)
{
    return platform_pod_read("/proc", p->pid, p->mark, p->name_space, depth, buf, NULL, NULL, out);
}

/* --- tests --------------------------------------------------------------------- */

struct seen {
    int last, self;
    bool ascending;
    uint64_t mark;
};

static void see(void *ctx, int pid, uint64_t mark)
{
    struct seen *s = ctx;

    s->ascending &= pid > s->last && mark;
    s->last = pid;
    if (pid == s->self)
        s->mark = mark;
}

static void each_process_has_a_mark_that_stays(void **state)
{
    struct seen s = {.self = getpid(), .ascending = true};

    (void)state;
    assert_int_equal(platform_process_walk("/proc", see, &s), 0);
    assert_true(s.ascending && s.mark);
    assert_int_equal(mark_of(getpid()), s.mark);
    assert_int_equal(platform_process_walk("/proc/none", see, &s), -ENOENT);
}

static void a_namespace_has_a_number(void **state)
{
    struct pod p = pod_start(false), other = pod_start(false);

    (void)state;
    assert_int_equal(platform_namespace("/proc", 0), platform_namespace("/proc", getpid()));
    assert_int_equal(platform_namespace("/proc", p.pid), p.name_space);
    assert_int_not_equal(p.name_space, other.name_space);
    assert_int_not_equal(p.name_space, platform_namespace("/proc", 0));
    pod_end(&p);
    assert_int_equal(platform_namespace("/proc", p.pid), 0); /* not reaped yet */
    pod_reap(&p);
    pod_end(&other);
    pod_reap(&other);
    assert_int_equal(platform_namespace("/proc", other.pid), 0);
}

static void check_counters(const struct pod_reading *r)
{
    const uint32_t gauges = (1u << KERNEL_GAUGES) - 1;

    assert_int_equal(r->ipv6, has_ipv6());
    assert_int_equal(r->family[0].tcp_inuse, LISTENERS + 2 * (CONNECTIONS + WAITING));
    assert_int_equal(r->family[1].tcp_inuse, r->ipv6);
    assert_int_equal(r->family[0].count[FIELD_UDP], DATAGRAMS);
    assert_int_equal(r->family[1].count[FIELD_UDP], 0);
    assert_int_equal(r->time_wait, 1);
    assert_int_equal(r->current, 2 * (CONNECTIONS + WAITING));
    assert_int_equal(r->kernel.known & gauges, 1u << SOCKETS_USED);
    assert_true(r->kernel.known >> LISTEN_OVERFLOWS & r->kernel.known >> UDP_RCVBUF_ERRORS & 1);
    assert_int_equal(r->kernel.n[ACTIVE_OPENS], CONNECTIONS + WAITING + 1);
    assert_int_equal(r->kernel.n[PASSIVE_OPENS], CONNECTIONS + WAITING + 1);
    assert_int_equal(r->kernel.n[LISTEN_OVERFLOWS], 0);
}

static void the_depth_says_what_is_counted(void **state)
{
    struct pod p = pod_start(true);
    struct pod_reading r;

    (void)state;
    assert_int_equal(read_pod(&p, POD_COUNTERS, &r), 0);
    check_counters(&r);
    assert_int_equal(r.family[0].count[STATE_LISTEN], 0);

    assert_int_equal(read_pod(&p, POD_LISTENERS, &r), 0);
    check_counters(&r);
    assert_int_equal(r.family[0].count[STATE_LISTEN], LISTENERS);
    assert_int_equal(r.family[1].count[STATE_LISTEN], r.ipv6);
    assert_int_equal(r.family[0].accept_queue, WAITING);
    assert_int_equal(r.family[1].accept_queue, 0);
    assert_int_equal(r.family[0].count[STATE_ESTABLISHED], 0);

    assert_int_equal(read_pod(&p, POD_SOCKETS, &r), 0);
    check_counters(&r);
    assert_int_equal(r.family[0].count[STATE_LISTEN], LISTENERS);
    assert_int_equal(r.family[1].count[STATE_LISTEN], r.ipv6);
    assert_int_equal(r.family[0].accept_queue, WAITING);
    assert_int_equal(r.family[0].count[STATE_ESTABLISHED], 2 * (CONNECTIONS + WAITING));
    assert_int_equal(r.family[0].count[STATE_TIME_WAIT], 1);
    pod_end(&p);
    pod_reap(&p);
}

/* What is emitted: sockets by port less 8000, and whether the order holds. */
struct emitted {
    unsigned tcp[LISTENERS], udp[DATAGRAMS], listeners, queued, others;
    uint8_t last_version;
    bool ordered, over; /* over: a socket came that does not listen */
};

static void note_socket(void *ctx, const struct sock *s, uint64_t n)
{
    struct emitted *e = ctx;
    unsigned port = s->local_port - 8000u;

    if (s->protocol == PROTOCOL_TCP) {
        e->over &= s->ip_version == e->last_version;
        e->ordered &= s->ip_version <= e->last_version && !(e->over && s->state == STATE_LISTEN);
        e->over |= s->state != STATE_LISTEN;
        e->last_version = s->ip_version;
    } else {
        e->ordered &= e->listeners == (has_ipv6() ? LISTENERS + 1u : LISTENERS);
    }
    e->listeners += s->protocol == PROTOCOL_TCP && s->state == STATE_LISTEN;
    e->queued += s->known & SOCK_QUEUE ? s->rx_queue : 0;
    if (s->protocol == PROTOCOL_TCP && port < LISTENERS)
        e->tcp[port] += (unsigned)n;
    else if (s->protocol == PROTOCOL_UDP && port < DATAGRAMS)
        e->udp[port] += (unsigned)n;
    else
        e->others += (unsigned)n;
}

static void each_socket_is_emitted_with_its_port(void **state)
{
    struct emitted e = {.ordered = true, .last_version = 6};
    struct pod p = pod_start(true);
    struct pod_reading r;

    (void)state;
    assert_int_equal(platform_pod_read("/proc", p.pid, p.mark, p.name_space, POD_SOCKETS, buf, note_socket, &e, &r), 0);
    assert_int_equal(e.listeners, 0); /* that depth emits none */
    assert_int_equal(platform_pod_read("/proc", p.pid, p.mark, p.name_space, POD_PORTS, buf, note_socket, &e, &r), 0);
    check_counters(&r);
    assert_int_equal(r.family[0].count[STATE_ESTABLISHED], 2 * (CONNECTIONS + WAITING));
    assert_true(e.ordered);
    assert_int_equal(e.listeners, LISTENERS + has_ipv6());
    assert_int_equal(e.tcp[0], 1 + CONNECTIONS);
    assert_int_equal(e.tcp[1], 1 + WAITING);
    assert_int_equal(e.tcp[2], 1);
    assert_int_equal(e.queued, WAITING);
    for (unsigned i = 0; i < DATAGRAMS; i++)
        assert_int_equal(e.udp[i], 1);
    assert_int_equal(e.others, CONNECTIONS + WAITING + 1 + has_ipv6()); /* the clients' ends, port 9000 */
    pod_end(&p);
    pod_reap(&p);
}

/* Then /proc/PID/net is empty, and the other threads have it. */
static void a_process_may_go_on_without_its_main_thread(void **state)
{
    struct pod p = pod_start_as(be_pod_without_main_thread, true), other = pod_start(false);
    struct pod_identity who;
    struct pod_reading r;
    char path[64];

    (void)state;
    snprintf(path, sizeof path, "/proc/%d/net/tcp", (int)p.pid);
    assert_int_equal(access(path, F_OK), -1);
    if (p.name_space == platform_namespace("/proc", 0)) { /* an emulator has threads of its own, which stayed here */
        pod_end(&p);
        pod_reap(&p);
        pod_end(&other);
        pod_reap(&other);
        skip();
    }
    assert_int_equal(read_pod(&p, POD_LISTENERS, &r), 0);
    check_counters(&r);
    assert_int_equal(r.family[0].count[STATE_LISTEN], LISTENERS);
    assert_true(platform_pod_identity("/proc", p.pid, p.mark, &who));
    assert_false(who.sandbox);
    p.name_space = other.name_space;
    assert_int_equal(read_pod(&p, POD_COUNTERS, &r), -ESRCH);
    pod_end(&p);
    assert_int_equal(platform_namespace("/proc", p.pid), 0);
    assert_int_equal(read_pod(&p, POD_COUNTERS, &r), -ESRCH);
    pod_reap(&p);
    pod_end(&other);
    pod_reap(&other);
}

static void an_empty_namespace_has_nothing(void **state)
{
    struct pod p = pod_start(false);
    struct pod_reading r;

    (void)state;
    for (unsigned depth = POD_COUNTERS; depth <= POD_PORTS; depth++) {
        assert_int_equal(read_pod(&p, depth, &r), 0);
        assert_int_equal(r.family[0].tcp_inuse + r.family[1].tcp_inuse + r.time_wait + r.current, 0);
        for (int field = 0; field < FIELD_COUNT; field++)
            assert_int_equal(r.family[0].count[field] + r.family[1].count[field], 0);
    }
    pod_end(&p);
    pod_reap(&p);
}

static void another_process_or_namespace_is_never_taken_for_it(void **state)
{
    struct pod p = pod_start(false), other = pod_start(true), wrong;
    struct pod_identity who;
    struct pod_reading r;

    (void)state;
    wrong = p;
    wrong.pid = other.pid; /* as if p had ended and its pid came back */
    assert_int_equal(read_pod(&wrong, POD_SOCKETS, &r), -ESRCH);
    assert_false(platform_pod_identity("/proc", wrong.pid, wrong.mark, &who));
    wrong = p;
    wrong.name_space = other.name_space;
    assert_int_equal(read_pod(&wrong, POD_SOCKETS, &r), -ESRCH);
    assert_int_equal(r.family[0].tcp_inuse, 0);
    pod_end(&p);
    assert_int_equal(read_pod(&p, POD_COUNTERS, &r), -ESRCH); /* not reaped yet */
    pod_reap(&p);
    assert_int_equal(read_pod(&p, POD_COUNTERS, &r), -ESRCH);
    assert_false(platform_pod_identity("/proc", p.pid, p.mark, &who));
    pod_end(&other);
    pod_reap(&other);
}

/* Returns a netlink socket that reports the end of the pod's namespace (RTM_DELNSID of rtnetlink, since Linux 4.9), or
 * -1 where this is not permitted. */
static int watch_end(const struct pod *p)
{
    const struct sockaddr_nl at = {.nl_family = AF_NETLINK, .nl_groups = 1u << (RTNLGRP_NSID - 1)};
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    struct {
        struct nlmsghdr header;
        struct rtgenmsg family;
        _Alignas(4) struct nlattr id_header;
        int32_t id;
        struct nlattr pid_header;
        int32_t pid;
    } m = {
        .header = {.nlmsg_len = sizeof m, .nlmsg_type = RTM_NEWNSID, .nlmsg_flags = NLM_F_REQUEST},
        .id_header = {sizeof m.id_header + sizeof m.id, NETNSA_NSID},
        .id = -1, /* any */
        .pid_header = {sizeof m.pid_header + sizeof m.pid, NETNSA_PID},
        .pid = p->pid,
    };
    struct nlmsghdr answer;

    assert_int_equal(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
    if (send(fd, &m, sizeof m, 0) == sizeof m && recv(fd, &answer, sizeof answer, 0) == sizeof answer &&
        answer.nlmsg_type == RTM_NEWNSID)
        return fd;
    close(fd);
    return -1;
}

/* Nothing that was read stays open: a namespace ends with its last process, though the reader goes on. */
static void a_namespace_that_was_read_ends_with_its_processes(void **state)
{
    struct pod p = pod_start(true);
    struct pod_identity who;
    struct pod_reading r;
    struct nlmsghdr end = {.nlmsg_type = 0};
    int fd = watch_end(&p);
    struct pollfd wait = {.fd = fd, .events = POLLIN};

    (void)state;
    if (fd < 0) {
        pod_end(&p);
        pod_reap(&p);
        print_message("the end of a network namespace is not reported here\n");
        skip();
    }
    for (int i = 0; i < 10; i++) {
        assert_true(platform_pod_identity("/proc", p.pid, p.mark, &who));
        assert_int_equal(read_pod(&p, (unsigned)(i % 3), &r), 0);
        assert_int_equal(platform_namespace("/proc", p.pid), p.name_space);
    }
    pod_end(&p);
    assert_int_equal(read_pod(&p, POD_SOCKETS, &r), -ESRCH);
    pod_reap(&p);
    while (end.nlmsg_type != RTM_DELNSID) {
        assert_int_equal(poll(&wait, 1, 60000), 1);
        assert_int_equal(recv(fd, &end, sizeof end, 0), sizeof end);
    }
    close(fd);
}

static void a_process_tells_when_it_started_and_whether_it_is_a_sandbox(void **state)
{
    struct pod p = pod_start(false), later = pod_start(false);
    struct pod_identity first, second;
    char name[16];

    (void)state;
    assert_true(platform_pod_identity("/proc", p.pid, p.mark, &first));
    assert_true(platform_pod_identity("/proc", later.pid, later.mark, &second));
    assert_true(first.started && first.started <= second.started);
    assert_false(first.sandbox);
    prctl(PR_GET_NAME, name);
    prctl(PR_SET_NAME, "pause");
    assert_true(platform_pod_identity("/proc", getpid(), mark_of(getpid()), &first));
    assert_true(first.sandbox);
    prctl(PR_SET_NAME, "a) S 1 (b");
    assert_true(platform_pod_identity("/proc", getpid(), mark_of(getpid()), &second));
    assert_false(second.sandbox);
    assert_int_equal(first.started, second.started);
    prctl(PR_SET_NAME, name);
    pod_end(&p);
    pod_reap(&p);
    pod_end(&later);
    pod_reap(&later);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_process_has_a_mark_that_stays),
        cmocka_unit_test(a_namespace_has_a_number),
        cmocka_unit_test(the_depth_says_what_is_counted),
        cmocka_unit_test(each_socket_is_emitted_with_its_port),
        cmocka_unit_test(a_process_may_go_on_without_its_main_thread),
        cmocka_unit_test(an_empty_namespace_has_nothing),
        cmocka_unit_test(another_process_or_namespace_is_never_taken_for_it),
        cmocka_unit_test(a_namespace_that_was_read_ends_with_its_processes),
        cmocka_unit_test(a_process_tells_when_it_started_and_whether_it_is_a_sandbox),
    };

    return cmocka_run_group_tests_name("pods", tests, NULL, NULL);
}
