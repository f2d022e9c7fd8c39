/* Samples of the accept queues: when there are some, and what becomes of those that fail. */
#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "program.h"
#include "unit/helper.h"

struct backend_state {
    uint32_t depth;
    int error;
    uint64_t cpu_ns; /* a list takes so much CPU time */
};

static struct program p;
static struct backend_state fake;

static void emit_listener(sock_fn *emit, void *ctx)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, 1);

    s.known |= SOCK_QUEUE | SOCK_LIMIT;
    s.rx_queue = fake.depth;
    s.tx_queue = 5;
    emit(ctx, &s, 1);
}

static int list(struct backend_state *state, sock_fn *emit, void *ctx)
{
    for (uint64_t begin = platform_cpu_ns(); platform_cpu_ns() - begin < state->cpu_ns;)
        ;
    if (!state->error)
        emit_listener(emit, ctx);
    return state->error;
}

static void end(struct backend_state *state)
{
    assert_ptr_equal(state, &fake);
}

static const struct backend with = {.name = "with", .listeners = list, .close = end}, without = {.name = "without"};

static void set_up(const char *rules)
{
    memset(&p, 0, sizeof p);
    memset(&fake, 0, sizeof fake);
    rules_of(&p.config.rules, rules, &p.config.arena);
    tally_init(&p.tally, &p.config.rules, 10, &p.config.arena);
    p.config.v.peak_ms = 100;
    p.config.v.interval_ms = 10000;
    p.reader.slot[0] = (struct reader_slot){.backend = &with, .state = &fake};
    p.reading.name = "with";
    p.reading.read[PROTOCOL_TCP] = true;
}

static void poll(uint32_t depth)
{
    fake.depth = depth;
    p.reader.slot[0].state = &fake;
    tally_begin(&p.tally, p.tally.now_ms + 10000);
    emit_listener(tally_sock, &p.tally);
    tally_end(&p.tally);
    program_end_readings(&p);
}

static void sample(uint32_t depth, int error)
{
    fake = (struct backend_state){.depth = depth, .error = error};
    p.reader.slot[0].state = &fake;
    program_sample(&p);
    assert_int_equal(program_samples(&p), !error); /* until the next poll */
}

/* Returns the peak that is pushed, or -1 if none is. */
static int peak(void)
{
    const struct accept_queue *q = &p.tally.series[0].queue;

    assert_true(q->pushed >> QUEUE_DEPTH & 1);
    return q->pushed >> QUEUE_PEAK & 1 ? (int)q->value[QUEUE_PEAK] : -1;
}

static void samples_are_taken_where_they_can_be_and_are_wanted(void **state)
{
    (void)state;
    set_up("80");
    assert_true(program_samples(&p));
    p.config.v.peak_ms = p.config.v.interval_ms; /* polls are enough */
    assert_false(program_samples(&p));
    poll(3);
    assert_int_equal(peak(), 3);
    p.config.v.peak_ms = 0;
    assert_false(program_samples(&p));
    poll(3);
    assert_int_equal(peak(), -1);
    p.config.v.peak_ms = 100;
    p.config.replay = "r";
    assert_false(program_samples(&p));
    poll(3);
    assert_int_equal(peak(), -1);
    p.config.replay = NULL;
    p.config.record = "r";
    assert_false(program_samples(&p));
    p.config.record = NULL;
    assert_true(program_samples(&p));
    p.reader.slot[0].backend = &without;
    assert_false(program_samples(&p));
    poll(3);
    assert_int_equal(peak(), -1);
    arena_free(&p.config.arena);
    set_up("");
    assert_false(program_samples(&p)); /* the peak is of port rules, */
    arena_free(&p.config.arena);
    set_up(">80,>10.0.0.0/8:443");
    assert_false(program_samples(&p)); /* and of local ports: listeners have no remote one */
    arena_free(&p.config.arena);
    set_up(">80,listen");
    assert_true(program_samples(&p));
    arena_free(&p.config.arena);
}

static void samples_that_fail_are_left_out(void **state)
{
    (void)state;
    set_up("80");
    poll(2);
    assert_int_equal(peak(), 2); /* none was due yet */
    sample(9, 0);
    sample(50, -ENOBUFS);
    sample(4, 0);
    poll(1);
    assert_int_equal(peak(), 9);
    sample(9, -ENOBUFS);
    sample(9, -ENOBUFS);
    poll(1);
    assert_int_equal(peak(), -1); /* bursts would not have been seen */
    sample(8, -ENOBUFS);
    p.reading.read[PROTOCOL_TCP] = false;
    program_end_readings(&p); /* nothing is pushed */
    p.reading.read[PROTOCOL_TCP] = true;
    sample(7, 0);
    poll(1);
    assert_int_equal(peak(), 7);
    poll(1);
    assert_int_equal(peak(), 1);
    arena_free(&p.config.arena);
}

/* Samples at the cost of 20 ms. Returns the least time until the next one. */
static uint64_t ns_until_next(int64_t peak_ms)
{
    uint64_t start = platform_monotonic_ns();

    p.config.v.peak_ms = peak_ms;
    fake.cpu_ns = 20 * NS_PER_MS;
    program_begin_samples(&p);
    program_sample(&p);
    return program_next_sample(&p, start) - start;
}

/* The real cost may be more. */
static void a_costly_sample_puts_the_next_one_off(void **state)
{
    (void)state;
    set_up("80");
    if (!platform_cpu_ns()) {
        arena_free(&p.config.arena);
        skip(); /* nothing is sampled on this system */
    }
    assert_true(ns_until_next(100) >= 20 * NS_PER_MS * 1000);
    assert_true(ns_until_next(1000) >= 20 * NS_PER_MS * 1000);
    assert_true(ns_until_next(10) >= 20 * NS_PER_MS * 100); /* that often by the user's wish */
    assert_true(ns_until_next(3600000) >= 3600000 * NS_PER_MS);
    arena_free(&p.config.arena);
}

static void the_next_sample_is_due_at_a_multiple(void **state)
{
    uint64_t start = platform_monotonic_ns(), step = 3600000 * NS_PER_MS;

    (void)state;
    set_up("80");
    p.config.v.peak_ms = 3600000;
    assert_int_equal(program_next_sample(&p, start), start + step);
    p.sample_not_before_ns = start + step;
    assert_int_equal(program_next_sample(&p, start), start + step);
    p.sample_not_before_ns = start + step + 1;
    assert_int_equal(program_next_sample(&p, start), start + step + 1);
    arena_free(&p.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_taken_where_they_can_be_and_are_wanted),
        cmocka_unit_test(samples_that_fail_are_left_out),
        cmocka_unit_test(a_costly_sample_puts_the_next_one_off),
        cmocka_unit_test(the_next_sample_is_due_at_a_multiple),
    };

    return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
