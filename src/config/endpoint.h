/* An output's endpoint, made of its URL. Pure; texts are allocated from an arena. */
#ifndef CONFIG_ENDPOINT_H
#define CONFIG_ENDPOINT_H

#include "config/config.h"
#include "output/url.h"

/* Makes *endpoint from url. otherwise: the format where neither the URL nor, unless format_set, the transport has one.
 * Returns NULL, or the error. */
const char *endpoint_make(const struct url *url, const struct encoder *otherwise, bool format_set, struct arena *a,
                          struct endpoint *endpoint);

/* Adds the host of url to the endpoint. Returns NULL, or the error. */
const char *endpoint_add_target(struct endpoint *endpoint, const struct url *url, struct arena *a);

/* Returns the output's name, its URL without secrets: http://a:8086/write?db=x,b:8086 */
const char *endpoint_canonical(struct endpoint *endpoint, struct arena *a);

#endif
