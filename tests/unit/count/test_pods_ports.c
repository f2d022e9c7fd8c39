/* The ports of pods: whose each socket is, and that no other pod gets it. */
#include <stdio.h>
#include <string.h>

#include "base/format.h"
#include "unit/count/pods_machine.h"
#include "unit/helper.h"

#define UID (1u << POD_UID)

static void open_port(uint64_t name_space, const char *address, uint16_t port, enum tcp_state state)
{
    machine_socket(name_space, sock_of(PROTOCOL_TCP, address, port, state, 1));
}

/* Returns the pods' ports as "pod port/version=sockets", in their order. What is not pushed is left out. */
static const char *ports(void)
{
    static char out[2048];
    struct buf b = {.data = out, .cap = sizeof out - 1};
    char text[ADDR_PORT_MAX];

    for (uint32_t i = 0; i < tally_count(m.pods.ports); i++) {
        const struct series *s = tally_series(m.pods.ports, i);
        const struct pod_series *pod = pods_of_ports(&m.pods, s);
        unsigned sockets = 0;

        for (unsigned k = 0; k < FIELD_COUNT; k++)
            sockets += s->count[k];
        if (pod || s->rule == RULE_NONE)
            buf_format(&b, "%s %s/%u=%u%s\n", pod ? pod->text.uid : "-", series_addr_port(m.pods.ports, s, text),
                       s->ip_version, sockets, s->discovery->ending ? " ends" : "");
    }
    out[b.len] = '\0';
    return out;
}

static void begin(const char *rules)
{
    machine_begin(8, UID, "/none", rules);
    machine_run(10, 1001, "u-1", "c1");
    machine_run(20, 1002, "u-2", "c2");
}

/* --- whose a socket is -------------------------------------------------------------- */

static void each_rule_has_series_where_it_counts_a_socket(void **state)
{
    struct sock to = sock_of(PROTOCOL_TCP, "10.0.0.1", 40000, STATE_ESTABLISHED, 1);

    (void)state;
    begin("80,8000-8100,10.0.0.2:90,*:7000,>443");
    m.pods.ports->max_discovered = 5;
    connect_to(&to, "9.9.9.9", 443);
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    open_port(1001, "10.0.0.1", 80, STATE_ESTABLISHED);
    open_port(1001, "::", 80, STATE_LISTEN);
    open_port(1001, "10.0.0.1", 8001, STATE_CLOSE_WAIT);
    open_port(1001, "10.0.0.1", 8002, STATE_CLOSE_WAIT);
    open_port(1001, "10.0.0.1", 90, STATE_LISTEN); /* of no rule */
    open_port(1002, "10.0.0.2", 90, STATE_LISTEN);
    open_port(1002, "10.0.0.2", 80, STATE_LISTEN);
    open_port(1002, "10.0.0.2", 7000, STATE_LISTEN);
    machine_socket(1002, to);
    poll_after(0);
    assert_string_equal(ports(), "- other/4=2\nu-1 80/4=2\nu-1 80/6=1\nu-1 8000-8100/4=2\nu-2 80/4=1\n"
                                 "u-2 10.0.0.2:90/4=1\n");
    arena_free(&m.arena);
}

static void listening_ports_are_those_of_the_namespace(void **state)
{
    (void)state;
    begin("listen");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    open_port(1001, "10.0.0.1", 80, STATE_ESTABLISHED);
    open_port(1001, "10.0.0.1", 81, STATE_ESTABLISHED);
    open_port(1002, "0.0.0.0", 81, STATE_LISTEN);
    open_port(1002, "10.0.0.2", 80, STATE_ESTABLISHED);
    machine_socket(1002, sock_of(PROTOCOL_UDP, "10.0.0.2", 81, 0, 1));
    machine_socket(1001, sock_of(PROTOCOL_UDP, "10.0.0.2", 81, 0, 1));
    poll_after(0);
    assert_string_equal(ports(), "u-1 80/4=2\nu-2 81/4=2\n");
    arena_free(&m.arena);
}

static void namespaces_with_the_same_tags_are_added_up(void **state)
{
    (void)state;
    begin("80");
    machine_run(30, 1003, "u-1", "c3");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    open_port(1003, "10.0.0.1", 80, STATE_ESTABLISHED);
    poll_after(0);
    assert_string_equal(ports(), "u-1 80/4=2\n");
    arena_free(&m.arena);
}

static void lost_datagrams_and_owners_are_not_looked_for(void **state)
{
    struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.2", 53, 0, 7);

    (void)state;
    begin("53");
    s.known |= SOCK_DROPS | SOCK_OWNER;
    s.cookie = 7;
    s.drops = 5;
    machine_socket(1001, s);
    poll_after(0);
    m.sock[0].drops = 9;
    poll_after(10000);
    assert_string_equal(ports(), "u-1 53/4=1\n");
    assert_int_equal(tally_series(m.pods.ports, 0)->drops, 0);
    assert_int_equal(tally_series(m.pods.ports, 0)->hint.n, 0);
    arena_free(&m.arena);
}

/* --- what never goes to another one --------------------------------------------------- */

/* The process ends within the reading. Another one of the namespace is there, so its numbers are whole, but the ports
 * have been counted in part twice. */
static void what_is_read_twice_is_not_pushed(void **state)
{
    (void)state;
    begin("80");
    machine_run(11, 1001, "u-1", "c1");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    open_port(1001, "10.0.0.1", 80, STATE_ESTABLISHED);
    open_port(1002, "10.0.0.2", 80, STATE_LISTEN);
    poll_after(0);
    poll_after(10000);
    assert_string_equal(ports(), "u-1 80/4=2\nu-2 80/4=1\n");
    m.cut = 1;
    poll_after(5000);
    assert_false(series_with(POD_UID, "u-1")->unread);
    assert_string_equal(ports(), "u-2 80/4=1\n");
    poll_after(5000);
    assert_string_equal(ports(), "u-1 80/4=2\nu-2 80/4=1\n");
    arena_free(&m.arena);
}

static void what_was_not_read_is_not_pushed(void **state)
{
    (void)state;
    begin("80");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    poll_after(0);
    m.read_error = -12;
    poll_after(10000);
    assert_string_equal(ports(), "");
    m.read_error = 0;
    poll_after(10000);
    assert_string_equal(ports(), "u-1 80/4=1\n");
    arena_free(&m.arena);
}

/* A series of a pod that has ended is not taken for one of the pod that takes its place. */
static void a_place_that_is_taken_again_has_no_old_ports(void **state)
{
    (void)state;
    machine_begin(1, UID, "/none", "80,81");
    machine_run(10, 1001, "u-1", "c1");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    open_port(1002, "0.0.0.0", 81, STATE_LISTEN);
    poll_after(0);
    assert_string_equal(ports(), "u-1 80/4=1\n");
    machine_end(10);
    machine_run(20, 1002, "u-2", "c2");
    poll_after(10000);
    poll_after(10000);
    assert_string_equal(ports(), "u-2 81/4=1\n");
    arena_free(&m.arena);
}

/* --- what ends -------------------------------------------------------------------- */

static void ports_end_with_their_pod(void **state)
{
    unsigned polls = 0;

    (void)state;
    begin("80");
    m.pods.ports->marks_ends = m.pods.want.marks_ends = true;
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    poll_after(0);
    pods_expire(&m.pods);
    machine_end(10);
    poll_after(10000);
    pods_expire(&m.pods);
    assert_string_equal(ports(), "u-1 80/4=0\n");
    for (; strcmp(ports(), "u-1 80/4=0 ends\n"); polls++) {
        assert_string_equal(ports(), "u-1 80/4=0\n");
        assert_in_range(polls, 0, 100);
        poll_after(10000);
        pods_expire(&m.pods);
    }
    assert_true(series_with(POD_UID, "u-1")->ending);
    poll_after(10000);
    pods_expire(&m.pods);
    poll_after(10000);
    assert_string_equal(ports(), "");
    assert_null(series_with(POD_UID, "u-1"));
    arena_free(&m.arena);
}

static void a_port_that_closes_ends_and_its_pod_goes_on(void **state)
{
    (void)state;
    begin("80");
    open_port(1001, "0.0.0.0", 80, STATE_LISTEN);
    poll_after(0);
    m.n_socks = 0;
    for (unsigned i = 0; i < 9; i++) {
        poll_after(10000);
        assert_string_equal(ports(), "u-1 80/4=0\n");
        pods_expire(&m.pods);
    }
    poll_after(10000);
    pods_expire(&m.pods);
    poll_after(10000);
    assert_string_equal(ports(), "");
    assert_true(series_with(POD_UID, "u-1")->live);
    arena_free(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_has_series_where_it_counts_a_socket),
        cmocka_unit_test(listening_ports_are_those_of_the_namespace),
        cmocka_unit_test(namespaces_with_the_same_tags_are_added_up),
        cmocka_unit_test(lost_datagrams_and_owners_are_not_looked_for),
        cmocka_unit_test(what_is_read_twice_is_not_pushed),
        cmocka_unit_test(what_was_not_read_is_not_pushed),
        cmocka_unit_test(a_place_that_is_taken_again_has_no_old_ports),
        cmocka_unit_test(ports_end_with_their_pod),
        cmocka_unit_test(a_port_that_closes_ends_and_its_pod_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
