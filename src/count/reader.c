#include "count/reader.h"

#include <string.h>

#include "base/format.h"
#include "platform.h"

#define RETRY_NS (60ull * 1000000000)

void reader_init(struct reader *r, const struct backend *const *list, const char *only, const struct backend_want *want)
{
    memset(r, 0, sizeof *r);
    r->want = *want;
    for (; *list; list++) {
        if (only && strcmp(only, (*list)->name))
            continue;
        if (r->n == BACKENDS_MAX)
            platform_die("this system has more backends than BACKENDS_MAX");
        r->slot[r->n++].backend = *list;
    }
    for (int p = 0; p < PROTOCOL_COUNT; p++)
        r->active[p] = -1;
}

static void close_slot(struct reader_slot *slot)
{
    if (slot->state)
        slot->backend->close(slot->state);
    slot->state = NULL;
}

/* The caller's emit, wrapped to count sockets. */
struct counting {
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
};

static void count_sock(void *ctx, const struct sock *s, uint64_t n)
{
    const struct counting *counting = ctx;

    counting->report->sockets += n;
    counting->emit(counting->ctx, s, n);
}

/* Reads one protocol through one backend, and closes the backend if it fails. Returns 0 or -errno. */
static int read_slot(struct reader *r, struct reader_slot *slot, enum protocol p, sock_fn *emit, void *ctx,
                     struct poll_report *report)
{
    struct counting counting = {emit, ctx, report};
    int ret = recording_read(r->want.recording, slot->backend->name, p);

    if (ret)
        return ret;
    if (!slot->state)
        ret = slot->backend->open(&slot->state, &r->want);
    if (!ret)
        ret = slot->backend->poll(slot->state, p, count_sock, &counting, report);
    if (ret) {
        if (!recording_replays(r->want.recording))
            recording_pass(r->want.recording, NULL, 0, ret);
        close_slot(slot);
    }
    return ret;
}

static bool read_protocol(struct reader *r, uint64_t now_ns, enum protocol p, sock_fn *emit, discard_fn *discard,
                          void *ctx, struct reading *reading)
{
    for (int i = 0; i < r->n; i++) {
        struct reader_slot *slot = &r->slot[i];
        struct poll_report report = reading->report;
        bool last = i == r->n - 1; /* the last is always tried */

        if (slot->error[p] && now_ns < slot->retry_ns[p] && !last && !recording_replays(r->want.recording))
            continue;
        slot->error[p] = read_slot(r, slot, p, emit, ctx, &report);
        if (!slot->error[p]) {
            reading->report = report;
            reading->changed |= r->active[p] != i;
            r->active[p] = i;
            return true;
        }
        slot->retry_ns[p] = now_ns + RETRY_NS;
        discard(ctx, p);
    }
    reading->changed |= r->active[p] >= 0;
    r->active[p] = -1;
    return false;
}

/* Returns the backend's name, or both joined if TCP and UDP use different ones. */
static const char *name(struct reader *r)
{
    int tcp = r->active[PROTOCOL_TCP], udp = r->active[PROTOCOL_UDP];

    if (tcp < 0 && udp < 0)
        return "none";
    if (tcp < 0 || udp < 0 || tcp == udp)
        return r->slot[tcp < 0 ? udp : tcp].backend->name;
    text_format(r->name, sizeof r->name, "%s+%s", r->slot[tcp].backend->name, r->slot[udp].backend->name);
    return r->name;
}

void reader_poll(struct reader *r, uint64_t now_ns, sock_fn *emit, discard_fn *discard, void *ctx,
                 struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    reading->ended = !recording_poll(r->want.recording);
    if (r->want.local_ports && !reading->ended)
        platform_local_ports(r->want.proc, r->want.recording, r->want.local_ports);
    for (int p = 0; p < PROTOCOL_COUNT; p++)
        reading->read[p] = !reading->ended && read_protocol(r, now_ns, (enum protocol)p, emit, discard, ctx, reading);
    reading->name = name(r);
}

bool reader_samples(const struct reader *r)
{
    int tcp = r->active[PROTOCOL_TCP];

    return tcp >= 0 && r->slot[tcp].state && r->slot[tcp].backend->listeners;
}

int reader_listeners(struct reader *r, sock_fn *emit, void *ctx)
{
    struct reader_slot *slot = &r->slot[r->active[PROTOCOL_TCP]];
    int ret = slot->backend->listeners(slot->state, emit, ctx);

    if (ret)
        close_slot(slot);
    return ret;
}

const char *reader_why(const struct reader *r, char out[READER_WHY_MAX])
{
    static const char protocol_name[PROTOCOL_COUNT][4] = {"tcp", "udp"};
    struct buf b = {.data = out, .cap = READER_WHY_MAX - 1};

    for (int i = 0; i < r->n; i++) {
        const struct reader_slot *slot = &r->slot[i];
        bool same = slot->error[PROTOCOL_TCP] == slot->error[PROTOCOL_UDP];

        for (int p = 0; p < PROTOCOL_COUNT; p++)
            if (slot->error[p] && (!same || p == 0))
                buf_format(&b, "%s%s%s%s: %s", b.len ? "; " : "", slot->backend->name, same ? "" : " ",
                           same ? "" : protocol_name[p], platform_error_text(-slot->error[p]));
    }
    out[b.len] = '\0';
    return out;
}
