/* UTF-8 (RFC 3629). Pure. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns the bytes of the character that text begins with, and *code; 0: it begins with none. An overlong form, half
 * of a surrogate pair, and what is beyond U+10FFFF are none. */
size_t utf8_read(const char *text, size_t len, uint32_t *code);

/* Returns true for characters that are not seen but change what is: controls (C0, DEL, C1), ends of lines, and those
 * without width or with a direction. */
bool utf8_is_control(uint32_t code);

/* Replaces each byte that belongs to no character by "_". Returns true if there was one. */
bool utf8_clean(char *text);

#endif
