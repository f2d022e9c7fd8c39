/* Reads one poll through the best backend that works, per protocol: when one fails, the
 * next is read in the same poll, and the failed one is tried again after a minute. */
#ifndef READER_H
#define READER_H

#include "count/backend.h"

#define BACKENDS_MAX    4
#define READER_WHY_MAX  256
#define READER_NAME_MAX 32 /* of two backends joined */

struct reader_slot {
    const struct backend *backend;
    struct backend_state *state; /* NULL: not open */
    int error[PROTOCOL_COUNT];   /* -errno of the last try, 0: none */
    uint64_t retry_ns[PROTOCOL_COUNT];
};

struct reader {
    struct reader_slot slot[BACKENDS_MAX];
    int n;
    struct backend_want want;
    int active[PROTOCOL_COUNT]; /* slot last read, or -1 */
    char name[READER_NAME_MAX];
};

/* What one poll brought. */
struct reading {
    struct poll_report report;
    bool read[PROTOCOL_COUNT]; /* else no backend could */
    bool ended;                /* a replay is over: nothing was read */
    bool changed;              /* another backend than at the poll before */
    const char *name;          /* "netlink", "procfs", "netlink+procfs", "none"; the reader's */
};

/* Takes back what emit was given of a protocol in this poll. */
typedef void discard_fn(void *ctx, enum protocol protocol);

/* list: NULL-terminated, best first, at most BACKENDS_MAX (more end the program); only: the one to use, or NULL for
 * all. */
void reader_init(struct reader *r, const struct backend *const *list, const char *only,
                 const struct backend_want *want);

/* now_ns: monotonic. Never fails: reading->read says what was read. */
void reader_poll(struct reader *r, uint64_t now_ns, sock_fn *emit, discard_fn *discard, void *ctx,
                 struct reading *reading);

/* Why a better backend than the one used, or any, was not read: "netlink: Permission
 * denied; …" into out, "" if there is nothing to say. Returns out. */
const char *reader_why(const struct reader *r, char out[READER_WHY_MAX]);

#endif
