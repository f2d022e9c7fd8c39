/* Aggregates a datagram of StatsD lines. Metrics must be the same without the short way for lines whose like came. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "input/intake.h"
#include "unit/input/same_metrics.h"

/* Takes the datagram several times, as two halves, too: the first table has the short way. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = text_of(data, len);
    static _Alignas(8) char memory[2][METRICS_MEMORY_MIN], recent[8192];
    static const struct metrics_settings settings = {.key = {1, 2}, .deltas = true, .totals = true};
    struct intake_counters counters[2] = {{0}};
    struct metrics m[2];

    memset(memory, 0, sizeof memory);
    memset(recent, 0, sizeof recent);
    for (int i = 0; i < 2; i++) {
        struct intake in = {.metrics = &m[i]};

        metrics_init(&m[i], &settings, memory[i], sizeof memory[i]);
        if (!i)
            recent_init(&m[i].recent, recent, sizeof recent);
        for (int turn = 0; turn < 3; turn++) {
            intake_take(&in, &counters[i], text, len, false);
            intake_take(&in, &counters[i], text, len / 2, turn == 1);
            intake_take(&in, &counters[i], text + len / 2, len - len / 2, false);
            if (turn == 1)
                metrics_flush(&m[i], 1, 1);
        }
        metrics_flush(&m[i], 2, 2);
    }
    MUST(!memcmp(&counters[0], &counters[1], sizeof counters[0]));
    MUST(same_metrics(&m[0], &m[1]));
    free(text);
    return 0;
}
