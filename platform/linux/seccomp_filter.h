/* The filter of system calls. Pure: makes instructions for the kernel from the table of calls. */
#ifndef SECCOMP_FILTER_H
#define SECCOMP_FILTER_H

#include <linux/filter.h>
#include <stdint.h>

#define SECCOMP_FILTER_MAX 400 /* instructions */

/* Writes the filter: the calls that these parts of the program (enum part) make once it runs are allowed, any other
 * kills the process. pid: this process, which may send the signal of platform_wake to itself. Returns the number of
 * instructions; *calls is that of the calls that are allowed. */
unsigned seccomp_filter(unsigned parts, uint32_t pid, struct sock_filter out[SECCOMP_FILTER_MAX], unsigned *calls);

#endif
