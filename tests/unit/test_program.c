/* A poll's way through the program, without outputs. */
#include <string.h>

#include "program.h"
#include "unit/helper.h"

static struct program p;

/* Pushes a poll ten seconds later. Returns how many series are left. */
static uint32_t after_push(bool tcp, bool udp)
{
    p.reading.read[PROTOCOL_TCP] = tcp;
    p.reading.read[PROTOCOL_UDP] = udp;
    program_push(&p, 0);
    tally_begin(&p.tally, p.tally.now_ms + 10000);
    tally_end(&p.tally);
    return tally_count(&p.tally);
}

static void a_series_does_not_end_while_a_protocol_cannot_push_its_zero(void **state)
{
    const struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.1", 53, STATE_CLOSE, 1);

    (void)state;
    rules_of(&p.config.rules, "*:53", &p.config.arena);
    tally_init(&p.tally, &p.config.rules, 10, &p.config.arena);
    tally_begin(&p.tally, 3600000);
    tally_sock(&p.tally, &s, 1);
    tally_end(&p.tally);
    for (int poll = 0; poll < 100; poll++)
        assert_int_equal(after_push(poll % 2, !(poll % 2)), 1);
    assert_int_equal(after_push(true, true), 0); /* ten minutes are over, and the zero was pushed */
    arena_free(&p.config.arena);
}

/* Only a snapshot that was put into outputs moves the values on which the next increments are based. */
static void a_snapshot_that_is_only_looked_at_loses_no_increments(void **state)
{
    static const struct endpoint endpoint = {.name = "test:"};
    struct snapshot s;

    (void)state;
    memset(&p, 0, sizeof p);
    p.config.n_outputs = p.n_outputs = 1;
    p.config.output[0] = endpoint;
    p.output[0].box.delivered_lines = 5;
    for (int i = 0; i < 2; i++) {
        program_snapshot(&p, 0, &s);
        assert_int_equal(s.added.n[ADDED_OUTPUTS + SENT_LINES], 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_does_not_end_while_a_protocol_cannot_push_its_zero),
        cmocka_unit_test(a_snapshot_that_is_only_looked_at_loses_no_increments),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
