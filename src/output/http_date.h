/* Numbers and dates in headers. Pure. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* The digits at *text, max of them at most, which moves on behind them; false: there is none. */
bool http_number_read(const char **text, int max, uint64_t *out);

/* "Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110's preferred form (5.6.7), as seconds since 1970; 0: not of it. */
int64_t http_date_read(const char *text);

#endif
