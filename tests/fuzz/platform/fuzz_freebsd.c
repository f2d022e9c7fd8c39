/* Reads a list of sockets in FreeBSD's format. */
#include "freebsd/pcblist_parse.h"
#include "fuzz/fuzz.h"
#include "fuzz/platform/pcblist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_pcblist(freebsd_pcblist_parse, data, size);
    return 0;
}
