#include "config/foreign.h"

#include <string.h>

#include "config/variables.h"

const struct foreign foreign[] = {
    {"DD_DOGSTATSD_URL", 0, "destination"},
    {"DD_AGENT_HOST", 0, "destination"},
    {"DD_DOGSTATSD_PORT", 0, "port of DD_AGENT_HOST"},
    {"STATSD_ADDR", 0, "destination"},
    {"STATSD_HOST", 0, "destination"},
    {"STATSD_PORT", 0, "port of STATSD_HOST"},
    {"ENV_HOSTNAME", FORM_TEXT, "tag host"},
    {"ENV_K8S_NODE_NAME", FORM_TEXT, "tag host"},
    {"NODE_NAME", FORM_TEXT, "tag host"},
    {"ENV_INPUT_NETSTAT_INTERVAL", 0, "interval"},
    {"ENV_INPUT_NETSTAT_ADDR_PORTS", FORM_TEXT | FORM_LIST, "port rules"},
    {"STATSD_PREFIX", FORM_TEXT, "prefix"},
    {"HOST_PROC", 0, "procfs"},
    {"ENV_INPUT_NETSTAT_TAGS", FORM_TEXT | FORM_LIST, "tags"},
    {"DD_ENV", FORM_TEXT, "tag env"},
    {"DD_SERVICE", FORM_TEXT, "tag service"},
    {"DD_VERSION", FORM_TEXT, "tag version"},
    {"DD_TAGS", FORM_TEXT, "tags"},
    {"ENV_GLOBAL_HOST_TAGS", FORM_TEXT | FORM_LIST, "tags"},
    {"POD_NAME", FORM_TEXT, "tag pod_name"},
    {"POD_NAMESPACE", FORM_TEXT, "tag namespace"},
    {"DD_ENTITY_ID", FORM_TEXT, "origin, for datadog"},
    {"DD_EXTERNAL_ENV", FORM_TEXT, "origin, for datadog"},
    {"DD_CARDINALITY", 0, "origin, for datadog"},
    {"DD_ORIGIN_DETECTION_ENABLED", 0, "origin, for datadog"},
    {"SSL_CERT_FILE", 0, "certificates to trust"},
    {"", 0, ""},
};

const struct foreign *foreign_next(const struct foreign *f, const char *of)
{
    while (*f->name && strcmp(f->of, of))
        f++;
    return f;
}
