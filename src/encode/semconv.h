/* The totals in the names of OpenTelemetry's semantic conventions (opentelemetry.io/docs/specs/semconv: "System
 * metrics", and "Network" in the registry of attributes, 1.35 and later), as one metric with a point for each field of
 * netstat:
 *
 *   system.network.connection.count{network.connection.state="time_wait",network.transport="tcp",network.type="ipv4"}
 *
 * Pure. */
#ifndef SEMCONV_H
#define SEMCONV_H

#include "count/tags.h"
#include "encode/fields.h"

#define SEMCONV_COUNT "system.network.connection.count"
#define SEMCONV_TAGS  3

/* Sets out to the tags of a field of netstat, which has a name there unless it is STATE_UNKNOWN. They replace those of
 * its point that have the same keys, and are sorted. One whose value is NULL is left out: UDP has no states. Returns
 * SEMCONV_TAGS. */
size_t semconv_tags(const struct field *field, const struct tags *tags, struct tag out[SEMCONV_TAGS]);

#endif
