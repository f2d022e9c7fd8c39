#include "input/bucket.h"

#include <string.h>

#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52

static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Squares the mantissa m, which is from 1 to below 2: the square is 2 or more if the next bit of m's logarithm is 1.
 * The number before it is taken in its place, because a power of two belongs to the bucket that it ends. 32 bits
 * are exact enough, and cheap on each processor. A bit costs about 1 ns, and most histograms need 3 to 6. */
int32_t bucket_index(double number, int scale)
{
    uint64_t before = bits_of(number) - 1;
    int32_t index = (int32_t)(before >> MANTISSA_BITS) - EXPONENT_BIAS;
    uint32_t m = (uint32_t)(before >> (MANTISSA_BITS - 31)) | UINT32_C(1) << 31;

    if (scale < 0)
        return index >> -scale;
    for (; scale; scale--) {
        uint64_t square = (uint64_t)m * m;
        uint32_t bit = (uint32_t)(square >> 63);

        index = index * 2 + (int32_t)bit;
        m = (uint32_t)(square >> (31 + bit));
    }
    return index;
}

static double power_of_two(int exponent)
{
    uint64_t bits = (uint64_t)(exponent + EXPONENT_BIAS) << MANTISSA_BITS;
    double power;

    memcpy(&power, &bits, sizeof power);
    return power;
}

/* Returns 2^(i * 2^-scale). The whole part is multiplied in two halves, because -1024 alone is no exponent of a double,
 * and the rest is the series of e^x. */
static double bound(int32_t i, int scale)
{
    int32_t whole = scale > 0 ? i >> scale : i * (1 << -scale);
    double x = scale > 0 ? (i - whole * (1 << scale)) * power_of_two(-scale) * 0.693147180559945309 : 0, sum = 1;

    for (int n = 16; n; n--)
        sum = 1 + sum * x / n;
    return sum * power_of_two(whole >> 1) * power_of_two(whole - (whole >> 1));
}

double bucket_middle(int32_t i, int scale)
{
    double b = bound(1, scale);

    return bound(i, scale) * (2 * b / (1 + b));
}
