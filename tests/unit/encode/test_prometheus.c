#include <stdio.h>
#include <string.h>

#include "unit/encode/encode_helper.h"
#include "unit/helper.h"

/* --- a plain decoder -------------------------------------------------------------------- */

static uint64_t take_varint(const unsigned char **at, const unsigned char *end)
{
    uint64_t n = 0;

    for (unsigned shift = 0;; shift += 7) {
        assert_true(*at < end && shift < 64);
        n |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80))
            return n;
    }
}

/* Returns the content of a field of bytes with this number, and moves past it. */
static const unsigned char *take_bytes(const unsigned char **at, const unsigned char *end, unsigned field, size_t *len)
{
    const unsigned char *content;

    assert_true(*at < end);
    assert_int_equal(*(*at)++, field << 3 | 2);
    *len = take_varint(at, end);
    assert_true(*len <= (size_t)(end - *at));
    content = *at;
    *at += *len;
    return content;
}

/* Writes the first record as text: {a="b",…} value time. Returns its bytes. */
static size_t decode(const char *data, size_t data_len, char *out, uint64_t *bits)
{
    const unsigned char *at = (const unsigned char *)data, *end = at + data_len, *series, *label, *value;
    size_t len, part, written = 0;
    uint64_t time;

    series = take_bytes(&at, end, 1, &len);
    end = series + len;
    while (*series == (1 << 3 | 2)) {
        const unsigned char *stop;

        label = take_bytes(&series, end, 1, &len);
        stop = label + len;
        value = take_bytes(&label, stop, 1, &part);
        written += (size_t)sprintf(out + written, "%s%.*s=", written ? "," : "", (int)part, value);
        value = take_bytes(&label, stop, 2, &part);
        written += (size_t)sprintf(out + written, "%.*s", (int)part, value);
        assert_ptr_equal(label, stop);
    }
    value = take_bytes(&series, end, 2, &len);
    assert_ptr_equal(series, end);
    assert_int_equal(*value, 1 << 3 | 1);
    *bits = 0;
    for (unsigned i = 0; i < 8; i++)
        *bits |= (uint64_t)value[1 + i] << 8 * i;
    assert_int_equal(value[9], 2 << 3);
    end = value + len;
    value += 10;
    time = take_varint(&value, end);
    assert_ptr_equal(value, end);
    sprintf(out + written, " %llu", (unsigned long long)time);
    return (size_t)(at - (const unsigned char *)data);
}

static double as_double(uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    return d;
}

/* Checks the labels of a point with these tags. */
static void check_labels(const char *prefix, const struct tag *tag, size_t n, const char *labels)
{
    struct tag copy[8];
    struct point p = plain_point;
    char text[4096], expected[4096];
    uint64_t bits;
    size_t at;

    memcpy(copy, tag, n * sizeof *tag);
    p.prefix = prefix;
    p.tags = (struct tags){copy, n};
    encoded(&encoder_prometheus, &p);
    at = decode(encoded_text, encoded_len, text, &bits);
    snprintf(expected, sizeof expected, labels, "tcp_established");
    assert_string_equal(text, expected);
    assert_true(as_double(bits) == 12);
    assert_int_equal(at + decode(encoded_text + at, encoded_len - at, text, &bits), encoded_len);
    snprintf(expected, sizeof expected, labels, "tcp_syn_sent"); /* its labels are copied */
    assert_string_equal(text, expected);
    assert_true(as_double(bits) == 0);
}

/* --- tests ------------------------------------------------------------------------------ */

static void a_value_is_a_series_with_one_sample(void **state)
{
    static const char bytes[] = "\x0a\x53"
                                "\x0a\x23\x0a\x08__name__\x12\x17netstat_tcp_established"
                                "\x0a\x09\x0a\x04host\x12\x01"
                                "a"
                                "\x0a\x0f\x0a\x0aip_version\x12\x01"
                                "4"
                                "\x12\x10\x09\x00\x00\x00\x00\x00\x00\x28\x40\x10\xfb\xd0\x95\xff\xbc\x31";
    struct point p = plain_point;

    (void)state;
    p.n_values = 1;
    encoded(&encoder_prometheus, &p);
    assert_string_equal(visible(encoded_text, encoded_len), visible(bytes, sizeof bytes - 1));
}

static void labels_are_sorted_valid_and_unique(void **state)
{
    static const struct tag sorted[] = {{"Dc", "x"}, {"_A", "1"}, {"_b", "2"}, {"z", "\xc3\xa9"}};
    static const struct tag odd[] = {{"1st", "q"}, {"a-b", "1"}, {"a.b", "2"},
                                     {"e", ""},    {"f", NULL},  {"\xc3\xa9", "u"}};
    static const struct tag name[] = {{"__name__", "mine"}, {"--name--", "mine"}, {"b", "1"}};
    static const struct tag own[] = {
        {"addr-port", "x"}, {"addr.port", "y"}, {"addr_port", "80"}, {"pod/name", "no"}, {"pod_name", "mine"}};
    char value[1001], long_labels[1200];

    (void)state;
    check_labels("", sorted, COUNT_OF(sorted), "Dc=x,_A=1,__name__=netstat_%s,_b=2,z=\xc3\xa9 1700000000123");
    check_labels("", odd, COUNT_OF(odd), "_1st=q,__=u,__name__=netstat_%s,a_b=1,f=true 1700000000123");
    check_labels("", name, COUNT_OF(name), "__name__=netstat_%s,b=1 1700000000123");
    check_labels("", own, COUNT_OF(own), "__name__=netstat_%s,addr_port=80,pod_name=mine 1700000000123");
    check_labels("0a.b", name, 0, "__name__=_0a_b_netstat_%s 1700000000123");
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    snprintf(long_labels, sizeof long_labels, "__name__=netstat_%%s,k=%s 1700000000123", value);
    check_labels("", &(struct tag){"k", value}, 1, long_labels);
}

/* A series may have the tags of nine lists. */
static void as_many_labels_as_tags_are_sent(void **state)
{
    static struct tag tag[TAGS_ALL_MAX];
    static char key[TAGS_ALL_MAX][8], text[20000];
    struct point p = plain_point;
    unsigned labels = 0;
    uint64_t bits;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(tag); i++) {
        snprintf(key[i], sizeof key[i], "k%03u", (unsigned)i);
        tag[i] = (struct tag){key[i], "v"};
    }
    p.tags = (struct tags){tag, COUNT_OF(tag)};
    encoded(&encoder_prometheus, &p);
    decode(encoded_text, encoded_len, text, &bits);
    for (const char *at = text; (at = strchr(at, '=')); at++)
        labels++;
    assert_int_equal(labels, COUNT_OF(tag) + 1);
}

static void any_number_becomes_the_nearest_double(void **state)
{
    char text[400];

    (void)state;
    any_seed(24);
    for (int i = 0; i < 50000 / ONE_IN; i++) {
        uint64_t n = ((uint64_t)any(UINT32_MAX) << 32 | any(UINT32_MAX)) >> any(64), bits;
        const struct value value = {.field = &fields[FIELD_SOCKETS], .now = i % 3 ? n : UINT64_MAX << any(64) | any(3)};
        struct point p = plain_point;

        p.value = &value;
        p.n_values = 1;
        encoded(&encoder_prometheus, &p);
        decode(encoded_text, encoded_len, text, &bits);
        assert_true(as_double(bits) == (double)value.now);
    }
}

static void the_end_of_a_series_is_prometheus_own_nan(void **state)
{
    static const struct value value = {.field = &fields[STATE_LISTEN], .ended = true};
    struct point p = plain_point;
    char text[400];
    uint64_t bits;

    (void)state;
    p.value = &value;
    p.n_values = 1;
    encoded(&encoder_prometheus, &p);
    decode(encoded_text, encoded_len, text, &bits);
    assert_true(bits == 0x7ff0000000000002);
}

static void a_body_begins_with_its_length_and_a_literal(void **state)
{
    static const struct {
        size_t len, preamble;
        const char *bytes;
    } row[] = {
        {0, 1, "\x00"},
        {1, 4, "\x01\xf4\x00\x00"},
        {300, 5, "\xac\x02\xf4\x2b\x01"},
        {65536, 6, "\x80\x80\x04\xf4\xff\xff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        char bytes[PREAMBLE_MAX];
        struct buf b = {.data = bytes, .cap = sizeof bytes};

        encoder_prometheus.post->preamble(&b, NULL, 0, row[i].len);
        assert_int_equal(b.len, row[i].preamble);
        assert_memory_equal(bytes, row[i].bytes, b.len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_a_series_with_one_sample),
        cmocka_unit_test(labels_are_sorted_valid_and_unique),
        cmocka_unit_test(as_many_labels_as_tags_are_sent),
        cmocka_unit_test(any_number_becomes_the_nearest_double),
        cmocka_unit_test(the_end_of_a_series_is_prometheus_own_nan),
        cmocka_unit_test(a_body_begins_with_its_length_and_a_literal),
    };

    return cmocka_run_group_tests_name("prometheus", tests, NULL, NULL);
}
