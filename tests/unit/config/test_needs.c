/* What a configuration needs once the program runs, as texts. */
#include <stdio.h>
#include <string.h>

#include "unit/config/config_helper.h"

/* Returns the needs, "INET|STREAM file:/a socket:/b 443 53". */
static const char *needs_of(const char *const *list, const char *pod_logs)
{
    static const char part_name[][9] = {"INET",   "UNIX", "STREAM",   "NETLINK", "LISTEN", "ACCEPT",  "REMOVE",
                                        "OWNERS", "PODS", "ABSTRACT", "OLD",     "NOTIFY", "TERMINAL"};
    static const char need_name[][7] = {"tree", "file", "public", "socket", "remove"};
    static char out[2000];
    struct read_config c;
    struct needs needs;
    size_t at = 0;

    config_of(&c, NULL, list);
    assert_int_equal(c.logged.diag.errors, 0);
    config_needs(&c.config, pod_logs, &needs);
    assert_true(needs.parts & PART_ALL);
    out[0] = '\0';
    for (unsigned i = 0; i < COUNT_OF(part_name); i++)
        if (needs.parts >> (i + 1) & 1)
            at += (size_t)snprintf(out + at, sizeof out - at, "%s%s", at ? "|" : "", part_name[i]);
    for (unsigned i = 0; i < needs.n_paths; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, " %s:%s", need_name[needs.path[i].need], needs.path[i].path);
    for (unsigned i = 0; i < needs.n_ports; i++)
        at += (size_t)snprintf(out + at, sizeof out - at, " %u", needs.port[i]);
    arena_free(&c.config.arena);
    return out;
}

static bool has_tls(const char *const *env)
{
    bool found = false;

    for (; *env; env++)
        found |= strstr(*env, "=tls:") || strstr(*env, "https:");
    return found;
}

static void each_configuration_needs_what_it_uses(void **state)
{
    static const struct {
        const char *env[6], *needs;
    } row[] = {
        {{"SOCKPUSH_TO=stdout:"}, "NETLINK tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_BACKEND=netlink"}, "NETLINK tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_BACKEND=procfs"}, " tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_BACKEND=replay:/x"}, " tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_BACKEND=record:/x"}, "NETLINK tree:/proc"},
        {{"SOCKPUSH_TO=udp://127.0.0.1:1"}, "INET|NETLINK tree:/proc"},
        {{"SOCKPUSH_TO=udp://a:1"}, "INET|NETLINK tree:/proc public:/etc/hosts public:/etc/resolv.conf 53"},
        {{"SOCKPUSH_TO=tcp://[::1]:1,127.0.0.1:2"}, "INET|STREAM|NETLINK tree:/proc 1 2"},
        {{"SOCKPUSH_TO=tcp://127.0.0.1:1,tcp://127.0.0.2:1"}, "INET|STREAM|NETLINK tree:/proc 1"},
        {{"SOCKPUSH_TO=influx+http://127.0.0.1:8086/write"}, "INET|STREAM|NETLINK tree:/proc 8086"},
        {{"SOCKPUSH_TO=unix:///a/b"}, "UNIX|STREAM|NETLINK tree:/proc socket:/a/b"},
        {{"SOCKPUSH_TO=unixgram:///a/b"}, "UNIX|NETLINK tree:/proc socket:/a/b"},
        {{"SOCKPUSH_TO=unixgram://@a"}, "UNIX|NETLINK|ABSTRACT tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "NOTIFY_SOCKET=@a"}, "NETLINK|NOTIFY tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_PROC=/host/proc"}, "NETLINK tree:/host/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_PORTS=80"}, "NETLINK|OWNERS tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_PORTS=80", "SOCKPUSH_PID=off"}, "NETLINK tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_LISTEN=udp://127.0.0.1:1", "SOCKPUSH_FORMAT=influx"},
         "NETLINK|LISTEN tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_LISTEN=unix:///a", "SOCKPUSH_FORMAT=influx"},
         "NETLINK|LISTEN|REMOVE tree:/proc remove:/a"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_LISTEN=unixstream://@a", "SOCKPUSH_FORMAT=influx"},
         "NETLINK|ACCEPT tree:/proc"},
        {{"SOCKPUSH_TO=stdout:", "SOCKPUSH_LISTEN=udp://127.0.0.1:1", "SOCKPUSH_FORMAT=influx", "SOCKPUSH_BACKEND=off"},
         "LISTEN tree:/proc"},
        {{"SOCKPUSH_TO=tls://127.0.0.1:1", "SOCKPUSH_TLS_CA=/a/ca", "SOCKPUSH_TLS_CERT=/b/cert",
          "SOCKPUSH_TLS_KEY=/c/key"},
         "INET|STREAM|NETLINK tree:/proc file:/a/ca file:/b/cert file:/c/key 1"},
        {{"SOCKPUSH_TO=tls://127.0.0.1:1", "SSL_CERT_FILE=/a/ca"}, "INET|STREAM|NETLINK tree:/proc file:/a/ca 1"},
        {{"SOCKPUSH_TO=tcp://127.0.0.1:1", "SSL_CERT_FILE=/a/ca"}, "INET|STREAM|NETLINK tree:/proc 1"},
        {{"SOCKPUSH_TO=otlp", "OTEL_EXPORTER_OTLP_ENDPOINT=https://127.0.0.1:1",
          "OTEL_EXPORTER_OTLP_CERTIFICATE=/a/ca"},
         "INET|STREAM|NETLINK tree:/proc file:/a/ca 1"},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(row); i++)
        if (tls_built || !has_tls(row[i].env))
            assert_string_equal(needs_of(row[i].env, NULL), row[i].needs);
}

static void pods_need_their_logs(void **state)
{
    const char *const env[] = {"SOCKPUSH_TO=stdout:", "SOCKPUSH_PODS=on", NULL};

    (void)state;
    assert_string_equal(needs_of(env, "/var/log/pods"), "NETLINK|PODS tree:/proc tree:/var/log/pods");
}

/* The largest configuration has eight outputs of eight hosts, and fits. */
static void the_largest_configuration_fits(void **state)
{
    static char to[2 * 8 * 8 * 20];
    const char *env[] = {to, "SOCKPUSH_FORMAT=influx", NULL};
    struct read_config c;
    struct needs needs;
    size_t at = (size_t)snprintf(to, sizeof to, "SOCKPUSH_TO=");

    (void)state;
    for (unsigned i = 0; i < 64; i++)
        at += (size_t)snprintf(to + at, sizeof to - at, "%s%sa%u:%u", i ? "," : "", i % 8 ? "" : "tcp://", i, 1000 + i);
    config_of(&c, NULL, env);
    assert_int_equal(c.logged.diag.errors, 0);
    assert_int_equal(c.config.n_outputs, 8);
    config_needs(&c.config, NULL, &needs);
    assert_int_equal(needs.n_ports, NEEDS_PORTS_MAX);
    arena_free(&c.config.arena);
}

static void root_becomes_the_user_that_is_set(void **state)
{
    static const struct {
        const char *text;
        bool good, stays;
        uint32_t uid, gid;
    } row[] = {
        {"SOCKPUSH_USER=", true, false, 65534, 65534},
        {"SOCKPUSH_USER=1000", true, false, 1000, 1000},
        {"SOCKPUSH_USER=1000:0", true, false, 1000, 0},
        {"SOCKPUSH_USER=4294967294:4294967294", true, false, 4294967294, 4294967294},
        {"SOCKPUSH_USER=-", true, true, 0, 0},
        {"SOCKPUSH_USER=4294967295", false, false, 0, 0},
        {"SOCKPUSH_USER=99999999999999999999", false, false, 0, 0},
        {"SOCKPUSH_USER=nobody", false, false, 0, 0},
        {"SOCKPUSH_USER=1000:", false, false, 0, 0},
        {"SOCKPUSH_USER=:1000", false, false, 0, 0},
        {"SOCKPUSH_USER=1000:1000:1", false, false, 0, 0},
        {"SOCKPUSH_USER=-1", false, false, 0, 0},
    };

    (void)state;
    for (unsigned i = 0; i < COUNT_OF(row); i++) {
        struct read_config c;

        CONFIG_OF(&c, NULL, row[i].text);
        assert_row(!c.logged.diag.errors == row[i].good, row[i].text);
        if (row[i].good)
            assert_row(c.config.stays == row[i].stays && c.config.uid == row[i].uid && c.config.gid == row[i].gid,
                       row[i].text);
        arena_free(&c.config.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_configuration_needs_what_it_uses),
        cmocka_unit_test(pods_need_their_logs),
        cmocka_unit_test(the_largest_configuration_fits),
        cmocka_unit_test(root_becomes_the_user_that_is_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
