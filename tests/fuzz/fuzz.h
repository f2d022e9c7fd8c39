/* Helpers that the fuzzers share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Aborts unless the condition holds. */
#define MUST(condition)                                                                \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                                   \
        }                                                                              \
    } while (0)

/* Returns the smaller number. */
size_t least(size_t a, size_t b);

/* Checks that a text ends within cap bytes, and that all of it is printable ASCII. */
void must_be_printable(const char *text, size_t cap);

/* Returns a diag that prints nothing and counts in *warnings the messages that are not errors. */
struct diag quiet_diag(unsigned *warnings);

/* Returns the input as a NUL-terminated text, which the caller frees. */
char *text_of(const uint8_t *data, size_t size);

/* Returns both pieces in a block that has no more bytes, so that the sanitizer watches its end. The caller frees it. */
void *joined(const void *first, size_t first_size, const void *second, size_t second_size);

/* Returns such a block of one piece. */
void *copy_of(const void *data, size_t size);

/* Calls take with each line, without its newline and in such a block. No empty line follows the last newline. */
void each_line(const uint8_t *data, size_t size, void (*take)(void *ctx, const char *line, size_t len), void *ctx);

/* Returns a file in memory with the text head and the data, at whose end it is. The caller closes it. */
int file_of(const char *head, const uint8_t *data, size_t size);

#endif
