#include "base/number.h"

#include <string.h>

#include "base/big.h"

#define DIGITS_MAX  770 /* no point halfway between two doubles has more than 767 significant digits */
#define FIVES       13  /* 5^14 has more than 32 bits */
#define BILLION     UINT32_C(1000000000)
#define TENS_DIGITS 19 /* all numbers of so many digits are below 2^64 */

static const uint32_t five_to[FIVES + 1] = {
    1, 5, 25, 125, 625, 3125, 15625, 78125, 390625, 1953125, 9765625, 48828125, 244140625, 1220703125,
};

uint64_t number_bits(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

double number_of_bits(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Multiplies b by 5^n. */
static void grow_by_fives(struct big *b, int n)
{
    for (; n > FIVES; n -= FIVES)
        big_grow(b, five_to[FIVES], 0);
    if (n > 0)
        big_grow(b, five_to[n], 0);
}

/* Divides b by 5^n. Returns whether that left a remainder. */
static bool divide_by_fives(struct big *b, int n)
{
    bool rest = false;

    for (; n > FIVES; n -= FIVES)
        rest |= big_divide(b, five_to[FIVES]) != 0;
    return big_divide(b, five_to[n]) != 0 || rest;
}

uint64_t number_rounded(uint64_t top, int exponent, bool more)
{
    int unit = exponent + 11; /* the weight of the last bit that a double keeps */
    int drop = 11;
    uint64_t kept, half;

    if (unit > 1023 - 52)
        return NUMBER_INFINITE;
    if (unit < -1074) { /* a subnormal double */
        drop += -1074 - unit;
        unit = -1074;
    }
    if (drop > 64)
        return 0;
    half = UINT64_C(1) << (drop - 1);
    kept = drop < 64 ? top >> drop : 0;
    top &= half | (half - 1);
    if (top > half || (top == half && (more || kept & 1)))
        kept++;
    /* The hidden bit adds 1 to the exponent, as does a carry. */
    return ((uint64_t)(unit + 1074) << 52) + kept;
}

/* Returns the bits of b * 10^tenth. b is not 0, and is changed; more is true if the exact number is larger by less than
 * 1 in b. */
static uint64_t scaled(struct big *b, int tenth, bool more)
{
    int exponent = tenth, left, by;
    uint64_t top;

    grow_by_fives(b, tenth);
    if (tenth < 0) {
        /* The quotient gets at least 65 bits: 5^n is below 2^(n * 2378 / 1024 + 1). */
        by = (65 + 1 - tenth * 2378 / 1024 + 31) / 32 + 1 - b->n;
        if (by > 0) {
            big_shift(b, by);
            exponent -= 32 * by;
        }
        more |= divide_by_fives(b, -tenth);
    }
    while (b->n < 3) {
        big_shift(b, 1);
        exponent -= 32;
    }
    left = __builtin_clz(b->limb[b->n - 1]);
    top = (uint64_t)b->limb[b->n - 1] << 32 | b->limb[b->n - 2];
    if (left)
        top = top << left | b->limb[b->n - 3] >> (32 - left);
    more |= (uint32_t)(b->limb[b->n - 3] << left) != 0;
    for (int i = 0; i < b->n - 3 && !more; i++)
        more = b->limb[i] != 0;
    return number_rounded(top, exponent + 32 * (b->n - 2) - left, more);
}

/* Returns the bits of digits / 10^n, for digits > 0 and n from 1 to FIVES. It is the same long division as that of
 * scaled, without limbs: nearly all fractions that arrive are so short. */
static uint64_t divided(uint64_t digits, int n)
{
    int left = __builtin_clzll(digits), more_left;
    uint64_t whole = (digits << left) / five_to[n], rest = (digits << left) % five_to[n] << 32, low;

    low = rest / five_to[n];
    more_left = __builtin_clzll(whole); /* 2 to 31 */
    return number_rounded(whole << more_left | low >> (32 - more_left), -n - left - more_left,
                          (uint32_t)(low << more_left) || rest % five_to[n]);
}

uint64_t number_nearest(uint64_t digits, int tenth)
{
    struct big b;

    if (!digits)
        return 0;
    if (!tenth) {
        int left = __builtin_clzll(digits);

        return number_rounded(digits << left, -left, false);
    }
    if (tenth < 0 && tenth >= -FIVES)
        return divided(digits, -tenth);
    big_set(&b, digits, 0);
    return scaled(&b, tenth, false);
}

/* A decimal number as it is written: value * 10^tenth. */
struct decimal {
    uint64_t value;    /* of the first TENS_DIGITS digits */
    int64_t digits;    /* number of all digits from the first that is not 0 */
    int64_t tenth;     /* of the last digit */
    const char *first; /* where the first digit that is not 0 stands */
    bool negative;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits into d. Returns the end of them. */
static const char *read_digits(const char *at, const char *end, struct decimal *d)
{
    for (; at != end && is_digit(*at); at++) {
        if (!d->digits && *at == '0')
            continue;
        if (!d->digits++)
            d->first = at;
        if (d->digits <= TENS_DIGITS)
            d->value = d->value * 10 + (uint64_t)(*at - '0');
    }
    return at;
}

/* Reads the exponent at at, after its "e". */
static bool read_exponent(const char *at, const char *end, int64_t *out)
{
    bool negative = at != end && *at == '-';
    int64_t value = 0;

    if (at != end && (*at == '-' || *at == '+'))
        at++;
    if (at == end)
        return false;
    for (; at != end && is_digit(*at); at++)
        if (value < INT32_MAX)
            value = value * 10 + (*at - '0');
    *out = negative ? -value : value;
    return at == end;
}

static bool read_decimal(const char *at, const char *end, struct decimal *d)
{
    const char *start, *point;
    size_t n;

    d->value = 0;
    d->digits = d->tenth = 0;
    d->negative = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+'))
        at++;
    start = at;
    at = read_digits(at, end, d);
    n = (size_t)(at - start);
    if (at != end && *at == '.') {
        point = ++at;
        at = read_digits(at, end, d);
        n += (size_t)(at - point);
        d->tenth = point - at;
    }
    if (!n)
        return false;
    if (at != end && (*at == 'e' || *at == 'E')) {
        int64_t exponent;

        if (!read_exponent(at + 1, end, &exponent))
            return false;
        d->tenth += exponent;
        at = end;
    }
    return at == end;
}

/* Returns the bits of a number of more than TENS_DIGITS digits. */
static uint64_t nearest_of_many(const struct decimal *d)
{
    int n = d->digits < DIGITS_MAX ? (int)d->digits : DIGITS_MAX;
    const char *at = d->first;
    uint32_t group = 0, factor = 1; /* digits that are not in b yet */
    bool more = false;
    struct big b;

    b.n = 0;
    for (int i = 0; i < n; at++) {
        if (*at == '.')
            continue;
        i++;
        group = group * 10 + (uint32_t)(*at - '0');
        factor *= 10;
        if (factor == BILLION || i == n) {
            big_grow(&b, factor, group);
            group = 0;
            factor = 1;
        }
    }
    for (int64_t i = n; i < d->digits && !more; at++)
        if (*at != '.') {
            more = *at != '0';
            i++;
        }
    return scaled(&b, (int)(d->tenth + d->digits - n), more);
}

bool number_read(const char *text, size_t len, double *out)
{
    struct decimal d;
    uint64_t bits;

    if (!read_decimal(text, text + len, &d))
        return false;
    if (!d.digits || d.tenth + d.digits < -324) /* below 1e-324 is nearer to 0 than to the least double */
        bits = 0;
    else if (d.tenth + d.digits > 310)
        return false;
    else
        bits = d.digits <= TENS_DIGITS ? number_nearest(d.value, (int)d.tenth) : nearest_of_many(&d);
    if (bits >= NUMBER_INFINITE)
        return false;
    *out = number_of_bits(bits | (uint64_t)d.negative << 63);
    return true;
}
