/* The log, logfmt on stderr, and text for people on stdout:
 *   2026-11-22T10:00:00Z warn output=udp://a:8125 msg="refused"
 * Both may repeat text that strangers chose; control characters in it are escaped. */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

extern const char log_level_name[LOG_LEVEL_COUNT][6];

#define LOG_LINE_MAX 1024 /* bytes without the time; a longer line is cut and ends in "..." */

/* Sets the level above which lines are left out; LOG_INFO until then. Called before the first thread starts. */
void log_set_level(enum log_level level);

/* Logs one line with key=value, or without if both are NULL. Safe from any thread. Never waits: a line that nobody
 * reads is dropped and counted. */
void log_event(enum log_level level, const char *key, const char *value, const char *format, ...)
    __attribute__((format(__printf__, 4, 5)));

/* Prints a text of any length on stdout, for --help and --check; its newlines are kept. */
void print(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* Prints one line on stdout; newlines in it are escaped, too. */
void print_line(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* Returns true if nothing that was printed failed to be written. */
bool print_is_whole(void);

/* Pure. Writes the line without its time, with its newline and no NUL. Returns its length. */
size_t log_format(char out[LOG_LINE_MAX], enum log_level level, const char *key, const char *value,
                  const char *message);

/* Pure. Puts an RFC 3339 time, "2026-11-22T10:00:00Z"; seconds since 1970 are not negative. */
void log_put_time(struct buf *b, int64_t seconds);

#endif
