/* An output that is not at its first target checks now and then whether the first one answers again. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "unit/output/tcp_receiver.h"

/* Replaces platform/posix/random.c: draws the smallest or the largest number. */
static bool draws_most;

uint32_t platform_random(uint32_t below)
{
    return draws_most ? below - 1 : 0;
}

int platform_secret(void *out, size_t len)
{
    (void)out, (void)len;
    return -ENOSYS;
}

static struct {
    struct running r;
    int listener[2], fd; /* fd: the output's connection, at the second target */
} at;

/* Starts an output whose first target refuses connections, so it goes to the second, which acknowledges one line. */
static int start_at_second(void **state)
{
    uint16_t port[2];

    (void)state;
    for (int i = 0; i < 2; i++)
        at.listener[i] = receiver_bind(&port[i]);
    listen(at.listener[1], 1);
    start_tcp(&at.r, &output_tcp, port, 2);
    put(&at.r, 1, "one\n");
    at.fd = receiver_accept(at.listener[1]);
    receiver_read(at.fd, "one\n");
    clock_rest(&at.r.output);
    clock_arrived(at.r.output.link->fd);
    wait_for(&at.r, SENT_LINES, 1);
    return 0;
}

static int end_all(void **state)
{
    (void)state;
    net_close(at.listener[0]);
    net_close(at.listener[1]);
    return 0;
}

/* Ends the receiver's side after the output's side has ended. */
static void end_connection(int fd)
{
    char in[10];

    assert_int_equal(recv(fd, in, sizeof in, 0), 0);
    shutdown(fd, SHUT_WR);
    clock_arrived(fd);
    clock_rest(&at.r.output);
    net_close(fd);
}

/* Ends the output. fd is its connection. */
static void end_output(int fd)
{
    clock_arrived(at.r.output.link->fd);
    output_close(&at.r.output);
    end_connection(fd);
    finish(&at.r);
}

static bool is_asked(int listener)
{
    struct pollfd queue = {.fd = listener, .events = POLLIN};

    return poll(&queue, 1, 0) > 0;
}

/* Makes the first target answer again. The output returns to it at its next check, and the old connection ends well. */
static void go_back_after(uint64_t span_ns)
{
    uint64_t opened_ns = at.r.output.link->opened_ns;
    int fd;

    listen(at.listener[0], 1);
    clock_pass(&at.r.output, opened_ns + span_ns - MS - platform_monotonic_ns());
    assert_int_equal(at.r.output.link->target, 1);
    assert_false(is_asked(at.listener[0]));
    clock_pass(&at.r.output, 2 * MS);
    fd = receiver_accept(at.listener[0]);
    end_connection(at.fd);
    assert_int_equal(at.r.output.link->target, 0);
    put(&at.r, 2, "two\n");
    receiver_read(fd, "two\n");
    end_output(fd);
    assert_int_equal(counted(&at.r, SENT_LINES), 2);
    assert_int_equal(counted(&at.r, SEND_ERRORS), 0);
    assert_int_equal(counted(&at.r, RECONNECTS), 1);
}

static int start_with_least(void **state)
{
    draws_most = false;
    return start_at_second(state);
}

static int start_with_most(void **state)
{
    draws_most = true;
    return start_at_second(state);
}

static void a_better_target_is_looked_for_after_15_s_at_the_earliest(void **state)
{
    (void)state;
    go_back_after(15 * SECOND);
}

static void a_better_target_is_looked_for_after_30_s_at_the_latest(void **state)
{
    (void)state;
    go_back_after(30 * SECOND - MS);
}

/* The output delivers nothing during a check, so it waits less than it does for its only connection. */
static void a_silent_target_is_waited_for_1_5_s_once_in_a_look(void **state)
{
    uint64_t began_ns;
    int first;

    (void)state;
    first = receiver_listen_full(at.listener[0], at.r.endpoint.target[0].port);
    for (int look = 0; look < 3; look++) {
        assert_true(clock_step(&at.r.output)); /* until the check */
        began_ns = platform_monotonic_ns();
        assert_true(clock_step(&at.r.output));
        assert_in_range(platform_monotonic_ns() - began_ns, 1500 * MS, 1501 * MS);
        assert_in_range(at.r.output.look_ns - began_ns, 15 * SECOND, 15 * SECOND + MS);
        assert_int_equal(at.r.output.link->target, 1);
    }
    put(&at.r, 2, "two\n");
    receiver_read(at.fd, "two\n");
    end_output(at.fd);
    assert_int_equal(counted(&at.r, SENT_LINES), 2);
    assert_int_equal(counted(&at.r, SEND_ERRORS) + counted(&at.r, RECONNECTS), 0);
    net_close(first);
}

/* After the check's two seconds the output drops the old connection. No line is lost. */
static void an_old_receiver_that_does_not_end_its_side_is_waited_for_2_s(void **state)
{
    uint64_t began_ns;
    int fd;

    (void)state;
    listen(at.listener[0], 1);
    assert_true(clock_step(&at.r.output));
    fd = receiver_accept(at.listener[0]);
    clock_rest(&at.r.output);
    clock_arrived(at.r.output.link->fd);
    began_ns = platform_monotonic_ns();
    assert_true(clock_step(&at.r.output));
    assert_in_range(platform_monotonic_ns() - began_ns, 2 * SECOND, 2 * SECOND + MS);
    assert_int_equal(at.r.output.link->target, 0);
    put(&at.r, 2, "two\n");
    receiver_read(fd, "two\n");
    end_output(fd);
    net_close(at.fd);
    assert_int_equal(counted(&at.r, SENT_LINES), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_better_target_is_looked_for_after_15_s_at_the_earliest, start_with_least,
                                        end_all),
        cmocka_unit_test_setup_teardown(a_better_target_is_looked_for_after_30_s_at_the_latest, start_with_most,
                                        end_all),
        cmocka_unit_test_setup_teardown(a_silent_target_is_waited_for_1_5_s_once_in_a_look, start_with_least, end_all),
        cmocka_unit_test_setup_teardown(an_old_receiver_that_does_not_end_its_side_is_waited_for_2_s, start_with_least,
                                        end_all),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("failover", tests, NULL, NULL);
}
