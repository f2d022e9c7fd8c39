/* The log, on stderr, and text for people on stdout. A line of the log has one of these styles:
 *   2026-11-22T10:00:00Z warn output=udp://a:8125 msg="refused"
 *   {"time":"2026-11-22T10:00:00Z","level":"warn","output":"udp://a:8125","msg":"refused"}
 *   <4>warn output=udp://a:8125 msg="refused"
 * The last is for systemd's journal, which takes the priority, and has the time (sd-daemon(3)).
 * All may repeat text that strangers chose; control characters in it are escaped. */
#ifndef LOG_H
#define LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/buf.h"

enum log_level {
    LOG_ERROR,
    LOG_WARN,
    LOG_INFO,
    LOG_DEBUG,
    LOG_ANSWER, /* somebody asked for the line: it is logged as LOG_INFO, whatever level is set */
    LOG_LEVEL_COUNT = LOG_ANSWER
};

extern const char log_level_name[LOG_LEVEL_COUNT + 1][6];

enum log_style { LOG_LOGFMT, LOG_JSON, LOG_SYSTEMD, LOG_STYLE_COUNT };

extern const char log_style_name[LOG_STYLE_COUNT][8];

#define LOG_LINE_MAX 1056 /* bytes; a longer line is cut and ends in "..." */

/* Sets the level above which lines are left out; LOG_INFO until then. Call it before the first thread starts. */
void log_set_level(enum log_level level);

/* Sets the style of lines; LOG_LOGFMT until then. Call it before the first thread starts. */
void log_set_style(enum log_style style);

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

/* Pure. Writes the line with its newline and no NUL; key is a short constant, or NULL, and seconds since 1970 are not
 * negative. Returns its length. The line is valid JSON, in UTF-8, where that is its style, and a byte that is not UTF-8
 * is the text \xff there, too. */
size_t log_format(char out[LOG_LINE_MAX], enum log_style style, int64_t seconds, enum log_level level, const char *key,
                  const char *value, const char *message);

/* Pure. Puts text that strangers may have chosen, on one line: controls and bytes that are not UTF-8 become texts as
 * \x0a. What does not fit is cut after a whole character. */
void log_put_text(struct buf *b, const char *text);

/* Pure. Puts an RFC 3339 time, "2026-11-22T10:00:00Z"; seconds since 1970 are not negative. */
void log_put_time(struct buf *b, int64_t seconds);

#endif
