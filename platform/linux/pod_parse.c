#include "pod_parse.h"

#include <string.h>

#include "base/text.h"
#include "container_parse.h"
#include "count/pod.h"
#include "sockstat_parse.h"

#define UUID_LEN    36 /* "01234567-89ab-cdef-0123-456789abcdef" */
#define HASH_LEN    32 /* a static pod's UID: an MD5 sum of its manifest */
#define START_FIELD 22 /* of stat */

/* A component of a cgroup's path. */
struct part {
    const char *at;
    size_t len;
};

static bool is(struct part p, const char *text)
{
    return p.len == strlen(text) && !memcmp(p.at, text, p.len);
}

/* Takes prefix off. Returns false if p does not begin so. */
static bool skip_prefix(struct part *p, const char *prefix)
{
    size_t n = strlen(prefix);

    if (p->len < n || memcmp(p->at, prefix, n))
        return false;
    p->at += n;
    p->len -= n;
    return true;
}

/* Takes suffix off. Returns false if p does not end so. */
static bool cut_suffix(struct part *p, const char *suffix)
{
    size_t n = strlen(suffix);

    if (p->len < n || memcmp(p->at + p->len - n, suffix, n))
        return false;
    p->len -= n;
    return true;
}

/* Writes the pod's UID that p ends with, after "pod" at its beginning or after '-', as kubelet names the cgroup of a
 * pod (pkg/kubelet/cm/pod_container_manager_linux.go). */
static bool find_uid(struct part p, char out[POD_UID_MAX])
{
    struct part head;
    size_t n;

    cut_suffix(&p, ".slice");
    n = p.len >= UUID_LEN && container_id_at_end(p.at, p.len) == UUID_LEN ? UUID_LEN : HASH_LEN;
    if (p.len < n)
        return false;
    head = (struct part){p.at, p.len - n};
    if (!cut_suffix(&head, "pod") || (head.len && head.at[head.len - 1] != '-'))
        return false;
    p.at += head.len + 3;
    for (size_t i = 0; i < n; i++)
        if (n == HASH_LEN && text_hex(p.at[i]) < 0)
            return false;
    for (size_t i = 0; i < n; i++)
        out[i] = p.at[i] == '_' ? '-' : p.at[i];
    out[n] = '\0';
    return true;
}

/* Writes the ID that p ends with: alone, or after a runtime's name and '-'. A UUID may be anything's. */
static bool find_id(struct part p, char out[POD_CONTAINER_MAX])
{
    struct part head;
    size_t n;

    cut_suffix(&p, ".scope");
    n = container_id_at_end(p.at, p.len);
    head = (struct part){p.at, p.len - n};
    if (!n || n == UUID_LEN || (head.len && !cut_suffix(&head, "-")) || cut_suffix(&head, "conmon"))
        return false;
    memcpy(out, p.at + p.len - n, n);
    out[n] = '\0';
    return true;
}

/* Copies a name, and undoes systemd's escapes (systemd.unit(5)). Returns false if it has other bytes than those of
 * ASCII that are visible, which a container's name cannot. */
static bool copy_name(struct part p, char out[POD_CONTAINER_MAX])
{
    size_t n = 0;

    while (p.len && n < POD_CONTAINER_MAX - 1) {
        char c = *p.at;
        size_t used = 1;

        if (c == '\\' && p.len >= 4 && p.at[1] == 'x' && text_hex(p.at[2]) >= 0 && text_hex(p.at[3]) >= 0) {
            c = (char)(text_hex(p.at[2]) << 4 | text_hex(p.at[3]));
            used = 4;
        }
        if (c <= ' ' || c > '~')
            return false;
        out[n++] = c;
        p.at += used;
        p.len -= used;
    }
    out[n] = '\0';
    return n > 0;
}

/* Writes the name in p; `before` is the component before it. */
static bool find_name(struct part before, struct part p, char out[POD_CONTAINER_MAX])
{
    struct part name = p;

    if (is(before, "lxc") || skip_prefix(&name, "lxc.payload."))
        return copy_name(name, out);
    return ((is(before, "machine.slice") && skip_prefix(&name, "machine-") && cut_suffix(&name, ".scope")) ||
            (skip_prefix(&name, "systemd-nspawn@") && cut_suffix(&name, ".service"))) &&
           copy_name(name, out);
}

static void take_part(struct part before, struct part p, struct pod_identity *out)
{
    char name[POD_CONTAINER_MAX];

    if (find_uid(p, out->uid)) {
        *out->container = '\0'; /* a node that is a container itself has its ID further up */
        out->by_id = false;
    } else if (find_id(p, out->container)) {
        out->by_id = true;
    } else if (find_name(before, p, name)) {
        strcpy(out->container, name);
        out->by_id = false;
    }
}

/* A pod's cgroup tells more than that of a container outside of a pod. */
static int told(const struct pod_identity *p)
{
    return (*p->uid ? 2 : 0) + !!*p->container;
}

void pod_parse_cgroup(const char *line, size_t len, struct pod_identity *out)
{
    const char *end = line + len;
    struct pod_identity found = {.by_id = false};
    struct part before = {"", 0}, p;

    for (int colons = 0; colons < 2; colons++, line++) {
        line = len ? memchr(line, ':', (size_t)(end - line)) : NULL;
        if (!line)
            return;
    }
    for (; line < end; line = p.at + p.len + 1, before = p) {
        p = (struct part){line, 0};
        /* containerd writes SLICE:cri-containerd:ID, one component, where kubelet's driver is systemd and its is not */
        while (line + p.len < end && line[p.len] != '/' && line[p.len] != ':')
            p.len++;
        take_part(before, p, &found);
    }
    if (told(&found) <= told(out))
        return;
    memcpy(out->uid, found.uid, sizeof found.uid);
    memcpy(out->container, found.container, sizeof found.container);
    out->by_id = found.by_id;
}

/* The second field is the program's name in parentheses, and may have blanks and parentheses itself. */
bool pod_parse_start(const char *text, size_t len, uint64_t *out)
{
    const char *end = text + len, *at = end, *next;

    while (at > text && at[-1] != ')')
        at--;
    if (at == text)
        return false;
    for (int field = 2; field < START_FIELD; field++, at++) {
        at = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
        if (!at)
            return false;
    }
    next = at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL; /* without it the number may be cut */
    return next && sockstat_parse_number(at, (size_t)(next - at), out);
}

bool pod_parse_guest(const char *text, size_t len)
{
    static const char names[][17] = {"runsc-", "qemu-system-", "cloud-hypervisor", "firecracker", "virtiofsd"};
    const char *end = memchr(text, '\0', len), *name = text;

    if (!end)
        end = text + len;
    for (const char *at = text; at < end; at++)
        if (*at == '/')
            name = at + 1;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t head = strlen(names[i]);

        if ((size_t)(end - name) >= head && !memcmp(name, names[i], head))
            return true;
    }
    return false;
}
