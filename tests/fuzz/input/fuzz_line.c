/* Reads a datagram of StatsD lines. A good line, written again value by value, must have the same values. What packers
 * make of it must be good lines, too. Metrics must be the same without the short way for lines whose like came. */
#include <string.h>

#include "base/number.h"
#include "fuzz/fuzz.h"
#include "input/intake.h"
#include "unit/input/same_metrics.h"

static const char *const type[] = {"c", "g", "ms", "h", "d", "s"};

static void must_be_inside(struct span part, struct span line)
{
    MUST(!part.at || (part.at >= line.at && part.at + part.len <= line.at + line.len));
}

static void put(struct buf *b, struct span part)
{
    buf_put(b, part.at, part.len);
}

static bool same(struct span a, struct span b)
{
    return a.len == b.len && (!a.len || !memcmp(a.at, b.at, a.len));
}

static void write_again(const struct line *l, const struct line_value *v)
{
    static char text[1 << 16];
    struct buf b = {.data = text, .cap = sizeof text};
    struct line_value value;
    struct line again;

    put(&b, l->name);
    buf_char(&b, ':');
    if (v->kind == METRIC_SET)
        put(&b, v->text);
    else {
        if (v->kind == METRIC_GAUGE && *v->text.at == '+')
            buf_char(&b, '+');
        buf_double(&b, v->number);
    }
    buf_char(&b, '|');
    buf_text(&b, type[v->kind]);
    buf_text(&b, "|@");
    buf_double(&b, v->rate);
    if (l->tags.at) {
        buf_text(&b, "|#");
        put(&b, l->tags);
    }
    if (b.full)
        return;
    MUST(line_parse(text, b.len, &again) == LINE_GOOD);
    MUST(same(again.name, l->name) && same(again.tags, l->tags) && again.kind == v->kind);
    MUST(line_next(&again, &value));
    MUST(value.number == v->number && value.rate == v->rate && (v->kind != METRIC_SET || same(value.text, v->text)));
    MUST(!line_next(&again, &value));
}

static void check(struct span line)
{
    struct span key, value, section;
    struct line_value v;
    struct line l;
    unsigned n = 0;
    enum line_fault fault = line_parse(line.at, line.len, &l);

    MUST(line_fault_text(fault));
    if (fault)
        return;
    must_be_inside(l.name, line);
    must_be_inside(l.tags, line);
    must_be_inside(l.sections, line);
    for (struct line walk = l; line_next(&walk, &v); n++) {
        must_be_inside(v.text, line);
        MUST(v.text.len && v.rate >= 1e-6 && v.rate <= 1 && v.number - v.number == 0);
        if (n < 8)
            write_again(&l, &v);
    }
    MUST(l.name.len && (n != 0) == (l.kind < METRIC_EVENT));
    for (struct span rest = l.tags; line_next_tag(&rest, &key, &value);) {
        must_be_inside(key, line);
        must_be_inside(value, line);
        MUST(key.len);
    }
    while (line_next_section(&l.sections, &section))
        must_be_inside(section, line);
}

/* Checks a packet. ctx is its packer. */
static void check_packet(void *ctx, const char *lines, size_t len, uint32_t n)
{
    const struct packer *p = ctx;
    const char *end = lines + len;

    MUST(len && len <= p->packet_max + 1 && end[-1] == '\n');
    for (; lines != end; n--) {
        const char *lf = memchr(lines, '\n', (size_t)(end - lines));
        struct span section;
        struct line l;

        MUST(n && lf != lines && line_parse(lines, (size_t)(lf - lines), &l) == LINE_GOOD);
        MUST(p->dialect == PACK_DATADOG || l.kind < METRIC_EVENT);
        while (p->dialect == PACK_STATSD && line_next_section(&l.sections, &section))
            MUST(*section.at == '@' && strspn(section.at + 1, "0123456789.") == section.len - 1);
        lines = lf + 1;
    }
    MUST(!n);
}

/* Packs the datagram for each dialect, into packets of a size that the datagram's length selects. */
static void pack(const char *text, size_t len)
{
    static const struct packer_tags ours = {
        .text = {"host:a,k", 8}, .n = 2, .tag = {{{"host:a,k", 6}, 4}, {{"k", 1}, 1}}};
    struct packer p[2 * (PACK_STATSD + 1)];
    struct intake_counters counters = {0};
    struct intake in = {.packers = p, .n_packers = sizeof p / sizeof *p};

    for (int i = 0; i < in.n_packers; i++) {
        p[i] = (struct packer){.dialect = (enum pack_dialect)(i / 2), .absolute = i & 1, .send = check_packet};
        p[i].packet_max = i & 1 ? 1432 : 10 + len % 64;
        p[i].bytes = malloc(p[i].packet_max + 1);
        p[i].ctx = &p[i];
        p[i].tags = i & 1 ? &ours : NULL;
    }
    intake_take(&in, &counters, text, len, false);
    intake_flush(&in);
    MUST(!intake_holds_lines(&in));
    for (int i = 0; i < in.n_packers; i++)
        free(p[i].bytes);
}

/* Takes the datagram several times, as two halves, too: the first table has the short way. */
static void aggregate(const char *text, size_t len)
{
    static _Alignas(8) char memory[2][METRICS_MEMORY_MIN], recent[8192];
    static const struct metrics_settings settings = {.key = {1, 2}, .deltas = true, .totals = true};
    struct intake_counters counters[2] = {{0}};
    struct metrics m[2];

    memset(memory, 0, sizeof memory);
    memset(recent, 0, sizeof recent);
    for (int i = 0; i < 2; i++) {
        struct intake in = {.metrics = &m[i]};

        metrics_init(&m[i], &settings, memory[i], sizeof memory[i]);
        if (!i)
            recent_init(&m[i].recent, recent, sizeof recent);
        for (int turn = 0; turn < 3; turn++) {
            intake_take(&in, &counters[i], text, len, false);
            intake_take(&in, &counters[i], text, len / 2, turn == 1);
            intake_take(&in, &counters[i], text + len / 2, len - len / 2, false);
            if (turn == 1)
                metrics_flush(&m[i], 1, 1);
        }
        metrics_flush(&m[i], 2, 2);
    }
    MUST(!memcmp(&counters[0], &counters[1], sizeof counters[0]));
    MUST(same_metrics(&m[0], &m[1]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct span rest = {text, size}, line;

    while (line_split(&rest, &line)) {
        MUST(line.len && !memchr(line.at, '\n', line.len));
        check(line);
    }
    pack(text, size);
    aggregate(text, size);
    free(text);
    return 0;
}
