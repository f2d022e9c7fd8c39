/* Container ids in what the kernel says of a process. Pure.
 * An id: 64 hexadecimal digits; of Amazon ECS 32, '-' and decimal ones; or a UUID. */
#ifndef CONTAINER_PARSE_H
#define CONTAINER_PARSE_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes of the id that ends text, 0: none. */
size_t container_id_at_end(const char *text, size_t len);

/* A line of /proc/PID/cgroup ("4:memory:/docker/ID", "0::/system.slice/docker-ID.scope",
 * cgroups(7)): the id in *id, its length or 0. */
size_t container_id_of_cgroup(const char *line, size_t len, const char **id);

/* Likewise of /proc/PID/mountinfo: runtimes mount …/ID/hostname over /etc/hostname. */
size_t container_id_of_mount(const char *line, size_t len, const char **id);

/* A cgroup line's path where it is that of version 2 or of the controller memory, and
 * which directory of /sys/fs/cgroup it is in ("" or "/memory"); false if neither. */
bool container_cgroup_path(const char *line, size_t len, const char **dir, const char **path, size_t *path_len);

#endif
