/* Reads a configuration from an environment that a test gives. */
#ifndef CONFIG_HELPER_H
#define CONFIG_HELPER_H

#include "config/config.h"
#include "unit/helper.h"

struct read_config {
    struct config config;
    struct logged logged;
};

/* list: "NAME=value" texts, NULL-terminated; host_name may be NULL. */
void config_of(struct read_config *c, const char *host_name, const char *const *list);

/* The texts as arguments. */
#define CONFIG_OF(c, host_name, ...) config_of(c, host_name, (const char *const[]){__VA_ARGS__, NULL})

/* "udp://127.0.0.1:8125 stdout:": the names of the outputs. */
const char *outputs_of(const struct read_config *c);

/* "a=1;b=2": the tags of every series, merged. */
const char *tags_of(struct read_config *c);

#endif
