/* The tags of pods, for the sources that have points of them. Pure. */
#ifndef SOURCE_PODS_H
#define SOURCE_PODS_H

#include "encode/source.h"

/* Sets the values of the pod's tags. series: NULL for none. Returns the tags that have a value, which the next call for
 * these tags ends. */
struct tags pod_tags(struct tagset *set, const struct pod_series *series);

/* Room for what an agent gets beside the tags. */
#define POD_SECTIONS_MAX (POD_CONTAINER_MAX + TAG_VALUE_MAX)

/* Writes it: the pod's container, for the program's own. series: NULL for none. Returns out. */
const char *pod_sections(const struct snapshot *s, const struct pod_series *series, char out[POD_SECTIONS_MAX]);

/* Makes a series with the longest texts that these tags can have. */
void pod_largest(const struct pods_want *want, struct pod_series *series);

#endif
