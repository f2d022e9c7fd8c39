/* Reads the input as a recording, by every backend of this system. An input without a recording's first line is its
 * blocks. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "count/kernel.h"
#include "count/reader.h"
#include "fuzz/fuzz.h"
#include "platform.h"

#define POLLS_MAX 50

static void take(void *ctx, const struct sock *s, uint64_t n)
{
    uint64_t *taken = ctx;

    MUST(s->state < STATE_COUNT && s->protocol < PROTOCOL_COUNT && n == 1);
    ++*taken;
}

static void take_back(void *ctx, enum protocol p)
{
    (void)ctx;
    (void)p;
}

static int file_of(const uint8_t *data, size_t size)
{
    static const char head[] = "sockpush recording 2 linux little-endian 64-bit\n";
    int fd = memfd_create("recording", MFD_CLOEXEC);

    MUST(fd >= 0);
    if (size < 9 || memcmp(data, head, 9) != 0)
        MUST(write(fd, head, sizeof head - 1) == (ssize_t)sizeof head - 1);
    MUST(write(fd, data, size) == (ssize_t)size);
    return fd;
}

static void close_all(struct reader *r)
{
    for (int i = 0; i < r->n; i++)
        if (r->slot[i].state)
            r->slot[i].backend->close(r->slot[i].state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char buf[PLATFORM_KERNEL_BUF];
    static struct port_set local_ports;
    int fd = file_of(data, size), ret;
    struct recording r;
    const struct backend_want want = {
        .proc = "/proc", .listeners_first = true, .recording = &r, .local_ports = &local_ports};
    struct kernel kernel = {.based = 0};
    struct reader reader;
    struct reading reading;
    char path[64], why[200] = "";
    uint64_t taken = 0;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ret = recording_open(&r, path, why, sizeof why);
    MUST(!ret || *why);
    reader_init(&reader, platform_backends, NULL, &want);
    for (int i = 0; i < POLLS_MAX && !ret; i++) {
        reader_poll(&reader, (uint64_t)i, take, take_back, &taken, &reading);
        if (reading.ended)
            break;
        kernel_poll(&kernel, "/proc", buf, &r);
        MUST(!(kernel.now.known >> KERNEL_COUNTERS));
    }
    MUST(taken <= size);
    close_all(&reader);
    net_close(r.fd);
    close(fd);
    return 0;
}
