#include "output/transport.h"

#include <string.h>

const struct transport *const transports[] = {&output_udp,    &output_unix, &output_unixgram, &output_unixstream,
                                              &output_tcp,    &output_tls,  &output_http,     &output_https,
                                              &output_stdout, NULL};

const struct transport *transport_find(const char *scheme)
{
    for (const struct transport *const *t = transports; *t; t++)
        if (!strcmp((*t)->scheme, scheme))
            return *t;
    return NULL;
}

bool transport_has_socket_path(const struct transport *t)
{
    return t->has_path && !t->has_host;
}

bool transport_fails_over(const struct transport *t)
{
    return t->has_host && t->acknowledged != ACKNOWLEDGED_NEVER;
}

size_t transport_line_max(const struct transport *t, size_t mtu)
{
    return t->line_max ? t->line_max : mtu;
}

struct policy policy_of(const struct endpoint *endpoint, bool stream)
{
    const struct transport *t = endpoint->transport;

    return (struct policy){
        .wait = stream,
        .keep = stream && t->acknowledged != ACKNOWLEDGED_NEVER,
        .newest_only = !stream || !(endpoint->format->timestamps || t->queues),
    };
}
