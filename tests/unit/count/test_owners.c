/* Owners of port series. */
#include <string.h>

#include "unit/count/machine_helper.h"
#include "unit/helper.h"

static void the_holder_of_the_listening_socket_is_the_owner_from_the_first_poll(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 7, 3, 41);
    hold(&m, 8, 3, 40);
    hold(&m, 8, 4, 42);
    m.polls.now_ms = 0; /* a machine's clock may begin at 0 */
    s = poll_80(&m, 0, STATE_LISTEN, 42);
    assert_int_equal(s->owner.pid, 8);
    assert_false(s->owner.lost);
    assert_int_equal(series_named(&m.polls, "80", 6)->owner.pid, 0);
    machine_free(&m);
}

static void of_several_the_lowest_pid_owns_and_pid_1_only_alone(void **state)
{
    static const struct {
        int pid[4], owner;
    } row[] = {{{30, 20, 40}, 20}, {{1, 20, 30}, 20}, {{20, 1}, 20}, {{1}, 1}, {{100, 1, 9}, 9}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct machine m;

        machine_init(&m, "80");
        for (int k = 0; row[i].pid[k]; k++)
            hold(&m, row[i].pid[k], 3, 42);
        assert_int_equal(poll_80(&m, 0, STATE_LISTEN, 42)->owner.pid, row[i].owner);
        machine_free(&m);
    }
}

static void without_a_listener_the_holder_of_any_socket_owns(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 9, 3, 50);
    hold(&m, 8, 3, 51);
    poll_begin(&m.polls);
    tcp(&m.polls, "10.0.0.1", 80, STATE_ESTABLISHED, 49); /* no process holds it */
    tcp(&m.polls, "10.0.0.1", 80, STATE_ESTABLISHED, 50);
    udp(&m.polls, "10.0.0.1", 80, 51);
    tally_end(&m.polls.tally);
    owners_update(&m.owners, &m.polls.tally);
    s = series_named(&m.polls, "80", 4);
    assert_int_equal(s->owner.pid, 8);
    machine_free(&m);
}

/* Rows of some kernels name their owner. Then nothing is searched and nothing is verified. */
static void a_pid_in_the_rows_owns_by_the_same_rules(void **state)
{
    static const struct {
        uint32_t connection[3], listener[4];
        int owner;
    } row[] = {
        {{30}, {0}, 30},      {{30, 20}, {0}, 20},
        {{20}, {40, 30}, 30},                /* a listener's pid wins over a lower one */
        {{1, 9}, {0}, 9},                    /* pid 1 only if it is alone */
        {{20}, {1}, 1},       {{0}, {0}, 0}, /* nobody owns TIME_WAIT */
        {{0, 8}, {0}, 8},     {{7}, {44, 44, 44, 43}, 43},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct machine m;
        struct series *s;

        machine_init(&m, "80");
        hold(&m, 5, 3, 30); /* an inode that looks like a pid */
        for (int poll = 0; poll < 2; poll++) {
            m.polls.now_ms += MINUTE;
            poll_begin(&m.polls);
            for (size_t k = 0; k < COUNT_OF(row->connection); k++) {
                struct sock one = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_ESTABLISHED, row[i].connection[k]);

                one.known = SOCK_ADDRESS | SOCK_PORT | SOCK_PID;
                tally_sock(&m.polls.tally, &one, 1);
            }
            for (size_t k = 0; k < COUNT_OF(row->listener) && row[i].listener[k]; k++) {
                struct sock one = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, row[i].listener[k]);

                one.known = SOCK_ADDRESS | SOCK_PORT | SOCK_PID;
                tally_sock(&m.polls.tally, &one, 1);
            }
            tally_end(&m.polls.tally);
            owners_update(&m.owners, &m.polls.tally);
            s = series_named(&m.polls, "80", 4);
            assert_int_equal(s->owner.pid, row[i].owner);
            assert_false(s->owner.lost);
        }
        poll_80(&m, MINUTE, STATE_UNKNOWN, 0);
        assert_int_equal(s->owner.pid, 0);
        assert_int_equal(s->owner.lost, row[i].owner != 0);
        machine_free(&m);
    }
}

static void one_walk_serves_all_series(void **state)
{
    struct machine m;

    (void)state;
    machine_init(&m, "1-9,*:10-99,listen");
    poll_begin(&m.polls);
    for (uint16_t port = 1; port < 300; port++) {
        hold(&m, 1000 + port, 3, 5000u + port);
        tcp(&m.polls, "10.0.0.1", port, STATE_LISTEN, 5000u + port);
    }
    tally_end(&m.polls.tally);
    owners_update(&m.owners, &m.polls.tally);
    for (uint32_t i = 0; i < tally_count(&m.polls.tally); i++) {
        const struct series *s = tally_series(&m.polls.tally, i);

        if (s->discovery)
            assert_int_equal(s->owner.pid, 1000 + s->discovery->port);
        else
            assert_int_equal(s->owner.pid, s->ip_version == 4 ? 1001 : 0);
    }
    machine_free(&m);
}

static void an_owner_that_is_gone_is_lost_for_one_poll(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 8, 3, 42);
    assert_int_equal(poll_80(&m, 0, STATE_LISTEN, 42)->owner.pid, 8);
    assert_int_equal(poll_80(&m, 10000, STATE_LISTEN, 42)->owner.pid, 8);
    let_go(&m, 8, 3);
    s = poll_80(&m, 10000, STATE_LISTEN, 42);
    assert_int_equal(s->owner.pid, 0);
    assert_true(s->owner.lost);
    s = poll_80(&m, 10000, STATE_LISTEN, 42);
    assert_int_equal(s->owner.pid, 0);
    assert_false(s->owner.lost);
    machine_free(&m);
}

static void an_owner_is_gone_with_its_last_socket_and_not_mistaken_for_another(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 8, 3, 42);
    poll_80(&m, 0, STATE_LISTEN, 42);
    s = poll_80(&m, 10000, STATE_UNKNOWN, 0); /* the descriptor may point elsewhere by now */
    assert_true(!s->owner.pid && s->owner.lost);
    machine_free(&m);

    machine_init(&m, "80");
    hold(&m, 8, 3, 42);
    poll_80(&m, 0, STATE_LISTEN, 42);
    let_go(&m, 8, 3);
    hold(&m, 8, 3, 43); /* the same descriptor points to another socket */
    assert_int_equal(poll_80(&m, 10000, STATE_LISTEN, 42)->owner.pid, 0);
    machine_free(&m);
}

static void a_restarted_server_is_found_again_within_a_minute(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 8, 3, 42);
    poll_80(&m, 0, STATE_LISTEN, 42);
    let_go(&m, 8, 3);
    hold(&m, 9, 3, 43);
    for (int i = 1; i <= 6; i++) {
        s = poll_80(&m, 10000, STATE_LISTEN, 43);
        assert_int_equal(s->owner.pid, i < 6 ? 0 : 9); /* the first walk was 60 s earlier */
    }
    machine_free(&m);
}

struct walked {
    unsigned n;
    uint32_t inode[8];
    int pid[8], fd[8];
};

static void note(void *ctx, uint32_t inode, int pid, int fd)
{
    struct walked *w = ctx;

    assert_true(w->n < 8);
    w->inode[w->n] = inode;
    w->pid[w->n] = pid;
    w->fd[w->n++] = fd;
}

static void only_sockets_of_processes_are_walked(void **state)
{
    /* clang-format off */
    static const char *const odd[][2] = {
        {"8/fd/1", "pipe:[42]"}, {"8/fd/2", "/dev/null"}, {"8/fd/4", "socket:[]"}, {"8/fd/5", "socket:[x]"},
        {"8/fd/6", "socket:[42"}, {"8/fd/7", "socket:[4294967296]"}, {"8/fd/8", "socket:[0]"},
        {"8/fd/9", "socket:[99999999999999999999999999999999999999999999]"}, {"8/fd/x", "socket:[42]"},
        {"self/fd/3", "socket:[42]"}, {"8x/fd/3", "socket:[42]"}, {"-8/fd/3", "socket:[42]"},
        {"99999999999/fd/3", "socket:[42]"}, {"9/fdinfo/3", "socket:[42]"},
    };
    /* clang-format on */
    struct walked w = {0};
    char *dir = dir_make();

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++)
        dir_link(dir, odd[i][0], odd[i][1]);
    dir_put_text(dir, "10/fd", "not a directory");
    dir_put_text(dir, "8/fd/10", "socket:[42]"); /* a file instead of a link */
    dir_link(dir, "8/fd/3", "socket:[4294967295]");
    platform_owner_walk(dir, note, &w);
    assert_int_equal(w.n, 1);
    assert_true(w.inode[0] == 4294967295 && w.pid[0] == 8 && w.fd[0] == 3);
    assert_true(platform_owner_holds(dir, 8, 3, 4294967295));
    assert_false(platform_owner_holds(dir, 8, 3, 42));
    assert_false(platform_owner_holds(dir, 8, 4, 42));
    assert_false(platform_owner_holds(dir, 11, 3, 42));
    platform_owner_walk("/nonexistent", note, &w);
    assert_int_equal(w.n, 1);
    dir_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_holder_of_the_listening_socket_is_the_owner_from_the_first_poll),
        cmocka_unit_test(of_several_the_lowest_pid_owns_and_pid_1_only_alone),
        cmocka_unit_test(without_a_listener_the_holder_of_any_socket_owns),
        cmocka_unit_test(a_pid_in_the_rows_owns_by_the_same_rules),
        cmocka_unit_test(one_walk_serves_all_series),
        cmocka_unit_test(an_owner_that_is_gone_is_lost_for_one_poll),
        cmocka_unit_test(an_owner_is_gone_with_its_last_socket_and_not_mistaken_for_another),
        cmocka_unit_test(a_restarted_server_is_found_again_within_a_minute),
        cmocka_unit_test(only_sockets_of_processes_are_walked),
    };

    return cmocka_run_group_tests_name("owners", tests, NULL, NULL);
}
