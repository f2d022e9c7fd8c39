#include "unit/encode/relay_helper.h"

#include <string.h>

#include "unit/helper.h"

#define SIZE (1u << 20)

struct metrics relay_metrics;
struct intake_counters relay_counts;
struct tags relay_ours;
struct claims relay_claims;

static uint64_t now_ms;
static int64_t wall_ms;

void relay_begin(void)
{
    static _Alignas(8) char memory[SIZE];
    static struct claim places[2 * SIZE / 64];
    const struct metrics_settings settings = {{1, 2}, .expiry_ms = 25000, .deltas = true, .totals = true};

    memset(memory, 0, sizeof memory);
    metrics_init(&relay_metrics, &settings, memory, SIZE);
    assert_true(claims_size(SIZE) <= sizeof places / sizeof *places);
    relay_claims = (struct claims){.claim = places, .pass = relay_claims.pass, .ours = {"netstat.", "sockpush."}};
    relay_counts = (struct intake_counters){0};
    relay_ours = (struct tags){0};
    now_ms = 0;
    wall_ms = RELAY_START_MS - 10000;
    relay_end_interval();
}

int relay_setup(void **state)
{
    (void)state;
    relay_begin();
    return 0;
}

void relay_take(const char *lines)
{
    intake_take(&(struct intake){.metrics = &relay_metrics}, &relay_counts, lines, strlen(lines), false);
}

void relay_end_interval(void)
{
    now_ms += 10000;
    wall_ms += 10000;
    metrics_flush(&relay_metrics, now_ms, wall_ms);
}

struct sink relay_into(const struct encoder *format, size_t line_max, size_t cap)
{
    char *exact = malloc(cap + 1); /* one byte too many is seen by the sanitizer */
    struct buf out = {.data = exact, .cap = cap};
    struct sink sink = {.out = &out, .line_max = line_max, .state = format_state(), .claims = &relay_claims};

    relayed_encode(&relay_metrics, &relay_ours, wall_ms, format, &sink);
    if (format->end)
        format->end(&sink);
    keep_encoded(&out);
    free(exact);
    sink.out = NULL;
    return sink;
}

const char *relay_encoded(const struct encoder *format, const char *lines)
{
    struct sink sink;

    relay_take(lines);
    relay_end_interval();
    sink = relay_into(format, 60000, 60000);
    assert_true(!sink.oversized || relay_claims.left_out);
    return encoded_text;
}
