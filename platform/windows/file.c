/* Descriptors are handles as numbers. 1 and 2, which no handle is, are the standard streams. */
#include <errno.h>
#include <windows.h>

#include "platform.h"
#include "wsa.h"

#define PATH_MAX_UNITS 4096
#define CONSOLE_BYTES  1024
#define FULL_PIPE_MS   10 /* before another write to a full PIPE_NOWAIT pipe, which reports no error */

static HANDLE handle(int fd)
{
    return fd == 1 || fd == 2 ? GetStdHandle(fd == 1 ? STD_OUTPUT_HANDLE : STD_ERROR_HANDLE) : (HANDLE)(intptr_t)fd;
}

static bool is_slash(char c)
{
    return c == '\\' || c == '/';
}

/* Accepts C:\file and \\server\share\file. */
bool platform_is_path(const char *text)
{
    if (is_slash(text[0]))
        return is_slash(text[1]) && text[2];
    return ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z') && text[1] == ':' && is_slash(text[2]);
}

int platform_file_open(const char *path, bool create)
{
    uint16_t wide[PATH_MAX_UNITS];
    HANDLE file;

    if (!wide_of(path, wide, PATH_MAX_UNITS))
        return -ENAMETOOLONG;
    file = CreateFileW((const wchar_t *)wide, create ? GENERIC_WRITE : GENERIC_READ,
                       FILE_SHARE_READ | (create ? 0 : FILE_SHARE_WRITE | FILE_SHARE_DELETE), NULL,
                       create ? CREATE_NEW : OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    return file == INVALID_HANDLE_VALUE ? wsa_errno(GetLastError()) : (int)(intptr_t)file;
}

long platform_file_read(int fd, void *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        DWORD n = 0;

        if (!ReadFile(handle(fd), (char *)out + got, (DWORD)(len - got), &n, NULL))
            return wsa_errno(GetLastError());
        if (!n)
            break;
        got += n;
    }
    return (long)got;
}

void platform_file_close(int fd)
{
    CloseHandle(handle(fd));
}

/* Writes to a console, which accepts UTF-16; bytes would be read in an old code page. *n is the number of bytes
 * written. A text has no more units than bytes, and a console accepts all of them or fails. */
static BOOL write_console(HANDLE console, const char *text, size_t len, DWORD *n)
{
    uint16_t wide[CONSOLE_BYTES];
    DWORD units, written;

    *n = len < CONSOLE_BYTES ? (DWORD)len : CONSOLE_BYTES;
    while (*n > 1 && *n < len && (text[*n] & 0xc0) == 0x80)
        --*n; /* not inside a character */
    units = (DWORD)MultiByteToWideChar(CP_UTF8, 0, text, (int)*n, (wchar_t *)wide, CONSOLE_BYTES);
    return WriteConsoleW(console, wide, units, &written, NULL);
}

int platform_write(int fd, const void *data, size_t len, size_t *written)
{
    const char *at = data;
    HANDLE file = handle(fd);
    DWORD n = 0;
    bool console = GetConsoleMode(file, &n);
    int ret = 0;

    while (len && !ret) {
        if (console ? write_console(file, at, len, &n) : WriteFile(file, at, (DWORD)len, &n, NULL)) {
            if (!n)
                Sleep(FULL_PIPE_MS);
            at += n;
            len -= n;
        } else {
            ret = wsa_errno(GetLastError());
        }
    }
    if (written)
        *written = (size_t)(at - (const char *)data);
    return ret;
}

void platform_open_log(void)
{
}

/* Neither a pipe nor a console, where a user may be selecting text, reports whether it has room. */
int platform_write_log(const char *line, size_t len)
{
    HANDLE file = handle(2);
    DWORD n = 0;

    if (GetConsoleMode(file, &n))
        return platform_write(2, line, len, NULL);
    return WriteFile(file, line, (DWORD)len, &n, NULL) && n ? 0 : -EAGAIN;
}
