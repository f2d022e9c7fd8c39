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

/* The paper has a vector of SipHash-2-4 alone. These are of OpenSSL 3: openssl mac -macopt c-rounds:1 -macopt
 * d-rounds:3 -macopt size:8 -macopt hexkey:000102030405060708090a0b0c0d0e0f SIPHASH. The last is CPython 3.11's hash of
 * that text with PYTHONHASHSEED=0. */
static void bytes_have_the_hashes_of_other_programs(void **state)
{
    static const struct {
        size_t len;
        uint64_t hash;
    } vectors[] = {{0, 0xabac0158050fc4dc},  {1, 0xc9f49bf37d57ca93},  {7, 0xd3927d989bb11140}, {8, 0x369095118d299a8e},
                   {15, 0xd320d86d2a519956}, {16, 0xcc4fdd1a7d908b66}, {63, 0x9d199062b7bbb3a8}};
    const uint64_t key[2] = {0x0706050403020100, 0x0f0e0d0c0b0a0908}, none[2] = {0, 0};
    uint8_t bytes[63];

    (void)state;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (unsigned i = 0; i < COUNT_OF(vectors); i++)
        assert_true(hash_bytes(flush_copy(bytes, vectors[i].len), vectors[i].len, key) == vectors[i].hash);
    assert_true(hash_bytes("users.unique", 12, none) == 0xffee43c8c15170ad);
}

static void each_bit_of_bytes_and_key_matters(void **state)
{
    uint8_t bytes[19] = {0};
    uint64_t key[2] = {1, 2}, before = hash_bytes(bytes, sizeof bytes, key);

    (void)state;
    for (unsigned bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_true(hash_bytes(bytes, sizeof bytes, key) != before);
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (unsigned bit = 0; bit < 128; bit++) {
        key[bit / 64] ^= UINT64_C(1) << bit % 64;
        assert_true(hash_bytes(bytes, sizeof bytes, key) != before);
        key[bit / 64] ^= UINT64_C(1) << bit % 64;
    }
    for (size_t len = 0; len < sizeof bytes; len++)
        assert_true(hash_bytes(bytes, len, key) != before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(neighbours_are_spread),
        cmocka_unit_test(length_and_each_bit_matter),
        cmocka_unit_test(what_falls_into_one_place_is_spread_by_another_key),
        cmocka_unit_test(bytes_have_the_hashes_of_other_programs),
        cmocka_unit_test(each_bit_of_bytes_and_key_matters),
    };

    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
