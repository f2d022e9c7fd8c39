/* Numbers of sockets, from poll to poll. */
#include "base/arena.h"
#include "count/notes.h"
#include "unit/helper.h"

static struct arena arena;
static struct notes notes;

static int setup(void **state)
{
    (void)state;
    notes_init(&notes, 100, &arena);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

/* Returns the socket's number, which counts how often it was seen; 0 without room. */
static uint64_t see(uint64_t cookie)
{
    bool fresh;
    uint64_t *value = notes_find(&notes, cookie, &fresh);

    if (!value)
        return 0;
    assert_int_equal(fresh, *value == 0);
    return ++*value;
}

static void a_number_is_kept_while_its_socket_is_there(void **state)
{
    (void)state;
    for (uint64_t round = 1; round <= 5; round++) {
        assert_int_equal(see(7), round);
        assert_int_equal(see(7ull << 32), round);
        notes_end(&notes);
    }
    assert_int_equal(see(7), 6);
    notes_end(&notes);
    assert_int_equal(see(7), 7);
    assert_int_equal(see(7ull << 32), 1); /* it was not there for a round */
}

static void sockets_beyond_the_room_are_counted(void **state)
{
    (void)state;
    for (uint64_t cookie = 0; cookie < 1000; cookie++)
        assert_int_equal(see(cookie), cookie < 100);
    assert_int_equal(notes.overflow, 900);
    notes_end(&notes);
    for (uint64_t cookie = 50; cookie < 1000; cookie++)
        assert_int_equal(see(cookie), cookie < 100 ? 2 : 0);
    assert_int_equal(notes.overflow, 1800);
    notes_end(&notes); /* 0 to 49 are gone */
    for (uint64_t cookie = 949; cookie < 1000; cookie++)
        assert_int_equal(see(cookie), cookie < 999);
    assert_int_equal(notes.overflow, 1801);
}

/* Compares with the plainest way. */
static void any_sockets_are_remembered(void **state)
{
    enum { SOCKETS = 300 };
    uint32_t last[SOCKETS] = {0}, times[SOCKETS] = {0}, there = 0;

    (void)state;
    any_seed(1);
    for (uint32_t round = 1; round <= 2000 / ONE_IN; round++) {
        unsigned share = any(4);

        for (unsigned i = 0; i < SOCKETS; i++) {
            if (any(4) < share)
                continue;
            if (!times[i] && there == notes.max) {
                assert_int_equal(see(i), 0);
                continue;
            }
            there += !times[i];
            assert_int_equal(see(i), ++times[i]);
            last[i] = round;
        }
        for (unsigned i = 0; i < SOCKETS; i++)
            if (times[i] && last[i] != round) {
                times[i] = 0;
                there--;
            }
        notes_end(&notes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_number_is_kept_while_its_socket_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(sockets_beyond_the_room_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(any_sockets_are_remembered, setup, teardown),
    };

    return cmocka_run_group_tests_name("notes", tests, NULL, NULL);
}
