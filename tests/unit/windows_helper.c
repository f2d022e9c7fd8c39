/* The Windows counterpart of posix_helper.c. */
#include <string.h>
#include <windows.h>

#include "unit/helper.h"

#define FLUSH_MAX 65536

char *flush_copy(const void *bytes, size_t len)
{
    static char *room;

    if (!room) {
        DWORD before;

        room = VirtualAlloc(NULL, FLUSH_MAX + 4096, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE);
        assert_non_null(room);
        assert_true(VirtualProtect(room + FLUSH_MAX, 4096, PAGE_NOACCESS, &before));
    }
    assert_true(len <= FLUSH_MAX);
    if (len)
        memcpy(room + FLUSH_MAX - len, bytes, len);
    return room + FLUSH_MAX - len;
}
