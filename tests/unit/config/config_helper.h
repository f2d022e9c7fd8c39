/* Reads a configuration from an environment that a test sets. */
#ifndef CONFIG_HELPER_H
#define CONFIG_HELPER_H

#include "config/config.h"
#include "unit/helper.h"

struct read_config {
    struct config config;
    struct logged logged;
};

/* Reads the variables in list ("NAME=value" texts, NULL-terminated). host_name may be NULL. */
void config_of(struct read_config *c, const char *host_name, const char *const *list);

/* Takes the variables as arguments. */
#define CONFIG_OF(c, host_name, ...) config_of(c, host_name, (const char *const[]){__VA_ARGS__, NULL})

/* Returns the names of the outputs: "udp://127.0.0.1:8125 stdout:". */
const char *outputs_of(const struct read_config *c);

/* Returns the tags of every series, merged: "a=1;b=2". */
const char *tags_of(struct read_config *c);

#endif
