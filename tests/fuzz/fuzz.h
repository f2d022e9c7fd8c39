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

/* Returns a diag that prints nothing and counts in *warnings the messages that are not errors. */
struct diag quiet_diag(unsigned *warnings);

/* Returns the input as a NUL-terminated text, which the caller frees. */
char *text_of(const uint8_t *data, size_t size);

#endif
