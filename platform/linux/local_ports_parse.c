#include "local_ports_parse.h"

#include <string.h>

struct text {
    const char *at, *end;
};

static bool skip(struct text *t, char c)
{
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

static bool read_port(struct text *t, uint16_t *out)
{
    const char *start = t->at;
    uint32_t port = 0;

    for (; t->at < t->end && *t->at >= '0' && *t->at <= '9' && port <= 65535; t->at++)
        port = port * 10 + (uint32_t)(*t->at - '0');
    *out = (uint16_t)port;
    return t->at > start && port <= 65535;
}

/* Reads two ports with the byte c between them; or, unless both are needed, one, which is both. */
static bool read_range(struct text *t, char c, bool both, struct port_range *out)
{
    if (!read_port(t, &out->low))
        return false;
    out->high = out->low;
    if (skip(t, c))
        both = !read_port(t, &out->high);
    return !both && out->high >= out->low;
}

static bool read_all(struct text range, struct text reserved, struct port_set *out)
{
    struct port_range found;

    if (!read_range(&range, '\t', true, &found) || !skip(&range, '\n'))
        return false;
    ports_add_range(out, found);
    if (skip(&reserved, '\n'))
        return true;
    do {
        if (!read_range(&reserved, '-', false, &found))
            return false;
        ports_remove_range(out, found);
    } while (skip(&reserved, ','));
    return skip(&reserved, '\n');
}

bool local_ports_parse(const char *range, size_t range_len, const char *reserved, size_t reserved_len,
                       struct port_set *out)
{
    memset(out, 0, sizeof *out);
    if (read_all((struct text){range, range + range_len}, (struct text){reserved, reserved + reserved_len}, out))
        return true;
    memset(out, 0, sizeof *out);
    return false;
}
