#include "unit/output/tcp_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "output/http_request.h"
#include "unit/tls/tls_recorded_ca.h"

int receiver_bind(uint16_t *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0), least = 1;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    *port = ntohs(at.sin_port);
    return fd;
}

/* Linux drops a SYN when a listener's queue is longer than its backlog, here 0. */
int receiver_listen_full(int listener, uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pollfd queue = {.fd = listener, .events = POLLIN};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(poll(&queue, 1, -1), 1);
    return fd;
}

int receiver_accept(int listener)
{
    int fd = accept(listener, NULL, NULL);

    assert_true(fd >= 0);
    return fd;
}

void receiver_read(int fd, const char *end)
{
    char in[4096];
    size_t at = 0, len = strlen(end);

    while (at < len || memcmp(in + at - len, end, len)) {
        ssize_t n = recv(fd, in + at, sizeof in - at, 0);

        assert_true(n > 0);
        at += (size_t)n;
    }
}

void receiver_send(int fd, const void *bytes, size_t len)
{
    assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), len);
    clock_arrived(fd);
}

void start_tcp(struct running *r, const struct transport *transport, const uint16_t *port, int n)
{
    static const struct http_settings http = {.headers = "", .hidden = ""};
    static const struct tls_settings tls = {.ca = RECORDED_CA, .verify = true, .name = "localhost"};
    /* clang-format off */
    struct endpoint endpoint = {
        .name = "test:", .format = &encoder_influx, .transport = transport, .path = "/write", .http = &http, .hidden = "", .tls = &tls, .n_targets = n,
    };
    /* clang-format on */
    struct output_limits limits = small_limits;

    for (int i = 0; i < n; i++)
        endpoint.target[i] = (struct target){"127.0.0.1", port[i]};
    limits.buffer = limits.snapshot_max = 1000000;
    start_to(r, &endpoint, &limits);
}

void abandon(struct running *r)
{
    clock_rest(&r->output);
    r->output.link->gone = true;
    finish(r);
}
