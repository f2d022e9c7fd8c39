/* A packer that collects what it sends. */
#ifndef PACKER_HELPER_H
#define PACKER_HELPER_H

#include "input/packer.h"

#define SENT_MAX (1 << 18)

extern struct packer packer;

/* What was sent since pack_begin, NUL-terminated. */
extern char sent[SENT_MAX];
extern size_t sent_len;
extern uint32_t sent_lines, sent_packets;

/* Begins without tags. Each packet is checked to be of whole lines, and no longer than packet_max and an LF. */
void pack_begin(enum pack_dialect dialect, size_t packet_max);

/* Sets our tags to a list such as "host:a,prod", which must stay. */
void pack_tags(const char *list);

/* Takes each line that is good. Returns whether all of these were supported. */
bool pack(const char *lines, size_t len);

/* Takes lines, and returns all that is sent then, without the last LF. */
const char *packed(const char *lines);

#endif
