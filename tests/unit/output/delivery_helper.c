#include "unit/output/delivery_helper.h"

#include <string.h>

#define PATIENCE_NS (120 * SECOND)

const struct output_limits small_limits = {
    .mtu = 512, .buffer = 4096, .snapshot_max = 200, .counters = ADDED, .interval_ns = MS};

void start_to(struct running *r, const struct endpoint *endpoint, const struct output_limits *limits)
{
    memset(r, 0, sizeof *r);
    r->endpoint = *endpoint;
    assert_int_equal(output_init(&r->output, &r->endpoint, limits, &r->arena), 0);
    assert_int_equal(output_start(&r->output), 0);
    clock_rest(&r->output);
}

void start_as(struct running *r, const struct transport *transport, const struct encoder *format, uint64_t replay_ns)
{
    const struct endpoint endpoint = {.name = "test:", .format = format, .transport = transport};
    struct output_limits limits = small_limits;

    limits.replay_ns = replay_ns;
    start_to(r, &endpoint, &limits);
}

void start(struct running *r, const struct transport *transport)
{
    start_as(r, transport, &encoder_dogstatsd, 0);
}

struct lines lines_of(const char *text)
{
    struct lines lines = {.text = text, .len = strlen(text), .gauges = strlen(text)};

    for (; *text; text++)
        lines.n += *text == '\n';
    return lines;
}

void put_lines(struct output *o, uint64_t poll, const struct lines *lines)
{
    output_begin(o, poll, true, false);
    output_add(o, lines);
    output_end(o, 0);
}

void put(struct running *r, uint64_t poll, const char *text)
{
    const struct lines lines = lines_of(text);

    put_lines(&r->output, poll, &lines);
    clock_rest(&r->output);
}

uint64_t counted(struct running *r, enum output_counter counter)
{
    return output_read_stats(&r->output).n[counter];
}

static void wait_until_counted(struct running *r, enum output_counter counter, uint64_t value)
{
    uint64_t end_ns = platform_monotonic_ns() + PATIENCE_NS;

    clock_rest(&r->output);
    while (counted(r, counter) < value && platform_monotonic_ns() < end_ns && clock_step(&r->output))
        ;
}

void wait_for(struct running *r, enum output_counter counter, uint64_t value)
{
    wait_until_counted(r, counter, value);
    assert_int_equal(counted(r, counter), value);
}

void wait_for_more(struct running *r, enum output_counter counter, uint64_t more)
{
    uint64_t value = counted(r, counter) + more;

    wait_until_counted(r, counter, value);
    assert_true(counted(r, counter) >= value);
}

void finish(struct running *r)
{
    uint64_t end_ns = platform_monotonic_ns() + PATIENCE_NS;

    output_close(&r->output);
    while (platform_monotonic_ns() < end_ns && clock_step(&r->output))
        ;
    assert_true(output_done(&r->output));
    pthread_join(r->output.thread, NULL);
    arena_free(&r->arena);
}
