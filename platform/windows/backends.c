#include <stddef.h>

#include "platform.h"
#include "tables.h"

const struct backend *const platform_backends[] = {&backend_iphlpapi, NULL};

const char platform_name[] = "windows";
const char platform_tried[] = "tested under wine, not on Windows itself";

#ifdef _UCRT
#define LIBRARY "ucrt"
#else
#define LIBRARY "msvcrt"
#endif
const char *const platform_library[] = {LIBRARY, "by mingw-w64 " __MINGW64_VERSION_STR};
