/* Hashes for tables whose keys strangers choose: ports, addresses, names. Each process draws a random key, so nobody
 * can choose keys that collide. Both are variants of SipHash (Aumasson and Bernstein, SipHash: a fast short-input PRF,
 * 2012). */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/* Draws the key by platform_random, before the first table is filled. Until then the key is 0. */
void hash_draw_key(void);

/* Returns HalfSipHash-1-3 of n words under the key: 32 bits, enough for a place in a table. */
uint32_t hash_words(const uint32_t *words, size_t n);

/* Returns SipHash-1-3 of len bytes under the caller's key: 64 bits, which may stand for the bytes themselves. Among
 * 2^16 hashes the chance that any two are the same is 2^-33. */
uint64_t hash_bytes(const void *bytes, size_t len, const uint64_t key[2]);

#endif
