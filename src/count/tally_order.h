/* The order in which series are pushed. A part of the tally, for tally.c. */
#ifndef TALLY_ORDER_H
#define TALLY_ORDER_H

#include "count/tally.h"

/* Lists the live series in t->order: by view, rule ("other" last), port, IP version and address. */
void tally_order(struct tally *t);

#endif
