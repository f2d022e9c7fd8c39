#include "unit/count/tally_helper.h"

#include <stdio.h>
#include <string.h>

#include "unit/helper.h"

void polls_init(struct polls *p, const char *rules, uint32_t max_series)
{
    memset(p, 0, sizeof *p);
    p->now_ms = 3600000;
    rules_of(&p->rules, rules, &p->arena);
    tally_init(&p->tally, &p->rules, max_series, &p->arena);
}

void polls_free(struct polls *p)
{
    arena_free(&p->arena);
}

void tcp(struct polls *p, const char *address, uint16_t port, enum tcp_state state, uint32_t inode)
{
    const struct sock s = sock_of(PROTOCOL_TCP, address, port, state, inode);

    tally_sock(&p->tally, &s, 1);
}

void udp(struct polls *p, const char *address, uint16_t port, uint32_t inode)
{
    const struct sock s = sock_of(PROTOCOL_UDP, address, port, STATE_CLOSE, inode);

    tally_sock(&p->tally, &s, 1);
}

void tcp_to(struct polls *p, const char *address, uint16_t port, const char *remote, uint16_t remote_port,
            enum tcp_state state, uint32_t inode)
{
    struct sock s = sock_of(PROTOCOL_TCP, address, port, state, inode);

    connect_to(&s, remote, remote_port);
    tally_sock(&p->tally, &s, 1);
}

void poll_begin(struct polls *p)
{
    tally_begin(&p->tally, p->now_ms);
}

void poll_end(struct polls *p)
{
    tally_end(&p->tally);
    tally_expire(&p->tally);
}

struct series *series_named(struct polls *p, const char *addr_port, int ip_version)
{
    struct series *found = NULL;

    for (uint32_t i = 0; i < tally_count(&p->tally); i++) {
        struct series *s = tally_series(&p->tally, i);
        char text[ADDR_PORT_MAX];

        if (s->ip_version != ip_version || strcmp(series_addr_port(&p->tally, s, text), addr_port))
            continue;
        assert_null(found); /* names are unique */
        found = s;
    }
    return found;
}

uint64_t sockets_of(const struct series *s)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < FIELD_COUNT; i++)
        sum += s->count[i];
    return sum;
}

uint64_t sockets_in_total(const struct polls *p)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < FIELD_COUNT; i++)
        sum += p->tally.total[0].count[i] + p->tally.total[1].count[i];
    return sum;
}

const char *series_names(struct polls *p)
{
    static char out[4096];
    size_t at = 0;

    out[0] = '\0';
    for (uint32_t i = 0; i < tally_count(&p->tally); i++) {
        struct series *s = tally_series(&p->tally, i);
        char text[ADDR_PORT_MAX];

        at += (size_t)snprintf(out + at, sizeof out - at, "%s%s/%u", i ? " " : "", series_addr_port(&p->tally, s, text),
                               s->ip_version);
    }
    return out;
}
