/* Parts of Graphite's lines. Pure. */
#ifndef GRAPHITE_H
#define GRAPHITE_H

#include "encode/relayed.h"

/* A line of a series, which begins at mark. Its tags are at `tags`, so many bytes. */
struct graphite_line {
    size_t mark, tags, len;
};

/* Puts a name, or a part of one. */
void graphite_put_name(struct buf *b, const char *name);

/* Puts the tags and a blank after a line's name. shared: the place of the tags in an earlier line of the series. */
void graphite_put_tags(struct sink *s, struct graphite_line *line, const struct tags *tags,
                       const struct common *shared);

/* Puts the time after a line's value. */
void graphite_end_line(struct sink *s, const struct graphite_line *line, int64_t time_ms, struct common *shared);

/* encoder.metric */
void graphite_metric(struct sink *s, const struct relayed *r);

#endif
