#include "unit/output/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "posix/posix.h"
#include "unit/helper.h"

#define FDS_MAX  3
#define FOR_EVER UINT64_MAX
#define WALL_MS  1796083200000ll /* 2026-12-01, when the recorded certificates are valid */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t now_ns = 1000 * SECOND;

/* The thread that waits, if any. */
static struct {
    bool waits;
    pthread_t thread;
    struct pollfd fd[FDS_MAX];
    unsigned n;
    uint64_t limit_ns;
} waiter;

/* A byte in this pipe ends the wait by its limit. The pipe is opened before any test counts descriptors. */
static int limit[2];

static void __attribute__((constructor)) open_limit(void)
{
    if (pipe(limit))
        abort();
}

uint64_t platform_monotonic_ns(void)
{
    uint64_t now;

    pthread_mutex_lock(&lock);
    now = now_ns;
    pthread_mutex_unlock(&lock);
    return now;
}

int64_t platform_wall_ms(void)
{
    return WALL_MS + (int64_t)(platform_monotonic_ns() / MS);
}

_Noreturn static void give_up(void)
{
    print_error("clock.c: another thread waits, perhaps the output of a test that failed before\n");
    abort();
}

/* Records what the calling thread waits for. span_ns is the time from now, or FOR_EVER. */
static void begin_wait(const struct pollfd *fds, unsigned n, uint64_t span_ns)
{
    pthread_mutex_lock(&lock);
    if (n > FDS_MAX || waiter.waits)
        give_up();
    waiter.thread = pthread_self();
    waiter.waits = true;
    if (n)
        memcpy(waiter.fd, fds, n * sizeof *fds);
    waiter.n = n;
    waiter.limit_ns = span_ns == FOR_EVER ? FOR_EVER : now_ns + span_ns;
    pthread_mutex_unlock(&lock);
}

/* Moves the time to the limit of the wait. The caller holds the lock. */
static void end_wait(void)
{
    now_ns = waiter.limit_ns;
    waiter.waits = false;
    assert_int_equal(write(limit[1], "", 1), 1);
}

static void wait_for(const struct pollfd *fds, unsigned n, uint64_t span_ns)
{
    struct pollfd all[FDS_MAX + 1] = {{.fd = limit[0], .events = POLLIN}};
    char byte;

    begin_wait(fds, n, span_ns);
    if (n)
        memcpy(all + 1, fds, n * sizeof *fds);
    while (poll(all, n + 1, -1) < 0)
        ;
    pthread_mutex_lock(&lock);
    if (!waiter.waits)
        assert_int_equal(read(limit[0], &byte, 1), 1);
    waiter.waits = false;
    pthread_mutex_unlock(&lock);
}

int posix_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
    int ready = poll(fds, n, 0);

    if (ready || !timeout_ms)
        return ready;
    wait_for(fds, n, timeout_ms < 0 ? FOR_EVER : (uint64_t)timeout_ms * MS);
    return poll(fds, n, 0);
}

void platform_sleep_ns(uint64_t ns)
{
    wait_for(NULL, 0, ns);
}

/* --- the test's side ---------------------------------------------------------------- */

static void look_again_soon(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

static bool rests(const struct output *o)
{
    bool rests;

    pthread_mutex_lock(&lock);
    if (waiter.waits && !pthread_equal(waiter.thread, o->thread))
        give_up();
    rests = waiter.waits && !poll(waiter.fd, waiter.n, 0);
    pthread_mutex_unlock(&lock);
    return rests;
}

void clock_rest(struct output *o)
{
    while (!rests(o) && !output_done(o))
        look_again_soon();
}

/* Ends the thread's wait if its limit is no later than until_ns. */
static bool end_wait_until(struct output *o, uint64_t until_ns)
{
    bool ends;

    clock_rest(o);
    pthread_mutex_lock(&lock);
    ends = waiter.waits && waiter.limit_ns <= until_ns;
    if (ends)
        end_wait();
    pthread_mutex_unlock(&lock);
    return ends;
}

void clock_pass(struct output *o, uint64_t ns)
{
    uint64_t until_ns = platform_monotonic_ns() + ns;

    while (end_wait_until(o, until_ns))
        ;
    pthread_mutex_lock(&lock);
    now_ns = until_ns;
    pthread_mutex_unlock(&lock);
}

bool clock_step(struct output *o)
{
    bool ended = end_wait_until(o, FOR_EVER - 1);

    clock_rest(o);
    return ended;
}

void clock_arrived(int fd)
{
    uint64_t left;

    while (!net_unacked(fd, &left) && left)
        look_again_soon();
}
