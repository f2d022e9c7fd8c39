/* The choice of a backend, with fake backends that each test controls. */
#include <errno.h>
#include <string.h>

#include "count/reader.h"
#include "unit/helper.h"

#define SECOND 1000000000ull

struct backend_state {
    int open; /* number of calls */
};

/* A fake backend: its settings, and a record of what was done with it. */
static struct fake {
    int open_error, poll_error[PROTOCOL_COUNT];
    unsigned rows; /* rows emitted before the poll ends, well or not */
    unsigned opened, closed, polled[PROTOCOL_COUNT];
    int listeners_error;
    struct backend_state state;
} fake[3];

static int open_fake(int i, struct backend_state **state)
{
    if (fake[i].open_error)
        return fake[i].open_error;
    assert_int_equal(fake[i].state.open, 0);
    fake[i].state.open = 1;
    fake[i].opened++;
    *state = &fake[i].state;
    return 0;
}

static uint64_t weight = 1; /* of each row */

static int poll_fake(int i, enum protocol p, sock_fn *emit, void *ctx, struct poll_report *report)
{
    const struct sock s = {.protocol = (uint8_t)p, .inode = (uint32_t)i};

    assert_int_equal(fake[i].state.open, 1);
    fake[i].polled[p]++;
    report->ipv6 = true;
    report->partial += fake[i].poll_error[p] != 0;
    for (unsigned n = 0; n < fake[i].rows; n++)
        emit(ctx, &s, weight);
    return fake[i].poll_error[p];
}

static int listeners_fake(struct backend_state *state, sock_fn *emit, void *ctx)
{
    struct sock s = {.protocol = PROTOCOL_TCP};

    while (state != &fake[s.inode].state)
        s.inode++;
    assert_int_equal(state->open, 1);
    emit(ctx, &s, weight);
    return fake[s.inode].listeners_error;
}

#define FAKE(i, title)                                                                          \
    static int open_##i(struct backend_state **state, const struct backend_want *want)          \
    {                                                                                           \
        (void)want;                                                                             \
        return open_fake(i, state);                                                             \
    }                                                                                           \
    static int poll_##i(struct backend_state *state, enum protocol p, sock_fn *emit, void *ctx, \
                        struct poll_report *report)                                             \
    {                                                                                           \
        assert_ptr_equal(state, &fake[i].state);                                                \
        return poll_fake(i, p, emit, ctx, report);                                              \
    }                                                                                           \
    static void close_##i(struct backend_state *state)                                          \
    {                                                                                           \
        assert_int_equal(state->open, 1);                                                       \
        state->open = 0;                                                                        \
        fake[i].closed++;                                                                       \
    }                                                                                           \
    static const struct backend backend_##i = {.name = title,                                   \
                                               .open = open_##i,                                \
                                               .poll = poll_##i,                                \
                                               .listeners = i == 1 ? NULL : listeners_fake,     \
                                               .close = close_##i};

FAKE(0, "first")
FAKE(1, "second")
FAKE(2, "third")

static const struct backend *const two[] = {&backend_0, &backend_1, NULL}, *const three[] = {&backend_0, &backend_1,
                                                                                             &backend_2, NULL};

/* Rows that count, by protocol and backend. */
static unsigned rows[PROTOCOL_COUNT][3];

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    assert_ptr_equal(ctx, rows);
    rows[s->protocol][s->inode] += (unsigned)n;
}

static void take_back(void *ctx, enum protocol p)
{
    assert_ptr_equal(ctx, rows);
    memset(rows[p], 0, sizeof rows[p]);
}

static struct reader reader;
static struct reading reading;

static void start(const struct backend *const *list, const char *only)
{
    static const struct backend_want want = {.proc = "/proc"};

    memset(fake, 0, sizeof fake);
    for (int i = 0; i < 3; i++)
        fake[i].rows = 5;
    reader_init(&reader, list, only, &want);
}

static void poll_at(uint64_t seconds)
{
    memset(rows, 0, sizeof rows);
    reader_poll(&reader, seconds * SECOND, take, take_back, rows, &reading);
}

static void the_best_backend_reads_both_protocols_and_stays_open(void **state)
{
    char why[READER_WHY_MAX];

    (void)state;
    start(two, NULL);
    for (uint64_t t = 0; t < 5; t++) {
        poll_at(t);
        assert_true(reading.read[PROTOCOL_TCP] && reading.read[PROTOCOL_UDP]);
        assert_string_equal(reading.name, "first");
        assert_int_equal(reading.changed, t == 0);
        assert_int_equal(reading.report.sockets, 10);
    }
    assert_int_equal(fake[0].opened, 1);
    assert_int_equal(fake[1].opened, 0);
    assert_string_equal(reader_why(&reader, why), "");
}

static void rows_are_counted_by_their_weight(void **state)
{
    (void)state;
    start(two, NULL);
    weight = 7;
    poll_at(0);
    weight = 1;
    assert_int_equal(reading.report.sockets, 70);
}

static void a_backend_that_cannot_be_opened_is_passed_over(void **state)
{
    char why[READER_WHY_MAX];

    (void)state;
    start(two, NULL);
    fake[0].open_error = -EACCES;
    poll_at(0);
    assert_true(reading.read[PROTOCOL_TCP] && reading.read[PROTOCOL_UDP]);
    assert_string_equal(reading.name, "second");
    assert_string_equal(reader_why(&reader, why), "first: Permission denied");
}

static void a_failure_midway_is_taken_back_and_the_next_reads_in_the_same_poll(void **state)
{
    char why[READER_WHY_MAX];

    (void)state;
    start(two, NULL);
    poll_at(0);
    fake[0].poll_error[PROTOCOL_TCP] = -ENOENT;
    poll_at(10);
    assert_true(reading.read[PROTOCOL_TCP] && reading.read[PROTOCOL_UDP]);
    assert_int_equal(rows[PROTOCOL_TCP][0], 0);
    assert_int_equal(rows[PROTOCOL_TCP][1], 5);
    assert_int_equal(rows[PROTOCOL_UDP][0], 5); /* UDP keeps working */
    assert_int_equal(rows[PROTOCOL_UDP][1], 0);
    assert_int_equal(reading.report.sockets, 10);
    assert_int_equal(reading.report.partial, 0); /* reports of the failed backend are dropped */
    assert_string_equal(reading.name, "second+first");
    assert_true(reading.changed);
    assert_string_equal(reader_why(&reader, why), "first tcp: No such file or directory");
    poll_at(20);
    assert_false(reading.changed);
    assert_int_equal(fake[0].polled[PROTOCOL_TCP], 2);
}

static void a_failed_backend_is_tried_again_every_minute(void **state)
{
    (void)state;
    start(two, NULL);
    fake[0].poll_error[PROTOCOL_UDP] = -EIO;
    for (uint64_t t = 0; t < 240; t++) {
        poll_at(t);
        assert_string_equal(reading.name, "first+second");
    }
    assert_int_equal(fake[0].polled[PROTOCOL_UDP], 4);
    assert_int_equal(fake[0].polled[PROTOCOL_TCP], 240);
    fake[0].poll_error[PROTOCOL_UDP] = 0;
    poll_at(299);
    assert_string_equal(reading.name, "first"); /* the last try was at 180 */
    assert_true(reading.changed);
    poll_at(300);
    assert_false(reading.changed);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fake[i].opened, fake[i].closed + (unsigned)fake[i].state.open);
}

static void a_backend_that_cannot_be_opened_is_tried_again_every_minute(void **state)
{
    (void)state;
    start(two, NULL);
    fake[0].open_error = -EAFNOSUPPORT;
    poll_at(100);
    poll_at(159);
    assert_string_equal(reading.name, "second");
    fake[0].open_error = 0;
    poll_at(159);
    assert_string_equal(reading.name, "second");
    poll_at(160);
    assert_string_equal(reading.name, "first");
}

static void where_all_fail_nothing_is_read_and_the_last_is_tried_at_every_poll(void **state)
{
    char why[READER_WHY_MAX];

    (void)state;
    start(three, NULL);
    for (int i = 0; i < 3; i++)
        fake[i].poll_error[PROTOCOL_TCP] = fake[i].poll_error[PROTOCOL_UDP] = -ENOENT;
    for (uint64_t t = 0; t < 10; t++) {
        poll_at(t);
        assert_false(reading.read[PROTOCOL_TCP] || reading.read[PROTOCOL_UDP]);
        assert_string_equal(reading.name, "none");
        assert_int_equal(reading.report.sockets, 0);
        for (int i = 0; i < 3; i++)
            assert_int_equal(rows[PROTOCOL_TCP][i] + rows[PROTOCOL_UDP][i], 0);
    }
    assert_int_equal(fake[0].polled[PROTOCOL_TCP], 1);
    assert_int_equal(fake[2].polled[PROTOCOL_TCP], 10);
    assert_string_equal(reader_why(&reader, why),
                        "first: No such file or directory; second: No such file or directory; "
                        "third: No such file or directory");
    fake[2].poll_error[PROTOCOL_UDP] = 0;
    poll_at(10);
    assert_true(reading.read[PROTOCOL_UDP] && !reading.read[PROTOCOL_TCP]);
    assert_string_equal(reading.name, "third");
    assert_true(reading.changed);
    fake[2].poll_error[PROTOCOL_UDP] = -EIO;
    poll_at(11);
    assert_true(reading.changed);
    assert_string_equal(reading.name, "none");
}

static void a_forced_backend_has_no_other_after_it(void **state)
{
    (void)state;
    start(three, "second");
    fake[1].poll_error[PROTOCOL_TCP] = -ENOENT;
    poll_at(0);
    assert_false(reading.read[PROTOCOL_TCP]);
    assert_true(reading.read[PROTOCOL_UDP]);
    assert_string_equal(reading.name, "second");
    assert_int_equal(fake[0].opened + fake[2].opened, 0);
}

static void listeners_are_read_by_the_backend_that_tcp_is_read_by(void **state)
{
    (void)state;
    start(three, NULL);
    assert_false(reader_samples(&reader));
    fake[0].poll_error[PROTOCOL_UDP] = -EPERM; /* which closes it */
    poll_at(0);
    assert_false(reader_samples(&reader));
    fake[0].poll_error[PROTOCOL_UDP] = 0;
    poll_at(60);
    assert_true(reader_samples(&reader));
    memset(rows, 0, sizeof rows);
    assert_int_equal(reader_listeners(&reader, take, rows), 0);
    assert_int_equal(rows[PROTOCOL_TCP][0], 1);
    fake[0].listeners_error = -ENOBUFS;
    assert_int_equal(reader_listeners(&reader, take, rows), -ENOBUFS);
    assert_false(reader_samples(&reader)); /* its dump may still be under way */
    assert_int_equal(fake[0].closed, 2);
    poll_at(61);
    assert_true(reader_samples(&reader));
    fake[0].poll_error[PROTOCOL_TCP] = -EPERM;
    poll_at(70);
    assert_false(reader_samples(&reader)); /* the second cannot */
    fake[1].poll_error[PROTOCOL_TCP] = -EPERM;
    poll_at(80);
    memset(rows, 0, sizeof rows);
    assert_true(reader_samples(&reader));
    reader_listeners(&reader, take, rows);
    assert_int_equal(rows[PROTOCOL_TCP][2], 1);
    fake[2].poll_error[PROTOCOL_TCP] = -EPERM;
    poll_at(90);
    assert_false(reader_samples(&reader));
}

static void two_reasons_of_one_backend_are_both_logged(void **state)
{
    char why[READER_WHY_MAX];

    (void)state;
    start(two, NULL);
    fake[0].poll_error[PROTOCOL_TCP] = -EPERM;
    fake[0].poll_error[PROTOCOL_UDP] = -ENOENT;
    poll_at(0);
    assert_string_equal(reader_why(&reader, why),
                        "first tcp: Operation not permitted; first udp: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_backend_reads_both_protocols_and_stays_open),
        cmocka_unit_test(rows_are_counted_by_their_weight),
        cmocka_unit_test(a_backend_that_cannot_be_opened_is_passed_over),
        cmocka_unit_test(a_failure_midway_is_taken_back_and_the_next_reads_in_the_same_poll),
        cmocka_unit_test(a_failed_backend_is_tried_again_every_minute),
        cmocka_unit_test(a_backend_that_cannot_be_opened_is_tried_again_every_minute),
        cmocka_unit_test(where_all_fail_nothing_is_read_and_the_last_is_tried_at_every_poll),
        cmocka_unit_test(a_forced_backend_has_no_other_after_it),
        cmocka_unit_test(listeners_are_read_by_the_backend_that_tcp_is_read_by),
        cmocka_unit_test(two_reasons_of_one_backend_are_both_logged),
    };

    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
