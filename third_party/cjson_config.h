/* Build configuration of cJSON. Its needs of the C library would be a sixth of the binary, with floating-point
 * instructions that routers lack. src/count/rules_json.c has small replacements: numbers are ports, and memory is an
 * arena's, freed as a whole. */
#ifndef CJSON_CONFIG_H
#define CJSON_CONFIG_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

int json_number(const char *text, char **end); /* strtod for digits */
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
