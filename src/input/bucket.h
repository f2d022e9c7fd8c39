/* Buckets of the same relative width, as in OTLP's exponential histogram: with the base b = 2^(2^-scale), bucket i
 * holds the numbers in (b^i, b^(i+1)]. Scales are from -4 to 20, and the numbers are normal doubles above 0. Pure. */
#ifndef BUCKET_H
#define BUCKET_H

#include <stdint.h>

#define BUCKET_MAX_SCALE 20

/* Returns the bucket of a number. At each scale it is half, rounded down, of that at the next higher scale. A number
 * just above a bound may have the bucket below: at scale 20 in the lowest 0.2 % of a bucket, at lower ones in less. */
int32_t bucket_index(double number, int scale);

/* Returns the harmonic middle of bucket i, from which both bounds have the same relative distance, (b - 1) / (b + 1).
 */
double bucket_middle(int32_t i, int scale);

#endif
