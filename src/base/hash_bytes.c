#include "base/hash.h"

#include <string.h>

static uint64_t rotate(uint64_t x, int n)
{
    return x << n | x >> (64 - n);
}

static void mix(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

/* Returns 8 bytes as a little-endian number. */
static uint64_t whole_word(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(word) : word;
}

/* Returns the len % 8 last bytes as a little-endian number whose highest byte is the length. */
static uint64_t last_word(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    size_t left = len % 8;

    while (left--)
        word = word << 8 | bytes[left];
    return word | (uint64_t)len << 56;
}

uint64_t hash_bytes(const void *bytes, size_t len, const uint64_t key[2])
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                     key[1] ^ 0x7465646279746573};
    const uint8_t *at = bytes;
    size_t whole = len / 8;

    /* One loop also has the three rounds at the end: mix() is then in one place, with v in registers, twice as fast. */
    for (size_t i = 0; i <= whole + 3; i++) {
        uint64_t word = i < whole ? whole_word(at + 8 * i) : i == whole ? last_word(at + 8 * i, len) : 0;

        v[3] ^= word;
        mix(v);
        v[0] ^= word;
        if (i == whole)
            v[2] ^= 0xff;
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
