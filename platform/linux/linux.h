/* What the Linux backends share. */
#ifndef LINUX_H
#define LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "count/sock.h"

#define LINUX_PATH_MAX 4096

/* The kernel's number of a TCP state (include/net/tcp_states.h) → ours. */
enum tcp_state linux_tcp_state(unsigned kernel);

/* The directory of the tables below proc: /proc/net for "/proc"; <proc>/1/net for another
 * mount, whose <proc>/net would be the reader's own. false: path too long. */
bool linux_net_path(const char *proc, const char *file, char out[LINUX_PATH_MAX]);

/* The inode behind path, or 0: none. */
uint64_t linux_inode(const char *path);

/* True if the tables below proc are those of this process's own network namespace. */
bool linux_own_namespace(const char *proc);

#endif
