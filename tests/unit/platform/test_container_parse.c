#include "linux/container_parse.h"

#include <string.h>

#include "unit/helper.h"

#define HEX8  "0123abcd"
#define HEX32 HEX8 HEX8 HEX8 HEX8
#define HEX64 HEX32 HEX32
#define UUID  "01234567-89ab-cdef-0123-456789abcdef"

typedef size_t find_fn(const char *line, size_t len, const char **id);

static void check(find_fn *find, const char *const (*row)[2], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(row[i][0]);
        const char *id = NULL;
        size_t found = find(flush_copy(row[i][0], len), len, &id);

        assert_row(found == strlen(row[i][1]) && (!found || !memcmp(id, row[i][1], found)), row[i][0]);
        for (size_t cut = 0; cut < len; cut++)
            find(flush_copy(row[i][0], cut), cut, &id);
    }
}

static void an_id_is_found_at_the_end_of_a_cgroups_path(void **state)
{
    static const char *const row[][2] = {
        {"4:memory:/docker/" HEX64, HEX64},
        {"0::/system.slice/docker-" HEX64 ".scope", HEX64},
        {"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-" HEX64 ".scope", HEX64},
        {"1:name=systemd:/ecs/0123/" HEX32 "-1234567890", HEX32 "-1234567890"},
        {"1:cpu:/garden/" UUID, UUID},
        {"0::/", ""},
        {"0::/system.slice/sockpush.service", ""},
        {"0::/docker/" HEX64 "/init.scope", ""},
        {"0::/docker/" HEX32, ""},
        {"0::/docker/" HEX32 "-", ""},
        {"", ""},
        {":", ""},
        {HEX64, ""},
        {"0:" HEX64, ""},
    };

    (void)state;
    check(container_id_of_cgroup, row, COUNT_OF(row));
}

static void an_id_is_found_where_the_runtime_mounts_the_hosts_name(void **state)
{
    static const char *const row[][2] = {
        {"608 554 254:1 /var/lib/docker/containers/" HEX64 "/hostname /etc/hostname rw,relatime - ext4 /dev/vda1 rw",
         HEX64},
        {"1 2 0:3 /containers/overlay-containers/" HEX64 "/userdata/hostname /etc/hostname rw - tmpfs tmpfs rw", HEX64},
        {"1 2 0:3 /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/" HEX64
         "/hostname /etc/hostname rw - ext4 /dev/vda rw",
         ""},
        {"1 2 0:3 /docker/" HEX64 "/shm /dev/shm rw - tmpfs shm rw", ""},
        {"1 2 0:3 /kubelet/pods/" UUID "/volume-subpaths/v/hostname /etc/x rw - ext4 /dev/vda rw", ""}, /* of a pod */
        {"1 2 0:3 / / rw - ext4 /dev/vda rw", ""},
        {"1 2 0:3 /" HEX64 "/hostname /etc/hostname rw - ext4 /dev/vda rw", ""},
        {"", ""},
    };

    (void)state;
    check(container_id_of_mount, row, COUNT_OF(row));
}

static void the_cgroup_whose_inode_tells_is_that_of_memory_or_version_2(void **state)
{
    static const struct {
        const char *line, *dir, *path;
    } row[] = {
        {"0::/a/b", "", "/a/b"}, {"7:memory:/x", "/memory", "/x"}, {"7:cpu:/x", NULL, NULL}, {"7:m:", NULL, NULL},
        {"", NULL, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        const char *dir, *path;
        size_t n;
        bool found = container_cgroup_path(row[i].line, strlen(row[i].line), &dir, &path, &n);

        assert_row(found == !!row[i].dir, row[i].line);
        if (!found)
            continue;
        assert_string_equal(dir, row[i].dir);
        assert_int_equal(n, strlen(row[i].path));
        assert_memory_equal(path, row[i].path, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_found_at_the_end_of_a_cgroups_path),
        cmocka_unit_test(an_id_is_found_where_the_runtime_mounts_the_hosts_name),
        cmocka_unit_test(the_cgroup_whose_inode_tells_is_that_of_memory_or_version_2),
    };

    return cmocka_run_group_tests_name("container_parse", tests, NULL, NULL);
}
