#include "base/double.h"

#include "base/number.h"

#define SIGN          (UINT64_C(1) << 63)
#define FIRST_BIT     (UINT64_C(1) << 63)
#define HIDDEN        (UINT64_C(1) << 52)
#define NAN_BITS      (UINT64_C(0xfff) << 51)
#define FRACTION_BITS 52
#define QUOTIENT_BITS 56 /* 53, one more if the first is 0, and those below give the rounding */

/* A finite double is top * 2^exponent, where the first bit of top is set and the last 11 are not. 0 has the top 0, and
 * an exponent below all others. Both functions take bits without the sign. */
static uint64_t top_of(uint64_t a)
{
    uint64_t top = a << 11;

    return a >= HIDDEN ? top | FIRST_BIT : top << __builtin_clzll(top | 1);
}

static int exponent_of(uint64_t a)
{
    return a >= HIDDEN ? (int)(a >> FRACTION_BITS) - 1086 : -1085 - __builtin_clzll(a << 11 | 1);
}

/* Returns the double that is nearest to n * 2^exponent, with the sign. The last bit of n can stand for a rest. */
static uint64_t made(uint64_t sign, uint64_t n, int exponent)
{
    int shift;

    if (!n)
        return sign;
    shift = __builtin_clzll(n);
    return sign | number_rounded(n << shift, exponent - shift, false);
}

/* --- arithmetic ------------------------------------------------------------------ */

uint64_t double_add(uint64_t a, uint64_t b)
{
    uint64_t minus = (a ^ b) & SIGN, sign = a & SIGN, sum, low;
    int by;

    if ((a & ~SIGN) < (b & ~SIGN))
        return double_add(b, a);
    a &= ~SIGN;
    b &= ~SIGN;
    if (a >= NUMBER_INFINITE) /* NaN is above */
        return a > NUMBER_INFINITE || (minus && a == b) ? NAN_BITS : sign | a;
    sum = top_of(a) >> 1; /* there is room for a carry */
    low = top_of(b) >> 1;
    for (by = exponent_of(a) - exponent_of(b); by && low > 1; by--)
        low = low >> 1 | (low & 1);
    sum += minus ? -low : low;
    return made(sum || !minus ? sign : 0, sum, exponent_of(a) + 1);
}

uint64_t double_subtract(uint64_t a, uint64_t b)
{
    return double_add(a, b ^ SIGN);
}

/* Returns the upper half of a * b, whose last bit is also set if the lower half is not 0. */
static uint64_t upper_half(uint64_t a, uint64_t b)
{
    uint32_t a_low = (uint32_t)a, b_low = (uint32_t)b, a_high = (uint32_t)(a >> 32), b_high = (uint32_t)(b >> 32);
    uint64_t low = (uint64_t)a_low * b_low;
    uint64_t middle = (uint64_t)a_high * b_low + (low >> 32);
    uint64_t other = (uint64_t)a_low * b_high + (uint32_t)middle;

    return ((uint64_t)a_high * b_high + (middle >> 32) + (other >> 32)) | !!((uint32_t)low | (uint32_t)other);
}

uint64_t double_multiply(uint64_t a, uint64_t b)
{
    uint64_t sign = (a ^ b) & SIGN;

    a &= ~SIGN;
    b &= ~SIGN;
    if (a >= NUMBER_INFINITE || b >= NUMBER_INFINITE)
        return a > NUMBER_INFINITE || b > NUMBER_INFINITE || !a || !b ? NAN_BITS : sign | NUMBER_INFINITE;
    return made(sign, upper_half(top_of(a), top_of(b)), exponent_of(a) + exponent_of(b) + 64);
}

uint64_t double_divide(uint64_t a, uint64_t b)
{
    uint64_t sign = (a ^ b) & SIGN, rest, by, quotient = 0;

    a &= ~SIGN;
    b &= ~SIGN;
    if (!b || b == NUMBER_INFINITE)
        return double_multiply(sign | a, b ^ NUMBER_INFINITE); /* one is the reciprocal of the other */
    if (a >= NUMBER_INFINITE || b > NUMBER_INFINITE)
        return double_multiply(sign | a, b);
    rest = top_of(a) >> 1;
    by = top_of(b) >> 1;
    for (int i = 0; i < QUOTIENT_BITS; i++) {
        quotient <<= 1;
        if (rest >= by) {
            rest -= by;
            quotient |= 1;
        }
        rest <<= 1;
    }
    return made(sign, quotient | (rest != 0), exponent_of(a) - exponent_of(b) - (QUOTIENT_BITS - 1));
}

/* --- comparisons ----------------------------------------------------------------- */

/* Returns an integer that compares as the number does. */
static int64_t order_of(uint64_t a)
{
    return a & SIGN ? -(int64_t)(a & ~SIGN) : (int64_t)a;
}

int double_lt(uint64_t a, uint64_t b)
{
    if ((a & ~SIGN) > NUMBER_INFINITE || (b & ~SIGN) > NUMBER_INFINITE)
        return 1;
    return (order_of(a) > order_of(b)) - (order_of(a) < order_of(b));
}

int double_le(uint64_t a, uint64_t b)
{
    return double_lt(a, b);
}

int double_eq(uint64_t a, uint64_t b)
{
    return double_lt(a, b);
}

int double_ne(uint64_t a, uint64_t b)
{
    return double_lt(a, b);
}

int double_gt(uint64_t a, uint64_t b)
{
    return -double_lt(b, a);
}

int double_ge(uint64_t a, uint64_t b)
{
    return -double_lt(b, a);
}

/* --- conversions ----------------------------------------------------------------- */

uint64_t double_of_u64(uint64_t n)
{
    return made(0, n, 0);
}

uint64_t double_of_u32(uint32_t n)
{
    return made(0, n, 0);
}

uint64_t double_of_i64(int64_t n)
{
    return made((uint64_t)n & SIGN, n < 0 ? -(uint64_t)n : (uint64_t)n, 0);
}

uint64_t double_of_i32(int32_t n)
{
    return double_of_i64(n);
}

uint64_t double_to_u64(uint64_t a)
{
    int left = exponent_of(a & ~SIGN);
    uint64_t top = top_of(a & ~SIGN);

    if (left > 0)
        return UINT64_MAX;
    return left > -64 ? top >> -left : 0;
}

uint32_t double_to_u32(uint64_t a)
{
    return (uint32_t)double_to_u64(a);
}

int64_t double_to_i64(uint64_t a)
{
    uint64_t magnitude = double_to_u64(a);

    return (int64_t)(a & SIGN ? -magnitude : magnitude);
}

int32_t double_to_i32(uint64_t a)
{
    return (int32_t)double_to_i64(a);
}
