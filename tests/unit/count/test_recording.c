#include "count/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "count/kernel.h"
#include "platform.h"
#include "unit/helper.h"

/* The path of the test's recording. */
static char *dir, path[256];

static char buf[PLATFORM_KERNEL_BUF];

static int set_up(void **state)
{
    (void)state;
    dir = dir_make();
    snprintf(path, sizeof path, "%s/recording", dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dir_remove(dir);
    return 0;
}

/* Reads the file. Returns its size. */
static size_t slurp(char *bytes, size_t cap)
{
    FILE *f = fopen(path, "r");
    size_t len = fread(bytes, 1, cap, f);

    fclose(f);
    return len;
}

static struct recording open_good(void)
{
    struct recording r;
    char why[200] = "";

    if (recording_open(&r, path, why, sizeof why))
        fail_msg("%s", why);
    return r;
}

static void assert_passes(struct recording *r, const char *wanted)
{
    char data[16];
    long n = recording_pass(r, data, sizeof data, 0);

    assert_int_equal(n, strlen(wanted));
    assert_memory_equal(data, wanted, strlen(wanted));
}

static void record_two_polls(void)
{
    struct recording r;
    char data[] = "datagram";

    unlink(path);
    assert_int_equal(recording_create(&r, path), 0);
    assert_true(recording_poll(&r));
    assert_int_equal(recording_read(&r, "first", PROTOCOL_TCP), 0);
    assert_int_equal(recording_pass(&r, data, sizeof data, -EIO), -EIO);
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), 0);
    assert_int_equal(recording_pass(&r, data, sizeof data, 8), 8);
    assert_int_equal(recording_pass(&r, data, sizeof data, 0), 0);
    assert_int_equal(recording_read(&r, "second", PROTOCOL_UDP), 0);
    assert_int_equal(recording_pass(&r, data, sizeof data, 4), 4);
    assert_true(recording_poll(&r));
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), 0);
    assert_int_equal(recording_pass(&r, data, sizeof data, 1), 1);
    net_close(r.fd);
}

static void what_was_recorded_comes_back_in_its_place(void **state)
{
    struct recording r;
    char data[16];

    (void)state;
    record_two_polls();
    r = open_good();
    assert_true(recording_poll(&r));
    assert_int_equal(recording_read(&r, "first", PROTOCOL_TCP), 0);
    assert_int_equal(recording_pass(&r, data, sizeof data, 0), -EIO);
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), 0);
    assert_passes(&r, "datagram");
    assert_passes(&r, "");
    assert_int_equal(recording_pass(&r, data, sizeof data, 0), -ENODATA);  /* more than the recorded poll had */
    assert_int_equal(recording_read(&r, "first", PROTOCOL_UDP), -ENODATA); /* not read in the recorded poll */
    assert_int_equal(recording_read(&r, "second", PROTOCOL_UDP), 0);
    assert_true(recording_poll(&r)); /* the rest of a poll is skipped */
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), 0);
    assert_passes(&r, "d");
    assert_false(recording_poll(&r));
    assert_false(recording_poll(&r));
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), -ENODATA);
    net_close(r.fd);
}

static void what_is_there_is_never_replaced(void **state)
{
    struct recording r;

    (void)state;
    dir_put(dir, "recording", "precious", 8);
    assert_int_equal(recording_create(&r, path), -EEXIST);
    dir_unlink(dir, "recording");
    dir_link(dir, "recording", "/dev/null");
    assert_int_equal(recording_create(&r, path), -EEXIST);
}

static void without_a_recording_data_passes_through(void **state)
{
    char data[] = "as it was";

    (void)state;
    assert_false(recording_replays(NULL));
    assert_true(recording_poll(NULL));
    assert_int_equal(recording_read(NULL, "any", PROTOCOL_UDP), 0);
    assert_int_equal(recording_pass(NULL, data, sizeof data, 5), 5);
    assert_int_equal(recording_pass(NULL, data, sizeof data, -EIO), -EIO);
    assert_string_equal(data, "as it was");
}

static void a_recording_of_another_kind_is_refused_by_name(void **state)
{
    static const char *const row[][2] = {
        {"", "not a recording"},
        {"sockpush recording 1", "not a recording"}, /* too short */
        {"root:x:0:0:root:/root:/bin/sh\n", "not a recording"},
        {"sockpush recording 0 linux little-endian 64-bit\n", "version"},
        {"sockpush recording 3 linux little-endian 64-bit\n", "reads versions 1 and 2 of linux"},
        {"sockpush recording 10 linux little-endian 64-bit\n", "version"},
        {"sockpush recording 1 freebsd little-endian 64-bit\n", "operating system"},
        {"sockpush recording 1 linux middle-endian 64-bit\n", "byte order"},
    };
    struct recording r;
    char why[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        dir_put(dir, "recording", row[i][0], strlen(row[i][0]));
        assert_row(recording_open(&r, path, why, sizeof why) == -1 && strstr(why, row[i][1]), row[i][0]);
    }
    assert_int_equal(recording_open(&r, dir, why, sizeof why), -1);
    strcat(path, "-not");
    assert_int_equal(recording_open(&r, path, why, sizeof why), -1);
    assert_string_equal(why, "No such file or directory");
}

static void check_replays(const char *bytes, size_t len)
{
    struct recording r;

    dir_put(dir, "recording", bytes, len);
    r = open_good();
    assert_true(recording_poll(&r));
    net_close(r.fd);
}

/* Version 1 had no counters. Nothing else differs. */
static void the_version_before_is_read_too(void **state)
{
    char bytes[4096];
    size_t len;

    (void)state;
    record_two_polls();
    len = slurp(bytes, sizeof bytes);
    assert_memory_equal(bytes, "sockpush recording 2 ", 21);
    bytes[19] = '1';
    check_replays(bytes, len);
}

static void the_width_of_words_does_not_matter(void **state)
{
    char bytes[4096];
    size_t len;

    (void)state;
    record_two_polls();
    len = slurp(bytes, sizeof bytes);
    memcpy(strstr(bytes, "-bit") - 2, sizeof(void *) == 8 ? "32" : "64", 2);
    check_replays(bytes, len);
}

/* The file is read to its end and no further, whatever it holds. */
static void a_broken_recording_ends_where_it_breaks(void **state)
{
    char whole[4096], data[16];
    size_t len, head;

    (void)state;
    record_two_polls();
    len = slurp(whole, sizeof whole);
    head = strcspn(whole, "\n") + 1;
    for (size_t cut = head; cut < len; cut++)
        for (int spoil = 0; spoil < 2; spoil++) {
            struct recording r;
            char bytes[4096];
            int polls = 0;

            memcpy(bytes, whole, len);
            bytes[cut] = (char)0xff;
            dir_put(dir, "recording", bytes, spoil ? len : cut);
            r = open_good();
            for (; recording_poll(&r); polls++)
                for (int i = 0; i < 3; i++)
                    if (!recording_read(&r, i ? "second" : "first", i == 2 ? PROTOCOL_UDP : PROTOCOL_TCP))
                        while (recording_pass(&r, data, sizeof data, 0) >= 0)
                            continue;
            assert_in_range(polls, 0, 2);
            net_close(r.fd);
        }
}

static void a_full_disk_ends_the_recording_alone(void **state)
{
    struct recording r = {.fd = open("/dev/full", O_WRONLY)};
    char data[] = "x";

    (void)state;
    if (r.fd < 0)
        skip();
    assert_true(recording_poll(&r));
    assert_int_equal(recording_pass(&r, data, sizeof data, 1), 1);
    assert_true(r.over);
    net_close(r.fd);
}

/* Records two readings of the kernel's counters. */
static void record_kernel(struct kernel *k)
{
    struct recording r;

    memset(k, 0, sizeof *k);
    assert_int_equal(recording_create(&r, path), 0);
    for (int i = 0; i < 2; i++) {
        assert_true(recording_poll(&r));
        kernel_poll(k, "/proc", buf, &r);
    }
    net_close(r.fd);
}

static void the_kernels_counters_come_back(void **state)
{
    struct kernel recorded, replayed = {.based = 0};
    struct recording r;

    (void)state;
    record_kernel(&recorded);
    r = open_good();
    for (int i = 0; i < 2; i++) {
        assert_true(recording_poll(&r));
        kernel_poll(&replayed, "/none", buf, &r);
    }
    assert_memory_equal(&replayed, &recorded, sizeof recorded);
    assert_false(recording_poll(&r));
    net_close(r.fd);
}

/* An older program recorded no counters, or other ones. */
static void where_no_counters_were_recorded_none_is_known(void **state)
{
    struct kernel k = {.based = 0};
    char bytes[16384], data[1024] = "";
    struct recording r;
    size_t len;

    (void)state;
    record_two_polls();
    r = open_good();
    k.now.known = 1;
    assert_true(recording_poll(&r));
    assert_int_equal(recording_read(&r, "first", PROTOCOL_TCP), 0);
    assert_int_equal(recording_read(&r, "second", PROTOCOL_TCP), 0);
    assert_int_equal(recording_read(&r, "second", PROTOCOL_UDP), 0);
    kernel_poll(&k, "/proc", buf, &r);
    assert_int_equal(k.now.known, 0);
    assert_true(recording_poll(&r)); /* the next poll is there, too */
    kernel_poll(&k, "/proc", buf, &r);
    assert_int_equal(k.now.known, 0);
    net_close(r.fd);

    for (unsigned size = 0; size < sizeof data; size += 8) {
        unlink(path);
        assert_int_equal(recording_create(&r, path), 0);
        assert_true(recording_poll(&r));
        assert_int_equal(recording_begin(&r, "kernel"), 0);
        memset(data, 0xff, sizeof data);
        recording_pass(&r, data, sizeof data, size);
        net_close(r.fd);
        r = open_good();
        assert_true(recording_poll(&r));
        kernel_poll(&k, "/proc", buf, &r);
        assert_int_equal(k.now.known != 0, size == sizeof k.now);
        net_close(r.fd);
    }

    unlink(path);
    record_kernel(&k);
    len = slurp(bytes, sizeof bytes);
    dir_put(dir, "recording", bytes, len - 1); /* cut */
    r = open_good();
    memset(&k, 0, sizeof k);
    for (int i = 0; i < 2; i++) {
        assert_true(recording_poll(&r));
        kernel_poll(&k, "/proc", buf, &r);
    }
    assert_int_equal(k.now.known, 0);
    net_close(r.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_recorded_comes_back_in_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_there_is_never_replaced, set_up, tear_down),
        cmocka_unit_test(without_a_recording_data_passes_through),
        cmocka_unit_test_setup_teardown(a_recording_of_another_kind_is_refused_by_name, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_version_before_is_read_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_width_of_words_does_not_matter, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_recording_ends_where_it_breaks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_ends_the_recording_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_kernels_counters_come_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(where_no_counters_were_recorded_none_is_known, set_up, tear_down),
    };

    return cmocka_run_group_tests_name("recording", tests, NULL, NULL);
}
