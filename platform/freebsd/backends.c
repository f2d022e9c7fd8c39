#include <stddef.h>

#include "freebsd/kernel_parse.h"
#include "freebsd/pcblist_parse.h"
#include "platform.h"

const char platform_name[] = "freebsd";
const char platform_tried[] = "its parts compiled, never run";

#define TEXT(macro)  TEXT_(macro)
#define TEXT_(value) #value
const char *const platform_library[] = {"libc", "of FreeBSD " TEXT(__FreeBSD__)};

/* net.inet.tcp.states would need no walk, but counts IPv4 and IPv6 together. */
static int poll_pcblist(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                        struct poll_report *report)
{
    struct pcblist list = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};

    return bsd_poll(state, protocol == PROTOCOL_TCP ? "net.inet.tcp.pcblist" : "net.inet.udp.pcblist",
                    freebsd_pcblist_parse, &list);
}

static const struct backend backend_pcblist = {
    .name = "pcblist",
    .open = bsd_open,
    .poll = poll_pcblist,
    .close = bsd_close,
};

const struct backend *const platform_backends[] = {&backend_pcblist, NULL};

void platform_kernel_read(const char *proc, char *buf, struct kernel_reading *out)
{
    (void)proc;
    bsd_kernel_read(buf, freebsd_kernel_parse, out);
}

/* On 32-bit machines some fields have other offsets in records of the same length. */
_Static_assert(sizeof(void *) == 8, "platform/freebsd/pcblist_parse.c knows the layouts of 64-bit machines only");
