#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "linux.h"
#include "platform.h"

/* With SIGCHLD ignored, the kernel itself reaps the children of process 1 (wait(2)). */
int platform_first_process(void)
{
    if (getpid() != 1)
        return 0;
    signal(SIGCHLD, SIG_IGN);
    if (linux_inode("/proc/self"))
        return 0;
    syscall(SYS_mkdirat, AT_FDCWD, "/proc", 0555);
    return mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) ? -errno : 1;
}
