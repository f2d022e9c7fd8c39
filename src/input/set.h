/* Counts different members, each by its 64-bit hash (hash_bytes): exactly up to 256, then as an estimate whose standard
 * error is 2.3 %. The same 2 KiB hold the hashes, and later the registers of a HyperLogLog (Flajolet and others, 2007).
 * A set of zero bytes is empty. Pure. */
#ifndef SET_H
#define SET_H

#include <stdint.h>

#define SET_EXACT     256
#define SET_REGISTERS 2048

struct set {
    union {
        uint64_t hash[SET_EXACT]; /* a hash table by the lowest bits; 0: a free place */
        uint8_t
            rank[SET_REGISTERS]; /* of the hashes with a register's number: the most zeros before the first 1, plus 1 */
    };
    uint32_t members; /* above SET_EXACT: there are registers, and members are not counted */
};

/* Adds a member, once. */
void set_add(struct set *s, uint64_t hash);

/* Returns how many members there are. */
uint64_t set_count(const struct set *s);

#endif
