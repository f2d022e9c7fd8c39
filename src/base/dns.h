/* DNS messages (RFC 1035), resolv.conf(5) and hosts(5) as bytes. Pure. */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define DNS_NAME_MAX    253
#define DNS_QUERY_MAX   (12 + DNS_NAME_MAX + 2 + 4)
#define DNS_SERVERS_MAX 3 /* as resolv.conf(5) says of nameserver and search */
#define DNS_SEARCH_MAX  6

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

/* What one answer says, but for addresses. */
enum dns_result {
    DNS_NO_ADDRESS = -1, /* the name may exist, it has none of this type */
    DNS_NO_NAME = -2,
    DNS_FAILED = -3,    /* the server could not tell */
    DNS_TRUNCATED = -4, /* to be asked again over TCP */
    DNS_NOT_OURS = -5,  /* not an answer to this query */
    DNS_NO_TCP = -6,    /* truncated, and there was no answer over TCP */
};

/* A query with recursion desired; its length, or 0 if name is none (an empty or too long
 * label, too long as a whole). A dot may end name. */
size_t dns_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name, enum dns_type type);

/* Reads an answer to query: the number of addresses put into out (at most max), or an
 * enum dns_result. A CNAME chain needs no following: its end's records are in it. */
int dns_answer(const uint8_t *answer, size_t len, const uint8_t *query, size_t query_len, struct ip *out, int max);

struct resolv_conf {
    struct scoped_ip server[DNS_SERVERS_MAX];
    int n_servers;
    char search[DNS_SEARCH_MAX][DNS_NAME_MAX + 1];
    int n_search;
    int ndots, timeout_s, attempts;
};

/* Sets the defaults: no server, 1 dot, 5 s, 2 attempts. */
void resolv_conf_init(struct resolv_conf *conf);

/* Sets what holds where no line names a server: this machine's (resolv.conf(5)). */
void resolv_conf_complete(struct resolv_conf *conf);

/* Takes one line (len bytes, no newline). */
void resolv_conf_line(struct resolv_conf *conf, const char *line, size_t len);

/* The address of a line of /etc/hosts that names host (any case, with or without a dot at its end); false: it does not.
 */
bool hosts_line(const char *line, size_t len, const char *host, struct scoped_ip *out);

#endif
