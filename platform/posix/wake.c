#include <errno.h>
#include <unistd.h>

#include "base/deadline.h"
#include "platform.h"
#include "posix/posix.h"

int net_wake_open(struct net_wake *w)
{
    return posix_pipe(w->fd) ? -errno : 0;
}

/* A full pipe wakes as well as one more byte would. A lost byte would leave a thread asleep, so another error, such as
 * ENOMEM for the pipe's memory, is waited out. */
void net_wake_signal(struct net_wake *w)
{
    while (write(w->fd[1], "", 1) < 0 && errno != EAGAIN)
        platform_sleep_ns(NS_PER_MS);
}

static void clear(struct net_wake *w)
{
    char taken[64];

    while (read(w->fd[0], taken, sizeof taken) > 0)
        ;
}

bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms)
{
    struct net_ready one = {.fd = fd};

    return net_wake_wait_any(w, &one, 1, timeout_ms) > 0;
}

int net_wake_wait_any(struct net_wake *w, struct net_ready *of, int n, int timeout_ms)
{
    struct pollfd p[1 + NET_READY_MAX] = {{.fd = w->fd[0], .events = POLLIN}};
    int any, ready = 0;

    for (int i = 0; i < n; i++)
        p[1 + i] = (struct pollfd){.fd = of[i].fd, .events = POLLIN};
    any = posix_poll(p, 1 + (unsigned)n, timeout_ms);
    for (int i = 0; i < n; i++) {
        of[i].ready = any > 0 && p[1 + i].revents;
        ready += of[i].ready;
    }
    if (any > 0 && p[0].revents)
        clear(w);
    return ready;
}
