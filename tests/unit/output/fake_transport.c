#include "unit/output/fake_transport.h"

#include "base/deadline.h"
#include "output/limits.h"
#include "output/stream.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

pthread_mutex_t line_lock = PTHREAD_MUTEX_INITIALIZER;
struct line line;

int line_reset(void **state)
{
    (void)state;
    memset(&line, 0, sizeof line);
    line.peer = -1;
    return 0;
}

void line_fail(int open_error, int send_error, int send_errors)
{
    pthread_mutex_lock(&line_lock);
    line.open_error = open_error;
    line.send_error = send_error;
    line.send_errors = send_errors;
    pthread_mutex_unlock(&line_lock);
}

static int open_line(struct link *l)
{
    int ret;

    pthread_mutex_lock(&line_lock);
    ret = line.open_error;
    line.opened += !ret;
    if (line.tried < LINE_TIMES)
        line.tried_ns[line.tried] = platform_monotonic_ns();
    line.tried++;
    l->fd = ret ? -1 : 1000000; /* is never waited for */
    if (!ret && l->endpoint->transport->shape == SHAPE_EITHER)
        l->stream = line.stream;
    pthread_mutex_unlock(&line_lock);
    return ret;
}

static int send_line(struct link *l, const char *lines, size_t len)
{
    int ret = 0;

    pthread_mutex_lock(&line_lock);
    if (line.send_errors) {
        line.send_errors--;
        ret = line.send_error;
    } else {
        assert_true(line.len + len < sizeof line.sent);
        memcpy(line.sent + line.len, lines, len);
        line.len += len;
        if (line.n_sent < LINE_TIMES)
            line.sent_ns[line.n_sent] = platform_monotonic_ns();
        line.n_sent++;
    }
    l->gone = line.gone;
    pthread_mutex_unlock(&line_lock);
    return ret;
}

static void close_line(struct link *l)
{
    pthread_mutex_lock(&line_lock);
    line.closed++;
    pthread_mutex_unlock(&line_lock);
    (void)l;
}

/* clang-format off */
const struct transport fake_stream = {
    .scheme = "stream", .chunk_max = 20, .backoff_max_ms = 5, .queues = true, .open = open_line, .send = send_line, .close = close_line,
};
/* clang-format on */
/* clang-format off */
const struct transport fake_datagram = {
    .scheme = "datagram", .chunk_max = 20, .backoff_max_ms = 5, .shape = SHAPE_DATAGRAM, .open = open_line, .send = send_line, .close = close_line,
};
/* clang-format on */
const struct transport fake_either = {
    .scheme = "either",
    .chunk_max = 20,
    .backoff_max_ms = 5,
    .queues = true,
    .shape = SHAPE_EITHER,
    .open = open_line,
    .send = send_line,
    .close = close_line,
};

/* --- with a socket ------------------------------------------------------------------ */

static void close_peer_locked(void)
{
    if (line.peer >= 0)
        net_close(line.peer);
    line.peer = -1;
}

void close_peer(void)
{
    pthread_mutex_lock(&line_lock);
    close_peer_locked();
    pthread_mutex_unlock(&line_lock);
}

static int open_socket(struct link *l)
{
    int ret = open_line(l), end[2];

    if (ret)
        return ret;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, end), 0);
    pthread_mutex_lock(&line_lock);
    close_peer_locked();
    line.peer = end[1];
    pthread_mutex_unlock(&line_lock);
    l->fd = end[0];
    l->written = 0;
    return 0;
}

static int send_socket(struct link *l, const char *lines, size_t len)
{
    int ret = send_line(l, lines, len);

    return ret ? ret : stream_send_all(l, lines, len, deadline_in(SEND_MS));
}

static void close_socket(struct link *l)
{
    net_close(l->fd);
    close_line(l);
}

/* Drains the connection. Returns true if the output ended its side. */
bool read_peer(void)
{
    char in[256];
    long n;

    pthread_mutex_lock(&line_lock);
    while ((n = net_receive_some(line.peer, in, sizeof in)) > 0)
        ;
    pthread_mutex_unlock(&line_lock);
    return !n;
}

void break_socket(void)
{
    pthread_mutex_lock(&line_lock);
    shutdown(line.peer, SHUT_WR);
    pthread_mutex_unlock(&line_lock);
}

const struct transport fake_kept = {
    .scheme = "kept",
    .chunk_max = 20,
    .backoff_max_ms = 5,
    .acknowledged = ACKNOWLEDGED_BY_KERNEL,
    .open = open_socket,
    .send = send_socket,
    .close = close_socket,
};

/* --- what arrived ------------------------------------------------------------------- */

static bool was_sent(const char *text)
{
    bool same;

    pthread_mutex_lock(&line_lock);
    same = !strcmp(line.sent, text);
    pthread_mutex_unlock(&line_lock);
    return same;
}

void wait_sent(struct running *r, const char *text)
{
    uint64_t end_ns = platform_monotonic_ns() + 120 * SECOND;

    clock_rest(&r->output);
    while (!was_sent(text) && platform_monotonic_ns() < end_ns && clock_step(&r->output))
        ;
    assert_string_equal(line.sent, text);
}

/* Drains the connection to its end, then ends the receiver's side. */
static void end_peer(void)
{
    if (line.peer >= 0 && !line.half_closed && read_peer())
        close_peer();
}

void start_and_lose(struct running *r)
{
    line.gone = true;
    line.send_error = -EPIPE;
    line.send_errors = 1;
    start(r, &fake_stream);
    put(r, 1, "one\n");
    pthread_join(r->output.thread, NULL);
}

void finish_line(struct running *r)
{
    output_close(&r->output);
    do {
        clock_rest(&r->output);
        end_peer();
        clock_rest(&r->output);
    } while (!output_done(&r->output) && clock_step(&r->output));
    finish(r);
    assert_int_equal(line.opened, line.closed);
}

void abandon_line(struct running *r)
{
    clock_rest(&r->output);
    r->output.link->gone = true;
    finish(r);
}
