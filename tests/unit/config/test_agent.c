/* Datadog's variables change the default format, tags and sections. Other formats ignore them. */
#include <string.h>

#include "unit/config/config_helper.h"

#define ENV_MAX 8

static void datadog_is_the_default_exactly_where_its_own_variables_lead(void **state)
{
    static const struct {
        const char *env[ENV_MAX], *format;
    } row[] = {
        {{"DD_AGENT_HOST=d"}, "datadog"},
        {{"DD_DOGSTATSD_URL=unix:///run/dsd.socket"}, "datadog"},
        {{"DD_AGENT_HOST=d", "SOCKPUSH_FORMAT=dogstatsd"}, "dogstatsd"},
        {{"DD_AGENT_HOST=d", "SOCKPUSH_FORMAT=influx"}, "influx"},
        {{"DD_AGENT_HOST=d", "SOCKPUSH_TO=udp://d"}, "dogstatsd"},
        {{"DD_AGENT_HOST=a b", "STATSD_HOST=h"}, "dogstatsd"},
        {{"DD_AGENT_HOST=a b"}, "dogstatsd"},
        {{"STATSD_ADDR=a", "DD_DOGSTATSD_PORT=1", "DD_ENTITY_ID=x"}, "dogstatsd"},
        {{NULL}, "dogstatsd"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        config_of(&c, NULL, row[i].env);
        assert_string_equal(c.config.output[0].format->name, row[i].format);
        assert_string_equal(encoders[c.config.v.format]->name, row[i].format);
        arena_free(&c.config.arena);
    }
}

/* Asserts the tags that an agent gets, written "key=value;…". */
static void assert_agent_tags(struct read_config *c, const char *wanted)
{
    struct tags all = tags_merge(c->config.agent_tags, c->config.n_tags + 1, &c->config.arena);
    char text[512] = "";

    for (size_t i = 0; i < all.n; i++) {
        strcat(text, *text ? ";" : "");
        strcat(strcat(strcat(text, all.tag[i].key), "="), all.tag[i].value);
    }
    assert_string_equal(text, wanted);
}

static void an_agent_gets_a_host_only_where_a_variable_names_it(void **state)
{
    static const struct {
        const char *env[ENV_MAX], *tags;
    } row[] = {
        {{NULL}, ""},
        {{"SOCKPUSH_HOST=a"}, "host=a"},
        {{"ENV_HOSTNAME=a"}, "host=a"},
        {{"ENV_K8S_NODE_NAME=a"}, "host=a"},
        {{"NODE_NAME=a"}, "host=a"},
        {{"SOCKPUSH_HOST=-"}, ""},
        {{"SOCKPUSH_TAGS=host=mine"}, "host=mine"},
        {{"DD_ENTITY_ID=pod-1", "DD_ENV=prod", "POD_NAME=p"}, "dd.internal.entity_id=pod-1;env=prod;pod_name=p"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *env[ENV_MAX + 1] = {"SOCKPUSH_FORMAT=datadog"};
        struct read_config c;

        for (size_t k = 0; row[i].env[k]; k++)
            env[k + 1] = row[i].env[k];
        config_of(&c, "automatic", env);
        assert_int_equal(c.logged.n, 0);
        assert_agent_tags(&c, row[i].tags);
        arena_free(&c.config.arena);
    }
}

static void the_origin_is_read_for_an_agent_only(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=datadog+udp://a", "DD_EXTERNAL_ENV=it-false,cn-a,pu-b", "DD_CARDINALITY=Low");
    assert_int_equal(c.logged.n, 0);
    assert_true(c.config.for_agent && c.config.origin.detected);
    assert_string_equal(c.config.origin.external, "it-false,cn-a,pu-b");
    assert_string_equal(c.config.origin.cardinality, "low");
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=datadog+udp://a", "DD_EXTERNAL_ENV=x", "DD_ORIGIN_DETECTION_ENABLED=false",
              "DD_CARDINALITY=lots");
    assert_int_equal(c.logged.diag.errors, 0);
    assert_true(logged_has(&c.logged, LOG_WARN, "DD_CARDINALITY", "orchestrator"));
    assert_true(!c.config.origin.detected && !c.config.origin.external && !c.config.origin.cardinality);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=datadog+udp://a", "DD_ORIGIN_DETECTION_ENABLED=perhaps");
    assert_true(logged_has(&c.logged, LOG_WARN, "DD_ORIGIN_DETECTION_ENABLED", "perhaps") && c.config.origin.detected);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "DD_EXTERNAL_ENV=x", "DD_CARDINALITY=lots", "DD_ORIGIN_DETECTION_ENABLED=perhaps");
    assert_int_equal(c.logged.n, 0);
    assert_false(c.config.for_agent);
    arena_free(&c.config.arena);
}

static void tags_that_statsd_leaves_out_are_logged_once(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, "h", "SOCKPUSH_TO=statsd+udp://a,statsd+udp://b", "SOCKPUSH_TAGS=env=prod,zone=1", "DD_ENV=x",
              "SOCKPUSH_PORTS=[{\"ports\":[80],\"tags\":{\"service\":\"http\"}}]");
    assert_int_equal(c.logged.n, 1);
    assert_true(logged_has(&c.logged, LOG_WARN, NULL, "left out: env, service, zone"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, "h", "SOCKPUSH_TO=statsd+udp://a", "SOCKPUSH_TAGS=host=mine");
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
}

static void outputs_that_statsd_would_name_alike_are_refused(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=statsd+unix:///a.b,influx+unix:///a_b");
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_TO", "one name in statsd"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=statsd+unix:///a.b,influx+unix:///a_b",
              "SOCKPUSH_SELF=off"); /* neither is on any series then */
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=unix:///a.b,influx+unix:///a_b");
    assert_int_equal(c.logged.n, 0);
    arena_free(&c.config.arena);
}

static void whole_seconds_refuse_a_shorter_interval(void **state)
{
    struct read_config c;

    (void)state;
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=udp://a,graphite+udp://b", "SOCKPUSH_INTERVAL=999ms");
    assert_int_equal(c.logged.diag.errors, 1);
    assert_true(logged_has(&c.logged, LOG_ERROR, "SOCKPUSH_INTERVAL", "1s or more with graphite"));
    arena_free(&c.config.arena);
    CONFIG_OF(&c, NULL, "SOCKPUSH_TO=graphite+udp://b", "SOCKPUSH_INTERVAL=1s");
    assert_int_equal(c.logged.n, 0);
    assert_string_equal(outputs_of(&c), "udp://b:2003");
    arena_free(&c.config.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datadog_is_the_default_exactly_where_its_own_variables_lead),
        cmocka_unit_test(an_agent_gets_a_host_only_where_a_variable_names_it),
        cmocka_unit_test(the_origin_is_read_for_an_agent_only),
        cmocka_unit_test(tags_that_statsd_leaves_out_are_logged_once),
        cmocka_unit_test(outputs_that_statsd_would_name_alike_are_refused),
        cmocka_unit_test(whole_seconds_refuse_a_shorter_interval),
    };

    return cmocka_run_group_tests_name("config_agent", tests, NULL, NULL);
}
