/* Links of descriptors: /proc/PID/fd/N leads to "socket:[4242]" for a socket (proc_pid_fd(5)). Pure. */
#ifndef OWNERS_PARSE_H
#define OWNERS_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* Returns the inode of the socket that the link's text names, or 0. */
uint32_t owners_socket_inode(const char *link, size_t len);

#endif
