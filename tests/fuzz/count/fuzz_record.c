/* Records what the input says, byte by byte, and replays it: each call must have the same result. */
#include <string.h>
#include <unistd.h>

#include "count/recording.h"
#include "fuzz/fuzz.h"
#include "platform.h"

/* Does one step after another; its byte chooses which. */
static void do_steps(struct recording *r, const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char bytes[600] = "";
        long n = data[i] >> 2;

        switch (data[i] & 3) {
        case 0: MUST(recording_poll(r)); break;
        case 1: MUST(!recording_read(r, n & 1 ? "netlink" : "procfs", (enum protocol)(n >> 1 & 1))); break;
        case 2:
            if (!r->replays)
                memset(bytes, data[i], (size_t)n * 9);
            MUST(recording_pass(r, bytes, sizeof bytes, n * 9) == n * 9);
            for (long k = 0; k < n * 9; k++)
                MUST((uint8_t)bytes[k] == data[i]);
            break;
        default: MUST(recording_pass(r, bytes, sizeof bytes, -1 - n) == -1 - n);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int made;
    char path[64], why[200];
    struct recording r;

    snprintf(path, sizeof path, "/dev/shm/fuzz-record-%d-%d", (int)getpid(), made++);
    MUST(!recording_create(&r, path));
    do_steps(&r, data, size);
    MUST(!r.over);
    net_close(r.fd);
    MUST(!recording_open(&r, path, why, sizeof why));
    unlink(path);
    do_steps(&r, data, size);
    MUST(!recording_poll(&r) && r.over);
    net_close(r.fd);
    return 0;
}
