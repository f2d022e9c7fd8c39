/* Runs outbox, delivery, connection and reconnect through random lives. A network in virtual time, in place of
 * platform/'s, takes, acknowledges, falls silent, breaks and answers at random. Each life asserts the promises:
 * every line arrives or is counted as dropped, none more often than documented, increments once, and nothing stays
 * open.
 *
 * WALKS=100000 in the environment runs that many lives instead of a few thousand. WALK=n runs that one alone. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/deadline.h"
#include "base/log.h"
#include "output/delivery.h"
#include "output/http_request.h"
#include "output/limits.h"
#include "posix/posix.h"
#include "unit/helper.h"

#define SECOND      UINT64_C(1000000000)
#define CONNECTIONS 4
#define SOCKET      100    /* the first connection's descriptor */
#define STREAM_MAX  200000 /* bytes over one connection */
#define LINES_MAX   4000
#define POLLS_MAX   60
#define NOTHING     UINT64_MAX

struct line {
    uint64_t first_ns; /* time of the first acknowledgement; 0: none yet */
    uint64_t ended_ns; /* the last time without a pending acknowledgement, before the last connection that carried it
                          ended */
    unsigned arrived;  /* copies that the receiver got */
    unsigned carried;  /* connections that began to carry it */
    unsigned last_connection;
    bool passed, alone; /* it came in a packet of an application; no other did */
    bool poison;        /* the receiver breaks the connection that brings it, and never acknowledges it */
};

struct connection {
    bool open, silent, ended, broken,
        fin;   /* silent: nothing is acknowledged; ended: by the receiver; fin: by the output */
    bool amid; /* the kernel has only a part of a chunk */
    unsigned number;
    uint64_t silent_ns;
    char sent[STREAM_MAX];
    size_t len, acked, looked; /* bytes that the kernel has, that are acknowledged, that were searched for lines */
    char answer[100];          /* an HTTP answer, not read yet */
    size_t answer_len;
};

static struct {
    uint64_t now_ns, put_ns, closed_ns, pending_nothing_ns; /* put_ns: the time of the next snapshot */
    unsigned polls, polls_max;
    bool wake, healed, http, blind, slept;
    unsigned calm;   /* about one step in `calm` breaks something */
    unsigned passes; /* about one in so many brings a packet; 0: none does */
    struct connection connection[CONNECTIONS];
    unsigned connections;
    struct line line[LINES_MAX];
    unsigned lines;
    uint64_t logged, arrived; /* increments */
    uint64_t steps;
    struct output output;
    struct arena arena;
    struct endpoint endpoint;
    uint64_t replay_ns;
} w;

/* --- the receivers' side --------------------------------------------------------------- */

/* Takes one line: "L123 …" is a gauge, "I5\n" an increment of 5. */
static void take_line(const char *text)
{
    unsigned n;

    if (sscanf(text, "I%u", &n) == 1) {
        w.arrived += n;
    } else {
        assert_int_equal(sscanf(text, "L%u", &n), 1);
        assert_true(n < w.lines && !w.line[n].poison);
        w.line[n].arrived++;
    }
}

/* Records that everything sent over the connection is acknowledged, and that the output can know it. */
static void note_acknowledged(const struct connection *c)
{
    for (unsigned i = 0; i < w.lines; i++)
        if (w.line[i].last_connection == c->number && !w.line[i].first_ns)
            w.line[i].first_ns = w.now_ns;
}

static void break_connection(struct connection *c, bool quiet)
{
    if (c->len && c->acked == c->len && !c->amid)
        w.pending_nothing_ns = w.now_ns;
    for (unsigned i = 0; i < w.lines; i++)
        if (w.line[i].last_connection == c->number)
            w.line[i].ended_ns = w.pending_nothing_ns;
    c->ended = true;
    c->broken = !quiet;
}

/* Acknowledges up to byte `to`, but neither a poisoned line nor any byte after its start. */
static void acknowledge(struct connection *c, size_t to)
{
    for (char *end; c->acked < to && (end = memchr(c->sent + c->looked, '\n', c->len - c->looked));
         c->looked = (size_t)(end - c->sent) + 1) {
        unsigned n;

        if ((size_t)(end - c->sent) >= to)
            break;
        if (!w.http && sscanf(c->sent + c->looked, "L%u", &n) == 1 && w.line[n].poison) {
            c->acked = c->looked > c->acked ? c->looked : c->acked;
            break_connection(c, false);
            return;
        }
        if (!w.http)
            take_line(c->sent + c->looked);
    }
    c->acked = to > c->acked ? to : c->acked;
}

/* Reads a whole request and answers it. */
static void answer_request(struct connection *c)
{
    static const char *const bad[] = {"HTTP/1.1 503 x\r\n\r\n", "HTTP/1.1 400 x\r\nContent-Length: 0\r\n\r\n"};
    char *body = memmem(c->sent, c->len, "\r\n\r\n", 4), *length = memmem(c->sent, c->len, "Content-Length: ", 16);
    size_t body_len = length ? (size_t)atoi(length + 16) : 0;
    bool refuse = false, store;

    if (!body || c->len < (size_t)(body + 4 - c->sent) + body_len)
        return;
    body += 4;
    for (char *at = body; at < body + body_len; at = (char *)memchr(at, '\n', (size_t)(body + body_len - at)) + 1) {
        unsigned n;

        refuse |= sscanf(at, "L%u", &n) == 1 && w.line[n].poison;
    }
    store = !refuse && (w.healed || any(w.calm));
    for (char *at = body; store && at < body + body_len;
         at = (char *)memchr(at, '\n', (size_t)(body + body_len - at)) + 1)
        take_line(at);
    c->answer_len = (size_t)snprintf(c->answer, sizeof c->answer, "%s", store ? "HTTP/1.1 204 x\r\n\r\n" : bad[refuse]);
    if (store && !w.healed && !any(w.calm))
        break_connection(c, any(2)); /* the answer is lost with it */
    c->len = c->acked = c->looked = 0;
}

/* Lets a receiver do one thing, or nothing. */
static void live(struct connection *c)
{
    if (!c->open || c->ended)
        return;
    if (!w.healed && !any(w.calm * 4)) {
        c->silent = true;
        c->silent_ns = w.now_ns;
    }
    if (c->silent) {
        if (w.healed || w.now_ns - c->silent_ns > SILENCE_MS * NS_PER_MS)
            break_connection(c, false);
        return;
    }
    if (w.http)
        answer_request(c);
    else
        acknowledge(c, w.healed || any(2) ? c->len : c->acked + any((uint32_t)(c->len - c->acked) + 1));
    if (c->ended)
        return;
    if (c->len && c->acked == c->len && !c->amid) {
        w.pending_nothing_ns = w.now_ns;
        note_acknowledged(c);
    }
    if (c->fin && c->acked == c->len)
        break_connection(c, true);
    else if (!w.healed && !any(w.calm))
        break_connection(c, c->acked == c->len && any(2));
}

/* --- time ---------------------------------------------------------------------------------- */

static void put_snapshot(void)
{
    static char text[LINES_MAX * 60];
    uint64_t added[ADDED] = {0};
    struct increment increment = {.id = ADDED_PARTIAL_POLLS};
    struct lines lines = {.text = text, .increment = &increment};
    unsigned n = 1 + any(any(8) ? 6 : 60);

    for (unsigned i = 0; i < n && w.lines < LINES_MAX; i++, w.lines++) {
        w.line[w.lines].poison = !any(200);
        lines.len += (size_t)sprintf(text + lines.len, "L%u %.*s\n", w.lines, (int)any(40),
                                     "----------------------------------------");
        lines.n++;
    }
    lines.gauges = lines.len;
    if (!w.endpoint.format->timestamps) {
        added[increment.id] = any(5);
        w.logged += added[increment.id];
        output_take_pending(&w.output, &(struct added){.n = added, .count = ADDED});
        increment.n = added[increment.id];
        lines.len += (size_t)sprintf(text + lines.len, "I%u\n", (unsigned)increment.n);
        lines.n++;
    }
    output_begin(&w.output, ++w.polls, true, false);
    output_add(&w.output, &lines);
    output_end(&w.output, 0);
}

/* Passes a packet of an application's lines on. */
static void put_packet(void)
{
    char text[4 * 60];
    unsigned n = any(2) ? 1 : 1 + any(4);
    size_t len = 0;

    for (unsigned i = 0; i < n; i++, w.lines++) {
        w.line[w.lines].passed = true;
        w.line[w.lines].alone = n == 1;
        w.line[w.lines].poison = !any(200);
        len += (size_t)sprintf(text + len, "L%u %.*s\n", w.lines, (int)any(40),
                               "packet packet packet packet packet packet");
    }
    output_relay(&w.output, text, len, n);
}

/* Moves the time to until_ns at most, with all that happens meanwhile. */
static void pass(uint64_t until_ns)
{
    uint64_t to = until_ns < w.put_ns ? until_ns : w.put_ns;

    assert_true(to != NOTHING); /* or else the thread waits for ever */
    assert_true(++w.steps < 1000000);
    if (to > w.now_ns)
        w.now_ns += any(3) ? to - w.now_ns : any((uint32_t)((to - w.now_ns) / 1000) + 1) * UINT64_C(1000);
    while (w.passes && !w.healed && w.lines < LINES_MAX / 2 && !any(w.passes))
        put_packet();
    if (!w.healed && !any(2000)) { /* the machine slept */
        w.now_ns += any(7200) * SECOND;
        w.slept = true;
    }
    for (int i = 0; i < CONNECTIONS; i++)
        live(&w.connection[i]);
    if (w.healed && w.now_ns > w.closed_ns + 100 * SECOND)
        w.output.link->gone =
            true; /* only lines that break each connection are left, and main does not wait for those */
    if (w.now_ns < w.put_ns)
        return;
    if (w.polls < w.polls_max) {
        put_snapshot();
        w.put_ns = w.now_ns + (1 + any(10)) * SECOND;
    } else {
        w.healed = true;
        w.put_ns = NOTHING;
        w.closed_ns = w.now_ns;
        output_close(&w.output);
    }
}

uint64_t platform_monotonic_ns(void)
{
    return w.now_ns;
}

int64_t platform_wall_ms(void)
{
    return (int64_t)(w.now_ns / NS_PER_MS);
}

void platform_sleep_ns(uint64_t ns)
{
    for (uint64_t until = w.now_ns + ns; w.now_ns < until;)
        pass(until);
}

uint32_t platform_random(uint32_t below)
{
    return any(below);
}

int platform_secret(void *out, size_t len)
{
    (void)out, (void)len;
    return -ENOSYS;
}

void platform_wake(void)
{
}

int posix_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
    (void)fds, (void)n, (void)timeout_ms;
    return -1;
}

int net_wake_open(struct net_wake *wake)
{
    (void)wake;
    return 0;
}

void net_wake_signal(struct net_wake *wake)
{
    (void)wake;
    w.wake = true;
}

static struct connection *of(int fd)
{
    assert_in_range(fd, SOCKET, SOCKET + CONNECTIONS - 1);
    assert_true(w.connection[fd - SOCKET].open);
    return &w.connection[fd - SOCKET];
}

static bool readable(const struct connection *c)
{
    return c->ended || c->answer_len;
}

static bool wait_readable(int fd, uint64_t until_ns, bool wakes)
{
    for (;;) {
        if (fd >= 0 && readable(of(fd)))
            return true;
        if ((wakes && w.wake) || w.now_ns >= until_ns)
            return false;
        pass(until_ns);
    }
}

bool net_wake_wait(struct net_wake *wake, int fd, int timeout_ms)
{
    bool ready = wait_readable(fd, timeout_ms < 0 ? NOTHING : w.now_ns + (uint64_t)timeout_ms * NS_PER_MS, true);

    (void)wake;
    w.wake = false;
    return ready;
}

bool net_wait_readable(int fd, int timeout_ms)
{
    return wait_readable(fd, w.now_ns + (uint64_t)timeout_ms * NS_PER_MS, false);
}

bool net_wait_writable(int fd, int timeout_ms)
{
    (void)of(fd);
    pass(w.now_ns + (uint64_t)timeout_ms * NS_PER_MS);
    return true;
}

/* --- the network ------------------------------------------------------------------------------ */

int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    (void)host, (void)port, (void)max, (void)timeout_ms;
    out->len = 1;
    return 1;
}

const char *net_resolve_error(int error)
{
    (void)error;
    return "";
}

int net_connect(const struct net_addr *addr, bool stream, int timeout_ms)
{
    int i = 0;

    (void)addr, (void)stream;
    if (!w.healed && !any(3)) {
        if (any(2))
            return -ECONNREFUSED;
        platform_sleep_ns((uint64_t)timeout_ms * NS_PER_MS);
        return -ETIMEDOUT;
    }
    while (w.connection[i].open)
        assert_true(++i < CONNECTIONS);
    memset(&w.connection[i], 0, offsetof(struct connection, sent));
    w.connection[i].len = w.connection[i].acked = w.connection[i].looked = w.connection[i].answer_len = 0;
    w.connection[i].open = true;
    w.connection[i].number = ++w.connections;
    return SOCKET + i;
}

/* Records the lines whose first byte goes over this connection, and asserts that they may. */
static void note_lines(struct connection *c, const char *data, size_t len)
{
    for (const char *at = data; at < data + len; at++) {
        struct line *line;
        unsigned n;

        if ((at != data && at[-1] != '\n') || sscanf(at, "L%u", &n) != 1)
            continue;
        line = &w.line[n];
        if (line->last_connection == c->number && !w.http)
            fail_msg("line %u twice over connection %u", n, c->number);
        /* A line is kept as long as SOCKPUSH_REPLAY, not counting time with a pending acknowledgement, or over a
         * number of connections that ended early. */
        if (line->passed && line->first_ns && !w.http)
            fail_msg("line %u of a packet comes again, after it was acknowledged", n);
        if (line->first_ns && !w.http && !w.blind && !w.slept &&
            line->ended_ns > line->first_ns + w.replay_ns + 2 * SECOND &&
            line->carried >= w.replay_ns / (COPY_MS * NS_PER_MS))
            fail_msg("line %u comes over %u connections", n, line->carried);
        line->last_connection = c->number;
        line->carried++;
    }
}

long net_send_some(int fd, const void *data, size_t len)
{
    struct connection *c = of(fd);
    size_t n = len;

    pass(w.now_ns);
    if (c->ended)
        return any(2) ? -EPIPE : -ECONNRESET;
    if (!w.healed && !any(20))
        return -EAGAIN;
    if (!w.healed && !any(20))
        n = 1 + any((uint32_t)len);
    assert_true(c->len + n < STREAM_MAX);
    memcpy(c->sent + c->len, data, n);
    if (!w.http)
        note_lines(c, data, n);
    c->len += n;
    c->amid = n < len;
    return (long)n;
}

long net_tcp_send(int fd, const void *data, size_t len)
{
    return net_send_some(fd, data, len);
}

int net_send(int fd, const void *data, size_t len, int timeout_ms)
{
    (void)fd, (void)data, (void)len, (void)timeout_ms;
    return -EPIPE;
}

long net_receive_some(int fd, void *data, size_t len)
{
    struct connection *c = of(fd);
    size_t n = c->answer_len < len ? c->answer_len : len;

    if (n && !(c->ended && c->broken)) {
        memcpy(data, c->answer, n);
        c->answer_len = 0;
        return (long)n;
    }
    return !c->ended ? -EAGAIN : c->broken && any(2) ? -ECONNRESET : 0;
}

int net_unacked(int fd, uint64_t *bytes)
{
    const struct connection *c = of(fd);

    if (w.blind)
        return -EPERM;
    *bytes = c->len - c->acked + (c->fin && (c->broken || !c->ended));
    return 0;
}

int64_t net_tcp_window(int fd)
{
    (void)of(fd);
    return w.healed || any(10) ? 65536 : any(4000);
}

int net_pending_error(int fd)
{
    (void)of(fd);
    return 0;
}

int net_finish(int fd)
{
    of(fd)->fin = true;
    return of(fd)->ended ? -ENOTCONN : 0;
}

void net_tcp_setup(int fd, unsigned silence_ms)
{
    (void)silence_ms;
    (void)of(fd);
}

/* The bytes that the kernel has may still arrive. */
void net_close(int fd)
{
    struct connection *c = of(fd);

    if (!c->ended && !c->silent && !w.http && any(2))
        acknowledge(c, c->len);
    if (!c->ended)
        break_connection(c, false);
    c->open = false;
}

void net_abort(int fd)
{
    struct connection *c = of(fd);

    if (!c->ended)
        break_connection(c, false);
    c->open = false;
}

size_t net_datagram_max(int fd)
{
    (void)of(fd);
    return 0;
}

void net_ends(int fd, struct ip *from, struct ip *to)
{
    (void)of(fd);
    *from = *to = (struct ip){.version = 4};
}

/* --- lives --------------------------------------------------------------------------------------- */

static void begin(unsigned n)
{
    static const struct http_settings http = {.headers = "", .hidden = ""};
    static const unsigned replay_s[] = {0, 2, 5, 30};
    struct output_limits limits = {
        .mtu = 512, .buffer = 2000u << any(6), .snapshot_max = 4000, .counters = ADDED, .interval_ns = SECOND};

    any_seed(n);
    w.polls = 0;
    w.wake = w.healed = w.slept = false;
    for (int i = 0; i < CONNECTIONS; i++)
        w.connection[i].open = false;
    w.connections = w.lines = 0;
    memset(w.line, 0, sizeof w.line);
    w.logged = w.arrived = w.steps = 0;
    memset(&w.output, 0, sizeof w.output);
    w.now_ns = 1000 * SECOND;
    w.put_ns = w.now_ns;
    w.polls_max = 1 + any(any(10) ? 20 : POLLS_MAX);
    w.calm = 2u << any(8);
    w.http = n % 4 == 3;
    w.blind = n % 20 == 1;
    w.replay_ns = limits.replay_ns = replay_s[any(4)] * SECOND;
    w.endpoint = (struct endpoint){
        .name = "test:",
        .format = n % 5 && !w.http ? &encoder_influx
                  : n % 5          ? &encoder_influx
                                   : &encoder_dogstatsd,
        .transport = w.http ? &output_http : &output_tcp,
        .path = "/write",
        .http = &http,
        .hidden = "",
        .target = {{"a", 1}, {"b", 2}},
        .n_targets = n % 3 ? 1 : 2,
    };
    w.passes = w.endpoint.format->timestamps ? 0 : 1 + any(10);
    limits.packets = w.passes ? 100u << any(8) : 0;
    assert_int_equal(output_init(&w.output, &w.endpoint, &limits, &w.arena), 0);
}

static void check_end(void)
{
    struct output_stats stats = output_read_stats(&w.output);
    uint64_t left = w.output.box.lines + w.output.packets.lines, missing = 0, once = 0,
             put = left + w.output.box.doubts.lines + stats.n[SENT_LINES] + stats.n[DROPPED_LINES];
    uint64_t pending[ADDED] = {0};

    for (unsigned i = 0; i < w.lines; i++) {
        missing += !w.line[i].arrived;
        once += w.line[i].arrived > 0;
        assert_true(w.line[i].arrived <= 1 || !w.line[i].alone || w.http);
    }
    assert_int_equal(put, w.lines + (w.endpoint.format->timestamps ? 0 : w.polls)); /* each is counted once */
    assert_int_equal(output_left(&w.output), left);
    if (!w.blind)
        assert_true(missing <= stats.n[DROPPED_LINES] + output_left(&w.output)); /* none is lost without a count */
    if (!w.blind && w.endpoint.format->timestamps)
        assert_true(stats.n[SENT_LINES] <= once); /* a delivered line has arrived */
    output_take_pending(&w.output, &(struct added){.n = pending, .count = ADDED});
    if (!w.endpoint.format->timestamps && !w.blind && !w.http && !output_left(&w.output))
        assert_int_equal(w.arrived + pending[ADDED_PARTIAL_POLLS], w.logged); /* increments arrive once */
    for (int i = 0; i < CONNECTIONS; i++)
        assert_false(w.connection[i].open);
}

static void live_once(unsigned n)
{
    begin(n);
    delivery_run(&w.output);
    check_end();
    arena_free(&w.arena);
}

static unsigned lives;

static void any_life_keeps_the_promise(void **state)
{
    const char *one = getenv("WALK"), *many = getenv("WALKS");
    unsigned n = one ? (unsigned)atoi(one) : 0, end = one ? n + 1 : many ? (unsigned)atoi(many) : 4000 / ONE_IN;

    (void)state;
    for (; n < end; n++) {
        lives = n;
        live_once(n);
    }
}

static int print_last(void **state)
{
    (void)state;
    print_message("the last was WALK=%u\n", lives);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(any_life_keeps_the_promise, print_last)};

    log_set_level(getenv("WALK") ? LOG_DEBUG : LOG_ERROR);
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
