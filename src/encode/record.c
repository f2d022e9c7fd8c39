#include "encode/record.h"

#include <string.h>

size_t record_line(const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);

    return end ? (size_t)(end - data) + 1 : len;
}

size_t record_field(const char *data, size_t len)
{
    size_t at = 1, content = 0;

    for (unsigned shift = 0; at < len && shift < 28; shift += 7) {
        content |= (size_t)(data[at] & 0x7f) << shift;
        if (!(data[at++] & 0x80))
            break;
    }
    return content < len - at ? at + content : len;
}

size_t record_pack(record_fn *record, const char *data, size_t len, size_t max, uint32_t *n)
{
    size_t packed = 0;

    *n = 0;
    while (packed < len) {
        size_t next = packed + record(data + packed, len - packed);

        if (packed && next - 1 > max)
            break;
        packed = next;
        ++*n;
    }
    return packed;
}
