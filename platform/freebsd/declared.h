/* The part of FreeBSD's headers that platform/ uses, to compile it on other systems (build.mk). FreeBSD itself does not
 * use this file. Types and values are those of 64-bit FreeBSD 14; each group names its files there. */
#ifndef DECLARED_H
#define DECLARED_H

#include <stddef.h>
#include <stdint.h>

/* sys/sys/_types.h, sys/sys/types.h */
typedef int64_t ssize_t, time_t, off_t;
typedef uint32_t socklen_t, uid_t;
typedef int32_t pid_t;
typedef uint16_t in_port_t;
typedef uint8_t sa_family_t;
typedef uint32_t in_addr_t;

/* sys/sys/errno.h */
int *__error(void);
#define errno (*__error())
/* clang-format off */
enum {
    EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, E2BIG = 7, EBADF = 9, ENOMEM = 12, EACCES = 13, EEXIST = 17, EXDEV = 18, ENOTDIR = 20,
    EISDIR = 21, EINVAL = 22, ENFILE = 23, EMFILE = 24, EFBIG = 27, ENOSPC = 28, EPIPE = 32, EAGAIN = 35, EINPROGRESS = 36, EMSGSIZE = 40,
    EPROTOTYPE = 41, EPROTONOSUPPORT = 43, EOPNOTSUPP = 45, EAFNOSUPPORT = 47, EADDRINUSE = 48, EADDRNOTAVAIL = 49, ENETDOWN = 50,
    ENETUNREACH = 51, ECONNABORTED = 53, ECONNRESET = 54, ENOBUFS = 55, ENOTCONN = 57, ETIMEDOUT = 60, ECONNREFUSED = 61, ENAMETOOLONG = 63,
    EHOSTUNREACH = 65, ENOATTR = 87, EBADMSG = 89, EPROTO = 92,
};
/* clang-format on */

/* sys/sys/_timespec.h, sys/sys/_clock_id.h, include/time.h */
struct timespec {
    time_t tv_sec;
    long tv_nsec;
};
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 4 };
int clock_getres(int clock, struct timespec *out);
int clock_gettime(int clock, struct timespec *out);
int nanosleep(const struct timespec *span, struct timespec *left);

/* include/string.h, include/strings.h, include/ctype.h */
void *memcpy(void *to, const void *from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int byte, size_t len);
void *memchr(const void *data, int byte, size_t len);
int memcmp(const void *a, const void *b, size_t len);
size_t strlen(const char *text);
char *strchr(const char *text, int c);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t len);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t len);
int isdigit(int c);
int isspace(int c);
int tolower(int c);

/* sys/sys/fcntl.h, include/unistd.h */
/* clang-format off */
enum { O_RDONLY = 0, O_WRONLY = 1, O_NONBLOCK = 4, O_NOCTTY = 0x8000, O_CREAT = 0x200, O_EXCL = 0x800, O_CLOEXEC = 0x100000 };
/* clang-format on */
enum { STDIN_FILENO = 0, STDOUT_FILENO = 1, STDERR_FILENO = 2, SEEK_CUR = 1, _POSIX_VDISABLE = 0xff };
int isatty(int fd);
int open(const char *path, int flags, ...);
int close(int fd);
off_t lseek(int fd, off_t offset, int whence);
ssize_t read(int fd, void *out, size_t len);
ssize_t write(int fd, const void *data, size_t len);
int pipe2(int fd[2], int flags);
int gethostname(char *out, size_t cap);
int unlink(const char *path);
pid_t getpid(void);
_Noreturn void _exit(int status);

/* sys/sys/stat.h */
struct stat {
    uint64_t st_dev, st_ino, st_nlink;
    uint16_t st_mode;
    char rest[198];
};
#define S_ISSOCK(mode) (((mode) & 0170000) == 0140000)
int lstat(const char *path, struct stat *out);
int stat(const char *path, struct stat *out);
int chmod(const char *path, uint16_t mode);

/* sys/sys/poll.h */
struct pollfd {
    int fd;
    short events, revents;
};
enum { POLLIN = 1, POLLOUT = 4 };
int poll(struct pollfd *fds, unsigned n, int timeout_ms);

/* sys/sys/mman.h, sys/sys/random.h */
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x1000 };
#define MAP_FAILED ((void *)-1)
void *mmap(void *at, size_t len, int protection, int flags, int fd, off_t offset);
int munmap(void *at, size_t len);
enum { GRND_NONBLOCK = 1 };
ssize_t getrandom(void *out, size_t len, unsigned flags);

/* sys/sys/signal.h, sys/sys/_sigset.h, include/signal.h */
typedef struct {
    uint32_t bits[4];
} sigset_t;
typedef struct siginfo siginfo_t;
struct sigaction {
    void (*sa_handler)(int);
    int sa_flags;
    sigset_t sa_mask;
};
/* clang-format off */
enum { SIGHUP = 1, SIGINT = 2, SIGPIPE = 13, SIGTERM = 15, SIGALRM = 14, SIGTSTP = 18, SIGIO = 23, SIGXCPU = 24, SIGXFSZ = 25, SIGVTALRM = 26, SIGPROF = 27, SIGWINCH = 28, SIGUSR1 = 30, SIGUSR2 = 31, SIG_BLOCK = 1, SIG_UNBLOCK = 2 };
/* clang-format on */
#define SIG_IGN ((void (*)(int))1)
int sigemptyset(sigset_t *set);
int sigaddset(sigset_t *set, int sig);
int sigdelset(sigset_t *set, int sig);
int sigaction(int sig, const struct sigaction *now, struct sigaction *before);
int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *span);
int pthread_sigmask(int how, const sigset_t *now, sigset_t *before);
int kill(pid_t pid, int sig);

/* sys/sys/socket.h, sys/sys/_sockaddr_storage.h, sys/sys/un.h, sys/sys/_iovec.h */
struct sockaddr {
    uint8_t sa_len;
    sa_family_t sa_family;
    char sa_data[14];
};
struct sockaddr_storage {
    uint8_t ss_len;
    sa_family_t ss_family;
    _Alignas(8) char rest[120];
};
struct sockaddr_un {
    uint8_t sun_len;
    sa_family_t sun_family;
    char sun_path[104];
};
struct linger {
    int l_onoff, l_linger;
};
/* clang-format off */
enum { AF_UNIX = 1, AF_INET = 2, AF_INET6 = 28, SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_CLOEXEC = 0x10000000, SOCK_NONBLOCK = 0x20000000 };
/* clang-format on */
struct iovec {
    void *iov_base;
    size_t iov_len;
};
struct msghdr {
    void *msg_name;
    socklen_t msg_namelen;
    struct iovec *msg_iov;
    int msg_iovlen;
    void *msg_control;
    socklen_t msg_controllen;
    int msg_flags;
};
/* clang-format off */
enum { SOL_SOCKET = 0xffff, SO_KEEPALIVE = 8, SO_LINGER = 0x80, SO_RCVBUF = 0x1002, SO_ERROR = 0x1007, SHUT_WR = 1, MSG_TRUNC = 0x10, MSG_DONTWAIT = 0x80 };
/* clang-format on */
#define MSG_NOSIGNAL 0x20000
int socket(int family, int type, int protocol);
int bind(int fd, const struct sockaddr *at, socklen_t len);
int listen(int fd, int backlog);
int accept4(int fd, struct sockaddr *out, socklen_t *len, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int connect(int fd, const struct sockaddr *to, socklen_t len);
int getsockname(int fd, struct sockaddr *out, socklen_t *len);
int getpeername(int fd, struct sockaddr *out, socklen_t *len);
ssize_t send(int fd, const void *data, size_t len, int flags);
ssize_t recv(int fd, void *out, size_t len, int flags);
int getsockopt(int fd, int level, int option, void *value, socklen_t *len);
int setsockopt(int fd, int level, int option, const void *value, socklen_t len);
int shutdown(int fd, int how);

/* sys/netinet/in.h, sys/netinet6/in6.h, include/arpa/inet.h, sys/net/if.h */
struct in_addr {
    in_addr_t s_addr;
};
struct in6_addr {
    _Alignas(4) uint8_t s6_addr[16];
};
struct sockaddr_in {
    uint8_t sin_len;
    sa_family_t sin_family;
    in_port_t sin_port;
    struct in_addr sin_addr;
    char sin_zero[8];
};
struct sockaddr_in6 {
    uint8_t sin6_len;
    sa_family_t sin6_family;
    in_port_t sin6_port;
    uint32_t sin6_flowinfo;
    struct in6_addr sin6_addr;
    uint32_t sin6_scope_id;
};
enum { IPPROTO_TCP = 6 };
uint16_t htons(uint16_t n);
uint16_t ntohs(uint16_t n);
unsigned if_nametoindex(const char *name);

/* sys/netinet/tcp.h; only tcpi_snd_wnd of struct tcp_info is read here */
enum { TCP_NODELAY = 1, TCP_INFO = 32, TCP_KEEPIDLE = 256, TCP_KEEPINTVL = 512, TCP_KEEPCNT = 1024 };
struct tcp_info {
    uint32_t tcpi_snd_wnd;
};

/* sys/sys/filio.h, sys/sys/ioccom.h, sys/sys/sysctl.h */
#define FIONWRITE 0x40046677ul /* _IOR('f', 119, int) */
int ioctl(int fd, unsigned long request, ...);

/* sys/sys/_winsize.h, sys/sys/ttycom.h */
struct winsize {
    unsigned short ws_row, ws_col, ws_xpixel, ws_ypixel;
};
#define TIOCGWINSZ 0x40087468ul /* _IOR('t', 104, struct winsize) */

/* sys/sys/_termios.h, include/termios.h */
typedef unsigned int tcflag_t, speed_t;
struct termios {
    tcflag_t c_iflag, c_oflag, c_cflag, c_lflag;
    unsigned char c_cc[20];
    speed_t c_ispeed, c_ospeed;
};
enum { VQUIT = 9, VMIN = 16, VTIME = 17, ECHO = 0x8, ICANON = 0x100, TCSANOW = 0 };
int tcgetattr(int fd, struct termios *out);
int tcsetattr(int fd, int when, const struct termios *settings);
int sysctlbyname(const char *name, void *out, size_t *len, const void *now, size_t now_len);

_Static_assert(sizeof(struct sockaddr_storage) == 128 && offsetof(struct sockaddr_storage, rest) == 8,
               "struct sockaddr_storage");
_Static_assert(sizeof(struct sockaddr_un) == 106 && sizeof(struct sockaddr_in) == 16 &&
                   sizeof(struct sockaddr_in6) == 28,
               "addresses");
_Static_assert(sizeof(struct stat) == 224 && sizeof(struct msghdr) == 48, "files and messages");
_Static_assert(sizeof(struct sigaction) == 32 && sizeof(sigset_t) == 16 && sizeof(struct timespec) == 16, "signals");

#endif
