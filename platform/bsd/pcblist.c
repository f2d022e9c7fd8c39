#include "bsd/pcblist.h"

#include <errno.h>
#include <sys/types.h>
#include <sys/sysctl.h>

#include "platform.h"

#define TRIES    3
#define SLACK    16384             /* bytes for sockets opened between the size query and the read */
#define LIST_MAX ((size_t)1 << 31) /* bytes of two million sockets; only a broken recording exceeds it */

struct backend_state {
    bool listeners_first;
    struct recording *recording;
    char *list; /* kept; reallocated only when it has to grow */
    size_t size;
};

int bsd_open(struct backend_state **out, const struct backend_want *want)
{
    struct backend_state *state = platform_memory_alloc(sizeof *state);

    if (!state)
        return -ENOMEM;
    state->listeners_first = want->listeners_first;
    state->recording = want->recording;
    *out = state;
    return 0;
}

void bsd_close(struct backend_state *state)
{
    if (state->list)
        platform_memory_free(state->list, state->size);
    platform_memory_free(state, sizeof *state);
}

/* Makes room for size bytes, and drops the list's contents. Returns 0 or -errno. */
static int grow(struct backend_state *state, size_t size)
{
    if (size <= state->size)
        return 0;
    if (size > LIST_MAX)
        return -EMSGSIZE;
    if (state->list)
        platform_memory_free(state->list, state->size);
    state->list = platform_memory_alloc(size);
    state->size = state->list ? size : 0;
    return state->list ? 0 : -ENOMEM;
}

/* Makes room for the current list and some slack. Returns 0 or -errno. */
static int make_room(struct backend_state *state, const char *sysctl_name)
{
    size_t len = 0;

    if (sysctlbyname(sysctl_name, NULL, &len, NULL, 0))
        return -errno;
    if (len < state->size)
        len = state->size; /* the size query returned less than the read then needed */
    return grow(state, len + len / 4 + SLACK);
}

/* Reads the list. Returns its bytes, or -errno. */
static long read_list(struct backend_state *state, const char *sysctl_name)
{
    for (int i = 0; i < TRIES; i++) {
        int ret = i || !state->list ? make_room(state, sysctl_name) : 0;
        size_t len = state->size;

        if (ret)
            return ret;
        if (!sysctlbyname(sysctl_name, state->list, &len, NULL, 0))
            return (long)len;
        if (errno != ENOMEM)
            return -errno;
    }
    return -ENOBUFS;
}

/* Reads a recorded list, whose size is known only once it fits. Returns its bytes, or -errno. */
static long replay_list(struct backend_state *state)
{
    long n = -EMSGSIZE;
    int ret = grow(state, SLACK);

    while (!ret && (n = recording_pass(state->recording, state->list, state->size, 0)) == -EMSGSIZE)
        ret = grow(state, 2 * state->size);
    return ret ? ret : n;
}

/* FreeBSD can be built without IPv6. */
static uint8_t kernel_has_ipv6(void)
{
    int value;
    size_t len = sizeof value;

    return !sysctlbyname("net.inet6.ip6.forwarding", &value, &len, NULL, 0) || errno != ENOENT;
}

int bsd_poll(struct backend_state *state, const char *sysctl_name, pcblist_parse_fn *parse, struct pcblist *list)
{
    bool replays = recording_replays(state->recording);
    uint8_t ipv6 = !replays && kernel_has_ipv6();
    long n = recording_pass(state->recording, &ipv6, sizeof ipv6, sizeof ipv6);

    if (n < 0)
        return (int)n;
    list->report->ipv6 = ipv6;
    list->report->queue_limits |= list->protocol == PROTOCOL_TCP;
    list->listeners_first = state->listeners_first;
    if (replays)
        n = replay_list(state);
    else if ((n = read_list(state, sysctl_name)) >= 0)
        recording_pass(state->recording, state->list, state->size, n);
    return n < 0 ? (int)n : parse(state->list, (size_t)n, list);
}
