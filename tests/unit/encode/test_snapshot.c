#include <stdio.h>
#include <string.h>

#include "encode/source.h"
#include "unit/count/tally_helper.h"
#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

struct scene {
    struct polls polls;
    struct series_tags tags;
    struct reading reading;
    uint64_t added[ADDED];
    struct snapshot s;
};

static struct tag user_tag[] = {{"host", "h"}};
static const struct tags users = {user_tag, 1};

static void set_up(struct scene *c, const char *rules, const struct tags *lists, size_t n)
{
    memset(c, 0, sizeof *c);
    polls_init(&c->polls, rules, 5);
    series_tags_init(&c->tags, lists, n, &c->polls.rules, &c->polls.arena);
    c->reading = (struct reading){.report = {.sockets = 77, .ipv6 = true}, .read = {true, true}, .name = "netlink"};
    c->s = (struct snapshot){.prefix = "",
                             .sections = "",
                             .tags = &c->tags,
                             .agent_tags = &c->tags,
                             .tally = &c->polls.tally,
                             .reading = &c->reading,
                             .time_ms = 1700000000123,
                             .added = {.n = c->added, .count = ADDED}};
    poll_begin(&c->polls);
}

static void tear_down(struct scene *c)
{
    polls_free(&c->polls);
}

static char text[1 << 20];

static const char *lines(const struct scene *c, const struct encoder *format)
{
    struct buf out = {.data = text, .cap = sizeof text - 1};
    struct sink sink = {.out = &out, .line_max = 60000};

    snapshot_encode(&c->s, format, &sink);
    assert_int_equal(sink.oversized, 0);
    text[out.len] = '\0';
    return text;
}

/* Returns measurement and tags of each influx line, one per line: "netstat,host=h,ip_version=4". */
static const char *heads(const struct scene *c)
{
    static char out[8192];
    size_t at = 0;

    lines(c, &encoder_influx);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
        at += (size_t)snprintf(out + at, sizeof out - at, "%.*s\n", (int)strcspn(line, " "), line);
    return out;
}

static void lines_are_in_order_totals_ports_self(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, ">443,*:80,443,>[::1]:9,[::1]:9,listen", &users, 1);
    tcp(&c.polls, "10.0.0.1", 80, STATE_LISTEN, 1);
    tcp(&c.polls, "10.0.0.1", 22, STATE_LISTEN, 2);
    poll_end(&c.polls);
    c.s.push_self = true;
    c.s.n_outputs = 2;
    c.s.output[0].name = "udp://b:1";
    c.s.output[1].name = "stdout:";
    assert_string_equal(heads(&c), "netstat,host=h,ip_version=4\n"
                                   "netstat,host=h,ip_version=6\n"
                                   "netstat_port,addr_port=10.0.0.1:80,host=h,ip_version=4\n"
                                   "netstat_port,addr_port=443,host=h,ip_version=4\n"
                                   "netstat_port,addr_port=443,host=h,ip_version=6\n"
                                   "netstat_port,addr_port=[::1]:9,host=h,ip_version=6\n"
                                   "netstat_port,addr_port=22,host=h,ip_version=4\n"
                                   "netstat_remote,host=h,ip_version=4,remote=443\n"
                                   "netstat_remote,host=h,ip_version=6,remote=443\n"
                                   "netstat_remote,host=h,ip_version=6,remote=[::1]:9\n"
                                   "sockpush,backend=netlink,host=h\n"
                                   "sockpush_output,host=h,output=udp://b:1\n"
                                   "sockpush_output,host=h,output=stdout:\n");
    c.s.push_self = false;
    assert_null(strstr(lines(&c, &encoder_influx), "sockpush"));
    tear_down(&c);
}

static void fields_have_their_names_and_order_and_pid_is_last(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    for (unsigned s = 0; s < STATE_COUNT; s++)
        for (unsigned n = 0; n <= s; n++)
            tcp(&c.polls, "10.0.0.1", 80, (enum tcp_state)s, 1);
    udp(&c.polls, "10.0.0.1", 80, 1);
    poll_end(&c.polls);
    c.reading.report.ipv6 = false;
    c.s.prefix = "p";
    c.s.pids = true;
    series_named(&c.polls, "80", 4)->owner.pid = 4711;
#define FIELDS                                                                                               \
    "tcp_established=1i,tcp_syn_sent=2i,tcp_syn_recv=3i,tcp_fin_wait1=4i,tcp_fin_wait2=5i,tcp_time_wait=6i," \
    "tcp_close=7i,tcp_close_wait=8i,tcp_last_ack=9i,tcp_listen=10i,tcp_closing=11i,tcp_none=12i,udp_socket=1i"
    assert_string_equal(lines(&c, &encoder_influx),
                        "p.netstat,ip_version=4 " FIELDS " 1700000000123000000\n"
                        "p.netstat_port,addr_port=80,ip_version=4 " FIELDS ",pid=4711i 1700000000123000000\n");
    tear_down(&c);
}

static void remote_ports_have_the_same_fields_and_what_is_left_of_ours(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, ">443", NULL, 0);
    tcp_to(&c.polls, "10.0.0.1", 40000, "10.0.0.9", 443, STATE_ESTABLISHED, 1);
    poll_end(&c.polls);
    c.reading.report.ipv6 = false;
    c.s.pids = true;
    series_named(&c.polls, "443", 4)->owner.pid = 4711;
#define REST                                                                                                 \
    "tcp_established=1i,tcp_syn_sent=0i,tcp_syn_recv=0i,tcp_fin_wait1=0i,tcp_fin_wait2=0i,tcp_time_wait=0i," \
    "tcp_close=0i,tcp_close_wait=0i,tcp_last_ack=0i,tcp_listen=0i,tcp_closing=0i,tcp_none=0i,udp_socket=0i"
    assert_string_equal(strchr(lines(&c, &encoder_influx), '\n') + 1,
                        "netstat_remote,ip_version=4,remote=443 " REST ",pid=4711i 1700000000123000000\n");
    poll_begin(&c.polls);
    ports_add_range(&c.polls.tally.ephemeral->ports, (struct port_range){40000, 40003});
    tcp_to(&c.polls, "10.0.0.1", 40000, "10.0.0.9", 443, STATE_ESTABLISHED, 1);
    poll_end(&c.polls);
    assert_string_equal(strchr(lines(&c, &encoder_influx), '\n') + 1,
                        "netstat_remote,ip_version=4,remote=443 " REST
                        ",ephemeral_used_percent=25i,pid=4711i 1700000000123000000\n");
    c.reading.read[PROTOCOL_TCP] = false;
    assert_null(strstr(lines(&c, &encoder_influx), "percent"));
    tear_down(&c);
}

static void a_pid_is_left_out_when_unknown_and_pushed_as_0_when_lost(void **state)
{
    struct scene c;
    struct series *s;

    (void)state;
    set_up(&c, "80", NULL, 0);
    poll_end(&c.polls);
    c.s.pids = true;
    s = series_named(&c.polls, "80", 4);
    assert_null(strstr(lines(&c, &encoder_dogstatsd), "pid"));
    s->owner.pid = 5;
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), "\nnetstat_port.pid:5|g|#addr_port:80,ip_version:4\n"));
    assert_null(strstr(strstr(text, "pid") + 1, "pid")); /* IPv6 has a zero of its own */
    c.s.pids = false;
    assert_null(strstr(lines(&c, &encoder_dogstatsd), "pid"));
    c.s.pids = true;
    s->owner = (struct owner){.lost = true};
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), "\nnetstat_port.pid:0|g|#addr_port:80,ip_version:4\n"));
    assert_null(strstr(lines(&c, &encoder_influx), "pid")); /* receivers of influx drop it by themselves */
    tear_down(&c);
}

static void what_could_not_be_read_is_left_out_and_no_zero(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    poll_end(&c.polls);
    c.s.push_self = true;
    c.reading.read[PROTOCOL_UDP] = false;
    assert_non_null(strstr(lines(&c, &encoder_influx), "tcp_none=0i 17"));
    assert_null(strstr(text, "udp_socket"));
    c.reading.read[PROTOCOL_UDP] = true;
    c.reading.read[PROTOCOL_TCP] = false;
    assert_non_null(strstr(lines(&c, &encoder_influx), "netstat_port,addr_port=80,ip_version=4 udp_socket=0i 17"));
    assert_null(strstr(text, "tcp_"));
    c.reading.read[PROTOCOL_UDP] = false;
    c.reading.name = "none";
    c.s.self.poll_us = 40;
    c.s.self.poll_errors = 3;
    assert_string_equal(lines(&c, &encoder_influx),
                        "sockpush,backend=none poll_us=40i,partial_polls=0i,poll_errors=3i,count_errors=0i "
                        "1700000000123000000\n");
    tear_down(&c);
}

/* Returns how many samples of the last poll end a series. */
static unsigned marks(const struct scene *c)
{
    static const char stale[] = {0x09, 0x02, 0, 0, 0, 0, 0, (char)0xf0, 0x7f};
    struct buf out = {.data = text, .cap = sizeof text};
    struct sink sink = {.out = &out, .line_max = 60000};
    unsigned n = 0;

    snapshot_encode(&c->s, &encoder_prometheus, &sink);
    for (size_t i = 0; i + sizeof stale <= out.len; i++)
        n += !memcmp(text + i, stale, sizeof stale);
    return n;
}

static void the_end_of_a_series_is_marked_once_where_the_format_has_a_mark(void **state)
{
    struct scene c;
    unsigned zeros = 0, ends = 0;

    (void)state;
    set_up(&c, "*:80", &users, 1);
    c.polls.tally.marks_ends = true;
    tcp(&c.polls, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    poll_end(&c.polls);
    for (int poll = 0; poll < 20; poll++) {
        bool there, comes_back = poll == 10;

        c.polls.now_ms += 30000;
        poll_begin(&c.polls);
        if (comes_back) /* just when its end would be marked */
            tcp(&c.polls, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
        tally_end(&c.polls.tally);
        there = strstr(heads(&c), "netstat_port");
        assert_int_equal(marks(&c), 0);
        assert_true(there);
        tally_expire(&c.polls.tally);
    }
    for (int poll = 0; poll < 5; poll++) {
        c.polls.now_ms += 30000;
        poll_begin(&c.polls);
        tally_end(&c.polls.tally);
        zeros += strstr(heads(&c), "netstat_port") != NULL;
        ends += marks(&c);
        assert_true(!marks(&c) || !strstr(heads(&c), "netstat_port"));
        tally_expire(&c.polls.tally);
    }
    assert_int_equal(zeros, 1);
    assert_int_equal(ends, FIELD_COUNT);
    tear_down(&c);
}

static void a_lost_pid_ends_its_series(void **state)
{
    struct scene c;
    struct series *s;

    (void)state;
    set_up(&c, "80", &users, 1);
    c.s.pids = true;
    poll_end(&c.polls);
    s = tally_series(&c.polls.tally, 0);
    s->owner.pid = 7;
    assert_int_equal(marks(&c), 0);
    s->owner = (struct owner){.lost = true};
    assert_int_equal(marks(&c), 1);
    s->owner.pid = 9; /* another holds the socket now */
    assert_int_equal(marks(&c), 0);
    tear_down(&c);
}

/* Begins the next poll, with a listener or without one. */
static void poll_listener(struct scene *c, unsigned known)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, 1);

    c->polls.now_ms += 10000;
    poll_begin(&c->polls);
    s.known |= (uint8_t)known;
    s.rx_queue = 5;
    s.tx_queue = 9;
    if (known)
        tally_sock(&c->polls.tally, &s, 1);
    tally_end(&c->polls.tally);
    tally_end_tcp(&c->polls.tally, true, true);
}

static void accept_queues_are_pushed_as_far_as_they_are_known(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    c.s.pids = true;
    poll_listener(&c, SOCK_QUEUE | SOCK_LIMIT);
    series_named(&c.polls, "80", 4)->owner.pid = 4;
    assert_non_null(strstr(lines(&c, &encoder_influx),
                           ",udp_socket=0i,accept_queue=5i,accept_queue_limit=9i,accept_queue_peak=5i,pid=4i 17"));
    assert_int_equal(count_of(text, "accept_queue="), 1);
    assert_int_equal(count_of(text, "accept_queue_fullest="), 0);
    c.reading.report.queue_limits = true;
    assert_int_equal(count_of(lines(&c, &encoder_influx), ",udp_socket=0i,accept_queue_fullest=50i 17"), 1);
    assert_int_equal(count_of(text, ",udp_socket=0i,accept_queue_fullest=0i 17"), 1); /* no IPv6 listener is full */
    c.reading.read[PROTOCOL_TCP] = false;
    assert_null(strstr(lines(&c, &encoder_influx), "accept_queue"));
    c.reading.read[PROTOCOL_TCP] = true;
    poll_listener(&c, SOCK_QUEUE);
    assert_non_null(strstr(lines(&c, &encoder_influx), ",accept_queue=5i,accept_queue_peak=5i,pid"));
    tear_down(&c);
}

static void accept_queues_that_are_gone_are_0_once_or_end(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    poll_listener(&c, SOCK_QUEUE | SOCK_LIMIT);
    assert_int_equal(marks(&c), 0);
    poll_listener(&c, SOCK_QUEUE); /* a backend that does not know the limit reads on */
    assert_int_equal(marks(&c), 1);
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), ".accept_queue:5|g|#addr_port:80,"));
    assert_non_null(strstr(text, ".accept_queue_limit:0|g|#addr_port:80,"));
    poll_listener(&c, 0);
    assert_int_equal(marks(&c), 2);
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), ".accept_queue:0|g|#addr_port:80,ip_version:4\n"));
    assert_non_null(strstr(text, ".accept_queue_peak:0|g|#addr_port:80,ip_version:4\n"));
    assert_null(strstr(text, ".accept_queue_limit:"));
    assert_null(strstr(lines(&c, &encoder_influx), "accept_queue"));
    poll_listener(&c, 0);
    assert_int_equal(marks(&c), 0);
    assert_null(strstr(lines(&c, &encoder_dogstatsd), "accept_queue"));
    tear_down(&c);
}

static void the_age_in_close_wait_is_pushed_where_sockets_have_cookies(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    c.s.pids = true;
    poll_end(&c.polls);
    tally_series(&c.polls.tally, 0)->close_wait_oldest_s = 75;
    tally_series(&c.polls.tally, 0)->owner.pid = 4;
    assert_null(strstr(lines(&c, &encoder_influx), "close_wait_oldest_s"));
    c.reading.report.cookies = true;
    assert_non_null(strstr(lines(&c, &encoder_influx), ",udp_socket=0i,close_wait_oldest_s=75i,pid=4i 17"));
    assert_int_equal(count_of(text, "close_wait_oldest_s="), 2); /* IPv6's, too, but no total's */
    c.reading.read[PROTOCOL_TCP] = false;
    assert_null(strstr(lines(&c, &encoder_influx), "close_wait_oldest_s"));
    tear_down(&c);
}

static void without_ipv6_in_the_kernel_its_zeros_are_not_pushed(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80,[::1]:9,*:70", NULL, 0);
    tcp(&c.polls, "::1", 70, STATE_LISTEN, 1);
    poll_end(&c.polls);
    c.reading.report.ipv6 = false;
    assert_string_equal(heads(&c), "netstat,ip_version=4\n"
                                   "netstat_port,addr_port=80,ip_version=4\n"
                                   "netstat_port,addr_port=[::1]:9,ip_version=6\n"
                                   "netstat_port,addr_port=[::1]:70,ip_version=6\n");
    tear_down(&c);
}

static void self_tags_win_over_the_groups_and_these_over_the_users(void **state)
{
    static struct tag first[] = {{"service", "user"}, {"team", "user"}, {"backend", "user"}, {"output", NULL}},
                      second[] = {{"team", "low"}, {"zone", "low"}};
    static const struct tags lists[] = {{first, 4}, {second, 2}};
    struct scene c;

    (void)state;
    set_up(&c,
           "[{\"ports\":[80],\"tags\":{\"service\":\"http\",\"output\":\"group\"}},{\"ports_match\":[\"*:1-70\"],"
           "\"tags\":{\"team\":\"g2\"}}]",
           lists, 2);
    for (uint16_t port = 1; port <= 6; port++) /* 5 is the maximum */
        tcp(&c.polls, "10.0.0.1", port, STATE_LISTEN, 1);
    poll_end(&c.polls);
    c.reading.report.ipv6 = false;
    c.s.push_self = true;
    c.s.n_outputs = 1;
    c.s.output[0].name = "stdout:";
#define PORT(n) \
    "netstat_port,addr_port=10.0.0.1:" #n ",backend=user,ip_version=4,output=true,service=user,team=g2,zone=low\n"
    assert_string_equal(
        heads(&c),
        "netstat,backend=user,ip_version=4,output=true,service=user,team=user,zone=low\n"
        "netstat_port,addr_port=80,backend=user,ip_version=4,output=group,service=http,team=user,zone=low\n" PORT(1)
            PORT(2) PORT(3) PORT(4)
                PORT(5) "netstat_port,addr_port=other,backend=user,ip_version=4,output=true,service=user,team=user,"
                        "zone=low\n"
                        "sockpush,backend=netlink,output=true,service=user,team=user,zone=low\n"
                        "sockpush_output,backend=user,output=stdout:,service=user,team=user,zone=low\n");
    tear_down(&c);
}

static void counters_are_increments_in_statsd_and_totals_elsewhere(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "", NULL, 0);
    poll_end(&c.polls);
    c.s.push_self = true;
    c.reading.read[0] = c.reading.read[1] = true;
    c.s.self = (struct self_counters){.poll_us = 900, .partial_polls = 50, .poll_errors = 60, .count_errors = 70};
    c.s.added.n[ADDED_PARTIAL_POLLS] = 1;
    c.s.n_outputs = 1;
    c.s.output[0] = (struct output_counters){.name = "stdout:", .total = {{100, 200, 300, 400}}};
    for (unsigned i = 0; i < OUTPUT_COUNTERS; i++)
        c.s.added.n[ADDED_OUTPUTS + i] = i + 1;
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), "\nsockpush.poll_us:900|g|#backend:netlink\n"
                                                          "sockpush.sockets:77|g|#backend:netlink\n"
                                                          "sockpush.untracked_sockets:0|g|#backend:netlink\n"
                                                          "sockpush.queue_totals:0|g|#backend:netlink\n"
                                                          "sockpush.partial_polls:1|c|#backend:netlink\n"
                                                          "sockpush.poll_errors:0|c|#backend:netlink\n"
                                                          "sockpush.count_errors:0|c|#backend:netlink\n"
                                                          "sockpush_output.sent_lines:1|c|#output:stdout:\n"
                                                          "sockpush_output.send_errors:2|c|#output:stdout:\n"
                                                          "sockpush_output.dropped_lines:3|c|#output:stdout:\n"
                                                          "sockpush_output.reconnects:4|c|#output:stdout:\n"));
    assert_non_null(strstr(
        lines(&c, &encoder_influx),
        "\nsockpush,backend=netlink poll_us=900i,sockets=77i,untracked_sockets=0i,queue_totals=0i,partial_polls=50i,"
        "poll_errors=60i,count_errors=70i "
        "1700000000123000000\n"
        "sockpush_output,output=stdout: sent_lines=100i,send_errors=200i,dropped_lines=300i,reconnects=400i "
        "1700000000123000000\n"));
    tear_down(&c);
}

/* A counter that is left out, a line that does not fit and a gauge between them shift no other's index. */
static void each_increment_has_its_index(void **state)
{
    static const char out_of[] = "sockpush_listen.datagrams:3|c|#listen:b\n"
                                 "sockpush_listen.lines:4|c|#listen:b\n";
    static const uint8_t listen_b = ADDED_LISTEN + LISTEN_INCREMENTS;
    static const struct {
        const char *line;
        uint64_t index;
    } row[] = {
        {"sockpush.partial_polls:5|c|#backend:netlink", ADDED_PARTIAL_POLLS},
        {"sockpush.poll_errors:0|c|#backend:netlink", ADDED_POLL_ERRORS},
        {"sockpush.count_errors:0|c|#backend:netlink", ADDED_COUNT_ERRORS},
        {"sockpush_listen.refused_lines:6|c|#listen:a", ADDED_LISTEN + REFUSED_LINES},
        {"sockpush_listen.series:77|g|#listen:a", ADDED_NONE},
        {"sockpush_listen.datagrams:3|c|#listen:b", listen_b + DATAGRAMS},
        {"sockpush_listen.lines:4|c|#listen:b", listen_b + LINES},
        {"sockpush_listen.late_times:7|c|#listen:b", listen_b + LATE_TIMES},
    };
    static char out[4096];
    struct buf b = {.data = out, .cap = sizeof out};
    struct increment increment[INCREMENTS_MAX];
    struct sink sink = {.out = &b, .line_max = 60, .increment = increment};
    struct scene c;
    size_t at;

    (void)state;
    set_up(&c, "", NULL, 0);
    poll_end(&c.polls);
    c.s.push_self = true;
    c.s.n_outputs = 1;
    c.s.output[0].name = "a name with which no line fits";
    c.s.n_listen = 2;
    c.s.listen[0] = (struct listen_counters){
        .name = "a", .known = 1u << REFUSED_LINES | 1u << SERIES, .n = {[REFUSED_LINES] = 99, [SERIES] = 77}};
    c.s.listen[1] = (struct listen_counters){.name = "b", .known = 1u << DATAGRAMS | 1u << LINES | 1u << LATE_TIMES};
    c.s.added.n[ADDED_PARTIAL_POLLS] = 5;
    c.s.added.n[ADDED_LISTEN + REFUSED_LINES] = 6;
    c.s.added.n[listen_b + DATAGRAMS] = 3;
    c.s.added.n[listen_b + LINES] = 4;
    c.s.added.n[listen_b + LATE_TIMES] = 7;
    snapshot_encode(&c.s, &encoder_dogstatsd, &sink);
    out[b.len] = '\0';
    assert_non_null(strstr(out, out_of));
    assert_int_equal(sink.oversized, OUTPUT_COUNTERS);
    assert_int_equal(sink.n_increments, COUNT_OF(row));
    at = sink.gauges;
    assert_true(at && out[at - 1] == '\n');
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        assert_memory_equal(out + at, row[i].line, strlen(row[i].line));
        assert_int_equal(increment[i].id, row[i].index);
        assert_int_equal(increment[i].n, c.s.added.n[row[i].index]);
        at += strlen(row[i].line) + 1;
    }
    assert_int_equal(at, b.len);
    tear_down(&c);
}

/* A counter that is not known is left out. The increments stay last, with poll_us and sockets between them. */
static void the_kernels_counters_have_no_tags_of_their_own(void **state)
{
    struct kernel_reading kernel = {
        .known = 1u << SOCKETS_USED | 1u << LISTEN_DROPS | 1u << UDP_NO_PORTS,
        .n = {[SOCKETS_USED] = 40, [TCP_ORPHAN] = 9, [LISTEN_DROPS] = 1000, [UDP_NO_PORTS] = 5}};
    static char out[4096];
    struct buf b = {.data = out, .cap = sizeof out - 1};
    struct increment increment[INCREMENTS_MAX];
    struct sink sink = {.out = &b, .line_max = 1000, .increment = increment};
    struct scene c;

    (void)state;
    set_up(&c, "", &users, 1);
    poll_end(&c.polls);
    c.s.kernel = &kernel;
    c.s.push_self = true;
    c.s.added.n[ADDED_KERNEL + LISTEN_DROPS - KERNEL_GAUGES] = 7;
    assert_non_null(strstr(lines(&c, &encoder_influx),
                           "\nnetstat_kernel,host=h sockets_used=40i,listen_drops=1000i,udp_no_ports=5i "
                           "1700000000123000000\nsockpush,"));
    assert_non_null(strstr(lines(&c, &encoder_graphite), "\nnetstat_kernel.listen_drops;host=h 1000 1700000000\n"));
    assert_non_null(strstr(lines(&c, &encoder_statsd), "\nh.netstat_kernel.sockets_used:40|g\n"
                                                       "h.netstat_kernel.listen_drops:7|c\n"
                                                       "h.netstat_kernel.udp_no_ports:0|c\n"
                                                       "h.sockpush.poll_us:0|g\n"));
    assert_non_null(
        strstr(lines(&c, &encoder_table), "\nnetstat_kernel sockets_used=40 listen_drops=1000 udp_no_ports=5\n"));
    snapshot_encode(&c.s, &encoder_dogstatsd, &sink);
    out[b.len] = '\0';
    assert_non_null(strstr(out, "\nnetstat_kernel.sockets_used:40|g|#host:h\n"));
    assert_int_equal(strncmp(out + sink.gauges, "netstat_kernel.listen_drops:7|c|#host:h\n", 40), 0);
    assert_int_equal(increment[0].id, ADDED_KERNEL + LISTEN_DROPS - KERNEL_GAUGES);
    assert_int_equal(increment[1].id, ADDED_KERNEL + KERNEL_INCREASES - 1);
    assert_int_equal(sink.n_increments, 2 + 4 + 3);
    c.s.only_metrics = true;
    assert_null(strstr(lines(&c, &encoder_influx), "netstat_kernel"));
    c.s.only_metrics = false;
    kernel.known = 0;
    assert_null(strstr(lines(&c, &encoder_influx), "netstat_kernel"));
    tear_down(&c);
}

/* Adds a poll of UDP sockets, one at each of n ports from 9000 on, that each have lost so many datagrams. */
static void poll_drops(struct scene *c, int n, uint32_t drops)
{
    c->polls.now_ms += 10000;
    poll_begin(&c->polls);
    for (int i = 0; i < n; i++) {
        struct sock s = sock_of(PROTOCOL_UDP, "10.0.0.1", (uint16_t)(9000 + i), STATE_UNKNOWN, 1);

        s.known |= SOCK_DROPS;
        s.cookie = (uint64_t)i + 1;
        s.drops = drops;
        tally_sock(&c->polls.tally, &s, 1);
    }
    tally_end(&c->polls.tally);
    tally_end_udp(&c->polls.tally, true);
}

/* In formats with increments, lost datagrams come after all gauges, and of a series from the first one on. */
static void lost_datagrams_are_increments_apart_or_totals(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "9000,9001", NULL, 0);
    poll_drops(&c, 2, 5);
    c.s.queues = c.s.drops = true;
    c.s.push_self = true;
    assert_non_null(strstr(lines(&c, &encoder_dogstatsd), "|g|#addr_port:9001,ip_version:6\n"
                                                          "netstat.udp_drops:0|c|#ip_version:4\n"
                                                          "netstat.udp_drops:0|c|#ip_version:6\n"
                                                          "sockpush.poll_us"));
    assert_int_equal(count_of(lines(&c, &encoder_influx), ",udp_drops=0i "), 2 + 4);
    poll_drops(&c, 2, 5);
    poll_drops(&c, 1, 12);
    for (int i = 0; i < 3; i++)
        c.s.added.n[ADDED_DROPS + i] = (uint64_t)(i + 1) * 100;
    assert_non_null(strstr(lines(&c, &encoder_statsd), "\nnetstat.4.udp_drops:100|c\n"
                                                       "netstat.6.udp_drops:200|c\n"
                                                       "netstat_port.9000.4.udp_drops:300|c\n"
                                                       "sockpush.poll_us"));
    assert_int_equal(count_of(lines(&c, &encoder_influx), ",udp_drops=0i "), 1 + 3);
    assert_int_equal(count_of(text, ",udp_drops=7i "), 2);
    assert_non_null(strstr(lines(&c, &encoder_graphite), "\nnetstat_port.udp_drops;addr_port=9000;ip_version=4 7 17"));
    c.s.only_metrics = true;
    assert_null(strstr(lines(&c, &encoder_statsd), "udp_drops"));
    c.s.only_metrics = c.s.drops = false;
    assert_null(strstr(lines(&c, &encoder_statsd), "udp_drops"));
    assert_null(strstr(lines(&c, &encoder_influx), "udp_drops"));
    tear_down(&c);
}

/* Totals wait until UDP is read again. Increments do not, among which are those that did not reach a receiver. */
static void lost_datagrams_of_a_poll_that_was_not_read(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "9000", NULL, 0);
    poll_drops(&c, 1, 5);
    poll_drops(&c, 1, 12);
    c.s.drops = true;
    c.reading.read[PROTOCOL_UDP] = false;
    assert_int_equal(count_of(lines(&c, &encoder_influx), "netstat"), 4);
    assert_null(strstr(text, "udp_drops"));
    c.reading.read[PROTOCOL_TCP] = false;
    assert_string_equal(lines(&c, &encoder_influx), "");
    c.s.added.n[ADDED_DROPS + DROPS_FIRST_SERIES] = 7;
    assert_int_equal(count_of(lines(&c, &encoder_statsd), "netstat"), 3);
    assert_non_null(strstr(text, "\nnetstat_port.9000.4.udp_drops:7|c\n"));
    c.reading.report.ipv6 = false; /* no reading told that there is IPv6 */
    assert_int_equal(count_of(lines(&c, &encoder_statsd), "netstat"), 2);
    c.s.added.n[ADDED_DROPS + DROPS_IPV6] = 8;
    assert_non_null(strstr(lines(&c, &encoder_statsd), "netstat.6.udp_drops:8|c\n"));
    tear_down(&c);
}

static void queues_are_pushed_as_far_as_they_are_known(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "80", NULL, 0);
    poll_end(&c.polls);
    c.reading.report.queues[PROTOCOL_TCP] = c.reading.report.queues[PROTOCOL_UDP] = true;
    assert_null(strstr(lines(&c, &encoder_influx), "queue_bytes"));
    c.s.queues = true;
    assert_int_equal(count_of(lines(&c, &encoder_influx), "i,tcp_rx_queue_bytes=0i,tcp_tx_queue_bytes=0i,udp_rx"), 2);
    assert_int_equal(count_of(text, "udp_rx_queue_bytes=0i "), 4);
    c.s.queue_totals = true;
    assert_int_equal(count_of(lines(&c, &encoder_influx), "i,tcp_rx_queue_bytes=0i,tcp_tx_queue_bytes=0i,udp_rx"), 4);
    c.reading.report.queues[PROTOCOL_UDP] = false;
    assert_int_equal(count_of(lines(&c, &encoder_influx), "udp_rx_queue_bytes"), 0);
    c.s.queue_totals = false; /* from now on they are not all listed: StatsD would go on with the last value */
    c.polls.tally.lost_all_tcp = true;
    assert_null(strstr(lines(&c, &encoder_influx), "netstat.4.tcp_rx_queue_bytes"));
    assert_non_null(strstr(lines(&c, &encoder_statsd), "\nnetstat.4.tcp_rx_queue_bytes:0|g\n"));
    tear_down(&c);
}

/* Every line there can be from the first increment on has room, without series that come and go. */
static void all_increments_have_room(void **state)
{
    static const char *const names[LISTEN_MAX] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    struct kernel_reading kernel = {.known = UINT32_MAX};
    struct buf b = {.data = text, .cap = sizeof text};
    struct increment increment[INCREMENTS_MAX];
    struct sink sink = {.out = &b, .line_max = 1000, .increment = increment};
    char rules[DROPS_SERIES * 6 + 20] = "9000";
    struct scene c;

    (void)state;
    for (int i = 1; i < DROPS_SERIES + 2; i++)
        snprintf(rules + strlen(rules), sizeof rules - strlen(rules), ",%d", 9000 + i);
    set_up(&c, rules, NULL, 0);
    poll_drops(&c, DROPS_SERIES + 2, 0);
    poll_drops(&c, DROPS_SERIES + 2, 1);
    c.s.drops = true;
    c.s.kernel = &kernel;
    c.s.push_self = true;
    c.s.n_outputs = OUTPUTS_MAX;
    c.s.n_listen = LISTEN_MAX;
    for (int i = 0; i < OUTPUTS_MAX; i++)
        c.s.output[i].name = names[i];
    for (int i = 0; i < LISTEN_MAX; i++)
        c.s.listen[i] = (struct listen_counters){.name = names[i], .known = UINT32_MAX};
    snapshot_encode(&c.s, &encoder_dogstatsd, &sink);
    assert_int_equal(sink.n_increments, ADDED_LINES - 1); /* ADDED_NONE is none */
    assert_true(sink.n_increments + VALUES_MAX <= INCREMENTS_MAX);
    tear_down(&c);
}

#define MANY 3000 /* counters, of points with two */

/* The sink of a snapshot in pieces. */
struct pieces {
    struct sink sink;
    unsigned n, gauges, increments; /* pieces, and their lines */
    size_t longest;                 /* bytes of a piece */
};

/* Checks the increments of a piece, which are those of the counters after those of the piece before. */
static void check_piece(struct sink *sink)
{
    struct pieces *p = (struct pieces *)sink;
    const char *line = text;

    text[sink->out->len] = '\0';
    p->longest = sink->out->len > p->longest ? sink->out->len : p->longest;
    for (; line < text + sink->gauges; line = strchr(line, '\n') + 1, p->gauges++)
        assert_int_equal(strchr(line, '|')[1], 'g');
    for (unsigned i = 0; i < sink->n_increments; i++, line = strchr(line, '\n') + 1) {
        unsigned index = p->increments, n = 0;
        char type = 0;

        assert_int_equal(sscanf(strchr(line, ':'), ":%u|%c", &n, &type), 2);
        assert_int_equal(sink->increment[i].n, type == 'c' ? n : 0);
        assert_true(sink->increment[i].id == (type == 'c' ? (uint64_t)(index % 7) << 32 | index : ADDED_NONE));
        p->increments += type == 'c';
        p->gauges += type == 'g';
    }
    assert_int_equal(*line, '\0');
    p->n++;
    buf_cut(sink->out, 0);
    sink->lines = sink->n_increments = 0;
}

/* Longer tags make pieces full by their bytes, others are full of increments. */
static void many_increments_come_in_pieces(void **state)
{
    static uint64_t added[MANY];
    static uint32_t generation[MANY];
    static char host[400];
    struct tag tag = {"host", host};
    const struct tags tags = {&tag, 1};

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        added[i] = i % 900;
        generation[i] = i % 7;
    }
    for (size_t len = 1; len < sizeof host; len += 199) {
        struct buf out = {.data = text, .cap = FLUSH_BYTES + VALUES_MAX * 1000};
        struct increment increment[INCREMENTS_MAX];
        struct pieces p = {.sink = {.out = &out, .flush = check_piece, .line_max = 1000, .increment = increment},
                           .increments = 1};
        struct scene c;

        memset(host, 'h', len);
        set_up(&c, "", &tags, 1);
        poll_end(&c.polls);
        c.s.added = (struct added){.n = added, .generation = generation, .count = MANY};
        for (unsigned i = 1; i + 1 < MANY; i += 2) {
            struct values v = {.n = 0};

            values_add(&v, &c.s, FIELD_POLL_US, i, ADDED_NONE);
            values_add(&v, &c.s, FIELD_PARTIAL_POLLS, 0, i);
            values_add(&v, &c.s, FIELD_POLL_ERRORS, 0, i + 1);
            values_put(&v, &c.s, &encoder_dogstatsd, &p.sink, SOCKPUSH, &c.tags.self);
        }
        check_piece(&p.sink);
        assert_int_equal(p.increments, MANY - 1);
        assert_int_equal(p.gauges, (MANY - 2) / 2);
        assert_in_range(p.n, MANY * 3 / 2 / INCREMENTS_MAX, MANY / 10);
        assert_in_range(p.longest, 1, FLUSH_BYTES + 3 * 500);
        tear_down(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_in_order_totals_ports_self),
        cmocka_unit_test(fields_have_their_names_and_order_and_pid_is_last),
        cmocka_unit_test(remote_ports_have_the_same_fields_and_what_is_left_of_ours),
        cmocka_unit_test(a_pid_is_left_out_when_unknown_and_pushed_as_0_when_lost),
        cmocka_unit_test(what_could_not_be_read_is_left_out_and_no_zero),
        cmocka_unit_test(the_end_of_a_series_is_marked_once_where_the_format_has_a_mark),
        cmocka_unit_test(a_lost_pid_ends_its_series),
        cmocka_unit_test(accept_queues_are_pushed_as_far_as_they_are_known),
        cmocka_unit_test(accept_queues_that_are_gone_are_0_once_or_end),
        cmocka_unit_test(the_age_in_close_wait_is_pushed_where_sockets_have_cookies),
        cmocka_unit_test(without_ipv6_in_the_kernel_its_zeros_are_not_pushed),
        cmocka_unit_test(self_tags_win_over_the_groups_and_these_over_the_users),
        cmocka_unit_test(counters_are_increments_in_statsd_and_totals_elsewhere),
        cmocka_unit_test(each_increment_has_its_index),
        cmocka_unit_test(the_kernels_counters_have_no_tags_of_their_own),
        cmocka_unit_test(lost_datagrams_are_increments_apart_or_totals),
        cmocka_unit_test(lost_datagrams_of_a_poll_that_was_not_read),
        cmocka_unit_test(queues_are_pushed_as_far_as_they_are_known),
        cmocka_unit_test(all_increments_have_room),
        cmocka_unit_test(many_increments_come_in_pieces),
    };

    return cmocka_run_group_tests_name("snapshot", tests, NULL, NULL);
}
