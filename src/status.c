#include "status.h"

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "output/limits.h"
#include "output/state.h"

#define NOTICE_MAX 640 /* bytes: the news, and some 500 of the states, which systemctl shows in one line */

static void get_state(struct program *p, int i, char out[STATE_MAX])
{
    const struct last_poll last = {p->polls + p->pushes, p->read_ns, (uint64_t)p->config.v.interval_ms * NS_PER_MS};

    output_state(&p->output[i], &last, out);
}

void status_log(struct program *p)
{
    char state[STATE_MAX];

    for (int i = 0; i < p->n_outputs; i++) {
        get_state(p, i, state);
        log_event(LOG_ANSWER, "output", p->output[i].endpoint->name, "%s", state);
    }
}

void status_open(struct program *p)
{
    const char *path = p->config.notify;
    struct net_addr addr;
    int ret;

    ret = net_unix_addr(path, &addr);
    if (!ret)
        ret = net_connect(&addr, false, 0);
    if (ret > 0)
        p->notify_fd = ret;
    else
        log_event(LOG_WARN, "variable", "NOTIFY_SOCKET", "cannot report to %s: %s", path, platform_error_text(-ret));
}

/* Lengthens the manager's patience if it is too short for two polls. So nothing has to wake up between them. */
static void put_watchdog(const struct program *p, struct buf *b)
{
    int64_t interval_us = p->config.v.interval_ms * 1000;

    if (p->config.watchdog_us && p->config.watchdog_us < 2 * interval_us)
        buf_format(b, "WATCHDOG_USEC=%lld\n", (long long)(3 * interval_us));
}

/* A reason may be a receiver's text. A newline in it would begin another assignment. */
void status_notify(struct program *p, bool stops)
{
    int timeout_ms = stops || p->polls == 1 ? DATAGRAM_MS : 0;
    char text[NOTICE_MAX], state[STATE_MAX];
    struct buf b = {.data = text, .cap = sizeof text - sizeof "..."};

    if (!p->notified) {
        buf_text(&b, "READY=1\n");
        put_watchdog(p, &b);
    }
    buf_text(&b, stops ? "STOPPING=1\nWATCHDOG=1\nSTATUS=" : "WATCHDOG=1\nSTATUS=");
    for (int i = 0; i < p->n_outputs; i++) {
        get_state(p, i, state);
        log_put_text(&b, i ? " | " : "");
        log_put_text(&b, p->output[i].endpoint->name);
        log_put_text(&b, " ");
        log_put_text(&b, state);
    }
    b.cap = sizeof text;
    if (b.full) {
        b.full = false;
        buf_text(&b, "...");
    }
    p->notified |= !net_send(p->notify_fd, text, b.len, timeout_ms);
}
