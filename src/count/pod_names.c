#include "count/pod_names.h"

#include <string.h>

#include "count/pod.h"

/* The characters of a name. Those of a namespace are all but the first, those of a UID are the last 17. */
static const char characters[] = ".ghijklmnopqrstuvwxyz-0123456789abcdef";

/* Takes a part of 1 to max bytes, all of them in `of`, and the byte `end` after it. Returns what follows, or NULL. */
static const char *take(const char *at, const char *of, size_t max, char end, size_t *len)
{
    *len = strspn(at, of);
    return *len && *len <= max && at[*len] == end ? at + *len + 1 : NULL;
}

bool pod_name_parse(const char *entry, struct pod_name *out)
{
    out->name_space = entry;
    return (out->name = take(entry, characters + 1, POD_NAMESPACE_MAX - 1, '_', &out->name_space_len)) &&
           (out->uid = take(out->name, characters, POD_NAME_MAX - 1, '_', &out->name_len)) &&
           take(out->uid, characters + sizeof characters - 18, POD_UID_MAX - 1, '\0', &out->uid_len);
}
