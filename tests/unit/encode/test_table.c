/* The format for eyes. */
#include <string.h>

#include "encode/encode.h"
#include "unit/helper.h"

static char text[4096];

static const char *line(const struct point *p)
{
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 1000};

    encoder_table.point(&sink, p);
    assert_int_equal(sink.lines, 1);
    text[out.len] = '\0';
    return text;
}

#define TCP {.name = "tcp_any"}

static void the_table_has_aligned_columns(void **state)
{
    static const struct field all[13] = {{.name = "tcp_established", .value = 1}, {.name = "tcp_syn_sent", .value = 1234567},
                                         TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, {.name = "udp_socket", .value = 5}};
    struct tag tag[] = {{"addr_port", "10.0.0.5:80"}, {"host", "a"}, {"ip_version", "4"}};
    struct point p = {.prefix = "", .measurement = "netstat_port", .tags = {tag, 3}, .field = all, .n_fields = 13};
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 1000};

    (void)state;
    encoder_table.begin(&sink);
    text[out.len] = '\0';
    assert_string_equal(text, "\nIP PORT               ESTAB SYN_SENT SYN_RECV  FIN_W1  FIN_W2  TIME_W   CLOSE CLOSE_W LAST_ACK"
                              "  LISTEN CLOSING    NONE     UDP     PID\n");
    assert_string_equal(line(&p), "4  10.0.0.5:80            1  1234567        0       0       0       0       0"
                                                   "       0        0       0       0       0       5\n");
    p.tags = (struct tags){tag + 1, 2};
    p.measurement = "netstat";
    assert_memory_equal(line(&p), "4  all             ", 19);
}

static void each_number_stands_under_its_heading_though_a_protocol_is_missing(void **state)
{
    static const struct field udp = {.name = "udp_socket", .value = 5},
                              tcp[] = {TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, TCP, {.name = "pid", .value = 9}};
    struct point p = {.prefix = "", .measurement = "netstat", .field = &udp, .n_fields = 1};
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 1000};
    size_t udp_end;

    (void)state;
    encoder_table.begin(&sink);
    text[out.len] = '\0';
    udp_end = (size_t)(strstr(text, "UDP") - text) + 2; /* without the empty line */
    assert_int_equal(strlen(line(&p)), udp_end + 1);
    assert_string_equal(text + udp_end - 2, " 5\n");
    p.field = tcp;
    p.n_fields = 13;
    assert_int_equal(strlen(line(&p)), udp_end + 8 + 1);
    assert_string_equal(text + udp_end - 10, " 0               9\n");
}

static void the_table_shows_sockpushs_own_series_on_a_line(void **state)
{
    static const struct field own[] = {{.name = "poll_us", .value = 9}, {.name = "sockets", .value = 8}};
    struct tag tag[] = {{"backend", "netlink\n"}, {"host", "a"}};
    struct point p = {.prefix = "", .measurement = "sockpush", .tags = {tag, 2}, .field = own, .n_fields = 2};

    (void)state;
    assert_string_equal(line(&p), "sockpush netlink_: poll_us=9 sockets=8\n");
}

static void a_long_address_moves_its_row_and_no_number_sticks_to_it(void **state)
{
    static const struct field one[] = {{.name = "tcp_established", .value = 9999999}};
    struct tag tag = {"addr_port", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"};
    struct point p = {.prefix = "", .measurement = "netstat_port", .tags = {&tag, 1}, .field = one, .n_fields = 1};

    (void)state;
    assert_string_equal(line(&p), "   [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 9999999\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_aligned_columns),
        cmocka_unit_test(each_number_stands_under_its_heading_though_a_protocol_is_missing),
        cmocka_unit_test(the_table_shows_sockpushs_own_series_on_a_line),
        cmocka_unit_test(a_long_address_moves_its_row_and_no_number_sticks_to_it),
    };

    return cmocka_run_group_tests_name("encode_table", tests, NULL, NULL);
}
