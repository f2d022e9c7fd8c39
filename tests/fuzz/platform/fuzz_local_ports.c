/* Reads the settings of local ports: the range up to the first zero byte, the reserved ones after it. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "local_ports_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct port_set set;
    const char *text = (const char *)data, *zero = size ? memchr(text, 0, size) : NULL;
    size_t range = zero ? (size_t)(zero - text) : size, reserved = zero ? size - range - 1 : 0;
    bool known = local_ports_parse(text, range, zero ? zero + 1 : text, reserved, &set);

    MUST(known || !ports_count(&set));
    return 0;
}
