/* Reads /proc/PID/cgroup, by lines, stat and cmdline. Whose a process is must be found again where kubelet and LXC
 * write it. */
#include <string.h>

#include "count/pod.h"
#include "fuzz/fuzz.h"
#include "pod_parse.h"

static void find_again(const struct pod_identity *found)
{
    bool nameless = !*found->container, named = !nameless && !found->by_id;
    struct pod_identity again = {.started = 0};
    char line[300];
    int n = snprintf(line, sizeof line, "0::%s%s%s%s", *found->uid ? "/kubepods/pod" : "", found->uid,
                     named      ? "/lxc/"
                     : nameless ? ""
                                : "/",
                     found->container);

    /* a long name may be an ID once it is cut */
    if (named && (*found->uid || strlen(found->container) >= 32 || strpbrk(found->container, ":/\\")))
        return;
    pod_parse_cgroup(line, (size_t)n, &again);
    MUST(!strcmp(again.uid, found->uid) && !strcmp(again.container, found->container) && again.by_id == found->by_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *newline;
    struct pod_identity found = {.started = 7};
    size_t len = size;

    for (; len && (newline = memchr(text, '\n', len)); len -= (size_t)(newline + 1 - text), text = newline + 1)
        pod_parse_cgroup(text, (size_t)(newline - text), &found);
    pod_parse_cgroup(text, len, &found);
    must_be_printable(found.container, sizeof found.container);
    MUST(memchr(found.uid, '\0', sizeof found.uid) && !strchr(found.container, ' '));
    MUST(!*found.uid || strlen(found.uid) == 36 || strlen(found.uid) == 32);
    MUST(!found.by_id || *found.container);
    MUST(found.started == 7);
    find_again(&found);
    MUST(pod_parse_start((const char *)data, size, &found.started) || found.started == 7);
    pod_parse_guest((const char *)data, size);
    return 0;
}
