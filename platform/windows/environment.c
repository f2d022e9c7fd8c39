/* Converts the environment and host name from UTF-16 to UTF-8. */
#include <errno.h>
#include <stddef.h>
#include <windows.h>

#include "platform.h"
#include "wsa.h"

#define VARIABLES_MAX 4096

/* Raises a variable's name to upper case, since Windows ignores case. */
static void raise_name(char *text)
{
    for (; *text && *text != '='; text++)
        if (*text >= 'a' && *text <= 'z')
            *text -= 'a' - 'A';
}

/* The block ends with an empty text. Names that begin with "=" are the shells': current directories of drives. */
char **platform_environment(void)
{
    static const char unread[] = "the environment cannot be read";
    static char *list[VARIABLES_MAX + 1];
    const wchar_t *block = GetEnvironmentStringsW(), *at = block;
    int units = 0, bytes, n = 0;
    char *text;

    if (!block)
        platform_die(unread);
    while (at[units] || at[units + 1])
        units++;
    units += 2;
    bytes = WideCharToMultiByte(CP_UTF8, 0, block, units, NULL, 0, NULL, NULL);
    text = bytes > 0 ? platform_memory_alloc((size_t)bytes) : NULL;
    if (!text)
        platform_die(unread);
    WideCharToMultiByte(CP_UTF8, 0, block, units, text, bytes, NULL, NULL);
    for (; *text && n < VARIABLES_MAX; text++) {
        if (*text != '=') {
            raise_name(text);
            list[n++] = text;
        }
        while (*text)
            text++;
    }
    return list;
}

int platform_host_name(char *out, size_t cap)
{
    wchar_t name[256];
    DWORD units = sizeof name / sizeof *name;

    if (!GetComputerNameExW(ComputerNameDnsHostname, name, &units))
        return wsa_errno(GetLastError());
    return WideCharToMultiByte(CP_UTF8, 0, name, -1, out, (int)cap, NULL, NULL) ? 0 : -ENAMETOOLONG;
}
