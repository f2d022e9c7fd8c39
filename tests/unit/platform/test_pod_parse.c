#include "linux/pod_parse.h"

#include <stdio.h>
#include <string.h>

#include "count/pod.h"
#include "unit/helper.h"

#define HEX8  "0123abcd"
#define HEX32 HEX8 HEX8 HEX8 HEX8
#define HEX64 HEX32 HEX32
#define INNER "ffffffff" HEX8 HEX8 HEX8 HEX32
#define UUID  "01234567-89ab-cdef-0123-456789abcdef"
#define UUID_ "01234567_89ab_cdef_0123_456789abcdef"
#define SLICE "kubepods-burstable-pod" UUID_ ".slice"
#define PODS  "0::/kubepods.slice/kubepods-burstable.slice/" SLICE "/"
#define NAME  "a-name-of-some-64-bytes-which-is-the-longest-one-that-is-kept-ab"

/* Parses a file. */
static struct pod_identity parse(const char *text, size_t len)
{
    struct pod_identity found = {.started = 0};
    const char *end;

    for (; (end = len ? memchr(text, '\n', len) : NULL); len -= (size_t)(end + 1 - text), text = end + 1)
        pod_parse_cgroup(flush_copy(text, (size_t)(end - text)), (size_t)(end - text), &found);
    pod_parse_cgroup(flush_copy(text, len), len, &found);
    return found;
}

static void check_whole(const struct pod_identity *p)
{
    assert_true(memchr(p->uid, '\0', sizeof p->uid) && memchr(p->container, '\0', sizeof p->container));
    assert_true(!p->by_id || *p->container);
    assert_true(!*p->uid || strlen(p->uid) == 36 || strlen(p->uid) == 32);
    assert_true(!strchr(p->uid, '_'));
}

static void a_cgroup_tells_the_pod_and_the_container(void **state)
{
    static const struct {
        const char *text, *uid, *container;
        bool by_id;
    } row[] = {
        /* kubelet's driver cgroupfs, version 2, and a pod of each class */
        {"0::/kubepods/burstable/pod" UUID "/" HEX64, UUID, HEX64, true},
        {"0::/kubepods/besteffort/pod" UUID "/" HEX64, UUID, HEX64, true},
        {"0::/kubepods/pod" UUID "/" HEX64, UUID, HEX64, true},
        {"0::/kubepods/pod" HEX32 "/" HEX64, HEX32, HEX64, true},
        {"0::/kubepods/burstable/pod" UUID, UUID, "", false},
        {"0::/k8s.io/kubepods/pod" UUID "/" HEX64 "/init.scope", UUID, HEX64, true},
        /* its driver systemd */
        {PODS "cri-containerd-" HEX64 ".scope", UUID, HEX64, true},
        {PODS "crio-" HEX64 ".scope", UUID, HEX64, true},
        {PODS "crio-" HEX64 ".scope/container", UUID, HEX64, true},
        {PODS "docker-" HEX64 ".scope", UUID, HEX64, true},
        {PODS "crio-conmon-" HEX64 ".scope", UUID, "", false},
        {"0::/kubepods.slice/kubepods-pod" UUID_ ".slice/cri-containerd-" HEX64 ".scope", UUID, HEX64, true},
        {"0::/kubepods.slice/kubepods-pod" HEX32 ".slice/crio-" HEX64 ".scope", HEX32, HEX64, true},
        {"0::/kubepods.slice/kubepods-pod" UUID_ ".slice", UUID, "", false},
        {"0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
         "kubelet-kubepods-besteffort-pod" UUID_ ".slice/cri-containerd-" HEX64 ".scope",
         UUID, HEX64, true},
        /* kubelet's is systemd, containerd's is cgroupfs */
        {"0::/system.slice/containerd.service/" SLICE ":cri-containerd:" HEX64, UUID, HEX64, true},
        /* seen from a cgroup namespace */
        {"0::/../../pod" UUID "/" HEX64, UUID, HEX64, true},
        {"0::/../../" SLICE "/cri-containerd-" HEX64 ".scope", UUID, HEX64, true},
        {"0::/../" HEX64, "", HEX64, true},
        /* version 1 and both */
        {"12:cpu,cpuacct:/kubepods/burstable/pod" UUID "/" HEX64 "\n1:name=systemd:/kubepods/pod" UUID "/" HEX64
         "\n0::/system.slice/containerd.service\n",
         UUID, HEX64, true},
        {"0::/\n3:pids:/\n2:memory:/docker/" HEX64 "\n1:cpu:/\n", "", HEX64, true},
        {"2:memory:/docker/" HEX64 "\n1:name=systemd:/kubepods/pod" UUID "/" INNER "\n", UUID, INNER, true},
        /* Docker, podman, Amazon ECS, containerd without Kubernetes */
        {"0::/docker/" HEX64, "", HEX64, true},
        {"0::/docker/" HEX64 "/init.scope", "", HEX64, true},
        {"0::/system.slice/docker-" HEX64 ".scope", "", HEX64, true},
        {"0::/machine.slice/libpod-" HEX64 ".scope", "", HEX64, true},
        {"0::/machine.slice/libpod-" HEX64 ".scope/container", "", HEX64, true},
        {"0::/machine.slice/libpod-conmon-" HEX64 ".scope", "", "", false},
        {"0::/machine.slice/machine-libpod_pod_" INNER ".slice/libpod-" HEX64 ".scope/container", "", HEX64, true},
        {"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" HEX64 ".scope", "", HEX64, true},
        {"0::/libpod_parent/libpod-" HEX64 "/ctr", "", HEX64, true},
        {"0::/libpod_parent/" INNER "/libpod-" HEX64, "", HEX64, true},
        {"1:name=systemd:/ecs/0123/" HEX32 "-1234567890", "", HEX32 "-1234567890", true},
        {"0::/default/" HEX64, "", HEX64, true},
        /* LXC and systemd-nspawn */
        {"0::/lxc.payload.web-1", "", "web-1", false},
        {"0::/lxc.payload.web-1/system.slice/cron.service", "", "web-1", false},
        {"0::/lxc.monitor.web-1", "", "", false},
        {"4:memory:/lxc/101/ns/system.slice", "", "101", false},
        {"0::/lxc.monitor/101", "", "", false},
        {"0::/machine.slice/machine-web\\x2d1.scope", "", "web-1", false},
        {"0::/machine.slice/machine-web\\x2d1.scope/payload/system.slice", "", "web-1", false},
        {"0::/machine.slice/systemd-nspawn@web\\x2d1.service/payload", "", "web-1", false},
        {"0::/lxc.payload." NAME "cde", "", NAME, false},
        /* the innermost */
        {"0::/docker/" HEX64 "/kubelet/kubepods/pod" UUID "/" INNER, UUID, INNER, true},
        {"0::/docker/" HEX64 "/kubelet/kubepods/pod" UUID, UUID, "", false},
        {"0::/lxc/101/ns/docker/" HEX64, "", HEX64, true},
        {"0::/docker/" HEX64 "/lxc.payload.x", "", "x", false},
        {PODS "cri-containerd-" HEX64 ".scope/docker/" INNER, UUID, INNER, true},
        /* no container's */
        {"0::/", "", "", false},
        {"0::/system.slice/sockpush.service", "", "", false},
        {"0::/user.slice/user-1000.slice/session-2.scope", "", "", false},
        {"0::/docker/buildkit/xz3k", "", "", false},
        {"0::/docker/" HEX32, "", "", false},
        {"0::/machine.slice/machine-a.service", "", "", false},
        {"0::/lxc", "", "", false},
        {"0::/lxc.payload.", "", "", false},
        {"0::/lxc/", "", "", false},
        {"0::/lxc/a b", "", "", false},
        {"0::/lxc/a\xff", "", "", false},
        {"0::/lxc/a\\x00b", "", "", false},
        {"0::/lxc/a\\x2", "", "a\\x2", false},
        {"0::/lxc/a\\x2d", "", "a-", false},
        {"0::/kubepods/tripod" UUID, "", "", false},
        {"0::/kubepods/pod-" UUID, "", "", false},
        {"0::/kubepods/pod" HEX8, "", "", false},
        {"0::/kubepods/podX123abcd" HEX8 HEX8 HEX8, "", "", false},
        {"", "", "", false},
        {":", "", "", false},
        {"::", "", "", false},
        {"0:" HEX64, "", "", false},
        {"/docker/" HEX64, "", "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].text);
        struct pod_identity found = parse(row[i].text, len);

        assert_row(!strcmp(found.uid, row[i].uid), row[i].text);
        assert_row(!strcmp(found.container, row[i].container) && found.by_id == row[i].by_id, row[i].text);
        for (size_t cut = 0; cut < len; cut++) {
            found = parse(row[i].text, cut);
            check_whole(&found);
        }
    }
}

static void a_start_time_is_the_22nd_field(void **state)
{
#define REST ") S 1 42 42 0 -1 4194560 1 0 0 0 0 1 0 0 20 0 1 0 "
    static const struct {
        const char *text;
        uint64_t started; /* 0: absent */
    } row[] = {
        {"42 (pause" REST "987654 1024 9\n", 987654},
        {"42 (a) S 1 (b" REST "987654 1024\n", 987654},
        {"42 (" REST "7 8", 7},
        {"42 (pause" REST "987654", 0}, /* cut */
        {"42 (pause" REST "", 0},
        {"42 (pause" REST "9x 1", 0},
        {"42 (pause" REST "99999999999999999999 1", 0},
        {"42 (pause) S 1", 0},
        {"42 (pause)", 0},
        {"42 (pause", 0},
        {")", 0},
        {"", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++) {
        size_t len = strlen(row[i].text);
        uint64_t started = 0;

        assert_row(pod_parse_start(flush_copy(row[i].text, len), len, &started) == !!row[i].started, row[i].text);
        assert_row(started == row[i].started, row[i].text);
        for (size_t cut = 0; cut < len; cut++)
            pod_parse_start(flush_copy(row[i].text, cut), cut, &started);
    }
}

/* Puts pieces of paths together, and bytes between them. */
static void anything_is_read_within_its_bounds(void **state)
{
    static const char *const piece[] = {
        "0::",
        "/",
        "pod",
        UUID,
        UUID_,
        HEX64,
        HEX32,
        ".scope",
        ".slice",
        "-",
        ":",
        "lxc.payload.",
        "lxc",
        "\\x2",
        "\\x2d",
        "machine-",
        "conmon-",
        "\n",
        "kubepods",
        " ",
        "a",
        ")",
        "/machine.slice",
        "systemd-nspawn@",
        ".service",
        "1 (",
    };

    (void)state;
    for (unsigned seed = 0; seed < 100000 / ONE_IN; seed++) {
        char text[1200];
        size_t len = 0;
        struct pod_identity found;
        uint64_t started;

        any_seed(seed);
        for (uint32_t n = any(12); n; n--)
            if (any(8))
                len += (size_t)sprintf(text + len, "%s", piece[any(COUNT_OF(piece))]);
            else
                text[len++] = (char)any(256);
        found = parse(text, len);
        check_whole(&found);
        pod_parse_start(flush_copy(text, len), len, &started);
    }
}

static void a_process_with_a_kernel_of_its_own_is_known_by_its_name(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        bool guest;
    } row[] = {
        {"runsc-sandbox\0--root=/x/nginx", 28, true},
        {"/opt/kata/bin/qemu-system-x86_64\0-name", 38, true},
        {"/usr/bin/cloud-hypervisor", 25, true},
        {"", 0, false},
        {"\0", 1, false},
        {"nginx: master process /usr/sbin/nginx\0", 38, false},
        {"sh\0-c\0/bin/runsc-sandbox", 25, false},
        {"/runsc-x/sh", 11, false},
        {"qemu", 4, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(row); i++)
        assert_row(pod_parse_guest(flush_copy(row[i].text, row[i].len), row[i].len) == row[i].guest, row[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_with_a_kernel_of_its_own_is_known_by_its_name),
        cmocka_unit_test(a_cgroup_tells_the_pod_and_the_container),
        cmocka_unit_test(a_start_time_is_the_22nd_field),
        cmocka_unit_test(anything_is_read_within_its_bounds),
    };

    return cmocka_run_group_tests_name("pod_parse", tests, NULL, NULL);
}
