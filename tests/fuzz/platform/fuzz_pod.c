/* Reads /proc/PID/cgroup, by lines, and stat. */
#include <string.h>

#include "count/pod.h"
#include "fuzz/fuzz.h"
#include "pod_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *newline;
    struct pod_identity found = {.started = 7};
    size_t len = size;

    for (; len && (newline = memchr(text, '\n', len)); len -= (size_t)(newline + 1 - text), text = newline + 1)
        pod_parse_cgroup(text, (size_t)(newline - text), &found);
    pod_parse_cgroup(text, len, &found);
    MUST(memchr(found.uid, '\0', sizeof found.uid) && memchr(found.container, '\0', sizeof found.container));
    MUST(!*found.uid || strlen(found.uid) == 36 || strlen(found.uid) == 32);
    MUST(!found.by_id || *found.container);
    for (const char *c = found.container; *c; c++)
        MUST(*c > ' ' && *c <= '~');
    MUST(found.started == 7);
    MUST(pod_parse_start((const char *)data, size, &found.started) || found.started == 7);
    return 0;
}
