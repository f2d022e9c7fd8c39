#include "base/diag.h"

#include "base/format.h"

static void report(struct diag *d, enum log_level level, const char *variable, const char *format, va_list args)
{
    char message[512];
    struct buf b = {.data = message, .cap = sizeof message - 1};

    buf_format_args(&b, format, args);
    message[b.len] = '\0';
    d->report(d->ctx, level, variable, message);
}

void diag_error(struct diag *d, const char *variable, const char *format, ...)
{
    va_list args;

    d->errors += !d->foreign;
    va_start(args, format);
    report(d, d->foreign ? LOG_WARN : LOG_ERROR, variable, format, args);
    va_end(args);
}

void diag_warn(struct diag *d, const char *variable, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    report(d, LOG_WARN, variable, format, args);
    va_end(args);
}
