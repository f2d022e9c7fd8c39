/* Series of remote ports, and how many local ports are left towards them. */
#include <stdio.h>
#include <string.h>

#include "unit/count/tally_helper.h"
#include "unit/helper.h"

static void a_socket_counts_by_its_local_and_by_its_remote_port(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, ">443,80,>10.0.0.0/8:5432,>[::1]:443,listen,>5432", 1000);
    poll_begin(&p);
    tcp(&p, "0.0.0.0", 80, STATE_LISTEN, 1);
    tcp_to(&p, "10.0.0.1", 80, "10.9.9.9", 443, STATE_ESTABLISHED, 2);
    tcp_to(&p, "10.0.0.1", 40000, "10.9.9.9", 443, STATE_TIME_WAIT, 0);
    tcp_to(&p, "10.0.0.1", 40000, "10.9.9.9", 5432, STATE_CLOSE_WAIT, 3);
    tcp_to(&p, "192.0.2.1", 40000, "192.0.2.9", 5432, STATE_SYN_SENT, 4);
    tcp_to(&p, "::1", 40000, "::1", 443, STATE_ESTABLISHED, 5);
    tcp_to(&p, "::1", 443, "::1", 40000, STATE_ESTABLISHED, 6);
    poll_end(&p);
    assert_string_equal(series_names(&p), "443/4 443/6 80/4 80/6 10.0.0.0/8:5432/4 5432/4 5432/6");
    assert_int_equal(series_named(&p, "443", 4)->count[STATE_ESTABLISHED], 1);
    assert_int_equal(series_named(&p, "443", 4)->count[STATE_TIME_WAIT], 1);
    assert_int_equal(sockets_of(series_named(&p, "443", 6)), 1);
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 2);
    assert_int_equal(series_named(&p, "10.0.0.0/8:5432", 4)->count[STATE_CLOSE_WAIT], 1);
    assert_int_equal(series_named(&p, "5432", 4)->count[STATE_SYN_SENT], 1);
    assert_int_equal(sockets_in_total(&p), 7);
    assert_int_equal(series_named(&p, "443", 4)->hint.n, 1);
    assert_int_equal(series_named(&p, "443", 4)->hint.inode[0], 2);
    polls_free(&p);
}

static void connected_udp_counts_too(void **state)
{
    struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.1", 40000, STATE_ESTABLISHED, 1);
    struct polls p;

    (void)state;
    polls_init(&p, ">53", 1000);
    ports_add_range(&p.tally.ephemeral->ports, (struct port_range){40000, 40001});
    poll_begin(&p);
    udp(&p, "10.0.0.1", 53, 2);
    connect_to(&s, "10.0.0.9", 53);
    tally_sock(&p.tally, &s, 1);
    poll_end(&p);
    assert_int_equal(series_named(&p, "53", 4)->count[FIELD_UDP], 1);
    assert_int_equal(series_named(&p, "53", 4)->ephemeral_percent, 0); /* UDP has ports of its own */
    polls_free(&p);
}

static void what_was_discarded_does_not_count(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, ">443", 1000);
    ports_add_range(&p.tally.ephemeral->ports, (struct port_range){40000, 40009});
    poll_begin(&p);
    tcp_to(&p, "10.0.0.1", 40000, "10.9.9.9", 443, STATE_ESTABLISHED, 1);
    tally_discard(&p.tally, PROTOCOL_TCP);
    tcp_to(&p, "10.0.0.1", 40000, "10.9.9.9", 443, STATE_ESTABLISHED, 1);
    tally_discard(&p.tally, PROTOCOL_UDP);
    poll_end(&p);
    assert_int_equal(sockets_of(series_named(&p, "443", 4)), 1);
    assert_int_equal(series_named(&p, "443", 4)->ephemeral_percent, 10);
    polls_free(&p);
}

static uint8_t percent_of(struct polls *p, const char *remote, int ip_version)
{
    return series_named(p, remote, ip_version)->ephemeral_percent;
}

static void the_busiest_route_is_told_in_percent_of_the_ports(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, ">443,>10.0.0.0/8:80,>80", 1000);
    poll_begin(&p);
    poll_end(&p);
    assert_int_equal(percent_of(&p, "443", 4), EPHEMERAL_UNKNOWN); /* nobody said which ports there are */
    ports_add_range(&p.tally.ephemeral->ports, (struct port_range){40000, 40209});
    ports_remove_range(&p.tally.ephemeral->ports, (struct port_range){40100, 40109});
    poll_begin(&p);
    for (uint16_t port = 40000; port < 40210; port++) { /* 200 of them are of the set */
        tcp_to(&p, "10.0.0.1", port, "10.0.0.9", 443, port % 2 ? STATE_ESTABLISHED : STATE_TIME_WAIT, port);
        if (port < 40100)
            tcp_to(&p, "::1", port, "::1", 443, STATE_ESTABLISHED, port);
        if (port < 40040)
            tcp_to(&p, "10.0.0.1", port, "10.0.0.9", 80, STATE_ESTABLISHED, port);
        if (port < 40050) /* another local address, another remote one: each has its own ports */
            tcp_to(&p, "10.0.0.2", port, "10.0.0.9", 80, STATE_ESTABLISHED, port);
        if (port < 40030)
            tcp_to(&p, "10.0.0.1", port, "10.0.0.8", 80, STATE_ESTABLISHED, port);
        tcp_to(&p, "10.0.0.1", (uint16_t)(port - 39000), "192.0.2.1", 80, STATE_ESTABLISHED, port);
    }
    poll_end(&p);
    assert_int_equal(percent_of(&p, "443", 4), 100);
    assert_int_equal(percent_of(&p, "443", 6), 50);
    assert_int_equal(percent_of(&p, "10.0.0.0/8:80", 4), 25);
    assert_int_equal(percent_of(&p, "80", 4), 0); /* sockets, but not from these ports */
    assert_int_equal(sockets_of(series_named(&p, "80", 4)), 210);
    poll_begin(&p);
    poll_end(&p);
    assert_int_equal(percent_of(&p, "443", 4), 0);
    assert_int_equal(percent_of(&p, "443", 6), 0);
    assert_int_equal(percent_of(&p, "10.0.0.0/8:80", 4), 0);
    polls_free(&p);
}

static void a_hundred_percent_is_exhausted(void **state)
{
    (void)state;
    assert_int_equal(ephemeral_percent(0, 28232), 0);
    assert_int_equal(ephemeral_percent(282, 28232), 0);
    assert_int_equal(ephemeral_percent(283, 28232), 1);
    assert_int_equal(ephemeral_percent(28231, 28232), 99);
    assert_int_equal(ephemeral_percent(28232, 28232), 100);
    assert_int_equal(ephemeral_percent(28233, 28232), 100); /* a list saw one twice */
    assert_int_equal(ephemeral_percent(65535, 65536), 99);
    assert_int_equal(ephemeral_percent(0, 1), 0);
    assert_int_equal(ephemeral_percent(1, 1), 100);
}

/* --- the table of routes -------------------------------------------------------------- */

static void routes_past_the_limit_are_left_out_and_counted(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, ">443", 1000);
    ports_add_range(&p.tally.ephemeral->ports, (struct port_range){40000, 40009});
    for (int poll = 0; poll < 3; poll++) {
        poll_begin(&p);
        for (unsigned i = 0; i < ROUTES_MAX + 100; i++)
            for (uint16_t port = 40000; port < 40003; port++) {
                char remote[32];

                snprintf(remote, sizeof remote, "10.0.%u.%u", i / 250, i % 250);
                tcp_to(&p, "10.0.0.1", port, remote, 443, STATE_ESTABLISHED, 1);
            }
        poll_end(&p);
        assert_int_equal(p.tally.ephemeral->n, ROUTES_MAX);
        assert_int_equal(p.tally.ephemeral->left_out, 300);
        assert_int_equal(sockets_of(series_named(&p, "443", 4)), 3 * (ROUTES_MAX + 100));
        assert_int_equal(percent_of(&p, "443", 4), 30);
    }
    poll_begin(&p);
    poll_end(&p);
    assert_int_equal(p.tally.ephemeral->left_out, 0);
    polls_free(&p);
}

static void any_sockets_are_counted_by_route(void **state)
{
    static const char *const address[] = {"10.0.0.1", "10.0.0.2", "::1", "a00:1::"};
    static uint32_t used[4][4][8];

    (void)state;
    any_seed(3);
    for (int turn = 0; turn < 200 / ONE_IN; turn++) {
        struct arena a = {0};
        struct ephemeral *e = ephemeral_new(&a);
        uint32_t routes = 0, sum = 0;

        memset(used, 0, sizeof used);
        ports_add_range(&e->ports, (struct port_range){100, 149});
        ephemeral_clear(e);
        for (unsigned i = any(500); i; i--) {
            unsigned local = any(4), remote = local / 2 * 2 + any(2), port = any(8);
            struct sock s = sock_of(PROTOCOL_TCP, address[local], (uint16_t)(90 + any(70)), STATE_ESTABLISHED, 1);

            connect_to(&s, address[remote], (uint16_t)(1 + port));
            ephemeral_add(e, &s, local * 100 + remote * 10 + port);
            used[local][remote][port] += s.local_port >= 100 && s.local_port < 150;
        }
        for (uint32_t i = 0; i < e->n; i++) {
            uint32_t series = e->route[i].series;

            assert_int_equal(e->route[i].used, used[series / 100][series / 10 % 10][series % 10]);
            sum += e->route[i].used;
        }
        for (size_t i = 0; i < sizeof used / sizeof(uint32_t); i++) {
            routes += (&used[0][0][0])[i] != 0;
            sum -= (&used[0][0][0])[i];
        }
        assert_int_equal(e->n, routes);
        assert_int_equal(sum, 0);
        arena_free(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_counts_by_its_local_and_by_its_remote_port),
        cmocka_unit_test(connected_udp_counts_too),
        cmocka_unit_test(what_was_discarded_does_not_count),
        cmocka_unit_test(the_busiest_route_is_told_in_percent_of_the_ports),
        cmocka_unit_test(a_hundred_percent_is_exhausted),
        cmocka_unit_test(routes_past_the_limit_are_left_out_and_counted),
        cmocka_unit_test(any_sockets_are_counted_by_route),
    };

    return cmocka_run_group_tests_name("tally_remote", tests, NULL, NULL);
}
