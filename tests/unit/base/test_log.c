#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "unit/helper.h"

static const char *line_of(enum log_level level, const char *key, const char *value, const char *message)
{
    static char out[LOG_LINE_MAX + 1];
    size_t len = log_format(out, level, key, value, message);

    assert_true(len <= LOG_LINE_MAX);
    out[len] = '\0';
    assert_int_equal(strlen(out), len);
    assert_ptr_equal(strchr(out, '\n'), out + len - 1); /* exactly one line, and it ends */
    return out;
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

static void a_line_goes_to_stderr_with_its_time_if_its_level_is_wanted(void **state)
{
    const char *text;

    (void)state;
    text = written(STDERR_FILENO, log_two);
    assert_int_equal(strspn(text, "0123456789-T:Z"), 20);
    assert_string_equal(text + 20, " info output=udp://a:1 msg=\"sent 3 of 4\"\n");
    log_set_level(LOG_WARN);
    assert_string_equal(written(STDERR_FILENO, log_two), "");
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
        cmocka_unit_test(the_time_is_rfc_3339_in_utc),
        cmocka_unit_test(a_line_goes_to_stderr_with_its_time_if_its_level_is_wanted),
        cmocka_unit_test(help_goes_to_stdout),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
