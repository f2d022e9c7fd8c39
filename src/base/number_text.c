#include "base/big.h"
#include "base/number.h"

#define HIDDEN  (UINT64_C(1) << 52) /* the first bit of a normal double, which is not stored */
#define LARGEST UINT64_C(0x7fefffffffffffff)
#define SIGN    (UINT64_C(1) << 63)
#define BILLION UINT32_C(1000000000)
#define DIGITS  19 /* all numbers of so many digits are below 2^64 */

/* A decimal number: value * 10^tenth, and a little more where more is true. */
struct decimal {
    uint64_t value;
    int tenth;
    bool more;
};

static uint64_t ten_to(int n)
{
    uint64_t power = 1;

    while (n--)
        power *= 10;
    return power;
}

static int count_digits(uint64_t value)
{
    int n = 1;

    while (value /= 10)
        n++;
    return n;
}

/* Returns the first DIGITS digits of three groups of nine, the last of which has the unit 10^tenth. The first is not 0.
 *
 *   000000012 345678901 234567890     12 34567890123456789 is kept, 0 is cut
 */
static struct decimal of_groups(const uint32_t group[3], int tenth, bool more)
{
    int first = count_digits(group[0]);
    uint64_t rest = (uint64_t)group[1] * BILLION + group[2], cut = ten_to(first - 1);

    return (struct decimal){group[0] * ten_to(DIGITS - first) + rest / cut, tenth + first - 1, more || rest % cut != 0};
}

/* Returns the first digits of fraction * 2^exponent, at least 2^53. A double has at most 1024 bits before the point. */
static struct decimal above_point(uint64_t fraction, int exponent)
{
    uint32_t group[3] = {0};
    struct big b;
    int tenth = -27;
    bool more = false;

    for (big_set(&b, fraction, exponent); b.n; tenth += 9) {
        more |= group[2] != 0;
        group[2] = group[1];
        group[1] = group[0];
        group[0] = big_divide(&b, BILLION);
    }
    return of_groups(group, tenth, more);
}

/* Returns the first digits of fraction * 2^exponent with a negative exponent. What is after the point is kept in whole
 * limbs, at most 34 of them, so each multiplication moves nine digits before it. */
static struct decimal around_point(uint64_t fraction, int exponent)
{
    uint64_t whole = exponent > -64 ? fraction >> -exponent : 0;
    uint64_t after = exponent > -64 ? fraction & ((UINT64_C(1) << -exponent) - 1) : fraction;
    uint32_t group[3] = {(uint32_t)(whole / BILLION), (uint32_t)(whole % BILLION), 0};
    int limbs = (31 - exponent) / 32, have = group[0] ? 2 : group[1] ? 1 : 0, tenth = 0;
    bool more = false;
    struct big b;

    if (!group[0])
        group[0] = group[1];
    big_set(&b, after, 32 * limbs + exponent);
    while (b.n < limbs)
        b.limb[b.n++] = 0;
    for (; have < 3; tenth -= 9) {
        group[have] = big_multiply(&b, BILLION, 0);
        if (have || group[have])
            have++;
    }
    for (int i = 0; i < b.n && !more; i++)
        more = b.limb[i] != 0;
    return of_groups(group, tenth, more);
}

/* Returns d, which has DIGITS digits, rounded to n of them. *cut is set if the result is below d. */
static struct decimal rounded(const struct decimal *d, int n, bool *cut)
{
    uint64_t unit = ten_to(DIGITS - n), rest = d->value % unit, twice = 2 * rest;
    struct decimal out = {d->value / unit, d->tenth + DIGITS - n, false};
    bool up = twice > unit || (twice == unit && (d->more || out.value & 1));

    *cut = !up;
    out.value += up;
    return out;
}

/* Returns the shortest decimal that is nearer to the double than to any other.
 *
 * A normal double that has such a decimal of at most 15 digits has only one, the exact number rounded to 15, and 17
 * always suffice. Subnormal doubles have fewer bits. The doubles above a power of 2 are twice as far apart as those
 * below it, so there the decimal above the exact number may be right where the one below, though nearer, is not. */
static struct decimal shortest(uint64_t bits, const struct decimal *exact)
{
    struct decimal d;
    bool cut;

    for (int n = bits < HIDDEN ? 1 : 15;; n++) {
        d = rounded(exact, n, &cut);
        if (number_nearest(d.value, d.tenth) == bits || n == 17)
            return d;
        d.value++;
        if (cut && !(bits & (HIDDEN - 1)) && number_nearest(d.value, d.tenth) == bits)
            return d;
    }
}

static void put_zeros(struct buf *b, int n)
{
    while (n-- > 0)
        buf_char(b, '0');
}

/* Writes value * 10^tenth as JavaScript does, without "+". */
static void put_decimal(struct buf *out, uint64_t value, int tenth)
{
    char text[20];
    struct buf digits = {.data = text, .cap = sizeof text};
    size_t before;
    int point;

    buf_u64(&digits, value);
    point = (int)digits.len + tenth;
    before = point > 21 || point < -5 ? 1 : point > 0 ? (size_t)point : 0;
    if (!before) {
        buf_text(out, "0.");
        put_zeros(out, -point);
    }
    if (before >= digits.len) {
        buf_put(out, text, digits.len);
        put_zeros(out, (int)(before - digits.len));
    } else {
        buf_put(out, text, before);
        if (before)
            buf_char(out, '.');
        buf_put(out, text + before, digits.len - before);
    }
    if (point > 21 || point < -5) {
        buf_text(out, point < 0 ? "e-" : "e");
        buf_u64(out, (uint64_t)(point < 0 ? 1 - point : point - 1));
    }
}

/* Returns a double's decimal text as a number. bits are those of a positive finite double. */
static struct decimal decimal_of(uint64_t bits)
{
    uint64_t fraction = bits & (HIDDEN - 1);
    int exponent = (int)(bits >> 52) - 1023 - 52;
    struct decimal d;

    if (bits < HIDDEN)
        exponent++;
    else
        fraction |= HIDDEN;
    if (exponent <= 0 && exponent > -53 && !(fraction & ((UINT64_C(1) << -exponent) - 1)))
        return (struct decimal){.value = fraction >> -exponent};
    d = exponent < 0 ? around_point(fraction, exponent) : above_point(fraction, exponent);
    d = shortest(bits, &d);
    for (; d.value % 10 == 0; d.tenth++)
        d.value /= 10;
    return d;
}

void buf_double(struct buf *b, double value)
{
    uint64_t all = number_bits(value), bits = all & ~SIGN;
    char text[NUMBER_TEXT_MAX];
    struct buf out = {.data = text, .cap = sizeof text};
    struct decimal d = {0};

    if (bits > LARGEST)
        bits = LARGEST;
    if (bits) {
        d = decimal_of(bits);
        if (all & SIGN)
            buf_char(&out, '-');
    }
    put_decimal(&out, d.value, d.tenth);
    buf_put(b, text, out.len);
}
