#include <windows.h>

#include "platform.h"

#define SECOND     1000000000u
#define TO_1970_MS 11644473600000ll /* from 1601, where FILETIME begins */

uint64_t platform_monotonic_ns(void)
{
    LARGE_INTEGER now, frequency;
    uint64_t ticks, per_second;

    QueryPerformanceCounter(&now); /* neither fails since Windows XP */
    QueryPerformanceFrequency(&frequency);
    ticks = (uint64_t)now.QuadPart;
    per_second = (uint64_t)frequency.QuadPart;
    return ticks / per_second * SECOND + ticks % per_second * SECOND / per_second;
}

int64_t platform_wall_ms(void)
{
    FILETIME now;

    GetSystemTimeAsFileTime(&now);
    return (int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) / 10000 - TO_1970_MS;
}

void platform_sleep_ns(uint64_t ns)
{
    Sleep((DWORD)((ns + 999999) / 1000000));
}

uint64_t platform_sleep_step_ns(void)
{
    return 16000000; /* its clock interrupt comes every 15.6 ms, unless a program asks for more */
}
