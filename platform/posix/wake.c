#include <errno.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

int net_wake_open(struct net_wake *w)
{
    return posix_pipe(w->fd) ? -errno : 0;
}

void net_wake_signal(struct net_wake *w)
{
    /* A full pipe wakes as well as one more byte would. */
    if (write(w->fd[1], "", 1) < 0)
        return;
}

bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms)
{
    struct pollfd p[2] = {{.fd = w->fd[0], .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    char taken[64];

    if (posix_poll(p, 2, timeout_ms) <= 0)
        return false;
    while (p[0].revents && read(w->fd[0], taken, sizeof taken) > 0)
        ;
    return p[1].revents != 0;
}
