/* The table of SOCKPUSH_* variables, row by row. */
#include <stdio.h>
#include <string.h>

#include "base/value.h"
#include "encode/encode.h"
#include "count/pods.h"
#include "unit/config/config_helper.h"

static const char *assign(char out[512], const struct variable *v, const char *value)
{
    snprintf(out, 512, "%s=%s", v->name, value);
    return out;
}

static int64_t number_of(const struct read_config *c, const struct variable *v)
{
    int64_t value;

    memcpy(&value, (const char *)&c->config.v + v->offset, sizeof value);
    return value;
}

static bool is_text(const struct variable *v)
{
    return !v->read && !v->word;
}

static void without_an_environment_all_has_its_default(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "box", NULL);
    assert_int_equal(c.logged.n, 0);
    assert_int_equal(c.config.v.interval_ms, 10000);
    assert_int_equal(c.config.v.polls, 0);
    assert_int_equal(c.config.v.max_series, 1000);
    assert_int_equal(c.config.v.mtu, 1432);
    assert_int_equal(c.config.v.buffer, 262144);
    assert_int_equal(c.config.v.replay_ms, 30000);
    assert_true(c.config.tls.verify);
    assert_true(!c.config.tls.ca && !c.config.tls.cert && !c.config.tls.key && !c.config.tls.name);
    assert_null(c.config.backend);
    assert_int_equal(c.config.v.log_level, LOG_INFO);
    assert_true(c.config.v.pid && c.config.v.self);
    assert_string_equal(c.config.v.proc, "/proc");
    assert_string_equal(c.config.v.prefix, "");
    assert_string_equal(encoders[c.config.v.format]->name, "dogstatsd");
    assert_string_equal(outputs_of(&c), "udp://127.0.0.1:8125");
    assert_string_equal(tags_of(&c), "host=box");
    assert_int_equal(c.config.rules.n, 0);
    arena_free(&c.config.arena);
}

static void each_default_is_read_like_a_value(void **state)
{
    (void)state;
    for (const struct variable *v = variables; *v->name; v++) {
        struct read_config unset, set;
        char text[512];

        CONFIG_OF(&unset, NULL, NULL);
        CONFIG_OF(&set, NULL, assign(text, v, v->def));
        assert_row(!set.logged.n, v->name);
        if (!is_text(v))
            assert_row(number_of(&set, v) == number_of(&unset, v), v->name);
        assert_row(!strcmp(outputs_of(&set), "udp://127.0.0.1:8125"), v->name);
        arena_free(&unset.config.arena);
        arena_free(&set.config.arena);
    }
}

/* Asserts that a value is refused: the message has the name, the value and what is accepted, and the default stays. */
static void check_refused(const struct variable *v, const char *value)
{
    struct read_config c, unset;
    char text[512];

    CONFIG_OF(&unset, NULL, NULL);
    CONFIG_OF(&c, NULL, assign(text, v, value));
    assert_row(c.logged.diag.errors == 1 && c.logged.n == 1, text);
    assert_row(logged_has(&c.logged, LOG_ERROR, v->name, value), text);
    if (v->read)
        assert_row(logged_has(&c.logged, LOG_ERROR, v->name, v->meaning), text);
    for (int64_t i = 0; v->word && v->word(i); i++)
        assert_row(logged_has(&c.logged, LOG_ERROR, v->name, v->word(i)), text);
    assert_row(number_of(&c, v) == number_of(&unset, v), text);
    arena_free(&c.config.arena);
    arena_free(&unset.config.arena);
}

static const char *in_unit(char out[64], const struct variable *v, int64_t value)
{
    snprintf(out, 64, "%lld%s", (long long)value, *v->unit ? v->unit : v->read == value_size ? "B" : "");
    return out;
}

static void numbers_are_taken_within_their_range_and_refused_beside_it(void **state)
{
    (void)state;
    for (const struct variable *v = variables; *v->name; v++) {
        int64_t end[2] = {v->min, v->max};
        char value[64], text[512];

        if (!v->read || !v->max)
            continue;
        for (int i = 0; i < 2; i++) {
            struct read_config c;

            CONFIG_OF(&c, NULL, assign(text, v, in_unit(value, v, end[i])));
            assert_row(!c.logged.n && number_of(&c, v) == end[i], text);
            arena_free(&c.config.arena);
        }
        if (v->min)
            check_refused(v, in_unit(value, v, v->min - 1));
        check_refused(v, in_unit(value, v, v->max + 1));
        check_refused(v, in_unit(value, v, INT64_MAX));
        check_refused(v, "99999999999999999999999999");
    }
}

static void ranges_are_those_of_the_contract(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } row[] = {
        {"SOCKPUSH_INTERVAL=100ms", true},
        {"SOCKPUSH_INTERVAL=99ms", false},
        {"SOCKPUSH_PEAK=0", true},
        {"SOCKPUSH_PEAK=0s", true},
        {"SOCKPUSH_PEAK=1ms", false},
        {"SOCKPUSH_PEAK=9ms", false},
        {"SOCKPUSH_PEAK=10ms", true},
        {"SOCKPUSH_PEAK=100", false},
        {"SOCKPUSH_PEAK=1h", true},
        {"SOCKPUSH_PEAK=off", false},
        {"SOCKPUSH_INTERVAL=1h", true},
        {"SOCKPUSH_INTERVAL=1h1ms", false},
        {"SOCKPUSH_INTERVAL=10", false},
        {"SOCKPUSH_MTU=512", true},
        {"SOCKPUSH_MTU=511", false},
        {"SOCKPUSH_MTU=65467", true},
        {"SOCKPUSH_MTU=65468", false},
        {"SOCKPUSH_MAX_SERIES=0", false},
        {"SOCKPUSH_POLLS=0", true},
        {"SOCKPUSH_SELF=off", true},
        {"SOCKPUSH_SELF=YES", true},
        {"SOCKPUSH_SELF=2", false},
        {"SOCKPUSH_PID=off", true},
        {"SOCKPUSH_PID=Auto", true},
        {"SOCKPUSH_PID=on", false},
        {"SOCKPUSH_BACKEND=procfs", true},
        {"SOCKPUSH_BACKEND=netlink", true},
        {"SOCKPUSH_BACKEND=bpf", false},
        {"SOCKPUSH_BACKEND=replay:/x", true},
        {"SOCKPUSH_BACKEND=Record:x", true},
        {"SOCKPUSH_BACKEND=record:", false},
        {"SOCKPUSH_PODS=Full", true},
        {"SOCKPUSH_PODS=yes", false},
        {"SOCKPUSH_POD_TAGS=pod_uid", true},
        {"SOCKPUSH_POD_TAGS=pod_name, namespace,container_id", true},
        {"SOCKPUSH_POD_TAGS=netns", false}, /* what has no other name has it */
        {"SOCKPUSH_POD_TAGS=pod", false},
        {"SOCKPUSH_MAX_PODS=4096", true},
        {"SOCKPUSH_PODS_PORTS=1", false},
        {"SOCKPUSH_MAX_PODS=0", false},
        {"SOCKPUSH_LOG=json", true},
        {"SOCKPUSH_LOG=syslog", false},
        {"SOCKPUSH_LOG_LEVEL=debug", true},
        {"SOCKPUSH_LOG_LEVEL=trace", false},
        {"SOCKPUSH_FORMAT=Influx", true},
        {"SOCKPUSH_FORMAT=table", true},
        {"SOCKPUSH_FORMAT=xml", false},
        {"SOCKPUSH_PROC=/host/proc", true},
        {"SOCKPUSH_PROC=proc", false},
        {"SOCKPUSH_TAGS=pid=1", false},
        {"SOCKPUSH_PORTS=x", false},
        {"SOCKPUSH_PORTS=[::1]:80", true},
        {"SOCKPUSH_PORTS=::1:80", false} /* only DataKit's variable accepts it */,
        {"SOCKPUSH_TO=x", false},
        {"SOCKPUSH_PREFIX=a.b", true},
        {"SOCKPUSH_REPLAY=0s", true},
        {"SOCKPUSH_REPLAY=1h", true},
        {"SOCKPUSH_REPLAY=1h1ms", false},
        {"SOCKPUSH_REPLAY=-1s", false},
        {"SOCKPUSH_REPLAY=10", false},
        {"SOCKPUSH_TLS_VERIFY=none", true},
        {"SOCKPUSH_TLS_VERIFY=off", false},
        {"SOCKPUSH_TLS_NAME=a.example", true},
        {"SOCKPUSH_TLS_NAME=::1", true},
        {"SOCKPUSH_TLS_NAME=a:1", false},
        {"SOCKPUSH_TLS_NAME=a b", false},
        {"SOCKPUSH_TLS_NAME=tls://a", false},
        {"SOCKPUSH_TLS_CA=/a/file", true},
        {"SOCKPUSH_TLS_CERT=/a", false},
        {"SOCKPUSH_TLS_KEY=/a", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, NULL, row[i].text);
        assert_row((c.logged.diag.errors == 0) == row[i].good, row[i].text);
        assert_row(row[i].good || strlen(c.logged.line[0].variable), row[i].text);
        arena_free(&c.config.arena);
    }
}

static void a_certificate_and_its_key_are_named_together(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TLS_CERT=/c.pem");
    assert_true(c.logged.n == 1 && logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TLS_CERT", "SOCKPUSH_TLS_KEY"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TLS_KEY=/k.pem");
    assert_true(c.logged.n == 1 && logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TLS_KEY", "SOCKPUSH_TLS_CERT"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TLS_CERT=/c.pem", "SOCKPUSH_TLS_KEY=/k.pem", "SSL_CERT_FILE=/s.pem",
              "SOCKPUSH_TLS_VERIFY=none");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(c.config.tls.cert, "/c.pem");
    assert_string_equal(c.config.tls.key, "/k.pem");
    assert_string_equal(c.config.tls.system_ca, "/s.pem");
    assert_null(c.config.tls.ca);
    assert_null(c.config.tls.name);
    assert_false(c.config.tls.verify);
    arena_free(&c.config.arena);
}

static void a_wrong_tls_name_is_reported_with_what_is_accepted(void **state)
{
    static const char *const row[] = {"a b", "a:1", "[::1]:1", "tls://a", "a/b", "user@a"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;
        char text[64];

        snprintf(text, sizeof text, "SOCKPUSH_TLS_NAME=%s", row[i]);
        CONFIG_OF(&c, NULL, text);
        assert_row(c.logged.n == 1 &&
                       logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TLS_NAME", "accepted is a host name or an address"),
                   row[i]);
        arena_free(&c.config.arena);
    }
}

static void words_are_taken_and_others_refused(void **state)
{
    static const char *const nonsense[] = {"x", "-1", "\xff\xfe", "0x10", "ten", "on off", "1;2", "%s%n"};

    (void)state;
    for (const struct variable *v = variables; *v->name; v++) {
        char text[512];

        for (int64_t i = 0; v->word && v->word(i); i++) {
            struct read_config c;

            CONFIG_OF(&c, NULL, assign(text, v, v->word(i)));
            assert_row(!c.logged.diag.errors && number_of(&c, v) == i, text);
            arena_free(&c.config.arena);
        }
        for (size_t i = 0; i < COUNT_OF(nonsense) && !is_text(v); i++)
            check_refused(v, nonsense[i]);
    }
}

static void empty_means_unset_and_white_space_is_cut(void **state)
{
    (void)state;
    for (const struct variable *v = variables; *v->name; v++) {
        static const char *const blank[] = {"", " ", "\t \r\n"};
        struct read_config c;
        char text[512], value[64];

        for (size_t i = 0; i < COUNT_OF(blank); i++) {
            CONFIG_OF(&c, NULL, assign(text, v, blank[i]));
            assert_row(!c.logged.n, v->name);
            arena_free(&c.config.arena);
        }
        snprintf(value, sizeof value, " \t%s\n ", v->def);
        CONFIG_OF(&c, NULL, assign(text, v, value));
        assert_row(!c.logged.n, v->name);
        arena_free(&c.config.arena);
    }
}

static void enormous_values_are_refused_or_taken_but_never_harmful(void **state)
{
    static char text[200100], value[200001];
    static const char *const bytes = "x1,=[{\"\xff";

    (void)state;
    for (const char *b = bytes; *b; b++)
        for (const struct variable *v = variables; *v->name; v++) {
            struct read_config c;

            memset(value, *b, sizeof value - 1);
            snprintf(text, sizeof text, "%s=%s", v->name, value);
            CONFIG_OF(&c, NULL, text);
            assert_row(is_text(v) || c.logged.diag.errors == 1, v->name);
            arena_free(&c.config.arena);
        }
}

static void all_bad_values_are_reported_at_once(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_MTU=1", "SOCKPUSH_INTERVAL=x", "SOCKPUSH_TO=x", "SOCKPUSH_PORTS=x",
              "SOCKPUSH_TAGS=pid=1", "SOCKPUSH_PROC=x");
    assert_int_equal(c.logged.diag.errors, 6);
    arena_free(&c.config.arena);
}

static void the_log_is_set_before_anything_is_reported(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=x", "SOCKPUSH_LOG_LEVEL=x", "SOCKPUSH_MTU=1", "SOCKPUSH_LOG=x");
    assert_int_equal(c.logged.diag.errors, 4);
    assert_string_equal(c.logged.line[0].variable, "SOCKPUSH_LOG");
    assert_string_equal(c.logged.line[1].variable, "SOCKPUSH_LOG_LEVEL");
    arena_free(&c.config.arena);
}

static void an_unknown_name_is_warned_about_with_the_nearest_known(void **state)
{
    /* clang-format off */
    static const char *const row[][2] = {
        {"SOCKPUSH_INTERVALL=1s", "SOCKPUSH_INTERVAL"}, {"SOCKPUSH_TAG=a", "SOCKPUSH_TAGS"}, {"SOCKPUSH_FORMATS=x", "SOCKPUSH_FORMAT"},
        {"SOCKPUSH_LOGLEVEL=info", "SOCKPUSH_LOG_LEVEL"}, {"SOCKPUSH_to=x", "SOCKPUSH_TO"}, {"SOCKPUSH_MAXSERIES=", "SOCKPUSH_MAX_SERIES"},
        {"SOCKPUSH_PORT=80", "SOCKPUSH_PORTS"}, {"SOCKPUSH_PORTES=tcp://a:1", "SOCKPUSH_PORTS"},
    };
    /* clang-format on */
    struct read_config c;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char name[64];

        snprintf(name, sizeof name, "%.*s", (int)strcspn(row[i][0], "="), row[i][0]);
        CONFIG_OF(&c, NULL, row[i][0]);
        assert_row(c.logged.n == 1 && logged_has(&c.logged, LOG_WARN, name, row[i][1]), row[i][0]);
        arena_free(&c.config.arena);
    }
    CONFIG_OF(&c, NULL, "SOCKPUSH_=1", "SOCKPUSH_\xff\xff=1", "SOCKPUSHX=1", "sockpush_to=x", "PATH=/bin", "=x", "",
              "SOCKPUSH");
    assert_int_equal(c.logged.n, 2);
    arena_free(&c.config.arena);
}

static void an_unknown_name_of_any_length_is_harmless(void **state)
{
    (void)state;
    for (size_t len = strlen("SOCKPUSH_X"); len < 300; len++) {
        struct read_config c;
        char text[400] = "SOCKPUSH_";
        char *exact;

        memset(text + strlen(text), 'X', len - strlen(text));
        memcpy(text + len, "=1", 3);
        exact = strdup(text);
        CONFIG_OF(&c, NULL, exact);
        assert_int_equal(c.logged.diag.errors, 0);
        assert_true(c.logged.n == 1 || (len >= 64 && c.logged.n == 0));
        arena_free(&c.config.arena);
        free(exact);
    }
}

static void links_of_a_kubernetes_service_are_ignored_silently(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_PORT=tcp://10.0.0.1:8125", "SOCKPUSH_PORT_8125_TCP=tcp://10.0.0.1:8125",
              "SOCKPUSH_PORT_8125_TCP_PROTO=tcp", "SOCKPUSH_PORT_8125_TCP_PORT=8125",
              "SOCKPUSH_PORT_8125_TCP_ADDR=10.0.0.1", "SOCKPUSH_SERVICE_HOST=10.0.0.1", "SOCKPUSH_SERVICE_PORT=8125",
              "SOCKPUSH_SERVICE_PORT_STATSD=8125");
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
}

static void backend_off_needs_something_to_push(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "h", "SOCKPUSH_BACKEND=off");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_BACKEND", "SOCKPUSH_LISTEN or SOCKPUSH_PODS"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_BACKEND=off", "SOCKPUSH_PODS=on");
    assert_int_equal(logged_count(&c.logged, LOG_ERROR), 0);
    arena_free(&c.config.arena);
}

static void tags_of_pods_are_chosen(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "h", "SOCKPUSH_PODS=on");
    assert_int_equal(c.config.pod_tags, 1u << POD_NAMESPACE | 1u << POD_NAME);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_POD_TAGS= container_id , pod_uid");
    assert_int_equal(c.config.pod_tags, 1u << POD_UID | 1u << POD_CONTAINER);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_POD_TAGS=pod_uid,name");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_POD_TAGS",
                           "\"name\": accepted is: pod_name, namespace, pod_uid, container_id"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_PODS=on", "SOCKPUSH_BACKEND=replay:/x");
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PODS", "a recording has no pods"));
    arena_free(&c.config.arena);
}

static void ports_of_pods_need_every_socket(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "h", "SOCKPUSH_PODS=full", "SOCKPUSH_PODS_PORTS=on", "SOCKPUSH_PORTS=80");
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_PODS=on", "SOCKPUSH_PODS_PORTS=on", "SOCKPUSH_PORTS=80");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_PODS_PORTS", "on needs SOCKPUSH_PODS=full"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_PODS=full", "SOCKPUSH_PODS_PORTS=on");
    assert_true(logged_has(&c.logged, LOG_WARN, "SOCKPUSH_PODS_PORTS", "no rules in SOCKPUSH_PORTS"));
    arena_free(&c.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(backend_off_needs_something_to_push),
        cmocka_unit_test(tags_of_pods_are_chosen),
        cmocka_unit_test(ports_of_pods_need_every_socket),
        cmocka_unit_test(without_an_environment_all_has_its_default),
        cmocka_unit_test(each_default_is_read_like_a_value),
        cmocka_unit_test(numbers_are_taken_within_their_range_and_refused_beside_it),
        cmocka_unit_test(ranges_are_those_of_the_contract),
        cmocka_unit_test(a_certificate_and_its_key_are_named_together),
        cmocka_unit_test(a_wrong_tls_name_is_reported_with_what_is_accepted),
        cmocka_unit_test(words_are_taken_and_others_refused),
        cmocka_unit_test(empty_means_unset_and_white_space_is_cut),
        cmocka_unit_test(enormous_values_are_refused_or_taken_but_never_harmful),
        cmocka_unit_test(all_bad_values_are_reported_at_once),
        cmocka_unit_test(the_log_is_set_before_anything_is_reported),
        cmocka_unit_test(an_unknown_name_is_warned_about_with_the_nearest_known),
        cmocka_unit_test(an_unknown_name_of_any_length_is_harmless),
        cmocka_unit_test(links_of_a_kubernetes_service_are_ignored_silently),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
