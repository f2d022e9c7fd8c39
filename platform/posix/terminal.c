/* The terminal at stdout, for --top. Keys come from stdin, or from stdout's terminal where stdin is elsewhere. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "platform.h"
#include "posix/posix.h"

#define DEFAULT_LINES   24
#define DEFAULT_COLUMNS 80

/* Sequences of xterm's ctlseqs, which other terminals follow: another screen, lines that are cut, no cursor. */
static const char enter[] = "\33[?1049h\33[?7l\33[?25l", leave[] = "\33[?25h\33[?7h\33[?1049l";

static bool entered, has_keys;
static int keys;              /* the descriptor that they are read from */
static struct termios before; /* with has_keys */

static void show_screen(void)
{
    struct termios raw;

    keys = isatty(STDIN_FILENO) ? STDIN_FILENO : STDOUT_FILENO;
    has_keys = !tcgetattr(keys, &before);
    if (has_keys) {
        raw = before;
        raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
        raw.c_cc[VMIN] = 1;
        raw.c_cc[VTIME] = 0;
        raw.c_cc[VQUIT] = _POSIX_VDISABLE; /* SIGQUIT would leave the terminal as it is */
        has_keys = !tcsetattr(keys, TCSANOW, &raw);
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
        tcsetattr(keys, TCSANOW, &before);
}

/* The system knows whether SIGTSTP is to stop this process: not if it is ignored, or if no shell would let it go on. A
 * background process that sets the terminal is stopped again, by SIGTTOU, until it is in the foreground. */
void posix_terminal_suspend(void)
{
    sigset_t suspend;

    sigemptyset(&suspend);
    sigaddset(&suspend, SIGTSTP);
    platform_terminal_close();
    if (!posix_signals_stay)
        kill(getpid(), SIGTSTP);
    pthread_sigmask(SIG_UNBLOCK, &suspend, NULL);
    pthread_sigmask(SIG_BLOCK, &suspend, NULL);
    show_screen();
}

void platform_terminal_size(unsigned *lines, unsigned *columns)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
        size = (struct winsize){0};
    *lines = size.ws_row ? size.ws_row : DEFAULT_LINES;
    *columns = size.ws_col ? size.ws_col : DEFAULT_COLUMNS;
}

int platform_terminal_read(char *out)
{
    struct pollfd p = {.fd = keys, .events = POLLIN};
    ssize_t n;

    if (!has_keys || posix_poll(&p, 1, 0) <= 0)
        return 0;
    n = read(keys, out, 1);
    return n == 1 ? 1 : n < 0 && errno == EBADF ? 0 : -1; /* EBADF: stdout is open for writing alone */
}
