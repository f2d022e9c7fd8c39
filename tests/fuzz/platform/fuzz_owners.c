/* Reads the link of a descriptor. A socket's inode, written as the kernel writes it, is read again. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "owners_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint32_t inode = owners_socket_inode((const char *)data, size);
    char link[32];
    int len = snprintf(link, sizeof link, "socket:[%u]", (unsigned)inode);

    MUST(owners_socket_inode(link, (size_t)len) == inode);
    for (size_t cut = 0; cut < (size_t)len; cut++)
        MUST(!owners_socket_inode(link, cut));
    if (!inode)
        return 0;
    MUST(size >= (size_t)len && !memcmp(data, "socket:[", 8) && data[size - 1] == ']');
    for (size_t i = 8; i < size - (size_t)len + 8; i++)
        MUST(data[i] == '0'); /* the kernel writes none in front */
    MUST(!memcmp(data + size - (size_t)len + 8, link + 8, (size_t)len - 8));
    return 0;
}
