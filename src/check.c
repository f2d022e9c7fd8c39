/* --check: what the configuration comes to, and whether it works. */
#include <string.h>

#include "base/log.h"
#include "program.h"

#define RULES_SHOWN 20

/* Returns the value of this variable, or words in its place if it is secret or long. */
static const char *shown(const struct program *p, const struct variable *v, const char *text)
{
    if (v->form & FORM_SECRET)
        return "(not shown)";
    if (!strncmp(text, "-----BEGIN", 10))
        return "(PEM text)";
    return text == p->config.v.to ? p->config.to_shown : text;
}

static void print_values(struct program *p)
{
    for (const struct variable *v = variables; *v->name; v++) {
        const char *place = (const char *)&p->config.v + v->offset, *text;
        int64_t number;

        if (v->word || v->read) {
            memcpy(&number, place, sizeof number);
            if (v->word)
                print_line("%s=%s", v->name, v->word(number));
            else
                print_line("%s=%lld%s", v->name, (long long)number, v->unit);
        } else {
            memcpy(&text, place, sizeof text);
            text = text ? shown(p, v, text) : text;
            print_line("%s=%s", v->name, text ? text : v->def);
        }
    }
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

/* Resolves and connects, and sends nothing. */
static bool check_output(struct program *p, const struct endpoint *endpoint, const struct snapshot *s)
{
    static struct link link; /* large */
    uint64_t oversized;
    int ret;

    link_init(&link, endpoint);
    snapshot_max(s, endpoint->format, transport_line_max(endpoint->transport, (size_t)p->config.v.mtu), &oversized);
    if (oversized)
        print_line("output %s: lines of some series can be longer than %zu bytes and would be dropped", endpoint->name,
                   transport_line_max(endpoint->transport, (size_t)p->config.v.mtu));
    ret = endpoint->transport->open(&link);
    if (ret) {
        print_line("output %s: %s", endpoint->name, *link.why ? link.why : platform_error_text(-ret));
        return false;
    }
    link_close(&link);
    print_line("output %s: %s, from %s: ok", endpoint->name, endpoint->format->name, p->config.to_from);
    return true;
}

int program_check(struct program *p)
{
    char why[READER_WHY_MAX], view[256];
    struct snapshot s;
    int64_t time_ms;
    bool good = true;

    print_values(p);
    print_tags(p);
    program_snapshot(p, 0, &s);
    for (int i = 0; i < p->config.n_outputs; i++)
        good &= check_output(p, &p->config.output[i], &s);
    program_read(p, &time_ms);
    reader_why(&p->reader, why);
    print_line("backend %s: %llu sockets in %llu us, %s%s%s", p->reading.name,
               (unsigned long long)p->reading.report.sockets, (unsigned long long)p->self.poll_us,
               program_view(p, view, sizeof view), *why ? "; " : "", why);
    good &= p->reading.read[PROTOCOL_TCP] || p->reading.read[PROTOCOL_UDP];
    return good ? 0 : 1;
}
