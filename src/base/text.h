/* Pieces of text that are not NUL-terminated. Pure. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

bool text_is_blank(char c); /* white space of any kind */

/* Bytes up to the first that is in stops, or to the end. */
size_t text_until(const char *text, const char *stops);

/* Cuts white space off both ends of *len bytes at *text. */
void text_trim(const char **text, size_t *len);

/* Returns the value of a hexadecimal digit, or -1. */
int text_hex(char c);

#endif
