/* A plain search of port rules, to compare the index with. */
#ifndef FIRST_RULE_H
#define FIRST_RULE_H

#include "count/rules.h"

/* Checks that rules_find and rules_find_remote find the first rule that matches: for each rule but `listen`, of a
 * socket at its first port and its address. */
void must_find_first_rules(const struct rules *r);

#endif
