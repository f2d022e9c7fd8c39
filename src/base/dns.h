/* DNS messages (RFC 1035), and lines of resolv.conf(5) and hosts(5). Pure. */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"

#define DNS_NAME_MAX    253 /* a name as text; it is 255 bytes in a message (RFC 1035, 2.3.4) */
#define DNS_QUERY_MAX   (12 + DNS_NAME_MAX + 2 + 4)
#define DNS_SERVERS_MAX 3 /* resolv.conf(5), nameserver */
#define DNS_SEARCH_MAX  6 /* resolv.conf(5), search */

enum dns_type { DNS_A = 1, DNS_AAAA = 28 }; /* RFC 1035, 3.2.2; RFC 3596, 2.1 */

/* The result of an answer that holds no address. */
enum dns_result {
    DNS_NO_ADDRESS = -1, /* no record of this type; the name may exist */
    DNS_NO_NAME = -2,
    DNS_FAILED = -3,    /* the server reported an error, or its answer is malformed */
    DNS_TRUNCATED = -4, /* the query has to be repeated over TCP */
    DNS_NOT_OURS = -5,  /* the message does not answer this query */
    DNS_NO_TCP = -6,    /* the answer is truncated, and TCP failed */
};

/* Writes a query with recursion desired; name may end in a dot. Returns its bytes, or 0 if the name or a label is empty
 * or too long. */
size_t dns_query(uint8_t out[DNS_QUERY_MAX], uint16_t id, const char *name, enum dns_type type);

/* Reads up to max addresses from an answer to query. A CNAME chain is not followed: the answer holds the records of its
 * end. Returns the number of addresses, or an enum dns_result. */
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

/* Applies one line of len bytes, without its newline. */
void resolv_conf_line(struct resolv_conf *conf, const char *line, size_t len);

/* Adds 127.0.0.1 as the server where no line named one (resolv.conf(5)). */
void resolv_conf_complete(struct resolv_conf *conf);

/* Returns true if a line of /etc/hosts names host, in any case, with or without a last dot; *out is then its address.
 */
bool hosts_line(const char *line, size_t len, const char *host, struct scoped_ip *out);

#endif
