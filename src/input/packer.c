#include "input/packer.h"

#include <string.h>

#include "base/number.h"
#include "input/packer_write.h"

#define NEGATIVE_ZERO (UINT64_C(1) << 63) /* number_bits */

/* Writes what is one line, or the two of a gauge, into one packet. */
static void append(struct packer *p, const struct outgoing *o)
{
    size_t fill_max = p->fill_max ? p->fill_max : p->packet_max;
    struct buf b = {.data = p->bytes};
    uint32_t n;

    for (;;) {
        b.cap = 1 + (p->len ? fill_max : p->packet_max);
        buf_cut(&b, p->len);
        n = packer_write(p, &b, o);
        if (!b.full)
            break;
        if (!p->len) {
            p->counters.oversized++;
            return;
        }
        packer_flush(p);
    }
    p->len = b.len;
    p->n += n;
    if (p->len > fill_max + 1)
        packer_flush(p);
}

static bool is_kept(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (c >= '0' && c <= '9') || (c && strchr("_-.;=/", c));
}

/* Returns whether etsy's statsd makes this of a name. loose: the name has bytes that it takes out, or makes "_" of if
 * they are blanks, even of UTF-8. Then no "_" is compared. */
static bool becomes(struct span name, bool loose, const char *taken)
{
    for (size_t i = 0; i < name.len; i++) {
        if (loose && (name.at[i] == '_' || !is_kept(name.at[i])))
            continue;
        taken += loose ? strspn(taken, "_") : 0;
        if (name.at[i] != *taken++)
            return false;
    }
    return !taken[loose ? strspn(taken, "_") : 0];
}

/* Returns whether etsy's statsd can have a metric of that name: it keeps them in objects of JavaScript, where these
 * names are taken, and a timing of such a name ends the server. */
static bool name_is_free(struct span name)
{
    static const char taken[][21] = {
        "constructor", "hasOwnProperty",   "isPrototypeOf",    "propertyIsEnumerable", "toLocaleString",   "toString",
        "valueOf",     "__defineGetter__", "__defineSetter__", "__lookupGetter__",     "__lookupSetter__", "__proto__",
    };
    bool loose = false;

    for (size_t i = 0; i < name.len; i++)
        loose |= !is_kept(name.at[i]);
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (becomes(name, loose, taken[i]))
            return false;
    return true;
}

/* Returns whether the dialect has a way to write the value. Etsy's statsd refuses a timing below 0, and parts a set's
 * member at ":". */
static bool is_supported(const struct packer *p, const struct line_value *v)
{
    if (p->dialect != PACK_STATSD)
        return true;
    if (v->kind == METRIC_SET)
        return !memchr(v->text.at, ':', v->text.len);
    return !kind_is_timed(v->kind) || number_bits(v->number) <= NEGATIVE_ZERO;
}

/* Appends a line for each value. Returns false if one is unsupported. */
static bool append_values(struct packer *p, struct line *line)
{
    struct line_value v;
    bool all = true;

    while (line_next(line, &v)) {
        if (is_supported(p, &v))
            append(p, &(struct outgoing){.line = line, .value = &v});
        else
            all = false;
    }
    line_rewind(line);
    return all;
}

bool packer_take(struct packer *p, struct line *line, struct span text)
{
    bool supported = true;

    if (p->dialect == PACK_DATADOG && !line->apart)
        append(p, &(struct outgoing){.line = line, .text = text});
    else if (line->kind >= METRIC_EVENT || (p->dialect == PACK_STATSD && !name_is_free(line->name)))
        supported = false;
    else
        supported = append_values(p, line);
    p->counters.unsupported += !supported;
    return supported;
}

void packer_flush(struct packer *p)
{
    if (p->len)
        p->send(p->ctx, p->bytes, p->len, p->n);
    p->len = 0;
    p->n = 0;
}
