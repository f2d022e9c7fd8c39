/* The text that tells metrics apart: a name, and tags sorted by key, whatever their order in a line. Pure. */
#ifndef METRIC_KEY_H
#define METRIC_KEY_H

#include "input/metrics.h"

struct metric_key {
    size_t len, name_len;
    unsigned n_tags;
    char text[METRIC_TEXT_MAX + 3 * METRIC_TAGS_MAX + 8]; /* as it follows struct metric */
};

/* Makes the key of a line's name and tags; of tags with the same key the last one stays, and those for
 * Datadog's agent are left out. Returns false if the line has more than METRIC_TEXT_MAX bytes of name and tags, or
 * METRIC_TAGS_MAX tags. */
bool metric_key_make(struct metric_key *key, const struct line *line);

/* Makes the key of this name's overflow series. */
void metric_key_overflow(struct metric_key *key);

#endif
