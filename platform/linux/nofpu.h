/* The names by which GCC calls arithmetic of doubles where it has no instructions for that: "Routines for floating
 * point emulation" in GCC's internals manual. base/double.c is compiled with this header, where libgcc's routines use
 * an FPU (build.mk). There a double is passed as a 64-bit integer is. */
#ifndef NOFPU_H
#define NOFPU_H

#define double_add      __adddf3
#define double_subtract __subdf3
#define double_multiply __muldf3
#define double_divide   __divdf3
#define double_lt       __ltdf2
#define double_le       __ledf2
#define double_eq       __eqdf2
#define double_ne       __nedf2
#define double_gt       __gtdf2
#define double_ge       __gedf2
#define double_of_i32   __floatsidf
#define double_of_u32   __floatunsidf
#define double_of_i64   __floatdidf
#define double_of_u64   __floatundidf
#define double_to_i32   __fixdfsi
#define double_to_u32   __fixunsdfsi
#define double_to_i64   __fixdfdi
#define double_to_u64   __fixunsdfdi

#endif
