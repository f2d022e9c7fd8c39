#include "input/packer_write.h"

#include <string.h>

#include "base/number.h"
#include "input/line_parts.h"

static const char type[][3] = {
    [METRIC_COUNTER] = "c",   [METRIC_GAUGE] = "g",        [METRIC_TIMING] = "ms",
    [METRIC_HISTOGRAM] = "h", [METRIC_DISTRIBUTION] = "d", [METRIC_SET] = "s",
};

static void put(struct buf *b, struct span part)
{
    buf_put(b, part.at, part.len);
}

/* --- tags -------------------------------------------------------------------------------------- */

/* Our tags that the line has itself, a bit for each. */
struct present {
    bool any;
    uint8_t bits[(TAGS_ALL_MAX + 7) / 8];
};

static void clear_present(const struct packer *p, struct present *present)
{
    present->any = false;
    memset(present->bits, 0, p->tags ? (p->tags->n + 7) / 8 : 0);
}

static void mark_present(const struct packer *p, struct span key, struct present *present)
{
    for (size_t i = 0; p->tags && i < p->tags->n; i++) {
        const struct packer_tag *ours = &p->tags->tag[i];

        if (ours->key_len == key.len && *ours->text.at == *key.at && !memcmp(ours->text.at, key.at, key.len)) {
            present->bits[i / 8] |= (uint8_t)(1 << i % 8);
            present->any = true;
        }
    }
}

/* Puts tags after those that are there. before precedes the first. */
static void put_more(struct buf *b, struct span tags, const char **before)
{
    if (!tags.len)
        return;
    buf_text(b, *before);
    put(b, tags);
    *before = ",";
}

/* Puts our tags that are not present. */
static void put_ours(const struct packer *p, struct buf *b, const struct present *present, const char *before)
{
    if (p->tags && !present->any)
        put_more(b, p->tags->text, &before);
    for (size_t i = 0; present->any && i < p->tags->n; i++)
        if (!(present->bits[i / 8] >> i % 8 & 1))
            put_more(b, p->tags->tag[i].text, &before);
}

/* Puts the line's tags but for empty ones and those for Datadog's agent, and ours. Tags that follow each other in the
 * line are put at once. */
static void put_tags(const struct packer *p, struct buf *b, struct span rest)
{
    struct present present;
    struct span key, value, run = {0};
    const char *before = "|#";

    clear_present(p, &present);
    while (line_next_tag(&rest, &key, &value)) {
        const char *end = value.at ? value.at + value.len : key.at + key.len;

        mark_present(p, key, &present);
        if (line_tag_is_internal(key))
            continue;
        if (!run.len || key.at != run.at + run.len + 1) {
            put_more(b, run, &before);
            run.at = key.at;
        }
        run.len = (size_t)(end - run.at);
    }
    put_more(b, run, &before);
    put_ours(p, b, &present, before);
}

/* --- lines ------------------------------------------------------------------------------------- */

/* Returns where a new section of tags begins: the message of a service check must stay the last one. */
static const char *tags_place(const struct line *l, const char *end)
{
    struct span rest = l->sections, section;

    while (l->kind == METRIC_CHECK && line_next_section(&rest, &section))
        if (section.len > 1 && !memcmp(section.at, "m:", 2))
            return section.at - 1;
    return end;
}

/* Puts the whole line, with our tags after its own. */
static void put_received(const struct packer *p, struct buf *b, const struct outgoing *o)
{
    const char *end = o->text.at + o->text.len, *place, *before = "|#";
    struct span rest = o->line->tags, key, value;
    struct present present;

    clear_present(p, &present);
    if (rest.at) {
        place = rest.at + rest.len;
        before = rest.len && place[-1] != ',' ? "," : "";
        while (line_next_tag(&rest, &key, &value))
            mark_present(p, key, &present);
    } else
        place = tags_place(o->line, end);
    put(b, span_of(o->text.at, place));
    put_ours(p, b, &present, before);
    put(b, span_of(place, end));
}

/* Puts a rate below 1. Etsy's statsd reads no exponent and fails at a "+". */
static void put_rate(struct buf *b, const struct line_value *v)
{
    bool plain = true;

    if (number_bits(v->rate) == number_bits(1))
        return;
    buf_text(b, "|@");
    for (size_t i = 0; i < v->rate_text.len; i++)
        plain &= v->rate_text.at[i] == '.' || (v->rate_text.at[i] >= '0' && v->rate_text.at[i] <= '9');
    if (plain)
        put(b, v->rate_text);
    else
        buf_double(b, v->rate);
}

/* Puts a:1|c, at once if the line has it like that. */
static void put_plain(struct buf *b, struct span name, struct span value, enum metric_kind kind, enum metric_kind as)
{
    const char *end = value.at + value.len;

    if (value.at == name.at + name.len + 1 && *end == '|' && as == kind) {
        put(b, span_of(name.at, end + 1 + strlen(type[kind])));
        return;
    }
    put(b, name);
    buf_char(b, ':');
    put(b, value);
    buf_char(b, '|');
    buf_text(b, type[as]);
}

/* Puts one value. Returns how many lines that took. For etsy's statsd a gauge without a sign is the value itself, and
 * so is one with a sign while the gauge is 0. */
static uint32_t put_value(const struct packer *p, struct buf *b, const struct outgoing *o)
{
    const struct line_value *v = o->value;
    struct span text = v->text;
    bool for_etsy = p->dialect == PACK_STATSD, value_itself = for_etsy && p->absolute && v->kind == METRIC_GAUGE;
    bool zero_first = value_itself && *text.at == '-';

    if (zero_first) {
        put(b, o->line->name);
        buf_text(b, ":0|g\n");
    }
    if (value_itself && *text.at == '+')
        text = span_of(text.at + 1, text.at + text.len);
    put_plain(b, o->line->name, text, v->kind, for_etsy && kind_is_timed(v->kind) ? METRIC_TIMING : v->kind);
    put_rate(b, v);
    if (!for_etsy)
        put_tags(p, b, o->line->tags);
    return 1 + zero_first;
}

uint32_t packer_write(const struct packer *p, struct buf *b, const struct outgoing *o)
{
    uint32_t n = 1;

    if (o->value)
        n = put_value(p, b, o);
    else
        put_received(p, b, o);
    buf_char(b, '\n');
    return n;
}
