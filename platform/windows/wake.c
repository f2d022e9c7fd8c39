/* A wake-up of two events: fd[0] is set by a signal, fd[1] by a socket while it is waited for. */
#include <errno.h>
#include <winsock2.h>
#include <windows.h>

#include "platform.h"

static HANDLE handle(int fd)
{
    return (HANDLE)(intptr_t)fd;
}

int net_wake_open(struct net_wake *w)
{
    for (int i = 0; i < 2; i++) {
        w->fd[i] = (int)(intptr_t)CreateEventW(NULL, FALSE, FALSE, NULL);
        if (!w->fd[i])
            return -ENOMEM;
    }
    return 0;
}

void net_wake_signal(struct net_wake *w)
{
    SetEvent(handle(w->fd[0]));
}

/* An event reports a socket's data only once, so the socket is checked before and after. */
bool net_wake_wait(struct net_wake *w, int fd, int timeout_ms)
{
    const HANDLE events[] = {handle(w->fd[0]), handle(w->fd[1])};
    DWORD timeout = timeout_ms < 0 ? INFINITE : (DWORD)timeout_ms;

    if (fd < 0) {
        WaitForSingleObject(events[0], timeout);
        return false;
    }
    WSAEventSelect((SOCKET)fd, events[1], FD_READ | FD_CLOSE);
    if (net_wait_readable(fd, 0))
        timeout = 0;
    WaitForMultipleObjects(2, events, FALSE, timeout);
    WSAEventSelect((SOCKET)fd, NULL, 0);
    ResetEvent(events[1]);
    return net_wait_readable(fd, 0);
}
