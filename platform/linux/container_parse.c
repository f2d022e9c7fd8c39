#include "container_parse.h"

#include <string.h>

#define UUID_LEN 36

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool all_hex(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_hex(text[i]))
            return false;
    return true;
}

static bool is_uuid(const char *text)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == '-' ? text[i] != '-' && text[i] != '_' : !is_hex(text[i]))
            return false;
    return true;
}

size_t container_id_at_end(const char *text, size_t len)
{
    size_t digits = 0;

    if (len >= 64 && all_hex(text + len - 64, 64))
        return 64;
    if (len >= UUID_LEN && is_uuid(text + len - UUID_LEN))
        return UUID_LEN;
    while (digits < len && text[len - digits - 1] >= '0' && text[len - digits - 1] <= '9')
        digits++;
    if (digits && digits <= 20 && len >= digits + 33 && text[len - digits - 1] == '-' &&
        all_hex(text + len - digits - 33, 32))
        return digits + 33;
    return 0;
}

/* Returns the text after the second ':', or NULL. *controllers is the text after the first. */
static const char *cgroup_path(const char *line, size_t len, const char **controllers)
{
    const char *first = memchr(line, ':', len);

    if (!first)
        return NULL;
    *controllers = first + 1;
    first = memchr(first + 1, ':', len - (size_t)(first + 1 - line));
    return first ? first + 1 : NULL;
}

size_t container_id_of_cgroup(const char *line, size_t len, const char **id)
{
    static const char scope[] = ".scope";
    const char *controllers, *path = cgroup_path(line, len, &controllers);
    size_t left, found;

    if (!path)
        return 0;
    left = len - (size_t)(path - line);
    if (left >= sizeof scope - 1 && !memcmp(path + left - (sizeof scope - 1), scope, sizeof scope - 1))
        left -= sizeof scope - 1;
    found = container_id_at_end(path, left);
    *id = path + left - found;
    return found;
}

/* Finds the ID in …/BEFORE/ID/…hostname, one blank-separated part of the line. Returns its length, or 0. */
static size_t id_of_path(const char *path, size_t len, const char **id)
{
    static const char file[] = "hostname";
    const char *end = path + len, *before = NULL;
    size_t before_len = 0;

    if (len < sizeof file || memcmp(end - (sizeof file - 1), file, sizeof file - 1))
        return 0;
    for (const char *at = path, *slash; (slash = memchr(at, '/', (size_t)(end - at))); at = slash + 1) {
        size_t n = (size_t)(slash - at);

        /* containerd's sandboxes belong to the pod's pause container */
        if (n && n != UUID_LEN && before_len && container_id_at_end(at, n) == n && /* a UUID may be a pod's */
            !(before_len == 9 && !memcmp(before, "sandboxes", 9))) {
            *id = at;
            return n;
        }
        before = at;
        before_len = n;
    }
    return 0;
}

size_t container_id_of_mount(const char *line, size_t len, const char **id)
{
    size_t found = 0;

    while (len && !found) {
        const char *blank = memchr(line, ' ', len);
        size_t n = blank ? (size_t)(blank - line) : len;

        found = id_of_path(line, n, id);
        n += blank != NULL;
        line += n;
        len -= n;
    }
    return found;
}

bool container_cgroup_path(const char *line, size_t len, const char **dir, const char **path, size_t *path_len)
{
    const char *controllers;

    *path = cgroup_path(line, len, &controllers);
    if (!*path)
        return false;
    *path_len = len - (size_t)(*path - line);
    *dir = *controllers == ':' ? "" : "/memory";
    return *controllers == ':' || (*path - controllers == 7 && !memcmp(controllers, "memory", 6));
}
