#include <errno.h>
#include <time.h>

#include "platform.h"
#include "posix/posix.h"

/* platform_init checked that the clock can be read. That cannot change later. */
uint64_t platform_monotonic_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t platform_wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* If the system refuses to sleep, the caller is merely early. */
void platform_sleep_ns(uint64_t ns)
{
    struct timespec left = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)};

    while (nanosleep(&left, &left) && errno == EINTR)
        ;
}

uint64_t platform_sleep_step_ns(void)
{
    struct timespec step = {.tv_sec = 1};

    clock_getres(CLOCK_MONOTONIC, &step);
    return (uint64_t)step.tv_sec * 1000000000 + (uint64_t)step.tv_nsec;
}

int posix_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
    return poll(fds, n, timeout_ms);
}
