/* Precedence where several variables could decide: interval, ports, tags, host, prefix, procfs. */
#include <stdio.h>
#include <string.h>

#include "unit/config/config_helper.h"

#define ENV_MAX 8

static void datakits_interval_is_kept_within_datakits_bounds(void **state)
{
    static const struct {
        const char *env[ENV_MAX];
        int64_t ms;
        unsigned warnings;
        const char *from;
    } row[] = {
        {{"ENV_INPUT_NETSTAT_INTERVAL=15s"}, 15000, 0, "ENV_INPUT_NETSTAT_INTERVAL"},
        {{"ENV_INPUT_NETSTAT_INTERVAL=1s"}, 1000, 0, "ENV_INPUT_NETSTAT_INTERVAL"},
        {{"ENV_INPUT_NETSTAT_INTERVAL=100ms"}, 1000, 1, "ENV_INPUT_NETSTAT_INTERVAL"},
        {{"ENV_INPUT_NETSTAT_INTERVAL=5m"}, 60000, 1, "ENV_INPUT_NETSTAT_INTERVAL"},
        {{"ENV_INPUT_NETSTAT_INTERVAL=15"}, 10000, 1, "SOCKPUSH_INTERVAL"},
        {{"ENV_INPUT_NETSTAT_INTERVAL=15s", "SOCKPUSH_INTERVAL=200ms"}, 200, 0, "SOCKPUSH_INTERVAL"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        config_of(&c, NULL, row[i].env);
        assert_int_equal(c.config.v.interval_ms, row[i].ms);
        assert_row(!c.logged.diag.errors && c.logged.n == row[i].warnings, row[i].env[0]);
        assert_string_equal(c.config.interval_from, row[i].from);
        arena_free(&c.config.arena);
    }
}

static void datakits_ports_are_used_where_ours_are_unset_and_only_warn(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "ENV_INPUT_NETSTAT_ADDR_PORTS=[\"::1:80\",\"443\"]");
    assert_int_equal(c.config.rules.n, 2);
    assert_true(!c.logged.diag.errors && c.logged.n == 1);
    assert_string_equal(c.config.ports_from, "ENV_INPUT_NETSTAT_ADDR_PORTS");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "ENV_INPUT_NETSTAT_ADDR_PORTS=[\"::1:80\",\"x\"]");
    assert_int_equal(c.config.rules.n, 0);
    assert_int_equal(c.logged.diag.errors, 0);
    assert_true(logged_has(&c.logged, LOG_WARN, "ENV_INPUT_NETSTAT_ADDR_PORTS", "\"x\""));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "ENV_INPUT_NETSTAT_ADDR_PORTS=x", "SOCKPUSH_PORTS=22,listen");
    assert_int_equal(c.config.rules.n, 2);
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
}

/* The sources of tags, highest precedence first. A tag's value is its place. */
static const char *const tag_source[] = {
    "SOCKPUSH_TAGS=k=0,service=0,pod_name=0,host=0",
    "ENV_INPUT_NETSTAT_TAGS=k=1,service=1,pod_name=1,host=1",
    "DD_SERVICE=2",
    "DD_TAGS=k:3 service:3 pod_name:3 host:3",
    "ENV_GLOBAL_HOST_TAGS=k=4,service=4,pod_name=4,host=4",
    "POD_NAME=5",
    "SOCKPUSH_HOST=6",
};

static bool gives(size_t source, const char *key)
{
    static const char *const alone[COUNT_OF(tag_source)] = {[2] = "service", [5] = "pod_name", [6] = "host"};

    return !alone[source] || !strcmp(alone[source], key);
}

static void of_two_sources_of_a_tag_the_higher_decides(void **state)
{
    static const char *const key[] = {"k", "service", "pod_name", "host"};

    (void)state;
    for (size_t high = 0; high < COUNT_OF(tag_source); high++)
        for (size_t low = high + 1; low < COUNT_OF(tag_source); low++)
            for (int turned = 0; turned < 2; turned++) {
                struct read_config c;

                CONFIG_OF(&c, NULL, tag_source[turned ? low : high], tag_source[turned ? high : low]);
                assert_int_equal(c.logged.n, 0);
                for (size_t k = 0; k < COUNT_OF(key); k++) {
                    char expected[64], what[256];

                    snprintf(expected, sizeof expected, "%s=%zu", key[k], high);
                    snprintf(what, sizeof what, "%s and %s: %s", tag_source[high], tag_source[low], tags_of(&c));
                    if (gives(high, key[k]) && gives(low, key[k]))
                        assert_row(strstr(tags_of(&c), expected), what);
                }
                arena_free(&c.config.arena);
            }
}

static void tags_of_all_sources_are_joined(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "box", "SOCKPUSH_TAGS=a=1,bare", "ENV_INPUT_NETSTAT_TAGS=b=2", "DD_ENV=prod", "DD_SERVICE=shop",
              "DD_VERSION=1.2", "DD_TAGS=c:3,url:http://x", "ENV_GLOBAL_HOST_TAGS=d=4", "POD_NAME=pod-1",
              "POD_NAMESPACE=ns");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(
        tags_of(&c),
        "a=1;b=2;bare;c=3;d=4;env=prod;host=box;namespace=ns;pod_name=pod-1;service=shop;url=http://x;version=1.2");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "box", "SOCKPUSH_TAGS=a=1,pid=2", "DD_TAGS=ip_version:4,x:1", "ENV_INPUT_NETSTAT_TAGS=addr_port=1",
              "ENV_GLOBAL_HOST_TAGS=pid=1");
    assert_int_equal(c.logged.diag.errors, 1); /* ours is an error; the foreign ones warn */
    assert_int_equal(logged_count(&c.logged, LOG_WARN), 3);
    arena_free(&c.config.arena);
}

static void the_host_is_the_first_name_that_is_set(void **state)
{
    static const struct {
        const char *env[ENV_MAX], *host_name, *tags;
    } row[] = {
        {{NULL}, "sys", "host=sys"},
        {{NULL}, NULL, ""},
        {{NULL}, "", ""},
        {{"NODE_NAME=n"}, "sys", "host=n"},
        {{"NODE_NAME=n", "ENV_K8S_NODE_NAME=k"}, "sys", "host=k"},
        {{"ENV_K8S_NODE_NAME=k", "ENV_HOSTNAME=e"}, "sys", "host=e"},
        {{"ENV_HOSTNAME=e", "SOCKPUSH_HOST=s"}, "sys", "host=s"},
        {{"ENV_HOSTNAME=", "NODE_NAME=n"}, "sys", "host=n"},
        {{"ENV_HOSTNAME=e", "SOCKPUSH_HOST=-"}, "sys", ""},
        {{"SOCKPUSH_HOST=-", "SOCKPUSH_TAGS=host=t"}, "sys", "host=t"},
        {{"ENV_GLOBAL_HOST_TAGS=host=__datakit_hostname,ip=__datakit_ip,x=1"}, "sys", "host=sys;x=1"},
        {{"ENV_GLOBAL_HOST_TAGS=h=$datakit_hostname,ip=$datakit_ip,x=1", "ENV_HOSTNAME=e"}, "sys", "h=e;host=e;x=1"},
        {{"ENV_GLOBAL_HOST_TAGS=h=__datakit_hostname,x=1", "SOCKPUSH_HOST=-"}, "sys", "x=1"},
        {{"ENV_GLOBAL_HOST_TAGS=h=__datakit_hostname,x=1"}, NULL, "x=1"},
        {{"ENV_GLOBAL_HOST_TAGS=h=__datakit_hostname,x=1"}, "", "x=1"}, /* an empty value would break an influx line */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        config_of(&c, row[i].host_name, row[i].env);
        assert_string_equal(tags_of(&c), row[i].tags);
        assert_int_equal(c.logged.diag.errors, 0);
        arena_free(&c.config.arena);
    }
}

static void the_prefix_is_ours_else_statsds_without_dots_at_its_end(void **state)
{
    static char ours[300], theirs[300];
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "STATSD_PREFIX=app.", "SOCKPUSH_PREFIX=");
    assert_string_equal(c.config.v.prefix, "app");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "STATSD_PREFIX=app.", "SOCKPUSH_PREFIX=a.b...");
    assert_string_equal(c.config.v.prefix, "a.b");
    arena_free(&c.config.arena);
    snprintf(ours, sizeof ours, "SOCKPUSH_PREFIX=%0200d", 0);
    CONFIG_OF(&c, NULL, ours);
    assert_int_equal(c.logged.n, 0);
    assert_int_equal(strlen(c.config.v.prefix), 200);
    arena_free(&c.config.arena);
    snprintf(ours, sizeof ours, "SOCKPUSH_PREFIX=%0201d", 0);
    snprintf(theirs, sizeof theirs, "STATSD_PREFIX=%0250d", 0);
    CONFIG_OF(&c, NULL, ours);
    assert_int_equal(c.logged.diag.errors, 1);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, theirs);
    assert_true(!c.logged.diag.errors && c.logged.n == 1);
    assert_string_equal(c.config.v.prefix, "");
    arena_free(&c.config.arena);
}

static void reports_go_to_a_path_or_an_abstract_name(void **state)
{
    static const char *const good[] = {"/run/systemd/notify", "@notify"};
    static const struct {
        const char *text;
        int64_t us;
    } time[] = {
        {"WATCHDOG_USEC=60000000", 60000000}, {"WATCHDOG_USEC=", 0}, {"WATCHDOG_USEC=1s", 0}, {"WATCHDOG_USEC=-1", 0}};
    struct read_config c;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        char text[80];

        snprintf(text, sizeof text, "NOTIFY_SOCKET=%s", good[i]);
        CONFIG_OF(&c, NULL, text);
        assert_string_equal(c.config.notify, good[i]);
        assert_int_equal(c.logged.n, 0);
        arena_free(&c.config.arena);
    }
    CONFIG_OF(&c, NULL, "NOTIFY_SOCKET=vsock:2:1234");
    assert_null(c.config.notify);
    assert_true(!c.logged.diag.errors && logged_has(&c.logged, LOG_WARN, "NOTIFY_SOCKET", "vsock:2:1234"));
    arena_free(&c.config.arena);
    for (size_t i = 0; i < COUNT_OF(time); i++) {
        CONFIG_OF(&c, NULL, time[i].text);
        assert_int_equal(c.config.watchdog_us, time[i].us);
        assert_int_equal(c.logged.n, 0);
        arena_free(&c.config.arena);
    }
}

static void procfs_is_where_it_is_set_and_host_proc_only_proposes(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_PROC=/host/proc//", "HOST_PROC=/other");
    assert_string_equal(c.config.v.proc, "/host/proc");
    assert_null(c.config.proc_foreign);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "HOST_PROC=/host/proc/");
    assert_string_equal(c.config.v.proc, "/proc");
    assert_string_equal(c.config.proc_foreign, "/host/proc");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "HOST_PROC=relative");
    assert_true(!c.logged.diag.errors && c.logged.n == 1 && !c.config.proc_foreign);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_PROC=/proc/");
    assert_string_equal(c.config.v.proc, "/proc");
    arena_free(&c.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datakits_interval_is_kept_within_datakits_bounds),
        cmocka_unit_test(datakits_ports_are_used_where_ours_are_unset_and_only_warn),
        cmocka_unit_test(of_two_sources_of_a_tag_the_higher_decides),
        cmocka_unit_test(tags_of_all_sources_are_joined),
        cmocka_unit_test(the_host_is_the_first_name_that_is_set),
        cmocka_unit_test(the_prefix_is_ours_else_statsds_without_dots_at_its_end),
        cmocka_unit_test(reports_go_to_a_path_or_an_abstract_name),
        cmocka_unit_test(procfs_is_where_it_is_set_and_host_proc_only_proposes),
    };

    return cmocka_run_group_tests_name("config_sources", tests, NULL, NULL);
}
