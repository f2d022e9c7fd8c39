/* encode: measures the CPU time to encode one series, in each format.
 *
 * The encoders are the program's, built and linked as in the program. A series is a port's: 13 values, 3 tags. Only
 * the encoder runs: no poll, no tally, no sending. The program's C library has neither stdio nor malloc.
 *
 * Prints one line per format on standard output:
 *     name, CPU nanoseconds per series (median of the rounds), bytes and lines per series */
#include <time.h>
#include <unistd.h>

#include "base/format.h"
#include "base/sort.h"
#include "encode/encode.h"

#define SERIES         2000 /* series per round: 1,000 port rules, for IPv4 and IPv6 */
#define ROUNDS         101
#define BYTES          ((size_t)SERIES * 13 * 256)
#define LINE_MAX_BYTES 1432

static char memory[BYTES];

/* The fields that identify a container to Datadog's agent. */
static const char container[] = "|c:ci-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static const uint64_t count[FIELD_COUNT] = {12345, 0, 2, 0, 17, 4321, 0, 3, 0, 1, 0, 0, 0};

static long long cpu_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    const long long *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* Measures one format. Returns false if something did not fit. */
static bool measure(const struct encoder *format, struct buf *report)
{
    struct tag tag[] = {{"addr_port", "8080"}, {"host", "web-7.example"}, {"ip_version", "4"}};
    struct value value[FIELD_COUNT];
    const struct point point = {
        .prefix = "",
        .measurement = &measurements[NETSTAT_PORT],
        .tags = {tag, 3},
        .value = value,
        .n_values = FIELD_COUNT,
        .time_ms = 1700000000123,
        .sections = container,
    };
    long long spent[ROUNDS];
    struct buf out;
    struct sink sink;
    static _Alignas(16) char state[32768]; /* of formats that collect points */

    for (int i = 0; i < FIELD_COUNT; i++)
        value[i] = (struct value){&fields[i], count[i], 0, false, ADDED_NONE};
    for (int round = 0; round < ROUNDS; round++) {
        long long before = cpu_ns();

        out = (struct buf){.data = memory, .cap = BYTES};
        sink = (struct sink){.out = &out, .line_max = LINE_MAX_BYTES, .state = state};
        for (int i = 0; i < SERIES; i++)
            format->point(&sink, &point);
        if (format->end)
            format->end(&sink);
        spent[round] = cpu_ns() - before;
    }
    sort(spent, ROUNDS, sizeof *spent, by_size);
    buf_format(report, "%s %lld %zu %llu\n", format->name, spent[ROUNDS / 2] / SERIES, out.len / SERIES,
               (unsigned long long)sink.lines / SERIES);
    return !out.full && !sink.oversized;
}

int main(void)
{
    char text[1024];
    struct buf report = {.data = text, .cap = sizeof text};
    bool well = true;

    for (const struct encoder *const *e = encoders; *e; e++)
        if (!(*e)->only_stdout)
            well &= measure(*e, &report);
    return write(STDOUT_FILENO, text, report.len) < 0 || report.full || !well;
}
