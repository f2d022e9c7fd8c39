/* What macOS gives for net.inet.tcp.pcblist_n and net.inet.udp.pcblist_n. Pure.
 *
 *   xinpgen                                       how many sockets, and of which generation
 *   xinpcb_n xsocket_n xsockbuf_n xsockbuf_n xsockstat_n [xtcpcb_n]     one socket; and so on
 *   xinpgen                                       again, left out where there is no socket at all
 *
 * Every record begins with its length and kind and is padded to 8 bytes; the last xinpgen is
 * known by its length (XNU: bsd/netinet/in_pcblist.c). Sockets in TIME_WAIT, which the kernel
 * keeps in a list of their own, are among them, and so are flows of network stacks that live
 * in processes. */
#ifndef DARWIN_PCBLIST_PARSE_H
#define DARWIN_PCBLIST_PARSE_H

#include "bsd/pcblist.h"

/* Reads the whole list. 0; -EBADMSG for what is no such list, -EPROTO for a record of a length
 * that no row of the table has: a release of macOS that is not known yet. */
int darwin_pcblist_parse(const void *data, size_t len, const struct pcblist *list);

#endif
