#include "config/variables.h"

#include <stddef.h>
#include <string.h>

#include "base/format.h"
#include "base/value.h"
#include "count/pods.h"
#include "encode/encode.h"
#include "input/metrics.h"
#include "platform.h"

static const char *format_word(int64_t i)
{
    return encoders[i] ? encoders[i]->name : NULL;
}

static const char *pid_word(int64_t i)
{
    return i == 0 ? "off" : i == 1 ? "auto" : NULL;
}

static const char *count_word(int64_t i)
{
    return i == 0 ? "auto" : i == 1 ? "exact" : NULL;
}

static const char *queues_word(int64_t i)
{
    return i == QUEUES_AUTO ? "auto" : i == QUEUES_ON ? "on" : i == QUEUES_OFF ? "off" : NULL;
}

static const char *pods_word(int64_t i)
{
    return i == PODS_OFF ? "off" : i == PODS_ON ? "on" : i == PODS_FULL ? "full" : NULL;
}

static const char *otlp_names_word(int64_t i)
{
    return i == 0 ? "sockpush" : i == 1 ? "semconv" : NULL;
}

static const char *gauges_word(int64_t i)
{
    return i == 0 ? "delta" : i == 1 ? "absolute" : NULL;
}

static const char *verify_word(int64_t i)
{
    return i == 0 ? "none" : i == 1 ? "full" : NULL;
}

static const char *sandbox_word(int64_t i)
{
    return i == SANDBOX_ON ? "on" : i == SANDBOX_OFF ? "off" : i == SANDBOX_STRICT ? "strict" : NULL;
}

static const char *log_style_word(int64_t i)
{
    return i < LOG_STYLE_COUNT ? log_style_name[i] : NULL;
}

static const char *log_level_word(int64_t i)
{
    return i < LOG_LEVEL_COUNT ? log_level_name[i] : NULL;
}

/* Parses a duration of at least 10 ms, or 0, which needs no unit. */
static bool read_peak_ms(const char *text, int64_t *out)
{
    if (!strcmp(text, "0"))
        text = "0s";
    return value_duration_ms(text, out) && (!*out || *out >= 10);
}

#define AT(member) .offset = offsetof(struct values, member)

const char group_name[][7] = {"Push", "Count", "Tags", "TLS", "HTTP", "Listen", "More"};

/* clang-format off */
const struct variable variables[] = {
    {.group = GROUP_PUSH, .name = "SOCKPUSH_TO", .def = "udp://127.0.0.1", .form = FORM_LIST, AT(to),
     .meaning = "where to push, several with commas: udp://HOST, tls://HOST:PORT, …, stdout: to show it; see Outputs"},
    {.group = GROUP_PUSH, .name = "SOCKPUSH_FORMAT", .def = "dogstatsd", AT(format), .word = format_word,
     .meaning = "where the URL has none"},
    {.group = GROUP_PUSH, .name = "SOCKPUSH_INTERVAL", .def = "10s", AT(interval_ms), .read = value_duration_ms, .min = 100, .max = 3600000, .unit = "ms",
     .meaning = "time between two polls with its unit, 100ms to 1h"},
    {.group = GROUP_PUSH, .name = "SOCKPUSH_POLLS", .def = "0", AT(polls), .read = value_count, .max = 1000000000,
     .meaning = "stop after so many polls, up to 1000000000; 0: never"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PORTS", .def = "", .form = FORM_TEXT | FORM_LIST, AT(ports),
     .meaning = "ports to count apart: 80,8000-8100,1.1.1.1:443,[::1]:9000,*:53,listen; remote: >443,>10.0.0.0/8:5432; or JSON groups with tags"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_MAX_SERIES", .def = "1000", AT(max_series), .read = value_count, .min = 1, .max = 100000,
     .meaning = "most series that * and listen make, 1 to 100000; the rest is counted in addr_port=other"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PID", .def = "auto", AT(pid), .word = pid_word,
     .meaning = "push the process id of a port's owner, where it can be found"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_BACKEND", .def = "auto", AT(backend),
     .meaning = "how sockets are read: auto, netlink, procfs; record:PATH also writes a file, replay:PATH reads it; off: none"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_COUNT", .def = "auto", AT(count), .word = count_word,
     .meaning = "exact lists every TCP socket; auto uses the kernel's counters where these give the same"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PEAK", .def = "100ms", AT(peak_ms), .read = read_peak_ms, .max = 3600000, .unit = "ms",
     .meaning = "least time between two samples of the accept queues, 10ms to 1h; 0: no accept_queue_peak"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_QUEUES", .def = "auto", AT(queues), .word = queues_word,
     .meaning = "push bytes that wait in sockets, and datagrams they lost; on lists every TCP socket for their total"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_KERNEL", .def = "on", AT(kernel), .read = value_bool,
     .meaning = "push the kernel's own counters of drops, retransmissions and errors, on or off"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PROC", .def = "/proc", AT(proc),
     .meaning = "where procfs is mounted"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PODS", .def = "off", AT(pods), .word = pods_word,
     .meaning = "also count each other network namespace, of pods and containers; full by all states"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_POD_TAGS", .def = "pod_name,namespace", .form = FORM_LIST, AT(pod_tags),
     .meaning = "tags of these, as far as known: of pod_name, namespace, pod_uid, container_id"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_POD_LOGS", .def = "", AT(pod_logs),
     .meaning = "the kubelet's directory that names the pods; unset: var/log/pods below the folder of SOCKPUSH_PROC"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_MAX_PODS", .def = "256", AT(max_pods), .read = value_count, .min = 1, .max = 4096,
     .meaning = "most network namespaces that are counted so, 1 to 4096"},
    {.group = GROUP_COUNT, .name = "SOCKPUSH_PODS_PORTS", .def = "off", AT(pods_ports), .read = value_bool,
     .meaning = "count the port rules in each of these, too, on or off; on needs full"},
    {.group = GROUP_TAGS, .name = "SOCKPUSH_TAGS", .def = "", .form = FORM_TEXT | FORM_LIST, AT(tags),
     .meaning = "tags of every series: key=value,key2=value2"},
    {.group = GROUP_TAGS, .name = "SOCKPUSH_HOST", .def = "", .form = FORM_TEXT, AT(host),
     .meaning = "the tag host; unset: the machine's name; -: no such tag"},
    {.group = GROUP_TAGS, .name = "SOCKPUSH_PREFIX", .def = "", .form = FORM_TEXT, AT(prefix),
     .meaning = "put before every metric's name, with a dot between"},
    {.group = GROUP_TLS, .name = "SOCKPUSH_TLS_CA", .def = "", AT(tls_ca),
     .meaning = "certificates to trust: PEM text, or the path of a PEM file; unset: the system's"},
    {.group = GROUP_TLS, .name = "SOCKPUSH_TLS_CERT", .def = "", AT(tls_cert),
     .meaning = "client certificate and its chain, for receivers that ask for one: PEM text or path"},
    {.group = GROUP_TLS, .name = "SOCKPUSH_TLS_KEY", .def = "", AT(tls_key),
     .meaning = "private key of that certificate: PEM text or path"},
    {.group = GROUP_TLS, .name = "SOCKPUSH_TLS_NAME", .def = "", AT(tls_name),
     .meaning = "the name that the receiver's certificate must have; unset: the host in SOCKPUSH_TO"},
    {.group = GROUP_TLS, .name = "SOCKPUSH_TLS_VERIFY", .def = "full", AT(tls_verify), .word = verify_word,
     .meaning = "none accepts any certificate, and warns at every connection"},
    {.group = GROUP_HTTP, .name = "SOCKPUSH_HTTP_TOKEN", .def = "", .form = FORM_SECRET, AT(http_token),
     .meaning = "sent as Authorization: Token …; a value with its scheme (Bearer …, Basic …) is sent unchanged"},
    {.group = GROUP_HTTP, .name = "SOCKPUSH_HTTP_HEADERS", .def = "", .form = FORM_SECRET | FORM_LIST, AT(http_headers),
     .meaning = "headers of each request: Name=value,Name2=value2; %2C is a comma, %25 a percent sign"},
    {.group = GROUP_HTTP, .name = "SOCKPUSH_OTLP_NAMES", .def = "sockpush", AT(otlp_names), .word = otlp_names_word,
     .meaning = "semconv also pushes system.network.connection.count by OTLP"},
    {.group = GROUP_LISTEN, .name = "SOCKPUSH_LISTEN", .def = "", .form = FORM_LIST, AT(listen),
     .meaning = "take the application's StatsD, and push it, too: udp://127.0.0.1:8125, unix:///PATH, unixstream:///PATH"},
    {.group = GROUP_LISTEN, .name = "SOCKPUSH_LISTEN_GAUGES", .def = "delta", AT(listen_gauges), .word = gauges_word,
     .meaning = "what a gauge with a sign, a:-5, is: a change, as in StatsD, or a value, as in DogStatsD"},
    {.group = GROUP_LISTEN, .name = "SOCKPUSH_LISTEN_EXPIRY", .def = "300s", AT(listen_expiry_ms), .read = value_duration_ms, .min = 0, .max = 86400000, .unit = "ms",
     .meaning = "a metric that nothing came for ends after this time, up to 24h; 0s: never"},
    {.group = GROUP_LISTEN, .name = "SOCKPUSH_LISTEN_MEMORY", .def = "1MiB", AT(listen_memory), .read = value_size, .min = METRICS_MEMORY_MIN, .max = 67108864,
     .meaning = "memory of the application's metrics, 64KiB to 64MiB; what has no room is counted in overflow=true"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_MTU", .def = "1432", AT(mtu), .read = value_size, .min = 512, .max = 65467,
     .meaning = "largest UDP datagram, 512 to 65467 bytes; unset: less where the path takes less in one packet"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_BUFFER", .def = "256KiB", AT(buffer), .read = value_size, .min = 16384, .max = 67108864,
     .meaning = "memory of each stream output for lines that wait, 16KiB to 64MiB; raised to two of the largest snapshots"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_REPLAY", .def = "30s", AT(replay_ms), .read = value_duration_ms, .min = 0, .max = 3600000, .unit = "ms",
     .meaning = "after a stream broke, lines that were acknowledged so recently are sent again, 0s to 1h"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_SELF", .def = "on", AT(self), .read = value_bool,
     .meaning = "push counters of sockpush itself, on or off"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_SANDBOX", .def = "on", AT(sandbox), .word = sandbox_word,
     .meaning = "give up what is not needed after the start; strict does not start without all of it"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_USER", .def = "65534", AT(user),
     .meaning = "the user that root becomes after the start: UID or UID:GID; -: none"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_LOG", .def = "logfmt", AT(log_style), .word = log_style_word,
     .meaning = "how lines on stderr look; systemd: with priorities, for its journal"},
    {.group = GROUP_MORE, .name = "SOCKPUSH_LOG_LEVEL", .def = "info", AT(log_level), .word = log_level_word,
     .meaning = "how much is logged to stderr"},
    {.name = ""},
};
/* clang-format on */

const char *variable_help(const struct variable *v, struct arena *a)
{
    const char *list = "";

    for (int64_t i = 0; v->word && v->word(i); i++)
        list = arena_format(a, "%s%s%s", list, v->word(i), v->word(i + 1) ? ", " : ": ");
    return arena_format(a, "%s%s", list, v->meaning);
}
