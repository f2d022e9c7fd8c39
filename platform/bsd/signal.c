#include <signal.h>
#include <stddef.h>

#include "posix/posix.h"

bool posix_signal_ignored(int sig)
{
    struct sigaction found;

    return !sigaction(sig, NULL, &found) && found.sa_handler == SIG_IGN;
}
