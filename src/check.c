/* --check: prints the configuration in effect, and tries each part of it. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/format.h"
#include "base/ip.h"
#include "base/log.h"
#include "relay.h"

#define RULES_SHOWN 20

/* Returns the value in effect, or a placeholder if it is secret or long. */
static const char *shown(const struct program *p, const struct variable *v, const char *text)
{
    if (v->offset == offsetof(struct values, to))
        return text ? p->config.to_shown : p->config.output->name;
    if (v->offset == offsetof(struct values, tls_ca) && p->config.tls.system_ca && !text)
        return p->config.tls.system_ca;
    if (!text)
        return v->def;
    if (v->form & FORM_SECRET)
        return "(not shown)";
    if (!strncmp(text, "-----BEGIN", 10))
        return "(PEM text)";
    return text;
}

/* Returns the variable that set this value, or "default"; NULL if that is not recorded. */
static const char *decided_by(const struct config *c, const struct variable *v)
{
    switch (v->offset) {
    case offsetof(struct values, to): return c->to_from;
    case offsetof(struct values, host): return c->host_from;
    case offsetof(struct values, format): return !c->format_set && c->for_agent ? c->to_from : NULL;
    case offsetof(struct values, interval_ms): return c->interval_from;
    case offsetof(struct values, prefix): return c->prefix_from;
    case offsetof(struct values, proc): return c->v.proc == c->proc_foreign ? "HOST_PROC" : NULL;
    case offsetof(struct values, tls_ca): return c->tls.system_ca && !c->v.tls_ca ? "SSL_CERT_FILE" : NULL;
    case offsetof(struct values, ports): return c->ports_from;
    default: return NULL;
    }
}

#define ORIGIN_MAX 80

/* Writes " (default)" or " (from DD_AGENT_HOST and DD_DOGSTATSD_PORT)" where something else than v decided, else "". */
static void put_origin(const struct config *c, const struct variable *v, char out[ORIGIN_MAX])
{
    const char *from = decided_by(c, v), *port = from == c->to_from ? c->to_port_from : NULL;

    *out = '\0';
    if (from && strcmp(from, v->name))
        text_format(out, ORIGIN_MAX, " (%s%s%s%s)", strcmp(from, "default") ? "from " : "", from, port ? " and " : "",
                    port ? port : "");
}

static void print_values(struct program *p)
{
    char from[ORIGIN_MAX];

    for (const struct variable *v = variables; *v->name; v++) {
        const char *place = (const char *)&p->config.v + v->offset, *text;
        int64_t number;

        put_origin(&p->config, v, from);
        if (v->word || v->read) {
            memcpy(&number, place, sizeof number);
            if (v->word)
                print_line("%s=%s%s", v->name, v->word(number), from);
            else
                print_line("%s=%lld%s%s", v->name, (long long)number, v->unit, from);
        } else {
            memcpy(&text, place, sizeof text);
            print_line("%s=%s%s", v->name, shown(p, v, text), from);
        }
    }
}

/* Prints the receiver of SOCKPUSH_TO=otlp, and which variables were heeded. */
static void print_otlp(const struct otel *otel)
{
    if (otel->output)
        print_line("otlp: %s (from %s%s)", otel->output->name, otel->from, otel->heeded);
}

static void print_tags(struct program *p)
{
    const struct tags *tags = &p->tags.netstat.tags;
    const struct rules *rules = &p->config.rules;

    print("tags:");
    for (size_t i = 0; i < tags->n; i++)
        if (&tags->tag[i] != p->tags.netstat.ip_version)
            print(" %s%s%s", tags->tag[i].key, tags->tag[i].value ? "=" : "",
                  tags->tag[i].value ? tags->tag[i].value : "");
    if (p->config.for_agent)
        print("\norigin for the agent: %s", *p->sections ? p->sections : "none");
    print("\nrules: %d (%s)", rules->n, p->config.ports_from);
    for (int i = 0; i < rules->n && i < RULES_SHOWN; i++)
        print(" %s", rules->rule[i].text);
    if (rules->n > RULES_SHOWN)
        print(" and %d more", rules->n - RULES_SHOWN);
    print("\n");
}

#define WHERE_MAX 256

/* Writes where the connection leads, " at 10.0.0.1:6514 (TLSv1.3, certificate for a)"; out stays as it is if there is
 * no connection, or no host at its end. */
static void note_receiver(const struct link *l, char out[WHERE_MAX])
{
    const struct target *target = &l->endpoint->target[l->target];
    const struct tls_settings *tls = l->endpoint->tls;
    struct buf b = {.data = out, .cap = WHERE_MAX - 1};
    static const uint8_t no_address[16];
    struct ip from, to;
    char ip[IP_TEXT_MAX];

    if (l->fd < 0 || !l->endpoint->transport->has_host)
        return;
    net_ends(l->fd, &from, &to);
    if (!memcmp(to.bytes, no_address, sizeof no_address))
        return; /* the receiver has ended the connection */
    ip_format(&to, ip);
    buf_format(&b, to.version == 6 ? " at [%s]:%u" : " at %s:%u", ip, target->port);
    if (tls_built && l->tls)
        buf_format(&b, " (%s, certificate %s%.100s)", tls_version(l->tls), tls->verify ? "for " : "not verified",
                   !tls->verify ? ""
                   : tls->name  ? tls->name
                                : target->host);
    out[b.len] = '\0';
}

/* Connects to host t and probes it. Returns false if lines would not arrive. */
static bool check_host(const struct endpoint *endpoint, int t)
{
    static struct link link; /* large */
    const struct transport *transport = endpoint->transport;
    char where[WHERE_MAX] = "";
    int ret;

    link_init(&link, endpoint);
    link.first = t;
    link.target_end = 1;
    ret = transport->open(&link);
    note_receiver(&link, where);
    if (!ret && transport->probe)
        ret = transport->probe(&link);
    else if (!ret && (transport->has_host || transport->has_path))
        link_explain(&link, "connected, nothing sent; whether it reads %s is not known", endpoint->format->name);
    note_receiver(&link, where); /* a UDP probe may have moved to another address */
    link_close(&link);
    if (ret < 0 && !*link.why)
        link_explain(&link, "%s", platform_error_text(-ret));
    print_line("output %s (%s): %s%s%s%s", endpoint->name, endpoint->format->name,
               ret < 0 ? "failed"
               : ret   ? "unknown"
                       : "ok",
               where, *link.why ? ": " : "", link.why);
    return ret >= 0;
}

/* Returns true unless every host failed. */
static bool check_output(struct program *p, const struct endpoint *endpoint, const struct snapshot *s)
{
    size_t line_max = transport_line_max(endpoint->transport, (size_t)p->config.v.mtu);
    uint64_t oversized;
    bool good = check_host(endpoint, 0);

    for (int t = 1; t < endpoint->n_targets; t++)
        good |= check_host(endpoint, t);
    snapshot_max(s, endpoint->format, line_max, &oversized);
    if (oversized)
        print_line("output %s: lines of some series can be longer than %zu bytes and would be dropped", endpoint->name,
                   line_max);
    return good;
}

static const char *listening_place(const struct listen_socket *s, char out[WHERE_MAX])
{
    struct buf b = {.data = out, .cap = WHERE_MAX - 1};
    char text[IP_TEXT_MAX];
    struct ip at, none;

    if (s->item->kind == LISTEN_UDP) {
        net_ends(s->fd, &at, &none);
        ip_format(&at, text);
        buf_format(&b, at.version == 6 ? " at [%s]:%u" : " at %s:%u", text, s->item->port);
        buf_format(&b, ", a buffer of %u bytes", s->buffer);
    }
    out[b.len] = '\0';
    return out;
}

/* Opens the sockets of SOCKPUSH_LISTEN, which then are in p->listener. Returns false if one cannot be opened, except
 * where the program itself may be running; the log says why. */
static bool check_listening(struct program *p)
{
    char place[WHERE_MAX];
    int ret = relay_open(p);

    if (ret) {
        print_line("listen: %s", ret == -EADDRINUSE ? "unknown: in use, as it is while sockpush runs" : "failed");
        return ret == -EADDRINUSE;
    }
    for (int i = 0; i < p->listener.n_sockets; i++) {
        const struct listen_socket *s = &p->listener.socket[i];

        print_line("listen %s: ok%s", s->item->name, listening_place(s, place));
    }
    return true;
}

/* Enters the sandbox, so that what follows is tried in it. Returns false if too little of it is in force. */
static bool check_sandbox(struct program *p)
{
    char text[PLATFORM_SANDBOX_MAX];
    bool good = program_sandbox(p, text);

    if (*text)
        print_line("sandbox: %s%s", good ? "" : "failed: ", text);
    return good;
}

/* Returns false if an output leads to a socket of SOCKPUSH_LISTEN. These are free again afterwards. */
static bool check_loops(struct program *p)
{
    bool loops = relay_loops(p);

    if (loops)
        print_line("listen: failed");
    listener_close(&p->listener);
    return !loops;
}

/* Reads the sockets once. Returns false if none could be read. */
static bool check_backend(struct program *p)
{
    char why[READER_WHY_MAX], view[256];
    const char *counting;
    int64_t time_ms;

    program_read(p, &time_ms);
    reader_why(&p->reader, why);
    counting = p->reading.report.counting;
    print_line("backend %s: %llu sockets in %llu us, %s%s%s%s%s", p->reading.name,
               (unsigned long long)p->reading.report.sockets, (unsigned long long)p->self.poll_us,
               program_view(p, view, sizeof view), *why ? "; " : "", why, counting ? "; " : "",
               counting ? counting : "");
    return p->reading.read[PROTOCOL_TCP] || p->reading.read[PROTOCOL_UDP];
}

/* Prints the pods that were found in the poll of check_backend. Returns false if none could be looked for. */
static bool check_pods(struct program *p)
{
    char text[PODS_TEXT_MAX];
    int64_t time_ms;

    if (p->config.off)
        program_read(p, &time_ms);
    print_line("pods: %s", program_pods(p, text));
    return !p->pods.error;
}

int program_check(struct program *p)
{
    struct snapshot s;
    bool good = true;

    print_values(p);
    print_otlp(&p->config.otel);
    print_tags(p);
    if (p->config.n_listen)
        good &= check_listening(p);
    good &= check_sandbox(p);
    if (p->listener.n_sockets)
        good &= check_loops(p);
    program_snapshot(p, 0, &s);
    for (int i = 0; i < p->config.n_outputs; i++)
        good &= check_output(p, &p->config.output[i], &s);
    if (!p->config.off)
        good &= check_backend(p);
    if (p->config.v.pods)
        good &= check_pods(p);
    return good ? 0 : 1;
}
