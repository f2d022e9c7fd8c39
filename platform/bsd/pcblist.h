/* What macOS and FreeBSD have in common: the kernel writes its list of sockets for a sysctl. */
#ifndef BSD_PCBLIST_H
#define BSD_PCBLIST_H

#include <stddef.h>

#include "count/backend.h"

/* One list to be read. */
struct pcblist {
    enum protocol protocol;
    bool listeners_first;
    sock_fn *emit;
    void *ctx;
    struct poll_report *report;
};

/* Reads the whole list of len bytes. 0 or -errno. */
typedef int pcblist_parse_fn(const void *data, size_t len, const struct pcblist *list);

/* Of a struct backend, as backend.h has them; poll also takes the sysctl's name and the parser. */
int bsd_open(struct backend_state **out, const struct backend_want *want);
int bsd_poll(struct backend_state *state, const char *sysctl_name, pcblist_parse_fn *parse, struct pcblist *list);
void bsd_close(struct backend_state *state);

#endif
