/* Names of pods, from a listing of the directory in which kubelet has a directory for each pod of the node:
 *
 *     kube-system_coredns-5d78c9869d-abcde_01234567-89ab-cdef-0123-456789abcdef
 *
 * Pure. */
#ifndef POD_NAMES_H
#define POD_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* Kubernetes' limits, in bytes, with the NUL: a namespace is a label (RFC 1123, 2.1), a pod's name is labels with '.'
 * between them. */
#define POD_NAMESPACE_MAX 64
#define POD_NAME_MAX      254

/* The texts are parts of the entry, without a NUL. */
struct pod_name {
    const char *name_space;
    size_t name_space_len;
    const char *name;
    size_t name_len;
    const char *uid; /* shorter than POD_UID_MAX */
    size_t uid_len;
};

/* Parses NAMESPACE_NAME_UID (Kubernetes, pkg/kubelet/kuberuntime/helpers.go, BuildPodLogsDirectory). Returns false if
 * the entry is something else; then *out is undefined. */
bool pod_name_parse(const char *entry, struct pod_name *out);

#endif
