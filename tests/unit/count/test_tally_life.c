/* How long discovered series live, what remains after a failed reading, and which sockets identify an owner. */
#include <string.h>

#include "unit/count/tally_helper.h"
#include "unit/helper.h"

/* Polls without a socket until the series is gone. Returns how many polls pushed a zero; *last_ms is when the last
 * did. */
static unsigned zeros(struct polls *p, uint64_t interval_ms, uint64_t *last_ms)
{
    uint64_t seen_ms = p->now_ms;
    unsigned n = 0;

    for (;;) {
        p->now_ms += interval_ms;
        poll_begin(p);
        tally_end(&p->tally);
        if (!tally_count(&p->tally))
            return n;
        assert_int_equal(sockets_of(tally_series(&p->tally, 0)), 0);
        n++;
        *last_ms = p->now_ms - seen_ms;
        assert_true(n < 10000);
        tally_expire(&p->tally);
    }
}

static void appear(struct polls *p)
{
    polls_init(p, "*:80", 1000);
    poll_begin(p);
    tcp(p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    poll_end(p);
    assert_int_equal(tally_count(&p->tally), 1);
}

static void a_series_ends_after_ten_zeros_and_a_minute_but_within_ten_minutes(void **state)
{
    static const struct {
        uint64_t interval_ms;
        unsigned zeros;
    } row[] = {{100, 600},  {1000, 60},  {5000, 12},  {10000, 10}, {30000, 10},
               {60000, 10}, {300000, 2}, {600000, 1}, {3600000, 1}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct polls p;
        uint64_t last_ms = 0;

        appear(&p);
        assert_int_equal(zeros(&p, row[i].interval_ms, &last_ms), row[i].zeros);
        polls_free(&p);
    }
}

static void but_for_the_first_no_zero_comes_later_than_ten_minutes(void **state)
{
    (void)state;
    for (uint64_t interval_ms = 1000; interval_ms <= 3600000; interval_ms += 61000) {
        struct polls p;
        uint64_t last_ms = 0;
        unsigned n;

        appear(&p);
        n = zeros(&p, interval_ms, &last_ms);
        assert_true(n >= 1);
        assert_true(n == 1 || last_ms <= 600000);
        assert_true(last_ms >= 60000 && (n >= 10 || last_ms + interval_ms > 600000));
        polls_free(&p);
    }
}

static void a_series_whose_sockets_come_back_lives_on(void **state)
{
    struct polls p;
    uint64_t last_ms;

    (void)state;
    appear(&p);
    for (int poll = 0; poll < 50; poll++) {
        p.now_ms += 10000;
        poll_begin(&p);
        if (poll % 9 == 8)
            tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
        poll_end(&p);
        assert_int_equal(tally_count(&p.tally), 1);
    }
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    poll_end(&p);
    assert_int_equal(zeros(&p, 10000, &last_ms), 10); /* all of them again */
    polls_free(&p);
}

static void polls_that_could_not_be_read_are_not_counted_as_zeros(void **state)
{
    struct polls p;
    uint64_t last_ms;

    (void)state;
    appear(&p);
    for (int poll = 0; poll < 12; poll++) {
        p.now_ms += 10000;
        poll_begin(&p);
        tally_end(&p.tally); /* nothing was read, so nothing is pushed: no tally_expire */
        assert_int_equal(tally_count(&p.tally), 1);
    }
    assert_true(zeros(&p, 10000, &last_ms) >= 10);
    polls_free(&p);
}

static void what_a_failed_reading_brought_is_taken_back(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "80,*:90,listen", 1000);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_LISTEN, 5);
    tcp(&p, "10.0.0.1", 90, STATE_ESTABLISHED, 6);
    tcp(&p, "10.0.0.1", 7, STATE_LISTEN, 7);
    udp(&p, "10.0.0.1", 80, 8);
    udp(&p, "10.0.0.1", 90, 9);
    tally_discard(&p.tally, PROTOCOL_TCP);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 5);
    tcp(&p, "10.0.0.1", 7, STATE_ESTABLISHED, 7); /* no listener is there now */
    poll_end(&p);
    assert_string_equal(series_names(&p), "80/4 80/6 10.0.0.1:90/4");
    assert_int_equal(series_named(&p, "80", 4)->count[STATE_LISTEN], 0);
    assert_int_equal(series_named(&p, "80", 4)->count[STATE_ESTABLISHED], 1);
    assert_int_equal(series_named(&p, "80", 4)->count[FIELD_UDP], 1);
    assert_int_equal(series_named(&p, "10.0.0.1:90", 4)->count[STATE_ESTABLISHED], 0);
    assert_int_equal(p.tally.total[0].count[STATE_LISTEN], 0);
    assert_int_equal(p.tally.total[0].count[STATE_ESTABLISHED], 2);
    assert_int_equal(p.tally.total[0].count[FIELD_UDP], 2);

    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 5);
    udp(&p, "10.0.0.1", 80, 8);
    tally_discard(&p.tally, PROTOCOL_UDP);
    poll_end(&p);
    assert_int_equal(series_named(&p, "80", 4)->count[STATE_ESTABLISHED], 1);
    assert_int_equal(series_named(&p, "80", 4)->count[FIELD_UDP], 0);
    polls_free(&p);
}

static void udp_counts_where_tcp_listened_the_last_time_it_could_be_read(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "listen,50-60", 1000);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 53, STATE_LISTEN, 1);
    poll_end(&p);
    for (int poll = 0; poll < 3; poll++) {
        p.now_ms += 10000;
        poll_begin(&p);
        tcp(&p, "10.0.0.1", 54, STATE_LISTEN, 2);
        tally_discard(&p.tally, PROTOCOL_TCP);
        udp(&p, "10.0.0.1", 53, 3);
        udp(&p, "10.0.0.1", 54, 4);
        poll_end(&p);
        assert_int_equal(series_named(&p, "53", 4)->count[FIELD_UDP], 1);
        assert_int_equal(series_named(&p, "50-60", 4)->count[FIELD_UDP], 1);
    }
    p.now_ms += 10000;
    poll_begin(&p);
    udp(&p, "10.0.0.1", 53, 3);
    poll_end(&p);
    assert_int_equal(series_named(&p, "50-60", 4)->count[FIELD_UDP], 1); /* UDP was read: no listener is there */
    polls_free(&p);
}

static void a_series_born_of_a_failed_reading_is_not_pushed(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "*:80-90", 1);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    tcp(&p, "10.0.0.1", 81, STATE_ESTABLISHED, 2);
    tally_discard(&p.tally, PROTOCOL_TCP);
    poll_end(&p);
    assert_int_equal(tally_count(&p.tally), 0);
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 82, STATE_ESTABLISHED, 3); /* its place is free again */
    poll_end(&p);
    assert_string_equal(series_names(&p), "10.0.0.1:82/4");
    polls_free(&p);
}

/* --- hints for the owner ---------------------------------------------------------- */

static void an_owner_is_looked_for_by_the_lowest_inodes_of_its_listeners(void **state)
{
    static const uint32_t lowest[OWNER_INODES] = {10, 20, 30, 40, 50, 60, 70, 80};
    struct polls p;
    struct series *s;

    (void)state;
    polls_init(&p, "80", 1000);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    udp(&p, "10.0.0.1", 80, 2);
    poll_end(&p);
    s = series_named(&p, "80", 4);
    assert_false(s->hint.listening);
    assert_int_equal(s->hint.n, 2);
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    for (uint32_t i = 0; i < 20; i++)
        tcp(&p, "10.0.0.1", 80, STATE_LISTEN, 10 + 10 * (i * 7 % 20)); /* unsorted */
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 3);
    tcp(&p, "10.0.0.1", 80, STATE_TIME_WAIT, 0);
    poll_end(&p);
    assert_true(s->hint.listening);
    assert_int_equal(s->hint.n, OWNER_INODES);
    assert_memory_equal(s->hint.inode, lowest, sizeof lowest);
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_TIME_WAIT, 0);
    poll_end(&p);
    assert_int_equal(s->hint.n, 0);
    assert_false(s->hint.listening);
    polls_free(&p);
}

static void a_socket_read_twice_after_a_failure_is_one_hint(void **state)
{
    struct polls p;
    struct series *s;

    (void)state;
    polls_init(&p, "80", 1000);
    poll_begin(&p);
    for (int reading = 0; reading < 2; reading++) {
        if (reading)
            tally_discard(&p.tally, PROTOCOL_TCP);
        for (uint32_t inode = 1; inode <= OWNER_INODES; inode++)
            tcp(&p, "10.0.0.1", 80, STATE_LISTEN, inode);
    }
    poll_end(&p);
    s = series_named(&p, "80", 4);
    assert_int_equal(s->hint.n, OWNER_INODES);
    for (uint32_t i = 0; i < OWNER_INODES; i++)
        assert_int_equal(s->hint.inode[i], i + 1);
    poll_begin(&p);
    for (uint32_t i = 0; i < 4; i++)
        tcp(&p, "10.0.0.1", 80, STATE_LISTEN, 1 + i % 2);
    poll_end(&p);
    assert_int_equal(s->hint.n, 2);
    polls_free(&p);
}

static void a_listener_of_a_failed_reading_is_no_hint(void **state)
{
    struct polls p;
    struct series *s;

    (void)state;
    polls_init(&p, "80", 1000);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_LISTEN, 5);
    tally_discard(&p.tally, PROTOCOL_TCP);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 6);
    poll_end(&p);
    s = series_named(&p, "80", 4);
    assert_false(s->hint.listening);
    assert_int_equal(s->hint.n, 1);
    assert_int_equal(s->hint.inode[0], 6);
    polls_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_ends_after_ten_zeros_and_a_minute_but_within_ten_minutes),
        cmocka_unit_test(but_for_the_first_no_zero_comes_later_than_ten_minutes),
        cmocka_unit_test(a_series_whose_sockets_come_back_lives_on),
        cmocka_unit_test(polls_that_could_not_be_read_are_not_counted_as_zeros),
        cmocka_unit_test(what_a_failed_reading_brought_is_taken_back),
        cmocka_unit_test(udp_counts_where_tcp_listened_the_last_time_it_could_be_read),
        cmocka_unit_test(a_series_born_of_a_failed_reading_is_not_pushed),
        cmocka_unit_test(an_owner_is_looked_for_by_the_lowest_inodes_of_its_listeners),
        cmocka_unit_test(a_socket_read_twice_after_a_failure_is_one_hint),
        cmocka_unit_test(a_listener_of_a_failed_reading_is_no_hint),
    };

    return cmocka_run_group_tests_name("tally_life", tests, NULL, NULL);
}
