/* Opens a thousand connections over real sockets, with recorded handshakes. The sanitizers must see no leak, and no
 * descriptor may stay open. Time stands still (unit/output/clock.h), so none fails by a time limit, however busy the
 * machine is. */
#include "unit/helper.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>

#include "output/output.h"
#include "unit/tls/tls_recorded.h"

#define TIMES (1000 / ONE_IN)

static struct {
    int listener;
    uint16_t port;
    uint8_t bytes[2][8192]; /* sent at once to each connection; of TLS 1.2 and 1.3 */
    size_t len[2];
    unsigned came;
    _Atomic bool silent; /* the main thread sets it */
} receiver;

static void *serve(void *arg)
{
    char drained[4096];
    int fd;

    for (; (fd = accept(receiver.listener, NULL, NULL)) >= 0; receiver.came++) {
        unsigned which = receiver.came % 2;
        size_t len = receiver.silent     ? 0
                     : receiver.came % 3 ? receiver.came * 7 % receiver.len[which]
                                         : receiver.len[which];

        if (send(fd, receiver.bytes[which], len, MSG_NOSIGNAL) == (ssize_t)len && len != receiver.len[which])
            shutdown(fd, SHUT_WR);
        while (recv(fd, drained, sizeof drained, 0) > 0)
            ;
        close(fd);
    }
    return arg;
}

static unsigned descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* Returns how many of the connections were made. */
static unsigned connect_many(const struct transport *transport)
{
    static const struct tls_settings tls = {.ca = RECORDED_CA, .verify = true, .name = "localhost"};
    struct endpoint endpoint = {
        .name = "test", .transport = transport, .n_targets = 1, .tls = &tls, .target = {{"127.0.0.1", receiver.port}}};
    static struct link link;
    unsigned before = descriptors(), opened = 0;

    for (int i = 0; i < TIMES; i++) {
        link_init(&link, &endpoint);
        random_state = 1;
        if (transport->open(&link)) {
            assert_true(*link.why);
            continue;
        }
        opened++;
        assert_int_equal(transport->send(&link, "a line\n", 7), 0);
        if (i % 2)
            link_finish(&link);
        link_close(&link);
    }
    assert_in_range(descriptors(), before - 1, before + 1); /* the receiver may be closing its last one */
    return opened;
}

static void tcp(void **state)
{
    (void)state;
    receiver.silent = true;
    assert_int_equal(connect_many(&output_tcp), TIMES);
    receiver.silent = false;
}

/* Some handshakes are whole, most are cut somewhere. */
static void tls(void **state)
{
    (void)state;
    if (!tls_built)
        skip();
    assert_in_range(connect_many(&output_tls), TIMES / 4, TIMES / 2);
}

static int start(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    pthread_t thread;

    (void)state;
    for (int i = 0; i < 2; i++) {
        int fd = open(i ? "tests/fuzz/corpus/tls/tls13" : "tests/fuzz/corpus/tls/tls12", O_RDONLY);

        receiver.len[i] = (size_t)read(fd, receiver.bytes[i], sizeof receiver.bytes[i]);
        close(fd);
    }
    receiver.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(receiver.listener, (struct sockaddr *)&at, len) || listen(receiver.listener, SOMAXCONN) ||
        getsockname(receiver.listener, (struct sockaddr *)&at, &len))
        return 1;
    receiver.port = ntohs(at.sin_port);
    return pthread_create(&thread, NULL, serve, NULL) || pthread_detach(thread);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp),
        cmocka_unit_test(tls),
    };

    return cmocka_run_group_tests(tests, start, NULL);
}
