/* The packets that --check sends to a receiver of datagrams. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/transport.h"
#include "unit/helper.h"

static struct endpoint endpoint = {
    .name = "udp://127.0.0.1", .transport = &output_udp, .target[0].host = "127.0.0.1", .n_targets = 1};

/* Binds a socket to a free port, and points endpoint to it. Returns the socket. */
static int bind_receiver(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    endpoint.target[0].port = ntohs(at.sin_port);
    return fd;
}

static void a_receiver_gets_one_empty_datagram(void **state)
{
    int fd = bind_receiver();
    struct link link;
    char got;

    (void)state;
    link_init(&link, &endpoint);
    assert_int_equal(link.endpoint->transport->open(&link), 0);
    assert_int_equal(link.endpoint->transport->probe(&link), PROBE_UNKNOWN);
    assert_non_null(strstr(link.why, "was not refused within 500 ms"));
    assert_int_equal(recv(fd, &got, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(fd, &got, 1, MSG_DONTWAIT), -1);
    link_close(&link);
    close(fd);
}

static void nobody_refuses_it(void **state)
{
    struct link link;

    (void)state;
    close(bind_receiver());
    link_init(&link, &endpoint);
    assert_int_equal(link.endpoint->transport->open(&link), 0);
    assert_int_equal(link.endpoint->transport->probe(&link), -ECONNREFUSED);
    assert_string_equal(link.why, "nobody listens there: an empty datagram was refused");
    link_close(&link);
}

static void where_nothing_can_be_asked_there_is_no_probe(void **state)
{
    (void)state;
    for (const struct transport *const *t = transports; *t; t++)
        assert_row(!(*t)->probe == (*t != &output_udp && (*t)->acknowledged != ACKNOWLEDGED_BY_ANSWER), (*t)->scheme);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_gets_one_empty_datagram),
        cmocka_unit_test(nobody_refuses_it),
        cmocka_unit_test(where_nothing_can_be_asked_there_is_no_probe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
