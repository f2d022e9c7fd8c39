#include <string.h>

#include "unit/count/tally_helper.h"
#include "unit/helper.h"

static void every_socket_counts_in_the_totals(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "", 1000);
    poll_begin(&p);
    for (unsigned s = 0; s < STATE_COUNT; s++)
        for (unsigned n = 0; n <= s; n++) {
            tcp(&p, "10.0.0.1", 80, (enum tcp_state)s, 1);
            tcp(&p, "::1", 80, (enum tcp_state)s, 1);
        }
    tcp(&p, "::1", 80, STATE_LISTEN, 1);
    udp(&p, "10.0.0.1", 53, 1);
    tally_sock(&p.tally, &(struct sock){.protocol = PROTOCOL_TCP, .ip_version = 4, .state = STATE_TIME_WAIT}, 1000000);
    tally_sock(&p.tally, &(struct sock){.protocol = PROTOCOL_UDP, .ip_version = 6}, 7);
    poll_end(&p);
    for (unsigned s = 0; s < STATE_COUNT; s++) {
        assert_int_equal(p.tally.total[0].count[s], s + 1 + (s == STATE_TIME_WAIT ? 1000000 : 0));
        assert_int_equal(p.tally.total[1].count[s], s + 1 + (s == STATE_LISTEN));
    }
    assert_int_equal(p.tally.total[0].count[FIELD_UDP], 1);
    assert_int_equal(p.tally.total[1].count[FIELD_UDP], 7);
    assert_int_equal(tally_count(&p.tally), 0);
    p.now_ms += 10000;
    poll_begin(&p);
    poll_end(&p);
    assert_int_equal(sockets_in_total(&p), 0);
    polls_free(&p);
}

static void explicit_rules_are_pushed_as_zeros_from_the_first_poll_for_ever(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "443,10.0.0.1:80,[::1]:80,8000-8100,*:9,listen", 1000);
    for (int poll = 0; poll < 100; poll++) {
        poll_begin(&p);
        poll_end(&p);
        assert_string_equal(series_names(&p), "443/4 443/6 10.0.0.1:80/4 [::1]:80/6 8000-8100/4 8000-8100/6");
        p.now_ms += 60000;
    }
    polls_free(&p);
}

static void a_socket_counts_in_one_series_by_its_ip_version(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "10.0.0.1:80,80", 1000);
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 80, STATE_LISTEN, 1);
    tcp(&p, "10.0.0.2", 80, STATE_ESTABLISHED, 2);
    tcp(&p, "::ffff:10.0.0.1", 80, STATE_ESTABLISHED, 3); /* IPv4 on the wire */
    tcp(&p, "::1", 80, STATE_CLOSE_WAIT, 4);
    udp(&p, "::1", 80, 5);
    tcp(&p, "::1", 81, STATE_CLOSE_WAIT, 6);
    poll_end(&p);
    assert_int_equal(sockets_of(series_named(&p, "10.0.0.1:80", 4)), 2);
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 1);
    assert_int_equal(series_named(&p, "80", 6)->count[STATE_CLOSE_WAIT], 1);
    assert_int_equal(series_named(&p, "80", 6)->count[FIELD_UDP], 1);
    polls_free(&p);
}

static void a_row_without_port_or_address_counts_where_it_can(void **state)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, 1);
    struct polls p;

    (void)state;
    polls_init(&p, "80,*:1-65535", 1000);
    poll_begin(&p);
    s.known = SOCK_ADDRESS;
    tally_sock(&p.tally, &s, 5);
    s.known = SOCK_PORT; /* the address is unknown, so no series per address */
    s.local_port = 81;
    tally_sock(&p.tally, &s, 6);
    poll_end(&p);
    assert_int_equal(p.tally.total[0].count[STATE_LISTEN], 11);
    assert_string_equal(series_names(&p), "80/4 80/6");
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 0);
    polls_free(&p);
}

static void a_series_per_address_and_port_appears_with_its_first_socket(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "*:80-81", 1000);
    poll_begin(&p);
    poll_end(&p);
    assert_int_equal(tally_count(&p.tally), 0);
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.5", 81, STATE_ESTABLISHED, 1);
    tcp(&p, "2001:db8::1", 80, STATE_ESTABLISHED, 2);
    tcp(&p, "10.0.0.5", 80, STATE_ESTABLISHED, 3);
    tcp(&p, "::ffff:10.0.0.5", 80, STATE_ESTABLISHED, 4);
    tcp(&p, "10.0.0.4", 80, STATE_ESTABLISHED, 5);
    udp(&p, "0.0.0.0", 80, 6);
    poll_end(&p);
    assert_string_equal(series_names(&p), "0.0.0.0:80/4 10.0.0.4:80/4 10.0.0.5:80/4 [2001:db8::1]:80/6 10.0.0.5:81/4");
    assert_int_equal(sockets_of(series_named(&p, "10.0.0.5:80", 4)), 2);
    polls_free(&p);
}

static void listen_makes_a_series_per_listening_tcp_port(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "22,listen,8080", 1000);
    poll_begin(&p);
    tcp(&p, "0.0.0.0", 80, STATE_LISTEN, 1);
    tcp(&p, "::", 80, STATE_LISTEN, 2);
    tcp(&p, "0.0.0.0", 22, STATE_LISTEN, 3);
    tcp(&p, "0.0.0.0", 8080, STATE_LISTEN, 4);
    tcp(&p, "10.0.0.5", 80, STATE_ESTABLISHED, 5);
    tcp(&p, "10.0.0.5", 45000, STATE_ESTABLISHED, 6); /* a client's port */
    udp(&p, "0.0.0.0", 68, 7);
    poll_end(&p);
    assert_string_equal(series_names(&p), "22/4 22/6 80/4 80/6 8080/4 8080/6");
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 2);
    assert_int_equal(sockets_of(series_named(&p, "80", 6)), 1);
    assert_int_equal(sockets_of(series_named(&p, "8080", 4)), 1);
    polls_free(&p);
}

static void series_are_in_the_order_of_the_rules(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "*:90,80,*:70,listen,60", 1000);
    poll_begin(&p);
    for (int i = 0; i < 2; i++) { /* the kernel's order does not matter */
        tcp(&p, "10.0.0.1", 50, STATE_LISTEN, 1);
        tcp(&p, "10.0.0.1", 70, STATE_ESTABLISHED, 2);
        tcp(&p, "10.0.0.1", 90, STATE_ESTABLISHED, 3);
        tcp(&p, "10.0.0.1", 40, STATE_LISTEN, 4);
    }
    poll_end(&p);
    assert_string_equal(series_names(&p), "10.0.0.1:90/4 80/4 80/6 10.0.0.1:70/4 40/4 50/4 60/4 60/6");
    polls_free(&p);
}

static void past_the_maximum_sockets_count_in_other(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "80,*:1000-2000", 2);
    poll_begin(&p);
    for (uint16_t port = 1000; port < 1010; port++) {
        tcp(&p, "10.0.0.1", port, STATE_ESTABLISHED, port);
        tcp(&p, "::1", port, STATE_ESTABLISHED, port);
    }
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    poll_end(&p);
    assert_string_equal(series_names(&p), "80/4 80/6 10.0.0.1:1000/4 [::1]:1000/6 other/4 other/6");
    assert_true(p.tally.overflowed);
    assert_int_equal(sockets_of(series_named(&p, "other", 4)), 9);
    assert_int_equal(sockets_of(series_named(&p, "other", 6)), 9);
    assert_int_equal(series_named(&p, "other", 4)->hint.n, 0); /* it has many ports, so no owner is looked for */
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 1);
    /* A series that has ended leaves room for another. */
    for (int poll = 0; poll < 20; poll++) {
        p.now_ms += 10000;
        poll_begin(&p);
        tcp(&p, "10.0.0.1", 1000, STATE_ESTABLISHED, 1000);
        poll_end(&p);
    }
    p.now_ms += 10000;
    poll_begin(&p);
    tcp(&p, "10.0.0.1", 1000, STATE_ESTABLISHED, 1000);
    tcp(&p, "10.0.0.1", 1009, STATE_ESTABLISHED, 1009);
    poll_end(&p);
    assert_string_equal(series_names(&p), "80/4 80/6 10.0.0.1:1000/4 10.0.0.1:1009/4");
    polls_free(&p);
}

/* --- the plainest tally, to compare with ---------------------------------------------- */

static void any_sockets_are_counted_once_each_poll_after_poll(void **state)
{
    static const char *const address[] = {"10.0.0.1", "10.0.0.2", "::1", "2001:db8::2"};

    (void)state;
    any_seed(7);
    for (int turn = 0; turn < 60; turn++) {
        struct polls p;

        polls_init(&p, turn % 2 ? "5,10.0.0.1:6,*:1-10,listen,30-40" : "*:1-50", 1 + any(20));
        for (int poll = 0; poll < 40; poll++) {
            uint32_t n = any(4) ? any(100) : 0, matched = 0;
            uint64_t sum = 0, discovered = 0;

            poll_begin(&p);
            for (uint32_t i = 0; i < n; i++) {
                uint16_t port = (uint16_t)(1 + any(60));
                const struct sock s = sock_of(PROTOCOL_TCP, address[any(4)], port,
                                              any(8) ? STATE_ESTABLISHED : STATE_LISTEN, i + 1);

                tally_sock(&p.tally, &s, 1);
                matched += rules_find(&p.rules, &s, p.tally.listening) != RULE_NONE;
            }
            tally_end(&p.tally);
            for (uint32_t i = 0; i < tally_count(&p.tally); i++) {
                struct series *s = tally_series(&p.tally, i);
                char text[ADDR_PORT_MAX];

                sum += sockets_of(s);
                discovered += s->discovery && s->rule != RULE_NONE;
                assert_ptr_equal(series_named(&p, series_addr_port(&p.tally, s, text), s->ip_version), s);
            }
            assert_int_equal(sum, matched);
            assert_int_equal(sockets_in_total(&p), n);
            assert_int_equal(discovered, p.tally.discovered);
            assert_true(discovered <= p.tally.max_discovered);
            assert_true(tally_count(&p.tally) <= p.tally.n_explicit + p.tally.max_discovered + 2);
            tally_expire(&p.tally);
            p.now_ms += 20000;
        }
        polls_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_socket_counts_in_the_totals),
        cmocka_unit_test(explicit_rules_are_pushed_as_zeros_from_the_first_poll_for_ever),
        cmocka_unit_test(a_socket_counts_in_one_series_by_its_ip_version),
        cmocka_unit_test(a_row_without_port_or_address_counts_where_it_can),
        cmocka_unit_test(a_series_per_address_and_port_appears_with_its_first_socket),
        cmocka_unit_test(listen_makes_a_series_per_listening_tcp_port),
        cmocka_unit_test(series_are_in_the_order_of_the_rules),
        cmocka_unit_test(past_the_maximum_sockets_count_in_other),
        cmocka_unit_test(any_sockets_are_counted_once_each_poll_after_poll),
    };

    return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
