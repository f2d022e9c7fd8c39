/* A hash for tables whose keys strangers choose: ports, addresses, names. Each process draws a random key, so nobody
 * can choose keys that collide. */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/* Draws the key by platform_random, before the first table is filled. Until then the key is 0. */
void hash_draw_key(void);

/* Returns HalfSipHash-1-3 of n words under the key: the 32-bit variant of SipHash (Aumasson and Bernstein, SipHash: a
 * fast short-input PRF, 2012). */
uint32_t hash_words(const uint32_t *words, size_t n);

#endif
