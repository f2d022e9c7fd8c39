/* OpenTelemetry's OTLP over HTTP (opentelemetry.io/docs/specs/otlp, opentelemetry-proto 1.x): messages of protobuf. A
 * record is a Metric with the points of some series:
 *
 *   ScopeMetrics     2 Metric*
 *   Metric           1 name   3 unit   5 Gauge or 7 Sum
 *   Gauge            1 NumberDataPoint*
 *   Sum              1 NumberDataPoint*   2 temporality (2: cumulative)   3 is_monotonic
 *   NumberDataPoint  2 start, fixed64   3 time, fixed64   6 value, sfixed64   7 KeyValue*   8 flags (1: no value)
 *   KeyValue         1 key   2 AnyValue   { 1 string }
 *
 * A point of ours has all values of a series, a Metric one value of many series. So points are collected in a block. */
#include <string.h>

#include "encode/encode.h"
#include "encode/otlp.h"
#include "encode/protobuf.h"
#include "encode/semconv.h"

#define CONNECTION_UNIT "{connection}"

#define ROWS 32

/* The most bytes of a record without its points, and of a point without its attributes. */
#define RECORD_LEN (NAME_MAX_BYTES + 64)
#define POINT_LEN  (3 * PB_FIXED64_LEN + 8)

#define NAME_MAX_BYTES 256

_Static_assert(VALUES_MAX <= 32, "each column has a bit");

/* Points of one measurement. */
struct block {
    const struct measurement *measurement;
    const struct field *field; /* of the first column */
    bool connections;          /* its first fields count connections */
    bool semconv;              /* its names are those of semconv.h, and each row has one field */
    char name[NAME_MAX_BYTES]; /* what the fields' names follow */
    uint64_t time_ns;
    size_t n; /* rows */
    struct row {
        size_t attributes, len; /* its bytes in attributes */
        uint32_t has, ended;    /* columns, a bit for each */
        uint64_t start_ns;
        uint64_t now[VALUES_MAX];
    } row[ROWS];
    size_t len; /* bytes of attributes */
    char attributes[16384];
};

/* The points that are collected. Those of semconv are pushed beside the others. */
struct collected {
    struct block plain, semconv;
};

/* --- a block's rows ------------------------------------------------------------------ */

void otlp_put_attribute(struct buf *b, char head, const struct tag *tag)
{
    size_t value = pb_field_len(strlen(tag_text(tag)));

    pb_put_head(b, head, pb_field_len(strlen(tag->key)) + pb_field_len(value));
    pb_put_text(b, PB_BYTES(1), tag->key);
    pb_put_head(b, PB_BYTES(2), value);
    pb_put_text(b, PB_BYTES(1), tag_text(tag));
}

/* Adds a point to the block. Returns false if its attributes do not fit, or a record would become longer than line_max
 * with it. The first point is not limited by line_max. */
static bool add_row(struct block *block, const struct point *p, size_t line_max)
{
    struct buf attributes = {.data = block->attributes, .len = block->len, .cap = sizeof block->attributes};
    struct row *row = &block->row[block->n];
    struct tag tag[SEMCONV_TAGS];
    struct tags own = {.tag = tag};

    if (block->n == ROWS)
        return false;
    if (block->semconv)
        own.n = semconv_tags(p->value->field, &p->tags, tag);
    for (size_t i = 0; i < p->tags.n; i++) {
        const char *key = p->tags.tag[i].key;

        if (strcmp(key, OTLP_NOT_SENT) && !tags_find(&own, key))
            otlp_put_attribute(&attributes, PB_BYTES(7), &p->tags.tag[i]);
    }
    for (size_t i = 0; i < own.n; i++)
        if (tag[i].value)
            otlp_put_attribute(&attributes, PB_BYTES(7), &tag[i]);
    if (attributes.full || (block->n && RECORD_LEN + attributes.len + (block->n + 1) * POINT_LEN > line_max))
        return false;
    *row = (struct row){.attributes = block->len,
                        .len = attributes.len - block->len,
                        .start_ns = p->start_ms < 0 ? 0 : (uint64_t)p->start_ms * NS_PER_MS};
    for (size_t i = 0; i < p->n_values; i++) {
        size_t column = (size_t)(p->value[i].field - p->value[0].field);

        row->now[column] = p->value[i].now;
        row->has |= 1u << column;
        row->ended |= (uint32_t)p->value[i].ended << column;
    }
    block->len = attributes.len;
    block->n++;
    return true;
}

/* --- its metrics ----------------------------------------------------------------------- */

static bool ended(const struct row *row, unsigned column)
{
    return row->ended >> column & 1;
}

static size_t point_len(const struct row *row, unsigned column, bool sum)
{
    return row->len + (sum + 2u) * PB_FIXED64_LEN - (ended(row, column) ? PB_FIXED64_LEN - 2 : 0);
}

/* Puts a point. All that precedes its attributes is one piece: each piece costs a check of the room, and a copy. */
static void put_point(struct buf *b, const struct block *block, const struct row *row, unsigned column, bool sum)
{
    static const char no_value[] = {PB_VARINT(8), OTLP_NO_VALUE};
    char head[PB_HEAD_MAX + 3 * PB_FIXED64_LEN], *at = pb_write_head(head, PB_BYTES(1), point_len(row, column, sum));

    if (sum)
        at = pb_write_fixed64(at, PB_FIXED64(2), row->start_ns);
    at = pb_write_fixed64(at, PB_FIXED64(3), block->time_ns);
    if (!ended(row, column))
        at = pb_write_fixed64(at, PB_FIXED64(6), row->now[column] > INT64_MAX ? INT64_MAX : row->now[column]);
    buf_put(b, head, (size_t)(at - head));
    buf_put(b, block->attributes + row->attributes, row->len);
    if (ended(row, column))
        buf_put(b, no_value, sizeof no_value);
}

/* Returns the unit of a field, or "". For "%" Prometheus appends _percent to a name that lacks it, so that
 * accept_queue_fullest has none. */
static const char *unit_of(const struct block *block, const struct field *field)
{
    if (field == &fields[FIELD_EPHEMERAL])
        return "%";
    if (field >= &fields[FIELD_QUEUE_BYTES] && field < &fields[FIELD_DROPS])
        return "By";
    return block->connections && field < &fields[FIELD_ACCEPT_QUEUE_FULLEST] ? CONNECTION_UNIT : "";
}

/* Puts the metric of one column. */
static void put_metric(struct sink *s, const struct block *block, unsigned column)
{
    static const char how[] = {PB_VARINT(2), OTLP_CUMULATIVE, PB_VARINT(3), true};
    const struct field *field = block->field + column;
    const char *unit = unit_of(block, field);
    const char *end = block->semconv ? "" : field->name;
    bool sum = block->semconv || field->kind == INCREASE;
    size_t how_len = !sum ? 0 : block->semconv ? 2 : sizeof how; /* the conventions' counts are not monotonic */
    size_t mark = line_begin(s), points = 0, name = strlen(block->name) + strlen(end), data;

    for (size_t i = 0; i < block->n; i++)
        if (block->row[i].has >> column & 1)
            points += pb_field_len(point_len(&block->row[i], column, sum));
    data = points + how_len;
    pb_put_head(s->out, PB_BYTES(2),
                pb_field_len(name) + (*unit ? pb_field_len(strlen(unit)) : 0) + pb_field_len(data));
    pb_put_head(s->out, PB_BYTES(1), name);
    buf_text(s->out, block->name);
    buf_text(s->out, end);
    if (*unit)
        pb_put_text(s->out, PB_BYTES(3), unit);
    pb_put_head(s->out, sum ? PB_BYTES(7) : PB_BYTES(5), data);
    for (size_t i = 0; i < block->n; i++)
        if (block->row[i].has >> column & 1)
            put_point(s->out, block, &block->row[i], column, sum);
    buf_put(s->out, how, how_len);
    record_end(s, mark);
}

static void put_block(struct sink *s, struct block *block)
{
    uint32_t has = 0;

    for (size_t i = 0; i < block->n; i++)
        has |= block->row[i].has;
    for (unsigned column = 0; has >> column; column++)
        if (has >> column & 1)
            put_metric(s, block, column);
    block->n = block->len = 0;
}

/* --- points ------------------------------------------------------------------------------- */

/* Puts "netstat.", with a prefix "app.netstat.". */
static void put_name(struct buf *b, const struct point *p)
{
    if (*p->prefix) {
        put_replaced(b, p->prefix, "");
        buf_char(b, '.');
    }
    buf_text(b, p->measurement->name);
    buf_char(b, '.');
}

/* Sets what all rows of a block have. */
static void begin_block(struct block *block, const struct point *p)
{
    struct buf name = {.data = block->name, .cap = sizeof block->name - 1};

    if (block->semconv)
        buf_text(&name, SEMCONV_COUNT);
    else
        put_name(&name, p);
    block->name[name.len] = '\0';
    block->measurement = p->measurement;
    block->connections = p->measurement <= &measurements[NETSTAT_REMOTE];
    block->field = p->value[0].field;
    block->time_ns = p->time_ms < 0 ? 0 : (uint64_t)p->time_ms * NS_PER_MS;
}

/* Adds a point to the block, which is put first if the point does not belong to it, or does not fit. */
static void collect(struct sink *s, struct block *block, const struct point *p)
{
    bool same = block->measurement == p->measurement && block->field == p->value[0].field;

    if (block->n && !same && !block->semconv)
        put_block(s, block);
    if (!block->n)
        begin_block(block, p);
    if (add_row(block, p, s->line_max))
        return;
    put_block(s, block);
    begin_block(block, p);
    if (!add_row(block, p, s->line_max))
        s->oversized += p->n_values;
}

static void encode(struct sink *s, const struct point *p)
{
    struct collected *all = s->state;
    struct point one = *p;

    collect(s, &all->plain, p);
    if (!p->semconv)
        return;
    all->semconv.semconv = true;
    one.n_values = 1;
    for (; one.value < p->value + p->n_values; one.value++)
        if (one.value->field != &fields[STATE_UNKNOWN] && one.value->field <= &fields[FIELD_UDP])
            collect(s, &all->semconv, &one);
}

static void put_all(struct sink *s)
{
    struct collected *all = s->state;

    put_block(s, &all->plain);
    put_block(s, &all->semconv);
}

const struct encoder encoder_otlp = {
    .name = "otlp",
    .port = 4318,
    .timestamps = true,
    .marks_ends = true,
    .claims = true,
    .utf8 = true,
    .record = record_field,
    .post = &otlp_posting,
    .state_size = sizeof(struct collected),
    .point = encode,
    .metric = otlp_metric,
    .bounds = {.number = 2, .timing = 2, .joined = 2, .byte = 1, .tag = 11, .record = 120, .values = OTLP_BUCKETS_MAX},
    .end = put_all,
};
