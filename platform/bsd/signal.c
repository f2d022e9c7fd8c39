#include <signal.h>
#include <stddef.h>

#include "platform.h"

bool platform_signal_ignored(int sig)
{
    struct sigaction found;

    return !sigaction(sig, NULL, &found) && found.sa_handler == SIG_IGN;
}
