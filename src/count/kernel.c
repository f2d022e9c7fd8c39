#include "count/kernel.h"

#include "count/recording.h"
#include "platform.h"

_Static_assert(KERNEL_COUNTERS <= 32, "each has a bit");

uint64_t kernel_rise(uint64_t before, uint64_t now)
{
    uint32_t wrapped = (uint32_t)(now - before);

    if (now >= before)
        return now - before;
    return before <= UINT32_MAX && wrapped < 1u << 31 ? wrapped : 0;
}

void kernel_take(struct kernel *k, const struct kernel_reading *r)
{
    k->now.known = r->known;
    for (unsigned i = 0; i < KERNEL_COUNTERS; i++) {
        uint64_t *base;

        if (!(r->known >> i & 1))
            continue;
        if (i < KERNEL_GAUGES) {
            k->now.n[i] = r->n[i];
            continue;
        }
        base = &k->base[i - KERNEL_GAUGES];
        if (k->based >> i & 1)
            k->now.n[i] += kernel_rise(*base, r->n[i]);
        *base = r->n[i];
    }
    k->failed = (k->based & ~r->known) != 0;
    k->based |= r->known & ~((1u << KERNEL_GAUGES) - 1);
}

void kernel_poll(struct kernel *k, const char *proc, char *buf, struct recording *recording)
{
    struct kernel_reading r = {.known = 0};

    if (!recording_begin(recording, "kernel")) {
        if (!recording_replays(recording))
            platform_kernel_read(proc, buf, &r);
        if (recording_pass(recording, &r, sizeof r, sizeof r) != sizeof r)
            r.known = 0;
    }
    kernel_take(k, &r);
}
