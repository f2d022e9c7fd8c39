/* The sandbox of this configuration: SOCKPUSH_SANDBOX. */
#include "program.h"

bool program_sandbox(struct program *p, char text[PLATFORM_SANDBOX_MAX])
{
    struct needs needs;

    *text = '\0';
    if (p->config.v.sandbox == SANDBOX_OFF)
        return true;
    config_needs(&p->config, p->pods.want.logs, &needs);
    return platform_sandbox(&needs, text) || p->config.v.sandbox != SANDBOX_STRICT;
}
