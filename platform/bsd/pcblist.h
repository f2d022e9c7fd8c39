/* Reads the list of sockets that the kernels of macOS and FreeBSD write for a sysctl. */
#ifndef BSD_PCBLIST_H
#define BSD_PCBLIST_H

#include <stddef.h>

#include "count/backend.h"

/* A list that is being read. */
struct pcblist {
    enum protocol protocol;
    bool listeners_first;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
};

/* Parses the whole list of len bytes. Returns 0 or -errno. */
typedef int pcblist_parse_fn(const void *data, size_t len, const struct pcblist *list);

/* The functions of a struct backend (count/backend.h); bsd_poll also gets the sysctl's name and its parser. */
int bsd_open(struct backend_state **out, const struct backend_want *want);
int bsd_poll(struct backend_state *state, const char *sysctl_name, pcblist_parse_fn *parse, struct pcblist *list);
void bsd_close(struct backend_state *state);

#endif
