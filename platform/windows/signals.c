/* Handles Ctrl-C, Ctrl-Break, and the ends of console and machine. */
#include <winsock2.h>
#include <windows.h>

#include "platform.h"

static HANDLE stop, wake;

/* Handles a console event. On the ends of console and machine, Windows ends the process when this returns, or after
 * some 5 s. A log-off, which only services see, does not end them. */
static BOOL WINAPI on_event(DWORD kind)
{
    if (kind == CTRL_LOGOFF_EVENT)
        return FALSE;
    SetEvent(stop);
    if (kind != CTRL_C_EVENT && kind != CTRL_BREAK_EVENT)
        Sleep(INFINITE);
    return TRUE;
}

/* Sets SystemRoot, below which the registry names Winsock's files, if a parent passes only our variables on. */
static void set_system_root(void)
{
    wchar_t root[MAX_PATH];

    if (!GetEnvironmentVariableW(L"SystemRoot", NULL, 0) && GetSystemWindowsDirectoryW(root, MAX_PATH))
        SetEnvironmentVariableW(L"SystemRoot", root);
}

/* Clears a missing standard stream, whose handle a later file might get. */
static void forget_missing_stream(DWORD which)
{
    if (GetFileType(GetStdHandle(which)) == FILE_TYPE_UNKNOWN)
        SetStdHandle(which, NULL);
}

void platform_init(void)
{
    WSADATA data;

    forget_missing_stream(STD_OUTPUT_HANDLE);
    forget_missing_stream(STD_ERROR_HANDLE);
    set_system_root();
    if (WSAStartup(MAKEWORD(2, 2), &data))
        platform_die("no Winsock 2.2");
    stop = CreateEventW(NULL, FALSE, FALSE, NULL);
    wake = CreateEventW(NULL, FALSE, FALSE, NULL);
    if (!stop || !wake)
        platform_die("no event for signals");
    if (!SetConsoleCtrlHandler(on_event, TRUE))
        platform_die("Ctrl-C cannot be handled");
}

void platform_end_at_once(void)
{
    SetConsoleCtrlHandler(on_event, FALSE);
}

enum platform_event platform_wait(uint64_t deadline_ns)
{
    const HANDLE events[] = {stop, wake};

    for (;;) {
        uint64_t now = platform_monotonic_ns();
        uint64_t left_ms = deadline_ns > now ? (deadline_ns - now + 999999) / 1000000 : 0;
        DWORD got = WaitForMultipleObjects(2, events, FALSE, left_ms < INFINITE ? (DWORD)left_ms : INFINITE - 1);

        if (got == WAIT_FAILED)
            platform_die("Ctrl-C cannot be waited for");
        if (got == WAIT_OBJECT_0)
            return PLATFORM_STOP;
        if (got == WAIT_OBJECT_0 + 1)
            return PLATFORM_WAKE;
        if (platform_monotonic_ns() >= deadline_ns)
            return PLATFORM_DEADLINE;
    }
}

void platform_wake(void)
{
    SetEvent(wake);
}
