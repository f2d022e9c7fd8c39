/* IP addresses as text and as bytes. Pure. */
#ifndef IP_H
#define IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_TEXT_MAX 46 /* longest text of an IPv6 address, with its NUL */

struct ip {
    uint8_t version;   /* 4 or 6 */
    uint8_t bytes[16]; /* network byte order; IPv4 in the first 4, then 0 */
};

/* Reads an IPv4 or IPv6 literal of len bytes, no brackets, no zone. A v4-mapped
 * IPv6 address becomes the IPv4 address. false: not an address. */
bool ip_parse(const char *text, size_t len, struct ip *ip);

#define IP_ZONE_MAX 16 /* of an interface's name or number, with its NUL */

/* An address that may only mean something on one link. */
struct scoped_ip {
    struct ip ip;
    char zone[IP_ZONE_MAX]; /* fe80::1%eth0: "eth0"; "": none */
};

/* Reads a literal that may have a zone (RFC 4007, 11.2). Returns false if it is none. */
bool ip_parse_scoped(const char *text, size_t len, struct scoped_ip *out);

/* Writes the canonical text (RFC 5952) to out, NUL-terminated; returns its length. */
size_t ip_format(const struct ip *ip, char out[IP_TEXT_MAX]);

/* True if 16 bytes are ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
bool ip_is_mapped(const uint8_t bytes[16]);

#endif
