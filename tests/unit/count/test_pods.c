/* Pods: which namespaces are found, what goes on, and what never goes to another one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/count/pods_machine.h"
#include "unit/helper.h"

static void push(void)
{
    pods_expire(&m.pods);
}

static unsigned live(void)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < m.pods.n_series; i++)
        n += m.pods.series[i].live;
    return n;
}

#define ALL (1u << POD_NAMESPACE | 1u << POD_NAME | 1u << POD_UID | 1u << POD_CONTAINER)

/* --- what is found ----------------------------------------------------------------- */

static void a_namespace_is_a_series_and_the_counted_one_is_none(void **state)
{
    (void)state;
    machine_begin(8, 1u << POD_NAME | 1u << POD_NAMESPACE, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_run(11, 1001, "u-1", "c2");
    machine_run(20, 1002, "", "docker1");
    machine_run(30, 1003, "", "");
    machine_count(1001, 5, 100);
    machine_count(1002, 6, 100);
    machine_count(1003, 7, 100);
    poll_after(0);
    assert_int_equal(live(), 3);
    assert_int_equal(series_with(POD_UID, "u-1")->family[0].tcp_inuse, 5);
    assert_int_equal(series_with(POD_CONTAINER, "docker1")->family[0].tcp_inuse, 6);
    assert_int_equal(series_with(POD_NETNS, "1003")->family[0].tcp_inuse, 7);
    assert_string_equal(series_with(POD_UID, "u-1")->text.container, "");
    assert_string_equal(series_with(POD_UID, "u-1")->origin, "c1");
    arena_free(&m.arena);
}

static void without_a_counted_one_the_node_is_one_like_the_others(void **state)
{
    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    m.pods.want.all = true;
    machine_run(5, COUNTED, "u-1", "c1"); /* a pod that shares it */
    poll_after(0);
    assert_int_equal(live(), 1);
    assert_non_null(series_with(POD_NETNS, "1000"));
    arena_free(&m.arena);
}

static void increases_begin_with_the_first_reading(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    s = series_with(POD_UID, "u-1");
    assert_int_equal(s->total[POD_RETRANS_SEGS], 0);
    machine_count(1001, 5, 103);
    poll_after(10000);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 3);
    assert_int_equal(s->total[POD_OUT_RSTS], 0);
    arena_free(&m.arena);
}

static void what_has_the_same_tags_is_added_up(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, 1u << POD_UID, "/none", NULL);
    machine_run(5, 1003, "u-0", "c0");
    machine_run(10, 1001, "u-1", "c1");
    machine_run(20, 1002, "u-1", "c2");
    machine_count(1001, 5, 100);
    machine_count(1002, 6, 1000);
    machine_reading(1001)->time_wait = 3;
    machine_reading(1002)->time_wait = 4;
    poll_after(0);
    machine_count(1001, 7, 101);
    machine_count(1002, 8, 1010);
    poll_after(10000);
    assert_int_equal(live(), 2);
    s = series_with(POD_UID, "u-1");
    assert_int_equal(s->family[0].tcp_inuse, 15);
    assert_int_equal(s->time_wait, 7);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 11);
    assert_string_equal(s->origin, "");
    machine_end(20);
    poll_after(10000);
    assert_int_equal(s->family[0].tcp_inuse, 7);
    assert_string_equal(s->origin, "c1");
    arena_free(&m.arena);
}

/* --- processes that come and go ------------------------------------------------------- */

static void another_process_takes_over(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_run(11, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    machine_end(10);
    machine_count(1001, 6, 104);
    poll_after(1000);
    s = series_with(POD_UID, "u-1");
    assert_int_equal(m.looks, 1); /* it was known */
    assert_int_equal(s->family[0].tcp_inuse, 6);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 4);
    machine_end(11);
    machine_run(12, 1001, "u-1", "c1"); /* the same container, though no known process goes on */
    machine_count(1001, 7, 105);
    poll_after(1000);
    assert_int_equal(m.looks, 2); /* at once */
    assert_int_equal(s->family[0].tcp_inuse, 7);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 5);
    assert_int_equal(live(), 1);
    arena_free(&m.arena);
}

/* The second look of a poll, for a namespace whose only process is gone, finds that this one has another name. */
static void a_name_that_is_new_after_the_reading_has_no_gauges_yet(void **state)
{
    (void)state;
    machine_begin(8, 1u << POD_CONTAINER, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_run(11, 1001, "u-1", "c2");
    machine_run(20, 1002, "u-2", "c3");
    machine_count(1001, 5, 100);
    poll_after(0);
    machine_end(10);
    machine_end(20);
    poll_after(1000);
    assert_int_equal(m.looks, 2);
    assert_int_equal(series_with(POD_CONTAINER, "c1")->family[0].tcp_inuse, 5);
    assert_true(series_with(POD_CONTAINER, "c2")->unread);
    poll_after(1000);
    assert_int_equal(series_with(POD_CONTAINER, "c1")->family[0].tcp_inuse, 0);
    assert_int_equal(series_with(POD_CONTAINER, "c2")->family[0].tcp_inuse, 5);
    assert_false(series_with(POD_CONTAINER, "c2")->unread);
    arena_free(&m.arena);
}

static void a_number_that_is_used_again_is_another_namespace(void **state)
{
    struct pod_series *old, *new;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    old = series_with(POD_UID, "u-1");
    machine_end(10);
    machine_run(10, 1001, "u-2", "c2"); /* even the pid is the same */
    machine_count(1001, 9, 5000);
    poll_after(1000);
    new = series_with(POD_UID, "u-2");
    assert_int_equal(old->family[0].tcp_inuse, 0);
    assert_int_equal(old->total[POD_RETRANS_SEGS], 0);
    assert_int_equal(old->views, 0);
    assert_int_equal(new->family[0].tcp_inuse, 9);
    assert_int_equal(new->total[POD_RETRANS_SEGS], 0);
    arena_free(&m.arena);
}

static void a_number_without_a_container_begins_anew(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "", "");
    machine_count(1001, 5, 100);
    poll_after(0);
    machine_end(10);
    machine_run(11, 1001, "", "");
    machine_count(1001, 6, 5000);
    poll_after(1000);
    s = series_with(POD_NETNS, "1001");
    assert_int_equal(s->family[0].tcp_inuse, 6);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 0); /* 4900 were another one's */
    arena_free(&m.arena);
}

static void a_process_may_enter_its_namespace_after_it_was_seen(void **state)
{
    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, COUNTED, "", "");
    poll_after(0);
    assert_int_equal(live(), 0);
    machine_process(10)->name_space = 1001;
    strcpy(machine_process(10)->identity.uid, "u-1");
    machine_count(1001, 5, 100);
    poll_after(10000);
    assert_int_equal(series_with(POD_UID, "u-1")->family[0].tcp_inuse, 5);
    /* much later: found in one of 64 looks */
    machine_process(10)->name_space = COUNTED;
    for (int i = 0; i < 64 && series_with(POD_UID, "u-1")->views; i++)
        poll_after(10000);
    assert_int_equal(series_with(POD_UID, "u-1")->views, 0);
    machine_process(10)->name_space = 1002;
    machine_count(1002, 6, 100);
    for (int i = 0; i < 64 && !series_with(POD_UID, "u-1")->views; i++)
        poll_after(10000);
    assert_int_equal(series_with(POD_UID, "u-1")->family[0].tcp_inuse, 6);
    arena_free(&m.arena);
}

static void a_look_is_taken_each_10_s_and_asks_known_processes_nothing(void **state)
{
    unsigned identities, looks;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    for (int i = 0; i < 4; i++)
        poll_after(10000);
    identities = m.identities;
    m.looks = 0;
    for (int i = 0; i < 40; i++)
        poll_after(500);
    assert_int_equal(m.looks, 2);
    assert_int_equal(m.identities, identities);
    looks = m.looks;
    poll_after(10000);
    poll_after(9999); /* polls do not come to the millisecond */
    assert_int_equal(m.looks, looks + 2);
    arena_free(&m.arena);
}

static void the_oldest_container_tells_whose_it_is_and_the_sandbox_only_alone(void **state)
{
    (void)state;
    machine_begin(8, 1u << POD_CONTAINER, "/none", NULL);
    machine_run(10, 1001, "u-1", "pause1")->identity.sandbox = true;
    machine_count(1001, 5, 100);
    poll_after(0);
    assert_non_null(series_with(POD_CONTAINER, "pause1"));
    machine_run(30, 1001, "u-1", "second")->identity.started = 30;
    machine_run(40, 1001, "u-1", "first")->identity.started = 20;
    machine_run(50, 1001, "u-1", "as old")->identity.started = 20;
    poll_after(10000);
    assert_int_equal(series_with(POD_CONTAINER, "first")->family[0].tcp_inuse, 5);
    assert_int_equal(series_with(POD_CONTAINER, "pause1")->family[0].tcp_inuse, 0);
    machine_end(40);
    machine_end(50);
    poll_after(10000);
    assert_int_equal(series_with(POD_CONTAINER, "second")->family[0].tcp_inuse, 5);
    arena_free(&m.arena);
}

static void a_helper_without_words_hides_no_kernel_and_makes_none(void **state)
{
    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1")->identity.sandbox = true; /* gVisor's */
    machine_run(11, 1001, "u-1", "c1")->identity.guest = true;
    machine_run(20, 1002, "u-2", "s2")->identity.sandbox =
        true; /* a pod's, with a process that erased its command line */
    machine_run(21, 1002, "u-2", "c2")->identity.sandbox = true;
    poll_after(0);
    assert_null(series_with(POD_UID, "u-1"));
    assert_non_null(series_with(POD_UID, "u-2"));
    arena_free(&m.arena);
}

static void a_pod_with_a_kernel_of_its_own_is_absent(void **state)
{
    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "pause1")->identity.sandbox = true;
    machine_run(11, 1001, "u-1", "vm")->identity.guest = true;
    machine_run(20, 1002, "u-2", "vm")->identity.guest = true; /* a virtual machine in an ordinary container */
    machine_run(21, 1002, "u-2", "launcher");
    poll_after(0);
    assert_int_equal(m.pods.unseen, 0);
    assert_int_equal(live(), 1);
    assert_non_null(series_with(POD_UID, "u-2"));
    arena_free(&m.arena);
}

/* --- names ------------------------------------------------------------------------- */

static void the_directory_of_logs_names_pods(void **state)
{
    char *logs = dir_make();

    (void)state;
    dir_put_text(logs, "kube-system_core-dns.v2_0a-1/x", "");
    dir_put_text(logs, "default_web-0_0a-2/x", "");
    dir_put_text(logs, "default_web_0_0a-3/x", "");
    dir_put_text(logs, "nothing/x", "");
    machine_begin(8, 1u << POD_NAME | 1u << POD_NAMESPACE, logs, NULL);
    machine_run(10, 1001, "0a-1", "c1");
    machine_run(20, 1002, "0a-2", "c2");
    machine_run(30, 1003, "0a-3", "c3");
    machine_count(1001, 5, 100);
    poll_after(0);
    assert_string_equal(series_with(POD_NAME, "core-dns.v2")->text.name_space, "kube-system");
    assert_string_equal(series_with(POD_NAME, "web-0")->text.name_space, "default");
    assert_string_equal(series_with(POD_UID, "0a-3")->text.name, "");
    dir_put_text(logs, "default_late_0a-3/x", ""); /* it is asked again */
    poll_after(10000);
    assert_int_equal(series_with(POD_NAME, "late")->views, 1);
    assert_int_equal(series_with(POD_UID, "0a-3")->views, 0);
    dir_remove(logs);
    arena_free(&m.arena);
}

/* --- bounds and ends ----------------------------------------------------------------- */

static void what_exceeds_the_limit_is_counted_and_takes_a_place_that_becomes_free(void **state)
{
    char container[16];

    (void)state;
    machine_begin(3, ALL, "/none", NULL);
    for (int i = 0; i < 7; i++) {
        snprintf(container, sizeof container, "c%d", i);
        machine_run(10 + i, 1001 + (uint64_t)i, "", container);
        machine_run(30 + i, 1001 + (uint64_t)i, "", container);
    }
    poll_after(0);
    assert_int_equal(live(), 3);
    assert_int_equal(m.pods.unseen, 4);
    machine_end(10);
    machine_end(30);
    poll_after(10000);
    assert_int_equal(m.pods.unseen, 4); /* its place is free from the next look on */
    assert_non_null(series_with(POD_CONTAINER, "c0"));
    push();
    poll_after(10000);
    assert_null(series_with(POD_CONTAINER, "c0")); /* what lives takes the place of its zeros */
    assert_non_null(series_with(POD_CONTAINER, "c3"));
    assert_int_equal(live(), 3);
    assert_int_equal(m.pods.unseen, 3);
    arena_free(&m.arena);
}

static void what_has_ended_pushes_zeros_for_a_while(void **state)
{
    struct pod_series *s;
    uint32_t generation, zeros;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    m.pods.want.marks_ends = true;
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    push();
    s = series_with(POD_UID, "u-1");
    generation = s->generation;
    machine_end(10);
    for (zeros = 0; !s->ending; zeros++) {
        poll_after(10000);
        assert_int_equal(s->family[0].tcp_inuse, 0);
        push();
        assert_true(s->live);
    }
    assert_int_equal(zeros, 10);
    poll_after(10000);
    push();
    assert_false(s->live);
    machine_run(20, 1002, "u-2", "c2");
    poll_after(10000);
    assert_ptr_equal(series_with(POD_UID, "u-2"), s);
    assert_int_equal(s->generation, generation + 1);
    arena_free(&m.arena);
}

static void one_that_comes_back_goes_on(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, 1u << POD_UID, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    s = series_with(POD_UID, "u-1");
    machine_count(1001, 5, 103);
    poll_after(10000);
    machine_end(10);
    poll_after(10000);
    push();
    machine_run(20, 1002, "u-1", "c2");
    machine_count(1002, 6, 7);
    poll_after(10000);
    assert_ptr_equal(series_with(POD_UID, "u-1"), s);
    assert_int_equal(s->family[0].tcp_inuse, 6);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 3); /* totals do not fall */
    arena_free(&m.arena);
}

/* A process of the node may enter a namespace and leave it, as those of container runtimes do. */
static void a_visitor_that_left_does_not_hold_a_namespace(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_run(500, 1001, "", "");
    machine_count(1001, 5, 100);
    machine_reading(1001)->family[0].count[STATE_LISTEN] = 1;
    machine_reading(1001)->family[0].accept_queue = 77;
    for (unsigned i = 0; i < 20; i++)
        poll_after(10000);
    machine_process(500)->name_space = COUNTED;
    machine_end(10);
    machine_run(20, 1001, "u-2", "c2");
    machine_count(1001, 5, 130);
    machine_reading(1001)->family[0].accept_queue = 0;
    m.pods.turn[0].budget_ns = m.pods.turn[1].budget_ns = -1000000000;
    poll_after(10000);
    s = series_with(POD_UID, "u-2");
    assert_non_null(s);
    assert_int_equal(s->total[POD_RETRANS_SEGS], 0);
    assert_int_equal(s->family[0].accept_queue, 0);
    assert_false(s->listeners);
    arena_free(&m.arena);
}

/* --- errors ---------------------------------------------------------------------------- */

static void a_look_that_fails_keeps_what_is_known(void **state)
{
    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    poll_after(0);
    m.error = -EMFILE;
    poll_after(10000);
    assert_int_equal(m.pods.error, -EMFILE);
    assert_int_equal(series_with(POD_UID, "u-1")->family[0].tcp_inuse, 5);
    m.error = 0;
    poll_after(10000);
    assert_int_equal(m.pods.error, 0);
    assert_int_equal(series_with(POD_UID, "u-1")->family[0].tcp_inuse, 5);
    assert_false(series_with(POD_UID, "u-1")->unread);
    m.read_error = -EIO;
    poll_after(10000);
    assert_true(m.pods.failed);
    assert_true(series_with(POD_UID, "u-1")->unread);
    m.read_error = 0;
    poll_after(10000);
    assert_false(series_with(POD_UID, "u-1")->unread);
    machine_end(10);
    poll_after(10000);
    assert_false(series_with(POD_UID, "u-1")->unread);
    arena_free(&m.arena);
}

static void listeners_stay_as_they_were_read_last(void **state)
{
    struct pod_series *s;

    (void)state;
    machine_begin(8, ALL, "/none", NULL);
    machine_run(10, 1001, "u-1", "c1");
    machine_count(1001, 5, 100);
    machine_reading(1001)->family[0].count[STATE_LISTEN] = 2;
    machine_reading(1001)->family[0].accept_queue = 9;
    poll_after(0);
    s = series_with(POD_UID, "u-1");
    assert_true(s->listeners);
    m.pods.turn[0].budget_ns = -1000000000; /* more was used than there is */
    poll_after(10000);
    assert_false(s->listeners);
    assert_int_equal(s->family[0].tcp_inuse, 5);
    assert_int_equal(m.depth[POD_COUNTERS], 1);
    machine_reading(1001)->current = 16;
    poll_after(10000);
    assert_false(s->listeners); /* it was idle at the poll before */
    poll_after(10000);
    assert_true(s->listeners); /* the busy ones have a budget of their own */
    assert_int_equal(s->family[0].count[STATE_LISTEN], 2);
    assert_int_equal(s->family[0].accept_queue, 9);
    arena_free(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_namespace_is_a_series_and_the_counted_one_is_none),
        cmocka_unit_test(without_a_counted_one_the_node_is_one_like_the_others),
        cmocka_unit_test(increases_begin_with_the_first_reading),
        cmocka_unit_test(what_has_the_same_tags_is_added_up),
        cmocka_unit_test(another_process_takes_over),
        cmocka_unit_test(a_name_that_is_new_after_the_reading_has_no_gauges_yet),
        cmocka_unit_test(a_number_that_is_used_again_is_another_namespace),
        cmocka_unit_test(a_number_without_a_container_begins_anew),
        cmocka_unit_test(a_process_may_enter_its_namespace_after_it_was_seen),
        cmocka_unit_test(a_look_is_taken_each_10_s_and_asks_known_processes_nothing),
        cmocka_unit_test(the_oldest_container_tells_whose_it_is_and_the_sandbox_only_alone),
        cmocka_unit_test(a_helper_without_words_hides_no_kernel_and_makes_none),
        cmocka_unit_test(a_pod_with_a_kernel_of_its_own_is_absent),
        cmocka_unit_test(the_directory_of_logs_names_pods),
        cmocka_unit_test(what_exceeds_the_limit_is_counted_and_takes_a_place_that_becomes_free),
        cmocka_unit_test(what_has_ended_pushes_zeros_for_a_while),
        cmocka_unit_test(one_that_comes_back_goes_on),
        cmocka_unit_test(a_visitor_that_left_does_not_hold_a_namespace),
        cmocka_unit_test(a_look_that_fails_keeps_what_is_known),
        cmocka_unit_test(listeners_stay_as_they_were_read_last),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
