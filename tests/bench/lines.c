/* lines PORT LINES RATE KIND SERIES: sends LINES lines of StatsD to 127.0.0.1:PORT by UDP, and prints
 * "LINES DATAGRAMS SECONDS" of what it sent.
 *
 * RATE is in lines a second; 0: as fast as it can. KIND:
 *   one      a line in each datagram, of SERIES counters in turn
 *   packed   datagrams of up to 1432 bytes
 *   timings  like packed, but every tenth series is a timing
 *   hostile  like packed, but lines are random: names and tags without end, all types, broken numbers, bytes of any
 *            value. SERIES is the seed. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define DATAGRAM_MAX 1432
#define BATCH        32
#define LINE_MAX     200
#define NS           1000000000

enum kind { ONE, PACKED, TIMINGS, HOSTILE, KINDS };

static struct {
    enum kind kind;
    unsigned long lines, rate, series;
    unsigned long made; /* lines */
    uint64_t random;
} job;

static char bytes[BATCH][DATAGRAM_MAX];
static struct iovec part[BATCH];
static struct mmsghdr message[BATCH];

static void die(const char *what)
{
    fprintf(stderr, "lines: %s: %s\n", what, errno ? strerror(errno) : "not accepted");
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS + (uint64_t)t.tv_nsec;
}

static unsigned draw(unsigned n)
{
    job.random ^= job.random << 13;
    job.random ^= job.random >> 7;
    job.random ^= job.random << 17;
    return (unsigned)(job.random >> 11) % n;
}

static size_t hostile(char *out)
{
    static const char *const type[] = {"c", "g",      "ms",       "h",   "d",   "s",   "x",
                                       "",  "c|@0.1", "ms|@1e-9", "g|#", "s|@", "c|T1"};
    static const char *const value[] = {
        "1", "-7", "+3", "1e300", "0x1", "NaN", "", ":", "1:2:3", "1e-320", "9999999999999999999", " 1"};
    size_t len = (size_t)sprintf(out, "%s%u:%s|%s|#k%u:v%u,t%u", draw(8) ? "n." : "", draw(1u << 30), value[draw(12)],
                                 type[draw(13)], draw(1000), draw(1u << 30), draw(3));

    if (!draw(10))
        out[draw((unsigned)len)] = (char)draw(256);
    return len;
}

static size_t make_line(char *out)
{
    unsigned long series = job.made++ % job.series;

    if (job.kind == HOSTILE)
        return hostile(out);
    return (size_t)sprintf(out, "bench.requests.%lu:%lu|%s", series, job.made % 10,
                           job.kind == TIMINGS && series % 10 == 0 ? "ms" : "c");
}

/* Fills one datagram. */
static size_t fill(char *out)
{
    size_t len = 0;

    do {
        if (len)
            out[len++] = '\n';
        len += make_line(out + len);
    } while (job.kind != ONE && len + LINE_MAX < DATAGRAM_MAX && job.made < job.lines);
    return len;
}

/* Sends all of them. Datagrams for which the receiver has no room are lost, which is what it has to count. */
static void send_batch(int fd, unsigned n)
{
    for (unsigned sent = 0; sent < n;) {
        int ret = sendmmsg(fd, message + sent, n - sent, 0);

        if (ret < 0 && errno != ENOBUFS && errno != EAGAIN && errno != ECONNREFUSED)
            die("sendmmsg");
        sent += ret > 0 ? (unsigned)ret : 0;
    }
}

static void wait_until(uint64_t ns)
{
    const struct timespec at = {(time_t)(ns / NS), (long)(ns % NS)};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static unsigned long run(int fd)
{
    uint64_t start = now_ns();
    unsigned long datagrams = 0;

    while (job.made < job.lines) {
        unsigned n = 0;

        for (; n < BATCH && job.made < job.lines; n++)
            part[n].iov_len = fill(bytes[n]);
        send_batch(fd, n);
        datagrams += n;
        if (job.rate)
            wait_until(start + (uint64_t)((double)job.made / (double)job.rate * NS));
    }
    return datagrams;
}

static int connect_to(unsigned long port)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at))
        die("connect");
    for (unsigned i = 0; i < BATCH; i++) {
        part[i].iov_base = bytes[i];
        message[i].msg_hdr = (struct msghdr){.msg_iov = &part[i], .msg_iovlen = 1};
    }
    return fd;
}

int main(int argc, char **argv)
{
    static const char *const names[KINDS] = {"one", "packed", "timings", "hostile"};
    unsigned long datagrams;
    uint64_t start;
    int fd;

    if (argc != 6)
        die("arguments PORT LINES RATE KIND SERIES");
    for (job.kind = 0; job.kind < KINDS && strcmp(names[job.kind], argv[4]) != 0;)
        job.kind++;
    job.lines = strtoul(argv[2], NULL, 10);
    job.rate = strtoul(argv[3], NULL, 10);
    job.series = strtoul(argv[5], NULL, 10);
    if (job.kind == KINDS || !job.series)
        die("KIND or SERIES");
    job.random = 88172645463325252u + job.series;
    fd = connect_to(strtoul(argv[1], NULL, 10));
    start = now_ns();
    datagrams = run(fd);
    printf("%lu %lu %.6f\n", job.made, datagrams, (double)(now_ns() - start) / NS);
    return 0;
}
