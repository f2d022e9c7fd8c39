/* Values of environment variables: numbers with and without units, booleans.
 * Pure. Each takes NUL-terminated text without white space around it and returns
 * false, leaving *out alone, if the text is not of its form or overflows. */
#ifndef VALUE_H
#define VALUE_H

#include <stdbool.h>
#include <stdint.h>

bool value_count(const char *text, int64_t *out);       /* "12" */
bool value_duration_ms(const char *text, int64_t *out); /* "500ms", "1m30s", "1h"; a unit is needed */
bool value_size(const char *text, int64_t *out);        /* "1432", "1432B", "256KiB", "1MB" */
bool value_bool(const char *text, int64_t *out);        /* on off true false yes no 1 0 */

#endif
