/* The memory that mbedTLS gets. */
#include "unit/helper.h"

#include <pthread.h>
#include <string.h>

#include "tls/mbedtls.h"

static bool is_zero(const unsigned char *block, size_t len)
{
    while (len && !block[len - 1])
        len--;
    return !len;
}

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    unsigned char *block[200];

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        block[i] = tls_memory_alloc(i % 50, 7);
        assert_non_null(block[i]);
        assert_int_equal((uintptr_t)block[i] % 16, 0);
        assert_true(is_zero(block[i], i % 50 * 7));
        memset(block[i], (int)i, i % 50 * 7);
    }
    for (size_t i = 0; i < 200; i++) {
        for (size_t at = 0; at < i % 50 * 7; at++)
            assert_int_equal(block[i][at], i);
        tls_memory_free(block[i]);
    }
    tls_memory_free(NULL);
}

static void what_was_given_back_is_taken_again_and_zero(void **state)
{
    unsigned char *first = tls_memory_alloc(1, 20000), *second;

    (void)state;
    memset(first, 0xff, 20000);
    tls_memory_free(first);
    second = tls_memory_alloc(2, 9000);
    assert_ptr_equal(first, second);
    assert_true(is_zero(second, 18000));
    tls_memory_free(second);
}

static void impossible_sizes_give_nothing(void **state)
{
    (void)state;
    assert_null(tls_memory_alloc(1, 393217));
    assert_null(tls_memory_alloc(1, SIZE_MAX));
    assert_null(tls_memory_alloc(SIZE_MAX / 2, 4));
    assert_null(tls_memory_alloc(4, SIZE_MAX / 2));
}

static void all_of_it_can_be_taken_more_than_once(void **state)
{
    void *block[1000];
    int n[2] = {0};

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        while ((block[n[turn]] = tls_memory_alloc(1, 30000)))
            n[turn]++;
        assert_int_equal(n[turn], 13); /* the share of one thread */
        for (int i = 0; i < n[turn]; i++)
            tls_memory_free(block[i]);
    }
    assert_int_equal(n[0], n[1]);
}

/* Thousands of small blocks of an untrusted certificate, freed in any order, join into one large block again. */
static void neighbours_join_again(void **state)
{
    static void *block[6000];
    void *all;
    size_t n = 0;

    (void)state;
    any_seed(3);
    for (int turn = 0; turn < 20; turn++) {
        for (n = 0; n < 6000 && (block[n] = tls_memory_alloc(1, any(100))); n++)
            ;
        assert_true(n > 1000);
        for (size_t i = n; i > 0; i--) {
            size_t at = any((uint32_t)i);

            tls_memory_free(block[at]);
            block[at] = block[i - 1];
        }
        all = tls_memory_alloc(1, 390000);
        assert_non_null(all);
        tls_memory_free(all);
    }
}

/* The allocator keeps its own records at the start of free memory. */
static void a_keys_text_does_not_stay_in_free_memory(void **state)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\nsesame-1\n";
    const size_t at = (size_t)(strstr(pem, "sesame") - pem);
    size_t len = 0;
    int error = 0;
    char *text = tls_read_text(pem, &len, &error);

    (void)state;
    assert_non_null(text);
    assert_string_equal(text, pem);
    tls_free_text(text, len);
    assert_true(is_zero((unsigned char *)text + at, len - at));
}

static void *take_share(void *block)
{
    *(void **)block = tls_memory_alloc(1, 390000);
    return NULL;
}

static void what_one_thread_takes_is_not_the_others(void **state)
{
    void *mine = tls_memory_alloc(1, 390000), *other = NULL;
    pthread_t thread;

    (void)state;
    assert_non_null(mine);
    assert_null(tls_memory_alloc(1, 10000));
    pthread_create(&thread, NULL, take_share, &other);
    pthread_join(thread, NULL);
    assert_non_null(other);
    tls_memory_free(mine);
    mine = tls_memory_alloc(1, 390000);
    assert_non_null(mine);
    tls_memory_free(mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(what_was_given_back_is_taken_again_and_zero),
        cmocka_unit_test(impossible_sizes_give_nothing),
        cmocka_unit_test(all_of_it_can_be_taken_more_than_once),
        cmocka_unit_test(neighbours_join_again),
        cmocka_unit_test(a_keys_text_does_not_stay_in_free_memory),
        cmocka_unit_test(what_one_thread_takes_is_not_the_others),
    };

    return tls_memory_init() ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
