/* Reads a line of /proc/PID/cgroup and of mountinfo. An ID that is found must be found again where runtimes write it.
 */
#include <string.h>

#include "container_parse.h"
#include "fuzz/fuzz.h"

static void check_id(const char *line, size_t size, const char *id, size_t len)
{
    MUST(id >= line && id + len <= line + size && len >= 34 && len <= 64);
    MUST(strspn(id, "0123456789abcdef-_") >= len);
    MUST(container_id_at_end(id, len) == len);
}

static void find_again(const char *head, const char *id, size_t len, const char *tail)
{
    char line[200];
    const char *again;
    int n = snprintf(line, sizeof line, "%s%.*s%s", head, (int)len, id, tail);
    size_t found = *tail == '/' ? container_id_of_mount(line, (size_t)n, &again)
                                : container_id_of_cgroup(line, (size_t)n, &again);

    MUST(found == len && again == line + strlen(head));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *line = text_of(data, size);
    const char *id, *dir, *path;
    size_t len = container_id_of_cgroup(line, size, &id);

    if (len) {
        check_id(line, size, id, len);
        find_again("4:memory:/docker/", id, len, "");
        find_again("0::/system.slice/docker-", id, len, ".scope");
    }
    len = container_id_of_mount(line, size, &id);
    if (len) {
        check_id(line, size, id, len);
        MUST(len != 36); /* a UUID may be a pod's */
        find_again("1 2 0:3 /var/lib/docker/containers/", id, len, "/hostname /etc/hostname rw - ext4 /dev/sda rw");
    }
    if (container_cgroup_path(line, size, &dir, &path, &len)) {
        MUST(path + len == line + size && path[-1] == ':');
        MUST(!strcmp(dir, "") || !strcmp(dir, "/memory"));
    }
    free(line);
    return 0;
}
