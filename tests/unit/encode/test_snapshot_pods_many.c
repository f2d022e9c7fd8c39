/* Snapshots of many pods: in pieces, and how large they can be. */
#include <stdio.h>
#include <string.h>

#include "unit/encode/pods_helper.h"
#include "unit/helper.h"

/* --- pieces --------------------------------------------------------------------------- */

static struct pieces {
    struct sink sink;
    unsigned n, increments;
    size_t longest; /* bytes of a piece */
    uint8_t seen[ADDED_PODS(PODS_PLACES)];
} pieces;

/* Counts the increments of a piece, and checks each with its line. */
static void check_piece(struct sink *sink)
{
    const char *line = pods_text + sink->gauges;

    pods_text[sink->out->len] = '\0';
    pieces.longest = sink->out->len > pieces.longest ? sink->out->len : pieces.longest;
    for (unsigned i = 0; i < sink->n_increments; i++, line = strchr(line, '\n') + 1) {
        uint32_t index = (uint32_t)sink->increment[i].id;
        unsigned n = 0;
        char type = 0;

        assert_int_equal(sscanf(strchr(line, ':'), ":%u|%c", &n, &type), 2);
        if (type == 'g') {
            assert_true(sink->increment[i].id == ADDED_NONE && sink->increment[i].n == 0);
            continue;
        }
        assert_in_range(index, ADDED, COUNT_OF(pods_added) - 1);
        assert_true(sink->increment[i].id >> 32 == pods_generation[index] && n == pods_added[index] &&
                    sink->increment[i].n == n);
        pieces.seen[index]++;
        pieces.increments++;
    }
    pieces.n++;
    buf_cut(sink->out, 0);
    sink->lines = sink->n_increments = 0;
}

/* More than INCREMENTS_MAX increments, and much more than FLUSH_BYTES. */
static void many_series_come_in_pieces_with_each_increment_once(void **state)
{
    static const struct encoder *const format[] = {&encoder_dogstatsd, &encoder_datadog, &encoder_statsd};
    char name[16];
    struct scene c;

    (void)state;
    pods_set_up(&c, &pods_users);
    for (unsigned i = 0; i < PODS_PLACES; i++) {
        snprintf(name, sizeof name, "web-%u", i);
        pods_add(&c, "shop", name)->live = i % 5;
    }
    for (size_t f = 0; f < COUNT_OF(format); f++) {
        struct increment increment[INCREMENTS_MAX];
        struct buf out = {.data = pods_text, .cap = FLUSH_BYTES + VALUES_MAX * 200};

        memset(&pieces, 0, sizeof pieces);
        pieces.sink = (struct sink){.out = &out, .flush = check_piece, .line_max = 1000, .increment = increment};
        source_pods.put(&c.s, format[f], &pieces.sink);
        check_piece(&pieces.sink);
        assert_int_equal(pieces.sink.oversized, 0);
        assert_int_equal(pieces.increments, PODS_PLACES * 4 / 5 * POD_INCREASES);
        for (unsigned i = 0; i < PODS_PLACES; i++)
            for (unsigned k = 0; k < POD_INCREASES; k++)
                assert_int_equal(pieces.seen[ADDED_PODS(i) + k], i % 5 != 0);
        assert_in_range(pieces.n, pieces.increments / INCREMENTS_MAX, pieces.increments / 80);
        assert_in_range(pieces.longest, 1, FLUSH_BYTES + VALUES_MAX * 200);
    }
    pods_tear_down(&c);
}

/* --- the largest snapshot ------------------------------------------------------------- */

/* Fills the table with series that have the longest texts, and the numbers that are the longest in the format. */
static void fill(struct scene *c, uint64_t number)
{
    while (c->pods.n_series < c->pods.want.max) {
        struct pod_series *s = pods_add(c, "", "");

        for (unsigned i = 0; i < POD_NETNS; i++) {
            static const size_t room[POD_NETNS] = {POD_NAMESPACE_MAX, POD_NAME_MAX, POD_UID_MAX, POD_CONTAINER_MAX};

            if (c->pods.want.tags >> i & 1)
                memset((char *)pod_text(&s->text, i), i == POD_CONTAINER ? '=' : 'n', room[i] - 1);
        }
        memset(s->origin, 'f', sizeof s->origin - 1);
        memset(s->family, 0xff, sizeof s->family);
        s->time_wait = s->current = number;
        for (unsigned i = 0; i < POD_INCREASES; i++)
            s->total[i] = number;
        for (unsigned i = 0; i < 2; i++)
            s->family[i].tcp_inuse = s->family[i].accept_queue = number;
    }
}

static void the_largest_snapshot_is_predicted(void **state)
{
    static char longest[READER_NAME_MAX];

    (void)state;
    memset(longest, 'x', sizeof longest - 1);
    for (unsigned turn = 0; turn < 64; turn++) {
        struct scene c;

        pods_set_up(&c, &pods_users);
        c.pods.want.tags = turn % 16 ? turn % 16 : PODS_SPACE | PODS_NAME;
        c.pods.want.full = turn & 16;
        c.pods.want.max = turn & 32 ? 1 : 40;
        fill(&c, UINT64_MAX);
        c.pods.unseen = PODS_LEFT_OUT_MAX + c.pods.want.max;
        c.s.push_self = true;
        c.reading.name = longest;
        c.reading.report.sockets = UINT64_MAX;
        c.reading.report.queue_limits = true;
        memset(c.polls.tally.total, 0xff, sizeof c.polls.tally.total);
        memset(&c.s.self, 0xff, sizeof c.s.self);
        memset(pods_added, 0xff, sizeof pods_added);
        for (const struct encoder *const *e = encoders; *e; e++) {
            struct buf out = {.data = pods_text, .cap = sizeof pods_text};
            struct sink sink = {.out = &out, .line_max = 1432, .state = c.s.state};
            uint64_t oversized, max = snapshot_max(&c.s, *e, sink.line_max, &oversized);

            snapshot_encode(&c.s, *e, &sink);
            assert_int_equal(oversized, 0);
            assert_int_equal(sink.oversized, 0);
            assert_row(out.len <= max, (*e)->name);
        }
        pods_tear_down(&c);
    }
}

/* Some formats collect points. Those of the kernel precede the pods, and are none of theirs. */
static void what_precedes_the_pods_is_predicted_once(void **state)
{
    struct kernel_reading kernel = {.known = UINT32_MAX};

    (void)state;
    for (const struct encoder *const *e = encoders; *e; e++) {
        uint64_t without, with, oversized;
        struct scene c;

        pods_set_up(&c, &pods_users);
        without = snapshot_max(&c.s, *e, 16383, &oversized);
        c.s.kernel = &kernel;
        with = snapshot_max(&c.s, *e, 16383, &oversized);
        assert_row(with - without < KERNEL_COUNTERS * 200, (*e)->name);
        pods_tear_down(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_series_come_in_pieces_with_each_increment_once),
        cmocka_unit_test(the_largest_snapshot_is_predicted),
        cmocka_unit_test(what_precedes_the_pods_is_predicted_once),
    };

    return cmocka_run_group_tests_name("snapshot_pods_many", tests, NULL, NULL);
}
