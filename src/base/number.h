/* Finite numbers as decimal text. Pure. Only integers are computed with, because some processors that this runs on have
 * no floating point, and others (i386) round twice. */
#ifndef NUMBER_H
#define NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define NUMBER_TEXT_MAX 25 /* bytes that buf_double appends at most: -0.0000012345678901234567 */

/* Reads all len bytes of text as a decimal number: [+-] digits [. digits] [e [+-] digits], where either side of the
 * point may be empty, and "E" is taken, too. *out is the nearest double, with ties to even; what is too small becomes
 * 0. Returns false, and leaves *out unchanged, if the text has another form (hexadecimal, Inf, NaN, blanks, empty) or
 * if the number is too large for a double. */
bool number_read(const char *text, size_t len, double *out);

/* Appends an integer below 2^53 with all its digits, and another number as the shortest decimal text that number_read
 * reads as the same double: from 1e-6 to below 1e21 without an exponent, else as "1.5e-7" or "1e21". Both zeros are
 * "0". A number that is not finite is written as the largest one that is. */
void buf_double(struct buf *b, double value);

/* Returns the bits of the double that is nearest to digits * 10^tenth, which is below 1e310. */
uint64_t number_nearest(uint64_t digits, int tenth);

#define NUMBER_INFINITE (UINT64_C(0x7ff) << 52) /* the bits of the infinite double */

/* Returns the bits of the double that is nearest to top * 2^exponent, where the first bit of top is set, and more is
 * true if the exact number is larger by less than the last bit of top. NUMBER_INFINITE: it is too large. */
uint64_t number_rounded(uint64_t top, int exponent, bool more);

/* Return the bits of a double (IEEE 754), and the double that has these bits. Bits of positive doubles compare as the
 * doubles do. */
uint64_t number_bits(double value);
double number_of_bits(uint64_t bits);

#endif
