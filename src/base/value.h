/* Values of environment variables: numbers with and without units, booleans. Pure.
 * Each parses NUL-terminated text without white space around it. Returns false, and leaves
 * *out unchanged, if the text has another form or the number overflows. */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stdint.h>

bool value_count(const char *text, int64_t *out);       /* "12" */
bool value_duration_ms(const char *text, int64_t *out); /* "500ms", "1m30s", "1h"; a unit is required */
bool value_size(const char *text, int64_t *out);        /* bytes: "1432", "1432B", "256KiB", "1MB" */
bool value_bool(const char *text, int64_t *out);        /* on off true false yes no 1 0, in any case */

#endif
