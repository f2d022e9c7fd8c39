/* Parses numbers and dates in HTTP headers. Pure. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* Parses at most max digits at *text and moves *text past them. Returns false if there is no digit. */
bool http_number_read(const char **text, int max, uint64_t *out);

/* Parses "Sun, 06 Nov 1994 08:49:37 GMT", the preferred form of RFC 9110, 5.6.7. Returns seconds since 1970, or 0 for
 * any other form. */
int64_t http_date_read(const char *text);

#endif
