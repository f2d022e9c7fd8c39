#include "count/sock.h"

#include <string.h>

#include "base/ip.h"

/* Copies an address of this IP version. */
static void set(uint8_t out[16], uint8_t ip_version, const uint8_t *bytes, bool v6)
{
    memset(out, 0, 16);
    if (ip_version == 6)
        memcpy(out, bytes, 16);
    else
        memcpy(out, bytes + (v6 ? 12 : 0), 4);
}

void sock_set_address(struct sock *s, const uint8_t *bytes, bool v6)
{
    s->known |= SOCK_ADDRESS;
    s->ip_version = v6 && !ip_is_mapped(bytes) ? 6 : 4;
    set(s->local, s->ip_version, bytes, v6);
}

void sock_set_remote(struct sock *s, const uint8_t *bytes, bool v6, uint16_t port)
{
    if (!port)
        return;
    s->known |= SOCK_REMOTE;
    s->remote_port = port;
    set(s->remote, s->ip_version, bytes, v6);
}
