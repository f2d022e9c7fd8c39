#include "fuzz/count/put_sockets.h"

void put_sockets(struct tally *t, const uint8_t *data, size_t size)
{
    tally_begin(t, 1000);
    for (size_t i = 0; i + 4 < size && i < 400; i += 4) {
        struct sock s = {.protocol = data[i] & 1,
                         .ip_version = data[i] & 2 ? 6 : 4,
                         .state = data[i + 1] % STATE_COUNT,
                         .known = SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER,
                         .local_port = (uint16_t)(data[i + 2] % 100),
                         .inode = data[i + 3]};

        s.local[3] = data[i + 3];
        tally_sock(t, &s, data[i]);
    }
    tally_end(t);
}
