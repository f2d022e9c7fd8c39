/* The procfs backend on directories that the test writes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "procfs.h"
#include "unit/helper.h"

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define ROW(address, state, inode)                                                                                   \
    "   0: " address ":1F90 " address ":0000 " state " 00000000:00000000 00:00000000 00000000     0        0 " inode \
    " 1 0\n"
#define V4 "0500000A"
#define V6 "B80D0120000000000000000001000000"

struct got {
    struct sock sock[5000];
    unsigned n;
    struct poll_report report;
};

static struct got got;

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    assert_ptr_equal(ctx, &got);
    assert_int_equal(n, 1);
    if (got.n < COUNT_OF(got.sock))
        got.sock[got.n] = *s;
    got.n++;
}

/* Opens, polls once, closes. Returns the error of open, too, as a failed poll. */
static int poll_dir(const char *dir, enum protocol protocol, bool listeners_first)
{
    const struct backend_want want = {.proc = dir, .listeners_first = listeners_first};
    struct backend_state *backend;
    int ret = backend_procfs.open(&backend, &want);

    memset(&got, 0, sizeof got);
    if (ret)
        return ret;
    ret = backend_procfs.poll(backend, protocol, take, &got, &got.report);
    backend_procfs.close(backend);
    return ret;
}

static void fill(const char *dir)
{
    dir_put_text(dir, "1/net/tcp", HEADER ROW(V4, "0A", "1") ROW(V4, "01", "2"));
    dir_put_text(dir, "1/net/tcp6", HEADER ROW(V6, "0A", "3") ROW(V6, "06", "0"));
    dir_put_text(dir, "1/net/udp", HEADER ROW(V4, "07", "5"));
    dir_put_text(dir, "1/net/udp6", HEADER ROW(V6, "07", "6") ROW(V6, "01", "7"));
}

static void both_families_are_read(void **state)
{
    char *dir = dir_make();

    (void)state;
    fill(dir);
    assert_int_equal(poll_dir(dir, PROTOCOL_TCP, false), 0);
    assert_int_equal(got.n, 4);
    assert_true(got.report.ipv6);
    assert_int_equal(got.report.partial, 0);
    assert_int_equal(got.sock[0].inode, 1);
    assert_int_equal(got.sock[3].state, STATE_TIME_WAIT);
    assert_int_equal(poll_dir(dir, PROTOCOL_UDP, true), 0);
    assert_int_equal(got.n, 3);
    assert_int_equal(got.sock[0].protocol, PROTOCOL_UDP);
    dir_remove(dir);
}

static void without_the_second_file_there_is_no_ipv6(void **state)
{
    char *dir = dir_make();

    (void)state;
    fill(dir);
    dir_unlink(dir, "1/net/tcp6");
    dir_unlink(dir, "1/net/udp6");
    for (int first = 0; first < 2; first++) {
        assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
        assert_int_equal(got.n, 2);
        assert_false(got.report.ipv6);
    }
    assert_int_equal(poll_dir(dir, PROTOCOL_UDP, false), 0);
    assert_int_equal(got.n, 1);
    dir_remove(dir);
}

static void drops_are_emitted_if_they_are_wanted_and_known(void **state)
{
    char *dir = dir_make();
    struct backend_want want = {.proc = dir};
    struct backend_state *backend;

    (void)state;
    fill(dir);
    dir_unlink(dir, "1/net/udp6");
    for (int i = 0; i < 3; i++) {
        const char *row = i < 2 ? ROW(V4, "07", "5 2 00000000") : ROW(V4, "07", "5"); /* before its last columns */
        char text[1000];

        snprintf(text, sizeof text, "%s%s", HEADER, row);
        dir_put_text(dir, "1/net/udp", text);
        want.drops = i;
        memset(&got, 0, sizeof got);
        assert_int_equal(backend_procfs.open(&backend, &want), 0);
        assert_int_equal(backend_procfs.poll(backend, PROTOCOL_UDP, take, &got, &got.report), 0);
        backend_procfs.close(backend);
        assert_int_equal(got.n, 1);
        assert_int_equal(!!(got.sock[0].known & SOCK_DROPS), i == 1);
        assert_int_equal(got.report.drops, i == 1);
    }
    dir_remove(dir);
}

static void one_protocol_over_ipv6_is_enough_to_have_it(void **state)
{
    static const char *const missing[] = {"1/net/tcp6", "1/net/udp6"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        char *dir = dir_make();
        const struct backend_want want = {.proc = dir};
        struct backend_state *backend;

        fill(dir);
        dir_unlink(dir, missing[i]);
        memset(&got, 0, sizeof got);
        assert_int_equal(backend_procfs.open(&backend, &want), 0);
        for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
            assert_int_equal(backend_procfs.poll(backend, (enum protocol)protocol, take, &got, &got.report), 0);
        assert_row(got.report.ipv6, missing[i]);
        backend_procfs.close(backend);
        dir_remove(dir);
    }
}

static void a_file_that_cannot_be_read_is_an_error_and_no_zero(void **state)
{
    static const struct {
        const char *file, *text; /* text is NULL: the file is absent */
        enum protocol protocol;
    } row[] = {
        {"1/net/tcp", NULL, PROTOCOL_TCP},
        {"1/net/udp", NULL, PROTOCOL_UDP},
        {"1/net/tcp", "", PROTOCOL_TCP},
        {"1/net/tcp6", "", PROTOCOL_TCP},
        {"1/net/udp", "", PROTOCOL_UDP},
        {"1/net/tcp", "  sl  local_addr", PROTOCOL_TCP},
        {"1/net/tcp", "\n", PROTOCOL_TCP},
        {"1/net/tcp", "garbage\n", PROTOCOL_TCP},
        {"1/net/tcp", ROW(V4, "0A", "1"), PROTOCOL_TCP},
        {"1/net/tcp", HEADER "garbage\n", PROTOCOL_TCP},
        {"1/net/tcp6", HEADER "\n", PROTOCOL_TCP},
        {"1/net/udp6", HEADER ROW(V6, "07", "1") "x\n", PROTOCOL_UDP},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        for (int first = 0; first < 2; first++) {
            char *dir = dir_make();

            fill(dir);
            dir_unlink(dir, row[i].file);
            if (row[i].text)
                dir_put_text(dir, row[i].file, row[i].text);
            assert_row(poll_dir(dir, row[i].protocol, first) < 0, row[i].file);
            dir_remove(dir);
        }
}

static void a_directory_or_nothing_in_the_place_is_an_error(void **state)
{
    static char long_path[5000];
    char *dir = dir_make();

    (void)state;
    assert_int_equal(poll_dir(dir, PROTOCOL_TCP, false), -ENOENT);
    dir_put_text(dir, "1/net/tcp/x", "");
    assert_true(poll_dir(dir, PROTOCOL_TCP, false) < 0);
    memset(long_path, 'x', sizeof long_path - 1);
    long_path[0] = '/';
    assert_int_equal(poll_dir(long_path, PROTOCOL_TCP, false), -ENAMETOOLONG);
    dir_remove(dir);
}

static void a_file_cut_within_a_row_is_partial_and_its_whole_rows_count(void **state)
{
    static const char text[] = HEADER ROW(V4, "0A", "11") ROW(V4, "01", "12") ROW(V4, "01", "13");
    size_t header = sizeof HEADER - 1, row = sizeof ROW(V4, "0A", "11") - 1;

    (void)state;
    for (int first = 0; first < 2; first++)
        for (size_t len = header; len < sizeof text; len++) {
            char *dir = dir_make();

            dir_put(dir, "1/net/tcp", text, len);
            assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
            assert_int_equal(got.n, (len - header) / row);
            assert_int_equal(got.report.partial, (len - header) % row ? 1 : 0);
            for (unsigned i = 0; i < got.n; i++)
                assert_int_equal(got.sock[i].inode, 11 + i); /* a cut row has no inode */
            dir_remove(dir);
        }
}

static void listeners_come_first_where_that_is_wanted_and_each_socket_once(void **state)
{
    static char text[5000 * sizeof ROW(V4, "0A", "1")];
    const unsigned listeners = 300, others = 1200; /* more than one read() */
    char *dir = dir_make();
    size_t at = 0;

    (void)state;
    /* The kernel's order: listeners (with their requests between them on old kernels), then the others. */
    at += (size_t)sprintf(text, "%s", HEADER);
    for (unsigned i = 0; i < listeners + others; i++)
        at += (size_t)sprintf(text + at, "%s",
                              i < listeners ? i % 10 == 5 ? ROW(V4, "03", "0") : ROW(V4, "0A", "1")
                                            : ROW(V4, "01", "2"));
    dir_put(dir, "1/net/tcp", text, at);
    dir_put_text(dir, "1/net/tcp6", HEADER ROW(V6, "0A", "3") ROW(V6, "06", "0"));
    for (int first = 0; first < 2; first++) {
        unsigned seen = 0, other_seen = 0;

        assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
        assert_int_equal(got.n, listeners + others + 2);
        for (unsigned i = 0; i < got.n; i++) {
            other_seen += got.sock[i].state != STATE_LISTEN;
            seen += got.sock[i].state == STATE_LISTEN;
            if (first && got.sock[i].state == STATE_LISTEN)
                assert_int_equal(other_seen, 0);
        }
        assert_int_equal(seen, listeners * 9 / 10 + 1);
    }
    dir_remove(dir);
}

static void only_listeners_and_no_listeners(void **state)
{
    char *dir = dir_make();

    (void)state;
    for (int first = 0; first < 2; first++) {
        dir_put_text(dir, "1/net/tcp", HEADER);
        assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
        assert_int_equal(got.n, 0);
        dir_put_text(dir, "1/net/tcp", HEADER ROW(V4, "0A", "1"));
        assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
        assert_int_equal(got.n, 1);
        dir_put_text(dir, "1/net/tcp", HEADER ROW(V4, "01", "1"));
        assert_int_equal(poll_dir(dir, PROTOCOL_TCP, first), 0);
        assert_int_equal(got.n, 1);
    }
    dir_remove(dir);
}

static void a_line_longer_than_any_row_is_refused(void **state)
{
    static char text[40000];
    char *dir = dir_make();

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, HEADER, sizeof HEADER - 1);
    dir_put(dir, "1/net/tcp", text, sizeof text);
    assert_int_equal(poll_dir(dir, PROTOCOL_TCP, false), -EBADMSG);
    text[1000] = '\n';
    dir_put(dir, "1/net/tcp", text, 1001);
    assert_int_equal(poll_dir(dir, PROTOCOL_TCP, false), -EBADMSG);
    memset(text, '\0', sizeof text);
    dir_put(dir, "1/net/tcp", text, sizeof text);
    assert_true(poll_dir(dir, PROTOCOL_TCP, false) < 0);
    dir_remove(dir);
}

static void this_machines_own_tables_are_read(void **state)
{
    (void)state;
    assert_int_equal(poll_dir("/proc", PROTOCOL_TCP, true), 0);
    assert_int_equal(poll_dir("/proc", PROTOCOL_UDP, false), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_read),
        cmocka_unit_test(without_the_second_file_there_is_no_ipv6),
        cmocka_unit_test(drops_are_emitted_if_they_are_wanted_and_known),
        cmocka_unit_test(one_protocol_over_ipv6_is_enough_to_have_it),
        cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_and_no_zero),
        cmocka_unit_test(a_directory_or_nothing_in_the_place_is_an_error),
        cmocka_unit_test(a_file_cut_within_a_row_is_partial_and_its_whole_rows_count),
        cmocka_unit_test(listeners_come_first_where_that_is_wanted_and_each_socket_once),
        cmocka_unit_test(only_listeners_and_no_listeners),
        cmocka_unit_test(a_line_longer_than_any_row_is_refused),
        cmocka_unit_test(this_machines_own_tables_are_read),
    };

    return cmocka_run_group_tests_name("procfs", tests, NULL, NULL);
}
