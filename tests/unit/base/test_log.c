#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/utf8.h"
#include "unit/helper.h"

#define TIME "1970-01-01T00:00:07Z"

static const char *line_in(enum log_style style, enum log_level level, const char *key, const char *value,
                           const char *message)
{
    static char out[LOG_LINE_MAX + 1];
    size_t len = log_format(out, style, 7, level, key, value, message);

    assert_true(len <= LOG_LINE_MAX);
    out[len] = '\0';
    assert_int_equal(strlen(out), len);
    assert_ptr_equal(strchr(out, '\n'), out + len - 1); /* exactly one line, and it ends */
    return out;
}

/* Returns the line in logfmt, without its time. */
static const char *line_of(enum log_level level, const char *key, const char *value, const char *message)
{
    const char *out = line_in(LOG_LOGFMT, level, key, value, message);

    assert_int_equal(strncmp(out, TIME " ", sizeof TIME), 0);
    return out + sizeof TIME;
}

static void a_line_is_logfmt(void **state)
{
    static const struct {
        enum log_level level;
        const char *key, *value, *message, *line;
    } row[] = {
        {LOG_ERROR, NULL, NULL, "no", "error msg=\"no\"\n"},
        {LOG_WARN, "output", "tls://a:6514", "certificate expired",
         "warn output=tls://a:6514 msg=\"certificate expired\"\n"},
        {LOG_INFO, "k", "", "", "info k=\"\" msg=\"\"\n"},
        {LOG_DEBUG, "k", "a b", "m", "debug k=\"a b\" msg=\"m\"\n"},
        {LOG_INFO, "k", "a=b", "m", "info k=\"a=b\" msg=\"m\"\n"},
        {LOG_INFO, "k", "say \"x\"", "back\\slash \"q\"", "info k=\"say \\\"x\\\"\" msg=\"back\\\\slash \\\"q\\\"\"\n"},
        {LOG_INFO, "k", "a\nb", "line 1\nwarn msg=forged\r\t\x1b[31m\x7f",
         "info k=\"a\\x0ab\" msg=\"line 1\\x0awarn msg=forged\\x0d\\x09\\x1b[31m\\x7f\"\n"},
        {LOG_INFO, NULL, NULL, "\xc3\xa9\xff", "info msg=\"\xc3\xa9\\xff\"\n"},
        {LOG_INFO, NULL, NULL,
         "\xc2\x9b"
         "31m \x9b",
         "info msg=\"\\xc2\\x9b31m \\x9b\"\n"}, /* C1: a terminal's CSI */
        {LOG_INFO, "k",
         "\xe2\x80\xae"
         "txt",
         "\xe2\x80\xa8 \xef\xbb\xbf \xf0\x9f\x98\x80",
         "info k=\\xe2\\x80\\xaetxt msg=\"\\xe2\\x80\\xa8 \\xef\\xbb\\xbf \xf0\x9f\x98\x80\"\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_string_equal(line_of(row[i].level, row[i].key, row[i].value, row[i].message), row[i].line);
}

static void a_long_line_is_cut_and_marked(void **state)
{
    static char text[3 * LOG_LINE_MAX];
    static const char bytes[] = {'x', '\n', '"'};

    (void)state;
    for (size_t b = 0; b < COUNT_OF(bytes); b++)
        for (size_t len = 0; len < sizeof text; len += len < LOG_LINE_MAX - 40 ? 97 : 1) {
            const char *line;

            memset(text, bytes[b], len);
            text[len] = '\0';
            line = line_of(LOG_WARN, "k", "v", text);
            assert_string_equal(line + strlen(line) - 2, "\"\n");
            if (len > LOG_LINE_MAX)
                assert_non_null(strstr(line, "...\"\n"));
            else if (len < 100)
                assert_null(strstr(line, "..."));
            line_of(LOG_WARN, "k", text, text);
        }
}

static void a_line_for_the_journal_begins_with_its_priority(void **state)
{
    static const char *const line[] = {
        [LOG_ERROR] = "<3>error k=a msg=\"say \\\"x\\\"\"\n", [LOG_WARN] = "<4>warn k=a msg=\"say \\\"x\\\"\"\n",
        [LOG_INFO] = "<6>info k=a msg=\"say \\\"x\\\"\"\n",   [LOG_DEBUG] = "<7>debug k=a msg=\"say \\\"x\\\"\"\n",
        [LOG_ANSWER] = "<6>info k=a msg=\"say \\\"x\\\"\"\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(line); i++)
        assert_string_equal(line_in(LOG_SYSTEMD, (enum log_level)i, "k", "a", "say \"x\""), line[i]);
}

static void a_line_is_json(void **state)
{
    static const struct {
        enum log_level level;
        const char *key, *value, *message, *rest;
    } row[] = {
        {LOG_ERROR, NULL, NULL, "no", "\"error\",\"msg\":\"no\"}\n"},
        {LOG_WARN, "output", "tls://a:6514", "", "\"warn\",\"output\":\"tls://a:6514\",\"msg\":\"\"}\n"},
        {LOG_INFO, "k", "", "m", "\"info\",\"k\":\"\",\"msg\":\"m\"}\n"},
        {LOG_DEBUG, "k", "a b=", "m", "\"debug\",\"k\":\"a b=\",\"msg\":\"m\"}\n"},
        {LOG_ANSWER, "k", "\"\\", "\"\\\"", "\"info\",\"k\":\"\\\"\\\\\",\"msg\":\"\\\"\\\\\\\"\"}\n"},
        {LOG_INFO, "k", "a\nb", "\x1b[31m\x7f\xff\xc3\xa9\xc2\x9b",
         "\"info\",\"k\":\"a\\\\x0ab\",\"msg\":\"\\\\x1b[31m\\\\x7f\\\\xff\xc3\xa9\\\\xc2\\\\x9b\"}\n"},
    };
    static const char head[] = "{\"time\":\"" TIME "\",\"level\":";

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *line = line_in(LOG_JSON, row[i].level, row[i].key, row[i].value, row[i].message);

        assert_int_equal(strncmp(line, head, sizeof head - 1), 0);
        assert_string_equal(line + sizeof head - 1, row[i].rest);
    }
}

/* Returns the text after a string of JSON (RFC 8259, 7) and the byte after it, which must be `next`; or NULL. */
static const char *after_string(const char *text, char next)
{
    if (*text++ != '"')
        return NULL;
    for (; *text != '"'; text++)
        if ((unsigned char)*text < ' ' || (*text == '\\' && !strchr("\"\\", *++text)) || !*text)
            return NULL;
    return text[1] == next ? text + 2 : NULL;
}

/* Returns true if the line is an object of texts. */
static bool is_object(const char *line)
{
    bool good = *line++ == '{';

    while (good && *line != '\n') {
        const char *value = after_string(line, ':'), *end = value ? after_string(value, ',') : NULL;

        if (value && !end)
            end = after_string(value, '}');
        good = end && (end[-1] == '}') == (*end == '\n');
        line = end;
    }
    return good && !line[1];
}

static bool is_utf8(const char *text)
{
    size_t left = strlen(text), n;
    uint32_t code;

    for (; left; text += n, left -= n)
        if (!(n = utf8_read(text, left, &code)))
            return false;
    return true;
}

/* Returns a text of up to max bytes that strangers may choose. */
static void draw_text(char *out, uint32_t max)
{
    static const char pieces[][5] = {"x", "\"",      "\\", "\n", "\x1f", "\xff", "\xc3\xa9", "\xf0\x9f\x98\x80",
                                     "=", "\xe2\x80"};
    uint32_t len = 0, n = any(max), few = any(2) ? COUNT_OF(pieces) : 1 + any(COUNT_OF(pieces));

    out[0] = '\0';
    while (len + 4 < n) {
        const char *piece = pieces[any(few)];

        strcpy(out + len, piece);
        len += (uint32_t)strlen(piece);
    }
}

/* A line that is too long is cut anywhere, and stays one. */
static void json_is_valid_whatever_is_logged(void **state)
{
    static char value[LOG_LINE_MAX + 200], message[LOG_LINE_MAX + 200];

    (void)state;
    for (uint32_t seed = 1; seed <= 20000 / ONE_IN; seed++) {
        const char *line;

        any_seed(seed);
        draw_text(value, any(3) ? 40 : sizeof value);
        draw_text(message, any(3) ? 40 : sizeof message);
        line = line_in(LOG_JSON, (enum log_level)any(LOG_LEVEL_COUNT), any(2) ? "output" : NULL, value, message);
        if (!is_object(line) || !is_utf8(line))
            fail_msg("seed %u: %s", seed, line);
        assert_true(is_utf8(line_in(LOG_SYSTEMD, LOG_WARN, "k", value, message)));
    }
}

/* Every number of bytes before the cut is tried, so it falls into each byte between two strings. */
static void json_is_cut_inside_a_string(void **state)
{
    static char value[LOG_LINE_MAX + 10];

    (void)state;
    for (size_t len = LOG_LINE_MAX - 120; len < sizeof value; len++) {
        const char *line;

        memset(value, 'v', len);
        value[len] = '\0';
        line = line_in(LOG_JSON, LOG_WARN, "output", value, "a message");
        if (!is_object(line))
            fail_msg("%zu bytes: %s", len, line);
        assert_true(strstr(line, "...\"}\n") || strstr(line, "\"msg\":\"a message\"}\n"));
    }
}

static void a_text_is_put_on_one_line_and_cut_after_a_whole_character(void **state)
{
    char text[9];

    (void)state;
    for (size_t cap = 0; cap < sizeof text; cap++) {
        struct buf b = {.data = text, .cap = cap};

        log_put_text(&b, "\"\xc3\xa9\n\\");
        text[b.len] = '\0';
        assert_string_equal(text, cap < 1   ? ""
                                  : cap < 3 ? "\""
                                  : cap < 7 ? "\"\xc3\xa9"
                                  : cap < 8 ? "\"\xc3\xa9\\x0a"
                                            : "\"\xc3\xa9\\x0a\\");
    }
}

static void the_time_is_rfc_3339_in_utc(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } row[] = {
        {0, "1970-01-01T00:00:00Z"},          {59, "1970-01-01T00:00:59Z"},
        {86399, "1970-01-01T23:59:59Z"},      {68169600, "1972-02-29T00:00:00Z"},
        {951782400, "2000-02-29T00:00:00Z"},  {951868800, "2000-03-01T00:00:00Z"},
        {1709164800, "2024-02-29T00:00:00Z"}, {1735689599, "2024-12-31T23:59:59Z"},
        {1795341600, "2026-11-22T10:00:00Z"}, {2147483648, "2038-01-19T03:14:08Z"},
        {4107542400, "2100-03-01T00:00:00Z"}, {253402300799, "9999-12-31T23:59:59Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char text[32];
        struct buf b = {.data = text, .cap = sizeof text - 1};

        log_put_time(&b, row[i].seconds);
        text[b.len] = '\0';
        assert_string_equal(text, row[i].text);
    }
}

/* Returns the text that f writes to a descriptor. */
static const char *written(int fd, void (*f)(void))
{
    static char out[4096];
    int kept = dup(fd), ends[2];
    ssize_t n;

    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], fd);
    close(ends[1]);
    f();
    dup2(kept, fd);
    close(kept);
    n = read(ends[0], out, sizeof out - 1);
    close(ends[0]);
    assert_true(n >= 0);
    out[n] = '\0';
    return out;
}

static void log_two(void)
{
    log_event(LOG_INFO, "output", "udp://a:1", "sent %d of %s", 3, "4");
    log_event(LOG_DEBUG, NULL, NULL, "detail");
}

static void log_answer(void)
{
    log_event(LOG_ANSWER, NULL, NULL, "works");
}

static void a_line_goes_to_stderr_with_its_time_if_its_level_is_wanted(void **state)
{
    const char *text;

    (void)state;
    text = written(STDERR_FILENO, log_two);
    assert_int_equal(strspn(text, "0123456789-T:Z"), 20);
    assert_string_equal(text + 20, " info output=udp://a:1 msg=\"sent 3 of 4\"\n");
    log_set_level(LOG_WARN);
    assert_string_equal(written(STDERR_FILENO, log_two), "");
    log_set_style(LOG_SYSTEMD);
    assert_string_equal(written(STDERR_FILENO, log_answer), "<6>info msg=\"works\"\n");
    log_set_style(LOG_LOGFMT);
    log_set_level(LOG_DEBUG);
    text = written(STDERR_FILENO, log_two);
    assert_non_null(strstr(text, " debug msg=\"detail\"\n"));
    log_set_level(LOG_INFO);
}

static void print_two(void)
{
    print("  %-4s|", "ab");
    print("%llu\n", 7ull);
}

static void help_goes_to_stdout(void **state)
{
    (void)state;
    assert_string_equal(written(STDOUT_FILENO, print_two), "  ab  |7\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_logfmt),
        cmocka_unit_test(a_long_line_is_cut_and_marked),
        cmocka_unit_test(a_line_for_the_journal_begins_with_its_priority),
        cmocka_unit_test(a_line_is_json),
        cmocka_unit_test(json_is_valid_whatever_is_logged),
        cmocka_unit_test(json_is_cut_inside_a_string),
        cmocka_unit_test(a_text_is_put_on_one_line_and_cut_after_a_whole_character),
        cmocka_unit_test(the_time_is_rfc_3339_in_utc),
        cmocka_unit_test(a_line_goes_to_stderr_with_its_time_if_its_level_is_wanted),
        cmocka_unit_test(help_goes_to_stdout),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
