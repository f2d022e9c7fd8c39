/* A refused chunk in parts: which records arrive, and in how many requests. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "output/limits.h"
#include "output/parts.h"
#include "unit/helper.h"

#define RECORDS_MAX  100
#define REQUESTS_MAX 1000

/* Record i is a field of protobuf with i as its first byte. */
static struct receiver {
    bool bad[RECORDS_MAX];
    size_t longest;                         /* bytes of a request; 0: any */
    unsigned fails_at, ends_at, opens_fail; /* number of a request that fails, or finds the connection ended; 0: none */
    bool closes;                            /* it ends the connection after each refusal */
    uint64_t rejects;                       /* points of each accepted request */
    unsigned arrived[RECORDS_MAX], opened, n;
    struct request {
        uint8_t first;
        size_t len;
    } request[REQUESTS_MAX];
} receiver;

static int open_link(struct link *l)
{
    if (receiver.opens_fail)
        return -ECONNREFUSED;
    receiver.opened++;
    l->fd = 1000000; /* is never used */
    return 0;
}

static int refuse(struct link *l, int error)
{
    link_explain(l, "bad");
    if (receiver.closes)
        link_close(l);
    return error;
}

static int send_records(struct link *l, const char *data, size_t len)
{
    assert_true(l->fd >= 0 && receiver.n < REQUESTS_MAX);
    receiver.request[receiver.n++] = (struct request){.first = (uint8_t)data[2], .len = len};
    if (receiver.n == receiver.fails_at)
        return -EBUSY;
    if (receiver.n == receiver.ends_at)
        return -ENOTCONN;
    if (receiver.longest && len > receiver.longest)
        return refuse(l, -E2BIG);
    for (size_t at = 0; at < len; at += record_field(data + at, len - at))
        if (receiver.bad[(uint8_t)data[at + 2]])
            return refuse(l, -EBADMSG);
    for (size_t at = 0; at < len; at += record_field(data + at, len - at))
        receiver.arrived[(uint8_t)data[at + 2]]++;
    l->rejected = receiver.rejects;
    return 0;
}

static void close_link(struct link *l)
{
    (void)l;
}

static const struct transport transport = {
    .scheme = "parts",
    .acknowledged = ACKNOWLEDGED_BY_ANSWER,
    .line_max = 16383,
    .batch_max = 65536,
    .backoff_max_ms = 1,
    .open = open_link,
    .send = send_records,
    .close = close_link,
};

static struct output output;
static struct endpoint endpoint;
static struct arena arena;

static int make_output(void **state)
{
    const struct output_limits limits = {.snapshot_max = 20000, .counters = ADDED, .buffer = 65536};

    (void)state;
    endpoint = (struct endpoint){.name = "test:", .format = &encoder_otlp, .transport = &transport};
    return output_init(&output, &endpoint, &limits, &arena);
}

static int free_output(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&receiver, 0, sizeof receiver);
    memset(&output.stats, 0, sizeof output.stats);
    endpoint.format = &encoder_otlp;
    output.link->fd = 1000000;
    output.backoff.at_ns = 0;
    output.given_up = 0;
    return 0;
}

/* Takes n records of up to 127 bytes in hand. longest 0: all have 10. */
static void take(unsigned n, uint32_t longest)
{
    output.len = 0;
    output.chunks = 1;
    output.chunk = (struct chunk){.lines = n};
    for (unsigned i = 0; i < n; i++) {
        uint32_t content = longest ? 1 + any(longest) : 8;
        char *record = output.data + output.len;

        memset(record, 'x', 2 + content);
        record[0] = 0x12;
        record[1] = (char)content;
        record[2] = (char)i;
        output.len += 2 + content;
    }
}

/* Sends the records, which were refused together. Returns parts_send's result. */
static int send_parts(uint64_t *dropped)
{
    *dropped = 0;
    assert_true(parts_help(&output, -EBADMSG));
    return parts_send(&output, dropped);
}

/* Asserts that no request came twice, and not the whole chunk again. */
static void assert_all_differ(void)
{
    for (unsigned i = 0; i < receiver.n; i++) {
        assert_true(receiver.request[i].len < output.len);
        for (unsigned j = 0; j < i; j++)
            assert_true(receiver.request[i].first != receiver.request[j].first ||
                        receiver.request[i].len != receiver.request[j].len);
    }
}

/* Asserts that each record arrived once if it is good, and not if it is bad. Returns the number of bad ones. */
static uint32_t assert_good_arrived(unsigned n)
{
    uint32_t bad = 0;

    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(receiver.arrived[i], !receiver.bad[i]);
        bad += receiver.bad[i];
    }
    return bad;
}

static void one_bad_record_costs_few_requests(void **state)
{
    uint64_t dropped;

    for (unsigned bad = 0; bad < RECORDS_MAX; bad++) {
        set_up(state);
        receiver.bad[bad] = true;
        take(RECORDS_MAX, 0);
        assert_int_equal(send_parts(&dropped), 0);
        assert_int_equal(dropped, 1);
        assert_good_arrived(RECORDS_MAX);
        assert_all_differ();
        assert_in_range(receiver.n, 2, 30);
        assert_int_equal(receiver.opened, 0);
        assert_int_equal(output_read_stats(&output).n[DROPPED_LINES], 0); /* the caller counts it */
    }
}

static void any_records_can_be_bad(void **state)
{
    uint64_t dropped;

    any_seed(8);
    for (unsigned round = 0; round < 2000; round += ONE_IN) {
        unsigned n = 2 + any(RECORDS_MAX - 1), percent = any(100), first_good = n;

        set_up(state);
        receiver.closes = any(2);
        receiver.ends_at = any(2) ? any(20) : 0;
        for (unsigned i = 0; i < n; i++)
            receiver.bad[i] = any(100) < percent;
        for (unsigned i = n; i--;)
            first_good = receiver.bad[i] ? first_good : i;
        take(n, any(125) + 1);
        if (first_good >= REFUSED_MAX || first_good == n) {
            assert_int_equal(send_parts(&dropped), -EBADMSG);
            continue;
        }
        assert_int_equal(send_parts(&dropped), 0);
        assert_int_equal(dropped, assert_good_arrived(n));
        if (!receiver.ends_at)
            assert_all_differ();
    }
}

static void what_fits_arrives(void **state)
{
    uint64_t dropped;

    any_seed(9);
    for (unsigned round = 0; round < 1000; round += ONE_IN) {
        unsigned n = 2 + any(RECORDS_MAX - 1);

        set_up(state);
        receiver.longest = 127 + any(500);
        take(n, 125);
        assert_int_equal(send_parts(&dropped), 0);
        assert_int_equal(dropped, 0);
        assert_good_arrived(n);
        assert_all_differ();
    }
}

static void a_receiver_that_refuses_everything_gets_few_requests(void **state)
{
    uint64_t dropped;

    (void)state;
    memset(receiver.bad, true, sizeof receiver.bad);
    take(RECORDS_MAX, 0);
    assert_int_equal(send_parts(&dropped), -EBADMSG);
    assert_int_equal(receiver.n, 5 + REFUSED_MAX); /* of 50, 25, 12, 6 and 3 records, and of single ones */
    assert_all_differ();
}

static void few_records_can_all_be_refused(void **state)
{
    uint64_t dropped;

    (void)state;
    memset(receiver.bad, true, sizeof receiver.bad);
    take(2, 0);
    assert_int_equal(send_parts(&dropped), -EBADMSG);
    assert_int_equal(receiver.n, 2);
}

static void another_failure_ends_it(void **state)
{
    uint64_t dropped;

    (void)state;
    receiver.bad[3] = true;
    receiver.fails_at = 6;
    take(RECORDS_MAX, 0);
    assert_int_equal(send_parts(&dropped), -EBUSY);
    assert_int_equal(receiver.n, 6);
}

static void a_connection_that_cannot_be_opened_again_ends_it(void **state)
{
    uint64_t dropped;

    (void)state;
    receiver.bad[3] = receiver.closes = true;
    receiver.opens_fail = 1;
    take(RECORDS_MAX, 0);
    assert_int_equal(send_parts(&dropped), -ENOTCONN);
    assert_int_equal(receiver.n, 1);
}

static void points_rejected_in_parts_count_as_records(void **state)
{
    uint64_t dropped;

    (void)state;
    receiver.bad[0] = true;
    receiver.rejects = 3;
    take(3, 0);
    assert_int_equal(send_parts(&dropped), 0);
    assert_int_equal(receiver.n, 3); /* 0; 1; 2 */
    assert_int_equal(dropped, 3);    /* of a part of one record, no more than one */
    assert_int_equal(output.link->rejected, 0);
}

static void only_a_refused_chunk_of_several_records_goes_in_parts(void **state)
{
    (void)state;
    take(2, 0);
    assert_true(parts_help(&output, -EBADMSG));
    assert_true(parts_help(&output, -E2BIG));
    assert_false(parts_help(&output, 0));
    assert_false(parts_help(&output, -EBUSY));
    output.chunks = 2;
    assert_false(parts_help(&output, -EBADMSG));
    take(1, 0);
    assert_false(parts_help(&output, -EBADMSG));
    take(2, 0);
    endpoint.format = &encoder_prometheus;
    assert_false(parts_help(&output, -EBADMSG));
    endpoint.format = &encoder_influx;
    assert_false(parts_help(&output, -EBADMSG));
    endpoint.format = &encoder_otlp;
    output.given_up = GIVEN_UP_MAX;
    assert_false(parts_help(&output, -EBADMSG));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_bad_record_costs_few_requests, set_up),
        cmocka_unit_test_setup(any_records_can_be_bad, set_up),
        cmocka_unit_test_setup(what_fits_arrives, set_up),
        cmocka_unit_test_setup(a_receiver_that_refuses_everything_gets_few_requests, set_up),
        cmocka_unit_test_setup(few_records_can_all_be_refused, set_up),
        cmocka_unit_test_setup(another_failure_ends_it, set_up),
        cmocka_unit_test_setup(a_connection_that_cannot_be_opened_again_ends_it, set_up),
        cmocka_unit_test_setup(points_rejected_in_parts_count_as_records, set_up),
        cmocka_unit_test_setup(only_a_refused_chunk_of_several_records_goes_in_parts, set_up),
    };

    platform_init();
    log_set_level(LOG_ERROR);
    return cmocka_run_group_tests_name("parts", tests, make_output, free_output);
}
