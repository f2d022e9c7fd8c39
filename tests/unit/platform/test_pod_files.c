/* The files of another process, and directories, which the test writes. */
#include <errno.h>
#include <string.h>

#include "count/pod.h"
#include "linux.h"
#include "platform.h"
#include "unit/helper.h"

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define ROW(st, rx) \
    "   0: 0100007F:1F90 00000000:0000 " st " 00000000:0000000" rx " 00:00000000 00000000     0        0 42\n"
#define LISTENS(rx) ROW("0A", rx)

static char *dir, buf[PLATFORM_KERNEL_BUF];

static int write_proc(void **state)
{
    (void)state;
    dir = dir_make();
    dir_put_text(dir, "42/net/sockstat",
                 "sockets: used 40\nTCP: inuse 4 orphan 6 tw 3 alloc 20 mem 2\nUDP: inuse 5 mem 1\n");
    dir_put_text(dir, "42/net/snmp", "Tcp: CurrEstab OutRsts\nTcp: 7 8\nUdp: InErrors\nUdp: 70\n");
    dir_put_text(dir, "42/net/netstat", "TcpExt: ListenDrops\nTcpExt: 3\n");
    dir_put_text(dir, "42/net/tcp", HEADER LISTENS("1") ROW("03", "0") LISTENS("2") ROW("01", "0") LISTENS("4"));
    return 0;
}

static int remove_proc(void **state)
{
    (void)state;
    dir_remove(dir);
    return 0;
}

static int read_written(unsigned depth, struct pod_reading *out)
{
    char process[300], tcp[300];

    strcat(strcpy(process, dir), "/42");
    strcat(strcpy(tcp, process), "/net/tcp");
    return platform_pod_read(dir, 42, linux_inode(process), linux_inode(tcp), depth, buf, NULL, NULL, out);
}

static void without_ipv6_the_numbers_are_ipv4s(void **state)
{
    struct pod_reading r;

    (void)state;
    assert_int_equal(read_written(POD_COUNTERS, &r), 0);
    assert_false(r.ipv6);
    assert_true(r.family[0].tcp_inuse == 4 && r.time_wait == 3 && r.current == 7 && r.family[0].count[FIELD_UDP] == 5);
    assert_int_equal(r.kernel.known, 1u << SOCKETS_USED | 1u << OUT_RSTS | 1u << UDP_IN_ERRORS | 1u << LISTEN_DROPS);
    assert_true(r.kernel.n[UDP_IN_ERRORS] == 70 && r.kernel.n[LISTEN_DROPS] == 3);
    dir_put_text(dir, "42/net/snmp6", "Udp6InErrors \t5\n");
    dir_put_text(dir, "42/net/sockstat6", "TCP6: inuse 2\nUDP6: inuse 6\n");
    assert_int_equal(read_written(POD_COUNTERS, &r), 0);
    assert_true(r.ipv6 && r.family[1].tcp_inuse == 2 && r.family[1].count[FIELD_UDP] == 6);
    assert_int_equal(r.kernel.n[UDP_IN_ERRORS], 75);
}

static void the_rows_of_listeners_end_at_the_first_other_one(void **state)
{
    struct pod_reading r;

    (void)state;
    assert_int_equal(read_written(POD_LISTENERS, &r), 0);
    assert_int_equal(r.family[0].count[STATE_LISTEN], 2);
    assert_int_equal(r.family[0].accept_queue, 3);
    assert_int_equal(read_written(POD_SOCKETS, &r), 0);
    assert_int_equal(r.family[0].count[STATE_LISTEN], 3);
    assert_int_equal(r.family[0].accept_queue, 7);
    assert_true(r.family[0].count[STATE_SYN_RECV] == 1 && r.family[0].count[STATE_ESTABLISHED] == 1);
}

static void a_table_that_cannot_have_rows_of_interest_is_not_read(void **state)
{
    struct pod_reading r;

    (void)state;
    dir_put_text(dir, "42/net/tcp", "bad");
    dir_put_text(dir, "42/net/sockstat", "TCP: inuse 0 tw 3\n");
    assert_int_equal(read_written(POD_LISTENERS, &r), 0);
    assert_int_equal(read_written(POD_SOCKETS, &r), -ENODATA);
    dir_put_text(dir, "42/net/sockstat", "TCP: inuse 0 tw 0\n");
    assert_int_equal(read_written(POD_SOCKETS, &r), 0);
    dir_put_text(dir, "42/net/sockstat", "TCP: inuse 1 tw 0\n");
    dir_put_text(dir, "42/net/tcp", HEADER "bad\n");
    assert_int_equal(read_written(POD_LISTENERS, &r), -EBADMSG);
}

static void a_file_that_is_absent_is_an_error_while_the_process_is_there(void **state)
{
    struct pod_reading r;

    (void)state;
    dir_unlink(dir, "42/net/netstat");
    assert_int_equal(read_written(POD_COUNTERS, &r), -ENOENT);
    dir_unlink(dir, "42/net/tcp");
    assert_int_equal(platform_namespace(dir, 42), 0);
}

static void take_letter(void *ctx, const char *name)
{
    if (*name != '.')
        *(unsigned *)ctx |= 1u << (*name - 'a');
}

static void a_directory_is_walked_to_its_end(void **state)
{
    char *logs = dir_make(), name[] = "a-name-that-fills-the-buffer-after-some-more-of-them-0-000";
    unsigned found = 0;

    (void)state;
    for (int i = 0; i < 26 * 10; i++) {
        name[0] = (char)('a' + i % 26);
        name[sizeof name - 2] = (char)('0' + i / 26);
        dir_put_text(logs, name, "");
    }
    assert_int_equal(platform_directory_walk(logs, take_letter, &found), 0);
    assert_int_equal(found, (1u << 26) - 1);
    dir_remove(logs);
    assert_int_equal(platform_directory_walk("/none", take_letter, &found), -ENOENT);
    assert_int_equal(platform_directory_walk("/proc/stat", take_letter, &found), -ENOTDIR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(without_ipv6_the_numbers_are_ipv4s, write_proc, remove_proc),
        cmocka_unit_test_setup_teardown(the_rows_of_listeners_end_at_the_first_other_one, write_proc, remove_proc),
        cmocka_unit_test_setup_teardown(a_table_that_cannot_have_rows_of_interest_is_not_read, write_proc, remove_proc),
        cmocka_unit_test_setup_teardown(a_file_that_is_absent_is_an_error_while_the_process_is_there, write_proc,
                                        remove_proc),
        cmocka_unit_test(a_directory_is_walked_to_its_end),
    };

    return cmocka_run_group_tests_name("pod_files", tests, NULL, NULL);
}
