/* The screen of --top, as text. */
#include <string.h>

#include "encode/top.h"
#include "unit/count/tally_helper.h"
#include "unit/helper.h"

#define HEADINGS "IP PORT                ESTAB  SYN TIME_W CLOSE_W   UDP QUEUE  PEAK LIMIT     PID\n"

static struct polls polls;
static struct reading reading;
static struct kernel_reading kernel, before;
static struct top top;

/* Begins a poll of these rules, which the test fills. */
static void begin(const char *rules, uint32_t max_series)
{
    polls_init(&polls, rules, max_series);
    memset(&kernel, 0, sizeof kernel);
    memset(&before, 0, sizeof before);
    reading = (struct reading){.read = {true, true}, .name = "netlink", .report = {.ipv6 = true}};
    top = (struct top){.host = "web1.example",
                       .why = "",
                       .time_ms = 1700000000000,
                       .interval_ms = 1000,
                       .reading = &reading,
                       .tally = &polls.tally,
                       .kernel = &kernel,
                       .before = &before};
    top.row = arena_zero(&polls.arena, polls.tally.n_room, sizeof *top.row);
    poll_begin(&polls);
}

static void end(void)
{
    tally_end(&polls.tally);
    tally_end_tcp(&polls.tally, true, true);
}

/* Adds a listener with so many connections in its accept queue. */
static void listener(const char *address, uint16_t port, uint32_t waiting, uint32_t limit)
{
    struct sock s = sock_of(PROTOCOL_TCP, address, port, STATE_LISTEN, 1);

    s.known |= SOCK_QUEUE | SOCK_LIMIT;
    s.rx_queue = waiting;
    s.tx_queue = limit;
    tally_sock(&polls.tally, &s, 1);
}

/* Adds n sockets. */
static void many(const char *address, uint16_t port, enum tcp_state state, uint64_t n)
{
    const struct sock s = sock_of(PROTOCOL_TCP, address, port, state, 1);

    tally_sock(&polls.tally, &s, n);
}

/* Returns the screen, in a buffer that is no larger than top_size says. */
static const char *shown(void)
{
    static char *text;
    struct buf out = {.cap = top_size(&polls.tally)};

    free(text);
    text = malloc(out.cap + 1);
    assert_non_null(text);
    out.data = text;
    top_put(&top, &out);
    assert_false(out.full);
    text[out.len] = '\0';
    return text;
}

/* Returns the ports of a plain text. */
static const char *ports_shown(void)
{
    const char *at = strstr(shown(), HEADINGS);

    assert_non_null(at);
    return at + strlen(HEADINGS);
}

/* Returns true if no line has more than 80 columns. */
static bool fits(const char *text)
{
    for (unsigned columns = 0; *text && columns <= 80; text++)
        columns = *text == '\n' ? 0 : columns + ((*text & 0xc0) != 0x80);
    return !*text;
}

/* Returns the first lines of the ports as "80 443 ", up to their first blank. */
static const char *order_shown(void)
{
    static char order[200];
    const char *at = ports_shown();

    order[0] = '\0';
    for (; *at != '\n'; at = strchr(at, '\n') + 1) {
        strncat(order, at + 3, strcspn(at + 3, " \n"));
        strcat(order, " ");
    }
    return order;
}

static void a_machine_with_all(void **state)
{
    (void)state;
    begin("listen,>443", 10);
    listener("10.0.0.5", 80, 129, 128);
    listener("::", 22, 0, 128);
    many("10.0.0.5", 80, STATE_ESTABLISHED, 1234);
    many("10.0.0.5", 80, STATE_SYN_RECV, 3);
    many("10.0.0.5", 80, STATE_TIME_WAIT, 77);
    tcp(&polls, "::", 22, STATE_CLOSE_WAIT, 1);
    tcp_to(&polls, "10.0.0.5", 40000, "10.0.0.9", 443, STATE_SYN_SENT, 1);
    udp(&polls, "10.0.0.5", 80, 1);
    end();
    series_named(&polls, "80", 4)->owner.pid = 4194303;
    kernel = (struct kernel_reading){.known = UINT32_MAX};
    kernel.n[TCP_MEM_PAGES] = 12;
    kernel.n[CONNTRACK_MAX] = 262144;
    kernel.n[PASSIVE_OPENS] = 30;
    before.n[PASSIVE_OPENS] = 10;
    before.known = UINT32_MAX & ~(1u << RETRANS_SEGS);
    top.passed_ms = 999;
    assert_string_equal(shown(), "sockpush  netlink  2023-11-14T22:13:20Z  every 1000 ms  web1.example\n"
                                 "IP         ESTAB   SYN_S   SYN_R   FIN_W  TIME_W CLOSE_W   OTHER  LISTEN     UDP\n"
                                 "4  all      1234       1       3       0      77       0       0       1       1\n"
                                 "6  all         0       0       0       0       0       1       0       1       0\n"
                                 "Kernel: TCP pages 12, orphans 0, sockets 0, connections 0, at most 262k\n"
                                 "In 999 ms: accepted 20, opened 0, queue overflows 0\n" HEADINGS
                                 "4  80                   1234    3     77       0     1   129   129   128 4194303\n"
                                 "6  22                      0    0      0       1     0     0     0   128       -\n"
                                 "4  >443                    0    1      0       0     0\n"
                                 "\n");
    polls_free(&polls);
}

static void numbers_of_any_size_fit(void **state)
{
    (void)state;
    begin("80", 0);
    listener("10.0.0.5", 80, 4000000000, 4000000000);
    for (enum tcp_state i = 0; i < STATE_COUNT; i++)
        if (i != STATE_LISTEN)
            many("10.0.0.5", 80, i, UINT32_MAX);
    many("::", 80, STATE_ESTABLISHED, 999999);
    many("::", 80, STATE_TIME_WAIT, 1000000);
    end();
    polls.tally.total[0].count[STATE_ESTABLISHED] = UINT64_MAX;
    kernel.known = before.known = UINT32_MAX;
    top.passed_ms = 3600000;
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++)
        kernel.n[i] = UINT64_MAX;
    assert_string_equal(shown(), "sockpush  netlink  2023-11-14T22:13:20Z  every 1000 ms  web1.example\n"
                                 "IP         ESTAB   SYN_S   SYN_R   FIN_W  TIME_W CLOSE_W   OTHER  LISTEN     UDP\n"
                                 "4  all    18446P   4294M   4294M   8589M   4294M   4294M  17179M       1       0\n"
                                 "6  all    999999       0       0       0 1000000       0       0       0       0\n"
                                 "Kernel: TCP pages 18E, orphans 18E, sockets 18E, connections 18E, at most 18E\n"
                                 "In 3600000 ms: accepted 18E, opened 18E, resent 18E, queue overflows 18E\n" HEADINGS
                                 "4  80                  4294M   8G  4294M   4294M     0 4000M 4000M 4000M       -\n"
                                 "6  80                 999999    0  1000k       0     0\n"
                                 "\n");
    polls_free(&polls);
}

/* The name of a port is never cut: it has a line of its own. */
static void long_names_have_a_line_of_their_own(void **state)
{
    (void)state;
    begin("[{\"ports\":[\"*:443\"],\"tags\":{\"service\":\"web\",\"tier\":\"\"}},{\"ports\":[\"80\"],\"tags\":{\"a\":"
          "\"b\"}}]",
          10);
    many("2001:db8:1111:2222:3333:4444:5555:6666", 443, STATE_ESTABLISHED, 2);
    many("10.0.0.5", 80, STATE_ESTABLISHED, 1);
    end();
    assert_string_equal(ports_shown(), "6  [2001:db8:1111:2222:3333:4444:5555:6666]:443 service=web\n"
                                       "                           2    0      0       0     0\n"
                                       "4  80 a=b                  1    0      0       0     0\n"
                                       "6  80 a=b                  0    0      0       0     0\n"
                                       "\n");
    polls_free(&polls);
}

static void what_exceeds_the_series_is_other(void **state)
{
    (void)state;
    begin("*:1-100", 1);
    tcp(&polls, "10.0.0.5", 1, STATE_ESTABLISHED, 1);
    tcp(&polls, "10.0.0.5", 2, STATE_ESTABLISHED, 1);
    tcp(&polls, "10.0.0.5", 3, STATE_ESTABLISHED, 1);
    end();
    assert_string_equal(ports_shown(), "4  other                   2    0      0       0     0\n"
                                       "4  10.0.0.5:1              1    0      0       0     0\n"
                                       "\n");
    top.sort = TOP_PORT;
    assert_non_null(strstr(ports_shown(), "0\n4  other "));
    polls_free(&polls);
}

/* The fullest queue is not the longest one. */
static void each_key_sorts(void **state)
{
    static const struct {
        char key;
        const char *order;
    } row[] = {
        {'e', "40 30 20 10 "}, {'s', "30 40 20 10 "}, {'t', "20 40 30 10 "}, {'c', "10 40 30 20 "},
        {'u', "20 40 30 10 "}, {'a', "10 20 30 40 "}, {'p', "10 20 30 40 "},
    };

    (void)state;
    begin("40,30,20,10", 0);
    listener("10.0.0.5", 40, 0, 0);
    listener("10.0.0.5", 30, 1, 128);
    listener("10.0.0.5", 20, 100, 4096);
    listener("10.0.0.5", 10, 2, 16);
    many("10.0.0.5", 40, STATE_ESTABLISHED, 3);
    many("10.0.0.5", 30, STATE_ESTABLISHED, 2);
    many("10.0.0.5", 20, STATE_ESTABLISHED, 1);
    many("10.0.0.5", 30, STATE_SYN_RECV, 1);
    many("10.0.0.5", 20, STATE_TIME_WAIT, 1);
    many("10.0.0.5", 10, STATE_CLOSE_WAIT, 1);
    udp(&polls, "10.0.0.5", 20, 1);
    end();
    reading.report.ipv6 = false;
    for (unsigned i = 0; i < COUNT_OF(row); i++) {
        top.sort = top_sorted_by(row[i].key);
        assert_true(top.sort < TOP_COLUMNS);
        assert_string_equal(order_shown(), row[i].order);
    }
    assert_int_equal(top_sorted_by('x'), TOP_COLUMNS);
    assert_int_equal(top_sorted_by('\0'), TOP_COLUMNS);
    polls_free(&polls);
}

static void what_was_not_read_is_no_zero(void **state)
{
    (void)state;
    begin("80,listen", 10);
    udp(&polls, "10.0.0.5", 80, 1);
    tally_end(&polls.tally);
    reading.read[PROTOCOL_TCP] = reading.report.ipv6 = false;
    top.why = "netlink: Permission denied";
    top.time_ms = -1;
    top.host = NULL;
    assert_string_equal(shown(),
                        "sockpush  netlink  the clock is not set  every 1000 ms\n"
                        "TCP cannot be read: netlink: Permission denied\n"
                        "IP         ESTAB   SYN_S   SYN_R   FIN_W  TIME_W CLOSE_W   OTHER  LISTEN     UDP\n"
                        "4  all         -       -       -       -       -       -       -       -       1\n" HEADINGS
                        "4  80                      -    -      -       -     1     -     -     -\n"
                        "\n");
    reading.read[PROTOCOL_UDP] = false;
    assert_non_null(strstr(shown(), "\nTCP, UDP cannot be read: "));
    polls_free(&polls);
}

static void a_queue_that_is_not_known_is_no_zero(void **state)
{
    (void)state;
    begin("80", 0);
    tcp(&polls, "10.0.0.5", 80, STATE_LISTEN, 1);
    end();
    reading.report.ipv6 = false;
    assert_string_equal(ports_shown(),
                        "4  80                      0    0      0       0     0     -     -     -       -\n\n");
    polls_free(&polls);
}

/* Rules of remote ports, and those that sockets make, have rows only with sockets. */
static void ports_without_sockets_are_left_out(void **state)
{
    (void)state;
    begin("80,>443,*:90", 10);
    tcp(&polls, "10.0.0.5", 90, STATE_ESTABLISHED, 1);
    end();
    assert_string_equal(order_shown(), "10.0.0.5:90 80 80 ");
    polls.now_ms += 1000;
    poll_begin(&polls);
    end();
    assert_string_equal(order_shown(), "80 80 ");
    polls_free(&polls);
}

/* Lines of a screen; each is cleared before it is written. */
static void a_screen_has_as_many_lines_as_the_terminal(void **state)
{
    static const char *const line[] = {"sockpush  netlink",      "IP ",          "4  all", "6  all",
                                       "Sort: [e ESTAB]  s SYN", "\33[7mIP PORT"};

    (void)state;
    begin("listen", 100);
    for (uint16_t port = 1; port <= 50; port++)
        listener("10.0.0.5", port, 0, 128);
    end();
    for (top.lines = 1; top.lines < 60; top.lines++) {
        const char *at = shown();
        unsigned lines = 0;

        assert_memory_equal(at, "\33[H\33[K", 6);
        for (at += 3; at && !strstr("\n\33[J", at); at = strchr(at, '\n'), lines++) {
            at += *at == '\n';
            assert_memory_equal(at, "\33[K", 3);
            if (lines < COUNT_OF(line))
                assert_memory_equal(at + 3, line[lines], strlen(line[lines]));
        }
        assert_int_equal(lines, top.lines < 56 ? top.lines : 56);
        assert_true((strstr(shown(), " more") != NULL) == (top.lines > 6 && top.lines < 56));
    }
    top.lines = 16;
    assert_non_null(strstr(shown(), "\n\33[K41 more"));
    polls_free(&polls);
}

/* Returns the most columns of a line; of each control sequence none. */
static unsigned width(const char *text)
{
    unsigned most = 0;

    for (unsigned columns = 0; *text; text++) {
        if (*text == '\33')
            text += strcspn(text, "HJKm");
        else
            columns = *text == '\n' ? 0 : columns + ((*text & 0xc0) != 0x80);
        most = columns > most ? columns : most;
    }
    return most;
}

/* A column that has no room is left out, with those after it: half a number would be another one. */
static void a_narrow_screen_has_whole_columns_alone(void **state)
{
    (void)state;
    begin("listen", 10);
    listener("10.0.0.5", 80, 1234, 1280);
    end();
    kernel.known = 1 << TCP_MEM_PAGES | 1 << TCP_ORPHAN;
    kernel.n[TCP_MEM_PAGES] = 1234;
    kernel.n[TCP_ORPHAN] = 5678;
    top.lines = 24;
    for (top.columns = 1; top.columns <= 100; top.columns++) {
        assert_int_equal(width(shown()), top.columns < 80 ? top.columns : 80);
        assert_int_equal(strstr(shown(), "LIMIT") != NULL, top.columns >= 72);
        assert_int_equal(strstr(shown(), " LIM") != NULL, top.columns >= 72);
        assert_int_equal(strstr(shown(), " 1280") != NULL, top.columns >= 72);
        assert_int_equal(strstr(shown(), "  12") != NULL, top.columns >= 60);
        assert_int_equal(strstr(shown(), "pages 1234") != NULL, top.columns >= 22);
        assert_int_equal(strstr(shown(), "orphans") != NULL, top.columns >= 36);
    }
    polls_free(&polls);
}

/* A row of two lines is not cut. */
static void the_last_line_of_a_screen_is_a_whole_row(void **state)
{
    (void)state;
    begin("*:80", 10);
    many("2001:db8:1111:2222:3333:4444:5555:6666", 80, STATE_ESTABLISHED, 2);
    many("2001:db8:1111:2222:3333:4444:5555:7777", 80, STATE_ESTABLISHED, 1);
    end();
    top.lines = 8;
    assert_non_null(strstr(shown(), "\n\33[K2 more"));
    top.lines = 9;
    assert_non_null(strstr(shown(), "\n\33[K1 more"));
    top.lines = 10;
    assert_null(strstr(shown(), " more"));
    polls_free(&polls);
}

static void a_full_queue_is_bold_on_a_screen(void **state)
{
    (void)state;
    begin("listen", 10);
    listener("10.0.0.5", 80, 129, 128);
    listener("10.0.0.5", 81, 128, 128);
    end();
    assert_null(strchr(shown(), '\33'));
    top.lines = 24;
    assert_non_null(strstr(shown(), "\n\33[K\33[1m4  80 "));
    assert_non_null(strstr(shown(), "\33[m\n\33[K4  81 "));
    polls_free(&polls);
}

static void strangers_texts_do_not_control_the_terminal(void **state)
{
    static char host[300];

    (void)state;
    begin("[{\"ports\":[\"80\"],\"tags\":{\"a\":\"\\u001b[2J\u00fc\"}}]", 0);
    many("10.0.0.5", 80, STATE_ESTABLISHED, 1);
    end();
    top.host = "a\33]0;b\7\x9b\xc2\x9b\n\xe2\x80\xae\xff";
    top.why = "\33c";
    reading.read[PROTOCOL_UDP] = false;
    assert_null(strchr(shown(), '\33'));
    assert_non_null(strstr(shown(), "ms  a_]0;b_________\n"));
    assert_non_null(strstr(shown(), "UDP cannot be read: _c\n"));
    assert_non_null(strstr(shown(), "\n4  80 a=_[2J\u00fc              1 "));
    memset(host, 'x', sizeof host - 1);
    top.host = host;
    assert_true(fits(shown()));
    memset(host, '\xff', sizeof host - 1);
    assert_true(fits(shown()));
    polls_free(&polls);
}

/* An arrow, a function key and one with Ctrl are no letters. */
static void keys_of_several_bytes_are_no_letters(void **state)
{
    static const char bytes[] = "a\33[Ab\33OPc\33[1;5Dd\33[15~e\33f\33\33[Ag";
    char keys[sizeof bytes];
    unsigned of_key = 0, n = 0;

    (void)state;
    for (unsigned i = 0; bytes[i]; i++) {
        keys[n] = top_key(&of_key, bytes[i]);
        n += keys[n] != '\0';
    }
    keys[n] = '\0';
    assert_string_equal(keys, "abcdefg");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_machine_with_all),
        cmocka_unit_test(numbers_of_any_size_fit),
        cmocka_unit_test(long_names_have_a_line_of_their_own),
        cmocka_unit_test(what_exceeds_the_series_is_other),
        cmocka_unit_test(each_key_sorts),
        cmocka_unit_test(what_was_not_read_is_no_zero),
        cmocka_unit_test(a_queue_that_is_not_known_is_no_zero),
        cmocka_unit_test(ports_without_sockets_are_left_out),
        cmocka_unit_test(a_screen_has_as_many_lines_as_the_terminal),
        cmocka_unit_test(a_narrow_screen_has_whole_columns_alone),
        cmocka_unit_test(the_last_line_of_a_screen_is_a_whole_row),
        cmocka_unit_test(a_full_queue_is_bold_on_a_screen),
        cmocka_unit_test(strangers_texts_do_not_control_the_terminal),
        cmocka_unit_test(keys_of_several_bytes_are_no_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
