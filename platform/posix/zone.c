#include <net/if.h>

#include "posix/posix.h"
#include "value.h"

uint32_t posix_zone_index(const char *zone)
{
    int64_t number = 0;

    return value_count(zone, &number) ? (uint32_t)number : if_nametoindex(zone);
}
