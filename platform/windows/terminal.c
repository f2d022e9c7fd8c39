/* The output of --top is plain text here. */
#include "platform.h"

bool platform_terminal_open(void)
{
    return false;
}

void platform_terminal_close(void)
{
}

void platform_terminal_size(unsigned *lines, unsigned *columns)
{
    *lines = *columns = 0;
}

int platform_terminal_read(char *out)
{
    (void)out;
    return 0;
}
