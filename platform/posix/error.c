/* The errors that a socket, a file or a backend can meet here, in words. The C library's
 * table of all errors is four times as large. */
#include <errno.h>

#include "format.h"
#include "platform.h"

static const struct {
    int16_t error;
    char text[30];
} errors[] = {
    {EPERM, "Operation not permitted"},
    {ENOENT, "No such file or directory"},
    {EIO, "I/O error"},
    {EBADF, "Bad file descriptor"},
    {EAGAIN, "Resource unavailable"},
    {ENOMEM, "Out of memory"},
    {EACCES, "Permission denied"},
    {ENOTDIR, "Not a directory"},
    {EISDIR, "Is a directory"},
    {EINVAL, "Invalid argument"},
    {EMFILE, "Too many open files"},
    {ENFILE, "Too many open files"},
    {ENOSPC, "No space left on device"},
    {EPIPE, "Broken pipe"},
    {EXDEV, "Another network namespace"},
    {ENODATA, "Empty"},
    {EBADMSG, "Not in the expected form"},
    {ENAMETOOLONG, "Name too long"},
    {EMSGSIZE, "Message too large"},
    {EPROTOTYPE, "Socket of another type"},
    {EPROTONOSUPPORT, "Protocol not supported"},
    {EOPNOTSUPP, "Not supported"},
    {EAFNOSUPPORT, "Address family not supported"},
    {EADDRNOTAVAIL, "Address not available"},
    {ENETDOWN, "Network is down"},
    {ENETUNREACH, "Network unreachable"},
    {EHOSTUNREACH, "Host is unreachable"},
    {ECONNREFUSED, "Connection refused"},
    {ECONNRESET, "Connection reset by peer"},
    {ENOTCONN, "Not connected"},
    {ENOBUFS, "No buffer space available"},
    {ETIMEDOUT, "Timed out"},
};

const char *platform_error_text(int error)
{
    static _Thread_local char other[20];

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].error == error)
            return errors[i].text;
    text_format(other, sizeof other, "error %d", error);
    return other;
}
