/* How long sockets have been in CLOSE_WAIT. */
#include "unit/count/tally_helper.h"
#include "unit/helper.h"

static struct polls p;

static int setup(void **state)
{
    (void)state;
    polls_init(&p, "80,81,>4000", 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    polls_free(&p);
    return 0;
}

static void add(uint16_t port, uint64_t cookie)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", port, STATE_CLOSE_WAIT, 1);

    s.cookie = cookie;
    s.known |= SOCK_REMOTE;
    s.remote_port = 4000;
    tally_sock(&p.tally, &s, 1);
}

static void end_poll(void)
{
    tally_end(&p.tally);
    tally_end_tcp(&p.tally, false, true);
}

static void next_poll(uint64_t later_ms)
{
    p.now_ms += later_ms;
    poll_begin(&p);
}

static uint32_t oldest(const char *addr_port)
{
    return series_named(&p, addr_port, 4)->close_wait_oldest_s;
}

static void the_oldest_socket_of_each_series_counts(void **state)
{
    (void)state;
    next_poll(0);
    add(80, 1);
    end_poll();
    assert_int_equal(oldest("80"), 0);
    next_poll(9999);
    add(80, 2);
    add(81, 3);
    add(80, 1);
    end_poll();
    assert_int_equal(oldest("80"), 9);
    assert_int_equal(oldest("81"), 0);
    next_poll(10000); /* the first was closed */
    add(80, 2);
    add(81, 3);
    end_poll();
    assert_int_equal(oldest("80"), 10);
    assert_int_equal(oldest("81"), 10);
    next_poll(10000);
    add(80, 1); /* another life */
    end_poll();
    assert_int_equal(oldest("80"), 0);
    next_poll(1000);
    end_poll();
    assert_int_equal(oldest("80"), 0);
}

static void a_socket_without_cookie_has_no_age(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        next_poll(5000);
        add(80, 0);
        end_poll();
        assert_int_equal(oldest("80"), 0);
        assert_int_equal(series_named(&p, "80", 4)->count[STATE_CLOSE_WAIT], 1);
    }
}

static void a_failed_reading_changes_no_age(void **state)
{
    (void)state;
    next_poll(0);
    add(80, 1);
    add(80, 2);
    end_poll();
    next_poll(10000);
    add(80, 1);
    tally_discard(&p.tally, PROTOCOL_TCP);
    assert_int_equal(oldest("80"), 0);
    tally_end(&p.tally); /* TCP could not be read */
    next_poll(10000);
    add(80, 2);
    end_poll();
    assert_int_equal(oldest("80"), 20);
}

static void of_a_great_leak_the_oldest_is_known(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 10; n++) {
        next_poll(1000);
        for (uint64_t cookie = 1; cookie <= n * 1000; cookie++)
            add(80, cookie);
        end_poll();
        assert_int_equal(oldest("80"), n - 1);
    }
    assert_true(p.tally.close_wait.overflow > 0);
}

/* A socket is in a series of its local port and in one of its remote port, and in each reading that failed. */
static void what_has_no_room_counts_once(void **state)
{
    (void)state;
    next_poll(0);
    for (int reading = 0; reading < 2; reading++) {
        tally_discard(&p.tally, PROTOCOL_TCP);
        for (uint64_t cookie = 1; cookie <= 5000; cookie++)
            add(80, cookie);
    }
    end_poll();
    assert_int_equal(tally_untracked(&p.tally), 5000 - 4096);
    next_poll(3000);
    add(80, 1);
    add(82, 2); /* only the remote port's */
    end_poll();
    assert_int_equal(oldest("80"), 3);
    assert_int_equal(oldest("4000"), 3);
    assert_int_equal(tally_untracked(&p.tally), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_oldest_socket_of_each_series_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_without_cookie_has_no_age, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_reading_changes_no_age, setup, teardown),
        cmocka_unit_test_setup_teardown(of_a_great_leak_the_oldest_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(what_has_no_room_counts_once, setup, teardown),
    };

    return cmocka_run_group_tests_name("close_wait", tests, NULL, NULL);
}
