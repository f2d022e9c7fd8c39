/* Reads the name of a directory of kubelet's. Its parts, joined again, must be the entry. */
#include <string.h>

#include "count/pod.h"
#include "count/pod_names.h"
#include "fuzz/fuzz.h"

static void check(const char *part, size_t len, size_t max, const char *of)
{
    MUST(len && len < max && strspn(part, of) >= len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *entry = text_of(data, size), again[POD_NAMESPACE_MAX + POD_NAME_MAX + POD_UID_MAX];
    struct pod_name pod;

    if (pod_name_parse(entry, &pod)) {
        check(pod.name_space, pod.name_space_len, POD_NAMESPACE_MAX, "abcdefghijklmnopqrstuvwxyz0123456789-");
        check(pod.name, pod.name_len, POD_NAME_MAX, "abcdefghijklmnopqrstuvwxyz0123456789-.");
        check(pod.uid, pod.uid_len, POD_UID_MAX, "0123456789abcdef-");
        snprintf(again, sizeof again, "%.*s_%.*s_%.*s", (int)pod.name_space_len, pod.name_space, (int)pod.name_len,
                 pod.name, (int)pod.uid_len, pod.uid);
        MUST(!strcmp(again, entry));
    } else {
        MUST(strcmp(entry, "a_b_c") != 0);
    }
    free(entry);
    return 0;
}
