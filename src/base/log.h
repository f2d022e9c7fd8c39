/* One line of logfmt on stderr:
 *   2026-11-22T10:00:00Z warn output=udp://a:8125 msg="refused" */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVEL_COUNT };

extern const char log_level_name[LOG_LEVEL_COUNT][6];

#define LOG_LINE_MAX 1024 /* a longer line is cut, with "..." */

/* Lines above this level are left out. Set before the first thread starts. */
void log_set_level(enum log_level level);

/* key and value (both or neither NULL) say what the line is about. Safe from any
 * thread; one write() a line, which never waits: what nobody reads is dropped and counted. Controls in value and
 * message are escaped. */
void log_event(enum log_level level, const char *key, const char *value, const char *format, ...)
    __attribute__((format(__printf__, 4, 5)));

/* To stdout, whole, for --help and --check. Controls in it, which others may have put there, are escaped, but for ends
 * of lines. */
void print(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* The same as one line: what ends a line is escaped, too. */
void print_line(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* Returns true if stdout took all of it. */
bool print_is_whole(void);

/* Pure: the line without its time, newline included, into out; its length. */
size_t log_format(char out[LOG_LINE_MAX], enum log_level level, const char *key, const char *value,
                  const char *message);

/* Pure: "2026-11-22T10:00:00Z"; seconds since 1970, not negative. */
void log_put_time(struct buf *b, int64_t seconds);

#endif
