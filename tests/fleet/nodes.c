#include "fleet/fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "output/delivery.h"

/* An instance is entered once by setcontext, then by longjmp, which takes no system call. */
#define STACK     65536
#define UNTOUCHED 1024 /* bytes at its end, for nobody */

struct node *nodes;
unsigned n_nodes;
unsigned most_polls;

static jmp_buf scheduler_at;
static unsigned current;
static bool any_runs;

unsigned node_current(void)
{
    return current;
}

void node_run(unsigned node)
{
    if (any_runs)
        abort();
    if (!nodes[node].waits)
        return;
    current = node;
    any_runs = true;
    nodes[node].waits = false;
    if (!_setjmp(scheduler_at)) {
        if (nodes[node].began)
            _longjmp(nodes[node].at, 1);
        nodes[node].began = true;
        setcontext(&nodes[node].context);
    }
    any_runs = false;
}

void node_wait(uint64_t limit_ns)
{
    struct node *n = &nodes[current];

    n->limit_ns = limit_ns;
    n->waits = true;
    if (limit_ns != UINT64_MAX)
        event_add(limit_ns, EVENT_LIMIT, current, 0);
    if (!_setjmp(n->at))
        _longjmp(scheduler_at, 1);
}

/* --- polls ------------------------------------------------------------------------------ */

/* Writes lines of LINE_BYTES: "l02 0003 00001 xxx…", the line, the poll and the instance. */
static void write_snapshot(char *text, unsigned node, unsigned poll)
{
    char head[32];
    int len = snprintf(head, sizeof head, "l00 %04u %05u ", poll, node);

    memset(text, 'x', LINES * LINE_BYTES);
    for (unsigned i = 0; i < LINES; i++, text += LINE_BYTES) {
        memcpy(text, head, (size_t)len);
        text[1] = (char)('0' + i / 10);
        text[2] = (char)('0' + i % 10);
        text[LINE_BYTES - 1] = '\n';
    }
}

/* Notes how many instances poll within the same 100 ms, from the third poll on. */
static void note_poll(unsigned nth)
{
    static uint64_t tenth;
    static unsigned polls;

    polls = clock_ns / (100 * MS) == tenth ? polls + 1 : 1;
    tenth = clock_ns / (100 * MS);
    if (nth > 2 && polls > most_polls)
        most_polls = polls;
}

void node_poll(unsigned node)
{
    struct node *n = &nodes[node];
    char text[LINES * LINE_BYTES];
    struct lines lines = {.text = text, .len = sizeof text, .n = LINES, .gauges = sizeof text};

    if (n->polls == POLLS_MAX)
        abort();
    write_snapshot(text, node, n->polls);
    n->polled_ns[n->polls] = clock_ns;
    note_poll(n->polls + 1);
    output_begin(n->output, ++n->polls, true, false);
    output_add(n->output, &lines);
    output_end(n->output, 0);
    event_add((n->polls == 1 ? deadline_first : deadline_next)(n->start_ns, INTERVAL, clock_ns), EVENT_POLL, node, 0);
    node_run(node);
}

/* --- starting ---------------------------------------------------------------------------- */

static void run_delivery(void)
{
    delivery_run(nodes[current].output);
    abort(); /* nothing ends it */
}

static void start(unsigned node, const struct endpoint *endpoint, size_t buffer)
{
    const struct output_limits limits = {.mtu = 1432,
                                         .buffer = buffer,
                                         .snapshot_max = LINES * LINE_BYTES,
                                         .counters = ADDED,
                                         .interval_ns = INTERVAL,
                                         .replay_ns = REPLAY};
    struct node *n = &nodes[node];

    n->output = arena_zero(&n->arena, 1, sizeof *n->output);
    current = node; /* for net_wake_open */
    if (output_init(n->output, endpoint, &limits, &n->arena))
        abort();
    n->stack = platform_memory_alloc(STACK);
    if (!n->stack || getcontext(&n->context))
        abort();
    n->context.uc_stack.ss_sp = n->stack;
    n->context.uc_stack.ss_size = STACK;
    makecontext(&n->context, run_delivery, 0);
    n->waits = true;
    node_run(node);
    n->start_ns = deadline_start(INTERVAL, MS, clock_ns);
    event_add(clock_ns, EVENT_POLL, node, 0);
}

void nodes_start(unsigned n, const struct endpoint *endpoint, size_t buffer)
{
    nodes = calloc(n, sizeof *nodes);
    n_nodes = n;
    if (!nodes)
        abort();
    for (unsigned i = 0; i < n; i++)
        start(i, endpoint, buffer);
}

void nodes_end(void)
{
    static const char zeros[UNTOUCHED];

    for (unsigned i = 0; i < n_nodes; i++)
        if (memcmp(nodes[i].stack, zeros, UNTOUCHED)) /* it overflowed */
            abort();
    system_free();
    free(nodes);
}
