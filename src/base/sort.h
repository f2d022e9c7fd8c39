/* Sorting, for lists that are sorted seldom. */
#ifndef SORT_H
#define SORT_H

#include <stddef.h>

/* As qsort: n elements of size bytes; heap sort, so O(n log n) always, no memory taken,
 * equal elements in any order. A tenth of the C library's code. */
void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
