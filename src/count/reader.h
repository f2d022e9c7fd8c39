/* Reads one poll through the best backend that works, per protocol: when one fails, the
 * next is read in the same poll, and the failed one is tried again after a minute. */
#ifndef READER_H
#define READER_H

#include "count/backend.h"

#define BACKENDS_MAX    4
#define READER_WHY_MAX  256
#define READER_NAME_MAX 32 /* bytes of two names joined, NUL included */

struct reader_slot {
    const struct backend *backend;
    struct backend_state *state; /* NULL: not open */
    int error[PROTOCOL_COUNT];   /* -errno of the last try, or 0 */
    uint64_t retry_ns[PROTOCOL_COUNT];
};

struct reader {
    struct reader_slot slot[BACKENDS_MAX];
    int n;
    struct backend_want want;
    int active[PROTOCOL_COUNT]; /* slot of the last successful read, or -1 */
    char name[READER_NAME_MAX];
};

/* The result of one poll. */
struct reading {
    struct poll_report report;
    bool read[PROTOCOL_COUNT]; /* false: every backend failed */
    bool ended;                /* the replay is over; nothing was read */
    bool changed;              /* a protocol changed its backend since the poll before */
    const char *name;          /* "netlink", "procfs", "netlink+procfs" or "none"; belongs to the reader */
};

/* Discards what was emitted for a protocol in this poll. */
typedef void discard_fn(void *ctx, enum protocol protocol);

/* Sets up a reader of the backends in list (NULL-terminated, best first). only is the name of the single one to use, or
 * NULL. More than BACKENDS_MAX end the program. */
void reader_init(struct reader *r, const struct backend *const *list, const char *only,
                 const struct backend_want *want);

/* Reads both protocols at now_ns (monotonic) and reports the result in *reading. */
void reader_poll(struct reader *r, uint64_t now_ns, sock_fn *emit, discard_fn *discard, void *ctx,
                 struct reading *reading);

/* Returns true if the backend that TCP was read by in the last poll can emit listeners only. */
bool reader_samples(const struct reader *r);

/* Emits the LISTEN sockets of TCP that local rules count, and maybe others; reader_samples must be true. Returns 0, or
 * -errno; then the next poll opens the backend anew. */
int reader_listeners(struct reader *r, sock_fn *emit, void *ctx);

/* Writes the last error of each backend, such as "netlink: Permission denied; …", or "" if
 * there were none. Returns out. */
const char *reader_why(const struct reader *r, char out[READER_WHY_MAX]);

#endif
