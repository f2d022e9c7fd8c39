#include "base/sort.h"

static void swap(char *a, char *b, size_t size)
{
    while (size--) {
        char kept = *a;

        *a++ = *b;
        *b++ = kept;
    }
}

/* Moves the element at root down until neither child is greater. */
static void sift_down(char *base, size_t root, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    for (;;) {
        size_t child = 2 * root + 1;

        if (child >= n)
            return;
        if (child + 1 < n && compare(base + child * size, base + (child + 1) * size) < 0)
            child++;
        if (compare(base + root * size, base + child * size) >= 0)
            return;
        swap(base + root * size, base + child * size, size);
        root = child;
    }
}

void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
    char *base = array;

    for (size_t root = n / 2; root-- > 0;)
        sift_down(base, root, n, size, compare);
    while (n > 1) {
        n--;
        swap(base, base + n * size, size);
        sift_down(base, 0, n, size, compare);
    }
}
