/* What UDP sockets lose, and bytes that wait. */
#include <stdio.h>

#include "unit/count/tally_helper.h"
#include "unit/helper.h"

static struct polls p;

static int setup(void **state)
{
    (void)state;
    polls_init(&p, "53,*:9000-9999", 1000);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    polls_free(&p);
    return 0;
}

static struct sock a_socket(uint16_t port, uint64_t cookie, uint32_t drops)
{
    struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.1", port, STATE_UNKNOWN, 1);

    s.known |= SOCK_DROPS;
    s.cookie = cookie;
    s.drops = drops;
    return s;
}

static void add(uint16_t port, uint64_t cookie, uint32_t drops)
{
    const struct sock s = a_socket(port, cookie, drops);

    tally_sock(&p.tally, &s, 1);
}

static void next_poll(void)
{
    p.now_ms += 10000;
    poll_begin(&p);
}

static void end_poll(void)
{
    tally_end(&p.tally);
    tally_end_udp(&p.tally, true);
}

static uint64_t lost(const char *addr_port)
{
    const struct series *s = series_named(&p, addr_port, 4);

    assert_true(!s->drops_index == !s->drops);
    assert_true(!s->drops_index || p.tally.drops.total[s->drops_index] == s->drops);
    return s->drops;
}

static uint64_t lost_in_total(void)
{
    return p.tally.drops.total[DROPS_IPV4] + p.tally.drops.total[DROPS_IPV6];
}

static void a_socket_loses_what_its_counter_rose(void **state)
{
    (void)state;
    next_poll();
    add(53, 1, 1000000);
    add(53, 2, 5);
    add(9999, 3, 0);
    add(80, 4, 7); /* no rule's */
    end_poll();
    assert_int_equal(lost("53"), 0); /* the first sight is the base */
    next_poll();
    add(53, 1, 1000010);
    add(53, 2, 6);
    add(9999, 3, 100);
    add(80, 4, 1007);
    end_poll();
    assert_int_equal(lost("53"), 11);
    assert_int_equal(lost("10.0.0.1:9999"), 100);
    assert_int_equal(lost_in_total(), 11 + 100 + 1000);
    next_poll();
    add(53, 5, 900); /* closed, and opened again */
    add(53, 2, 6);
    end_poll();
    assert_int_equal(lost("53"), 11);
    next_poll();
    add(53, 1, 2000000); /* the number of a socket that was forgotten */
    add(53, 2, 8);
    end_poll();
    assert_int_equal(lost("53"), 13);
    assert_int_equal(lost_in_total(), 11 + 100 + 1000 + 2);
}

static void each_version_of_ip_has_its_total(void **state)
{
    (void)state;
    for (uint32_t drops = 0; drops < 10; drops += 5) {
        struct sock s = a_socket(53, 1, drops);

        next_poll();
        s.ip_version = 6;
        tally_sock(&p.tally, &s, 1);
        add(53, 2, 2 * drops);
        end_poll();
    }
    assert_int_equal(p.tally.drops.total[DROPS_IPV6], 5);
    assert_int_equal(p.tally.drops.total[DROPS_IPV4], 10);
}

static void a_counter_has_32_bits(void **state)
{
    (void)state;
    next_poll();
    add(53, 1, UINT32_MAX - 1);
    end_poll();
    next_poll();
    add(53, 1, 3);
    end_poll();
    assert_int_equal(lost("53"), 5);
    next_poll();
    add(53, 1, 1); /* another socket's, which has the same inode over procfs */
    end_poll();
    assert_int_equal(lost("53"), 5);
    next_poll();
    add(53, 1, 2);
    end_poll();
    assert_int_equal(lost("53"), 6);
}

static void a_socket_without_a_name_loses_nothing(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        next_poll();
        add(53, 0, i);
        end_poll();
    }
    assert_int_equal(lost("53"), 0);
    assert_int_equal(tally_untracked(&p.tally), 0);
}

/* A reading that fails in the middle has seen some increases, which the next one does not see again. */
static void a_failed_reading_loses_no_increase(void **state)
{
    (void)state;
    next_poll();
    add(53, 1, 0);
    add(53, 2, 0);
    end_poll();
    next_poll();
    add(53, 1, 10);
    tally_discard(&p.tally, PROTOCOL_UDP);
    tally_end(&p.tally); /* UDP could not be read */
    next_poll();
    add(53, 1, 11);
    add(53, 2, 100);
    end_poll();
    assert_int_equal(lost("53"), 111);
}

/* Before Linux 4.12 netlink does not tell, which only shows while there are sockets. */
static void what_the_last_reading_told_is_known(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        next_poll();
        tally_end(&p.tally);
        tally_end_udp(&p.tally, i % 2);
        assert_int_equal(p.tally.drops.known, i % 2);
    }
}

static void sockets_beyond_the_room_are_counted(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        next_poll();
        for (uint64_t cookie = 1; cookie <= 10000; cookie++)
            add(53, cookie, i);
        end_poll();
        assert_int_equal(tally_untracked(&p.tally), 10000 - DROPS_SOCKETS);
    }
    assert_int_equal(lost("53"), DROPS_SOCKETS);
    next_poll();
    for (uint64_t cookie = 1; cookie <= 1500; cookie++)
        add(53, cookie, 1);
    tally_discard(&p.tally, PROTOCOL_UDP);
    end_poll();
    assert_int_equal(tally_untracked(&p.tally), 0);
}

/* Formats with increments have an index for so many series. The others have a total only. */
static void series_have_indexes_while_there_are_some(void **state)
{
    char name[32];

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        next_poll();
        for (uint16_t n = 0; n < DROPS_SERIES; n++)
            add((uint16_t)(9000 + n), n + 1u, i);
        end_poll();
    }
    assert_false(p.tally.drops.left_out);
    for (int n = 0; n < DROPS_SERIES; n++) {
        snprintf(name, sizeof name, "10.0.0.1:%d", 9000 + n);
        assert_int_equal(series_named(&p, name, 4)->drops_index, DROPS_FIRST_SERIES + n);
    }
    for (uint32_t i = 0; i < 2; i++) {
        next_poll();
        add(53, 999, i);
        end_poll();
    }
    assert_true(p.tally.drops.left_out);
    assert_int_equal(series_named(&p, "53", 4)->drops, 1);
    assert_int_equal(series_named(&p, "53", 4)->drops_index, 0);
    for (int i = 0; i < 20; i++) { /* the series of 9000 to 9031 end */
        p.now_ms += 10000;
        poll_begin(&p);
        add(53, 999, 1);
        poll_end(&p);
        tally_end_udp(&p.tally, true);
    }
    assert_null(series_named(&p, "10.0.0.1:9000", 4));
    next_poll();
    add(53, 999, 3);
    end_poll();
    assert_int_equal(series_named(&p, "53", 4)->drops_index, DROPS_FIRST_SERIES);
}

/* Only what is free for the longest time is taken. */
static void an_index_is_taken_late(void **state)
{
    struct arena arena = {0};
    struct drops d;

    (void)state;
    drops_init(&d, &arena);
    for (int i = 0; i < 1000; i++) {
        uint8_t index = drops_take(&d);

        assert_int_equal(index, DROPS_FIRST_SERIES + i % DROPS_SERIES);
        drops_free(&d, index);
        drops_free(&d, 0);
    }
    assert_false(d.left_out);
    arena_free(&arena);
}

static void bytes_that_wait_add_up(void **state)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", 53, STATE_ESTABLISHED, 1);
    const uint64_t *bytes;

    (void)state;
    next_poll();
    s.rx_queue = 7;
    s.tx_queue = 8;
    tally_sock(&p.tally, &s, 1); /* not known */
    s.known |= SOCK_QUEUE;
    s.rx_queue = s.tx_queue = UINT32_MAX;
    tally_sock(&p.tally, &s, 1);
    tally_sock(&p.tally, &s, 1);
    s.state = STATE_LISTEN; /* connections */
    tally_sock(&p.tally, &s, 1);
    s = sock_of(PROTOCOL_UDP, "10.0.0.1", 53, STATE_UNKNOWN, 1);
    s.known |= SOCK_QUEUE;
    s.rx_queue = 9;
    s.tx_queue = 10;
    tally_sock(&p.tally, &s, 1);
    end_poll();
    bytes = series_named(&p, "53", 4)->bytes;
    assert_true(bytes[TCP_RX_BYTES] == UINT64_C(2) * UINT32_MAX && bytes[TCP_TX_BYTES] == UINT64_C(2) * UINT32_MAX);
    assert_int_equal(bytes[UDP_RX_BYTES], 9);
    assert_memory_equal(p.tally.total[0].bytes, bytes, sizeof p.tally.total[0].bytes);
    tally_discard(&p.tally, PROTOCOL_UDP);
    assert_true(!bytes[UDP_RX_BYTES] && bytes[TCP_TX_BYTES]);
    tally_discard(&p.tally, PROTOCOL_TCP);
    assert_true(!bytes[TCP_RX_BYTES] && !bytes[TCP_TX_BYTES] && !p.tally.total[0].bytes[TCP_RX_BYTES]);
    next_poll();
    end_poll();
    assert_true(!bytes[UDP_RX_BYTES] && !p.tally.total[0].bytes[UDP_RX_BYTES]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_socket_loses_what_its_counter_rose, setup, teardown),
        cmocka_unit_test_setup_teardown(each_version_of_ip_has_its_total, setup, teardown),
        cmocka_unit_test_setup_teardown(a_counter_has_32_bits, setup, teardown),
        cmocka_unit_test_setup_teardown(a_socket_without_a_name_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_reading_loses_no_increase, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_last_reading_told_is_known, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_beyond_the_room_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(series_have_indexes_while_there_are_some, setup, teardown),
        cmocka_unit_test(an_index_is_taken_late),
        cmocka_unit_test_setup_teardown(bytes_that_wait_add_up, setup, teardown),
    };

    return cmocka_run_group_tests_name("drops", tests, NULL, NULL);
}
