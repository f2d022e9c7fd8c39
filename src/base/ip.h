/* IP addresses as text and as bytes. Pure. */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_TEXT_MAX 46 /* bytes for an IPv6 address's text and its NUL: INET6_ADDRSTRLEN */

struct ip {
    uint8_t version;   /* 4 or 6 */
    uint8_t bytes[16]; /* network byte order; an IPv4 address is the first 4, the others are 0 */
};

/* Parses an IPv4 or IPv6 literal of len bytes, without brackets or zone. A v4-mapped IPv6
 * address becomes its IPv4 address. Returns false if the text is not an address. */
bool ip_parse(const char *text, size_t len, struct ip *ip);

#define IP_ZONE_MAX 16 /* bytes of an interface's name (Linux: IFNAMSIZ) or number, NUL included */

/* An address that may be valid on one link only. */
struct scoped_ip {
    struct ip ip;
    char zone[IP_ZONE_MAX]; /* "eth0" in fe80::1%eth0; "" where it is absent */
};

/* Parses a literal that may have a zone (RFC 4007, 11.2). Returns false if the text is not one. */
bool ip_parse_scoped(const char *text, size_t len, struct scoped_ip *out);

/* Clears all bits but the first `prefix` ones, at most 32 of IPv4 or 128. */
void ip_mask(struct ip *ip, unsigned prefix);

/* Writes the canonical text (RFC 5952) to out, NUL-terminated. Returns its length. */
size_t ip_format(const struct ip *ip, char out[IP_TEXT_MAX]);

/* Returns true if the bytes are ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
bool ip_is_mapped(const uint8_t bytes[16]);

#endif
