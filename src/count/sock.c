#include "count/sock.h"

#include <string.h>

#include "base/ip.h"

void sock_set_address(struct sock *s, const uint8_t *bytes, bool v6)
{
    memset(s->local, 0, sizeof s->local);
    s->known |= SOCK_ADDRESS;
    s->ip_version = v6 && !ip_is_mapped(bytes) ? 6 : 4;
    if (s->ip_version == 6)
        memcpy(s->local, bytes, 16);
    else
        memcpy(s->local, bytes + (v6 ? 12 : 0), 4);
}
