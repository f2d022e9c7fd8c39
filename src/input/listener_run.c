/* The thread that receives. */
#include <errno.h>

#include "base/deadline.h"
#include "base/log.h"
#include "input/listener.h"

/* Batches or pieces that one descriptor gives before the others have their turn. */
#define TURN 8

#define REST_MS 100

#define GATHER_NS   500000 /* short datagrams gather for that long at most */
#define GATHER_MIN  10     /* if so many come meanwhile */
#define GATHER_LEN  512    /* bytes of a short one */
#define GATHER_COST 1280   /* bytes that it takes from a receive buffer at most; Linux: 768 to 1280 */
#define GATHER_PART 8      /* that part of a buffer may be filled meanwhile */
#define LATE_NS     60000  /* by which a system wakes a thread too late */

/* Leaves a socket alone for a while after an error that may come again at once, such as too many open files. */
static void rest(struct listener *l, struct listen_socket *s, int error)
{
    if (error != s->error)
        log_event(LOG_WARN, "listen", s->item->name, "cannot receive: %s", platform_error_text(-error));
    s->error = error;
    s->rests = true;
    l->rest_end_ns = deadline_in(REST_MS);
}

static void end_rests(struct listener *l)
{
    for (int i = 0; i < l->n_sockets; i++)
        l->socket[i].rests = false;
    l->rest_end_ns = 0;
}

/* Takes a datagram. The caller has the lock. */
static void take(struct listener *l, struct listen_counts *counts, const char *bytes, size_t len, bool cut)
{
    counts->datagrams++;
    counts->truncated += cut;
    intake_take(&l->intake, &counts->lines, bytes, len, cut);
}

static void receive(struct listener *l, struct listen_socket *s)
{
    int n = NET_BATCH;

    for (int turn = 0; turn < TURN && n == NET_BATCH; turn++) {
        n = net_receive_batch(s->fd, l->batch);
        listener_enter(l);
        for (int i = 0; i < n; i++) {
            take(l, s->counts, l->batch->bytes[i], l->batch->len[i], l->batch->cut[i]);
            l->turn_datagrams++;
            l->turn_hurries |= l->batch->len[i] > GATHER_LEN;
        }
        listener_leave(l);
    }
    l->turn_hurries |= n == NET_BATCH || s->item->kind != LISTEN_UDP;
    if (n < 0 && n != -EAGAIN)
        rest(l, s, n);
}

/* --- streams ------------------------------------------------------------------------------- */

static struct listen_client *free_client(struct listener *l)
{
    for (int i = 0; i < l->n_clients; i++)
        if (l->client[i].fd < 0)
            return &l->client[i];
    return NULL;
}

static void add_client(struct listener *l, const struct listen_socket *s, int fd)
{
    struct listen_client *c = free_client(l);

    if (!c) {
        net_close(fd);
        listener_enter(l);
        s->counts->refused_clients++;
        listener_leave(l);
        return;
    }
    c->fd = fd;
    c->counts = s->counts;
    frames_init(c->frames);
}

static void accept_clients(struct listener *l, struct listen_socket *s)
{
    int fd = 0;

    for (int i = 0; i < LISTEN_CLIENTS && fd >= 0; i++) {
        fd = net_accept(s->fd);
        if (fd >= 0)
            add_client(l, s, fd);
    }
    if (fd < 0 && fd != -EAGAIN)
        rest(l, s, fd);
}

/* Takes what has come of a stream. ended: nothing more will. Returns false if nothing more can be read. */
static bool take_frames(struct listener *l, struct listen_client *c, bool ended)
{
    struct frame frame;
    bool broken;

    listener_enter(l);
    while (frames_next(c->frames, &frame))
        take(l, c->counts, frame.at, frame.len, frame.cut);
    if (ended && frames_end(c->frames, &frame))
        take(l, c->counts, frame.at, frame.len, frame.cut);
    broken = c->frames->form == FRAMES_BROKEN;
    c->counts->truncated += broken;
    listener_leave(l);
    return !ended && !broken;
}

static void end_client(struct listen_client *c)
{
    net_close(c->fd);
    c->fd = -1;
}

static void read_client(struct listener *l, struct listen_client *c)
{
    for (int turn = 0; turn < TURN; turn++) {
        size_t room;
        char *to = frames_room(c->frames, &room);
        long n = net_receive_some(c->fd, to, room);

        if (n == -EAGAIN)
            return;
        if (n > 0)
            frames_add(c->frames, (size_t)n);
        if (!take_frames(l, c, n <= 0)) {
            end_client(c);
            return;
        }
        if ((size_t)n < room)
            return;
    }
}

/* --- all together --------------------------------------------------------------------------- */

static void flush_packers(struct listener *l)
{
    listener_enter(l);
    intake_flush(&l->intake);
    listener_leave(l);
    l->flush_end_ns = 0;
}

/* Returns the timeout, -1 for none, or what is left until the deadline if that is less. end_ns 0: there is none. */
static int until(uint64_t end_ns, int timeout_ms)
{
    int left = end_ns ? deadline_left_ms(end_ns) : -1;

    return left < 0 || (timeout_ms >= 0 && timeout_ms < left) ? timeout_ms : left;
}

/* Lets short datagrams gather if they come so fast that each would wake the thread, which costs more than to take it.
 * At the rate of the last turn they fill an eighth of the smallest buffer meanwhile. Unix sockets have short queues:
 * what comes there is read at once. So are those where a pause could last for 10 ms, as it can without timers of high
 * resolution. */
static void gather(struct listener *l)
{
    uint64_t now = platform_monotonic_ns(), turn_ns = now - l->turn_ns, pause_ns = GATHER_NS;

    l->turn_ns = now;
    if (l->may_pause && !l->turn_hurries && turn_ns &&
        l->turn_datagrams * (uint64_t)GATHER_NS >= GATHER_MIN * turn_ns) {
        for (int i = 0; i < l->n_sockets; i++) {
            uint64_t room = l->socket[i].buffer / GATHER_PART / GATHER_COST;

            if (l->socket[i].item->kind == LISTEN_UDP && pause_ns > turn_ns * room / l->turn_datagrams)
                pause_ns = turn_ns * room / l->turn_datagrams;
        }
        if (pause_ns > 2 * LATE_NS)
            platform_sleep_ns(pause_ns - LATE_NS);
    }
    l->turn_datagrams = 0;
    l->turn_hurries = false;
}

/* Waits, and reads from each descriptor that is ready. Returns how many were. */
static int serve(struct listener *l, int timeout_ms)
{
    struct net_ready of[LISTEN_SOCKETS + LISTEN_CLIENTS];
    struct listen_client *client[LISTEN_CLIENTS];
    uint64_t flush_end_ns;
    int n = l->n_sockets, clients = 0, ready;

    if (l->rest_end_ns && !deadline_left_ms(l->rest_end_ns))
        end_rests(l);
    if (l->flush_end_ns && !deadline_left_ms(l->flush_end_ns))
        flush_packers(l);
    if (timeout_ms)
        gather(l);
    timeout_ms = until(l->flush_end_ns, until(l->rest_end_ns, timeout_ms));
    for (int i = 0; i < n; i++)
        of[i].fd = l->socket[i].rests ? -1 : l->socket[i].fd;
    /* Not the free ones: poll takes no more than there can be open files. */
    for (int i = 0; i < l->n_clients; i++)
        if (l->client[i].fd >= 0) {
            of[n + clients].fd = l->client[i].fd;
            client[clients++] = &l->client[i];
        }
    ready = net_wake_wait_any(&l->wake, of, n + clients, timeout_ms);
    flush_end_ns = l->flush_end_ns ? l->flush_end_ns : deadline_in(LISTEN_PACK_MS);
    for (int i = 0; i < clients; i++)
        if (of[n + i].ready) {
            read_client(l, client[i]);
            l->turn_hurries = true;
        }
    for (int i = 0; i < n; i++) {
        if (of[i].ready && l->socket[i].item->kind == LISTEN_UNIXSTREAM)
            accept_clients(l, &l->socket[i]);
        else if (of[i].ready)
            receive(l, &l->socket[i]);
    }
    l->flush_end_ns = intake_holds_lines(&l->intake) ? flush_end_ns : 0;
    return ready;
}

static bool stops(struct listener *l)
{
    bool stop;

    listener_enter(l);
    stop = l->stops;
    listener_leave(l);
    return stop;
}

void *listener_run(void *ctx)
{
    struct listener *l = ctx;
    uint64_t end_ns;
    int ready;

    l->may_pause = platform_sleep_step_ns() < LATE_NS;
    while (!stops(l))
        serve(l, -1);
    end_ns = deadline_in(LISTEN_DRAIN_MS);
    while ((ready = serve(l, 0)) && platform_monotonic_ns() < end_ns)
        ;
    if (ready)
        log_event(LOG_WARN, NULL, NULL, "applications still send after %d ms: the rest is not taken", LISTEN_DRAIN_MS);
    for (int i = 0; i < l->n_clients; i++)
        if (l->client[i].fd >= 0) {
            take_frames(l, &l->client[i], true);
            end_client(&l->client[i]);
        }
    flush_packers(l);
    return NULL;
}

_Static_assert(LISTEN_SOCKETS + LISTEN_CLIENTS <= NET_READY_MAX && FRAME_MAX == NET_DATAGRAM_MAX, "platform.h");
