/* The terminal at stdin and stdout, for --top. */
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

#define DEFAULT_LINES 24

/* Sequences of xterm's ctlseqs, which other terminals follow: another screen, lines that are cut, no cursor. */
static const char enter[] = "\33[?1049h\33[?7l\33[?25l", leave[] = "\33[?25h\33[?7h\33[?1049l";

static bool entered, has_keys;
static struct termios before; /* with has_keys */

static void show_screen(void)
{
    struct termios raw;

    has_keys = !tcgetattr(STDIN_FILENO, &before);
    if (has_keys) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VQUIT] = _POSIX_VDISABLE; /* SIGQUIT would leave the terminal as it is */
        has_keys = !tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    }
    entered = true;
    platform_write(STDOUT_FILENO, enter, sizeof enter - 1, NULL);
}

/* Returns true if TERM names a terminal that follows these sequences. */
static bool follows(void)
{
    static const char name[] = "TERM=";

    for (char **env = platform_environment(); *env; env++)
        if (!strncmp(*env, name, sizeof name - 1)) {
            const char *term = *env + sizeof name - 1;

            return *term && strcmp(term, "dumb") != 0;
        }
    return false;
}

bool platform_terminal_open(void)
{
    if (!follows() || !isatty(STDOUT_FILENO))
        return false;
    posix_take_signal(SIGWINCH);
    posix_take_signal(SIGTSTP);
    show_screen();
    return true;
}

void platform_terminal_close(void)
{
    if (!entered)
        return;
    entered = false;
    platform_write(STDOUT_FILENO, leave, sizeof leave - 1, NULL);
    if (has_keys)
        tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

/* The system knows whether SIGTSTP is to stop this process: not if it is ignored, or if no shell would let it go on. A
 * background process that sets the terminal is stopped again, by SIGTTOU, until it is in the foreground. */
void posix_terminal_suspend(void)
{
    sigset_t suspend;

    sigemptyset(&suspend);
    sigaddset(&suspend, SIGTSTP);
    platform_terminal_close();
    pthread_sigmask(SIG_UNBLOCK, &suspend, NULL);
    kill(getpid(), SIGTSTP);
    pthread_sigmask(SIG_BLOCK, &suspend, NULL);
    show_screen();
}

unsigned platform_terminal_lines(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row ? DEFAULT_LINES : size.ws_row;
}

int platform_terminal_read(char *out)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

    if (!has_keys || posix_poll(&p, 1, 0) <= 0)
        return 0;
    return read(STDIN_FILENO, out, 1) == 1 ? 1 : -1;
}
