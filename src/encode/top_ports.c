#include "encode/top_ports.h"

#include "base/format.h"
#include "base/sort.h"

#define PORT_AT    3   /* the column where the ports begin */
#define NAME_BYTES 200 /* of a port and its group's tags */

static const struct column {
    char heading[8];
    uint8_t width; /* with the blank before it */
    char key;
} columns[TOP_COLUMNS] = {
    [TOP_ESTABLISHED] = {"ESTAB", 7, 'e'}, [TOP_SYN] = {"SYN", 5, 's'},
    [TOP_TIME_WAIT] = {"TIME_W", 7, 't'},  [TOP_CLOSE_WAIT] = {"CLOSE_W", 8, 'c'},
    [TOP_UDP] = {"UDP", 6, 'u'},           [TOP_QUEUE] = {"QUEUE", 6, 'a'},
    [TOP_PEAK] = {"PEAK", 6, '\0'},        [TOP_LIMIT] = {"LIMIT", 6, '\0'},
    [TOP_PID] = {"PID", 8, '\0'},          [TOP_PORT] = {"PORT", PAGE_WIDTH - PORT_AT - 59 /* the others */, 'p'},
};

/* Puts which keys sort, and the one that does in brackets. */
static void put_keys(struct page *p, const struct top *t)
{
    char text[PAGE_TEXT_MAX];
    struct buf b = {.data = text, .cap = sizeof text - 1};

    for (unsigned i = 0; i < TOP_COLUMNS; i++)
        if (columns[i].key)
            buf_format(&b, i == t->sort ? " [%.1s %s]" : "  %.1s %s", &columns[i].key, columns[i].heading);
    text[b.len] = '\0';
    page_line(p, NULL, "Sort:%s   q ends", text);
}

/* No values of a series. */
#define UNKNOWN INT64_C(-1) /* it was not read */
#define EMPTY   INT64_C(-2) /* it is of listeners alone */

/* Returns a value of a series. */
static int64_t value_of(const struct top *t, const struct series *s, enum top_column column)
{
    static const uint8_t queue_values[] = {QUEUE_DEPTH, QUEUE_PEAK, QUEUE_LIMIT}; /* from TOP_QUEUE on */
    bool listens = s->count[STATE_LISTEN];
    unsigned value;

    if (!t->reading->read[column == TOP_UDP ? PROTOCOL_UDP : PROTOCOL_TCP] && column != TOP_PID)
        return UNKNOWN;
    switch (column) {
    case TOP_ESTABLISHED: return s->count[STATE_ESTABLISHED];
    case TOP_SYN: return (int64_t)s->count[STATE_SYN_SENT] + s->count[STATE_SYN_RECV];
    case TOP_TIME_WAIT: return s->count[STATE_TIME_WAIT];
    case TOP_CLOSE_WAIT: return s->count[STATE_CLOSE_WAIT];
    case TOP_UDP: return s->count[FIELD_UDP];
    case TOP_PID: return s->owner.pid ? s->owner.pid : listens ? UNKNOWN : EMPTY;
    default: value = queue_values[column - TOP_QUEUE];
    }
    return !listens ? EMPTY : s->queue.pushed >> value & 1 ? s->queue.value[value] : UNKNOWN;
}

/* Returns a number that orders ports: local ones first, "other" last. */
static uint64_t port_of(const struct tally *t, const struct series *s)
{
    if (s->rule == RULE_NONE)
        return UINT32_MAX;
    return (uint64_t)series_is_remote(t, s) << 16 |
           (rule_discovers(&t->rules->rule[s->rule]) ? s->discovery->port : t->rules->rule[s->rule].low);
}

static uint64_t key_of(const struct top *t, const struct series *s)
{
    int64_t n, limit;

    if (t->sort == TOP_PORT)
        return UINT64_MAX - port_of(t->tally, s);
    n = value_of(t, s, t->sort);
    limit = value_of(t, s, TOP_LIMIT);
    if (n < 0)
        return 0;
    if (t->sort != TOP_QUEUE || limit < 0)
        return (uint64_t)n;
    return (uint64_t)(n * 100 / (limit + 1)) << 32 | (uint64_t)n; /* as queue_percent */
}

static int by_key(const void *a, const void *b)
{
    const struct top_row *x = a, *y = b;

    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Returns false for series without a socket, except those of rules that count a local port always. */
static bool shown(const struct top *t, const struct series *s)
{
    for (unsigned i = 0; i < FIELD_COUNT; i++)
        if (s->count[i])
            return true;
    return s->live && !s->discovery && !series_is_remote(t->tally, s) &&
           (s->ip_version == 4 || t->reading->report.ipv6);
}

/* Fills t->row. Returns how many there are. */
static uint32_t sort_rows(const struct top *t)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < tally_count(t->tally); i++) {
        const struct series *s = tally_series(t->tally, i);

        if (shown(t, s))
            t->row[n++] = (struct top_row){.key = key_of(t, s), .place = i, .series = s};
    }
    sort(t->row, n, sizeof *t->row, by_key);
    return n;
}

static void put_headings(struct page *p)
{
    page_begin_line(p, PAGE_INVERSE);
    page_put(p, "IP");
    page_pad_to(p, PORT_AT);
    page_put(p, columns[TOP_PORT].heading);
    page_pad_to(p, PORT_AT + columns[TOP_PORT].width);
    for (unsigned i = 0; i < TOP_NUMBERS; i++)
        page_put_right(p, columns[i].heading, columns[i].width);
    page_end_line(p);
}

/* Writes the port and its group's tags: ">443 service=web". Returns out. */
static const char *name_of(const struct top *t, const struct series *s, char out[NAME_BYTES])
{
    static const struct tags none;
    struct buf b = {.data = out, .cap = NAME_BYTES - 1};
    const struct rules *r = t->tally->rules;
    const struct tags *tags = s->rule == RULE_NONE ? &none : &r->group_tags[r->rule[s->rule].group];
    char text[ADDR_PORT_MAX];

    buf_format(&b, "%s%s", series_is_remote(t->tally, s) ? ">" : "", series_addr_port(t->tally, s, text));
    for (size_t i = 0; i < tags->n; i++)
        buf_format(&b, tags->tag[i].value ? " %s=%s" : " %s", tags->tag[i].key, tags->tag[i].value);
    out[b.len] = '\0';
    return out;
}

static bool is_long(const char *name)
{
    return page_columns(name) > columns[TOP_PORT].width;
}

/* Puts one port; a long name has a line of its own. */
static void put_row(struct page *p, const struct top *t, const struct series *s, const char *name)
{
    int64_t limit = value_of(t, s, TOP_LIMIT);
    const char *style = limit >= 0 && value_of(t, s, TOP_QUEUE) > limit ? PAGE_BOLD : NULL;

    page_begin_line(p, style);
    page_put(p, s->ip_version == 6 ? "6" : "4");
    page_pad_to(p, PORT_AT);
    page_put(p, name);
    if (is_long(name)) {
        page_end_line(p);
        page_begin_line(p, style);
    }
    page_pad_to(p, PORT_AT + columns[TOP_PORT].width);
    for (unsigned i = 0; i < TOP_NUMBERS; i++) {
        int64_t n = value_of(t, s, i);

        if (n < 0)
            page_put_right(p, n == UNKNOWN ? "-" : "", columns[i].width);
        else
            page_put_number(p, (uint64_t)n, columns[i].width);
    }
    page_end_line(p);
}

static void put_rows(struct page *p, const struct top *t)
{
    uint32_t n = sort_rows(t);
    char name[NAME_BYTES];

    for (uint32_t i = 0; i < n; i++) {
        unsigned needed = is_long(name_of(t, t->row[i].series, name)) ? 2 : 1;

        if (p->height && p->lines + needed + (i < n - 1) > p->height) {
            page_line(p, NULL, "%u more", n - i);
            return;
        }
        put_row(p, t, t->row[i].series, name);
    }
}

void top_put_ports(struct page *p, const struct top *t)
{
    if (p->height)
        put_keys(p, t);
    put_headings(p);
    put_rows(p, t);
}

enum { PLAIN, ESCAPED, SEQUENCE };

char top_key(unsigned *state, char byte)
{
    bool begins = *state == ESCAPED && (byte == '[' || byte == 'O'), within = *state == SEQUENCE;

    *state = byte == '\33' ? ESCAPED : begins || (within && byte >= ' ' && byte < '@') ? SEQUENCE : PLAIN;
    return *state == PLAIN && !within ? byte : '\0';
}

enum top_column top_sorted_by(char key)
{
    enum top_column i = 0;

    while (i < TOP_COLUMNS && (!key || columns[i].key != key))
        i++;
    return i;
}
