#include "config/foreign.h"

#include <string.h>

#include "config/variables.h"

const struct foreign foreign[] = {
    {"DD_DOGSTATSD_URL", "SOCKPUSH_TO", 0},
    {"DD_AGENT_HOST", "SOCKPUSH_TO", 0},
    {"STATSD_ADDR", "SOCKPUSH_TO", 0},
    {"STATSD_HOST", "SOCKPUSH_TO", 0},
    {"DD_DOGSTATSD_PORT", "port of DD_AGENT_HOST", 0},
    {"STATSD_PORT", "port of STATSD_HOST", 0},
    {"ENV_INPUT_NETSTAT_INTERVAL", "SOCKPUSH_INTERVAL", 0},
    {"ENV_INPUT_NETSTAT_ADDR_PORTS", "SOCKPUSH_PORTS", FORM_TEXT | FORM_LIST},
    {"HOST_PROC", "SOCKPUSH_PROC", 0},
    {"ENV_INPUT_NETSTAT_TAGS", "SOCKPUSH_TAGS", FORM_TEXT | FORM_LIST},
    {"DD_ENV", "SOCKPUSH_TAGS", FORM_TEXT},
    {"DD_SERVICE", "SOCKPUSH_TAGS", FORM_TEXT},
    {"DD_VERSION", "SOCKPUSH_TAGS", FORM_TEXT},
    {"DD_TAGS", "SOCKPUSH_TAGS", FORM_TEXT},
    {"ENV_GLOBAL_HOST_TAGS", "SOCKPUSH_TAGS", FORM_TEXT | FORM_LIST},
    {"POD_NAME", "SOCKPUSH_TAGS", FORM_TEXT},
    {"POD_NAMESPACE", "SOCKPUSH_TAGS", FORM_TEXT},
    {"ENV_HOSTNAME", "SOCKPUSH_HOST", FORM_TEXT},
    {"ENV_K8S_NODE_NAME", "SOCKPUSH_HOST", FORM_TEXT},
    {"NODE_NAME", "SOCKPUSH_HOST", FORM_TEXT},
    {"STATSD_PREFIX", "SOCKPUSH_PREFIX", FORM_TEXT},
    {"SSL_CERT_FILE", "SOCKPUSH_TLS_CA", 0},
    {"DD_ENTITY_ID", "origin, for datadog", FORM_TEXT},
    {"DD_EXTERNAL_ENV", "origin, for datadog", FORM_TEXT},
    {"DD_CARDINALITY", "origin, for datadog", 0},
    {"DD_ORIGIN_DETECTION_ENABLED", "origin, for datadog", 0},
    {"OTEL_EXPORTER_OTLP_*", "SOCKPUSH_TO=otlp", 0},
    {"OTEL_RESOURCE_ATTRIBUTES", "format otlp", FORM_TEXT | FORM_LIST},
    {"OTEL_SERVICE_NAME", "format otlp", FORM_TEXT},
    {"OTEL_METRIC_EXPORT_INTERVAL", "format otlp", 0},
    {"NOTIFY_SOCKET", "reports to systemd", 0},
    {"WATCHDOG_USEC", "reports to systemd", 0},
    {"", "", 0},
};

const struct foreign *foreign_next(const struct foreign *f, const char *of)
{
    while (*f->name && strcmp(f->of, of))
        f++;
    return f;
}
