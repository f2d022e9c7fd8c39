/* Buffers are allocated once, for the largest possible snapshot. No snapshot may be larger. */
#include <stdio.h>
#include <string.h>

#include "encode/snapshot.h"
#include "unit/count/tally_helper.h"
#include "unit/helper.h"

static char text[4 << 20];

struct scene {
    struct polls polls;
    struct series_tags tags;
    struct reading reading;
    struct kernel_reading kernel;
    uint64_t added[ADDED];
    struct snapshot s;
    size_t line_max;
};

static _Alignas(16) char format_state[65536]; /* of formats that collect points */

static void set_up(struct scene *c, const char *rules, uint32_t max_series, const struct tags *users)
{
    memset(c, 0, sizeof *c);
    polls_init(&c->polls, rules, max_series);
    series_tags_init(&c->tags, users, 1, &c->polls.rules, &c->polls.arena);
    c->reading = (struct reading){.report.ipv6 = true, .read = {true, true}, .name = "netlink+procfs"};
    c->s = (struct snapshot){.prefix = "",
                             .sections = "",
                             .tags = &c->tags,
                             .agent_tags = &c->tags,
                             .tally = &c->polls.tally,
                             .reading = &c->reading,
                             .kernel = &c->kernel,
                             .time_ms = 1700000000123,
                             .state = format_state,
                             .pids = true,
                             .push_self = true,
                             .added = {.n = c->added, .count = ADDED}};
    c->line_max = 1432;
}

static void check(struct scene *c, const char *what)
{
    for (const struct encoder *const *e = encoders; *e; e++) {
        uint64_t predicted;
        size_t max = snapshot_max(&c->s, *e, c->line_max, &predicted);
        struct buf out = {.data = text, .cap = sizeof text};
        struct sink sink = {.out = &out, .line_max = c->line_max, .state = c->s.state};

        snapshot_encode(&c->s, *e, &sink);
        assert_false(out.full);
        if (out.len > max)
            print_error("%s: %zu bytes, at most %zu predicted\n", (*e)->name, out.len, max);
        assert_row(out.len <= max, what);
        assert_row(predicted || !sink.oversized, what);
    }
}

static void any_count(struct scene *c)
{
    static const char *const address[] = {"10.0.0.1", "255.255.255.255", "::1",
                                          "2001:db8:1111:2222:3333:4444:5555:6666",
                                          "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"};
    struct sock s = sock_of(any(3) ? PROTOCOL_TCP : PROTOCOL_UDP, address[any(COUNT_OF(address))],
                            (uint16_t)(any(2) ? 1 + any(30) : 65500 + any(36)), (enum tcp_state)any(STATE_COUNT), 1);

    s.known |= any(2) ? SOCK_QUEUE | SOCK_LIMIT : any(2) ? SOCK_QUEUE : 0;
    s.rx_queue = UINT32_MAX >> any(32);
    s.tx_queue = UINT32_MAX >> any(32);
    s.known |= s.protocol == PROTOCOL_UDP && any(2) ? SOCK_DROPS : 0;
    s.cookie = any(20);
    s.drops = (uint32_t)any(1u << 31);
    if (any(2)) {
        memcpy(s.remote, s.local, sizeof s.remote);
        s.remote_port = (uint16_t)(any(2) ? 1 + any(30) : 65500 + any(36));
        s.known |= SOCK_REMOTE;
    }
    tally_sock(&c->polls.tally, &s, any(2) ? 1 : any(2) ? UINT64_MAX / 4 : any(1u << 30));
}

static void a_poll(struct scene *c, unsigned sockets)
{
    c->polls.now_ms += 10000;
    poll_begin(&c->polls);
    if (c->polls.tally.ephemeral)
        ports_add(&c->polls.tally.ephemeral->ports, (uint16_t)(1 + any(30)));
    while (sockets--)
        any_count(c);
    tally_end(&c->polls.tally);
    c->reading.report.queue_limits = any(2);
    c->reading.report.cookies = any(2);
    for (int i = 0; i < PROTOCOL_COUNT; i++)
        c->reading.report.queues[i] = any(2);
    tally_end_tcp(&c->polls.tally, any(2), any(2));
    tally_end_udp(&c->polls.tally, any(2));
    c->s.queue_totals = c->s.queues && any(2);
    c->s.drops = c->s.queues && any(2);
    for (uint32_t i = 0; i < tally_count(&c->polls.tally); i++)
        tally_series(&c->polls.tally, i)->owner.pid = any(2) ? 0 : any(2) ? 0x7fffffff : (int)any(100);
    c->s.self = (struct self_counters){UINT64_MAX >> any(64), UINT64_MAX >> any(64), any(9), any(9)};
    for (int i = 0; i < KERNEL_COUNTERS; i++)
        c->kernel.n[i] = UINT64_MAX >> any(64);
    c->kernel.known = any(2) ? UINT32_MAX : any(UINT32_MAX);
    for (int i = 0; i < ADDED; i++)
        c->added[i] = UINT64_MAX >> any(64);
    c->reading.report.sockets = UINT64_MAX >> any(64);
}

static void any_snapshot_is_within_what_was_predicted(void **state)
{
    static const char *const rules[] = {
        "",
        "80",
        "*:1-65535",
        "listen",
        "1-10,*:11-20,10.0.0.1:65535,[::1]:65534,65500-65535,listen",
        "1-10,>1-20,>10.0.0.0/8:65500,>[ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe]/127:65535,>65000-65535",
        ("[{\"ports\":[1,2,3],\"tags\":{\"a\":\"a longer value of this group\"}},"
         "{\"ports_match\":[\"*:4-65535\"],\"tags\":{\"k\":\"\xc3\xa9,= \"}}]"),
    };
    static const char *const name[OUTPUTS_MAX] = {"stdout:", "udp://127.0.0.1:8125", "unix:///run/a"};

    (void)state;
    any_seed(11);
    for (int turn = 0; turn < 300 / ONE_IN; turn++) {
        struct tag tag[3] = {{"host", "h"}, {"k", NULL}, {"a", NULL}};
        const struct tags users = {tag, any(4)};
        char value[1001];
        struct scene c;

        memset(value, turn % 2 ? 'v' : '=', sizeof value); /* escaped, it is twice as long */
        value[any(sizeof value)] = '\0';
        value[sizeof value - 1] = '\0';
        tag[2].value = value;
        set_up(&c, rules[any(COUNT_OF(rules))], 1 + any(30), &users);
        c.line_max = 512 + any(2000);
        c.s.prefix = any(2) ? "" : "a.prefix";
        c.s.semconv = turn % 3;
        c.s.queues = any(4);
        c.s.n_outputs = (int)any(4);
        for (int i = 0; i < c.s.n_outputs; i++)
            c.s.output[i].name = name[i];
        for (int poll = 0; poll < 5; poll++) {
            a_poll(&c, any(200));
            check(&c, rules[0]);
            tally_expire(&c.polls.tally);
        }
        polls_free(&c.polls);
    }
}

/* There is a length at which a short number still fits into a line, but the longest does not. */
static void lines_that_only_small_numbers_fit_into_are_predicted(void **state)
{
    (void)state;
    for (size_t line_max = 20; line_max < 200; line_max++) {
        struct tag tag = {"host", "a"};
        const struct tags users = {&tag, 1};
        struct scene c;
        char what[64];

        set_up(&c, "80,*:81", 5, &users);
        c.line_max = line_max;
        poll_begin(&c.polls);
        for (int i = 1; i <= 7; i++)
            tcp(&c.polls, "10.0.0.1", 81, STATE_LISTEN, 1);
        tally_end(&c.polls.tally);
        snprintf(what, sizeof what, "line_max %zu", line_max);
        check(&c, what);
        polls_free(&c.polls);
    }
}

/* A user's long tag (900 bytes of value). A group's short tag replaces it, but not in "other". */
static const struct tags *long_tag(void)
{
    static char value[901];
    static struct tag tag = {"service", value};
    static const struct tags users = {&tag, 1};

    memset(value, 'v', sizeof value - 1);
    return &users;
}

static void the_series_other_is_predicted_with_its_own_tags(void **state)
{
    struct scene c;

    (void)state;
    set_up(&c, "[{\"ports_match\":[\"*:1-100\"],\"tags\":{\"service\":\"x\"}}]", 1, long_tag());
    poll_begin(&c.polls);
    for (uint16_t port = 1; port < 10; port++) {
        tcp(&c.polls, "10.0.0.1", port, STATE_LISTEN, 1);
        tcp(&c.polls, "::1", port, STATE_LISTEN, 1);
    }
    tally_end(&c.polls.tally);
    assert_non_null(series_named(&c.polls, "other", 6));
    check(&c, "other");
    polls_free(&c.polls);
}

static void lines_that_could_be_too_long_are_predicted(void **state)
{
    struct scene c;
    uint64_t oversized;

    (void)state;
    set_up(&c, "80", 5, long_tag());
    snapshot_max(&c.s, &encoder_dogstatsd, 1432, &oversized);
    assert_int_equal(oversized, 0);
    snapshot_max(&c.s, &encoder_dogstatsd, 900, &oversized);
    assert_true(oversized > 0);
    snapshot_max(&c.s, &encoder_influx, 1432, &oversized); /* influx splits the line */
    assert_int_equal(oversized, 0);
    polls_free(&c.polls);
}

static void lines_that_are_too_long_to_be_sent_need_no_room(void **state)
{
    struct scene c;
    uint64_t oversized;

    (void)state;
    set_up(&c, "*:80", 1000, long_tag());
    assert_in_range(snapshot_max(&c.s, &encoder_dogstatsd, 600, &oversized), 1000, 1010 * (FIELD_COLUMNS - 1) * 601);
    assert_true(oversized > 0);
    polls_free(&c.polls);
}

static void totals_of_lost_datagrams_may_rise(void **state)
{
    (void)state;
    for (const struct encoder *const *e = encoders; *e; e++) {
        uint64_t before, oversized;
        struct scene c;

        set_up(&c, "80", 5, long_tag());
        c.s.queues = true;
        before = snapshot_max(&c.s, *e, c.line_max, &oversized);
        memset(c.polls.tally.drops.total, 0xff, sizeof c.polls.tally.drops.total);
        assert_row(snapshot_max(&c.s, *e, c.line_max, &oversized) == before, (*e)->name);
        polls_free(&c.polls);
    }
}

/* More lines of increments are measured than a sink notes. */
static void increments_of_any_number_of_rules_are_measured(void **state)
{
    char rules[2 * INCREMENTS_MAX * 6] = "1000";
    uint64_t one, many, oversized;
    struct scene c;

    (void)state;
    set_up(&c, rules, 5, long_tag());
    c.s.queues = true;
    one = snapshot_max(&c.s, &encoder_statsd, c.line_max, &oversized);
    polls_free(&c.polls);
    for (int i = 1; i < 2 * INCREMENTS_MAX; i++)
        snprintf(rules + strlen(rules), sizeof rules - strlen(rules), ",%d", 1000 + i);
    set_up(&c, rules, 5, long_tag());
    c.s.queues = true;
    many = snapshot_max(&c.s, &encoder_statsd, c.line_max, &oversized);
    assert_int_equal(oversized, 0);
    assert_true(many > 2 * one);
    polls_free(&c.polls);
}

static void totals_are_predicted_once(void **state)
{
    struct scene c;
    uint64_t plain, both, oversized;

    (void)state;
    set_up(&c, "*:80", 1000, long_tag());
    c.line_max = 16383;
    plain = snapshot_max(&c.s, &encoder_otlp, c.line_max, &oversized);
    c.s.semconv = true;
    both = snapshot_max(&c.s, &encoder_otlp, c.line_max, &oversized);
    assert_in_range(both - plain, 24 * 1000, 24 * 1200); /* the points of IPv4 and IPv6 */
    polls_free(&c.polls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_snapshot_is_within_what_was_predicted),
        cmocka_unit_test(lines_that_only_small_numbers_fit_into_are_predicted),
        cmocka_unit_test(the_series_other_is_predicted_with_its_own_tags),
        cmocka_unit_test(lines_that_could_be_too_long_are_predicted),
        cmocka_unit_test(lines_that_are_too_long_to_be_sent_need_no_room),
        cmocka_unit_test(totals_of_lost_datagrams_may_rise),
        cmocka_unit_test(increments_of_any_number_of_rules_are_measured),
        cmocka_unit_test(totals_are_predicted_once),
    };

    return cmocka_run_group_tests_name("snapshot_max", tests, NULL, NULL);
}
