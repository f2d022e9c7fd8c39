/* Texts of the errors that sockets, files and backends meet here. The C library's table of all errors is four times as
 * large. */
#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "platform.h"

#define ERRORS(X)                                         \
    X(EPERM, "Operation not permitted")                   \
    X(ENOENT, "No such file or directory")                \
    X(EIO, "I/O error")                                   \
    X(EBADF, "Bad file descriptor")                       \
    X(EAGAIN, "Resource unavailable")                     \
    X(ENOMEM, "Out of memory")                            \
    X(EACCES, "Permission denied")                        \
    X(EEXIST, "File exists")                              \
    X(ENOTDIR, "Not a directory")                         \
    X(EISDIR, "Is a directory")                           \
    X(EINVAL, "Invalid argument")                         \
    X(EMFILE, "Too many open files")                      \
    X(ENFILE, "Too many open files")                      \
    X(EFBIG, "File too large")                            \
    X(ENOSPC, "No space left on device")                  \
    X(EPIPE, "Broken pipe")                               \
    X(EXDEV, "Another network namespace")                 \
    X(ENODATA, "Empty")                                   \
    X(EBADMSG, "Not in the expected form")                \
    X(EPROTO, "A layout that this version does not know") \
    X(ENAMETOOLONG, "Name too long")                      \
    X(EMSGSIZE, "Message too large")                      \
    X(EPROTOTYPE, "Socket of another type")               \
    X(EPROTONOSUPPORT, "Protocol not supported")          \
    X(EOPNOTSUPP, "Not supported")                        \
    X(EAFNOSUPPORT, "Address family not supported")       \
    X(EADDRINUSE, "Address in use")                       \
    X(EADDRNOTAVAIL, "Address not available")             \
    X(ENETDOWN, "Network is down")                        \
    X(ENETUNREACH, "Network unreachable")                 \
    X(EHOSTUNREACH, "Host is unreachable")                \
    X(ECONNREFUSED, "Connection refused")                 \
    X(ECONNRESET, "Connection reset by peer")             \
    X(ENOTCONN, "Not connected")                          \
    X(ENOBUFS, "No buffer space available")               \
    X(ETIMEDOUT, "Timed out")

#define CODE(error, text) error,
#define TEXT(error, text) text "\0"

static const uint8_t codes[] = {ERRORS(CODE)};
static const char texts[] = ERRORS(TEXT);

const char *platform_error_text(int error)
{
    static _Thread_local char other[20];
    const char *text = texts;

    for (size_t i = 0; i < sizeof codes; i++, text += strlen(text) + 1)
        if (codes[i] == error)
            return text;
    text_format(other, sizeof other, "error %d", error);
    return other;
}
