/* Reads a datagram of StatsD lines. A good line, written again value by value, must have the same values. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "fuzz/input/line_again.h"
#include "input/line.h"

static bool is_inside(struct span part, struct span line)
{
    return !part.at || (part.at >= line.at && part.at + part.len <= line.at + line.len);
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
    MUST(l.name.len && is_inside(l.name, line) && is_inside(l.tags, line) && is_inside(l.sections, line));
    for (struct line walk = l; line_next(&walk, &v); n++) {
        MUST(v.text.len && is_inside(v.text, line));
        MUST(v.rate >= 1e-6 && v.rate <= 1 && v.number - v.number == 0);
        if (n < 8)
            must_read_value_again(&l, &v);
    }
    MUST((n != 0) == (l.kind < METRIC_EVENT));
    for (struct span rest = l.tags; line_next_tag(&rest, &key, &value);)
        MUST(key.len && is_inside(key, line) && is_inside(value, line));
    while (line_next_section(&l.sections, &section))
        MUST(is_inside(section, line));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = text_of(data, size);
    struct span rest = {text, size}, line;

    while (line_split(&rest, &line)) {
        MUST(line.len && !memchr(line.at, '\n', line.len));
        check(line);
    }
    free(text);
    return 0;
}
