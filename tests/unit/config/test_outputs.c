/* The destinations in SOCKPUSH_TO and in the variables of other programs. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "unit/config/config_helper.h"

#define ENV_MAX 8

static void the_first_destination_that_is_set_decides(void **state)
{
    static const struct {
        const char *env[ENV_MAX];
        const char *outputs, *from;
        unsigned warnings;
    } row[] = {
        {{NULL}, "udp://127.0.0.1:8125", "default", 0},
        {{"STATSD_PORT=9125", "DD_DOGSTATSD_PORT=9126"},
         "udp://127.0.0.1:8125",
         "default",
         0}, /* a port without its host */
        {{"STATSD_HOST=h"}, "udp://h:8125", "STATSD_HOST", 0},
        {{"STATSD_HOST=h", "STATSD_PORT=9125"}, "udp://h:9125", "STATSD_HOST", 0},
        {{"STATSD_HOST=h", "STATSD_PORT=tcp://10.0.0.1:9125"}, "udp://h:8125", "STATSD_HOST", 1}, /* a service link */
        {{"STATSD_HOST=h", "STATSD_PORT=0"}, "udp://h:8125", "STATSD_HOST", 1},
        {{"STATSD_ADDR=a:9125", "STATSD_HOST=h", "STATSD_PORT=1"}, "udp://a:9125", "STATSD_ADDR", 0},
        {{"STATSD_ADDR=a"}, "udp://a:8125", "STATSD_ADDR", 0},
        {{"DD_AGENT_HOST=d", "STATSD_ADDR=a:9125"}, "udp://d:8125", "DD_AGENT_HOST", 0},
        {{"DD_AGENT_HOST=d", "DD_DOGSTATSD_PORT=9126"}, "udp://d:9126", "DD_AGENT_HOST", 0},
        {{"DD_AGENT_HOST=d:1", "DD_DOGSTATSD_PORT=9126"}, "udp://d:1", "DD_AGENT_HOST", 0},
        {{"DD_AGENT_HOST=d", "DD_DOGSTATSD_PORT=x"}, "udp://d:8125", "DD_AGENT_HOST", 1},
        {{"DD_AGENT_HOST=2001:db8::1", "DD_DOGSTATSD_PORT=9126"}, "udp://[2001:db8::1]:9126", "DD_AGENT_HOST", 0},
        {{"DD_AGENT_HOST=[::1]:1"}, "udp://[::1]:1", "DD_AGENT_HOST", 0},
        {{"DD_AGENT_HOST=unix:///run/dsd.socket"}, "unix:///run/dsd.socket", "DD_AGENT_HOST", 0},
        {{"DD_DOGSTATSD_URL=udp://u:1", "DD_AGENT_HOST=d"}, "udp://u:1", "DD_DOGSTATSD_URL", 0},
        {{"DD_DOGSTATSD_URL=unix:///run/dsd.socket"}, "unix:///run/dsd.socket", "DD_DOGSTATSD_URL", 0},
        {{"SOCKPUSH_TO=udp://s", "DD_DOGSTATSD_URL=udp://u:1"}, "udp://s:8125", "SOCKPUSH_TO", 0},
        {{"SOCKPUSH_TO= ", "DD_DOGSTATSD_URL=", "DD_AGENT_HOST=d"}, "udp://d:8125", "DD_AGENT_HOST", 0},
        /* a bad value in another program's variable is warned about, and the next variable decides */
        {{"DD_DOGSTATSD_URL=carrier://pigeon", "DD_AGENT_HOST=d"}, "udp://d:8125", "DD_AGENT_HOST", 1},
        {{"DD_DOGSTATSD_URL=u:1"}, "udp://127.0.0.1:8125", "default", 1},
        {{"DD_AGENT_HOST=a b", "STATSD_ADDR=x:y", "STATSD_HOST=h"}, "udp://h:8125", "STATSD_HOST", 2},
        {{"SOCKPUSH_FORMAT=influx", "STATSD_HOST=h"}, "udp://h:8089", "STATSD_HOST", 0},
        {{"SOCKPUSH_FORMAT=table"}, "stdout:", "default", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char what[256];

        config_of(&c, NULL, row[i].env);
        snprintf(what, sizeof what, "row %zu gives %s from %s, %u warnings", i, outputs_of(&c), c.config.to_from,
                 c.logged.n);
        assert_row(!strcmp(outputs_of(&c), row[i].outputs), what);
        assert_row(!strcmp(c.config.to_from, row[i].from), what);
        assert_row(!c.logged.diag.errors && c.logged.n == row[i].warnings, what);
        arena_free(&c.config.arena);
    }
}

static void several_outputs_each_with_its_format(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(
        &c, NULL,
        "SOCKPUSH_TO=udp://a, influx+udp://[2001:DB8::1] ,unix:///run/x%2Cy,unix://@n,unixgram:///g,table+stdout:,"
        "influx+unixstream:///s,udp://fe80.example:1",
        "SOCKPUSH_FORMAT=dogstatsd");
    assert_int_equal(c.logged.n, 0);
    assert_int_equal(c.config.n_outputs, 8);
    assert_string_equal(c.config.output[0].name, "udp://a:8125");
    assert_string_equal(c.config.output[0].format->name, "dogstatsd");
    assert_int_equal(c.config.output[1].target[0].port, 8089);
    assert_string_equal(c.config.output[1].format->name, "influx");
    assert_string_equal(c.config.output[2].name, "unix:///run/x,y");
    assert_string_equal(c.config.output[2].path, "/run/x,y");
    assert_string_equal(c.config.output[3].name, "unix://@n");
    assert_string_equal(c.config.output[4].name, "unixgram:///g");
    assert_string_equal(c.config.output[5].name, "stdout:");
    assert_string_equal(c.config.output[5].format->name, "table");
    assert_string_equal(c.config.output[6].format->name, "influx");
    assert_string_equal(c.config.output[7].name, "udp://fe80.example:1");
    arena_free(&c.config.arena);
}

static void a_stream_over_the_network_has_a_port_and_perhaps_other_hosts_to_fall_back_to(void **state)
{
    static const char eight[] = "tcp://a:1,a:2,a:3,a:4,a:5,a:6,a:7,[2001:DB8::1]:8";
    static const struct {
        const char *to, *outputs;
        int n, targets; /* of the last output */
    } row[] = {
        {"tcp://a:1", "tcp://a:1", 1, 1},
        {"tcp://a:1,b:2", "tcp://a:1,b:2", 1, 2},
        {"tcp://a:1 , b:1", "tcp://a:1,b:1", 1, 2},
        {"tcp://a:1,a:2", "tcp://a:1,a:2", 1, 2},
        {"influx+tcp://[::1]:1,[::2]:2", "tcp://[::1]:1,[::2]:2", 1, 2},
        {"tcp://a:1,b:2,tcp://b:2,a:1", "tcp://a:1,b:2 tcp://b:2,a:1", 2, 2},
        {"udp://a:1,tcp://a:1,b:2", "udp://a:1 tcp://a:1,b:2", 2, 2},
        {"tcp://a:1,b:2,udp://c", "tcp://a:1,b:2 udp://c:8125", 2, 1},
        {eight, "tcp://a:1,a:2,a:3,a:4,a:5,a:6,a:7,[2001:db8::1]:8", 1, 8},
        {"tls://a:6514", "tls://a:6514", 1, 1},
        {"tls://a:1,b:2,tcp://a:1", "tls://a:1,b:2 tcp://a:1", 2, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const struct endpoint *last;
        struct read_config c;
        char text[256];

        if (!tls_built && strstr(row[i].to, "tls:"))
            continue;
        snprintf(text, sizeof text, "SOCKPUSH_TO=%s", row[i].to);
        CONFIG_OF(&c, NULL, text);
        assert_row(!c.logged.n && c.config.n_outputs == row[i].n, row[i].to);
        assert_row(!strcasecmp(outputs_of(&c), row[i].outputs), outputs_of(&c));
        last = &c.config.output[row[i].n - 1];
        assert_row(last->n_targets == row[i].targets, row[i].to);
        arena_free(&c.config.arena);
    }
}

static void hosts_are_tried_in_their_order(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=tcp://b:1,a:2");
    assert_string_equal(c.config.output[0].target[0].host, "b");
    assert_int_equal(c.config.output[0].target[0].port, 1);
    assert_string_equal(c.config.output[0].target[1].host, "a");
    assert_int_equal(c.config.output[0].target[1].port, 2);
    assert_ptr_equal(c.config.output[0].transport, &output_tcp);
    assert_ptr_equal(c.config.output[0].tls, &c.config.tls);
    arena_free(&c.config.arena);
}

static void a_wrong_output_is_refused_with_what_is_accepted(void **state)
{
    /* clang-format off */
    static const char *const row[][2] = {
        {"udp://a:1,udp://a:1", "twice"}, {"udp://a,udp://a:8125", "twice"}, {"unix:///a,unix:///%61", "twice"},
        {"udp://1,udp://2,udp://3,udp://4,udp://5,udp://6,udp://7,udp://8,udp://9", "8"},
        {"udp://user:pw@a", "user"}, {"udp://a/path", "path"}, {"udp://a?q", "path"}, {"udp://a#f", "path"},
        {"carrier://a", "udp"}, {"influx://a:1", "influx is a format"}, {"a:8125", "udp"}, {"udp://a:1,b:1", "fail-over"}, {"udp://a,", "nothing"}, {",udp://a", "nothing"},
        {"xml+udp://a", "influx"}, {"table+udp://a", "stdout"}, {"table+unix:///a", "stdout"}, {"udp://a:0", "65535"},
        {"unix:///01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012", "too long"},
        {"unix://a", "absolute"}, {"udp:a", "udp"}, {"udp:/a", "udp"}, {"stdout:/x", "port"}, {"udp://", "host"},
        {"tcp://a", "port"}, {"influx+tcp://a", "port"}, {"tcp://a:1,b", "port"}, {"tcp://a:0", "65535"}, {"tcp://a:1/x", "path"},
        {"tcp://a:1,b:2/x", "port"}, {"tcp://a:1,a:1", "twice"}, {"tcp://a:1,b:2,A:1", "twice"},
        {"tcp://1:1,2:1,3:1,4:1,5:1,6:1,7:1,8:1,9:1", "8 hosts"}, {"tcp://a:1,b:2,", "nothing"}, {"table+tcp://a:1", "stdout"},
        {"stdout:,a:1", "fail-over"}, {"unixstream:///s,a:1", "fail-over"}, {"b:2,tcp://a:1", "udp://b:2"},
        {"tls://a", "tls"}, {"tls://a:1/x", "tls"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char text[256];

        snprintf(text, sizeof text, "SOCKPUSH_TO=%s", row[i][0]);
        CONFIG_OF(&c, NULL, text);
        assert_row(c.logged.diag.errors == 1, row[i][0]);
        if (!logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", row[i][1])) {
            logged_print(&c.logged);
            assert_row(false, row[i][0]);
        }
        arena_free(&c.config.arena);
    }
}

static void the_same_output_twice_is_reported_with_all_its_hosts(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=tcp://a:1,b:2,tcp://a:1,b:2");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", "twice"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=tcp://a:1,tcp://a:1,b:2");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(outputs_of(&c), "tcp://a:1 tcp://a:1,b:2");
    arena_free(&c.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_destination_that_is_set_decides),
        cmocka_unit_test(several_outputs_each_with_its_format),
        cmocka_unit_test(a_stream_over_the_network_has_a_port_and_perhaps_other_hosts_to_fall_back_to),
        cmocka_unit_test(hosts_are_tried_in_their_order),
        cmocka_unit_test(a_wrong_output_is_refused_with_what_is_accepted),
        cmocka_unit_test(the_same_output_twice_is_reported_with_all_its_hosts),
    };

    return cmocka_run_group_tests_name("config_outputs", tests, NULL, NULL);
}
