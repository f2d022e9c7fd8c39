/* The netlink backend on this machine's kernel. */
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_reading_of_tcp_knows_the_limits_of_queues),
    };

    return cmocka_run_group_tests_name("netlink", tests, NULL, NULL);
}
