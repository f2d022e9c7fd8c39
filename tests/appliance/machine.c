/* The emulated machine: its modules and network devices. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper.h"

void must(bool done, const char *what)
{
    char number[] = ": 000\n";

    if (done)
        return;
    for (int i = 4, n = errno; i > 1; i--, n /= 10)
        number[i] = (char)('0' + n % 10);
    write(2, "helper: ", 8);
    write(2, what, strlen(what));
    write(2, number, strlen(number));
    _exit(1);
}

void load_modules(void)
{
    char path[] = "/modules/00.ko";

    for (int i = 0;; i++) {
        int fd;

        path[9] = (char)('0' + i / 10);
        path[10] = (char)('0' + i % 10);
        fd = open(path, O_RDONLY);
        if (fd < 0)
            return;
        must(!syscall(SYS_finit_module, fd, "", 0), path);
        close(fd);
    }
}

static void set_address(struct sockaddr *out, const char *text)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;

    in->sin_family = AF_INET;
    inet_pton(AF_INET, text, &in->sin_addr);
}

void bring_up(const char *name, const char *address, const char *mask)
{
    struct ifreq r = {0};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    strcpy(r.ifr_name, name);
    if (address) {
        set_address(&r.ifr_addr, address);
        must(!ioctl(fd, SIOCSIFADDR, &r), "SIOCSIFADDR");
        set_address(&r.ifr_netmask, mask);
        must(!ioctl(fd, SIOCSIFNETMASK, &r), "SIOCSIFNETMASK");
    }
    must(!ioctl(fd, SIOCGIFFLAGS, &r), "SIOCGIFFLAGS");
    r.ifr_flags |= IFF_UP | IFF_RUNNING;
    must(!ioctl(fd, SIOCSIFFLAGS, &r), "SIOCSIFFLAGS");
    close(fd);
}

void move_device(const char *name, pid_t pid)
{
    struct {
        struct nlmsghdr head;
        struct ifinfomsg device;
        struct nlattr attribute;
        uint32_t pid;
    } request = {.head = {sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 0, 0},
                 .device = {.ifi_index = (int)if_nametoindex(name)},
                 .attribute = {sizeof request.attribute + sizeof request.pid, IFLA_NET_NS_PID},
                 .pid = (uint32_t)pid};
    struct {
        struct nlmsghdr head;
        struct nlmsgerr error;
    } answer = {.error = {.error = -ENODATA}};
    int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    send(fd, &request, sizeof request, 0);
    recv(fd, &answer, sizeof answer, 0);
    close(fd);
    errno = -answer.error.error;
    must(!errno, "move a device");
}

void set_up_network(void)
{
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    bring_up("eth0", "10.0.2.15", "255.255.255.0");
    set_address(&route.rt_dst, "0.0.0.0");
    set_address(&route.rt_genmask, "0.0.0.0");
    set_address(&route.rt_gateway, "10.0.2.2");
    must(!ioctl(fd, SIOCADDRT, &route), "SIOCADDRT");
    close(fd);
}
