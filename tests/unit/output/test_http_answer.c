/* A receiver's answer to a POST, read in pieces of every size and cut at every byte. */
#include <string.h>

#include "output/http_answer.h"
#include "unit/helper.h"

#define WORDS(text) text, sizeof(text) - 1

/* Reads the answer in pieces. Returns how many bytes belong to it. */
static size_t read_pieces(struct http_answer *a, const char *data, size_t len, size_t first, size_t step)
{
    size_t at = 0;

    http_answer_init(a);
    while (at < len) {
        size_t n = at < first ? first - at : step, taken;

        n = n < len - at ? n : len - at;
        taken = http_answer_take(a, flush_copy(data + at, n), n);
        at += taken;
        if (taken < n)
            break;
    }
    return at;
}

static bool alike(const struct http_answer *a, const struct http_answer *b)
{
    return a->status == b->status && a->closes == b->closes && a->wrong == b->wrong && a->wait_s == b->wait_s &&
           a->stage == b->stage && !strcmp(a->reason, b->reason) && !strcmp(a->location, b->location) &&
           !strcmp(a->words, b->words);
}

/* Reads the answer at once, byte by byte, and in every split into two. */
static size_t read_answer(struct http_answer *a, const char *data, size_t len)
{
    struct http_answer pieces;
    size_t taken = read_pieces(a, data, len, len, len ? len : 1);

    for (size_t first = 0; first < len; first++) {
        assert_int_equal(read_pieces(&pieces, data, len, first, len), taken);
        assert_row(alike(a, &pieces), data);
    }
    assert_int_equal(read_pieces(&pieces, data, len, 0, 1), taken);
    assert_row(alike(a, &pieces), data);
    return taken;
}

static void real_answers_are_read_whole(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        int status;
        bool closes;
        const char *reason, *words;
    } row[] = {
        {WORDS("HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\nX-Influxdb-Version: 1.6.7\r\n\r\n"), 204,
         false, "No Content", ""},
        {WORDS("HTTP/1.1 204 No Content\r\nX-Server-Hostname: vm\r\nDate: Thu, 26 Nov 2026 07:00:00 GMT\r\n\r\n"), 204,
         false, "No Content", ""},
        {WORDS("HTTP/1.1 413 Request Entity Too Large\r\nConnection: close\r\nContent-Length: "
               "16\r\n\r\n<html>413</html>"),
         413, true, "Request Entity Too Large", ""},
        {WORDS("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 9\r\n\r\n not\r\nnow"), 503, false,
         "Service Unavailable", "not now"},
        {WORDS("HTTP/1.1 400 Bad Request\r\nContent-Length: 16\r\n\r\n{\"error\":\"bad\"}\n"), 400, false,
         "Bad Request", "{\"error\":\"bad\"}"},
        {WORDS("HTTP/1.1 200 OK\r\nTransfer-Encoding: CHUNKED\r\n\r\n5;x=y\r\nhello\r\n00a\r\n, receiver\r\n0\r\nX: "
               "1\r\nY: 2\r\n\r\n"),
         200, false, "OK", "hello, receiver"},
        {WORDS("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\nConnection: "
               "close\r\n\r\nHTTP/1.1 204\r\n\r\n"),
         204, false, "", ""},
        {WORDS("HTTP/1.0 204 No Content\r\n\r\n"), 204, true, "No Content", ""},
        {WORDS("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n"), 200, false, "OK", ""},
        {WORDS("HTTP/1.1 204 x\r\nConnection: foo , CLOSE\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 204 x\nServer: y\n\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 \tr\303\274ck\033[0m\r\n\r\n"), 204, false, " r  ck [0m", ""},
        {WORDS("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nabcde"), 200, false, "OK", "abcde"},
        {WORDS("HTTP/1.1 204 x\r\nContent-Length: 5\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n"), 304, false, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"), 200, true, "x",
         ""},
        /* odd, but the verdict is plain */
        {WORDS("HTTP/1.1 204 x\r\nfoo\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.2 204 x\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.9 204 x\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1  \t204\tx\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 600 x\r\nContent-Length: 2\r\n\r\nno"), 600, false, "x", "no"},
        {WORDS("HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n"), 999, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\ry\r\n\r\n"), 204, true, "x y", ""},
        {WORDS("HTTP/1.1 204 x\r\r\n\r\n"), 204, true, "x ", ""},
        {WORDS("HTTP/1.1 204 x\0\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\n: y\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\n:\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nA : b\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nA B: c\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nA: b\r\n c\r\n\t d\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\n folded under nothing\r\n\r\n"), 204, false, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nConnection : close\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 2, 2\r\n\r\nok"), 200, false, "x", "ok"},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 2\r\nContent-Length: 2 ,2\r\n\r\nok"), 200, false, "x", "ok"},
        /* odd, and the length is in doubt */
        {WORDS("HTTP/1.1 100 x\ry\r\n\r\nHTTP/1.1 204 x\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok"), 200, true, "x", "ok"},
        {WORDS("HTTP/1.1 204 x\r\nA: b\rc\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 204 x\r\nA: b\0c\r\n\r\n"), 204, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length : 2\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length:\r\n 2\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: -1\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: +1\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: \r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 5,\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 5, 6\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 0x5\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 1000000000000000\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 200, true, "x", ""},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 200, true, "x",
         ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct http_answer a;

        assert_row(read_answer(&a, row[i].text, row[i].len) == row[i].len, row[i].text);
        assert_row(http_answer_known(&a) && a.stage == HTTP_WHOLE && a.status == row[i].status, row[i].text);
        assert_row(a.closes == row[i].closes && !strcmp(a.reason, row[i].reason) && !strcmp(a.words, row[i].words),
                   row[i].text);
        for (size_t cut = 0; cut < row[i].len; cut++) {
            struct http_answer part;
            const char *head = strstr(row[i].text, "\n\r\n");

            read_pieces(&part, row[i].text, cut, cut, 1);
            http_answer_end(&part);
            if (http_answer_known(&part))
                assert_row(head && cut >= (size_t)(head - row[i].text) + 3 && part.stage == HTTP_WHOLE, row[i].text);
        }
    }
}

static void what_is_no_answer_is_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *wrong;
    } row[] = {
        {WORDS("SSH-2.0-OpenSSH_9.2\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/2 204\r\n"), "HTTP/1.1"},
        {WORDS("\r\n"), "HTTP/1.1"},
        {WORDS("http/1.1 204 x\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.1\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.1 20\r\n"), "no status"},
        {WORDS("HTTP/1.1 2040\r\n"), "no status"},
        {WORDS("HTTP/1.1 099 x\r\n"), "no status"},
        {WORDS("HTTP/1.1 -04 x\r\n"), "no status"},
        {WORDS("HTTP/1.1204 x\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.: 204 x\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.10 204 x\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.1 2\r04 x\r\n"), "no status"},
        {WORDS("HTTP/1.1\0204 x\r\n"), "HTTP/1.1"},
        {WORDS("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "interim answers"},
        {WORDS("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 "
               "x\r\n\r\n"
               "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\nHTTP/1.1 100 x\r\n\r\n"),
         "interim answers"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct http_answer a;

        read_answer(&a, row[i].text, row[i].len);
        assert_row(a.wrong && strstr(a.wrong, row[i].wrong) && !http_answer_known(&a), row[i].text);
    }
}

/* The verdict stays, but the connection is not used again. */
static void a_body_that_is_odd_ends_the_connection(void **state)
{
    static const struct {
        const char *text;
        size_t len, taken;
    } row[] = {
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"), 50},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n"), 55},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\n"), 57},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n"), 48},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"), 50},
        {WORDS("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: a\rb\r\n"), 57},
    };
    struct http_answer a;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        assert_row(read_answer(&a, row[i].text, row[i].len) == row[i].taken, row[i].text);
        assert_row(http_answer_known(&a) && a.closes && a.stage == HTTP_WHOLE && a.status == 200, row[i].text);
    }
    assert_int_equal(read_answer(&a, WORDS("HTTP/1.1 204 x\r\n\r\nHTTP/1.1 400 x\r\n\r\n")),
                     18); /* the rest does not belong to the answer */
    assert_int_equal(a.status, 204);
    read_answer(&a, WORDS("HTTP/1.1 200 x\r\n\r\nuntil the end"));
    assert_true(a.stage == HTTP_BODY_TO_END && a.closes);
    http_answer_end(&a);
    assert_int_equal(a.stage, HTTP_WHOLE);
}

/* Returns how long these headers ask to wait. */
static uint64_t wait_of(const char *headers)
{
    struct http_answer a;
    char text[400];
    size_t len;

    strcpy(text, "HTTP/1.1 503 x\r\nContent-Length: 0\r\n");
    strcat(strcat(text, headers), "\r\n");
    len = strlen(text);
    assert_int_equal(read_answer(&a, text, len), len);
    return a.wait_s;
}

static void retry_after_is_in_seconds_or_a_date(void **state)
{
    (void)state;
    assert_int_equal(wait_of(""), 0);
    assert_int_equal(wait_of("Retry-After: 7\r\n"), 7);
    assert_int_equal(wait_of("retry-after:\t120 \r\n"), 120);
    assert_int_equal(wait_of("Retry-After: 99999999\r\n"), 3600);
    assert_int_equal(wait_of("Retry-After: 99999999999999999999999\r\n"), 0);
    assert_int_equal(wait_of("Retry-After: 7s\r\n"), 0);
    assert_int_equal(wait_of("Retry-After: soon\r\n"), 0);
    assert_int_equal(wait_of("Retry-After: -7\r\n"), 0);
#define WHEN(now, then) "Date: " now " GMT\r\nRetry-After: " then " GMT\r\n"
    assert_int_equal(wait_of(WHEN("Thu, 26 Nov 2026 07:00:00", "Thu, 26 Nov 2026 07:01:40")), 100);
    assert_int_equal(wait_of(WHEN("Sat, 28 Feb 2004 23:59:59", "Sun, 29 Feb 2004 00:00:01")), 2);
    assert_int_equal(wait_of(WHEN("Sun, 29 Feb 2004 23:59:59", "Mon, 01 Mar 2004 00:00:01")), 2);
    assert_int_equal(wait_of(WHEN("Sun, 28 Feb 2100 23:59:59", "Mon, 01 Mar 2100 00:00:01")), 2);
    assert_int_equal(wait_of(WHEN("Thu, 31 Dec 2026 23:59:00", "Fri, 01 Jan 2027 00:00:00")), 60);
    assert_int_equal(wait_of(WHEN("Thu, 31 Dec 2026 23:59:00", "Fri, 01 Jan 2037 00:00:00")), 3600);
    assert_int_equal(wait_of(WHEN("Fri, 01 Jan 2027 00:00:00", "Thu, 31 Dec 2026 23:59:00")), 0);
    assert_int_equal(wait_of(WHEN("Fri, 01 Jan 2027 00:00:00", "Thu, 31 Dez 2037 23:59:00")), 0);
    assert_int_equal(wait_of("Retry-After: Thu, 26 Nov 2026 07:01:40 GMT\r\n"), 0); /* no Date */
}

static void what_does_not_end_is_bounded(void **state)
{
    static char text[HTTP_HEAD_MAX + 100];
    struct http_answer a;
    size_t taken = 0;

    (void)state;
    memset(text, 'x', sizeof text);
    http_answer_init(&a);
    assert_true(http_answer_take(&a, text, sizeof text) <= HTTP_HEAD_MAX + 1);
    assert_true(a.wrong && strstr(a.wrong, "does not end"));

    http_answer_init(&a);
    http_answer_take(&a, WORDS("HTTP/1.1 204 x\r\n"));
    for (int i = 0; i < 10000 && !http_answer_known(&a); i++)
        http_answer_take(&a, WORDS("X-Filler: x\r\n"));
    assert_true(a.status == 204 && a.stage == HTTP_WHOLE && a.closes); /* the status stays */

    http_answer_init(&a);
    http_answer_take(&a, WORDS("HTTP/1.1 103 x\r\n"));
    for (int i = 0; i < 10000 && !a.wrong; i++)
        http_answer_take(&a, WORDS("X-Filler: x\r\n"));
    assert_true(a.wrong && strstr(a.wrong, "does not end"));

    http_answer_init(&a);
    http_answer_take(&a, WORDS("HTTP/1.1 200 x\r\n\r\n"));
    for (int i = 0; i < 1000 && a.stage != HTTP_WHOLE; i++)
        taken += http_answer_take(&a, text, 100);
    assert_true(http_answer_known(&a) && a.closes && taken <= HTTP_BODY_MAX + 100);
    assert_int_equal(strlen(a.words), sizeof a.words - 2);
}

static void a_long_header_is_passed_over(void **state)
{
    static char text[6000] = "HTTP/1.1 307 Temporary Redirect\r\nX-Policy: ";
    struct http_answer a;
    size_t len = strlen(text);

    (void)state;
    memset(text + len, 'p', 5000);
    strcpy(text + len + 5000, "\r\nLocation: https://other.example/write?token=x\r\nContent-Length: 0\r\n\r\n");
    len = strlen(text);
    read_answer(&a, text, len);
    assert_true(http_answer_known(&a) && a.stage == HTTP_WHOLE);
    assert_string_equal(a.location, "https://other.example/write");
    memset(text, ' ', sizeof text);
    memcpy(text, "HTTP/1.1 200 x\r\nContent-Length: 2", 33);
    strcpy(text + 5000, ", 40\r\n\r\n"); /* the part that is cut off may differ */
    read_answer(&a, text, strlen(text));
    assert_true(http_answer_known(&a) && a.closes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_answers_are_read_whole),
        cmocka_unit_test(what_is_no_answer_is_wrong),
        cmocka_unit_test(a_body_that_is_odd_ends_the_connection),
        cmocka_unit_test(retry_after_is_in_seconds_or_a_date),
        cmocka_unit_test(what_does_not_end_is_bounded),
        cmocka_unit_test(a_long_header_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
