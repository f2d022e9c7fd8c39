#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "encode/otlp.h"
#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

static void a_metric_has_the_bytes_of_the_specification(void **state)
{
    static const char bytes[] = "\x12\x50\x0a\x17netstat.tcp_established\x1a\x0c{connection}\x2a\x27\x0a\x25"
                                "\x19\x00\x00\x2a\x36\xfe\x9c\x97\x17\x31\x0c\x00\x00\x00\x00\x00\x00\x00"
                                "\x3a\x11\x0a\x0aip_version\x12\x03\x0a\x01"
                                "4";
    struct tag tag = {"ip_version", "4"};
    struct point p = plain_point;

    (void)state;
    p.tags = (struct tags){&tag, 1};
    p.n_values = 1;
    p.time_ms = 1700000000000;
    encoded(&encoder_otlp, &p);
    assert_string_equal(visible(encoded_text, encoded_len), visible(bytes, sizeof bytes - 1));
}

/* Returns whether the text, as visible() writes it, is in what was encoded. */
static bool has(const char *text)
{
    return strstr(visible(encoded_text, encoded_len), visible(text, strlen(text)));
}

static void a_field_has_its_unit(void **state)
{
    struct tag tag = {"remote", "443"};
    const struct value value[] = {{&fields[FIELD_UDP], 1, 0, false, ADDED_NONE},
                                  {&fields[FIELD_EPHEMERAL], 80, 0, false, ADDED_NONE},
                                  {&fields[FIELD_PID], 7, 0, false, ADDED_NONE}};
    struct point p = plain_point;

    (void)state;
    p.measurement = &measurements[NETSTAT_REMOTE];
    p.tags = (struct tags){&tag, 1};
    p.value = value;
    p.n_values = COUNT_OF(value);
    encoded(&encoder_otlp, &p);
    assert_true(has("netstat_remote.udp_socket\x1a\x0c{connection}\x2a"));
    assert_true(has("netstat_remote.ephemeral_used_percent\x1a\x01%\x2a"));
    assert_true(has("netstat_remote.pid\x2a"));
}

static void a_request_begins_with_resource_and_scope(void **state)
{
    static const char head[] = "\x0a\x7e\x0a\x15\x0a\x13\x0a\x0cservice.name\x12\x03\x0a\x01"
                               "a\x12\x65\x0a\x11\x0a\x08sockpush\x12\x05" SOCKPUSH_VERSION;
    struct tag service = {"service.name", "a"};
    char resource[100], bytes[PREAMBLE_MAX];
    struct buf r = {.data = resource, .cap = sizeof resource}, b = {.data = bytes, .cap = sizeof bytes};

    (void)state;
    otlp_put_resource(&r, &(struct tags){&service, 1});
    encoder_otlp.post->preamble(&b, resource, r.len, 82);
    assert_string_equal(visible(bytes, b.len), visible(head, sizeof head - 1));
}

static void points_of_many_series_share_their_metrics(void **state)
{
    static char data[100000];
    struct buf out = {.data = data, .cap = sizeof data};
    struct sink sink = {.out = &out, .line_max = 16383, .state = format_state()};
    unsigned records = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        struct tag tag[] = {{"addr_port", "8080"}, {"host", "a"}};
        struct point p = plain_point;

        p.tags = (struct tags){tag, 2};
        encoder_otlp.point(&sink, &p);
    }
    encoder_otlp.end(&sink);
    for (size_t at = 0; at < out.len; records++)
        at += record_field(data + at, out.len - at);
    assert_int_equal(records, 2 * 4); /* two fields, 32 series each */
    assert_int_equal(sink.lines, records);
}

static void a_point_without_room_is_left_out_and_counted(void **state)
{
    static char value[17000];
    struct tag tag = {"a", value};
    struct point p = plain_point;
    struct sink sink;

    (void)state;
    memset(value, 'x', sizeof value - 1);
    p.tags = (struct tags){&tag, 1};
    sink = encode_into(&encoder_otlp, &p, 16383, 60000);
    assert_int_equal(sink.oversized, 2);
    assert_int_equal(encoded_len, 0);
}

/* VictoriaMetrics would take it for the metric's name. */
static void a_tag_called_name_is_left_out(void **state)
{
    struct tag tag[] = {{"__name__", "mine"}, {"host", "a"}};
    struct point p = plain_point;

    (void)state;
    p.tags = (struct tags){tag, 2};
    encoded(&encoder_otlp, &p);
    assert_null(strstr(visible(encoded_text, encoded_len), "mine"));
    assert_non_null(strstr(visible(encoded_text, encoded_len), "host"));
}

static void answers_are_read(void **state)
{
    static const struct {
        const char *body;
        size_t len;
        uint64_t rejected;
        const char *partial, *reason;
    } row[] = {
        {"", 0, 0, "", ""},
        {"\x0a\x07\x08\x05\x12\x03why", 9, 5, "why", ""},
        {"\x0a\x05\x12\x03why", 7, 0, "why", ""},
        {"\x08\x03\x12\x0b"
         "bad\nmessage",
         15, 0, "", "bad message"},
        {"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, 0, "", ""},
        {"\x0a\x07\x08\x05\x12\x03w", 7, 5, "w", ""}, /* the beginning of longer ones */
        {"\x0a\x87\x20\x08\x05\x12\x83\x20why", 11, 5, "why", ""},
        {"\x08\x03\x12\x83\x20why", 8, 0, "", "why"},
        {"\x0a\x09\x08", 3, 0, "", ""},
        {"404 page not found", 18, 0, "", ""},
        {"{\"partialSuccess\":{}}", 21, 0, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *body = flush_copy(row[i].body, row[i].len);
        char words[40];

        assert_row(otlp_rejected(body, row[i].len, words, sizeof words) == row[i].rejected, row[i].body);
        assert_string_equal(words, row[i].partial);
        otlp_reason(body, row[i].len, words, sizeof words);
        assert_string_equal(words, row[i].reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_metric_has_the_bytes_of_the_specification),
        cmocka_unit_test(a_field_has_its_unit),
        cmocka_unit_test(a_request_begins_with_resource_and_scope),
        cmocka_unit_test(points_of_many_series_share_their_metrics),
        cmocka_unit_test(a_point_without_room_is_left_out_and_counted),
        cmocka_unit_test(a_tag_called_name_is_left_out),
        cmocka_unit_test(answers_are_read),
    };

    return cmocka_run_group_tests_name("otlp", tests, NULL, NULL);
}
