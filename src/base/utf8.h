/* UTF-8 (RFC 3629). Pure. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the start of text into *code. Returns its bytes, or 0 if they are not a character: overlong,
 * a surrogate, above U+10FFFF, or cut. */
size_t utf8_read(const char *text, size_t len, uint32_t *code);

/* Returns true for invisible characters that change how others are shown: controls (C0, DEL, C1), line ends, zero-width
 * and directional ones. */
bool utf8_is_control(uint32_t code);

/* Replaces each byte that is not part of a character by "_". Returns true if it replaced any. */
bool utf8_clean(char *text);

#endif
