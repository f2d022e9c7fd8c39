/* The output of --top is plain text here. */
#include "platform.h"

bool platform_terminal_open(void)
{
    return false;
}

void platform_terminal_close(void)
{
}

unsigned platform_terminal_lines(void)
{
    return 0;
}

int platform_terminal_read(char *out)
{
    (void)out;
    return 0;
}
