#include "count/pod_names.h"

#include <stdio.h>
#include <string.h>

#include "count/pod.h"
#include "unit/helper.h"

#define UID    "01234567-89ab-cdef-0123-456789abcdef"
#define STATIC "f8a6c2d0e4b1937586a0c2e4d6f81b3a"

/* Parses a copy of the entry, behind which nothing can be read. */
static bool parses(const char *entry, struct pod_name *out)
{
    return pod_name_parse(flush_copy(entry, strlen(entry) + 1), out);
}

static bool is(const char *part, size_t len, const char *expected)
{
    return len == strlen(expected) && !memcmp(part, expected, len);
}

static void pods_are_recognised(void **state)
{
    static const struct {
        const char *name_space, *name, *uid;
    } rows[] = {
        {"default", "web", UID},
        {"kube-system", "coredns-5d78c9869d-abcde", UID},
        {"kube-system", "kube-apiserver-node-1.example.com", STATIC},
        {"a", "b", "c"},
        {"0", "1", "2"},
        {"ghijklmnopqrstuvwxyz-0123456789abcdef", "ghijklmnopqrstuvwxyz-0123456789abcdef.x", "0123456789abcdef-"},
        {"my--space", "db-0.db.shop--x", UID},
    };
    struct pod_name out;
    char entry[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        snprintf(entry, sizeof entry, "%s_%s_%s", rows[i].name_space, rows[i].name, rows[i].uid);
        assert_row(parses(entry, &out), entry);
        assert_row(is(out.name_space, out.name_space_len, rows[i].name_space), entry);
        assert_row(is(out.name, out.name_len, rows[i].name), entry);
        assert_row(is(out.uid, out.uid_len, rows[i].uid), entry);
    }
}

static void other_entries_are_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "_",
        "__",
        "___",
        ".",
        "..",
        "lost+found",
        UID, /* kubelet's before Kubernetes 1.14 */
        "default_web",
        "_web_" UID,
        "default__" UID,
        "default_web_",
        "default_web_" UID "_",
        "_default_web_" UID,
        "default_web_x_" UID,
        "default_web_" UID " ",
        "default_web_" UID "\n",
        "default_web_0123456g",
        "default_web_0123456.",
        "default_web_0123456A",
        "Default_web_" UID,
        "default_Web_" UID,
        "de.fault_web_" UID,
        "default_we b_" UID,
        "default_web,x=1_" UID,
        "default_we/b_" UID,
        "default_w\xc3\xa9"
        "b_" UID,
        "def\xff"
        "ault_web_" UID,
        "default_web_\x01",
        "default-web-" UID,
    };
    struct pod_name out;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_row(!parses(rows[i], &out), rows[i]);
}

/* Parses an entry whose parts have these lengths. */
static bool parses_lengths(int name_space, int name, int uid)
{
    static char entry[1000];
    static char a[600];
    struct pod_name out;

    memset(a, 'a', sizeof a);
    snprintf(entry, sizeof entry, "%.*s_%.*s_%.*s", name_space, a, name, a, uid, a);
    if (!parses(entry, &out))
        return false;
    assert_int_equal(out.name_space_len, name_space);
    assert_int_equal(out.name_len, name);
    assert_int_equal(out.uid_len, uid);
    assert_true(out.uid_len < POD_UID_MAX);
    return true;
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    assert_true(parses_lengths(63, 253, POD_UID_MAX - 1));
    assert_false(parses_lengths(64, 253, POD_UID_MAX - 1));
    assert_false(parses_lengths(63, 254, POD_UID_MAX - 1));
    assert_false(parses_lengths(63, 253, POD_UID_MAX));
    assert_false(parses_lengths(500, 1, 1));
    assert_true(parses_lengths(1, 1, 1));
    assert_false(parses_lengths(0, 1, 1));
    assert_false(parses_lengths(1, 0, 1));
    assert_false(parses_lengths(1, 1, 0));
}

/* An entry is accepted up to any length of its UID, and nowhere before. */
static void truncations_are_refused_before_the_uid(void **state)
{
    static const char entry[] = "kube-system_etcd-node.1_" UID;
    const size_t before = sizeof "kube-system_etcd-node.1_" - 1;
    char cut[sizeof entry];
    struct pod_name out;

    (void)state;
    for (size_t len = 0; len < sizeof entry; len++) {
        snprintf(cut, sizeof cut, "%.*s", (int)len, entry);
        assert_row(parses(cut, &out) == (len > before), cut);
    }
}

/* Any byte changed to any other gives what the position allows. */
static void characters_are_those_of_kubernetes(void **state)
{
    static const char entry[] = "aaa_bbb_ccc";
    static const char *const allowed[] = {
        "abcdefghijklmnopqrstuvwxyz0123456789-",
        "abcdefghijklmnopqrstuvwxyz0123456789-.",
        "abcdef0123456789-",
    };
    char changed[sizeof entry];
    struct pod_name out;

    (void)state;
    for (size_t i = 0; i < sizeof entry - 1; i++)
        for (int c = 1; c < 256; c++) {
            memcpy(changed, entry, sizeof entry);
            changed[i] = (char)c;
            bool good = entry[i] == '_' ? c == '_' : strchr(allowed[i / 4], c) != NULL;
            assert_row(parses(changed, &out) == good, visible(changed, sizeof changed - 1));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pods_are_recognised),
        cmocka_unit_test(other_entries_are_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(truncations_are_refused_before_the_uid),
        cmocka_unit_test(characters_are_those_of_kubernetes),
    };

    return cmocka_run_group_tests_name("pod_names", tests, NULL, NULL);
}
