/* Arithmetic of doubles by integers alone, for processors without floating point. Numbers are the bits of IEEE 754's
 * binary64, and results are those of an FPU, rounded to nearest with ties to even: subnormal numbers, both zeros,
 * infinite ones and NaN included. Only the bits of a NaN differ, and there are no exceptions. Pure.
 *
 * The program computes with the type double. Where the compiler has no instructions for that, it calls functions, which
 * are libgcc's unless these have their names (platform/linux/build.mk). Elsewhere the linker drops these. */
#ifndef DOUBLE_H
#define DOUBLE_H

#include <stdint.h>

uint64_t double_add(uint64_t a, uint64_t b);
uint64_t double_subtract(uint64_t a, uint64_t b);
uint64_t double_multiply(uint64_t a, uint64_t b);
uint64_t double_divide(uint64_t a, uint64_t b);

/* Compare a and b. The result is below 0, 0 or above 0 if a < b, a == b or a > b. If one is NaN it is 1 in the first
 * four and -1 in the others, so that no comparison holds except !=. */
int double_lt(uint64_t a, uint64_t b);
int double_le(uint64_t a, uint64_t b);
int double_eq(uint64_t a, uint64_t b);
int double_ne(uint64_t a, uint64_t b);
int double_gt(uint64_t a, uint64_t b);
int double_ge(uint64_t a, uint64_t b);

uint64_t double_of_i32(int32_t n);
uint64_t double_of_u32(uint32_t n);
uint64_t double_of_i64(int64_t n);
uint64_t double_of_u64(uint64_t n);

/* Convert a to an integer, without its fraction. A number that the type cannot have gives any integer. */
int32_t double_to_i32(uint64_t a);
uint32_t double_to_u32(uint64_t a);
int64_t double_to_i64(uint64_t a);
uint64_t double_to_u64(uint64_t a);

#endif
