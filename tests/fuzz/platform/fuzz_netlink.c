/* Reads a datagram that answers a dump with sequence number 7. */
#include "fuzz/count/count_socket.h"
#include "fuzz/fuzz.h"
#include "netlink_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
        uint64_t taken = 0;
        struct poll_report report = {0};
        static struct port_set wanted, listening;
        struct netlink_dump dump = {.seq = 7,
                                    .protocol = (enum protocol)protocol,
                                    .emit = count_socket,
                                    .ctx = &taken,
                                    .report = &report,
                                    .wanted = &wanted,
                                    .wanted_remote = &wanted,
                                    .listening = &listening};
        const struct tcp_rows *rows = &dump.rows;
        int ret = netlink_parse(data, size, &dump);

        MUST(ret == NETLINK_MORE || ret == NETLINK_DONE || (ret < 0 && ret >= -4095));
        MUST(taken <= size / (16 + 72));
        MUST(rows->full + rows->fin_wait2 + rows->established[0] + rows->established[1] + rows->time_wait[0] +
                 rows->time_wait[1] <=
             2 * taken); /* a full socket may be in TIME_WAIT, which no kernel lists */
        MUST(rows->full6 <= rows->full && rows->wanted[0] + rows->wanted[1] <= taken &&
             (protocol == PROTOCOL_TCP || !rows->full));
    }
    return 0;
}
