#include <stdio.h>
#include <string.h>

#include "helper.h"
#include "outbox.h"

static void lines_are_packed_up_to_the_maximum_without_the_last_newline(void **state)
{
    static const struct {
        const char *lines;
        size_t max, packed;
        uint32_t n;
    } row[] = {
        {"", 10, 0, 0},
        {"aaaa\n", 3, 0, 0}, {"aaaa\n", 4, 5, 1}, {"aaaa\n", 5, 5, 1},
        {"aaaa\nbbbb\n", 8, 5, 1}, {"aaaa\nbbbb\n", 9, 10, 2}, {"aaaa\nbbbb\n", 10, 10, 2},
        {"aaaa\nbbbb\ncccc\n", 13, 10, 2}, {"aaaa\nbbbb\ncccc\n", 14, 15, 3},
        {"a\nbbbbbbbb\n", 4, 2, 1}, {"\n\n\n", 0, 1, 1}, {"\n\n\n", 1, 2, 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].lines);
        uint32_t n = 99;

        assert_row(pack_lines(flush_copy(row[i].lines, len), len, row[i].max, &n) == row[i].packed, row[i].lines);
        assert_row(n == row[i].n, row[i].lines);
    }
}

static void a_datagram_is_never_longer_than_the_mtu_and_never_needlessly_short(void **state)
{
    static char lines[40000], data[2000];

    (void)state;
    any_seed(8);
    for (int turn = 0; turn < 300; turn++) {
        static char ring[100000];
        struct outbox box = {.ring = ring, .cap = sizeof ring, .chunk_max = 512 + any(1000)};
        struct chunk chunk;
        size_t len = 0, at = 0;
        uint32_t index = 0;

        for (unsigned n = any(80); n; n--) {
            size_t line = any(3) ? any(100) : any((uint32_t)box.chunk_max + 1);

            if (len + line + 1 > sizeof lines)
                break;
            memset(lines + len, 'a' + (int)(n % 26), line);
            lines[len + line] = '\n';
            len += line + 1;
        }
        outbox_put(&box, 7, lines, len);
        while (outbox_take(&box, &chunk, data)) {
            const char *next = lines + at + chunk.len;
            size_t next_len = at + chunk.len < len ? (size_t)((const char *)memchr(next, '\n', len) - next) + 1 : 0;

            assert_true(chunk.len - 1 <= box.chunk_max);
            assert_int_equal(data[chunk.len - 1], '\n');
            assert_memory_equal(data, lines + at, chunk.len);
            assert_true(!next_len || chunk.len + next_len - 1 > box.chunk_max);
            assert_int_equal(chunk.index, index++);
            assert_int_equal(chunk.poll, 7);
            at += chunk.len;
            assert_true(at == len ? chunk.of == index : chunk.of > index);
        }
        assert_int_equal(at, len);
        assert_int_equal(box.lines + box.dropped_lines + box.used, 0);
    }
}

/* --- the plainest outbox ------------------------------------------------------------- */

#define MODEL_MAX 4096

struct model {
    struct {
        uint64_t poll;
        uint32_t len, lines;
        char first;
    } chunk[MODEL_MAX];
    size_t n, used;
    uint64_t lines, dropped;
};

static void model_drop_oldest(struct model *m)
{
    uint64_t poll = m->chunk[0].poll;
    size_t gone = 0;

    while (gone < m->n && m->chunk[gone].poll == poll) {
        m->used -= sizeof(struct chunk) + m->chunk[gone].len;
        m->lines -= m->chunk[gone].lines;
        m->dropped += m->chunk[gone++].lines;
    }
    m->n -= gone;
    memmove(m->chunk, m->chunk + gone, m->n * sizeof *m->chunk);
}

static void model_put(struct model *m, const struct outbox *box, uint64_t poll, const char *lines, size_t len)
{
    size_t need = 0, at = 0;
    uint32_t n;

    while (at < len) {
        size_t packed = pack_lines(lines + at, len - at, box->chunk_max, &n);

        need += sizeof(struct chunk) + packed;
        at += packed;
    }
    while (m->n && (box->newest_only || m->used + need > box->cap))
        model_drop_oldest(m);
    for (at = 0; at < len;) {
        size_t packed = pack_lines(lines + at, len - at, box->chunk_max, &n);

        if (need > box->cap) {
            m->dropped += n;
        } else {
            assert_true(m->n < MODEL_MAX);
            m->chunk[m->n].poll = poll;
            m->chunk[m->n].len = (uint32_t)packed;
            m->chunk[m->n].lines = n;
            m->chunk[m->n++].first = lines[at];
            m->lines += n;
            m->used += sizeof(struct chunk) + packed;
        }
        at += packed;
    }
}

static void take_one(struct outbox *box, struct model *m, char *data)
{
    struct chunk chunk;
    bool took = outbox_take(box, &chunk, data);

    assert_int_equal(took, m->n > 0);
    if (!took)
        return;
    assert_true(chunk.poll == m->chunk[0].poll && chunk.len == m->chunk[0].len && chunk.lines == m->chunk[0].lines);
    assert_int_equal(data[0], m->chunk[0].first);
    assert_int_equal(data[chunk.len - 1], '\n');
    m->used -= sizeof chunk + chunk.len;
    m->lines -= chunk.lines;
    memmove(m->chunk, m->chunk + 1, --m->n * sizeof *m->chunk);
}

static void any_puts_and_takes_do_what_the_plainest_outbox_does(void **state)
{
    static struct model model;
    static char lines[5000];

    (void)state;
    any_seed(9);
    for (int turn = 0; turn < 200; turn++) {
        size_t cap = 100 + any(3000);
        struct outbox box = {.ring = malloc(cap), .cap = cap, .chunk_max = 1 + any(60), .newest_only = turn % 4 == 0};
        char *data = malloc(box.chunk_max + 1);

        memset(&model, 0, sizeof model);
        for (uint64_t step = 0; step < 300; step++) {
            if (any(2)) {
                size_t len = 0;

                for (unsigned n = any(turn % 3 ? 12 : 60); n; n--) {
                    size_t line = any((uint32_t)box.chunk_max + 1);

                    memset(lines + len, (int)('a' + any(26)), line);
                    lines[len + line] = '\n';
                    len += line + 1;
                }
                outbox_put(&box, step, lines, len);
                model_put(&model, &box, step, lines, len);
            } else if (any(40)) {
                take_one(&box, &model, data);
            } else {
                outbox_clear(&box);
                while (model.n)
                    model_drop_oldest(&model);
            }
            assert_int_equal(box.lines, model.lines);
            assert_int_equal(box.dropped_lines, model.dropped);
            assert_int_equal(box.used, model.used);
        }
        while (model.n)
            take_one(&box, &model, data);
        take_one(&box, &model, data);
        free(box.ring);
        free(data);
    }
}

static void a_full_outbox_drops_the_oldest_snapshot_whole(void **state)
{
    static const char lines[] = "aaaaaaaa\nbbbbbbbb\ncccccccc\n"; /* three chunks */
    char data[16];
    struct chunk chunk;
    struct outbox box = {.chunk_max = 8, .cap = 2 * (3 * sizeof(struct chunk) + sizeof lines - 1)};

    (void)state;
    box.ring = malloc(box.cap);
    for (uint64_t poll = 1; poll <= 3; poll++)
        outbox_put(&box, poll, lines, sizeof lines - 1);
    assert_int_equal(box.dropped_lines, 3);
    assert_int_equal(box.lines, 6);
    outbox_take(&box, &chunk, data);
    assert_int_equal(chunk.poll, 2);
    outbox_put(&box, 4, lines, sizeof lines - 1); /* the rest of 2 is now in the way */
    assert_int_equal(box.dropped_lines, 5);
    outbox_take(&box, &chunk, data);
    assert_int_equal(chunk.poll, 3);
    assert_int_equal(chunk.index, 0);
    outbox_clear(&box);
    assert_int_equal(box.dropped_lines, 10);
    assert_false(outbox_take(&box, &chunk, data));
    free(box.ring);
}

static void datagrams_of_an_older_poll_are_not_sent_late(void **state)
{
    char ring[1000], data[16];
    struct chunk chunk;
    struct outbox box = {.ring = ring, .cap = sizeof ring, .chunk_max = 8, .newest_only = true};

    (void)state;
    outbox_put(&box, 1, "a\nbbbbbbbb\n", 11);
    outbox_take(&box, &chunk, data);
    outbox_put(&box, 2, "c\n", 2);
    assert_int_equal(box.dropped_lines, 1);
    assert_true(outbox_take(&box, &chunk, data));
    assert_int_equal(chunk.poll, 2);
    assert_false(outbox_take(&box, &chunk, data));
}

static void the_room_asked_for_n_snapshots_holds_n_snapshots(void **state)
{
    static char lines[20000];

    (void)state;
    any_seed(10);
    for (int turn = 0; turn < 2000; turn++) {
        size_t chunk_max = 1 + any(100), size = chunk_max + 1 + any(2000), n = 1 + any(4);
        struct outbox box = {.chunk_max = chunk_max, .cap = outbox_room(n, size, chunk_max)};

        box.ring = malloc(box.cap);
        for (uint64_t poll = 0; poll < n; poll++) {
            size_t len = 0;

            for (;;) {
                /* now and then just too long to be packed with the one before */
                size_t line = any(3) ? chunk_max / 2 + any(2) : any((uint32_t)chunk_max + 1);

                if (line > chunk_max || len + line + 1 > size)
                    break;
                memset(lines + len, 'x', line);
                lines[len + line] = '\n';
                len += line + 1;
            }
            outbox_put(&box, poll, lines, len);
        }
        assert_int_equal(box.dropped_lines, 0);
        free(box.ring);
    }
}

/* A page of the ring becomes resident when it is first written to. */
static void an_outbox_that_was_emptied_begins_at_the_front_again(void **state)
{
    char ring[1000], data[16], untouched[sizeof ring];
    const size_t first = sizeof(struct chunk) + 2;
    struct chunk chunk;
    struct outbox box = {.ring = ring, .cap = sizeof ring, .chunk_max = 8};

    (void)state;
    memset(ring, '#', sizeof ring);
    memset(untouched, '#', sizeof untouched);
    for (uint64_t poll = 1; poll <= 100; poll++) {
        outbox_put(&box, poll, "a\n", 2);
        if (poll % 2)
            assert_true(outbox_take(&box, &chunk, data));
        else
            outbox_clear(&box);
    }
    assert_memory_equal(ring + first, untouched, sizeof ring - first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_packed_up_to_the_maximum_without_the_last_newline),
        cmocka_unit_test(a_datagram_is_never_longer_than_the_mtu_and_never_needlessly_short),
        cmocka_unit_test(any_puts_and_takes_do_what_the_plainest_outbox_does),
        cmocka_unit_test(a_full_outbox_drops_the_oldest_snapshot_whole),
        cmocka_unit_test(datagrams_of_an_older_poll_are_not_sent_late),
        cmocka_unit_test(the_room_asked_for_n_snapshots_holds_n_snapshots),
        cmocka_unit_test(an_outbox_that_was_emptied_begins_at_the_front_again),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
