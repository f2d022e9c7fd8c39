/* Finds container ids in /proc/PID/cgroup and mountinfo. An id is 64 hexadecimal digits; for Amazon ECS 32 of them, '-'
 * and decimal digits; or a UUID. Pure. */
#ifndef CONTAINER_PARSE_H
#define CONTAINER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/* Returns the length of the id that ends text, or 0. */
size_t container_id_at_end(const char *text, size_t len);

/* Finds the id in a line of /proc/PID/cgroup ("4:memory:/docker/ID", "0::/system.slice/docker-ID.scope", cgroups(7)).
 * Returns its length, or 0. */
size_t container_id_of_cgroup(const char *line, size_t len, const char **id);

/* Finds the id in a line of /proc/PID/mountinfo: runtimes mount …/ID/hostname at /etc/hostname. Returns its length, or
 * 0. */
size_t container_id_of_mount(const char *line, size_t len, const char **id);

/* Finds the path in a cgroup line of version 2 or of the controller memory, and *dir, its directory below
 * /sys/fs/cgroup ("" or "/memory"). Returns false for other lines. */
bool container_cgroup_path(const char *line, size_t len, const char **dir, const char **path, size_t *path_len);

#endif
