/* What FreeBSD gives for net.inet.tcp.pcblist and net.inet.udp.pcblist. Pure.
 *
 *   xinpgen                how many sockets, and of which generation
 *   xtcpcb, or xinpcb      one socket of TCP, or of UDP; and so on
 *   xinpgen                again
 *
 * Every record begins with its length (sys/netinet/tcp_subr.c, udp_usrreq.c). Half-open
 * connections and sockets in TIME_WAIT are among them. No row names a process. */
#ifndef FREEBSD_PCBLIST_PARSE_H
#define FREEBSD_PCBLIST_PARSE_H

#include "bsd/pcblist.h"

/* Reads the whole list. 0; -EBADMSG for what is no such list, -EPROTO for a record of a length
 * that no row of the table has: a release of FreeBSD that is not known yet. */
int freebsd_pcblist_parse(const void *data, size_t len, const struct pcblist *list);

#endif
