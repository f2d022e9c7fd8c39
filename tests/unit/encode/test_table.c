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

static void the_table_has_aligned_columns(void **state)
{
    struct value all[FIELD_COUNT];
    struct tag tag[] = {{"addr_port", "10.0.0.5:80"}, {"host", "a"}, {"ip_version", "4"}};
    struct point p = {.prefix = "",
                      .measurement = &measurements[NETSTAT_PORT],
                      .tags = {tag, 3},
                      .value = all,
                      .n_values = FIELD_COUNT};
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 1000};

    (void)state;
    for (size_t i = 0; i < FIELD_COUNT; i++)
        all[i] = (struct value){&fields[i],
                                i == STATE_ESTABLISHED ? 1
                                : i == STATE_SYN_SENT  ? 1234567
                                : i == FIELD_UDP       ? 5
                                                       : 0,
                                0};
    encoder_table.begin(&sink);
    text[out.len] = '\0';
    assert_string_equal(
        text, "\nIP PORT               ESTAB SYN_SENT SYN_RECV  FIN_W1  FIN_W2  TIME_W   CLOSE CLOSE_W LAST_ACK"
              "  LISTEN CLOSING    NONE     UDP     PID\n");
    assert_string_equal(line(&p), "4  10.0.0.5:80            1  1234567        0       0       0       0       0"
                                  "       0        0       0       0       0       5\n");
    p.tags = (struct tags){tag + 1, 2};
    p.measurement = &measurements[NETSTAT];
    assert_memory_equal(line(&p), "4  all             ", 19);
}

static void each_number_stands_under_its_heading_though_a_protocol_is_missing(void **state)
{
    static const struct value udp = {&fields[FIELD_UDP], 5, 0};
    struct value tcp[STATE_COUNT + 1] = {[STATE_COUNT] = {&fields[FIELD_PID], 9, 0}};
    struct point p = {.prefix = "", .measurement = &measurements[NETSTAT], .value = &udp, .n_values = 1};
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 1000};
    size_t udp_end;

    (void)state;
    encoder_table.begin(&sink);
    text[out.len] = '\0';
    udp_end = (size_t)(strstr(text, "UDP") - text) + 2; /* without the empty line */
    assert_int_equal(strlen(line(&p)), udp_end + 1);
    assert_string_equal(text + udp_end - 2, " 5\n");
    for (size_t i = 0; i < STATE_COUNT; i++)
        tcp[i].field = &fields[i];
    p.value = tcp;
    p.n_values = COUNT_OF(tcp);
    assert_int_equal(strlen(line(&p)), udp_end + 8 + 1);
    assert_string_equal(text + udp_end - 10, " 0               9\n");
}

static void the_table_shows_sockpushs_own_series_on_a_line(void **state)
{
    static const struct value own[] = {{&fields[FIELD_POLL_US], 9, 0}, {&fields[FIELD_SOCKETS], 8, 0}};
    struct tag tag[] = {{"backend", "netlink\n"}, {"host", "a"}};
    struct point p = {
        .prefix = "", .measurement = &measurements[SOCKPUSH], .tags = {tag, 2}, .value = own, .n_values = 2};

    (void)state;
    assert_string_equal(line(&p), "sockpush netlink_: poll_us=9 sockets=8\n");
}

static void a_long_address_moves_its_row_and_no_number_sticks_to_it(void **state)
{
    static const struct value one[] = {{&fields[STATE_ESTABLISHED], 9999999, 0}};
    struct tag tag = {"addr_port", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"};
    struct point p = {
        .prefix = "", .measurement = &measurements[NETSTAT_PORT], .tags = {&tag, 1}, .value = one, .n_values = 1};

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
