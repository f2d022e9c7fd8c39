/* UTF-8 as the C library reads it. */
#ifndef LIBC_UTF8_H
#define LIBC_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Decodes the character at the start of text, which is not empty, into *code. Returns its bytes, or 0 if they are not a
 * character, as utf8_read does. */
size_t libc_utf8_read(const char *text, uint32_t *code);

#endif
