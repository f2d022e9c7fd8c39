/* When an output looks up its name again, how long it waits for the answer, and what follows. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/output/delivery_helper.h"

/* --- names, in place of platform/posix/resolve.c ---------------------------------------- */

static struct {
    const char *address; /* the name's present address; NULL: the nameserver does not answer */
    unsigned looked_up;
    int timeout_ms; /* of the last look-up */
} name;

int net_resolve(const char *host, uint16_t port, struct net_addr *out, int max, int timeout_ms)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

    (void)host, (void)max;
    name.looked_up++;
    name.timeout_ms = timeout_ms;
    if (!name.address)
        return -1;
    inet_pton(AF_INET, name.address, &to.sin_addr);
    memset(out, 0, sizeof *out);
    memcpy(out->bytes, &to, out->len = sizeof to);
    return 1;
}

const char *net_resolve_error(int error)
{
    (void)error;
    return "no nameserver answers";
}

/* --- two receivers on one port ------------------------------------------------------------ */

static struct {
    int fd[2]; /* of 127.0.0.1 and 127.0.0.2 */
    uint16_t port;
} receiver;

static int bind_datagrams(const char *address, uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    inet_pton(AF_INET, address, &at.sin_addr);
    if (!bind(fd, (struct sockaddr *)&at, sizeof at))
        return fd;
    close(fd);
    return -1;
}

/* Opens both. A port that is free at one address may be taken at the other. */
static int open_receivers(void **state)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    (void)state;
    do {
        receiver.fd[0] = bind_datagrams("127.0.0.1", 0);
        getsockname(receiver.fd[0], (struct sockaddr *)&at, &len);
        receiver.port = ntohs(at.sin_port);
        receiver.fd[1] = bind_datagrams("127.0.0.2", receiver.port);
    } while (receiver.fd[1] < 0);
    memset(&name, 0, sizeof name);
    name.address = "127.0.0.1";
    return 0;
}

static int close_receivers(void **state)
{
    (void)state;
    return close(receiver.fd[0]) || close(receiver.fd[1]);
}

/* Waits for the next datagram at that receiver. Returns the port that it came from. */
static uint16_t assert_received(int which, const char *text)
{
    struct sockaddr_in from;
    socklen_t len = sizeof from;
    char in[100];
    ssize_t n = recvfrom(receiver.fd[which], in, sizeof in - 1, 0, (struct sockaddr *)&from, &len);

    assert_true(n >= 0);
    in[n] = '\0';
    assert_string_equal(in, text);
    return ntohs(from.sin_port);
}

static void start_named(struct running *r)
{
    const struct endpoint endpoint = {
        .name = "test:",
        .format = &encoder_dogstatsd,
        .transport = &output_udp,
        .n_targets = 1,
        .target = {{"name.test", receiver.port}},
    };

    start_to(r, &endpoint, &small_limits);
}

static void a_name_is_looked_up_again_after_a_minute_and_its_new_address_is_used(void **state)
{
    struct running r;

    (void)state;
    start_named(&r);
    put(&r, 1, "one\n");
    assert_received(0, "one");
    assert_int_equal(name.timeout_ms, 15000);
    name.address = "127.0.0.2";
    clock_pass(&r.output, 60 * SECOND - MS);
    put(&r, 2, "two\n");
    assert_received(0, "two");
    assert_int_equal(name.looked_up, 1);
    clock_pass(&r.output, MS);
    put(&r, 3, "three\n"); /* the line is sent first, then the name is looked up */
    assert_received(0, "three");
    assert_int_equal(name.looked_up, 2);
    assert_int_equal(name.timeout_ms, 2000);
    put(&r, 4, "four\n");
    assert_received(1, "four");
    assert_int_equal(name.looked_up, 2);
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 4);
}

/* A socket keeps the choices made when it was opened: route, source address, and a NAT's mapping. The output renews
 * it after the first datagram that is sent a minute later. */
static void a_fresh_socket_is_used_after_a_minute(void **state)
{
    struct running r;
    uint16_t first, second;

    (void)state;
    start_named(&r);
    put(&r, 1, "line\n");
    first = assert_received(0, "line");
    clock_pass(&r.output, 60 * SECOND - MS);
    put(&r, 2, "line\n");
    assert_int_equal(assert_received(0, "line"), first);
    clock_pass(&r.output, MS);
    put(&r, 3, "line\n");
    assert_int_equal(assert_received(0, "line"), first);
    put(&r, 4, "line\n");
    second = assert_received(0, "line");
    assert_int_not_equal(second, first);
    assert_int_equal(name.looked_up, 2);
    put(&r, 5, "line\n");
    assert_int_equal(assert_received(0, "line"), second);
    finish(&r);
    assert_int_equal(counted(&r, RECONNECTS) + counted(&r, SEND_ERRORS), 0);
}

/* The last good address stays in use. The next look-up comes a minute later. */
static void a_name_that_cannot_be_looked_up_keeps_its_address(void **state)
{
    struct running r;

    (void)state;
    start_named(&r);
    put(&r, 1, "one\n");
    assert_received(0, "one");
    name.address = NULL;
    clock_pass(&r.output, 60 * SECOND);
    put(&r, 2, "two\n");
    assert_received(0, "two");
    assert_int_equal(name.looked_up, 2);
    clock_pass(&r.output, 60 * SECOND - MS);
    put(&r, 3, "three\n");
    assert_received(0, "three");
    assert_int_equal(name.looked_up, 2);
    clock_pass(&r.output, MS);
    put(&r, 4, "four\n");
    assert_received(0, "four");
    assert_int_equal(name.looked_up, 3);
    finish(&r);
    assert_int_equal(counted(&r, SENT_LINES), 4);
    assert_int_equal(counted(&r, SEND_ERRORS), 0);
}

static void a_name_that_has_never_been_found_is_looked_up_at_each_attempt(void **state)
{
    struct running r;

    (void)state;
    name.address = NULL;
    start_named(&r);
    for (uint64_t poll = 1; poll <= 3; poll++) {
        put(&r, poll, "line\n");
        assert_int_equal(name.looked_up, poll);
        assert_int_equal(name.timeout_ms, 15000);
        assert_int_equal(counted(&r, DROPPED_LINES), poll);
        clock_pass(&r.output, 30 * SECOND);
    }
    name.address = "127.0.0.1";
    put(&r, 4, "four\n");
    assert_received(0, "four");
    finish(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_is_looked_up_again_after_a_minute_and_its_new_address_is_used,
                                        open_receivers, close_receivers),
        cmocka_unit_test_setup_teardown(a_fresh_socket_is_used_after_a_minute, open_receivers, close_receivers),
        cmocka_unit_test_setup_teardown(a_name_that_cannot_be_looked_up_keeps_its_address, open_receivers,
                                        close_receivers),
        cmocka_unit_test_setup_teardown(a_name_that_has_never_been_found_is_looked_up_at_each_attempt, open_receivers,
                                        close_receivers),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
