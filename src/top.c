/* --top: the ports of this machine for a person, on a terminal, or as plain text. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/log.h"
#include "encode/top.h"
#include "program.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

#define KEY_MS 50 /* a person does not notice that a key waits so long */

/* Local ports that listen, other local ports of services, and what this machine connects to. Linux takes local ports of
 * clients from 32768 on (ip_local_port_range). */
#define DEFAULT_PORTS                                                                                                 \
    "SOCKPUSH_PORTS=listen,*:1-32767,>22,>53,>80,>443,>3306,>5432,>5672,>6379,>8080,>8125,>9092,>9200,>11211,>27017," \
    ">1-32767"

env_list top_environment(env_list env, struct arena *a)
{
    static const char *const set[] = {"SOCKPUSH_TO=stdout:", "SOCKPUSH_FORMAT=table",
                                      "SOCKPUSH_LISTEN=", "SOCKPUSH_PODS=", "SOCKPUSH_PODS_PORTS="};
    static const struct {
        const char *name, *text;
    } unset[] = {{"SOCKPUSH_PORTS", DEFAULT_PORTS},
                 {"SOCKPUSH_INTERVAL", "SOCKPUSH_INTERVAL=1s"},
                 {"SOCKPUSH_LOG_LEVEL", "SOCKPUSH_LOG_LEVEL=warn"}};
    const char *backend = env_get(env, "SOCKPUSH_BACKEND", a), **out;
    size_t n = 0, count = 0;

    while (env[n])
        n++;
    out = arena_zero(a, n + COUNT(set) + COUNT(unset) + 2, sizeof *out);
    for (size_t i = 0; i < COUNT(set); i++)
        out[count++] = set[i];
    for (size_t i = 0; i < COUNT(unset); i++)
        if (!env_get(env, unset[i].name, a))
            out[count++] = unset[i].text;
    if (backend && !strcasecmp(backend, "off"))
        out[count++] = "SOCKPUSH_BACKEND=";
    memcpy(out + count, env, n * sizeof *env);
    return out;
}

/* Waits for the next poll, or for a key. Returns the key, 0 if it is time for the poll, or 'q' if the program is to
 * end. */
static char wait_for_key(struct program *p, bool screen, uint64_t start, uint64_t poll_ns)
{
    static unsigned state;
    char key = '\0';

    for (;;) {
        uint64_t until_ns = screen ? deadline_in(KEY_MS) : poll_ns;
        int n = screen ? platform_terminal_read(&key) : 0;

        if (n < 0)
            return 'q'; /* the terminal is gone */
        if (n) {
            key = top_key(&state, key);
            if (key)
                return key;
            continue;
        }
        switch (program_wait(p, start, until_ns < poll_ns ? until_ns : poll_ns)) {
        case PLATFORM_STOP: return 'q';
        case PLATFORM_WAKE: return '\f'; /* the terminal has another size */
        default:
            if (platform_monotonic_ns() >= poll_ns)
                return '\0';
        }
    }
}

/* Writes the poll. Returns 0 or -errno. */
static int show(struct top *t, bool screen, struct buf *out)
{
    if (screen)
        platform_terminal_size(&t->lines, &t->columns);
    buf_cut(out, 0);
    top_put(t, out);
    return platform_write(STDOUT_FILENO, out->data, out->len, NULL);
}

/* Shows the poll, again after each key, until the next poll. Returns false at the end. */
static bool show_poll(struct program *p, struct top *t, bool screen, uint64_t start, struct buf *out, int *ret)
{
    uint64_t poll_ns = deadline_next(start, (uint64_t)p->config.v.interval_ms * NS_PER_MS, platform_monotonic_ns());

    for (;;) {
        char key;
        enum top_column column;

        *ret = show(t, screen, out);
        if (*ret || !program_polls_left(p))
            return false;
        key = wait_for_key(p, screen, start, poll_ns);
        column = top_sorted_by(key);
        if (column < TOP_COLUMNS)
            t->sort = column;
        if (!key || key == 'q' || key == 'Q')
            return !key;
    }
}

int program_top(struct program *p)
{
    struct kernel_reading before = {.known = 0};
    char why[READER_WHY_MAX];
    const struct tag *host = tags_find(&p->tags.netstat.tags, "host");
    struct top t = {.host = host ? host->value : NULL,
                    .why = why,
                    .interval_ms = p->config.v.interval_ms,
                    .reading = &p->reading,
                    .tally = &p->tally,
                    .kernel = &p->kernel.now,
                    .before = &before,
                    .row = arena_zero(&p->config.arena, p->tally.n_room, sizeof *t.row)};
    struct buf out = {.cap = top_size(&p->tally)};
    uint64_t start, polled;
    bool screen;
    int ret;

    out.data = arena_zero(&p->config.arena, out.cap, 1);
    ret = program_begin(p, &t.time_ms);
    if (ret)
        return ret;
    start = polled = platform_monotonic_ns();
    screen = p->config.v.polls != 1 && platform_terminal_open();
    if (screen)
        log_set_level(LOG_ERROR);
    reader_why(&p->reader, why);
    while (show_poll(p, &t, screen, start, &out, &ret)) {
        uint64_t now = platform_monotonic_ns();

        t.passed_ms = (now - polled) / NS_PER_MS;
        polled = now;
        before = p->kernel.now;
        tally_expire(&p->tally);
        program_read(p, &t.time_ms);
        if (p->reading.ended)
            break;
        reader_why(&p->reader, why);
    }
    platform_terminal_close();
    if (ret == -EPIPE)
        return 0; /* its reader has seen enough */
    if (ret)
        log_event(LOG_ERROR, NULL, NULL, "stdout cannot be written to: %s", platform_error_text(-ret));
    return ret ? 1 : 0;
}
