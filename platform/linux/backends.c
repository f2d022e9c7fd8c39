#include <stddef.h>

#include "netlink.h"
#include "platform.h"
#include "procfs.h"

const struct backend *const platform_backends[] = {&backend_netlink, &backend_procfs, NULL};
