/* The netlink backend on this machine's kernel. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "count/backend.h"
#include "linux/netlink.h"
#include "unit/helper.h"

static void ignore(void *ctx, const struct sock *s, uint64_t n)
{
    (void)ctx, (void)s, (void)n;
}

/* Another backend may have read TCP, which knows no limits. */
static void only_a_reading_of_tcp_knows_the_limits_of_queues(void **state)
{
    const struct backend_want want = {.proc = "/proc"};
    struct backend_state *backend;
    struct poll_report report = {0};
    int ret = backend_netlink.open(&backend, &want);

    (void)state;
    if (ret)
        skip(); /* an emulator without netlink */
    ret = backend_netlink.poll(backend, PROTOCOL_UDP, ignore, NULL, &report);
    assert_false(report.queue_limits);
    if (!ret)
        ret = backend_netlink.poll(backend, PROTOCOL_TCP, ignore, NULL, &report);
    assert_true(ret || report.queue_limits);
    backend_netlink.close(backend);
}

#define LISTENERS 4

static int listener[LISTENERS];
static uint16_t port[LISTENERS];

static void listen_on_ports(void)
{
    for (int i = 0; i < LISTENERS; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof at;

        listener[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(bind(listener[i], (struct sockaddr *)&at, len), 0);
        assert_int_equal(listen(listener[i], 5), 0);
        assert_int_equal(getsockname(listener[i], (struct sockaddr *)&at, &len), 0);
        port[i] = ntohs(at.sin_port);
    }
}

static void add_port(void *ctx, const struct sock *s, uint64_t n)
{
    assert_int_equal(n, 1);
    assert_int_equal(s->state, STATE_LISTEN);
    assert_true(s->known & SOCK_QUEUE && s->known & SOCK_LIMIT);
    ports_add(ctx, s->local_port);
}

/* Samples twice, with polls between. Returns false if there is no netlink here. */
static bool sample(const struct backend_want *want, struct port_set *out)
{
    struct backend_state *backend;
    struct poll_report report = {0};

    if (backend_netlink.open(&backend, want))
        return false;
    for (int i = 0; i < 2; i++) {
        memset(out, 0, sizeof *out);
        if (backend_netlink.poll(backend, PROTOCOL_TCP, ignore, NULL, &report)) {
            backend_netlink.close(backend);
            return false;
        }
        assert_int_equal(backend_netlink.listeners(backend, add_port, out), 0);
    }
    backend_netlink.close(backend);
    return true;
}

static void samples_have_the_listeners_that_rules_count(void **state)
{
    static struct port_set ports, sampled, none;
    struct backend_want want = {.proc = "/proc", .ports = &ports};

    (void)state;
    listen_on_ports();
    ports_add(&ports, port[0]);
    ports_add(&ports, port[2]);
    if (!sample(&want, &sampled))
        skip();
    for (int i = 0; i < LISTENERS; i++)
        assert_int_equal(ports_have(&sampled, port[i]), i % 2 == 0);
    want.listen = true;
    assert_true(sample(&want, &sampled));
    for (int i = 0; i < LISTENERS; i++)
        assert_true(ports_have(&sampled, port[i]));
    want = (struct backend_want){.proc = "/proc", .ports = &none};
    assert_true(sample(&want, &sampled));
    assert_true(ports_have(&sampled, port[1]));
    for (uint32_t i = 1; i < 65536; i += 7)
        ports_add(&ports, (uint16_t)i); /* more ranges than the filter has */
    want.ports = &ports;
    assert_true(sample(&want, &sampled));
    for (int i = 0; i < LISTENERS; i += 2)
        assert_true(ports_have(&sampled, port[i]));
    for (int i = 0; i < LISTENERS; i++)
        close(listener[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_reading_of_tcp_knows_the_limits_of_queues),
        cmocka_unit_test(samples_have_the_listeners_that_rules_count),
    };

    return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
