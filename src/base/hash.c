#include "base/hash.h"

#include "platform.h"

static uint32_t key[2];

void hash_draw_key(void)
{
    for (int i = 0; i < 2; i++)
        key[i] = platform_random(UINT32_MAX);
}

static uint32_t rotate(uint32_t x, int n)
{
    return x << n | x >> (32 - n);
}

static void mix(uint32_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 5) ^ v[0];
    v[0] = rotate(v[0], 16);
    v[2] += v[3];
    v[3] = rotate(v[3], 8) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 7) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 13) ^ v[2];
    v[2] = rotate(v[2], 16);
}

uint32_t hash_words(const uint32_t *words, size_t n)
{
    uint32_t v[4] = {key[0], key[1], 0x6c796765 ^ key[0], 0x74656462 ^ key[1]};

    for (size_t i = 0; i <= n; i++) {
        uint32_t word = i < n ? words[i] : (uint32_t)n << 26; /* the highest byte is the length in bytes */

        v[3] ^= word;
        mix(v);
        v[0] ^= word;
    }
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        mix(v);
    return v[1] ^ v[3];
}
