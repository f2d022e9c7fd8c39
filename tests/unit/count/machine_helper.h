/* A machine whose processes are a tree of links and whose sockets a test chooses. */
#ifndef MACHINE_HELPER_H
#define MACHINE_HELPER_H

#include "count/owners.h"
#include "unit/count/tally_helper.h"

#define MINUTE 60000u

struct machine {
    struct polls polls;
    struct owners owners;
    char *dir; /* replaces /proc */
};

void machine_init(struct machine *m, const char *rules);
void machine_free(struct machine *m);

/* hold() links DIR/PID/fd/N to socket:[INODE]; let_go() removes the link. */
void hold(struct machine *m, int pid, int fd, uint32_t inode);
void let_go(struct machine *m, int pid, int fd);

/* Polls after_ms later, with one socket on port 80 (state UNKNOWN: with none). Returns its series. */
struct series *poll_80(struct machine *m, uint64_t after_ms, enum tcp_state state, uint32_t inode);

#endif
