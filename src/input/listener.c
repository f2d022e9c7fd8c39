#include "input/listener.h"

#include <errno.h>
#include <string.h>

#include "base/ip.h"
#include "base/log.h"

/* Who waits for the lock keeps the other at the door. */
void listener_enter(struct listener *l)
{
    pthread_mutex_lock(&l->door);
    pthread_mutex_lock(&l->lock);
    pthread_mutex_unlock(&l->door);
}

void listener_leave(struct listener *l)
{
    pthread_mutex_unlock(&l->lock);
}

/* --- opening ------------------------------------------------------------------------------- */

static int refuse(const struct listen_item *item, int error, const char *why)
{
    log_event(LOG_ERROR, "listen", item->name, "cannot receive: %s", why);
    return error;
}

static int refuse_for(const struct listen_item *item, int error)
{
    if (error == -EADDRINUSE)
        return refuse(item, error, "another program receives there, or SOCKPUSH_LISTEN has it twice");
    if (error == -EEXIST)
        return refuse(item, error, "this file is not a socket");
    return refuse(item, error, platform_error_text(-error));
}

static struct listen_socket *add_socket(struct listener *l, const struct listen_item *item, const struct net_addr *addr)
{
    struct listen_socket *s = &l->socket[l->n_sockets];

    *s = (struct listen_socket){.item = item, .addr = *addr, .buffer = LISTEN_BUFFER};
    s->counts = &l->counts[item - l->items];
    s->fd = item->kind == LISTEN_UNIXSTREAM ? net_listen(addr) : net_bind(addr, &s->buffer);
    l->n_sockets += s->fd >= 0;
    return s;
}

static struct ip bound_ip(const struct listen_socket *s)
{
    struct ip at, none;

    net_ends(s->fd, &at, &none);
    return at;
}

/* Warns if others than this machine reach the socket. */
static void warn_of_strangers(const struct listen_socket *s)
{
    static const struct ip six = {6, {[15] = 1}};
    struct ip at = bound_ip(s);

    if (at.version == 6 ? memcmp(at.bytes, six.bytes, 16) != 0 : at.bytes[0] != 127)
        log_event(LOG_WARN, "listen", s->item->name, "everyone who reaches this address can send metrics");
}

/* Opens a socket at each address that the host has here. localhost may have no IPv6, and a name may have others'
 * addresses, too. */
static int open_udp(struct listener *l, const struct listen_item *item, int timeout_ms)
{
    struct net_addr addr[LISTEN_ADDRESSES];
    int n = net_resolve(item->host, item->port, addr, LISTEN_ADDRESSES, timeout_ms), before = l->n_sockets;
    int ret = -EADDRNOTAVAIL;

    if (n < 0)
        return refuse(item, ret, net_resolve_error(n));
    for (int i = 0; i < n; i++) {
        const struct listen_socket *s = add_socket(l, item, &addr[i]);

        if (s->fd >= 0)
            warn_of_strangers(s);
        else if (s->fd != -EADDRNOTAVAIL && s->fd != -EAFNOSUPPORT)
            return refuse_for(item, s->fd);
        else
            ret = s->fd;
    }
    return l->n_sockets > before ? 0 : refuse_for(item, ret);
}

static int open_unix(struct listener *l, const struct listen_item *item)
{
    struct listen_socket *s;
    struct net_addr addr;
    int ret = net_unix_addr(item->path, &addr);

    ret = ret ? ret : net_unix_remove_stale(item->path);
    if (ret)
        return refuse_for(item, ret);
    s = add_socket(l, item, &addr);
    ret = s->fd < 0 ? s->fd : net_unix_open_to_all(item->path, &s->file);
    return ret ? refuse_for(item, ret) : 0;
}

static void close_all(struct listener *l)
{
    for (int i = 0; i < l->n_sockets; i++)
        net_close(l->socket[i].fd);
    l->n_sockets = 0;
}

/* Returns true if a datagram to addr, of this port, comes to the socket. */
static bool receives(const struct listen_socket *s, const struct net_addr *addr, uint16_t port)
{
    static const uint8_t any[16];
    struct ip at;

    if (s->item->kind != LISTEN_UDP || s->item->port != port)
        return false;
    if (s->addr.len == addr->len && !memcmp(s->addr.bytes, addr->bytes, addr->len))
        return true;
    at = bound_ip(s);
    return !memcmp(at.bytes, any, sizeof any) && net_is_for_any(s->fd, addr);
}

const struct listen_item *listener_at(const struct listener *l, const struct net_addr *addr, uint16_t port)
{
    for (int i = 0; i < l->n_sockets; i++)
        if (receives(&l->socket[i], addr, port))
            return l->socket[i].item;
    return NULL;
}

const struct listen_item *listener_at_path(const struct listener *l, const char *path)
{
    for (int i = 0; i < l->n_sockets; i++) {
        const struct listen_socket *s = &l->socket[i];

        if (s->item->path && (!strcmp(s->item->path, path) || net_unix_leads_to(path, &s->file)))
            return s->item;
    }
    return NULL;
}

static void remove_files(const struct listener *l)
{
    for (int i = 0; i < l->n_sockets; i++)
        if (l->socket[i].item->kind != LISTEN_UDP)
            net_unix_remove(l->socket[i].item->path, &l->socket[i].file);
}

/* The frames are apart, so that a client that never comes has no resident page. */
static void add_clients(struct listener *l, struct arena *a)
{
    struct frames *frames = arena_zero(a, LISTEN_CLIENTS, sizeof *frames);

    l->n_clients = LISTEN_CLIENTS;
    for (int i = 0; i < LISTEN_CLIENTS; i++)
        l->client[i] = (struct listen_client){.fd = -1, .frames = &frames[i]};
}

int listener_init(struct listener *l, const struct listen_item *items, int n, struct metrics *metrics, int timeout_ms,
                  struct arena *a)
{
    int ret = 0;

    memset(l, 0, sizeof *l);
    l->items = items;
    l->n_items = n;
    l->intake.metrics = metrics;
    pthread_mutex_init(&l->door, NULL);
    pthread_mutex_init(&l->lock, NULL);
    for (int i = 0; i < n && !ret; i++)
        ret = items[i].kind == LISTEN_UDP ? open_udp(l, &items[i], timeout_ms) : open_unix(l, &items[i]);
    if (!ret && (ret = net_wake_open(&l->wake)))
        refuse_for(items, ret);
    if (ret) {
        remove_files(l);
        close_all(l);
        return ret;
    }
    l->batch = arena_zero(a, 1, sizeof *l->batch);
    for (int i = 0; i < n; i++)
        if (items[i].kind == LISTEN_UNIXSTREAM && !l->n_clients)
            add_clients(l, a);
    return 0;
}

int listener_start(struct listener *l)
{
    int ret = -pthread_create(&l->thread, NULL, listener_run, l);

    l->started = !ret;
    return ret;
}

/* --- each interval ------------------------------------------------------------------------- */

/* Adds up what the queues of the items' sockets report. The queue of a Unix socket is the senders' memory. */
static void read_queues(struct listener *l)
{
    for (int i = 0; i < l->n_items && l->n_sockets; i++)
        l->stats[i].buffer_used_percent = 0;
    for (int i = 0; i < l->n_sockets; i++) {
        struct listen_socket *s = &l->socket[i];
        struct listen_stats *stats = &l->stats[s->item - l->items];
        struct net_queue queue;
        unsigned percent;

        if (s->item->kind != LISTEN_UDP || !net_queue_read(s->fd, &queue))
            continue;
        percent = (unsigned)(queue.limit ? (uint64_t)queue.used * 100 / queue.limit : 0);
        percent = percent < 100 ? percent : 100;
        stats->queue_known = true;
        stats->kernel_drops += queue.drops - s->drops;
        s->drops = queue.drops;
        if (stats->buffer_used_percent < percent)
            stats->buffer_used_percent = percent;
    }
}

/* Copies what the thread counts. The caller has the lock. */
static void copy_counters(struct listener *l)
{
    if (l->intake.metrics)
        l->series = l->intake.metrics->n;
    for (int i = 0; i < l->intake.n_packers; i++)
        l->packed[i] = l->intake.packers[i].counters;
    for (int i = 0; i < l->n_items; i++)
        l->stats[i].taken = l->counts[i];
}

void listener_flush(struct listener *l, uint64_t now_ms, int64_t wall_ms)
{
    bool more = true;

    read_queues(l);
    while (more) { /* the kernel's queues are too short to wait for all of them */
        listener_enter(l);
        more = l->intake.metrics && metrics_flush_some(l->intake.metrics, now_ms, wall_ms);
        if (!more)
            copy_counters(l);
        listener_leave(l);
    }
}

void listener_count(struct listener *l)
{
    read_queues(l);
    listener_enter(l);
    copy_counters(l);
    listener_leave(l);
}

/* --- the end ------------------------------------------------------------------------------- */

void listener_close(struct listener *l)
{
    remove_files(l);
    if (l->started) {
        listener_enter(l);
        l->stops = true;
        listener_leave(l);
        net_wake_signal(&l->wake);
        pthread_join(l->thread, NULL);
        l->started = false;
    }
    read_queues(l);
    close_all(l);
}
