#include "base/log.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/format.h"
#include "base/utf8.h"
#include "platform.h"

const char log_level_name[LOG_LEVEL_COUNT + 1][6] = {"error", "warn", "info", "debug", "info"};

const char log_style_name[LOG_STYLE_COUNT][8] = {"logfmt", "json", "systemd"};

static enum log_level max_level = LOG_INFO;
static enum log_style used_style;

void log_set_level(enum log_level level)
{
    max_level = level;
}

void log_set_style(enum log_style style)
{
    used_style = style;
}

/* Returns true if logfmt needs quotes around the value. */
static bool needs_quotes(const char *text)
{
    if (!*text)
        return true;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == 0x7f)
            return true;
    return false;
}

static void put_hex(struct buf *b, const char *bytes, size_t len, bool json)
{
    static const char hex[] = "0123456789abcdef";

    for (; len; bytes++, len--) {
        unsigned char c = (unsigned char)*bytes;
        const char text[] = {'\\', '\\', 'x', hex[c >> 4], hex[c & 15]};

        buf_put(b, text + !json, sizeof text - !json);
    }
}

/* The bytes that put_escaped leaves as they are. */
enum kept {
    KEPT_NOTHING, /* a value in the log: it is in quotes, so quotes and backslashes are escaped */
    KEPT_JSON,    /* the same in JSON, where the backslash of \x0a is escaped, too */
    KEPT_QUOTES,
    KEPT_LINES, /* quotes and newlines */
};

/* Puts text that strangers may have chosen: escaped, it can neither end a line nor control a terminal. */
static void put_escaped(struct buf *b, const char *text, enum kept kept)
{
    size_t left = strlen(text), n;
    uint32_t code = 0;

    for (; left && !b->full; text += n, left -= n) {
        n = utf8_read(text, left, &code);
        if (n && code == '\n' && kept == KEPT_LINES)
            buf_char(b, '\n');
        else if (!n || utf8_is_control(code))
            put_hex(b, text, n = n ? n : 1, kept == KEPT_JSON);
        else if (kept <= KEPT_JSON && (code == '"' || code == '\\'))
            buf_put(b, (char[]){'\\', (char)code}, 2);
        else
            buf_put(b, text, n);
    }
}

void log_put_text(struct buf *b, const char *text)
{
    put_escaped(b, text, KEPT_QUOTES);
}

/* Puts the line up to the text of its message. */
static void put_logfmt(struct buf *b, enum log_level level, const char *key, const char *value)
{
    bool quoted = key && needs_quotes(value);

    buf_text(b, log_level_name[level]);
    if (key) {
        buf_char(b, ' ');
        buf_text(b, key);
        buf_text(b, quoted ? "=\"" : "=");
        put_escaped(b, value, KEPT_NOTHING);
    }
    buf_text(b, quoted ? "\" msg=\"" : " msg=\"");
}

/* Does the same in JSON. Wherever it is cut after its head, which fits, it is inside a string: what ends one and begins
 * the next is put as a whole. */
static void put_json(struct buf *b, int64_t seconds, enum log_level level, const char *key, const char *value)
{
    buf_text(b, "{\"time\":\"");
    log_put_time(b, seconds);
    buf_text(b, "\",\"level\":\"");
    buf_text(b, log_level_name[level]);
    if (key) {
        buf_text(b, "\",\"");
        buf_text(b, key);
        buf_text(b, "\":\"");
        put_escaped(b, value, KEPT_JSON);
    }
    buf_text(b, "\",\"msg\":\"");
}

size_t log_format(char out[LOG_LINE_MAX], enum log_style style, int64_t seconds, enum log_level level, const char *key,
                  const char *value, const char *message)
{
    static const char priority[] = "34676"; /* of each level (syslog(3)) */
    static const char cut[] = "...\"}\n";
    bool json = style == LOG_JSON;
    const char *end = json ? "\"}\n" : "\"\n";
    struct buf b = {.data = out, .cap = LOG_LINE_MAX - sizeof cut};

    if (json) {
        put_json(&b, seconds, level, key, value);
    } else {
        if (style == LOG_SYSTEMD) {
            buf_put(&b, (char[]){'<', priority[level], '>'}, 3);
        } else {
            log_put_time(&b, seconds);
            buf_char(&b, ' ');
        }
        put_logfmt(&b, level, key, value);
    }
    put_escaped(&b, message, json ? KEPT_JSON : KEPT_NOTHING);
    b.cap = LOG_LINE_MAX;
    if (b.full) {
        b.full = false;
        buf_put(&b, cut, 3);
    }
    buf_text(&b, end);
    return b.len;
}

static void put_two(struct buf *b, int value)
{
    buf_format(b, "%s%d", value < 10 ? "0" : "", value);
}

/* The C library's strftime would link its time zones. */
void log_put_time(struct buf *b, int64_t seconds)
{
    int of_day = (int)(seconds % 86400), parts[] = {of_day / 3600, of_day / 60 % 60, of_day % 60};
    int64_t year, month, day;

    calendar_date(seconds / 86400, &year, &month, &day);
    buf_format(b, "%d-", (int)year);
    put_two(b, (int)month + 1);
    buf_char(b, '-');
    put_two(b, (int)day);
    for (int i = 0; i < 3; i++) {
        buf_char(b, i ? ':' : 'T');
        put_two(b, parts[i]);
    }
    buf_char(b, 'Z');
}

/* Writes a line without waiting. A line that stderr does not accept is dropped and counted; the count is logged before
 * the next line that is accepted. */
static void write_line(int64_t now, const char *line, size_t len)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static unsigned long long dropped;
    char text[LOG_LINE_MAX], text_lost[80];

    pthread_mutex_lock(&lock);
    if (dropped) {
        text_format(text_lost, sizeof text_lost, "%llu log lines were dropped: nobody read them", dropped);
        if (!platform_write_log(text, log_format(text, used_style, now, LOG_WARN, NULL, NULL, text_lost)))
            dropped = 0;
    }
    dropped += dropped || platform_write_log(line, len);
    pthread_mutex_unlock(&lock);
}

void log_event(enum log_level level, const char *key, const char *value, const char *format, ...)
{
    char message[LOG_LINE_MAX], line[LOG_LINE_MAX];
    struct buf text = {.data = message, .cap = sizeof message - 1};
    int64_t now;
    va_list args;

    if (level > max_level && level != LOG_ANSWER)
        return;
    va_start(args, format);
    buf_format_args(&text, format, args);
    va_end(args);
    message[text.len] = '\0';
    now = platform_wall_ms() / 1000;
    write_line(now, line, log_format(line, used_style, now, level, key, value, message));
}

static bool print_failed;

bool print_is_whole(void)
{
    return !print_failed;
}

/* Prints the text, then end as it is. */
static void print_escaped(const char *format, va_list args, enum kept kept, const char *end)
{
    struct arena arena = {0};
    const char *text = arena_format_args(&arena, format, args);
    struct buf line = {.cap = 4 * strlen(text) + 1};

    line.data = arena_zero(&arena, line.cap, 1);
    put_escaped(&line, text, kept);
    buf_text(&line, end);
    print_failed |= platform_write(STDOUT_FILENO, line.data, line.len, NULL) != 0;
    arena_free(&arena);
}

void print_line(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_escaped(format, args, KEPT_QUOTES, "\n");
    va_end(args);
}

void print(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    print_escaped(format, args, KEPT_LINES, "");
    va_end(args);
}
