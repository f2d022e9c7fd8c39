/* Reads one of Windows' tables. The first byte chooses which. */
#include "fuzz/count/count_socket.h"
#include "fuzz/fuzz.h"
#include "windows/mib_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mib_table table;
    uint64_t taken = 0;
    int ret;

    if (!size)
        return 0;
    table = (struct mib_table){(enum protocol)(*data & 1), *data >> 1 & 1, (enum mib_rows)((*data >> 2) % 3)};
    ret = mib_parse(data + 1, size - 1, &table, count_socket, &taken);
    MUST(ret == 0 || taken == 0);
    MUST(taken <= size / 12);
    MUST(mib_size(data + 1, size - 1, &table) <= size - 1);
    return 0;
}
