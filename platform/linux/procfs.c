#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "linux.h"
#include "platform.h"
#include "posix/lines.h"
#include "procfs_parse.h"

#define READ_MAX 16384

struct backend_state {
    const char *proc;
    bool listeners_first, drops;
    struct recording *recording;
    char buf[READ_MAX];
};

static int open_procfs(struct backend_state **out, const struct backend_want *want)
{
    struct backend_state *state;
    char path[LINUX_PATH_MAX];
    int fd;

    if (!linux_net_path(want->proc, "tcp", path))
        return -ENAMETOOLONG;
    /* access(2) would leave out capabilities that a user has who is not root */
    fd = recording_replays(want->recording) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && !recording_replays(want->recording))
        return -errno;
    close(fd);
    state = platform_memory_alloc(sizeof *state);
    if (!state)
        return -ENOMEM;
    state->proc = want->proc;
    state->listeners_first = want->listeners_first;
    state->drops = want->drops;
    state->recording = want->recording;
    *out = state;
    return 0;
}

static void close_procfs(struct backend_state *state)
{
    platform_memory_free(state, sizeof *state);
}

int procfs_take_line(void *ctx, const char *line, size_t len)
{
    struct procfs_table *t = ctx;
    struct sock s;
    int ret;

    if (!t->header_read) {
        t->header_read = true;
        return procfs_parse_header(line, len);
    }
    ret = procfs_parse_row(line, len, t->protocol, &s);
    if (ret)
        return ret;
    /* the kernel lists listeners first, older kernels with request sockets between them */
    t->listeners_over |= s.state != STATE_LISTEN && s.state != STATE_SYN_RECV;
    if (t->only_listeners && t->listeners_over)
        return 1;
    if (s.state == STATE_LISTEN ? t->no_listeners && !t->listeners_over : t->only_listeners)
        return 0;
    linux_note_drops(&s, t->report);
    t->emit(t->ctx, &s, 1);
    return 0;
}

/* Reads one file. Returns 1, 0 if it is absent, or -errno. */
static int poll_file(struct backend_state *state, const char *file, struct procfs_table t)
{
    char path[LINUX_PATH_MAX];
    bool replays = recording_replays(state->recording);
    long left;
    int fd;

    linux_net_path(state->proc, file, path);
    fd = replays ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && !replays)
        left = recording_pass(state->recording, NULL, 0, -errno);
    else
        left = lines_read(fd, state->recording, state->buf, sizeof state->buf, procfs_take_line, &t);
    close(fd);
    if (left < 0)
        return left == -ENOENT ? 0 : (int)left;
    if (!t.header_read)
        return -ENODATA;
    t.report->partial += left && !t.only_listeners; /* cut within a line */
    return 1;
}

/* Reads both files of a protocol; without IPv6 in the kernel only one exists. Returns 0 or -errno. */
static int poll_files(struct backend_state *state, const struct procfs_table *t)
{
    static const char files[PROTOCOL_COUNT][2][5] = {{"tcp", "tcp6"}, {"udp", "udp6"}};
    int ret = poll_file(state, files[t->protocol][0], *t);

    if (ret <= 0)
        return ret ? ret : -ENOENT;
    ret = poll_file(state, files[t->protocol][1], *t);
    if (ret < 0)
        return ret;
    t->report->ipv6 |= ret > 0;
    return 0;
}

static int poll_procfs(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                       struct poll_report *report)
{
    struct procfs_table t = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};
    int ret;

    report->queues[protocol] = true;
    if (protocol == PROTOCOL_TCP)
        report->cookies = report->all_tcp = true;
    else
        report->drops = state->drops;
    if (protocol == PROTOCOL_UDP || !state->listeners_first)
        return poll_files(state, &t);
    t.only_listeners = true;
    ret = poll_files(state, &t);
    if (ret)
        return ret;
    t.only_listeners = false;
    t.no_listeners = true;
    return poll_files(state, &t);
}

const struct backend backend_procfs = {
    .name = "procfs",
    .open = open_procfs,
    .poll = poll_procfs,
    .close = close_procfs,
};
