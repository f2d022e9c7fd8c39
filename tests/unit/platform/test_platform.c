/* The small functions of platform/: paths, texts of errors, Unix addresses, writing, waking. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "linux.h"
#include "platform.h"
#include "unit/helper.h"

static void tables_of_another_procfs_are_those_of_its_process_1(void **state)
{
    static char proc[LINUX_PATH_MAX + 10];
    char path[LINUX_PATH_MAX];

    (void)state;
    assert_true(linux_net_path("/proc", "tcp", path));
    assert_string_equal(path, "/proc/net/tcp");
    assert_true(linux_net_path("/host/proc", "udp6", path));
    assert_string_equal(path, "/host/proc/1/net/udp6");
    for (size_t len = LINUX_PATH_MAX - 20; len < LINUX_PATH_MAX + 5; len++) {
        memset(proc, 'x', len);
        proc[len] = '\0';
        assert_int_equal(linux_net_path(proc, "tcp", path), len + strlen("/1/net/tcp") < LINUX_PATH_MAX);
    }
    assert_int_equal(platform_proc_check(proc), -ENAMETOOLONG);
}

static void a_procfs_is_ours_by_the_inode_of_its_table(void **state)
{
    char *dir = dir_make(), view[256];

    (void)state;
    assert_true(linux_own_namespace("/proc"));
    assert_int_equal(platform_proc_check("/proc"), 0);
    assert_non_null(strstr(platform_view("/proc", view, sizeof view), "own network namespace"));
    assert_false(linux_own_namespace(dir)); /* the file is absent */
    assert_int_equal(platform_proc_check(dir), -ENOENT);
    dir_put_text(dir, "1/net/tcp", "");
    assert_false(linux_own_namespace(dir));
    assert_int_equal(platform_proc_check(dir), 0);
    assert_non_null(strstr(platform_view(dir, view, sizeof view), dir));
    dir_unlink(dir, "1/net/tcp");
    dir_link(dir, "1/net/tcp", "/proc/net/tcp");
    assert_true(linux_own_namespace(dir));
    dir_remove(dir);
}

static void every_error_has_words(void **state)
{
    (void)state;
    assert_string_equal(platform_error_text(ENOENT), "No such file or directory");
    assert_string_equal(platform_error_text(ECONNREFUSED), "Connection refused");
    for (int error = 0; error < 5000; error++)
        assert_true(strlen(platform_error_text(error)) > 2);
    assert_non_null(strstr(platform_error_text(4095), "4095"));
}

static void a_unix_address_is_a_path_or_an_abstract_name(void **state)
{
    const size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path, head = offsetof(struct sockaddr_un, sun_path);
    struct sockaddr_un sun;
    struct net_addr addr;
    char path[200];

    (void)state;
    assert_int_equal(net_unix_addr("/run/a", &addr), 0);
    memcpy(&sun, addr.bytes, sizeof sun);
    assert_int_equal(sun.sun_family, AF_UNIX);
    assert_string_equal(sun.sun_path, "/run/a");
    assert_int_equal(addr.len, head + 7);
    assert_int_equal(net_unix_addr("@name", &addr), 0);
    memcpy(&sun, addr.bytes, sizeof sun);
    assert_memory_equal(sun.sun_path, "\0name", 6);
    assert_int_equal(addr.len, head + 5);
    for (size_t len = max - 3; len < max + 3; len++) {
        memset(path, 'x', len);
        path[0] = '/';
        path[len] = '\0';
        assert_int_equal(net_unix_addr(path, &addr), len < max ? 0 : -ENAMETOOLONG);
    }
}

static void a_full_receiver_of_datagrams_is_waited_for_and_then_given_up(void **state)
{
    uint64_t before = 0;
    int end[2], ret = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, end), 0);
    while (!ret) {
        before = platform_monotonic_ns();
        ret = net_send(end[0], "abc", 3, 50);
    }
    assert_int_equal(ret, -ETIMEDOUT);
    assert_true(platform_monotonic_ns() - before >= 49000000);
    net_close(end[1]);
    assert_int_equal(net_send(end[0], "x", 1, 50), -ECONNREFUSED);
    net_close(end[0]);
}

static void what_is_no_socket_reports_no_acknowledgement(void **state)
{
    uint64_t bytes;
    int end[2];

    (void)state;
    assert_int_equal(pipe(end), 0);
    assert_true(net_unacked(end[1], &bytes) < 0);
    assert_int_equal(net_tcp_window(end[1]), -1);
    assert_int_equal(net_datagram_max(end[1]), 0);
    close(end[0]);
    close(end[1]);
}

static void a_thread_is_woken_by_a_signal_or_its_socket(void **state)
{
    struct net_wake w;
    int end[2];

    (void)state;
    assert_int_equal(net_wake_open(&w), 0);
    assert_int_equal(pipe(end), 0);
    assert_false(net_wake_wait(&w, -1, 0));
    for (int i = 0; i < 200000; i++) /* more than the pipe holds */
        net_wake_signal(&w);
    assert_false(net_wake_wait(&w, end[0], -1)); /* woken, but not by the socket */
    while (net_wake_wait(&w, end[0], 0))
        ;
    assert_int_equal(write(end[1], "x", 1), 1);
    assert_true(net_wake_wait(&w, end[0], -1));
    close(end[0]);
    close(end[1]);
    close(w.fd[0]);
    close(w.fd[1]);
}

/* Gives the pipe back that a descriptor has lost. */
static void *mend_pipe(void *ctx)
{
    int *fd = ctx;

    nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    assert_int_equal(dup2(fd[1], fd[0]), fd[0]);
    return NULL;
}

static void a_signal_that_fails_is_not_lost(void **state)
{
    struct net_wake w;
    pthread_t mender;
    int fd[2];

    (void)state;
    assert_int_equal(net_wake_open(&w), 0);
    fd[0] = w.fd[1];
    fd[1] = dup(w.fd[1]);
    assert_int_equal(dup2(w.fd[0], w.fd[1]), w.fd[1]); /* cannot be written to */
    assert_int_equal(pthread_create(&mender, NULL, mend_pipe, fd), 0);
    net_wake_signal(&w);
    assert_false(net_wake_wait(&w, -1, -1));
    assert_int_equal(pthread_join(mender, NULL), 0);
    close(fd[1]);
    close(w.fd[0]);
    close(w.fd[1]);
}

static void writing_goes_on_until_all_is_written_or_an_error(void **state)
{
    char *dir = dir_make(), path[300], text[20] = "";
    size_t written;
    int end[2], fd;

    (void)state;
    platform_init(); /* a closed pipe is an error, not an end */
    assert_int_equal(pipe(end), 0);
    assert_int_equal(platform_write(end[1], "abc", 3, &written), 0);
    assert_int_equal(written, 3);
    assert_int_equal(read(end[0], text, sizeof text), 3);
    close(end[0]);
    assert_int_equal(platform_write(end[1], "abc", 3, &written), -EPIPE);
    close(end[1]);
    assert_int_equal(platform_write(-1, "abc", 3, NULL), -EBADF);
    strcat(strcpy(path, dir), "/file");
    fd = open(path, O_CREAT | O_RDWR, 0600);
    assert_int_equal(platform_write(fd, "", 0, NULL), 0);
    close(fd);
    dir_remove(dir);
}

static char passed[300000];

static void *read_slowly(void *fd)
{
    size_t at = 0;
    ssize_t n;

    do {
        platform_sleep_ns(1000000);
        n = read(*(int *)fd, passed + at, sizeof passed - at);
        at += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    return NULL;
}

/* Any process that shares the open file description may set O_NONBLOCK at any time. */
static void a_full_pipe_that_does_not_block_is_waited_for(void **state)
{
    static char text[sizeof passed];
    int end[2], ret;
    pthread_t reader;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)any(256);
    assert_int_equal(pipe2(end, O_NONBLOCK), 0);
    fcntl(end[0], F_SETFL, 0);
    pthread_create(&reader, NULL, read_slowly, &end[0]);
    ret = platform_write(end[1], text, sizeof text, NULL);
    close(end[1]);
    pthread_join(reader, NULL);
    assert_int_equal(ret, 0);
    assert_memory_equal(text, passed, sizeof text);
    close(end[0]);
}

/* The log's pipe is full and blocks. No line waits, and the number of lost lines is logged once there is room. */
static void the_log_never_waits(void **state)
{
    static char text[70000];
    int end[2], log = dup(STDERR_FILENO);
    size_t len = 0;
    ssize_t n;

    (void)state;
    assert_int_equal(pipe2(end, O_NONBLOCK), 0);
    while (write(end[1], text, 1000) > 0)
        ;
    while (write(end[1], text, 1) > 0)
        ;
    fcntl(end[1], F_SETFL, 0);
    dup2(end[1], STDERR_FILENO);
    for (int i = 0; i < 5; i++)
        log_event(LOG_ERROR, NULL, NULL, "lost %d", i);
    while (read(end[0], text, sizeof text) > 0)
        ;
    log_event(LOG_ERROR, NULL, NULL, "not lost");
    log_event(LOG_ERROR, NULL, NULL, "the last");
    dup2(log, STDERR_FILENO);
    close(log);
    close(end[1]);
    while ((n = read(end[0], text + len, sizeof text - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(end[0]);
    assert_non_null(strstr(text, " warn msg=\"5 log lines were dropped: nobody read them\"\n"));
    assert_non_null(strstr(text, " error msg=\"not lost\"\n"));
    assert_null(strstr(text, "lost 4"));
    assert_int_equal(strstr(strstr(text, "dropped") + 1, "dropped") == NULL, 1);
}

/* A FIFO without a writer must not block. */
static void an_empty_fifo_is_an_empty_file(void **state)
{
    char *dir = dir_make(), path[300], byte;
    int fd;

    (void)state;
    strcat(strcpy(path, dir), "/fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    fd = platform_file_open(path, false);
    assert_true(fd >= 0);
    assert_int_equal(platform_file_read(fd, &byte, 1), 0);
    platform_file_close(fd);
    dir_remove(dir);
}

static void jitter_is_below_its_bound_and_not_always_the_same(void **state)
{
    uint32_t seen[8] = {0};

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint32_t number = platform_random(8);

        assert_true(number < 8);
        seen[number]++;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++)
        assert_in_range(seen[i], 100000 / 16, 100000 / 4);
    assert_int_equal(platform_random(1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_of_another_procfs_are_those_of_its_process_1),
        cmocka_unit_test(a_procfs_is_ours_by_the_inode_of_its_table),
        cmocka_unit_test(every_error_has_words),
        cmocka_unit_test(a_unix_address_is_a_path_or_an_abstract_name),
        cmocka_unit_test(a_full_receiver_of_datagrams_is_waited_for_and_then_given_up),
        cmocka_unit_test(what_is_no_socket_reports_no_acknowledgement),
        cmocka_unit_test(a_thread_is_woken_by_a_signal_or_its_socket),
        cmocka_unit_test(a_signal_that_fails_is_not_lost),
        cmocka_unit_test(writing_goes_on_until_all_is_written_or_an_error),
        cmocka_unit_test(a_full_pipe_that_does_not_block_is_waited_for),
        cmocka_unit_test(the_log_never_waits),
        cmocka_unit_test(an_empty_fifo_is_an_empty_file),
        cmocka_unit_test(jitter_is_below_its_bound_and_not_always_the_same),
    };

    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
