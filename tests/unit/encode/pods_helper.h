/* Series of netstat_pod without the namespaces that they are of, and their points in each format. */
#ifndef PODS_HELPER_H
#define PODS_HELPER_H

#include "encode/source.h"
#include "unit/count/tally_helper.h"
#include "unit/encode/encode_helper.h"

#define PODS_TIME_MS 1700000000123
#define PODS_SPACE   (1u << POD_NAMESPACE)
#define PODS_NAME    (1u << POD_NAME)
#define PODS_PLACES  1000

struct scene {
    struct polls polls;
    struct series_tags tags;
    struct reading reading;
    struct pods pods;
    struct snapshot s;
};

/* The table, of the scene that was set up last, and its increments. */
extern struct pod_series pods_series[PODS_PLACES];
extern uint64_t pods_added[ADDED_PODS(PODS_PLACES)];
extern uint32_t pods_generation[ADDED_PODS(PODS_PLACES)];

/* host=h */
extern const struct tags pods_users;

/* Records, NUL-terminated where pods_encode wrote them. */
extern char pods_text[4 << 20];
extern size_t pods_text_len;

void pods_set_up(struct scene *c, const struct tags *tags);
void pods_tear_down(struct scene *c);

/* Adds a series, whose every number is another one. */
struct pod_series *pods_add(struct scene *c, const char *name_space, const char *name);

/* Encodes the pods' points. Returns them as text, which pods_text has, too. */
const char *pods_encode(const struct scene *c, const struct encoder *format);

#endif
