#include "unit/input/packer_helper.h"

#include <string.h>

#include "unit/helper.h"

struct packer packer;
char sent[SENT_MAX];
size_t sent_len;
uint32_t sent_lines, sent_packets;

/* Collects a packet, which must be of whole lines. */
static void collect(void *ctx, const char *lines, size_t len, uint32_t n)
{
    uint32_t found = 0;

    assert_ptr_equal(ctx, &sent_len);
    assert_true(len > 1 && len <= packer.packet_max + 1 && sent_len + len < sizeof sent);
    for (size_t i = 0; i < len; i++)
        found += lines[i] == '\n';
    assert_true(found == n && lines[len - 1] == '\n');
    memcpy(sent + sent_len, lines, len);
    sent_len += len;
    sent[sent_len] = '\0';
    sent_lines += n;
    sent_packets++;
}

void pack_begin(enum pack_dialect dialect, size_t packet_max)
{
    static char *bytes;

    free(bytes);
    bytes = malloc(packet_max + 1); /* one byte too many is seen by the sanitizer */
    packer = (struct packer){
        .dialect = dialect, .packet_max = packet_max, .bytes = bytes, .send = collect, .ctx = &sent_len};
    sent_len = sent_lines = sent_packets = 0;
    *sent = '\0';
}

static struct span span(const char *text)
{
    return (struct span){text, strlen(text)};
}

void pack_tags(const char *list)
{
    static struct packer_tags tags;
    struct span rest = span(list), key, value;

    tags.text = rest;
    for (tags.n = 0; line_next_tag(&rest, &key, &value); tags.n++) {
        const char *end = value.at ? value.at + value.len : key.at + key.len;

        tags.tag[tags.n].text = (struct span){key.at, (size_t)(end - key.at)};
        tags.tag[tags.n].key_len = key.len;
    }
    packer.tags = &tags;
}

bool pack(const char *text, size_t len)
{
    struct span rest = {flush_copy(text, len), len}, one;
    bool supported = true;

    while (line_split(&rest, &one)) {
        struct line l;

        if (!line_parse(one.at, one.len, &l))
            supported &= packer_take(&packer, &l, one);
    }
    return supported;
}

const char *packed(const char *lines)
{
    pack(lines, strlen(lines));
    packer_flush(&packer);
    if (sent_len)
        sent[sent_len - 1] = '\0';
    return sent;
}
