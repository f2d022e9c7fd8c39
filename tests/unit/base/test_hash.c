/* A peer that chooses the hashed bytes must not choose their place in the table. */
#include <string.h>

#include "base/hash.h"
#include "unit/helper.h"

#define BUCKETS 1024
#define KEYS    2000

static uint32_t bucket_of(uint32_t x)
{
    const uint32_t words[6] = {x >> 16, x & 0xffff, x * 3, 0, 0, 7};

    return hash_words(words, 6) % BUCKETS;
}

static unsigned fullest(const uint32_t *x, unsigned n)
{
    static unsigned count[BUCKETS];
    unsigned most = 0;

    memset(count, 0, sizeof count);
    for (unsigned i = 0; i < n; i++) {
        unsigned *here = &count[bucket_of(x[i])];

        if (++*here > most)
            most = *here;
    }
    return most;
}

/* With the key 0 all keys fall into one place; then a key is drawn. */
static void what_falls_into_one_place_is_spread_by_another_key(void **state)
{
    static uint32_t chosen[KEYS];
    unsigned n = 0;

    (void)state;
    for (uint32_t x = 1; n < KEYS; x++)
        if (bucket_of(x) == 0)
            chosen[n++] = x;
    assert_int_equal(fullest(chosen, KEYS), KEYS);
    hash_draw_key();
    assert_true(fullest(chosen, KEYS) < 20);
}

static void neighbours_are_spread(void **state)
{
    static uint32_t x[BUCKETS];

    (void)state;
    for (uint32_t i = 0; i < BUCKETS; i++)
        x[i] = i;
    assert_true(fullest(x, BUCKETS) < 12);
}

static void length_and_each_bit_matter(void **state)
{
    uint32_t words[4] = {1, 2, 3, 0}, before = hash_words(words, 3);

    (void)state;
    assert_true(hash_words(words, 4) != before && hash_words(words, 2) != before);
    for (unsigned bit = 0; bit < 96; bit++) {
        words[bit / 32] ^= UINT32_C(1) << bit % 32;
        assert_true(hash_words(words, 3) != before);
        words[bit / 32] ^= UINT32_C(1) << bit % 32;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_spread),
        cmocka_unit_test(length_and_each_bit_matter),
        cmocka_unit_test(what_falls_into_one_place_is_spread_by_another_key),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
