/* Parts of InfluxDB's lines. Pure. */
#ifndef INFLUX_H
#define INFLUX_H

#include "encode/relayed.h"

/* Puts a name that someone else chose at the start of a line. */
void influx_put_name(struct buf *b, const char *name);

/* Puts the tags of a series. */
void influx_put_tags(struct buf *b, const struct tags *tags);

/* Begins a field of the line that began at mark. Returns false if it belongs into another line with the same series and
 * time, because this one has fields and could become too long. */
bool influx_begin_field(struct sink *s, size_t mark, bool first, const char *name);

/* Puts a line's time, if it is known. */
void influx_put_time(struct buf *b, int64_t time_ms, const struct time_unit *unit);

/* encoder.metric */
void influx_metric(struct sink *s, const struct relayed *r);

#endif
