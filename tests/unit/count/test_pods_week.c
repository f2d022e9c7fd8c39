/* A week of polls in virtual time, with pods that come and go: each has its own numbers, and nothing grows. */
#include <stdio.h>
#include <string.h>

#include "unit/count/pods_machine.h"
#include "unit/helper.h"

#define POLLS  (7 * 24 * 360 / ONE_IN) /* each 10 s */
#define PLACES 12                      /* the most pods at a time: the kernel's numbers, which it uses again */
#define PORT   80

/* The pod in a place, if there is one. */
static struct {
    bool there;
    unsigned serial; /* of its uid, which no other pod has */
    int pid[2];      /* its processes; 0: none */
    uint64_t sockets, retransmitted, first;
    bool read; /* once; then `first` is what it had retransmitted */
} pod[PLACES];

static unsigned serial, pods_made;
static int next_pid;

static int run_in(unsigned place)
{
    char uid[20];

    snprintf(uid, sizeof uid, "u-%u", pod[place].serial);
    next_pid = next_pid % 30000 + 2; /* pids are used again, too */
    while (machine_process(next_pid))
        next_pid++;
    machine_run(next_pid, COUNTED + 1 + place, uid, "c");
    return next_pid;
}

static void begin_pod(unsigned place)
{
    memset(&pod[place], 0, sizeof pod[place]);
    pod[place].there = true;
    pod[place].serial = ++serial;
    pod[place].pid[0] = run_in(place);
    pod[place].retransmitted = any(1000);
    pods_made++;
}

/* Ends one of its processes, and with the last one the pod. */
static void end_process(unsigned place)
{
    unsigned which = pod[place].pid[1] ? any(2) : 0;

    machine_end(pod[place].pid[which]);
    if (!which)
        pod[place].pid[0] = pod[place].pid[1];
    pod[place].pid[1] = 0;
    pod[place].there = pod[place].pid[0];
}

static void change(void)
{
    for (unsigned i = 0; i < PLACES; i++) {
        uint32_t chance = any(100);

        if (!pod[i].there && chance < 20)
            begin_pod(i);
        else if (pod[i].there && chance < 8)
            end_process(i);
        else if (pod[i].there && chance < 20 && !pod[i].pid[1])
            pod[i].pid[1] = run_in(i);
        if (!pod[i].there)
            continue;
        pod[i].sockets = any(4);
        pod[i].retransmitted += any(50);
        machine_count(COUNTED + 1 + i, pod[i].sockets, pod[i].retransmitted);
    }
}

/* Lets each pod have so many listeners at one port. */
static void open_sockets(void)
{
    m.n_socks = 0;
    for (unsigned i = 0; i < PLACES; i++)
        for (uint64_t n = 0; pod[i].there && n < pod[i].sockets; n++)
            machine_socket(COUNTED + 1 + i, sock_of(PROTOCOL_TCP, "0.0.0.0", PORT, STATE_LISTEN, 1));
}

static const struct series *port_of(const struct pod_series *s)
{
    for (uint32_t i = 0; i < tally_count(m.pods.ports); i++)
        if (pods_of_ports(&m.pods, tally_series(m.pods.ports, i)) == s)
            return tally_series(m.pods.ports, i);
    return NULL;
}

static void check_pod(unsigned place)
{
    const struct series *port;
    const struct pod_series *s;
    char uid[20];

    snprintf(uid, sizeof uid, "u-%u", pod[place].serial);
    s = series_with(POD_UID, uid);
    assert_non_null(s);
    assert_int_equal(s->family[0].tcp_inuse, pod[place].sockets);
    if (!pod[place].read)
        pod[place].first = pod[place].retransmitted;
    pod[place].read = true;
    assert_int_equal(s->total[POD_RETRANS_SEGS], pod[place].retransmitted - pod[place].first);
    port = port_of(s);
    assert_int_equal(port ? port->count[STATE_LISTEN] : 0, pod[place].sockets);
}

/* Series that have no pod are zeros, and end. */
static void check_others(void)
{
    unsigned there = 0, sockets = 0;

    for (unsigned i = 0; i < PLACES; i++)
        there += pod[i].there;
    for (uint32_t i = 0; i < m.pods.n_series; i++)
        if (m.pods.series[i].live && !m.pods.series[i].views) {
            assert_int_equal(m.pods.series[i].family[0].tcp_inuse, 0);
            assert_in_range(m.now_ms - m.pods.series[i].seen_ms, 0, 110000);
        } else {
            there -= m.pods.series[i].live;
        }
    assert_int_equal(there, 0);
    for (uint32_t i = 0; i < tally_count(m.pods.ports); i++)
        sockets += tally_series(m.pods.ports, i)->count[STATE_LISTEN];
    assert_int_equal(sockets, m.n_socks);
}

static void a_week_of_pods(void **state)
{
    const void *arena;

    (void)state;
    any_seed(28);
    machine_begin(60, 1u << POD_UID, "/none", "80");
    arena = m.arena.blocks;
    for (unsigned n = 0; n < POLLS; n++) {
        change();
        open_sockets();
        poll_after(10000);
        for (unsigned i = 0; i < PLACES; i++)
            if (pod[i].there)
                check_pod(i);
        check_others();
        pods_expire(&m.pods);
    }
    assert_true(pods_made > POLLS / 100);
    assert_int_equal(m.pods.unseen, 0);
    assert_ptr_equal(m.arena.blocks, arena);
    print_message("%u polls, %u pods, %u series at most\n", (unsigned)POLLS, pods_made, (unsigned)m.pods.n_series);
    arena_free(&m.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_week_of_pods),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
