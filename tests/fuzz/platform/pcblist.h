/* Checks that hold for any list of macOS's or FreeBSD's. */
#ifndef PCBLIST_H
#define PCBLIST_H

#include "bsd/pcblist.h"

/* Reads the data as a list of TCP sockets, then of UDP sockets, each in both orders. */
void fuzz_pcblist(pcblist_parse_fn *parse, const uint8_t *data, size_t size);

#endif
