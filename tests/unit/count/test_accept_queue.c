#include <string.h>

#include "unit/count/tally_helper.h"
#include "unit/helper.h"

#define DEPTH (1u << QUEUE_DEPTH)
#define LIMIT (1u << QUEUE_LIMIT)
#define PEAK  (1u << QUEUE_PEAK)

static struct sock listener(const char *address, uint16_t port, uint32_t depth, uint32_t limit)
{
    struct sock s = sock_of(PROTOCOL_TCP, address, port, STATE_LISTEN, 1);

    s.known |= SOCK_QUEUE | SOCK_LIMIT;
    s.rx_queue = depth;
    s.tx_queue = limit;
    return s;
}

static void add(struct polls *p, const char *address, uint16_t port, uint32_t depth, uint32_t limit)
{
    const struct sock s = listener(address, port, depth, limit);

    tally_sock(&p->tally, &s, 1);
}

static void sample(struct polls *p, const char *address, uint16_t port, uint32_t depth)
{
    const struct sock s = listener(address, port, depth, 100);

    tally_sample(&p->tally, &s, 1);
}

static void next_poll(struct polls *p)
{
    p->now_ms += 10000;
    poll_begin(p);
}

/* Ends a poll that was read and pushed. */
static void end(struct polls *p)
{
    tally_end(&p->tally);
    tally_end_tcp(&p->tally, true, true);
    tally_expire(&p->tally);
}

static void assert_queue(struct polls *p, const char *addr_port, int ip_version, uint32_t depth, uint32_t limit,
                         uint32_t peak)
{
    const struct accept_queue *q = &series_named(p, addr_port, ip_version)->queue;

    assert_int_equal(q->pushed, DEPTH | LIMIT | PEAK);
    assert_int_equal(q->value[QUEUE_DEPTH], depth);
    assert_int_equal(q->value[QUEUE_LIMIT], limit);
    assert_int_equal(q->value[QUEUE_PEAK], peak);
}

static void listeners_of_a_series_add_up(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "80-81,*:90,443", 1000);
    for (int poll = 0; poll < 3; poll++) {
        next_poll(&p);
        add(&p, "10.0.0.1", 80, 1, 4); /* two by SO_REUSEPORT */
        add(&p, "10.0.0.1", 80, 2, 4);
        add(&p, "10.0.0.1", 81, 4, 128);
        add(&p, "::", 80, 7, 0);
        add(&p, "10.0.0.1", 90, 8, 5);
        add(&p, "10.0.0.2", 90, 9, 5);
        add(&p, "10.0.0.1", 22, 99, 5);
        tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 2);
        tcp(&p, "10.0.0.1", 443, STATE_ESTABLISHED, 3);
        udp(&p, "10.0.0.1", 443, 4);
        end(&p);
        assert_queue(&p, "80-81", 4, 7, 136, 7);
        assert_queue(&p, "80-81", 6, 7, 0, 7);
        assert_queue(&p, "10.0.0.1:90", 4, 8, 5, 8);
        assert_queue(&p, "10.0.0.2:90", 4, 9, 5, 9);
        assert_int_equal(series_named(&p, "443", 4)->queue.pushed, 0);
        assert_int_equal(series_named(&p, "443", 4)->queue.lost, 0);
    }
    polls_free(&p);
}

static void a_value_that_one_listener_lacks_is_not_pushed(void **state)
{
    static const struct {
        unsigned known, pushed;
    } row[] = {
        {SOCK_QUEUE | SOCK_LIMIT, DEPTH | LIMIT | PEAK},
        {SOCK_QUEUE, DEPTH | PEAK},
        {0, 0},
    };
    struct polls p;

    (void)state;
    polls_init(&p, "80", 1000);
    for (size_t i = 0; i < COUNT_OF(row); i++)
        for (int before = 0; before < 2; before++) {
            struct sock s = listener("10.0.0.1", 80, 1, 1);

            s.known = (uint8_t)(SOCK_ADDRESS | SOCK_PORT | row[i].known);
            next_poll(&p);
            if (before)
                tally_sock(&p.tally, &s, 1);
            add(&p, "10.0.0.1", 80, 1, 1);
            if (!before)
                tally_sock(&p.tally, &s, 1);
            end(&p);
            assert_int_equal(series_named(&p, "80", 4)->queue.pushed, row[i].pushed);
        }
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 1, 1);
    tally_end(&p.tally);
    tally_end_tcp(&p.tally, false, true); /* no sample worked */
    assert_int_equal(series_named(&p, "80", 4)->queue.pushed, DEPTH | LIMIT);
    polls_free(&p);
}

static void the_last_listener_is_lost_once(void **state)
{
    struct polls p;
    const struct accept_queue *q;

    (void)state;
    polls_init(&p, "80", 1000);
    q = &p.tally.series[0].queue;
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 5);
    end(&p);
    assert_int_equal(q->lost, 0);
    next_poll(&p); /* TCP cannot be read: nothing is pushed, and tally_end_tcp not called */
    tally_discard(&p.tally, PROTOCOL_TCP);
    tally_end(&p.tally);
    next_poll(&p);
    tcp(&p, "10.0.0.1", 80, STATE_ESTABLISHED, 1);
    end(&p);
    assert_int_equal(q->pushed, 0);
    assert_int_equal(q->lost, DEPTH | LIMIT | PEAK);
    next_poll(&p);
    end(&p);
    assert_int_equal(q->lost, 0);
    polls_free(&p);
}

static void discarding_tcp_takes_the_queues_back(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "80,*:90", 1000);
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 5);
    add(&p, "::1", 80, 30, 5);
    add(&p, "10.0.0.1", 90, 7, 5);
    tally_discard(&p.tally, PROTOCOL_TCP);
    assert_int_equal(p.tally.total[0].fullest, 0);
    assert_int_equal(p.tally.total[1].fullest, 0);
    add(&p, "10.0.0.1", 80, 1, 3);
    tally_discard(&p.tally, PROTOCOL_UDP); /* which has none */
    end(&p);
    assert_queue(&p, "80", 4, 1, 3, 1);
    assert_int_equal(series_named(&p, "80", 6)->queue.pushed, 0);
    assert_null(series_named(&p, "10.0.0.1:90", 4));
    assert_int_equal(p.tally.total[0].fullest, 25);
    polls_free(&p);
}

static void the_fullest_listener_decides(void **state)
{
    static const struct {
        uint32_t depth, limit;
        uint64_t percent;
    } row[] = {
        {0, 0, 0},
        {1, 0, 100},
        {2, 0, 200},
        {0, 5, 0},
        {5, 5, 83},
        {6, 5, 100},
        {1, 128, 0},
        {128, 128, 99},
        {129, 128, 100},
        {4097, 4096, 100},
        {1, 200, 0},
        {2, 199, 1},
        {0, UINT32_MAX, 0},
        {UINT32_MAX, UINT32_MAX, 99},
        {UINT32_MAX, 0, 100ull * UINT32_MAX}, /* no 32 bits overflow */
    };
    struct polls p;
    uint64_t highest = 0;

    (void)state;
    polls_init(&p, "", 1000); /* without rules, too */
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        next_poll(&p);
        add(&p, "10.0.0.1", 80, row[i].depth, row[i].limit);
        end(&p);
        assert_int_equal(p.tally.total[0].fullest, row[i].percent);
        assert_int_equal(p.tally.total[1].fullest, 0);
    }
    next_poll(&p);
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        add(&p, "::1", 80, row[i].depth, row[i].limit);
        highest = row[i].percent > highest ? row[i].percent : highest;
        assert_int_equal(p.tally.total[1].fullest, highest);
    }
    end(&p);
    polls_free(&p);
}

static void the_peak_is_the_largest_sum_since_the_last_push(void **state)
{
    struct polls p;

    (void)state;
    polls_init(&p, "80", 1000);
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 100);
    add(&p, "10.0.0.2", 80, 4, 100);
    end(&p);
    assert_queue(&p, "80", 4, 7, 200, 7);
    for (uint32_t i = 0; i < 20; i++) {
        tally_begin_sample(&p.tally);
        sample(&p, "10.0.0.1", 80, i == 5 ? 50 : 1); /* each has its own highest at another time */
        sample(&p, "10.0.0.2", 80, i == 6 ? 60 : 2);
        sample(&p, "::1", 80, 9);
    }
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 100);
    add(&p, "10.0.0.2", 80, 4, 100);
    add(&p, "::1", 80, 1, 100);
    end(&p);
    assert_queue(&p, "80", 4, 7, 200, 61);
    assert_queue(&p, "80", 6, 1, 100, 9);
    next_poll(&p); /* the samples before are forgotten */
    add(&p, "10.0.0.1", 80, 11, 100);
    end(&p);
    assert_queue(&p, "80", 4, 11, 100, 11);
    tally_begin_sample(&p.tally);
    sample(&p, "10.0.0.1", 80, 70);
    next_poll(&p); /* was not read: the peak waits for the next push */
    add(&p, "10.0.0.1", 80, 90, 100);
    tally_discard(&p.tally, PROTOCOL_TCP);
    tally_end(&p.tally);
    tally_begin_sample(&p.tally);
    sample(&p, "10.0.0.1", 80, 20);
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 2, 100);
    end(&p);
    assert_queue(&p, "80", 4, 2, 100, 70);
    polls_free(&p);
}

static void a_sample_makes_no_series_and_changes_no_count(void **state)
{
    struct polls p;
    struct tally before;

    (void)state;
    polls_init(&p, "*:80-90,listen", 2);
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 100);
    add(&p, "10.0.0.1", 22, 1, 100);
    end(&p);
    before = p.tally;
    tally_begin_sample(&p.tally);
    sample(&p, "10.0.0.1", 22, 10);
    sample(&p, "10.0.0.1", 23, 10);  /* no listener was there at the poll */
    sample(&p, "10.0.0.9", 80, 500); /* there are 2 series, so it would count in "other", which is not there */
    sample(&p, "10.0.0.1", 80, 6);
    before.sample = p.tally.sample;
    assert_memory_equal(&before, &p.tally, sizeof before);
    assert_string_equal(series_names(&p), "10.0.0.1:80/4 22/4");
    next_poll(&p);
    add(&p, "10.0.0.1", 80, 3, 100);
    add(&p, "10.0.0.1", 22, 1, 100);
    add(&p, "10.0.0.9", 80, 1, 100);
    add(&p, "10.0.0.8", 80, 1, 100);
    end(&p);
    assert_queue(&p, "10.0.0.1:80", 4, 3, 100, 6);
    assert_queue(&p, "22", 4, 1, 100, 10);
    assert_queue(&p, "other", 4, 2, 200, 2);
    tally_begin_sample(&p.tally);
    sample(&p, "10.0.0.9", 80, 5);
    sample(&p, "10.0.0.7", 80, 6);
    next_poll(&p);
    add(&p, "10.0.0.9", 80, 1, 100);
    end(&p);
    assert_queue(&p, "other", 4, 1, 100, 11);
    polls_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_of_a_series_add_up),
        cmocka_unit_test(a_value_that_one_listener_lacks_is_not_pushed),
        cmocka_unit_test(the_last_listener_is_lost_once),
        cmocka_unit_test(discarding_tcp_takes_the_queues_back),
        cmocka_unit_test(the_fullest_listener_decides),
        cmocka_unit_test(the_peak_is_the_largest_sum_since_the_last_push),
        cmocka_unit_test(a_sample_makes_no_series_and_changes_no_count),
    };

    return cmocka_run_group_tests_name("accept_queue", tests, NULL, NULL);
}
