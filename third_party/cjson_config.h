/* How cJSON is built. What it would need of the C library is a sixth of the binary, and floating-point
 * instructions no router has; src/count/rules_json.c has it in small: its numbers here are ports, and its
 * memory is an arena's that is freed as a whole. */
#ifndef CJSON_CONFIG_H
#define CJSON_CONFIG_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

int json_number(const char *text, char **end); /* as strtod, of digits */
void *json_malloc(size_t size);
void *json_realloc(void *memory, size_t size);
void json_free(void *memory);

#undef strtod
#define strtod  json_number
#define malloc  json_malloc
#define realloc json_realloc
#define free    json_free

#define double int
#undef isnan
#undef isinf
#define isnan(number) 0
#define isinf(number) 0

#endif
