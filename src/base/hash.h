/* A hash for tables whose keys strangers choose: ports, addresses, names. It has a key of its own in each process, so
 * nobody can choose what falls into one place. */
#ifndef HASH_H
#define HASH_H

#include <stddef.h>
#include <stdint.h>

/* Draws the key from the system's random numbers, before the first table is filled; early at boot, where there are none
 * yet, it is made of the clock (platform_random). Without it the key is 0, as tests have it. */
void hash_draw_key(void);

/* HalfSipHash-1-3 (Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012; its 32-bit variant). */
uint32_t hash_words(const uint32_t *words, size_t n);

#endif
