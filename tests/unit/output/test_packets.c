#include <string.h>

#include "output/packets.h"
#include "unit/helper.h"

#define HEADER sizeof(struct packet)

static char memory[3 * (HEADER + 10)];
static struct packets queue;

static int three_fit(void **state)
{
    (void)state;
    packets_init(&queue, memory, sizeof memory, 20);
    return 0;
}

/* Asserts that the oldest packet holds this text, and removes it. */
static void assert_next(const char *text)
{
    struct packet packet;
    char lines[64];

    assert_true(packets_oldest(&queue, &packet));
    assert_int_equal(packet.len, strlen(text));
    ring_read(&queue.ring, HEADER, lines, packet.len);
    assert_memory_equal(lines, text, packet.len);
    packets_remove(&queue, &packet);
}

static void packets_come_out_as_they_went_in(void **state)
{
    struct packet packet;

    (void)state;
    for (int turn = 0; turn < 100; turn++) { /* at any place of the ring */
        assert_true(packets_put(&queue, "a:1|c\nb\n", 8, 2));
        assert_false(packets_put(&queue, "c\n", 2, 1));
        assert_int_equal(queue.lines, 3);
        assert_next("a:1|c\nb\n");
        assert_false(packets_put(&queue, "dddddd\n", 7, 1));
        assert_next("c\n");
        assert_next("dddddd\n");
        assert_false(packets_oldest(&queue, &packet));
        assert_int_equal(queue.lines + queue.dropped + queue.ring.head, 0); /* an empty queue begins at the front */
    }
}

static void the_oldest_packets_make_room(void **state)
{
    (void)state;
    packets_put(&queue, "1\n2\n3\n4\n\n", 9, 5);
    packets_put(&queue, "aaaaaaaaa\n", 10, 1);
    packets_put(&queue, "bbbbbbbbb\n", 10, 1);
    assert_int_equal(queue.dropped, 0);
    packets_put(&queue, "cc\n", 3, 1);
    assert_int_equal(queue.dropped, 5);
    packets_put(&queue, "dddddddddddddddd\n", 17, 1);
    assert_int_equal(queue.dropped, 6);
    assert_int_equal(queue.lines, 3);
    packets_put(&queue, "eeeeeeeeeeeeeeeeeee\n", 20, 1); /* two packets make room for it */
    assert_int_equal(queue.dropped, 8);
    assert_next("dddddddddddddddd\n");
    assert_next("eeeeeeeeeeeeeeeeeee\n");
    assert_int_equal(queue.lines, 0);
}

static void a_packet_that_can_never_be_sent_displaces_none(void **state)
{
    (void)state;
    packets_put(&queue, "a\n", 2, 1);
    assert_false(packets_put(&queue, "bbbbbbbbbbbbbbbbbbb\n\n", 21, 2));
    assert_int_equal(queue.dropped, 2);
    packets_init(&queue, memory, HEADER + 4, 20);
    assert_false(packets_put(&queue, "cccc\n", 5, 1));
    assert_true(packets_put(&queue, "ddd\n", 4, 1));
    assert_next("ddd\n");
    packets_init(&queue, memory, HEADER - 1, 20); /* none fits */
    assert_false(packets_put(&queue, "\n", 1, 1));
    assert_int_equal(queue.dropped, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(packets_come_out_as_they_went_in, three_fit),
        cmocka_unit_test_setup(the_oldest_packets_make_room, three_fit),
        cmocka_unit_test_setup(a_packet_that_can_never_be_sent_displaces_none, three_fit),
    };

    return cmocka_run_group_tests_name("packets", tests, NULL, NULL);
}
