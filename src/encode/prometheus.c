/* Prometheus remote write 1.0 (prometheus.io/docs/specs/prw/remote_write_spec): messages of protobuf, a TimeSeries with
 * one Sample for each value, compressed by snappy.
 *
 *   WriteRequest  1 TimeSeries*
 *   TimeSeries    1 Label*   2 Sample*
 *   Label         1 name     2 value
 *   Sample        1 value, double   2 time, ms
 *
 * Labels are sorted by bytes, "__name__" among them, without duplicates or empty values: Prometheus answers 500 to a
 * duplicate, which would be sent again for ever. */
#include <string.h>

#include "encode/encode.h"
#include "encode/protobuf.h"

#define NAME_KEY "__name__"
#define STALE    0x7ff0000000000002u /* the value that ends a series: a NaN (prometheus, model/value/value.go) */

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

static size_t name_len(const char *key)
{
    return strlen(key) + (*key >= '0' && *key <= '9');
}

static void put_name(struct buf *b, const char *key)
{
    for (size_t i = 0; name_byte(key, i); i++)
        buf_char(b, (char)name_byte(key, i));
}

/* --- numbers ------------------------------------------------------------------------- */

/* Returns the bits of the double that is nearest to n. Some processors that this runs on have no floating point. */
static uint64_t double_bits(uint64_t n)
{
    unsigned shift = n ? (unsigned)__builtin_clzll(n) : 0;
    uint64_t fraction = n << shift, rest = fraction & 0x7ff, bits;

    if (!n)
        return 0;
    bits = (uint64_t)(1022 + 63 - shift) << 52; /* the fraction's highest bit, which is not stored, adds 1 */
    bits += fraction >> 11;
    return bits + (rest > 0x400 || (rest == 0x400 && bits & 1));
}

/* Begins a label of a name and a value of so many bytes. The name follows, then the value's head and the value. */
static void put_label_head(struct buf *b, size_t name, size_t value)
{
    char heads[2 * PB_HEAD_MAX], *at = pb_write_head(heads, PB_BYTES(1), pb_field_len(name) + pb_field_len(value));

    at = pb_write_head(at, PB_BYTES(1), name);
    buf_put(b, heads, (size_t)(at - heads));
}

/* --- labels -------------------------------------------------------------------------- */

/* The tags as labels: sorted, and each name once. */
struct labels {
    size_t n, before; /* `before` of them precede the name */
    const struct tag *tag[TAGS_ALL_MAX];
};

/* Returns true if the key is the label's name as it is. Keys of sockpush's own tags are. */
static bool is_name(const char *key)
{
    size_t i = 0;

    while (key[i] && name_byte(key, i) == (unsigned char)key[i])
        i++;
    return !key[i];
}

/* Adds a tag. Of those that become the same label, the one whose key is its name wins, or the first. */
static void add_label(struct labels *l, const struct tag *tag)
{
    size_t at = l->n;

    if (!*tag_text(tag) || !compare_names(tag->key, NAME_KEY))
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
    l->before += compare_names(tag->key, NAME_KEY) < 0;
}

static size_t label_len(size_t name, size_t value)
{
    return pb_field_len(pb_field_len(name) + pb_field_len(value));
}

static size_t labels_len(const struct labels *l)
{
    size_t len = 0;

    for (size_t i = 0; i < l->n; i++)
        len += label_len(name_len(l->tag[i]->key), strlen(tag_text(l->tag[i])));
    return len;
}

static void put_labels(struct buf *b, const struct labels *l, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const char *key = l->tag[i]->key, *value = tag_text(l->tag[i]);

        put_label_head(b, name_len(key), strlen(value));
        put_name(b, key);
        pb_put_text(b, PB_BYTES(2), value);
    }
}

/* --- a point ---------------------------------------------------------------------------- */

/* Returns the bytes of a metric's name before its field's: netstat_, with a prefix app_netstat_. */
static size_t metric_len(const struct point *p)
{
    return (*p->prefix ? name_len(p->prefix) + 1 : 0) + strlen(p->measurement->name) + 1;
}

/* Puts the label of the metric's name, which has len bytes: netstat_tcp_established. */
static void put_metric(struct buf *b, const struct point *p, const char *field, size_t len)
{
    put_label_head(b, strlen(NAME_KEY), len);
    buf_text(b, NAME_KEY);
    pb_put_head(b, PB_BYTES(2), len);
    if (*p->prefix) {
        put_name(b, p->prefix);
        buf_char(b, '_');
    }
    buf_text(b, p->measurement->name);
    buf_char(b, '_');
    buf_text(b, field);
}

static void put_sample(struct buf *b, uint64_t bits, uint64_t time_ms)
{
    char bytes[PB_HEAD_MAX + PB_FIXED64_LEN + 1 + PB_VARINT_MAX], *at = bytes;

    at = pb_write_head(at, PB_BYTES(2), PB_FIXED64_LEN + 1 + pb_varint_len(time_ms));
    at = pb_write_fixed64(at, PB_FIXED64(1), bits);
    *at++ = PB_VARINT(2);
    at = pb_write_varint(at, time_ms);
    buf_put(b, bytes, (size_t)(at - bytes));
}

static void encode(struct sink *s, const struct point *p)
{
    uint64_t time_ms = p->time_ms < 0 ? 0 : (uint64_t)p->time_ms;
    struct common before = {0}, after = {0};
    struct labels labels;
    size_t len, metric = metric_len(p);

    labels.n = labels.before = 0;
    for (size_t i = 0; i < p->tags.n; i++)
        add_label(&labels, &p->tags.tag[i]);
    len = labels_len(&labels) + pb_field_len(1 + 8 + 1 + pb_varint_len(time_ms));
    for (size_t i = 0; i < p->n_values; i++) {
        const char *field = p->value[i].field->name;
        size_t mark = line_begin(s), name = metric + strlen(field), first, second, end;

        pb_put_head(s->out, PB_BYTES(1), len + label_len(strlen(NAME_KEY), name));
        first = s->out->len;
        if (!common_again(s, &before))
            put_labels(s->out, &labels, 0, labels.before);
        end = s->out->len;
        put_metric(s->out, p, field, name);
        second = s->out->len;
        if (!common_again(s, &after))
            put_labels(s->out, &labels, labels.before, labels.n);
        before = (struct common){first, end - first};
        after = (struct common){second, s->out->len - second};
        put_sample(s->out, p->value[i].ended ? STALE : double_bits(p->value[i].now), time_ms);
        if (!record_end(s, mark))
            before.len = after.len = 0;
    }
}

/* --- posting ----------------------------------------------------------------------------- */

/* Begins a block of snappy's format: the length, and a literal of all bytes (github.com/google/snappy,
 * format_description.txt). Nothing is compressed: that would take more code than all of this. */
static void put_preamble(struct buf *b, const char *resource, size_t resource_len, size_t len)
{
    char bytes[PB_VARINT_MAX + 3], *at = pb_write_varint(bytes, len);

    (void)resource, (void)resource_len;
    if (len) {
        *at++ = (char)0xf4;
        *at++ = (char)(len - 1);
        *at++ = (char)((len - 1) >> 8);
    }
    buf_put(b, bytes, (size_t)(at - bytes));
}

static const struct posting posting = {
    .path = "/api/v1/write",
    .type = "application/x-protobuf",
    .headers = "Content-Encoding: snappy\r\n"
               "X-Prometheus-Remote-Write-Version: 0.1.0\r\n",
    .by_poll = true,
    .preamble = put_preamble,
};

const struct encoder encoder_prometheus = {
    .name = "prometheus",
    .port = 9090,
    .timestamps = true,
    .marks_ends = true,
    .record = record_field,
    .post = &posting,
    .point = encode,
};
