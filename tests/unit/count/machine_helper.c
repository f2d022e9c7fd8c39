#include "unit/count/machine_helper.h"

#include <stdio.h>

#include "unit/helper.h"

void machine_init(struct machine *m, const char *rules)
{
    polls_init(&m->polls, rules, 1000);
    m->dir = dir_make();
    owners_init(&m->owners, &m->polls.tally, m->dir, &m->polls.arena);
}

void machine_free(struct machine *m)
{
    dir_remove(m->dir);
    polls_free(&m->polls);
}

void hold(struct machine *m, int pid, int fd, uint32_t inode)
{
    char name[64], target[64];

    snprintf(name, sizeof name, "%d/fd/%d", pid, fd);
    snprintf(target, sizeof target, "socket:[%u]", inode);
    dir_link(m->dir, name, target);
}

void let_go(struct machine *m, int pid, int fd)
{
    char name[64];

    snprintf(name, sizeof name, "%d/fd/%d", pid, fd);
    dir_unlink(m->dir, name);
}

struct series *poll_80(struct machine *m, uint64_t after_ms, enum tcp_state state, uint32_t inode)
{
    m->polls.now_ms += after_ms;
    poll_begin(&m->polls);
    if (state != STATE_UNKNOWN)
        tcp(&m->polls, "10.0.0.1", 80, state, inode);
    tally_end(&m->polls.tally);
    owners_update(&m->owners, &m->polls.tally);
    return series_named(&m->polls, "80", 4);
}
