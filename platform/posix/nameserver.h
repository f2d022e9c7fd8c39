/* Asks nameservers, with a time limit on every step. */
#ifndef NAMESERVER_H
#define NAMESERVER_H

#include "base/dns.h"
#include "platform.h"

/* Results of a look-up after the last one of enum dns_result. */
enum { NO_ANSWER = DNS_NO_TCP - 1, NAME_INVALID = DNS_NO_TCP - 2, CONF_UNREAD = DNS_NO_TCP - 3 };

#define FOUND_MAX 16

struct found {
    const char *host; /* name to look up */
    struct scoped_ip ip[FOUND_MAX];
    int n;
};

/* Asks conf's servers for IPv4 and IPv6 addresses of out->host, as it is and below the search domains. Returns the
 * number of addresses added to out, IPv4 first, or an error, by deadline_ns of platform_monotonic_ns. Reorders conf's
 * servers. */
int nameserver_ask(struct resolv_conf *conf, struct found *out, uint64_t deadline_ns);

#endif
