#include <stddef.h>

#include "darwin/kernel_parse.h"
#include "darwin/pcblist_parse.h"
#include "platform.h"

const char platform_name[] = "macos";
const char platform_tried[] = "compiled and linked, never run";
const char *const platform_library[] = {"libSystem", "of macOS"};

static int poll_pcblist(struct backend_state *state, enum protocol protocol, sock_fn *emit, void *ctx,
                        struct poll_report *report)
{
    struct pcblist list = {.protocol = protocol, .emit = emit, .ctx = ctx, .report = report};

    return bsd_poll(state, protocol == PROTOCOL_TCP ? "net.inet.tcp.pcblist_n" : "net.inet.udp.pcblist_n",
                    darwin_pcblist_parse, &list);
}

static const struct backend backend_pcblist = {
    .name = "pcblist_n",
    .open = bsd_open,
    .poll = poll_pcblist,
    .close = bsd_close,
};

const struct backend *const platform_backends[] = {&backend_pcblist, NULL};

void platform_kernel_read(const char *proc, char *buf, struct kernel_reading *out)
{
    (void)proc;
    bsd_kernel_read(buf, darwin_kernel_parse, out);
}
