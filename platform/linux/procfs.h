/* Reads /proc/net/{tcp,tcp6,udp,udp6}, which every Linux has, at some ten times the cost of netlink. */
#ifndef PROCFS_H
#define PROCFS_H

#include "count/backend.h"

extern const struct backend backend_procfs;

/* A file that is being read. The last two members are false at first. */
struct procfs_table {
    enum protocol protocol;
    bool only_listeners, no_listeners;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
    bool header_read, listeners_over;
};

/* A line_fn that parses the header, or emits a row that is wanted. Stops after the listeners if only they are. */
int procfs_take_line(void *table, const char *line, size_t len);

#endif
