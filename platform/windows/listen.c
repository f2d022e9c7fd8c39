/* Stubs: nothing is received on Windows. */
#include <errno.h>

#include "platform.h"

int net_bind(const struct net_addr *addr, unsigned *buffer)
{
    (void)addr, (void)buffer;
    return -EOPNOTSUPP;
}

bool net_is_for_any(int fd, const struct net_addr *addr)
{
    (void)fd, (void)addr;
    return false;
}

int net_listen(const struct net_addr *addr)
{
    (void)addr;
    return -EOPNOTSUPP;
}

int net_accept(int fd)
{
    (void)fd;
    return -EOPNOTSUPP;
}

int net_receive_batch(int fd, struct net_batch *out)
{
    (void)fd, (void)out;
    return -EOPNOTSUPP;
}

bool net_queue_read(int fd, struct net_queue *out)
{
    (void)fd, (void)out;
    return false;
}

int net_wake_wait_any(struct net_wake *w, struct net_ready *of, int n, int timeout_ms)
{
    for (int i = 0; i < n; i++)
        of[i].ready = false;
    net_wake_wait(w, -1, timeout_ms);
    return 0;
}

int net_unix_remove_stale(const char *path)
{
    (void)path;
    return -EOPNOTSUPP;
}

int net_unix_open_to_all(const char *path, struct net_file *file)
{
    (void)path, (void)file;
    return -EOPNOTSUPP;
}

bool net_unix_leads_to(const char *path, const struct net_file *file)
{
    (void)path;
    (void)file;
    return false;
}

void net_unix_remove(const char *path, const struct net_file *file)
{
    (void)path, (void)file;
}
