/* The totals in the names of OpenTelemetry's semantic conventions. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

#define NAME "system.network.connection.count"

static char data[200000];
static char text[200000]; /* a line for each point: "host=a ip_version=4 … start time value" */
static unsigned metrics;  /* of that name */

/* --- a decoder, to text -------------------------------------------------------------------- */

static size_t put_attribute(char *out, const struct pb_field *attribute)
{
    const char *at = attribute->bytes, *end = at + attribute->len;
    struct pb_field key = next_field(&at, end), any = next_field(&at, end), value;

    assert_ptr_equal(at, end);
    at = any.bytes;
    value = next_field(&at, end);
    return (size_t)sprintf(out, "%.*s=%.*s ", (int)key.len, key.bytes, (int)value.len, value.bytes);
}

static size_t put_point(char *out, const struct pb_field *point)
{
    const char *at = point->bytes, *end = at + point->len;
    uint64_t number[9] = {0};
    size_t len = 0;

    while (at < end) {
        struct pb_field field = next_field(&at, end);

        assert_true(field.number <= 8);
        if (field.number == 7)
            len += put_attribute(out + len, &field);
        else
            number[field.number] = fixed64_before(at);
    }
    return len + (size_t)sprintf(out + len, "%llu %llu %llu\n", (unsigned long long)number[2],
                                 (unsigned long long)number[3], (unsigned long long)number[6]);
}

/* Decodes a record if its metric has that name. */
static size_t put_metric(char *out, const char *record, size_t record_len)
{
    const char *at = record, *end = record + record_len;
    struct pb_field metric = next_field(&at, end), name, unit, sum, part;
    size_t len = 0;

    at = metric.bytes;
    name = next_field(&at, end);
    if (name.len != strlen(NAME) || memcmp(name.bytes, NAME, name.len))
        return 0;
    metrics++;
    unit = next_field(&at, end);
    assert_int_equal(unit.number, 3);
    assert_true(unit.len == 12 && !memcmp(unit.bytes, "{connection}", 12));
    sum = next_field(&at, end);
    assert_int_equal(sum.number, 7);
    assert_ptr_equal(at, end);
    for (at = sum.bytes; (part = next_field(&at, end)).number == 1;)
        len += put_point(out + len, &part);
    assert_int_equal(part.number, 2);
    assert_int_equal(part.value, 2); /* cumulative */
    assert_ptr_equal(at, end);       /* without is_monotonic */
    return len;
}

/* Encodes the points, and decodes those of that name. Returns all bytes. */
static size_t encode(const struct point *p, size_t n, size_t line_max)
{
    struct buf out = {.data = data, .cap = sizeof data};
    struct sink sink = {.out = &out, .line_max = line_max, .state = format_state()};
    size_t len = 0;

    for (size_t i = 0; i < n; i++)
        encoder_otlp.point(&sink, &p[i]);
    encoder_otlp.end(&sink);
    assert_false(out.full);
    assert_int_equal(sink.oversized, 0);
    metrics = 0;
    for (size_t at = 0, record; at < out.len; at += record) {
        record = record_field(data + at, out.len - at);
        assert_true(record <= line_max);
        len += put_metric(text + len, data + at, record);
    }
    text[len] = '\0';
    return out.len;
}

/* --- tests --------------------------------------------------------------------------------- */

static struct tag tag4[] = {{"host", "a"}, {"ip_version", "4"}}, tag6[] = {{"host", "a"}, {"ip_version", "6"}};
static struct value all[FIELD_COUNT + 1];

/* A point of all fields, whose values are 100, 101, … */
static struct point totals(struct tag *tag, size_t n)
{
    struct point p = plain_point;

    for (unsigned i = 0; i < FIELD_COUNT; i++)
        all[i] = (struct value){&fields[i], 100 + i, 0, false, ADDED_NONE};
    p.prefix = "app";
    p.tags = (struct tags){tag, n};
    p.value = all;
    all[FIELD_COUNT] = (struct value){&fields[FIELD_ACCEPT_QUEUE_FULLEST], 50, 0, false, ADDED_NONE}; /* no count */
    p.n_values = FIELD_COUNT + 1;
    p.time_ms = 2000;
    p.start_ms = 1000;
    p.semconv = true;
    return p;
}

static void each_state_and_udp_has_a_point(void **state)
{
    static const char *const name[] = {"established", "syn_sent",  "syn_received", "fin_wait_1",
                                       "fin_wait_2",  "time_wait", "closed",       "close_wait",
                                       "last_ack",    "listen",    "closing"};
    const struct point p[] = {totals(tag4, 2), totals(tag6, 2)};
    char expected[8192];
    size_t len = 0;

    (void)state;
    for (int version = 4; version <= 6; version += 2) {
        for (unsigned i = 0; i < COUNT_OF(name); i++)
            len += (size_t)sprintf(expected + len,
                                   "host=a ip_version=%d network.connection.state=%s network.transport=tcp "
                                   "network.type=ipv%d 1000000000 2000000000 %u\n",
                                   version, name[i], version, 100 + i);
        len += (size_t)sprintf(
            expected + len, "host=a ip_version=%d network.transport=udp network.type=ipv%d 1000000000 2000000000 %u\n",
            version, version, 100 + FIELD_UDP);
    }
    encode(p, 2, 16383);
    assert_int_equal(metrics, 1);
    assert_string_equal(text, expected);
}

static void all_else_is_as_without(void **state)
{
    struct tag tag[] = {{"ip_version", "4"}, {"network.transport", "mine"}};
    struct point p[] = {totals(tag, 2), totals(tag6, 2)};
    static char without[10000];
    size_t len;

    (void)state;
    p[0].semconv = p[1].semconv = false;
    len = encode(p, 2, 16383);
    assert_int_equal(metrics, 0);
    assert_true(len < sizeof without);
    memcpy(without, data, len);
    p[0].semconv = p[1].semconv = true;
    assert_true(encode(p, 2, 16383) > len);
    assert_memory_equal(data, without, len);
}

static void a_tag_with_such_a_key_is_replaced(void **state)
{
    struct tag tag[] = {{"ip_version", "6"},
                        {"network.connection.state", "mine"},
                        {"network.transport", NULL},
                        {"network.type", "mine"},
                        {"network.type.x", "y"}};
    struct point p = totals(tag, COUNT_OF(tag));

    (void)state;
    p.n_values = 1;
    encode(&p, 1, 16383);
    assert_string_equal(text,
                        "ip_version=6 network.type.x=y network.connection.state=established network.transport=tcp "
                        "network.type=ipv6 1000000000 2000000000 100\n");
    p.value = &all[FIELD_UDP];
    encode(&p, 1, 16383);
    assert_string_equal(text,
                        "ip_version=6 network.type.x=y network.transport=udp network.type=ipv6 1000000000 2000000000 "
                        "112\n");
}

static void a_metric_that_would_be_too_long_is_split(void **state)
{
    static char value[1001];
    struct tag tag[] = {{"ip_version", "4"}, {"x", value}};
    const struct point p = totals(tag, 2);

    (void)state;
    memset(value, 'v', sizeof value - 1);
    for (size_t line_max = 1600; line_max < 13000; line_max += 100) {
        encode(&p, 1, line_max);
        assert_true(metrics > 1);
        assert_int_equal(count_of(text, "\n"), FIELD_COUNT - 1);
        assert_int_equal(count_of(text, "tcp"), STATE_COUNT - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_state_and_udp_has_a_point),
        cmocka_unit_test(all_else_is_as_without),
        cmocka_unit_test(a_tag_with_such_a_key_is_replaced),
        cmocka_unit_test(a_metric_that_would_be_too_long_is_split),
    };

    return cmocka_run_group_tests_name("otlp_semconv", tests, NULL, NULL);
}
