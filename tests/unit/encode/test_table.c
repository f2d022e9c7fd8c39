/* The format for people. */
#include <stdio.h>
#include <string.h>

#include "encode/encode.h"
#include "unit/helper.h"

static char text[1 << 16];

/* Returns the table of these points: each is seen once before the header, which sets the widths. */
static const char *table(const struct point *p, size_t n)
{
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = sizeof text};

    for (size_t i = 0; i < n; i++)
        encoder_table.point(&sink, &p[i]);
    assert_int_equal(out.len, 0);
    encoder_table.begin(&sink);
    for (size_t i = 0; i < n; i++)
        encoder_table.point(&sink, &p[i]);
    assert_int_equal(sink.lines, n + 1);
    text[out.len] = '\0';
    return text;
}

struct row {
    struct tag tag[2];
    struct value value[FIELD_COLUMNS];
    struct point point;
};

/* Returns a point of all columns but the pid, all zero. */
static struct point *a_row(struct row *r, const char *ip_version, const char *addr_port)
{
    *r = (struct row){.tag = {{"addr_port", addr_port}, {"ip_version", ip_version}}};
    for (size_t i = 0; i < FIELD_COLUMNS; i++)
        r->value[i].field = &fields[i];
    r->point = (struct point){.prefix = "",
                              .measurement = &measurements[addr_port ? NETSTAT_PORT : NETSTAT],
                              .tags = {r->tag + !addr_port, 2 - !addr_port},
                              .value = r->value,
                              .n_values = FIELD_COUNT};
    return &r->point;
}

static void columns_that_are_zero_in_every_row_are_left_out(void **state)
{
    struct row r[3];
    struct point p[3];

    (void)state;
    a_row(&r[0], "4", NULL);
    a_row(&r[1], "4", "80");
    a_row(&r[2], "4", "10.0.0.5:443");
    r[0].value[STATE_ESTABLISHED].now = 1234567;
    r[0].value[STATE_SYN_SENT].now = 1;
    r[0].value[FIELD_UDP].now = 5;
    r[1].value[STATE_ESTABLISHED].now = 9;
    r[1].value[FIELD_COUNT] = (struct value){&fields[FIELD_PID], 4000, 0, false, ADDED_NONE};
    r[1].point.n_values++;
    for (size_t i = 0; i < COUNT_OF(p); i++)
        p[i] = r[i].point;
    assert_string_equal(table(p, COUNT_OF(p)), "\n"
                                               "IP PORT           ESTAB SYN_SENT TIME_W CLOSE_W LISTEN UDP  PID\n"
                                               "4  all          1234567        1      0       0      0   5\n"
                                               "4  80                 9        0      0       0      0   0 4000\n"
                                               "4  10.0.0.5:443       0        0      0       0      0   0\n");
}

static void each_number_stands_under_its_heading_though_a_protocol_is_missing(void **state)
{
    struct row udp, tcp;
    struct point p[2];

    (void)state;
    p[0] = *a_row(&udp, "4", NULL);
    p[0].value = udp.value + FIELD_UDP;
    p[0].n_values = 1;
    udp.value[FIELD_UDP].now = 5;
    a_row(&tcp, "4", "80");
    tcp.value[FIELD_UDP] = (struct value){&fields[FIELD_PID], 9, 0, false, ADDED_NONE};
    p[1] = tcp.point;
    assert_string_equal(table(p, 2), "\n"
                                     "IP PORT ESTAB TIME_W CLOSE_W LISTEN UDP PID\n"
                                     "4  all                                5\n"
                                     "4  80       0      0       0      0       9\n");
}

static void no_line_ends_in_blanks(void **state)
{
    struct row r[2];
    struct point p[2];

    (void)state;
    a_row(&r[0], "4", NULL);
    r[0].value[FIELD_COUNT] = (struct value){&fields[FIELD_ACCEPT_QUEUE_FULLEST], 0, 0, false, ADDED_NONE};
    a_row(&r[1], "4", "443");
    r[1].value[FIELD_COUNT] = (struct value){&fields[FIELD_ACCEPT_QUEUE + QUEUE_LIMIT], 128, 0, false, ADDED_NONE};
    for (size_t i = 0; i < COUNT_OF(p); i++) {
        r[i].point.n_values++;
        p[i] = r[i].point;
    }
    assert_string_equal(table(p, 2), "\n"
                                     "IP PORT ESTAB TIME_W CLOSE_W LISTEN UDP Q_LIMIT\n"
                                     "4  all      0      0       0      0   0\n"
                                     "4  443      0      0       0      0   0     128\n");
}

static void a_remote_port_is_written_as_its_rule(void **state)
{
    struct row r[2];
    struct point p[2];

    (void)state;
    p[0] = *a_row(&r[0], "4", "443");
    a_row(&r[1], "4", "10.0.0.0/8:443");
    r[1].tag[0] = (struct tag){"ip_version", "4"};
    r[1].tag[1] = (struct tag){"remote", "10.0.0.0/8:443"};
    r[1].point.measurement = &measurements[NETSTAT_REMOTE];
    r[1].value[STATE_ESTABLISHED].now = 3;
    r[1].value[FIELD_EPHEMERAL].now = 7;
    r[1].point.n_values = FIELD_EPHEMERAL + 1;
    p[1] = r[1].point;
    assert_string_equal(table(p, 2), "\n"
                                     "IP PORT            ESTAB TIME_W CLOSE_W LISTEN UDP EPHEM_%\n"
                                     "4  443                 0      0       0      0   0\n"
                                     "4  >10.0.0.0/8:443     3      0       0      0   0       7\n");
}

static void sockpushs_own_series_is_wrapped_at_blanks(void **state)
{
    static const struct value own[] = {{&fields[FIELD_POLL_US], 9, 0, false, ADDED_NONE},
                                       {&fields[FIELD_SOCKETS], 8, 0, false, ADDED_NONE}};
    static const struct value large[] = {{&fields[FIELD_OUTPUT + SENT_LINES], 4294967295, 0, false, ADDED_NONE},
                                         {&fields[FIELD_OUTPUT + SEND_ERRORS], 4294967295, 0, false, ADDED_NONE},
                                         {&fields[FIELD_OUTPUT + DROPPED_LINES], 4294967295, 0, false, ADDED_NONE},
                                         {&fields[FIELD_OUTPUT + RECONNECTS], 4294967295, 0, false, ADDED_NONE}};
    struct tag tag[] = {{"backend", "netlink\n"}, {"output", "stdout:"}};
    struct point p[] = {
        {.prefix = "", .measurement = &measurements[SOCKPUSH], .tags = {tag, 1}, .value = own, .n_values = 2},
        {.prefix = "",
         .measurement = &measurements[SOCKPUSH_OUTPUT],
         .tags = {tag + 1, 1},
         .value = large,
         .n_values = 4}};

    (void)state;
    assert_string_equal(table(p, 2), "\n"
                                     "IP PORT ESTAB TIME_W CLOSE_W LISTEN UDP\n"
                                     "sockpush netlink_ poll_us=9 sockets=8\n"
                                     "sockpush_output stdout: sent_lines=4294967295 send_errors=4294967295\n"
                                     "    dropped_lines=4294967295 reconnects=4294967295\n");
}

static void after_a_long_address_the_row_goes_on_on_its_next_line(void **state)
{
    struct row r[2];
    struct point p[2];

    (void)state;
    p[0] = *a_row(&r[0], "6", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
    p[1] = *a_row(&r[1], "4", "255.255.255.255:65535");
    r[0].value[STATE_ESTABLISHED].now = 9999999;
    r[1].value[STATE_LISTEN].now = 1;
    assert_string_equal(table(p, 2), "\n"
                                     "IP PORT                    ESTAB TIME_W CLOSE_W LISTEN UDP\n"
                                     "6  [ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535\n"
                                     "                         9999999      0       0      0   0\n"
                                     "4  255.255.255.255:65535       0      0       0      1   0\n");
}

static void what_does_not_fit_into_80_columns_follows_on_a_second_line(void **state)
{
    struct row r;

    (void)state;
    a_row(&r, "4", "80");
    for (size_t i = 0; i < FIELD_COLUMNS; i++)
        r.value[i].now = 1000000 + i;
    r.point.n_values = FIELD_COLUMNS;
    assert_string_equal(table(&r.point, 1),
                        "\n"
                        "IP PORT   ESTAB SYN_SENT SYN_RECV  FIN_W1  FIN_W2  TIME_W   CLOSE CLOSE_W\n"
                        "        LAST_ACK  LISTEN CLOSING    NONE     UDP   QUEUE Q_LIMIT  Q_PEAK FULLEST\n"
                        "        EPHEM_% OLDEST_S TCP_RX_B TCP_TX_B UDP_RX_B   DROPS     PID\n"
                        "4  80   1000000  1000001  1000002 1000003 1000004 1000005 1000006 1000007\n"
                        "         1000008 1000009 1000010 1000011 1000012 1000013 1000014 1000015 1000016\n"
                        "        1000017  1000018  1000019  1000020  1000021 1000022 1000023\n");
}

static void no_line_has_more_than_80_columns_whatever_is_counted(void **state)
{
    static const char *const addr_port[] = {NULL, "80", "10.0.0.1:80", "255.255.255.255:65535",
                                            "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"};

    (void)state;
    any_seed(7);
    for (int turn = 0; turn < 2000 / ONE_IN; turn++) {
        struct row r[4];
        struct point p[4];

        for (size_t i = 0; i < COUNT_OF(p); i++) {
            a_row(&r[i], any(2) ? "4" : "6", addr_port[any(COUNT_OF(addr_port))]);
            for (size_t k = 0; k < FIELD_COLUMNS; k++)
                r[i].value[k].now = any(2) ? 0 : UINT64_MAX >> any(64);
            p[i] = r[i].point;
            p[i].n_values += any(2);
        }
        for (const char *line = table(p, COUNT_OF(p)), *end; *line; line = end + 1) {
            end = strchr(line, '\n');
            assert_true(end - line <= 80);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_that_are_zero_in_every_row_are_left_out),
        cmocka_unit_test(each_number_stands_under_its_heading_though_a_protocol_is_missing),
        cmocka_unit_test(no_line_ends_in_blanks),
        cmocka_unit_test(a_remote_port_is_written_as_its_rule),
        cmocka_unit_test(sockpushs_own_series_is_wrapped_at_blanks),
        cmocka_unit_test(after_a_long_address_the_row_goes_on_on_its_next_line),
        cmocka_unit_test(what_does_not_fit_into_80_columns_follows_on_a_second_line),
        cmocka_unit_test(no_line_has_more_than_80_columns_whatever_is_counted),
    };

    return cmocka_run_group_tests_name("encode_table", tests, NULL, NULL);
}
