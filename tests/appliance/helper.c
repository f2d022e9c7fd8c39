/* The first process of the emulated machine. It opens sockets in known states, then becomes sockpush, which stays
 * process 1 and keeps them. test_appliance.py knows how many it opens.
 *
 * The kernel passes words of its command line that it does not know as arguments: "modules" loads /modules/0.ko,
 * 1.ko …; "network" sets up eth0 for qemu's user network; "many" opens so many connections that sockpush does not list
 * them; "readonly" makes the root read-only; "pods" is another test (pods.c). sockpush gets this process's
 * environment. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "helper.h"

int main(int argc, char **argv)
{
    const char *const arguments[] = {"/init", NULL};
    bool network = false, many = false, readonly = false, pods = false;

    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "modules"))
            load_modules();
        network |= !strcmp(argv[i], "network");
        many |= !strcmp(argv[i], "many");
        readonly |= !strcmp(argv[i], "readonly");
        pods |= !strcmp(argv[i], "pods");
    }
    bring_up("lo", NULL, NULL);
    if (network)
        set_up_network();
    if (pods)
        run_pods();
    open_known();
    if (many)
        open_many();
    if (readonly)
        must(!mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL), "remount /");
    must(!syscall(SYS_execve, "/init", arguments, environ), "/init");
}
