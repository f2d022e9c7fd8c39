#include "owners_parse.h"

#include <string.h>

uint32_t owners_socket_inode(const char *link, size_t len)
{
    static const char head[] = "socket:[";
    const char *at = link + sizeof head - 1, *end = link + len - 1;
    uint64_t inode = 0;

    if (len <= sizeof head || memcmp(link, head, sizeof head - 1) != 0 || *end != ']')
        return 0;
    for (; at < end; at++) {
        if (*at < '0' || *at > '9')
            return 0;
        inode = inode * 10 + (uint64_t)(*at - '0');
        if (inode > UINT32_MAX)
            return 0;
    }
    return (uint32_t)inode;
}
