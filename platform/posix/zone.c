#include <net/if.h>

#include "base/value.h"
#include "posix/posix.h"

uint32_t posix_zone_index(const char *zone)
{
    int64_t number = 0;

    return value_count(zone, &number) ? (uint32_t)number : if_nametoindex(zone);
}
