/* The points of netstat_pod_port and netstat_pod_remote, and how large they can be. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/pods_helper.h"
#include "unit/helper.h"

#define RULES "[{\"ports\":[80,\">443\"],\"tags\":{\"team\":\"shop\"}},{\"ports\":[\"*:90\"]}]"
#define TIME  " 1700000000123000000\n"

static struct tally ports;
static struct rules rules;

/* Lets the scene have ports. The program's own sockets are not read, so nothing is taken from there. */
static void with_ports(struct scene *c, const char *text, uint32_t max)
{
    memset(c->reading.read, 0, sizeof c->reading.read);
    rules_of(&rules, text, &c->polls.arena);
    tally_init_views(&ports, &rules, max, &c->polls.arena);
    series_tags_init_pods(&c->tags, &pods_users, 1, &rules, &c->polls.arena);
    c->pods.ports = &ports;
    c->s.queues = c->s.drops = c->s.pids = true;
    pods_add(c, "shop", "web");
    strcpy(pods_add(c, "", "")->text.netns, "4026531840");
    tally_begin(&ports, 1000);
}

static void open_port(struct scene *c, unsigned pod, struct sock s)
{
    const struct pod_view view = {.series = &pods_series[pod]};

    pods_enter_ports(&c->pods, &view);
    pods_count(&c->pods, &s, 1);
}

static const char *encode(struct scene *c, const struct encoder *format)
{
    struct buf out = {.data = pods_text, .cap = sizeof pods_text - 1};
    struct sink sink = {.out = &out, .line_max = 16383, .state = c->s.state};

    source_pod_ports.put(&c->s, format, &sink);
    if (format->end)
        format->end(&sink);
    pods_text[out.len] = '\0';
    return pods_text;
}

static const char *encode_all(struct scene *c, const struct encoder *format)
{
    struct buf out = {.data = pods_text, .cap = sizeof pods_text - 1};
    struct sink sink = {.out = &out, .line_max = 16383, .state = c->s.state};

    snapshot_encode(&c->s, format, &sink);
    pods_text[out.len] = '\0';
    return pods_text;
}

#define STATES                                                                                         \
    "tcp_syn_sent=0i,tcp_syn_recv=0i,tcp_fin_wait1=0i,tcp_fin_wait2=0i,tcp_time_wait=0i,tcp_close=0i," \
    "tcp_close_wait=0i,tcp_last_ack=0i"
#define QUEUES "close_wait_oldest_s=0i,tcp_rx_queue_bytes=0i,tcp_tx_queue_bytes=0i,udp_rx_queue_bytes=0i"

static void lines_have_the_tags_of_pod_rule_and_port(void **state)
{
    struct sock listener = sock_of(PROTOCOL_TCP, "::", 80, STATE_LISTEN, 1);
    struct sock to = sock_of(PROTOCOL_TCP, "10.0.0.1", 5000, STATE_ESTABLISHED, 1);
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    with_ports(&c, RULES, 10);
    connect_to(&to, "9.9.9.9", 443);
    listener.known |= SOCK_QUEUE;
    listener.rx_queue = 3;
    open_port(&c, 0, listener);
    open_port(&c, 0, to);
    open_port(&c, 1, sock_of(PROTOCOL_TCP, "10.0.0.1", 90, STATE_ESTABLISHED, 1));
    pods_end_ports(&c.pods);
    assert_string_equal(
        encode(&c, &encoder_influx),
        "netstat_pod_port,addr_port=80,host=h,ip_version=6,namespace=shop,pod_name=web,team=shop "
        "tcp_established=0i," STATES
        ",tcp_listen=1i,tcp_closing=0i,tcp_none=0i,udp_socket=0i,accept_queue=3i," QUEUES TIME
        "netstat_pod_port,addr_port=10.0.0.1:90,host=h,ip_version=4,netns=4026531840 tcp_established=1i," STATES
        ",tcp_listen=0i,tcp_closing=0i,tcp_none=0i,udp_socket=0i," QUEUES TIME
        "netstat_pod_remote,host=h,ip_version=4,namespace=shop,pod_name=web,remote=443,team=shop "
        "tcp_established=1i," STATES ",tcp_listen=0i,tcp_closing=0i,tcp_none=0i,udp_socket=0i," QUEUES TIME);
    assert_non_null(strstr(encode(&c, &encoder_statsd), "h.netstat_pod_port.shop.web.80.6.tcp_listen:1|g\n"));
    assert_non_null(strstr(pods_text, "h.netstat_pod_port.4026531840.10_0_0_1_90.4.tcp_established:1|g\n"));
    assert_non_null(strstr(pods_text, "h.netstat_pod_remote.shop.web.443.4.tcp_established:1|g\n"));
    assert_non_null(strstr(encode_all(&c, &encoder_table), "\n6  shop/web 80 "));
    assert_non_null(strstr(pods_text, "\n4  4026531840 10.0.0.1:90\n"));
    assert_non_null(strstr(pods_text, "\n4  shop/web >443 "));
    strcpy(pods_series[0].origin, "c0ffee");
    assert_non_null(strstr(encode(&c, &encoder_datadog), "pod_name:web,team:shop|c:ci-c0ffee|card:low\n"));
    assert_non_null(strstr(pods_text, "netns:4026531840|card:low\n"));
    c.s.queues = false;
    assert_null(strstr(encode(&c, &encoder_influx), "queue_bytes"));
    c.s.only_metrics = true;
    assert_string_equal(encode(&c, &encoder_influx), "");
    pods_tear_down(&c);
}

static void what_exceeds_the_limit_is_of_no_pod(void **state)
{
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    with_ports(&c, "80,81", 1);
    open_port(&c, 0, sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, 1));
    open_port(&c, 0, sock_of(PROTOCOL_TCP, "10.0.0.1", 81, STATE_LISTEN, 1));
    open_port(&c, 1, sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_LISTEN, 1));
    pods_end_ports(&c.pods);
    assert_non_null(strstr(encode(&c, &encoder_dogstatsd),
                           "netstat_pod_port.tcp_listen:2|g|#addr_port:other,host:h,ip_version:4\n"));
    assert_non_null(strstr(pods_text, "netstat_pod_port.tcp_listen:1|g|#addr_port:80,host:h,ip_version:4,"
                                      "namespace:shop,pod_name:web\n"));
    assert_non_null(strstr(encode(&c, &encoder_datadog), "addr_port:other,host:h,ip_version:4|card:low\n"));
    pods_tear_down(&c);
}

/* There is room for the ages of 4,096 sockets. */
static void what_has_no_age_is_counted(void **state)
{
    struct sock s = sock_of(PROTOCOL_TCP, "10.0.0.1", 80, STATE_CLOSE_WAIT, 1);
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    with_ports(&c, "80", 10);
    c.s.push_self = true;
    for (s.cookie = 1; s.cookie <= 5000; s.cookie++)
        open_port(&c, s.cookie % 2, s);
    pods_end_ports(&c.pods);
    assert_non_null(strstr(encode_all(&c, &encoder_influx), ",untracked_sockets=904i,untracked_pods=0i,"));
    c.reading.read[PROTOCOL_TCP] = true;
    c.polls.tally.close_wait.overflow = 1;
    assert_non_null(strstr(encode_all(&c, &encoder_influx), ",untracked_sockets=905i,"));
    c.pods.ports = NULL;
    assert_non_null(strstr(encode_all(&c, &encoder_influx), ",untracked_sockets=1i,"));
    c.reading.read[PROTOCOL_TCP] = false;
    assert_null(strstr(encode_all(&c, &encoder_influx), "untracked_sockets"));
    pods_tear_down(&c);
}

/* Makes as many series as there may be, of the rule, with the longest texts and numbers. */
static void fill(struct scene *c, const char *address, uint16_t port, const char *remote)
{
    struct pod_series *pod = &pods_series[0];

    memset(pod->text.name_space, 'n', sizeof pod->text.name_space - 1);
    memset(pod->text.name, 'n', sizeof pod->text.name - 1);
    memset(pod->text.container, '=', sizeof pod->text.container - 1);
    memset(pod->text.uid, 'n', sizeof pod->text.uid - 1);
    memset(pod->origin, 'f', sizeof pod->origin - 1);
    for (unsigned i = 0; i < 30; i++) {
        struct sock s = sock_of(PROTOCOL_TCP, address, port, STATE_LISTEN, 1);

        if (remote)
            connect_to(&s, remote, 443);
        pod->generation++; /* another pod's */
        open_port(c, 0, s);
        s.state = STATE_ESTABLISHED;
        pods_count(&c->pods, &s, 1);
    }
    pods_end_ports(&c->pods);
    for (uint32_t i = 0; i < tally_count(&ports); i++) {
        struct series *series = tally_series(&ports, i);

        if (series->rule != RULE_NONE) /* they are pushed as if the pod had each of them */
            series->discovery->view = ports.view;
        memset(series->count, 0xff, sizeof series->count);
        memset(series->bytes, 0xff, sizeof series->bytes);
        memset(series->queue.value, 0xff, sizeof series->queue.value);
        series->queue.pushed = 0xff;
        series->close_wait_oldest_s = UINT32_MAX;
    }
}

static void the_largest_snapshot_is_predicted(void **state)
{
    static const struct {
        const char *rules, *address, *remote;
        uint16_t port;
    } row[] = {
        {"80", "10.0.0.1", NULL, 80},
        {"*:1000-65535", "fd00:1111:2222:3333:4444:5555:6666:7777", NULL, 60000},
        {"listen", "::1", NULL, 60000},
        {">[fd00:1111:2222:3333:4444:5555:6666:7777]/127:443", "::1", "fd00:1111:2222:3333:4444:5555:6666:7777", 5000},
        {"[{\"ports\":[80],\"tags\":{\"team\":\"a long text that is another tag of the "
         "group\"}},{\"ports\":[\">443\"]}]",
         "::1", NULL, 80},
    };

    (void)state;
    for (unsigned turn = 0; turn < 2 * COUNT_OF(row); turn++) {
        struct scene c;

        pods_set_up(&c, &pods_users);
        c.pods.want.tags = PODS_SPACE | PODS_NAME | 1u << POD_UID | 1u << POD_CONTAINER;
        with_ports(&c, row[turn / 2].rules, turn % 2 ? 1 : 20);
        c.pods.want.max = 2;
        c.reading.read[0] = c.reading.read[1] = true;
        c.reading.report.sockets = UINT64_MAX;
        fill(&c, row[turn / 2].address, row[turn / 2].port, row[turn / 2].remote);
        for (const struct encoder *const *e = encoders; *e; e++) {
            struct buf out = {.data = pods_text, .cap = sizeof pods_text};
            struct sink sink = {.out = &out, .line_max = 1432, .state = c.s.state};
            uint64_t oversized, max, without;
            size_t len;

            max = snapshot_max(&c.s, *e, sink.line_max, &oversized);
            snapshot_encode(&c.s, *e, &sink);
            len = out.len;
            assert_int_equal(sink.oversized, 0);
            c.pods.ports = NULL;
            without = snapshot_max(&c.s, *e, sink.line_max, &oversized);
            out.len = 0;
            snapshot_encode(&c.s, *e, &sink);
            assert_row(len - out.len > 100, (*e)->name);
            assert_row(len <= max, (*e)->name);
            if (*e != &encoder_table) /* whose other columns may become wider */
                assert_row(len - out.len <= max - without, (*e)->name);
            c.pods.ports = &ports;
        }
        pods_tear_down(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_have_the_tags_of_pod_rule_and_port),
        cmocka_unit_test(what_exceeds_the_limit_is_of_no_pod),
        cmocka_unit_test(what_has_no_age_is_counted),
        cmocka_unit_test(the_largest_snapshot_is_predicted),
    };

    return cmocka_run_group_tests_name("snapshot_pod_ports", tests, NULL, NULL);
}
