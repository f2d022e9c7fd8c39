#include <stdio.h>
#include <string.h>

#include "output/outbox.h"
#include "unit/helper.h"

/* Puts a snapshot in pieces, cut after some of its gauges by chance. */
static void put_lines(struct outbox *box, uint64_t poll, const struct lines *lines, bool adds)
{
    struct lines piece = *lines, first;

    outbox_begin(box, poll, adds);
    for (size_t at = 0; at < piece.gauges && at < piece.len;) {
        at += strcspn(piece.text + at, "\n") + 1;
        if (at > piece.gauges || any(4))
            continue;
        first = (struct lines){.text = piece.text, .len = at, .gauges = at};
        outbox_add(box, &first);
        piece.text += at;
        piece.len -= at;
        piece.gauges -= at;
        at = 0;
    }
    outbox_add(box, &piece);
    outbox_end(box);
}

/* Puts lines that are gauges only. */
static void put(struct outbox *box, uint64_t poll, const char *text, size_t len)
{
    const struct lines lines = {.text = text, .len = len, .gauges = len};

    put_lines(box, poll, &lines, false);
}

/* Delivers the chunk in hand, over a kernel that reports no acknowledgements. */
static void deliver(struct outbox *box)
{
    outbox_sent(box, 1);
    outbox_acked(box, UINT64_MAX, 0);
    outbox_forget(box, UINT64_MAX, 0);
}

static void lines_are_packed_up_to_the_maximum_without_the_last_newline(void **state)
{
    static const struct {
        const char *lines;
        size_t max, packed;
        uint32_t n;
    } row[] = {
        {"", 10, 0, 0},
        {"aaaa\n", 3, 5, 1},
        {"aaaa\n", 4, 5, 1},
        {"aaaa\n", 5, 5, 1},
        {"aaaa\nbbbb\n", 8, 5, 1},
        {"aaaa\nbbbb\n", 9, 10, 2},
        {"aaaa\nbbbb\n", 10, 10, 2},
        {"aaaa\nbbbb\ncccc\n", 13, 10, 2},
        {"aaaa\nbbbb\ncccc\n", 14, 15, 3},
        {"a\nbbbbbbbb\n", 4, 2, 1},
        {"\n\n\n", 0, 1, 1},
        {"\n\n\n", 1, 2, 2},
        {"aaaa\nb\n", 3, 5, 1},
        {"a\nbbbb\nc\n", 3, 2, 1}, /* the long line is alone */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].lines);
        uint32_t n = 99;

        assert_row(record_pack(record_line, flush_copy(row[i].lines, len), len, row[i].max, &n) == row[i].packed,
                   row[i].lines);
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
        struct outbox box = {
            .record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 512 + any(1000)};
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
        put(&box, 7, lines, len);
        while (outbox_take(&box, &chunk, data, SIZE_MAX)) {
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
            deliver(&box);
        }
        assert_int_equal(at, len);
        assert_int_equal(box.lines + box.dropped_lines + box.ring.used, 0);
    }
}

/* --- the plainest outbox ------------------------------------------------------------- */

#define MODEL_MAX 256
#define LINE_MAX  100
#define LINES_MAX 60 /* of a snapshot */

enum state { WAITING, UNDER_WAY, KEPT };

struct item {
    uint64_t poll, end, acked_ns, passed;
    size_t len;
    uint32_t lines, index, of;
    enum state state;
    unsigned copies, strikes;
    bool packet, increments, counted, done, alone, suspected;
    size_t n_increments;
    struct increment increment[LINES_MAX]; /* of its lines */
    char text[LINE_MAX + 1];
};

struct lost {
    uint64_t end, lines;
    size_t n;
    struct increment increment[LINES_MAX];
};

struct model {
    struct item item[MODEL_MAX];
    struct item queue[MODEL_MAX]; /* packets before the outbox, oldest first */
    size_t n_queued, queue_used;
    uint64_t queue_dropped, packets;
    size_t n, used, put_size;
    struct item *in_hand;
    bool newest_only, apart, lonely, mixed, troubled;
    uint64_t newest_poll, put, lines, delivered, dropped;
    uint64_t pending[ADDED];
    uint64_t generation[ADDED];
    struct lost doubt[UNDER_WAY_MAX];
    unsigned n_doubts;
};

static void model_add(struct model *m, size_t n, const struct increment *increment)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t index = increment[i].id & UINT32_MAX, generation = increment[i].id >> 32;

        if (generation > m->generation[index])
            m->pending[index] = 0;
        if (generation >= m->generation[index]) {
            m->pending[index] += increment[i].n;
            m->generation[index] = generation;
        }
    }
}

static size_t room_of(const struct item *item)
{
    return sizeof(struct chunk) + item->len +
           (item->increments && !item->packet ? item->lines * sizeof(struct increment) : 0);
}

static void model_doubt(struct model *m, const struct item *item)
{
    assert_true(m->n_doubts < UNDER_WAY_MAX);
    m->doubt[m->n_doubts] = (struct lost){.end = item->end, .lines = item->lines, .n = item->n_increments};
    memcpy(m->doubt[m->n_doubts++].increment, item->increment, sizeof item->increment);
}

static uint64_t model_doubtful(const struct model *m)
{
    uint64_t lines = 0;

    for (unsigned i = 0; i < m->n_doubts; i++)
        lines += m->doubt[i].lines;
    return lines;
}

static void model_remove(struct model *m, size_t at)
{
    struct item *item = &m->item[at];

    if (item->state != KEPT && !item->counted) {
        m->lines -= item->lines;
        if (item->state == WAITING) {
            m->dropped += item->lines;
            model_add(m, item->n_increments, item->increment);
        } else {
            model_doubt(m, item);
        }
    }
    m->used -= room_of(item);
    if (m->in_hand == item)
        m->in_hand = NULL;
    else if (m->in_hand > item)
        m->in_hand--;
    memmove(item, item + 1, (--m->n - at) * sizeof *item);
}

static void model_drop_waiting(struct model *m)
{
    for (size_t i = m->n; i-- > 0;)
        if (m->item[i].state == WAITING && (m->item[i].done || !m->item[i].packet))
            model_remove(m, i);
}

static void model_drop_oldest(struct model *m)
{
    uint64_t poll = m->item[0].poll;

    while (m->n && m->item[0].poll == poll)
        model_remove(m, 0);
}

/* Chunks that were dropped while under way count as not arrived. */
static void model_lose_doubt(struct model *m)
{
    m->dropped += model_doubtful(m);
    for (unsigned i = 0; i < m->n_doubts; i++)
        model_add(m, m->doubt[i].n, m->doubt[i].increment);
    m->n_doubts = 0;
    memset(m->doubt, 0, sizeof m->doubt);
}

static size_t model_cut(const struct model *m, const struct outbox *box, uint64_t poll, const struct lines *lines,
                        struct item *cut)
{
    size_t n = 0, line = 0, end = m->apart ? lines->gauges : lines->len;

    for (size_t at = 0; at < lines->len; at += cut[n++].len) {
        struct item *item = &cut[n];

        assert_true(n < MODEL_MAX);
        if (at == end)
            end = lines->len;
        memset(item, 0, sizeof *item);
        item->len = record_pack(record_line, lines->text + at, end - at, box->chunk_max, &item->lines);
        item->poll = poll;
        item->index = (uint32_t)n;
        item->increments = m->apart && at >= lines->gauges;
        for (uint32_t i = 0; item->increments && i < item->lines; i++, line++)
            item->increment[item->n_increments++] = lines->increment[line];
        memcpy(item->text, lines->text + at, item->len);
    }
    for (size_t i = 0; i < n; i++)
        cut[i].of = (uint32_t)n;
    return n;
}

static void model_put(struct model *m, const struct outbox *box, uint64_t poll, const struct lines *lines, bool adds)
{
    static struct item cut[MODEL_MAX];
    size_t n = model_cut(m, box, poll, lines, cut), need = 0;

    m->put += lines->n;
    for (size_t i = 0; i < n; i++)
        need += room_of(&cut[i]);
    m->put_size = need <= box->ring.cap ? need : 0;
    if (m->newest_only && !adds)
        model_drop_waiting(m);
    while (m->n && m->used + need > box->ring.cap)
        model_drop_oldest(m);
    if (need > box->ring.cap) {
        m->dropped += lines->n;
        for (size_t i = 0; i < n; i++)
            model_add(m, cut[i].n_increments, cut[i].increment);
        return;
    }
    assert_true(m->n + n <= MODEL_MAX);
    memcpy(m->item + m->n, cut, n * sizeof *cut);
    m->n += n;
    m->used += need;
    m->lines += lines->n;
    m->newest_poll = n && !adds ? poll : m->newest_poll;
}

/* Returns the number of chunks that may still be on their way. */
static unsigned model_others(const struct model *m)
{
    unsigned others = m->n_doubts;

    for (size_t i = 0; i < m->n; i++)
        others += m->item[i].state == UNDER_WAY && m->item[i].end;
    return others;
}

static bool model_alone(const struct model *m, const struct item *item)
{
    return item->alone || item->passed || (item->suspected && m->troubled);
}

/* Returns the next item to send, after those that are done. */
static struct item *model_next(struct model *m)
{
    unsigned others = model_others(m);

    for (size_t i = 0; i < m->n; i++) {
        struct item *item = &m->item[i];

        if (item->state != WAITING)
            continue;
        if (!item->done)
            return others >= UNDER_WAY_MAX || (others && (model_alone(m, item) || m->lonely)) ? NULL : item;
        item->state = UNDER_WAY;
        item->end = 0;
    }
    return NULL;
}

static struct item *model_take(struct model *m)
{
    struct item *item = model_next(m);

    if (!item)
        return NULL;
    item->state = UNDER_WAY;
    item->end = UINT64_MAX;
    item->copies++;
    m->lonely = model_alone(m, item);
    return item;
}

static void model_sent(struct model *m, uint64_t end)
{
    if (m->in_hand)
        m->in_hand->end = end;
    for (unsigned i = 0; i < m->n_doubts; i++)
        if (m->doubt[i].end == UINT64_MAX)
            m->doubt[i].end = end;
    m->in_hand = NULL;
}

static void model_acked(struct model *m, uint64_t end, uint64_t now)
{
    for (size_t i = 0; i < m->n && m->item[i].state != WAITING; i++) {
        struct item *item = &m->item[i];

        if (item->state == KEPT)
            continue;
        if (item->end > end)
            break;
        item->state = KEPT;
        if (!item->counted) {
            m->lines -= item->lines;
            m->delivered += item->lines;
            m->troubled = false;
            item->acked_ns = now;
        }
        item->counted = true;
        item->done |= item->increments;
    }
    while (m->n_doubts && m->doubt[0].end <= end) {
        m->delivered += m->doubt[0].lines;
        memmove(m->doubt, m->doubt + 1, sizeof m->doubt - sizeof *m->doubt);
        memset(&m->doubt[--m->n_doubts], 0, sizeof *m->doubt);
    }
}

static void model_forget(struct model *m, uint64_t before, unsigned copies)
{
    bool under_way = false;

    for (size_t i = 0; i < m->n; i++)
        under_way |= m->item[i].state == UNDER_WAY;
    for (size_t i = 0; m->mixed && i < m->n; i++)
        if (m->item[i].state != UNDER_WAY)
            m->item[i].done |= m->item[i].counted && m->item[i].acked_ns <= before && m->item[i].copies >= copies;
    while (m->n && (m->item[0].state == KEPT || (m->item[0].counted && !under_way)) &&
           (m->item[0].done || (m->item[0].acked_ns <= before && m->item[0].copies >= copies)))
        model_remove(m, 0);
    m->mixed &= m->n > 0;
}

static void model_rewind(struct model *m)
{
    model_lose_doubt(m);
    for (size_t i = 0; i < m->n; i++)
        m->item[i].state = WAITING;
    for (size_t i = m->n; m->newest_only && i-- > 0;)
        if (m->item[i].done || (!m->item[i].packet && m->item[i].poll < m->newest_poll))
            model_remove(m, i);
    m->in_hand = NULL;
}

static void model_drop(struct model *m, struct item *item)
{
    if (!item->counted) {
        m->lines -= item->lines;
        m->dropped += item->lines;
        model_add(m, item->n_increments, item->increment);
    }
    item->counted = item->done = true;
}

/* Refuses the chunks under way: a single one is dropped, each of several is sent alone. Pending ones stay. */
static bool model_refuse(struct model *m)
{
    bool single = model_others(m) == 1;

    for (size_t i = 0; i < m->n; i++) {
        if (m->item[i].state != UNDER_WAY)
            continue;
        m->item[i].alone = true;
        if (m->item[i].end && single)
            model_drop(m, &m->item[i]);
    }
    model_rewind(m);
    model_next(m);
    model_acked(m, 0, 0);
    model_forget(m, 0, 0);
    return single;
}

static bool model_suspect(struct model *m, size_t i)
{
    struct item item = m->item[i];

    item.strikes += item.passed && m->delivered >= item.passed;
    if (item.strikes >= 6) {
        model_drop(m, &m->item[i]);
        return true;
    }
    item.passed = m->delivered + 1;
    item.state = WAITING;
    memmove(&m->item[i], &m->item[i + 1], (m->n - 1 - i) * sizeof item);
    m->item[m->n - 1] = item;
    m->mixed = true;
    return false;
}

static bool model_strike(struct model *m)
{
    bool single = model_others(m) == 1;

    m->troubled |= model_others(m) > m->n_doubts;
    for (size_t i = 0; i < m->n; i++) {
        struct item *item = &m->item[i];

        if (item->state != UNDER_WAY || !item->end)
            continue;
        if (single && item->suspected)
            return model_suspect(m, i);
        item->strikes += item->strikes < 3;
        item->suspected |= item->strikes >= 3;
    }
    return false;
}

static void model_clear(struct model *m)
{
    model_lose_doubt(m);
    model_drop_waiting(m);
    for (size_t i = m->n; i-- > 0;)
        if (m->item[i].state == UNDER_WAY) {
            m->item[i].state = WAITING;
            model_remove(m, i);
        }
}

static void model_unqueue(struct model *m)
{
    m->queue_used -= sizeof(struct packet) + m->queue[0].len;
    memmove(m->queue, m->queue + 1, --m->n_queued * sizeof *m->queue);
}

static void model_queue(struct model *m, const struct packets *queue, const struct item *packet)
{
    size_t need = sizeof(struct packet) + packet->len;

    if (packet->len > queue->len_max) {
        m->queue_dropped += packet->lines;
        return;
    }
    while (m->queue_used + need > queue->ring.cap) {
        m->queue_dropped += m->queue[0].lines;
        model_unqueue(m);
    }
    assert_true(m->n_queued < MODEL_MAX);
    m->queue[m->n_queued++] = *packet;
    m->queue_used += need;
}

/* Moves the oldest packet into the outbox, as long as few chunks wait and the next snapshot fits. */
static void model_move(struct model *m, size_t cap, bool first)
{
    struct item *packet = m->queue;
    unsigned waiting = 0;
    size_t reserved = first ? 0 : m->put_size, at;

    for (size_t i = 0; i < m->n; i++)
        waiting += m->item[i].state == WAITING;
    if (!m->n_queued || (!first && waiting >= 32))
        return;
    while (m->n && m->item[0].state == KEPT && m->used + room_of(packet) + reserved > cap)
        model_remove(m, 0);
    if (m->used + room_of(packet) + reserved > cap)
        return;
    packet->poll = UINT64_MAX - m->packets++;
    assert_true(m->n < MODEL_MAX);
    at = first ? 0 : m->n;
    memmove(m->item + at + 1, m->item + at, (m->n++ - at) * sizeof *packet);
    m->item[at] = *packet;
    m->used += room_of(packet);
    m->put += packet->lines;
    m->lines += packet->lines;
    model_unqueue(m);
}

/* --- any sequence ---------------------------------------------------------------------- */

struct play {
    struct outbox box;
    struct increment pending[ADDED];
    struct packets queue;
    struct model model;
    char *data;
    unsigned lines_max;
    uint64_t step, written;
};

static void check(struct play *p)
{
    struct outbox *box = &p->box;
    const struct model *m = &p->model;
    bool ready = model_next(&p->model), waiting = false, under_way = model_doubtful(m) > 0;
    uint64_t queued = 0, oldest = 0;

    assert_int_equal(outbox_ready(box), ready);
    for (size_t i = 0; i < m->n; i++) {
        waiting |= m->item[i].state == WAITING;
        under_way |= m->item[i].state == UNDER_WAY;
        if (!oldest && m->item[i].state != KEPT && !m->item[i].counted && !m->item[i].packet)
            oldest = m->item[i].poll;
    }
    assert_int_equal(outbox_oldest(box), oldest);
    assert_int_equal(m->put, box->delivered_lines + box->dropped_lines + box->lines + box->doubts.lines);
    assert_int_equal(box->lines, m->lines);
    assert_int_equal(box->doubts.lines, model_doubtful(m));
    assert_int_equal(box->delivered_lines, m->delivered);
    assert_int_equal(box->dropped_lines, m->dropped);
    assert_int_equal(box->ring.used, m->used);
    assert_int_equal(outbox_waiting(box), waiting);
    assert_int_equal(outbox_under_way(box), under_way);
    for (unsigned i = 0; i < ADDED; i++) {
        assert_int_equal(box->pending[i].n, m->pending[i]);
        assert_true(box->pending[i].id == (m->generation[i] << 32 | i) || !box->pending[i].id);
    }
    for (size_t i = 0; i < m->n_queued; i++)
        queued += m->queue[i].lines;
    assert_int_equal(p->queue.lines, queued);
    assert_int_equal(p->queue.dropped, m->queue_dropped);
    assert_int_equal(p->queue.ring.used, m->queue_used);
}

static void play_put(struct play *p)
{
    static char text[LINES_MAX * (LINE_MAX + 1)];
    struct increment increment[LINES_MAX];
    struct lines lines = {.text = text, .increment = increment};
    bool adds = !any(6);

    for (int i = 0; i < LINES_MAX; i++)
        increment[i] = (struct increment){any(ADDED) | (uint64_t)any(3) << 32, any(3)};
    lines.n = any(p->lines_max);
    for (uint64_t n = lines.n, gauges = any((uint32_t)n + 1); n; n--) {
        size_t line = any((uint32_t)(any(4) ? p->box.chunk_max : p->box.line_max) + 1);

        memset(text + lines.len, (int)('a' + any(26)), line);
        text[lines.len + line] = '\n';
        lines.len += line + 1;
        if (lines.n - n < gauges)
            lines.gauges = lines.len;
    }
    put_lines(&p->box, p->step, &lines, adds);
    model_put(&p->model, &p->box, p->step, &lines, adds);
}

/* Queues a packet of up to three lines. */
static void play_queue(struct play *p)
{
    struct item packet = {.of = 1, .lines = 1 + any(3), .packet = true, .increments = true};

    packet.len = packet.lines + any(any(8) ? 30 : LINE_MAX - 3);
    memset(packet.text, (int)('A' + any(26)), packet.len);
    for (uint32_t i = 1; i <= packet.lines; i++)
        packet.text[packet.len - i] = '\n';
    assert_int_equal(packets_put(&p->queue, packet.text, packet.len, packet.lines),
                     !p->model.n_queued && packet.len <= p->queue.len_max);
    model_queue(&p->model, &p->queue, &packet);
}

static void play_move(struct play *p)
{
    bool first = !p->box.sent && !any(2);

    outbox_move_packet(&p->box, &p->queue, first);
    model_move(&p->model, p->box.ring.cap, first);
}

static bool play_take(struct play *p)
{
    const struct item *item = model_take(&p->model);
    struct chunk chunk;

    assert_int_equal(outbox_take(&p->box, &chunk, p->data, SIZE_MAX), item != NULL);
    if (!item)
        return false;
    assert_true(chunk.poll == item->poll && chunk.len == item->len && chunk.lines == item->lines);
    assert_true(chunk.index == item->index && chunk.of == item->of);
    assert_memory_equal(p->data, item->text, item->len);
    assert_false(item->done);
    p->model.in_hand = &p->model.item[item - p->model.item];
    p->written += item->len;
    return true;
}

static void play_acked(struct play *p, uint64_t end)
{
    outbox_acked(&p->box, end, p->step);
    model_acked(&p->model, end, p->step);
}

static void play_rewind(struct play *p)
{
    outbox_rewind(&p->box);
    model_rewind(&p->model);
    p->written = 0;
    if (any(4))
        return;
    /* the next connection may be of another transport */
    p->box.newest_only = p->model.newest_only = any(2);
    p->box.apart = p->model.apart = any(2);
}

static void play_refuse(struct play *p)
{
    assert_int_equal(outbox_refuse(&p->box), model_refuse(&p->model));
    p->written = 0;
}

/* Breaks the connection and blames the lines under way. */
static void play_strike(struct play *p)
{
    assert_int_equal(outbox_strike(&p->box, 3), model_strike(&p->model));
    play_rewind(p);
}

static void play_clear(struct play *p)
{
    outbox_clear(&p->box);
    model_clear(&p->model);
}

/* Sends a chunk. Meanwhile snapshots may come, and the connection may break. */
static void play_send(struct play *p)
{
    if (!play_take(p))
        return;
    for (unsigned n = any(8) ? 0 : any(3); n; n--)
        play_put(p);
    if (any(12)) {
        outbox_sent(&p->box, p->written);
        model_sent(&p->model, p->written);
        return;
    }
    if (!any(3)) {
        play_refuse(p);
        return;
    }
    if (any(2))
        play_acked(p, any((uint32_t)p->written));
    if (any(2))
        play_strike(p);
    else
        play_rewind(p);
}

static void play_step(struct play *p)
{
    uint64_t before;
    unsigned copies;

    switch (any(22)) {
    case 0:
        if (any(8))
            return;
        play_clear(p);
        return;
    case 1:
        if (!any(3))
            play_rewind(p);
        return;
    case 2:
    case 3:
    case 4: play_acked(p, any(5) ? any((uint32_t)p->written + 1) : UINT64_MAX); return;
    case 5:
        before = p->step - (p->step < 20 ? p->step : any(20));
        copies = any(3);
        outbox_forget(&p->box, before, copies);
        model_forget(&p->model, before, copies);
        return;
    case 6:
        memset(p->pending, 0, sizeof p->pending);
        memset(p->model.pending, 0, sizeof p->model.pending);
        memset(p->model.generation, 0, sizeof p->model.generation);
        return;
    case 7:
    case 8:
    case 9: play_put(p); return;
    case 10:
    case 11:
    case 12: play_queue(p); return;
    case 13:
    case 14: play_move(p); return;
    default: play_send(p);
    }
}

static void any_sequence_does_what_the_plainest_outbox_does(void **state)
{
    static struct play p;

    (void)state;
    any_seed(9);
    for (int turn = 0; turn < 300; turn++) {
        size_t cap = 200 + any(turn % 2 ? 3000 : 8000);

        memset(&p, 0, sizeof p);
        p.lines_max = turn % 3 ? 12 : 50;
        p.box = (struct outbox){.record = record_line,
                                .ring.bytes = malloc(cap),
                                .ring.cap = cap,
                                .chunk_max = 1 + any(60),
                                .newest_only = turn % 4 == 0,
                                .apart = turn % 5 > 0,
                                .pending = p.pending};
        p.box.line_max = p.box.chunk_max + any(2) * any(LINE_MAX - 60);
        p.model.newest_only = p.box.newest_only;
        p.model.apart = p.box.apart;
        p.data = malloc(p.box.line_max + LINE_MAX);
        packets_init(&p.queue, malloc(500), 50 + any(450), turn % 6 ? LINE_MAX : any(LINE_MAX));
        for (p.step = 1; p.step < 400; p.step++) {
            play_step(&p);
            check(&p);
        }
        play_rewind(&p);
        while (play_take(&p)) {
            outbox_sent(&p.box, p.written);
            model_sent(&p.model, p.written);
            play_acked(&p, UINT64_MAX);
        }
        play_acked(&p, UINT64_MAX);
        check(&p);
        assert_int_equal(p.box.lines + p.box.doubts.lines, 0);
        free(p.box.ring.bytes);
        free(p.queue.ring.bytes);
        free(p.data);
    }
}

static void a_full_outbox_drops_the_oldest_snapshot_whole(void **state)
{
    static const char lines[] = "aaaaaaaa\nbbbbbbbb\ncccccccc\n"; /* three chunks */
    char data[16];
    struct chunk chunk;
    struct outbox box = {
        .record = record_line, .chunk_max = 8, .ring.cap = 2 * (3 * sizeof(struct chunk) + sizeof lines - 1)};

    (void)state;
    box.ring.bytes = malloc(box.ring.cap);
    for (uint64_t poll = 1; poll <= 3; poll++)
        put(&box, poll, lines, sizeof lines - 1);
    assert_int_equal(box.dropped_lines, 3);
    assert_int_equal(box.lines, 6);
    outbox_take(&box, &chunk, data, SIZE_MAX);
    assert_int_equal(chunk.poll, 2);
    deliver(&box);
    put(&box, 4, lines, sizeof lines - 1); /* the rest of 2 is in the way now */
    assert_int_equal(box.dropped_lines, 5);
    outbox_take(&box, &chunk, data, SIZE_MAX);
    assert_int_equal(chunk.poll, 3);
    assert_int_equal(chunk.index, 0);
    outbox_clear(&box); /* drops what is under way, too */
    assert_int_equal(box.dropped_lines, 11);
    assert_false(outbox_take(&box, &chunk, data, SIZE_MAX));
    free(box.ring.bytes);
}

static void datagrams_of_an_older_poll_are_not_sent_late(void **state)
{
    char ring[1000], data[16];
    struct chunk chunk;
    struct outbox box = {
        .record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 8, .newest_only = true};

    (void)state;
    put(&box, 1, "a\nbbbbbbbb\n", 11);
    outbox_take(&box, &chunk, data, SIZE_MAX);
    deliver(&box);
    put(&box, 2, "c\n", 2);
    assert_int_equal(box.dropped_lines, 1);
    assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
    assert_int_equal(chunk.poll, 2);
    deliver(&box);
    assert_false(outbox_take(&box, &chunk, data, SIZE_MAX));
}

static void the_room_asked_for_n_snapshots_holds_n_snapshots(void **state)
{
    static char lines[20000];

    (void)state;
    any_seed(10);
    for (int turn = 0; turn < 2000; turn++) {
        size_t chunk_max = 1 + any(100), size = chunk_max + 1 + any(2000), n = 1 + any(4);
        struct outbox box = {.record = record_line,
                             .chunk_max = chunk_max,
                             .ring.cap = outbox_room(n, size, chunk_max, ADDED_LINES),
                             .apart = turn % 2};

        box.ring.bytes = malloc(box.ring.cap);
        for (uint64_t poll = 0; poll < n; poll++) {
            static const struct increment none[ADDED_LINES];
            struct lines some = {.text = lines, .increment = none};
            size_t len = 0, increments = 0;

            for (;;) {
                /* now and then one byte too long to be packed with the line before */
                size_t line = any(3) ? chunk_max / 2 + any(2) : any((uint32_t)chunk_max + 1);

                if (line > chunk_max || len + line + 1 > size)
                    break;
                memset(lines + len, 'x', line);
                lines[len + line] = '\n';
                len += line + 1;
                some.n++;
                if (any(20) || ++increments > ADDED_LINES) {
                    some.gauges = len;
                    increments = 0;
                }
            }
            some.len = len;
            put_lines(&box, poll, &some, false);
        }
        assert_int_equal(box.dropped_lines, 0);
        free(box.ring.bytes);
    }
}

/* Two polls are dropped under way and one of them arrives; then the connection breaks. */
static void lines_dropped_under_way_are_counted_apart(void **state)
{
    struct increment pending[ADDED] = {{0}};
    char ring[2 * (sizeof(struct chunk) + sizeof(struct increment) + 8)], data[16];
    struct outbox box = {.record = record_line,
                         .ring.bytes = ring,
                         .ring.cap = sizeof ring,
                         .line_max = 15,
                         .chunk_max = 10,
                         .apart = true,
                         .pending = pending};
    struct chunk chunk;

    (void)state;
    for (uint64_t poll = 1; poll <= 4; poll++) {
        const struct increment increment = {ADDED_POLL_ERRORS, poll};
        const struct lines lines = {.text = "a:1|c\n", .len = 6, .n = 1, .increment = &increment};

        put_lines(&box, poll, &lines, false);
        if (poll > 2)
            continue;
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        outbox_sent(&box, poll);
    }
    assert_int_equal(box.doubts.lines, 2);
    outbox_acked(&box, 1, 1);
    outbox_rewind(&box);
    assert_int_equal(box.delivered_lines, 1);
    assert_int_equal(box.dropped_lines, 1);
    assert_int_equal(pending[ADDED_POLL_ERRORS].n, 2);
}

/* Some of a snapshot's increments arrive, others do not. */
static void each_chunk_of_increments_has_its_own_count(void **state)
{
    static const char text[] = "gauge:1\nxxxxx0:1\nxxxxx1:2\nxxxxx2:3\n";
    static const struct increment increment[] = {{ADDED_OUTPUTS, 1}, {ADDED_NONE, 0}, {ADDED - 1, 3}};
    const struct lines lines = {.text = text, .len = sizeof text - 1, .n = 4, .gauges = 8, .increment = increment};
    struct increment pending[ADDED] = {{0}};
    char ring[4096], data[16];
    struct outbox box = {.record = record_line,
                         .ring.bytes = ring,
                         .ring.cap = sizeof ring,
                         .line_max = 15,
                         .chunk_max = 10,
                         .newest_only = true,
                         .apart = true,
                         .pending = pending};
    struct chunk chunk;

    (void)state;
    put_lines(&box, 1, &lines, false);
    for (uint64_t i = 1; i <= 2; i++) {
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        outbox_sent(&box, i);
    }
    outbox_acked(&box, 2, 1);
    outbox_clear(&box);
    assert_int_equal(box.delivered_lines, 2);
    assert_int_equal(box.dropped_lines, 2);
    for (unsigned i = 0; i < ADDED; i++)
        assert_int_equal(pending[i].n, i == ADDED - 1 ? 3 : 0);
}

static void what_was_acknowledged_at_the_time_to_forget_is_old(void **state)
{
    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        char ring[1000], data[16];
        struct outbox box = {.record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 3};
        struct chunk chunk;
        size_t both;

        put(&box, 1, "aa\nbb\n", 6);
        box.mixed = mixed;
        for (uint64_t i = 1; i <= 2; i++) {
            assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
            outbox_sent(&box, i);
            outbox_acked(&box, i, 10 * i);
        }
        assert_int_equal(box.delivered_lines, 2);
        both = box.ring.used;
        outbox_forget(&box, 9, 0);
        assert_int_equal(box.ring.used, both);
        outbox_forget(&box, 10, 0);
        assert_int_equal(box.ring.used, both / 2);
        outbox_forget(&box, 20, 0);
        assert_int_equal(box.ring.used, 0);
    }
}

static void parts_of_a_snapshot_do_not_join(void **state)
{
    static const uint8_t part[] = {0, 0, 1, 3, 3};
    char ring[2000], data[16];
    struct outbox box = {.record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 3};
    struct lines lines = {.text = "a\n", .len = 2, .n = 1, .gauges = 2};
    struct chunk chunk, before;

    (void)state;
    outbox_begin(&box, 1, false);
    for (size_t i = 0; i < sizeof part; i++) {
        lines.part = part[i];
        outbox_add(&box, &lines);
    }
    outbox_end(&box);
    outbox_begin(&box, 2, false);
    outbox_add(&box, &lines);
    outbox_end(&box);
    for (unsigned i = 0; i < 4; i++) {
        if (i)
            assert_false(outbox_next_joins(&box, &before));
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        assert_int_equal(chunk.lines, i % 2 ? 1 : 2);
        assert_int_equal(chunk.index, i % 3);
        assert_int_equal(chunk.of, i < 3 ? 3 : 1);
        before = chunk;
    }
    box.chunk_max = 1;
    outbox_clear(&box);
    outbox_begin(&box, 3, false);
    outbox_add(&box, &lines);
    outbox_add(&box, &lines);
    outbox_end(&box);
    assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
    assert_true(outbox_next_joins(&box, &chunk));
}

/* A page of the ring becomes resident at its first write. */
static void an_outbox_that_was_emptied_begins_at_the_front_again(void **state)
{
    char ring[1000], data[16], untouched[sizeof ring];
    const size_t first = sizeof(struct chunk) + 2;
    struct chunk chunk;
    struct outbox box = {.record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 8};

    (void)state;
    memset(ring, '#', sizeof ring);
    memset(untouched, '#', sizeof untouched);
    for (uint64_t poll = 1; poll <= 100; poll++) {
        put(&box, poll, "a\n", 2);
        if (poll % 2) {
            assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
            deliver(&box);
        } else {
            outbox_clear(&box);
        }
    }
    assert_memory_equal(ring + first, untouched, sizeof ring - first);
}

/* One packet always waits, so the ring is never empty. */
static void packets_return_to_the_front_of_the_ring(void **state)
{
    char ring[4000], data[16], untouched[sizeof ring], memory[64];
    const size_t few = 6 * (sizeof(struct chunk) + 2);
    struct packets queue;
    struct chunk chunk;
    struct outbox box = {
        .record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 8, .newest_only = true};

    (void)state;
    memset(ring, '#', sizeof ring);
    memset(untouched, '#', sizeof untouched);
    packets_init(&queue, memory, sizeof memory, 8);
    for (int i = 0; i < 200; i++) {
        packets_put(&queue, "a\n", 2, 1);
        outbox_move_packet(&box, &queue, false);
        if (!i)
            continue;
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        deliver(&box);
        assert_true(outbox_waiting(&box));
    }
    assert_int_equal(box.delivered_lines, 199);
    assert_memory_equal(ring + few, untouched, sizeof ring - few);
}

/* A receiver that is away gets each of them later, but only the newest gauges. */
static void packets_outlive_snapshots_that_replace_each_other(void **state)
{
    static const char *const expected[] = {"p1\n", "p2\n", "g3\n", "p3\n"};
    char ring[4000], data[16], memory[64];
    struct packets queue;
    struct chunk chunk;
    struct outbox box = {.record = record_line,
                         .ring.bytes = ring,
                         .ring.cap = sizeof ring,
                         .chunk_max = 8,
                         .newest_only = true,
                         .apart = true};

    (void)state;
    packets_init(&queue, memory, sizeof memory, 8);
    put(&box, 1, "g1\n", 3);
    for (uint64_t i = 1; i <= 2; i++) {
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX)); /* the gauge, then the packet */
        outbox_sent(&box, i);
        packets_put(&queue, i == 1 ? "p1\n" : "p2\n", 3, 1);
        outbox_move_packet(&box, &queue, false);
    }
    put(&box, 2, "g2\n", 3);
    put(&box, 3, "g3\n", 3);
    packets_put(&queue, "p3\n", 3, 1);
    outbox_move_packet(&box, &queue, false);
    outbox_rewind(&box);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        assert_memory_equal(data, expected[i], 3);
        deliver(&box);
    }
    assert_false(outbox_ready(&box));
    assert_int_equal(box.dropped_lines, 2);
}

/* The push at the end, which has only an application's lines, comes while the last poll's still wait. */
static void an_added_snapshot_replaces_none(void **state)
{
    static const char *const expected[] = {"g2\n", "m3\n", "g2\n", "m3\n", "g4\n"};
    const struct lines last = {.text = "m3\n", .len = 3, .n = 1, .gauges = 3};
    char ring[4000], data[16];
    struct chunk chunk;
    struct outbox box = {
        .record = record_line, .ring.bytes = ring, .ring.cap = sizeof ring, .chunk_max = 8, .newest_only = true};

    (void)state;
    put(&box, 1, "g1\n", 3);
    put(&box, 2, "g2\n", 3);
    put_lines(&box, 3, &last, true);
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        if (i == 2)
            outbox_rewind(&box);
        if (i == 4)
            put(&box, 4, "g4\n", 3);
        assert_true(outbox_take(&box, &chunk, data, SIZE_MAX));
        assert_memory_equal(data, expected[i], 3);
        outbox_sent(&box, i + 1);
    }
    assert_false(outbox_ready(&box));
    assert_int_equal(box.dropped_lines, 1);
    outbox_rewind(&box); /* the fourth replaced both */
    assert_int_equal(box.dropped_lines, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_packed_up_to_the_maximum_without_the_last_newline),
        cmocka_unit_test(a_datagram_is_never_longer_than_the_mtu_and_never_needlessly_short),
        cmocka_unit_test(any_sequence_does_what_the_plainest_outbox_does),
        cmocka_unit_test(a_full_outbox_drops_the_oldest_snapshot_whole),
        cmocka_unit_test(datagrams_of_an_older_poll_are_not_sent_late),
        cmocka_unit_test(the_room_asked_for_n_snapshots_holds_n_snapshots),
        cmocka_unit_test(lines_dropped_under_way_are_counted_apart),
        cmocka_unit_test(each_chunk_of_increments_has_its_own_count),
        cmocka_unit_test(what_was_acknowledged_at_the_time_to_forget_is_old),
        cmocka_unit_test(parts_of_a_snapshot_do_not_join),
        cmocka_unit_test(an_outbox_that_was_emptied_begins_at_the_front_again),
        cmocka_unit_test(packets_return_to_the_front_of_the_ring),
        cmocka_unit_test(packets_outlive_snapshots_that_replace_each_other),
        cmocka_unit_test(an_added_snapshot_replaces_none),
    };

    return cmocka_run_group_tests_name("outbox", tests, NULL, NULL);
}
