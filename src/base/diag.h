/* What the reading of the configuration has to say, without saying how. */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

#include "base/log.h"

/* variable: the environment variable it is about, or NULL; message names the value
 * and what is accepted. */
typedef void diag_fn(void *ctx, enum log_level level, const char *variable, const char *message);

struct diag {
    diag_fn *report;
    void *ctx;
    unsigned errors; /* counted here */
    bool foreign;    /* the variable is another program's: its errors are warnings */
};

void diag_error(struct diag *d, const char *variable, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
void diag_warn(struct diag *d, const char *variable, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

#endif
