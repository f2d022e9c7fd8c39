/* Shared by the Linux backends. */
#ifndef LINUX_H
#define LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "count/backend.h"

#define LINUX_PATH_MAX 4096

/* Maps the kernel's number of a TCP state (include/net/tcp_states.h) to ours. Returns STATE_UNKNOWN for others. */
enum tcp_state linux_tcp_state(unsigned kernel);

/* Sets the queues of a socket that does not listen. A FIN that was not read and a SYN or FIN that was not acknowledged
 * count as a byte to the kernel, and are taken off. */
void linux_set_queues(struct sock *s, uint32_t rx_queue, uint32_t tx_queue);

/* Notes whether the row of a socket told its drops, and takes them away if they are not wanted, or another's row did
 * not tell: nobody follows them then. report->drops is set to what is wanted before the first row. */
void linux_note_drops(struct sock *s, struct poll_report *report);

/* Writes the path of a table: /proc/net/FILE if proc is "/proc"; else PROC/1/net/FILE, since PROC/net is the reader's
 * namespace. Returns false if it is too long. */
bool linux_net_path(const char *proc, const char *file, char out[LINUX_PATH_MAX]);

/* Reads the beginning of a file, at once; path may begin at the directory dir. Returns its bytes, up to cap, or -errno.
 */
long linux_read_at(int dir, const char *path, char *buf, size_t cap);
long linux_read(const char *path, char *buf, size_t cap);

/* An entry of a directory: struct linux_dirent64 of getdents64(2). */
struct linux_entry {
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

typedef void linux_entry_fn(void *ctx, int dir, const struct linux_entry *entry);

/* Opens a directory to walk it; path may begin at the directory `at`. Returns a descriptor or -errno. */
int linux_open_directory(int at, const char *path);

/* Calls fn for each entry of the directory, and closes dir; readdir would need an allocator. dir may be the -errno of
 * linux_open_directory. Returns 0 or -errno. */
int linux_walk(int dir, linux_entry_fn *fn, void *ctx);

/* Returns the number that is the entry's name, or -1. */
int linux_entry_number(const struct linux_entry *entry);

struct net_queue;

/* Reads the queue of a UDP socket from the tables of the kernel, as net_queue_read does where there is no other way. */
bool linux_queue_in_tables(int fd, struct net_queue *out);

/* Return the inode of path, or 0. path may begin at the directory dir, which "" stands for. */
uint64_t linux_inode_at(int dir, const char *path);
uint64_t linux_inode(const char *path);

/* Returns true if the tables below proc are those of this process's network namespace. */
bool linux_own_namespace(const char *proc);

#endif
