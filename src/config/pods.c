/* The variables of pods. */
#include <string.h>

#include "config/config.h"
#include "encode/fields.h"
#include "output/url.h"

static bool add_tag(struct config *c, const char *word, size_t len)
{
    for (unsigned i = 0; i < POD_NETNS; i++) {
        const char *key = measurements[NETSTAT_POD].tag[i];

        if (strlen(key) == len && !memcmp(key, word, len)) {
            c->pod_tags |= (uint8_t)(1u << i);
            return true;
        }
    }
    return false;
}

void config_read_pods(struct config *c, struct diag *d)
{
    const char *list = c->v.pod_tags ? c->v.pod_tags : "pod_name,namespace", *word;
    size_t len;

    while ((word = url_next(&list, &len)))
        if (!add_tag(c, word, len))
            diag_error(d, "SOCKPUSH_POD_TAGS", "\"%.*s\": accepted is: pod_name, namespace, pod_uid, container_id",
                       len < 60 ? (int)len : 60, word);
    if (c->v.pods_ports && c->v.pods != PODS_FULL)
        diag_error(d, "SOCKPUSH_PODS_PORTS", "on needs SOCKPUSH_PODS=full, which reads every socket of each pod");
    else if (c->v.pods_ports && !c->rules.n)
        diag_warn(d, "SOCKPUSH_PODS_PORTS", "there are no rules in SOCKPUSH_PORTS");
    if (c->v.pods && c->replay)
        diag_warn(d, "SOCKPUSH_PODS", "a recording has no pods: those of this machine are pushed");
}
