/* Reads an application's lines, aggregates them, and encodes the metrics in each format. All records must be whole. */
#include <string.h>

#include "encode/relayed.h"
#include "fuzz/encode/whole.h"
#include "fuzz/fuzz.h"
#include "input/intake.h"

#define CLAIMS   (2 * METRICS_MEMORY_MIN / 64)
#define LINE_MAX 1432

static void encode(const struct metrics *m, const struct encoder *format, size_t line_max)
{
    static _Alignas(16) char state[65536], bytes[1 << 22];
    static struct claim places[CLAIMS];
    static struct tag tag[] = {{"host", "a"}, {"k", NULL}};
    static const struct tags ours = {tag, 2};
    static struct claims claims = {.claim = places, .ours = {"netstat.", "sockpush."}};
    struct buf out = {.data = bytes, .cap = sizeof bytes};
    struct sink sink = {.out = &out, .line_max = line_max, .state = state, .claims = format->claims ? &claims : NULL};

    MUST(claims_size(METRICS_MEMORY_MIN) <= CLAIMS);
    memset(state, 0, format->state_size);
    claims.left_out = NULL;
    relayed_encode(m, &ours, 20000, format, &sink);
    if (format->end)
        format->end(&sink);
    MUST(!out.full);
    must_be_whole(&sink, format);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static _Alignas(8) char memory[METRICS_MEMORY_MIN];
    static const struct metrics_settings settings = {.key = {1, 2}, .expiry_ms = 5000, .deltas = true, .totals = true};
    struct intake_counters counters = {0};
    struct metrics m;

    memset(memory, 0, sizeof memory);
    metrics_init(&m, &settings, memory, sizeof memory);
    for (unsigned turn = 0; turn < 2; turn++) { /* in the second one, the metrics end */
        if (!turn)
            intake_take(&(struct intake){.metrics = &m}, &counters, (const char *)data, size, false);
        metrics_flush(&m, turn * 10000 + 1, 10000 + turn * 10000);
        for (const struct encoder *const *format = encoders; *format; format++)
            encode(&m, *format, size & 1 ? 60000 : LINE_MAX);
    }
    return 0;
}
