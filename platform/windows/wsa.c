#include "wsa.h"

#include <errno.h>
#include <stddef.h>
#include <winsock2.h>
#include <windows.h>

int wsa_errno(unsigned long code)
{
    static const struct {
        uint16_t code;
        uint8_t error;
    } errors[] = {
        {WSAEWOULDBLOCK, EAGAIN},
        {WSAEINPROGRESS, EINPROGRESS},
        {WSAEALREADY, EINPROGRESS},
        {WSAEINTR, EINTR},
        {WSAEACCES, EACCES},
        {WSAEFAULT, EINVAL},
        {WSAEINVAL, EINVAL},
        {WSAEMFILE, EMFILE},
        {WSAENOTSOCK, EBADF},
        {WSAEMSGSIZE, EMSGSIZE},
        {WSAEPROTONOSUPPORT, EPROTONOSUPPORT},
        {WSAEOPNOTSUPP, EOPNOTSUPP},
        {WSAEAFNOSUPPORT, EAFNOSUPPORT},
        {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
        {WSAEADDRINUSE, EADDRNOTAVAIL}, /* no local port is free */
        {WSAENETDOWN, ENETDOWN},
        {WSAENETUNREACH, ENETUNREACH},
        {WSAEHOSTUNREACH, EHOSTUNREACH},
        {WSAEHOSTDOWN, EHOSTUNREACH},
        {WSAENETRESET, ETIMEDOUT}, /* no answer to keep-alive */
        {WSAECONNABORTED, ECONNRESET},
        {WSAECONNRESET, ECONNRESET},
        {WSAECONNREFUSED, ECONNREFUSED},
        {WSAENOTCONN, ENOTCONN},
        {WSAESHUTDOWN, EPIPE},
        {WSAENOBUFS, ENOBUFS},
        {WSAETIMEDOUT, ETIMEDOUT},
        {ERROR_FILE_NOT_FOUND, ENOENT},
        {ERROR_PATH_NOT_FOUND, ENOENT},
        {ERROR_INVALID_NAME, ENOENT},
        {ERROR_BAD_NET_NAME, ENOENT},
        {ERROR_BAD_NETPATH, EHOSTUNREACH},
        {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
        {ERROR_ACCESS_DENIED, EACCES},
        {ERROR_SHARING_VIOLATION, EACCES},
        {ERROR_INVALID_HANDLE, EBADF},
        {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
        {ERROR_OUTOFMEMORY, ENOMEM},
        {ERROR_NO_SYSTEM_RESOURCES, ENOMEM},
        {ERROR_COMMITMENT_LIMIT, ENOMEM},
        {ERROR_FILE_EXISTS, EEXIST},
        {ERROR_ALREADY_EXISTS, EEXIST},
        {ERROR_BROKEN_PIPE, EPIPE},
        {ERROR_NO_DATA, EPIPE}, /* a pipe without a reader */
        {ERROR_PIPE_NOT_CONNECTED, EPIPE},
        {ERROR_DISK_FULL, ENOSPC},
        {ERROR_NOT_SUPPORTED, EOPNOTSUPP},
    };

    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (errors[i].code == code)
            return -errors[i].error;
    return -EIO;
}

int wide_of(const char *text, uint16_t *out, int cap)
{
    return MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, (wchar_t *)out, cap);
}
