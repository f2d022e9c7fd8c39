/* Reads the input as a recording, or as the blocks of one without its first line, by every backend of this system. */
#include <string.h>
#include <unistd.h>

#include "count/kernel.h"
#include "count/reader.h"
#include "fuzz/count/count_socket.h"
#include "fuzz/fuzz.h"
#include "platform.h"

#define POLLS_MAX 50

static void discard(void *ctx, enum protocol p)
{
    (void)ctx;
    (void)p;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "sockpush recording 2 linux little-endian 64-bit\n";
    static char buf[PLATFORM_KERNEL_BUF];
    static struct port_set ports;
    int fd = file_of(size < 9 || memcmp(data, head, 9) ? head : "", data, size), ret;
    struct recording r;
    const struct backend_want want = {.proc = "/proc", .listeners_first = true, .recording = &r, .local_ports = &ports};
    struct kernel kernel = {.based = 0};
    struct reader reader;
    struct reading reading = {.ended = false};
    char path[64], why[200] = "";
    uint64_t taken = 0;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ret = recording_open(&r, path, why, sizeof why);
    MUST(!ret || *why);
    reader_init(&reader, platform_backends, NULL, &want);
    for (int i = 0; i < POLLS_MAX && !ret && !reading.ended; i++) {
        reader_poll(&reader, (uint64_t)i, count_socket, discard, &taken, &reading);
        if (!reading.ended)
            kernel_poll(&kernel, "/proc", buf, &r);
        MUST(!(kernel.now.known >> KERNEL_COUNTERS));
    }
    MUST(taken <= size);
    for (int i = 0; i < reader.n; i++)
        if (reader.slot[i].state)
            reader.slot[i].backend->close(reader.slot[i].state);
    net_close(r.fd);
    close(fd);
    return 0;
}
