/* Asking nameservers, with time limits on every step. */
#ifndef NAMESERVER_H
#define NAMESERVER_H

#include "base/dns.h"
#include "platform.h"

/* What a look-up can come to beside enum dns_result, behind its last. */
enum { NO_ANSWER = DNS_NO_TCP - 1, NAME_INVALID = DNS_NO_TCP - 2 };

#define FOUND_MAX 16

struct found {
    const char *host; /* what is looked for */
    struct scoped_ip ip[FOUND_MAX];
    int n;
};

/* Asks conf's servers for out->host as it is and below the search domains, for IPv4 and
 * IPv6 at once. The number of addresses added to out, IPv4 first, or why there is none;
 * back by deadline_ns, a time of platform_monotonic_ns. Servers of conf change places. */
int nameserver_ask(struct resolv_conf *conf, struct found *out, uint64_t deadline_ns);

/* Makes an address as the system's calls take it. */
void posix_make_addr(struct net_addr *out, const struct scoped_ip *ip, uint16_t port);

#endif
