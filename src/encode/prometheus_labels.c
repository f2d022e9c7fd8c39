#include "encode/prometheus.h"

#include <string.h>

#include "encode/protobuf.h"

/* --- names -------------------------------------------------------------------------- */

/* Returns c if a label's name may have it after its first byte, else '_'. */
static char safe(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') ? c : '_';
}

/* Returns byte i of the label's name for a key, or 0 at its end. A name does not begin with a digit. */
static unsigned char name_byte(const char *key, size_t i)
{
    bool digit = *key >= '0' && *key <= '9';

    if (digit && !i)
        return '_';
    key += i - digit;
    return *key ? (unsigned char)safe(*key) : 0;
}

static int compare_names(const char *a, const char *b)
{
    size_t i = 0;

    while (name_byte(a, i) && name_byte(a, i) == name_byte(b, i))
        i++;
    return name_byte(a, i) - name_byte(b, i);
}

bool label_alike(const char *a, const char *b)
{
    return !compare_names(a, b);
}

bool label_begins(const char *key, const char *with)
{
    size_t i = 0;

    while (name_byte(with, i) && name_byte(key, i) == name_byte(with, i))
        i++;
    return !name_byte(with, i);
}

size_t label_name_len(const char *key)
{
    return strlen(key) + (*key >= '0' && *key <= '9');
}

void label_put_name(struct buf *b, const char *key)
{
    for (size_t i = 0; name_byte(key, i); i++)
        buf_char(b, (char)name_byte(key, i));
}

/* --- labels -------------------------------------------------------------------------- */

/* Returns true if the key is the label's name as it is. Keys of sockpush's own tags are. */
static bool is_name(const char *key)
{
    size_t i = 0;

    while (key[i] && name_byte(key, i) == (unsigned char)key[i])
        i++;
    return !key[i];
}

void labels_add(struct labels *l, const struct tag *tag)
{
    size_t at = l->n;

    if (!*tag_text(tag) || !compare_names(tag->key, PROMETHEUS_NAME))
        return;
    while (at && compare_names(tag->key, l->tag[at - 1]->key) < 0)
        at--;
    if (at && !compare_names(tag->key, l->tag[at - 1]->key)) {
        if (is_name(tag->key))
            l->tag[at - 1] = tag;
        return;
    }
    memmove(l->tag + at + 1, l->tag + at, (l->n - at) * sizeof *l->tag);
    l->tag[at] = tag;
    l->n++;
    l->before += compare_names(tag->key, PROMETHEUS_NAME) < 0;
}

void labels_init(struct labels *l, const struct tags *tags)
{
    l->n = l->before = 0;
    for (size_t i = 0; i < tags->n; i++)
        labels_add(l, &tags->tag[i]);
}

size_t label_len(size_t name, size_t value)
{
    return pb_field_len(pb_field_len(name) + pb_field_len(value));
}

size_t labels_len(const struct labels *l)
{
    size_t len = 0;

    for (size_t i = 0; i < l->n; i++)
        len += label_len(label_name_len(l->tag[i]->key), strlen(tag_text(l->tag[i])));
    return len;
}

/* Begins a label of a name and a value of so many bytes. The name follows, then the value's head and the value. */
static void put_label_head(struct buf *b, size_t name, size_t value)
{
    char heads[2 * PB_HEAD_MAX], *at = pb_write_head(heads, PB_BYTES(1), pb_field_len(name) + pb_field_len(value));

    at = pb_write_head(at, PB_BYTES(1), name);
    buf_put(b, heads, (size_t)(at - heads));
}

void label_begin_metric(struct buf *b, size_t len)
{
    put_label_head(b, strlen(PROMETHEUS_NAME), len);
    buf_text(b, PROMETHEUS_NAME);
    pb_put_head(b, PB_BYTES(2), len);
}

void labels_put(struct buf *b, const struct labels *l, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const char *key = l->tag[i]->key, *value = tag_text(l->tag[i]);

        put_label_head(b, label_name_len(key), strlen(value));
        label_put_name(b, key);
        pb_put_text(b, PB_BYTES(2), value);
    }
}

/* --- samples ------------------------------------------------------------------------- */

size_t sample_len(uint64_t time_ms)
{
    return pb_field_len(PB_FIXED64_LEN + 1 + pb_varint_len(time_ms));
}

void sample_put(struct buf *b, uint64_t bits, uint64_t time_ms)
{
    char bytes[PB_HEAD_MAX + PB_FIXED64_LEN + 1 + PB_VARINT_MAX], *at = bytes;

    at = pb_write_head(at, PB_BYTES(2), PB_FIXED64_LEN + 1 + pb_varint_len(time_ms));
    at = pb_write_fixed64(at, PB_FIXED64(1), bits);
    *at++ = PB_VARINT(2);
    at = pb_write_varint(at, time_ms);
    buf_put(b, bytes, (size_t)(at - bytes));
}
