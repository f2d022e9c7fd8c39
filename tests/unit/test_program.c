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

static uint64_t added[ADDED];

static void begin(void)
{
    memset(&p, 0, sizeof p);
    memset(added, 0, sizeof added);
    p.added = (struct added){.n = added, .count = ADDED};
}

static void a_series_does_not_end_while_a_protocol_cannot_push_its_zero(void **state)
{
    const struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.1", 53, STATE_CLOSE, 1);

    (void)state;
    begin();
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
    begin();
    p.config.n_outputs = p.n_outputs = 1;
    p.config.output[0] = endpoint;
    p.output[0].box.delivered_lines = 5;
    for (int i = 0; i < 2; i++) {
        program_snapshot(&p, 0, &s);
        assert_int_equal(s.added.n[ADDED_OUTPUTS + SENT_LINES], 5);
    }
}

/* A counter of the listener is pushed as what it rose by since it was pushed last. */
static void an_increase_is_pushed_once(void **state)
{
    enum { LINES_OF_B = ADDED_LISTEN + LISTEN_INCREMENTS + LINES };
    static const struct metrics_settings settings = {.expiry_ms = 1000};
    static const struct listen_item item[2] = {{.name = "a"}, {.name = "b"}};
    static char memory[4096];
    struct snapshot s;

    (void)state;
    begin();
    p.config.n_listen = p.listener.n_items = 2;
    p.listener.intake.metrics = &p.metrics;
    p.config.listen[0] = p.config.listen[1] = item[0];
    p.listener.items = item;
    metrics_init(&p.metrics, &settings, memory, sizeof memory);
    p.listener.counts[1].lines.lines = 5;
    program_push(&p, 0);
    p.listener.stats[1].taken.lines.lines = 12;
    for (int i = 0; i < 2; i++) {
        program_snapshot(&p, 0, &s);
        assert_int_equal(s.added.n[LINES_OF_B], 7);
        assert_int_equal(s.listen[1].n[LINES], 12);
    }
    p.listener.counts[1].lines.lines = 12;
    program_push(&p, 0);
    program_snapshot(&p, 0, &s);
    assert_int_equal(s.added.n[LINES_OF_B], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_series_does_not_end_while_a_protocol_cannot_push_its_zero),
        cmocka_unit_test(a_snapshot_that_is_only_looked_at_loses_no_increments),
        cmocka_unit_test(an_increase_is_pushed_once),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
