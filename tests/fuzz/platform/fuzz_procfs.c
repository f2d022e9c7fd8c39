/* Reads the lines of a /proc/net/tcp and of a /proc/net/udp. An accepted line, printed in the kernel's format, must be
 * accepted again as the same socket. */
#include <stddef.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "linux.h"
#include "platform.h"
#include "procfs_parse.h"

static unsigned kernel_state(enum tcp_state state)
{
    unsigned kernel = 0;

    while (linux_tcp_state(kernel) != state)
        kernel++;
    return kernel;
}

/* Writes an address of so many words, as the kernel prints them. */
static void print_address(char out[33], const uint8_t *bytes, int words)
{
    for (int i = 0; i < words; i++) {
        uint32_t word;

        memcpy(&word, bytes + 4 * i, 4);
        sprintf(out + 8 * i, "%08X", word);
    }
}

/* Returns a queue as the kernel prints it: with the SYN or FIN that was taken off, which a queue that is not empty has.
 * `at` is rx_queue or tx_queue of a socket of that state. */
static uint32_t printed(const struct sock *s, uint32_t queue, size_t at)
{
    struct sock one = {.protocol = s->protocol, .state = s->state};
    uint32_t left;

    if (s->protocol == PROTOCOL_TCP && s->state == STATE_LISTEN)
        return queue;
    linux_set_queues(&one, 2, 2);
    memcpy(&left, (const char *)&one + at, sizeof left);
    return queue ? queue + 2 - left : 0;
}

static void print_and_read_again(const struct sock *s)
{
    uint32_t tx = printed(s, s->tx_queue, offsetof(struct sock, tx_queue));
    uint32_t rx = printed(s, s->rx_queue, offsetof(struct sock, rx_queue));
    int words = s->ip_version == 4 ? 1 : 4;
    char line[PROCFS_LINE_MAX + 1], local[33], remote[33];
    struct sock again;

    print_address(local, s->local, words);
    print_address(remote, s->remote, words);
    sprintf(line, "   0: %s:%04X %s:%04X %02X %08X:%08X 00:00000000 00000000     0        0 %u 1 0", local,
            s->local_port, remote, s->remote_port, kernel_state((enum tcp_state)s->state), tx, rx, s->inode);
    if (s->known & SOCK_DROPS)
        sprintf(line + strlen(line), " %u", s->drops);
    MUST(!procfs_parse_row(line, strlen(line), (enum protocol)s->protocol, &again));
    MUST(!memcmp(s, &again, sizeof again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);

    for (char *at = text, *end = text + size; at < end;) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((newline ? newline : end) - at);
        char *line = malloc(len + !len); /* the exact length, so that the sanitizer watches its end */
        struct sock s;
        bool header;

        memcpy(line, at, len);
        header = !procfs_parse_header(line, len);
        for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++)
            if (!procfs_parse_row(line, len, (enum protocol)protocol, &s)) {
                struct net_queue queue = {0};
                bool found = procfs_parse_queue(line, len, s.inode, &queue);

                MUST(!header && !procfs_parse_queue(line, len, s.inode + UINT64_C(1), &queue));
                MUST(protocol == PROTOCOL_TCP || found == !!(s.known & SOCK_DROPS));
                MUST(!found || protocol == PROTOCOL_TCP || (queue.used == s.rx_queue && queue.drops == s.drops));
                print_and_read_again(&s);
            }
        free(line);
        at += len + 1;
    }
    free(text);
    return 0;
}
