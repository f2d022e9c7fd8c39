/* The part of --top's screen that has the ports. Pure. */
#ifndef TOP_PORTS_H
#define TOP_PORTS_H

#include "encode/page.h"
#include "encode/top.h"

/* Puts a line for each port, in the order that t->sort says, as far as the terminal has room; before them, in a
 * terminal, the keys that sort. */
void top_put_ports(struct page *p, const struct top *t);

#endif
