/* Parses FreeBSD's net.inet.tcp.pcblist and net.inet.udp.pcblist. Pure.
 *
 *   xinpgen                number of sockets, and generation
 *   xtcpcb, or xinpcb      one socket of TCP, or of UDP; and so on
 *   xinpgen                again
 *
 * Every record begins with its length (sys/netinet/tcp_subr.c, udp_usrreq.c). The list includes half-open connections
 * and sockets in TIME_WAIT. No row names a process. */
#ifndef FREEBSD_PCBLIST_PARSE_H
#define FREEBSD_PCBLIST_PARSE_H

#include "bsd/pcblist.h"

/* Parses the whole list. Returns 0, -EBADMSG for a malformed list, or -EPROTO for a record of unknown length: a release
 * of FreeBSD that is not supported yet. */
int freebsd_pcblist_parse(const void *data, size_t len, const struct pcblist *list);

#endif
