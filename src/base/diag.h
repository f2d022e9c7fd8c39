/* Errors and warnings about the configuration; the caller decides how to show them. */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

#include "base/log.h"

/* Shows one message. variable is the environment variable at fault, or NULL; message names
 * the value and what is accepted. */
typedef void diag_fn(void *ctx, enum log_level level, const char *variable, const char *message);

struct diag {
    diag_fn *report;
    void *ctx;
    unsigned errors; /* reported so far, without warnings */
    bool foreign;    /* the variable is another program's: its errors are warnings */
};

/* Each reports a message, cut after 511 bytes. */
void diag_error(struct diag *d, const char *variable, const char *format, ...)
    __attribute__((format(__printf__, 3, 4)));
void diag_warn(struct diag *d, const char *variable, const char *format, ...) __attribute__((format(__printf__, 3, 4)));

#endif
