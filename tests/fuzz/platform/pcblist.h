/* What must hold for any list of macOS's or FreeBSD's. */
#ifndef PCBLIST_H
#define PCBLIST_H

#include "bsd/pcblist.h"

/* Reads it as a list of TCP, then of UDP sockets, in both orders. */
void fuzz_pcblist(pcblist_parse_fn *parse, const uint8_t *data, size_t size);

#endif
