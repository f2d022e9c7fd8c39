#include "output/packets.h"

void packets_init(struct packets *p, char *memory, size_t cap, size_t len_max)
{
    size_t room = cap > sizeof(struct packet) ? cap - sizeof(struct packet) : 0;

    *p = (struct packets){.ring = {.bytes = memory, .cap = cap}, .len_max = len_max < room ? len_max : room};
}

bool packets_oldest(const struct packets *p, struct packet *out)
{
    if (!p->ring.used)
        return false;
    ring_read(&p->ring, 0, out, sizeof *out);
    return true;
}

void packets_remove(struct packets *p, const struct packet *oldest)
{
    p->lines -= oldest->lines;
    ring_skip(&p->ring, sizeof *oldest + oldest->len);
}

bool packets_put(struct packets *p, const char *lines, size_t len, uint32_t n)
{
    const struct packet packet = {.len = (uint32_t)len, .lines = n};
    bool was_empty = !p->ring.used;
    struct packet oldest;

    if (len > p->len_max) {
        p->dropped += n;
        return false;
    }
    while (sizeof packet + len > p->ring.cap - p->ring.used && packets_oldest(p, &oldest)) {
        packets_remove(p, &oldest);
        p->dropped += oldest.lines;
    }
    ring_append(&p->ring, &packet, sizeof packet);
    ring_append(&p->ring, lines, len);
    p->lines += n;
    return was_empty;
}
