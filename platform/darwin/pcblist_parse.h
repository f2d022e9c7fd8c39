/* Parses macOS's net.inet.tcp.pcblist_n and net.inet.udp.pcblist_n. Pure.
 *
 *   xinpgen                                       number of sockets, and generation
 *   xinpcb_n xsocket_n xsockbuf_n xsockbuf_n xsockstat_n [xtcpcb_n]     one socket; and so on
 *   xinpgen                                       again; absent if there is no socket at all
 *
 * Every record begins with its length and kind, and is padded to 8 bytes; the last xinpgen is recognised by its length
 * (XNU, bsd/netinet/in_pcblist.c). The list includes TIME_WAIT sockets, and flows of network stacks in user space. */
#ifndef DARWIN_PCBLIST_PARSE_H
#define DARWIN_PCBLIST_PARSE_H

#include "bsd/pcblist.h"

/* Parses the whole list. Returns 0, -EBADMSG for a malformed list, or -EPROTO for a record of unknown length: a release
 * of macOS that is not supported yet. */
int darwin_pcblist_parse(const void *data, size_t len, const struct pcblist *list);

#endif
