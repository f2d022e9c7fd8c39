/* Increments of thousands of counters, whose indexes are taken by other series, over connections that break. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output/outbox.h"
#include "unit/helper.h"

static void the_newer_generation_of_an_index_stays(void **state)
{
    const uint64_t old = 1ull << 32 | 3, new = 2ull << 32 | 3, newest = 0xffffffffull << 32 | 3;
    const struct {
        const char *what;
        struct increment put[3];
        uint64_t id, n; /* what is pending then */
    } row[] = {
        {"one", {{old, 5}}, old, 5},
        {"the same twice", {{old, 5}, {old, 6}}, old, 11},
        {"the newer comes after", {{old, 5}, {new, 6}}, new, 6},
        {"the newer comes before", {{new, 6}, {old, 5}}, new, 6},
        {"the older comes between", {{new, 6}, {old, 5}, {new, 1}}, new, 7},
        {"a newer one of nothing", {{old, 5}, {new, 0}}, new, 0},
        {"the first and the last", {{3, 5}, {newest, 6}, {new, 1}}, newest, 6},
        {"another index", {{2, 5}, {old, 6}, {4, 7}}, old, 6},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        struct increment pending[5] = {{0}};

        pending_add(pending, row[i].put, COUNT_OF(row[i].put));
        assert_row(pending[3].id == row[i].id && pending[3].n == row[i].n, row[i].what);
    }
}

static void only_the_present_generation_is_taken(void **state)
{
    static const uint32_t generation[] = {0, 0, 1, 2, 0};
    struct increment pending[] = {{0, 0}, {1, 5}, {1ull << 32 | 2, 6}, {1ull << 32 | 3, 7}, {4, 0}};
    uint64_t n[] = {0, 10, 20, 30, 40};
    struct added sum = {.n = n, .generation = generation, .count = 5};

    (void)state;
    assert_true(pending_take(pending, &sum));
    assert_int_equal(n[1], 15);
    assert_int_equal(n[2], 26);
    assert_int_equal(n[3], 30);
    assert_int_equal(n[4], 40);
    assert_false(pending_take(pending, &sum));
    pending_add(pending, &(struct increment){1ull << 32 | 3, 7}, 1);
    assert_false(pending_take(pending, &sum)); /* all of it is of an older series */
    assert_int_equal(n[3], 30);
}

static void doubts_go_round(void **state)
{
    static struct doubts d;
    struct increment pending[2] = {{0}};
    uint64_t end = 0, acked = 0;

    (void)state;
    any_seed(31);
    for (int turn = 0; turn < 10000 / ONE_IN; turn++) {
        if (d.n < UNDER_WAY_MAX && any(2)) {
            *doubts_add(&d, UINT64_MAX, end + 1, 1) = (struct increment){1, 1};
            doubts_sent(&d, UINT64_MAX, ++end);
            doubts_sent(&d, UINT64_MAX, end + 1); /* it was sent already */
        } else if (any(10)) {
            uint64_t lines = 0;

            for (unsigned n = any(4); n && acked < end; n--)
                lines += ++acked;
            assert_int_equal(doubts_deliver(&d, acked), lines);
        } else {
            uint64_t lines = d.lines;

            assert_int_equal(doubts_drop(&d, pending), lines);
            assert_int_equal(pending[1].n, end - acked);
            pending[1].n = 0;
            acked = end;
        }
        assert_int_equal(d.n, end - acked);
        assert_int_equal(d.lines, (end - acked) * (acked + 1 + end) / 2);
    }
}

/* --- thousands of counters -------------------------------------------------------------- */

#define COUNTERS  2700
#define CHUNK_MAX 1432

static struct walk {
    struct outbox box;
    struct increment pending[COUNTERS];
    uint64_t n[COUNTERS];
    uint32_t generation[COUNTERS];
    uint64_t logged[COUNTERS], received[COUNTERS]; /* of the present generation */
    char under_way[UNDER_WAY_MAX][CHUNK_MAX + 2];
    unsigned sent, arrived; /* chunks of this connection; the next one's place is sent % UNDER_WAY_MAX */
    uint64_t poll, lines;
} w;

/* Adds the counters of a piece to its text and increments, up to the end of the piece. Returns the next counter. */
static unsigned fill_piece(struct lines *piece, char *text, struct increment *increment, unsigned next)
{
    const struct added added = {.n = w.n, .generation = w.generation, .count = COUNTERS};
    unsigned room = 2 + any(INCREMENTS_MAX - 2), noted = 0;

    for (unsigned n = any(5); n; n--, piece->n++)
        piece->len += (size_t)sprintf(text + piece->len, "first\n");
    piece->gauges = piece->len;
    for (; next < COUNTERS && noted + 2 <= room; next++, piece->n++) {
        if (noted && !any(10)) {
            increment[noted++] = (struct increment){ADDED_NONE, 0};
            piece->len += (size_t)sprintf(text + piece->len, "gauge\n");
            piece->n++;
        }
        increment[noted++] = (struct increment){added_id(&added, next), w.n[next]};
        piece->len += (size_t)sprintf(text + piece->len, "%u/%u:%u\n", next, (unsigned)w.generation[next],
                                      (unsigned)w.n[next]);
    }
    piece->text = text;
    piece->increment = increment;
    return next;
}

static void put_poll(void)
{
    struct added added = {.n = w.n, .generation = w.generation, .count = COUNTERS};

    for (unsigned i = 1; i < COUNTERS; i++) {
        if (i >= ADDED && !any(200)) { /* another series takes the index */
            w.generation[i]++;
            w.logged[i] = w.received[i] = 0;
        }
        w.n[i] = any(3);
        w.logged[i] += w.n[i];
    }
    pending_take(w.pending, &added);
    outbox_begin(&w.box, ++w.poll, false);
    for (unsigned next = 1; next < COUNTERS;) {
        static char text[FLUSH_BYTES];
        struct increment increment[INCREMENTS_MAX];
        struct lines piece = {0};

        next = fill_piece(&piece, text, increment, next);
        outbox_add(&w.box, &piece);
        w.lines += piece.n;
    }
    outbox_end(&w.box);
}

static void send_chunks(unsigned n)
{
    struct chunk chunk;

    while (n-- && outbox_take(&w.box, &chunk, w.under_way[w.sent % UNDER_WAY_MAX], CHUNK_MAX + 1)) {
        w.under_way[w.sent % UNDER_WAY_MAX][chunk.len] = '\0';
        assert_true(chunk.increments == !strstr(w.under_way[w.sent % UNDER_WAY_MAX], "first"));
        outbox_sent(&w.box, ++w.sent);
    }
}

/* Counts what a chunk brings the receiver. */
static void receive(const char *text)
{
    for (; *text; text = strchr(text, '\n') + 1) {
        unsigned index, generation, n;

        if (sscanf(text, "%u/%u:%u", &index, &generation, &n) < 3)
            continue;
        assert_in_range(index, 1, COUNTERS - 1);
        assert_true(generation <= w.generation[index]);
        w.received[index] += generation == w.generation[index] ? n : 0;
    }
}

static void acknowledge(unsigned n)
{
    for (; n && w.arrived < w.sent; n--)
        receive(w.under_way[w.arrived++ % UNDER_WAY_MAX]);
    outbox_acked(&w.box, w.arrived, w.poll);
    if (any(2))
        outbox_forget(&w.box, w.poll - any(3), 0);
}

static void break_connection(void)
{
    if (any(4))
        outbox_rewind(&w.box);
    else
        outbox_clear(&w.box);
    w.sent = w.arrived = 0;
}

static void check(void)
{
    uint64_t left = w.box.lines + w.box.doubts.lines;
    bool settled = !w.box.lines && !w.box.doubts.lines;

    assert_int_equal(left + w.box.delivered_lines + w.box.dropped_lines, w.lines);
    for (unsigned i = 1; i < COUNTERS; i++) {
        bool present = w.pending[i].id >> 32 == w.generation[i];
        uint64_t known = w.received[i] + (present ? w.pending[i].n : 0);

        assert_true(settled ? known == w.logged[i] : known <= w.logged[i]);
    }
}

static void each_increment_of_thousands_arrives_once_or_is_pending(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 60 / ONE_IN; turn++) {
        size_t cap = 60000 + 40000 * (turn % 5); /* the first does not hold one */

        any_seed(turn);
        memset(&w, 0, sizeof w);
        w.box = (struct outbox){.record = record_line,
                                .ring.bytes = malloc(cap),
                                .ring.cap = cap,
                                .line_max = CHUNK_MAX,
                                .chunk_max = CHUNK_MAX,
                                .newest_only = turn % 3,
                                .apart = true,
                                .pending = w.pending};
        for (unsigned step = 0; step < 60; step++) {
            put_poll();
            for (unsigned n = any(12); n; n--) {
                send_chunks(any(20));
                acknowledge(any(20));
            }
            if (!any(4))
                break_connection();
            if (!any(5))
                check();
        }
        do {
            acknowledge(UNDER_WAY_MAX);
            send_chunks(UNDER_WAY_MAX);
        } while (w.sent > w.arrived || w.box.doubts.n);
        assert_int_equal(w.box.lines, 0);
        check();
        free(w.box.ring.bytes);
    }
}

static void the_room_asked_for_holds_a_snapshot_in_pieces(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 60 / ONE_IN; turn++) {
        size_t cap = outbox_room(1, 60 * COUNTERS, 100 + turn, 3 * COUNTERS);

        any_seed(100 + turn);
        memset(&w, 0, sizeof w);
        w.box = (struct outbox){.record = record_line,
                                .ring.bytes = malloc(cap),
                                .ring.cap = cap,
                                .chunk_max = 100 + turn,
                                .apart = true,
                                .pending = w.pending};
        put_poll();
        assert_int_equal(w.box.dropped_lines, 0);
        free(w.box.ring.bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newer_generation_of_an_index_stays),
        cmocka_unit_test(only_the_present_generation_is_taken),
        cmocka_unit_test(doubts_go_round),
        cmocka_unit_test(each_increment_of_thousands_arrives_once_or_is_pending),
        cmocka_unit_test(the_room_asked_for_holds_a_snapshot_in_pieces),
    };

    return cmocka_run_group_tests_name("increments", tests, NULL, NULL);
}
