/* The points of netstat_pod in the formats of protobuf, and their ends. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/pods_helper.h"
#include "unit/helper.h"

/* A sample of either format. */
struct sample {
    char name[64], labels[256]; /* a=b,c=d */
    uint64_t start_ms, value;
    bool sum, ended;
};

static struct sample sample[4096];
static unsigned n_samples, n_records;

static void add_label(struct sample *s, struct pb_field label)
{
    const char *at = label.bytes, *end = at + label.len;
    struct pb_field key = next_field(&at, end), value = next_field(&at, end);

    if (value.len && *value.bytes == PB_BYTES(1)) { /* otlp's AnyValue */
        at = value.bytes;
        value = next_field(&at, value.bytes + value.len);
    }
    if (key.len == 8 && !memcmp(key.bytes, "__name__", 8)) {
        snprintf(s->name, sizeof s->name, "%.*s", (int)value.len, value.bytes);
        return;
    }
    snprintf(s->labels + strlen(s->labels), sizeof s->labels - strlen(s->labels), "%s%.*s=%.*s", *s->labels ? "," : "",
             (int)key.len, key.bytes, (int)value.len, value.bytes);
}

static void read_otlp_point(struct sample *s, struct pb_field point)
{
    struct pb_field field;

    for (const char *at = point.bytes, *end = at + point.len; pb_next(&at, end, &field);)
        if (field.number == 2)
            s->start_ms = fixed64_before(at) / 1000000;
        else if (field.number == 6)
            s->value = fixed64_before(at);
        else if (field.number == 7)
            add_label(s, field);
        else if (field.number == 8)
            s->ended = field.value == 1;
}

static void read_otlp_metric(const char *at, const char *end)
{
    struct pb_field name = next_field(&at, end), data, point;

    assert_int_equal(name.number, 1);
    do
        data = next_field(&at, end);
    while (data.number == 3);
    for (const char *in = data.bytes, *stop = in + data.len; pb_next(&in, stop, &point);) {
        struct sample *s = &sample[n_samples];

        if (point.number != 1)
            continue;
        assert_in_range(n_samples++, 0, COUNT_OF(sample) - 1);
        *s = (struct sample){.sum = data.number == 7};
        snprintf(s->name, sizeof s->name, "%.*s", (int)name.len, name.bytes);
        read_otlp_point(s, point);
    }
}

static void read_prometheus_series(const char *at, const char *end)
{
    static const char stale[] = {0x02, 0, 0, 0, 0, 0, (char)0xf0, 0x7f};
    struct sample *s = &sample[n_samples];
    struct pb_field field;

    assert_in_range(n_samples++, 0, COUNT_OF(sample) - 1);
    *s = (struct sample){.sum = false};
    while (pb_next(&at, end, &field))
        if (field.number == 1)
            add_label(s, field);
        else
            s->ended = !memcmp(field.bytes + 1, stale, sizeof stale);
}

/* Encodes the pods' points and reads all of them. */
static void samples(const struct scene *c, const struct encoder *format)
{
    struct pb_field record;

    n_samples = n_records = 0;
    pods_encode(c, format);
    for (const char *at = pods_text, *end = pods_text + pods_text_len; pb_next(&at, end, &record); n_records++)
        (format == &encoder_otlp ? read_otlp_metric : read_prometheus_series)(record.bytes, record.bytes + record.len);
}

static const struct sample *sample_of(const char *name, const char *labels)
{
    for (unsigned i = 0; i < n_samples; i++)
        if (!strcmp(sample[i].name, name) && !strcmp(sample[i].labels, labels))
            return &sample[i];
    print_error("no %s of %s\n", name, labels);
    assert_true(false);
    return NULL;
}

static void otlp_has_a_start_for_each_series(void **state)
{
    const struct sample *s;
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    pods_add(&c, "a", "b");
    pods_add(&c, "a", "c")->start_ms = PODS_TIME_MS - 7000;
    pods_add(&c, "a", "d")->start_ms = -1;
    samples(&c, &encoder_otlp);
    assert_int_equal(n_samples, 3 * (2 * 4 + 2 + POD_INCREASES));
    assert_int_equal(n_records, 4 + 2 + POD_INCREASES); /* the pods share the metrics */
    s = sample_of("netstat_pod.out_rsts", "host=h,namespace=a,pod_name=b");
    assert_true(s->sum && s->start_ms == PODS_TIME_MS - 5000 && s->value == 49);
    s = sample_of("netstat_pod.out_rsts", "host=h,namespace=a,pod_name=c");
    assert_true(s->sum && s->start_ms == PODS_TIME_MS - 7000);
    assert_int_equal(sample_of("netstat_pod.out_rsts", "host=h,namespace=a,pod_name=d")->start_ms, 0);
    s = sample_of("netstat_pod.tcp_inuse", "host=h,ip_version=6,namespace=a,pod_name=c");
    assert_true(!s->sum && s->value == 25);
    pods_tear_down(&c);
}

static void labels_of_prometheus_are_sorted(void **state)
{
    static struct tag tag[] = {{"Zone", "z"}, {"a.b", "1"}, {"namespace", "mine"}, {"pod.name", "mine"}};
    static const struct tags mine = {tag, COUNT_OF(tag)};
    struct scene c;

    (void)state;
    pods_set_up(&c, &mine);
    strcpy(pods_add(&c, "a", "b")->text.container, "c0ffee");
    samples(&c, &encoder_prometheus);
    assert_int_equal(n_samples, 2 * 4 + 2 + POD_INCREASES);
    sample_of("netstat_pod_accept_queue", "Zone=z,a_b=1,container_id=c0ffee,ip_version=6,namespace=a,pod_name=b");
    sample_of("netstat_pod_udp_rcvbuf_errors", "Zone=z,a_b=1,container_id=c0ffee,namespace=a,pod_name=b");
    pods_tear_down(&c);
}

/* A series that ended has zeros for a while. In its last poll it is marked in the formats that can, and absent in the
 * others. */
static void a_series_that_ends_is_marked(void **state)
{
    struct scene c;
    unsigned n;

    (void)state;
    pods_set_up(&c, &pods_users);
    pods_add(&c, "a", "still");
    samples(&c, &encoder_otlp);
    n = n_samples;
    pods_add(&c, "a", "gone")->ending = true;
    for (const struct encoder *const *e = encoders; *e; e++) {
        if (!(*e)->marks_ends) {
            assert_null(strstr(pods_encode(&c, *e), "gone"));
            assert_non_null(strstr(pods_text, "still"));
            continue;
        }
        samples(&c, *e);
        assert_int_equal(n_samples, 2 * n);
        for (unsigned i = 0; i < n_samples; i++)
            assert_row(sample[i].ended == !!strstr(sample[i].labels, "pod_name=gone"), sample[i].name);
    }
    pods_tear_down(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(otlp_has_a_start_for_each_series),
        cmocka_unit_test(labels_of_prometheus_are_sorted),
        cmocka_unit_test(a_series_that_ends_is_marked),
    };

    return cmocka_run_group_tests_name("snapshot_pods_protobuf", tests, NULL, NULL);
}
