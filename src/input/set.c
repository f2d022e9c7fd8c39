#include "input/set.h"

#include <string.h>

#define REGISTER_BITS 11
#define MAX_RANK      52

/* The highest bits of a hash are the register's number, and those after them give the rank. */
static void raise(struct set *s, uint64_t hash)
{
    uint8_t *rank = &s->rank[hash >> (64 - REGISTER_BITS)];
    uint64_t rest = hash << REGISTER_BITS | UINT64_C(1) << (64 - MAX_RANK);
    uint8_t now = (uint8_t)(__builtin_clzll(rest) + 1);

    if (now > *rank)
        *rank = now;
}

static void start_to_estimate(struct set *s)
{
    uint64_t hash[SET_EXACT];

    memcpy(hash, s->hash, sizeof hash);
    memset(s->rank, 0, sizeof s->rank);
    for (int i = 0; i < SET_EXACT; i++)
        raise(s, hash[i]);
    s->members = SET_EXACT + 1;
}

void set_add(struct set *s, uint64_t hash)
{
    hash += !hash; /* the hash 0 is taken as 1 */
    if (s->members <= SET_EXACT) {
        for (unsigned i = 0; i < SET_EXACT; i++) {
            uint64_t *place = &s->hash[(hash + i) % SET_EXACT];

            if (*place == hash)
                return;
            if (!*place) {
                *place = hash;
                s->members++;
                return;
            }
        }
        start_to_estimate(s);
    }
    raise(s, hash);
}

/* Returns the weight of registers that are 0, in units of one register. The series is from Ertl, New cardinality
 * estimation algorithms for HyperLogLog sketches, 2017 (arXiv 1702.01284), where it is called sigma. With it the
 * estimate also holds where many registers are 0, as linear counting does, and there is no step between two estimates.
 */
static double weight_of_zeros(unsigned zeros)
{
    double x = (double)zeros / SET_REGISTERS, sum = x, before;
    double y = 1;

    do {
        before = sum;
        x *= x;
        sum += x * y;
        y += y;
    } while (sum > before);
    return sum * SET_REGISTERS;
}

uint64_t set_count(const struct set *s)
{
    const double one = (double)(UINT64_C(1) << MAX_RANK), twice_ln2 = 1.386294361119890619;
    uint64_t sum = 0, estimate;
    unsigned zeros = 0;

    if (s->members <= SET_EXACT)
        return s->members;
    for (int i = 0; i < SET_REGISTERS; i++) {
        if (s->rank[i])
            sum += UINT64_C(1) << (MAX_RANK - s->rank[i]);
        else
            zeros++;
    }
    estimate = (uint64_t)((double)SET_REGISTERS * SET_REGISTERS / twice_ln2 /
                          (weight_of_zeros(zeros) + (double)sum / one));
    return estimate > SET_EXACT ? estimate : SET_EXACT + 1;
}
