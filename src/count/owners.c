#include "count/owners.h"

#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

#define WALK_MIN_MS   (60 * 1000)
#define RETRY_MAX_MIN 60

struct wanted {
    uint32_t inode;
    struct series *series;
};

void owners_init(struct owners *o, const struct tally *t, const char *proc, struct arena *a)
{
    memset(o, 0, sizeof *o);
    o->proc = proc;
    o->wanted = arena_zero(a, (size_t)t->n_room * OWNER_INODES, sizeof *o->wanted);
}

/* Returns true if the owner is known; a connection's owner is not enough once there is a listener. */
static bool settled(const struct series *s)
{
    return s->owner.pid && s->owner.listening == s->hint.listening;
}

/* Returns true if this series needs a walk. */
static bool must_look(const struct series *s, uint64_t now_ms)
{
    if (settled(s) || !s->hint.n)
        return false;
    return !s->owner.misses || now_ms >= s->owner.retry_ms ||
           (s->hint.listening && s->hint.inode[0] != s->owner.sought);
}

static void verify(const struct owners *o, struct series *s)
{
    struct owner *owner = &s->owner;

    if (!owner->pid)
        return;
    if (s->hint.n && platform_owner_holds(o->proc, owner->pid, owner->fd, owner->inode))
        return;
    *owner = (struct owner){.lost = true};
}

/* Sets the owner from rows that name it: the lowest pid, but 1 only if it is the only one. */
static void set_pid(struct series *s)
{
    const struct owner_hint *h = &s->hint;
    uint32_t pid = h->n ? h->inode[h->n > 1 && h->inode[0] == 1] : 0;

    s->owner = (struct owner){.pid = (int)pid, .listening = h->listening, .lost = s->owner.pid && !pid};
}

static int by_inode(const void *a, const void *b)
{
    uint32_t x = ((const struct wanted *)a)->inode, y = ((const struct wanted *)b)->inode;

    return x < y ? -1 : x > y;
}

/* A platform_owner_fn: chooses the lowest pid. Process 1 keeps sockets that it passes to
 * others (socket activation), so it is chosen only if it is the only one. */
static void found(void *ctx, uint32_t inode, int pid, int fd)
{
    const struct owners *o = ctx;
    const struct wanted key = {.inode = inode};
    const struct wanted *w = bsearch(&key, o->wanted, o->n_wanted, sizeof key, by_inode);

    while (w && w > o->wanted && w[-1].inode == inode)
        w--;
    for (; w && w < o->wanted + o->n_wanted && w->inode == inode; w++) {
        struct owner *owner = &w->series->owner;

        if (settled(w->series) && owner->pid != 1 && (pid == 1 || pid >= owner->pid))
            continue;
        owner->pid = pid;
        owner->fd = fd;
        owner->inode = inode;
        owner->listening = w->series->hint.listening;
        owner->misses = 0;
    }
}

static void walk(struct owners *o, struct tally *t)
{
    o->n_wanted = 0;
    for (uint32_t i = 0; i < tally_count(t); i++) {
        struct series *s = tally_series(t, i);

        for (uint8_t k = 0; k < s->hint.n && !settled(s); k++)
            o->wanted[o->n_wanted++] = (struct wanted){.inode = s->hint.inode[k], .series = s};
    }
    sort(o->wanted, o->n_wanted, sizeof *o->wanted, by_inode);
    platform_owner_walk(o->proc, found, o);
    for (uint32_t i = 0; i < o->n_wanted; i++) {
        struct series *s = o->wanted[i].series;
        struct owner *owner = &s->owner;

        if (settled(s) || (owner->misses && owner->retry_ms > t->now_ms && owner->sought == s->hint.inode[0]))
            continue;
        if (s->hint.listening && owner->sought != s->hint.inode[0])
            owner->misses = 0;
        owner->sought = s->hint.inode[0];
        if (owner->misses < 7)
            owner->misses++;
        owner->retry_ms = t->now_ms + 60000u * (owner->misses < 7 ? 1u << (owner->misses - 1) : RETRY_MAX_MIN);
    }
}

void owners_update(struct owners *o, struct tally *t)
{
    bool look = false;

    for (uint32_t i = 0; i < tally_count(t); i++) {
        struct series *s = tally_series(t, i);

        if (s->hint.pids)
            set_pid(s);
        else
            verify(o, s);
        look |= must_look(s, t->now_ms);
    }
    if (!look || (o->walked && t->now_ms - o->walked_ms < WALK_MIN_MS))
        return;
    o->walked = true;
    o->walked_ms = t->now_ms;
    walk(o, t);
}
