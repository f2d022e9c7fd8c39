/* The program's arena, under other names, because the tests are linked with an arena of their own. */
#define arena_zero real_arena_zero
#define arena_text real_arena_text
#define arena_free real_arena_free

#include "base/arena.c"
#include "unit/helper.h"

static void memory_is_zeroed_and_aligned_and_apart(void **state)
{
    struct arena a = {0};
    unsigned char *taken[400];
    size_t size[400];

    (void)state;
    any_seed(12);
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        size[i] = any(4) ? any(100) : any(3) ? any(3000) : any(300000);
        taken[i] = arena_zero(&a, size[i], 1);
        assert_non_null(taken[i]);
        assert_int_equal((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
        for (size_t k = 0; k < size[i]; k++)
            assert_int_equal(taken[i][k], 0);
        memset(taken[i], (int)(1 + i % 255), size[i]);
    }
    for (size_t i = 0; i < COUNT_OF(taken); i++)
        for (size_t k = 0; k < size[i]; k++)
            assert_int_equal(taken[i][k], 1 + i % 255);
    arena_free(&a);
    arena_free(&a); /* a second free, or a free of an unused arena, does nothing */
}

static void sizes_around_those_of_blocks_are_taken(void **state)
{
    static const size_t around[] = {LARGE, PIECE};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(around); i++)
        for (size_t size = around[i] - 64; size <= around[i] + 64; size++) {
            struct arena a = {0};

            for (int n = 0; n < 6; n++)
                memset(arena_zero(&a, size, 1), 0xff, size);
            memset(arena_zero(&a, 1, 8), 0xff, 8);
            arena_free(&a);
        }
}

/* What is small lies together, however much that is large comes in between. */
static void small_sizes_share_a_block(void **state)
{
    struct arena a = {0};
    char *first = arena_zero(&a, 8, 1), *last = first;

    (void)state;
    for (int n = 0; n < 50; n++) {
        arena_zero(&a, LARGE, 1);
        last = arena_zero(&a, 8, 1);
    }
    assert_true(last > first && last - first < 4096);
    arena_free(&a);
}

static void a_text_is_copied_with_a_nul_after_it(void **state)
{
    struct arena a = {0};

    (void)state;
    assert_string_equal(arena_text(&a, "abc", 2), "ab");
    assert_string_equal(arena_text(&a, "", 0), "");
    arena_free(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_aligned_and_apart),
        cmocka_unit_test(sizes_around_those_of_blocks_are_taken),
        cmocka_unit_test(small_sizes_share_a_block),
        cmocka_unit_test(a_text_is_copied_with_a_nul_after_it),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
