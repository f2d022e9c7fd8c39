/* Packs lines that applications sent into packets for an output that passes them on. Pure: no allocation, no clock.
 *
 *   datadog     as received, with our tags in the last section "#"; one line for all values of a list
 *   dogstatsd   a:1|c|@0.5|#k:v   a line for each value, and no other sections (protocol 1.0)
 *   statsd      a:1|c|@0.5        the same without tags; only lines that etsy's statsd 0.9 counts rightly
 *
 * Values with a type each (a:1|c:2|ms) are lines of their own in all of them. */
#ifndef PACKER_H
#define PACKER_H

#include <stdint.h>

#include "count/tags.h"
#include "input/line.h"

enum pack_dialect { PACK_DATADOG, PACK_DOGSTATSD, PACK_STATSD };

/* Our tags, ready for a line (encode/dogstatsd.h makes them). */
struct packer_tags {
    struct span text; /* "env:prod,host:a" */
    size_t n;
    struct packer_tag {
        struct span text; /* part of the text above: "env:prod", or "prod" without a value */
        size_t key_len;
    } tag[TAGS_ALL_MAX];
};

struct packer_counters {
    uint64_t unsupported; /* lines received that were not written, or only in part, because the dialect has no way */
    uint64_t oversized;   /* lines written that are longer than a packet */
};

struct packer {
    enum pack_dialect dialect;
    bool absolute;     /* a gauge with a sign is the value itself: statsd is told so, by two lines */
    size_t packet_max; /* bytes of the longest packet, without its last LF */
    size_t fill_max;   /* the same of one with several lines; 0: packet_max */
    char *bytes;       /* packet_max + 1, the caller's */
    /* Takes n whole lines, each with its LF; they stay valid until it returns. */
    void (*send)(void *ctx, const char *lines, size_t len, uint32_t n);
    void *ctx;
    const struct packer_tags *tags; /* a line gets those whose key it has not; or NULL */
    /* The packer's; zero at first: */
    size_t len; /* of the packet in hand */
    uint32_t n; /* its lines */
    struct packer_counters counters;
};

/* Appends a line that line_parse has taken from text, and of which no value was taken yet, nor is afterwards. What is
 * in hand is sent first if the line does not fit. Returns false if the line is unsupported. */
bool packer_take(struct packer *p, struct line *line, struct span text);

/* Sends what is in hand. */
void packer_flush(struct packer *p);

#endif
