/* Helpers for parsers of text. Pure. */
#ifndef TEXT_H
#define TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Returns true for white space as isspace has it in the C locale. */
bool text_is_blank(char c);

/* Returns the number of bytes before the first that is in stops, or before the end. */
size_t text_until(const char *text, const char *stops);

/* Trims white space from both ends of the *len bytes at *text. */
void text_trim(const char **text, size_t *len);

/* Returns the value of a hexadecimal digit, or -1. */
int text_hex(char c);

#endif
