/* How long each transport waits for a silent receiver, over real sockets. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/un.h>

#include "base/log.h"
#include "unit/output/tcp_receiver.h"
#include "unit/tls/tls_recorded.h"

static int set_up(void **state)
{
    (void)state;
    random_state = 1; /* for the recorded handshake; pauses depend on it, too */
    return 0;
}

/* Asserts that nothing fails before ns have passed, and that the connection fails then. */
static void assert_fails_after(struct running *r, uint64_t ns, const char *why)
{
    clock_pass(&r->output, ns - MS);
    assert_int_equal(counted(r, SEND_ERRORS), 0);
    clock_pass(&r->output, 2 * MS);
    assert_int_equal(counted(r, SEND_ERRORS), 1);
    assert_string_equal(r->output.link->why, why);
}

/* Returns the time from the last chunk that was taken to the error, where kernels take a part of the lines at first. */
static uint64_t silence_before_error(struct running *r)
{
    uint64_t since_ns = platform_monotonic_ns(), taken = 0;

    while (!counted(r, SEND_ERRORS)) {
        uint64_t now_taken = r->output.box.sent + r->output.box.delivered_lines;

        if (now_taken != taken)
            since_ns = platform_monotonic_ns();
        taken = now_taken;
        assert_true(platform_monotonic_ns() - since_ns < 60 * SECOND && clock_step(&r->output));
    }
    return platform_monotonic_ns() - since_ns;
}

/* Puts n lines of 1000 bytes. */
static void put_many(struct running *r, unsigned n)
{
    static char text[600000];

    memset(text, 'x', sizeof text);
    for (unsigned i = 1; i <= n; i++)
        text[i * 1000 - 1] = '\n';
    text[n * 1000] = '\0';
    put(r, 9, text);
}

/* Puts more into the output than its socket and the receiver's hold. */
static void put_too_much(struct running *r)
{
    int least = 1;

    assert_int_equal(counted(r, SEND_ERRORS), 0);
    assert_true(r->output.link->fd >= 0);
    setsockopt(r->output.link->fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    put_many(r, 500);
}

/* --- connecting ------------------------------------------------------------------------- */

static void connect_silently(bool brief, uint64_t limit_ns)
{
    uint16_t port;
    int listener = receiver_bind(&port), first = receiver_listen_full(listener, port);
    struct running r;

    start_tcp(&r, &output_tcp, &port, 1);
    r.output.link->brief = brief;
    put(&r, 1, "one\n");
    assert_fails_after(&r, limit_ns, "Timed out");
    abandon(&r);
    close(first);
    close(listener);
}

static void a_connection_is_waited_for_5_s(void **state)
{
    (void)state;
    connect_silently(false, 5 * SECOND);
}

static void a_better_targets_connection_is_waited_for_1_5_s(void **state)
{
    (void)state;
    connect_silently(true, 1500 * MS);
}

static void handshake_silently(bool brief, uint64_t limit_ns)
{
    uint16_t port;
    int listener = receiver_bind(&port), fd;
    struct running r;

    if (!tls_built)
        skip();
    listen(listener, 1);
    start_tcp(&r, &output_tls, &port, 1);
    r.output.link->brief = brief;
    put(&r, 1, "one\n");
    fd = receiver_accept(listener);
    assert_fails_after(&r, limit_ns, "the TLS handshake timed out");
    abandon(&r);
    close(fd);
    close(listener);
}

static void a_handshake_is_waited_for_10_s(void **state)
{
    (void)state;
    handshake_silently(false, 10 * SECOND);
}

static void a_better_targets_handshake_is_waited_for_1_5_s(void **state)
{
    (void)state;
    handshake_silently(true, 1500 * MS);
}

/* --- sending ---------------------------------------------------------------------------- */

static void tcp_gives_up_a_receiver_that_takes_nothing_for_20_s(void **state)
{
    uint16_t port;
    int listener = receiver_bind(&port), fd;
    struct running r;

    (void)state;
    listen(listener, 1);
    start_tcp(&r, &output_tcp, &port, 1);
    put(&r, 1, "one\n");
    fd = receiver_accept(listener);
    clock_rest(&r.output);
    put_too_much(&r);
    assert_in_range(silence_before_error(&r), 20 * SECOND, 20 * SECOND + 51 * MS);
    abandon(&r);
    close(fd);
    close(listener);
}

static void tls_gives_up_a_receiver_that_takes_nothing_for_20_s(void **state)
{
    int file = open("tests/fuzz/corpus/tls/tls12", O_RDONLY), listener, fd;
    char bytes[8192];
    ssize_t len = read(file, bytes, sizeof bytes);
    struct running r;
    uint16_t port;

    (void)state;
    close(file);
    if (!tls_built)
        skip();
    listener = receiver_bind(&port);
    listen(listener, 1);
    start_tcp(&r, &output_tls, &port, 1);
    put(&r, 1, "one\n");
    fd = receiver_accept(listener);
    receiver_send(fd, bytes, (size_t)len);
    clock_rest(&r.output);
    put_too_much(&r);
    assert_in_range(silence_before_error(&r), 20 * SECOND, 20 * SECOND + 51 * MS);
    abandon(&r);
    close(fd);
    close(listener);
}

static int bind_unix(const char *dir, char path[100], int type)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, type, 0);

    strcat(strcpy(path, dir), "/s");
    strcpy(at.sun_path, path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void start_unix(struct running *r, const struct transport *transport, const char *path)
{
    const struct endpoint endpoint = {.name = "test:", .format = &encoder_influx, .transport = transport, .path = path};
    struct output_limits limits = small_limits;

    limits.buffer = limits.snapshot_max = 1000000;
    start_to(r, &endpoint, &limits);
}

static void a_unix_stream_gives_up_a_receiver_that_takes_nothing_for_20_s(void **state)
{
    char *dir = dir_make(), path[100];
    int listener = bind_unix(dir, path, SOCK_STREAM);
    struct running r;

    (void)state;
    listen(listener, 1);
    start_unix(&r, &output_unixstream, path);
    put_many(&r, 500);
    assert_in_range(silence_before_error(&r), 20 * SECOND, 20 * SECOND + 51 * MS);
    abandon(&r);
    close(listener);
    dir_remove(dir);
}

/* One more try follows, of the same length. */
static void a_unix_datagram_is_dropped_after_1_s_and_one_more_try(void **state)
{
    char *dir = dir_make(), path[100];
    int receiver = bind_unix(dir, path, SOCK_DGRAM);
    struct running r;

    (void)state;
    start_unix(&r, &output_unixgram, path);
    put_many(&r, 599);
    assert_in_range(silence_before_error(&r), SECOND, SECOND + MS);
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
    clock_pass(&r.output, SECOND - MS);
    assert_int_equal(counted(&r, DROPPED_LINES), 0);
    clock_pass(&r.output, 2 * MS);
    assert_int_equal(counted(&r, DROPPED_LINES) + counted(&r, SENT_LINES), 599);
    assert_true(counted(&r, DROPPED_LINES) > 0);
    finish(&r);
    close(receiver);
    dir_remove(dir);
}

/* --- an answer ---------------------------------------------------------------------------- */

static int listener_of_http;

/* Posts a line. Returns the connection that carried it. */
static int post(struct running *r)
{
    uint16_t port;
    int fd;

    listener_of_http = receiver_bind(&port);
    listen(listener_of_http, 1);
    start_tcp(r, &output_http, &port, 1);
    put(r, 1, "one\n");
    fd = receiver_accept(listener_of_http);
    receiver_read(fd, "\r\n\r\none\n");
    clock_rest(&r->output);
    return fd;
}

static void answer(int fd, const char *text)
{
    receiver_send(fd, text, strlen(text));
}

/* Posts once more. After the pause the output opens another connection, which is answered. */
static void post_again(struct running *r)
{
    int fd = receiver_accept(listener_of_http);

    receiver_read(fd, "\r\n\r\none\n");
    answer(fd, "HTTP/1.1 204 No Content\r\n\r\n");
    clock_rest(&r->output);
    assert_int_equal(counted(r, SENT_LINES), 1);
    finish(r);
    close(fd);
    close(listener_of_http);
}

static void an_answer_is_waited_for_20_s(void **state)
{
    struct running r;
    int fd = post(&r);

    (void)state;
    assert_fails_after(&r, 20 * SECOND, "the receiver gave no answer for 20 s");
    clock_pass(&r.output, SECOND); /* the first pause is half a second at most */
    post_again(&r);
    close(fd);
}

/* The verdict is known by then. */
static void the_rest_of_an_answer_is_waited_for_2_s(void **state)
{
    struct running r;
    int fd = post(&r);

    (void)state;
    answer(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive");
    clock_pass(&r.output, 2 * SECOND - MS);
    assert_int_equal(counted(&r, SENT_LINES), 0);
    clock_pass(&r.output, 2 * MS);
    assert_int_equal(counted(&r, SENT_LINES), 1);
    finish(&r);
    close(fd);
    close(listener_of_http);
}

/* Answers with a failure. The output then does nothing for wait_s, and at most a quarter of that, or half a second,
 * more. */
static void answer_and_wait(const char *text, unsigned wait_s)
{
    struct running r;
    int fd = post(&r);

    answer(fd, text);
    clock_rest(&r.output);
    assert_int_equal(counted(&r, SEND_ERRORS), 1);
    clock_pass(&r.output, wait_s * SECOND - MS);
    assert_int_equal(r.output.link->fd, -1);
    assert_int_equal(counted(&r, RECONNECTS), 0);
    clock_pass(&r.output, (wait_s > 2 ? wait_s * 250 + 2 : 502) * MS);
    post_again(&r);
    close(fd);
}

static void what_only_an_operator_can_mend_is_tried_again_after_30_s(void **state)
{
    (void)state;
    answer_and_wait("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 30);
}

static void a_receiver_is_tried_again_at_the_time_it_gave(void **state)
{
    (void)state;
    answer_and_wait("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n", 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_connection_is_waited_for_5_s, set_up),
        cmocka_unit_test_setup(a_better_targets_connection_is_waited_for_1_5_s, set_up),
        cmocka_unit_test_setup(a_handshake_is_waited_for_10_s, set_up),
        cmocka_unit_test_setup(a_better_targets_handshake_is_waited_for_1_5_s, set_up),
        cmocka_unit_test_setup(tcp_gives_up_a_receiver_that_takes_nothing_for_20_s, set_up),
        cmocka_unit_test_setup(tls_gives_up_a_receiver_that_takes_nothing_for_20_s, set_up),
        cmocka_unit_test_setup(a_unix_stream_gives_up_a_receiver_that_takes_nothing_for_20_s, set_up),
        cmocka_unit_test_setup(a_unix_datagram_is_dropped_after_1_s_and_one_more_try, set_up),
        cmocka_unit_test_setup(an_answer_is_waited_for_20_s, set_up),
        cmocka_unit_test_setup(the_rest_of_an_answer_is_waited_for_2_s, set_up),
        cmocka_unit_test_setup(what_only_an_operator_can_mend_is_tried_again_after_30_s, set_up),
        cmocka_unit_test_setup(a_receiver_is_tried_again_at_the_time_it_gave, set_up),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
