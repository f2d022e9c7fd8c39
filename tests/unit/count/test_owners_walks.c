/* How often all processes are searched for an owner. */
#include "unit/count/machine_helper.h"
#include "unit/helper.h"

static void a_known_owner_costs_no_walk(void **state)
{
    struct machine m;
    uint64_t walked;

    (void)state;
    machine_init(&m, "80");
    hold(&m, 8, 3, 42);
    poll_80(&m, 0, STATE_LISTEN, 42);
    walked = m.owners.walked_ms;
    for (int i = 0; i < 1000; i++)
        assert_int_equal(poll_80(&m, MINUTE, STATE_LISTEN, 42)->owner.pid, 8);
    assert_int_equal(m.owners.walked_ms, walked);
    for (int i = 0; i < 10; i++)
        poll_80(&m, MINUTE, STATE_UNKNOWN, 0); /* no owner to look for */
    assert_int_equal(m.owners.walked_ms, walked);
    machine_free(&m);
}

static void what_is_not_found_is_looked_for_after_1_2_4_and_up_to_60_minutes(void **state)
{
    static const unsigned pause[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    struct machine m;
    uint64_t walked;
    size_t n = 0;

    (void)state;
    machine_init(&m, "80");
    poll_80(&m, 0, STATE_LISTEN, 42);
    walked = m.owners.walked_ms;
    while (n < COUNT_OF(pause)) {
        poll_80(&m, 10000, STATE_LISTEN, 42);
        if (m.owners.walked_ms != walked)
            assert_int_equal(m.owners.walked_ms - walked, pause[n++] * MINUTE);
        walked = m.owners.walked_ms;
    }
    hold(&m, 8, 3, 42);
    for (int i = 0; i < 359; i++)
        assert_int_equal(poll_80(&m, 10000, STATE_LISTEN, 42)->owner.pid, 0);
    assert_int_equal(poll_80(&m, 10000, STATE_LISTEN, 42)->owner.pid, 8);
    machine_free(&m);
}

static void a_new_listener_is_looked_for_at_the_next_poll_but_no_walk_within_a_minute(void **state)
{
    struct machine m;
    uint64_t walked;

    (void)state;
    machine_init(&m, "80");
    for (int i = 0; i < 20; i++)
        poll_80(&m, MINUTE, STATE_LISTEN, 42); /* nothing was found so far, so searches are rare */
    hold(&m, 8, 3, 43);
    assert_int_equal(poll_80(&m, 10000, STATE_LISTEN, 43)->owner.pid, 8);
    machine_free(&m);

    machine_init(&m, "80");
    poll_80(&m, 0, STATE_LISTEN, 42);
    walked = m.owners.walked_ms;
    for (uint32_t i = 1; i < 600; i++) { /* each poll has another socket, which nobody owns */
        poll_80(&m, 1000, STATE_LISTEN, 42 + i);
        assert_true(m.owners.walked_ms == walked || m.owners.walked_ms - walked >= MINUTE);
        walked = m.owners.walked_ms;
    }
    machine_free(&m);
}

static void walks_for_another_series_do_not_put_a_retry_off_and_find_it_too(void **state)
{
    struct machine m;
    struct series *s;

    (void)state;
    machine_init(&m, "80,81");
    for (uint32_t minute = 0; minute <= 10; minute++) {
        m.polls.now_ms += MINUTE;
        poll_begin(&m.polls);
        tcp(&m.polls, "10.0.0.1", 80, STATE_LISTEN, 42);
        tcp(&m.polls, "10.0.0.1", 81, STATE_LISTEN, 1000 + minute); /* a new socket each time needs a walk each time */
        tally_end(&m.polls.tally);
        if (minute == 10)
            hold(&m, 8, 3, 42);
        owners_update(&m.owners, &m.polls.tally);
        assert_int_equal(m.owners.walked_ms, m.polls.now_ms);
        s = series_named(&m.polls, "80", 4);
        if (minute < 10)
            assert_int_equal(s->owner.misses, minute < 1 ? 1 : minute < 3 ? 2 : minute < 7 ? 3 : 4);
    }
    assert_int_equal(s->owner.pid, 8);
    machine_free(&m);
}

static void short_connections_that_nobody_holds_cause_few_walks(void **state)
{
    struct machine m;
    uint64_t walked;
    unsigned walks = 0;

    (void)state;
    machine_init(&m, "80");
    poll_80(&m, 0, STATE_ESTABLISHED, 1);
    walked = m.owners.walked_ms;
    for (uint32_t i = 0; i < 360; i++) { /* one hour */
        poll_80(&m, 10000, STATE_ESTABLISHED, 2 + i);
        walks += m.owners.walked_ms != walked;
        walked = m.owners.walked_ms;
    }
    assert_in_range(walks, 1, 6);
    machine_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_known_owner_costs_no_walk),
        cmocka_unit_test(what_is_not_found_is_looked_for_after_1_2_4_and_up_to_60_minutes),
        cmocka_unit_test(a_new_listener_is_looked_for_at_the_next_poll_but_no_walk_within_a_minute),
        cmocka_unit_test(walks_for_another_series_do_not_put_a_retry_off_and_find_it_too),
        cmocka_unit_test(short_connections_that_nobody_holds_cause_few_walks),
    };

    return cmocka_run_group_tests_name("owners_walks", tests, NULL, NULL);
}
