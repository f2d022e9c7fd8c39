/* The inodes that a series' owner is found by. */
#ifndef OWNER_HINT_H
#define OWNER_HINT_H

#include <stdbool.h>
#include <stdint.h>

#include "count/sock.h"

#define OWNER_INODES 8

/* Sockets to find a series' owner by: those of its listeners, else any. */
struct owner_hint {
    uint32_t inode[OWNER_INODES]; /* the lowest, ascending */
    uint8_t n;
    bool listening; /* they are listeners */
    bool pids;      /* the inodes are pids: rows name their owners (SOCK_PID) */
};

/* Keeps the socket if its inode is among the lowest. A listener's replace all others. */
void owner_hint_add(struct owner_hint *h, const struct sock *s);

#endif
