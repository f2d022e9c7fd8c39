/* Finds out whose a process is, by /proc/PID/cgroup and stat (cgroups(7), proc_pid_stat(5)). Pure.
 *
 * kubelet with the driver cgroupfs, and systemd, where crio- and docker- are the same; seen from a cgroup namespace:
 *     0::/kubepods/burstable/podUID/ID
 *     0::/kubepods.slice/kubepods-podUID_WITH_.slice/cri-containerd-ID.scope
 *     0::/../../podUID/ID
 * Docker with version 1, a line for each hierarchy; podman; LXC, and Proxmox; systemd-nspawn, with \x2d for '-':
 *     4:memory:/docker/ID
 *     0::/machine.slice/libpod-ID.scope/container
 *     0::/lxc.payload.NAME
 *     0::/lxc/NAME/ns
 *     0::/machine.slice/machine-NAME.scope
 */
#ifndef POD_PARSE_H
#define POD_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pod_identity; /* count/pod.h */

/* Parses one line of cgroup, without its newline. Sets uid, container and by_id of *out, which is zeroed before the
 * first line, if this line tells more than those before. A container in another one counts as the inner one. */
void pod_parse_cgroup(const char *line, size_t len, struct pod_identity *out);

/* Finds the start time in stat, in clock ticks since the boot. Returns false if it is absent. */
bool pod_parse_start(const char *text, size_t len, uint64_t *out);

/* Returns true if cmdline (proc_pid_cmdline(5)) is that of a process which runs a kernel of its own: gVisor's, or a
 * virtual machine as those of Kata Containers. */
bool pod_parse_guest(const char *text, size_t len);

#endif
