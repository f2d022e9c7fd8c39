/* The local ports that the kernel chooses from for connections. Pure.
 *
 *     ip_local_port_range       32768	60999
 *     ip_local_reserved_ports   8080,40000-40100      (an empty line where none are reserved) */
#ifndef LOCAL_PORTS_PARSE_H
#define LOCAL_PORTS_PARSE_H

#include <stddef.h>

#include "count/ports.h"

/* Sets *out to the ports of the range, without the reserved ones. Returns false, and an empty set, where one of the
 * texts is not such a text, or is cut: each ends in a newline. */
bool local_ports_parse(const char *range, size_t range_len, const char *reserved, size_t reserved_len,
                       struct port_set *out);

#endif
