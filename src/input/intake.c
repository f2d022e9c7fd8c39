#include "input/intake.h"

#include "input/line_parts.h"

static void refuse(struct intake *in, struct intake_counters *counters, unsigned fault, const struct span *line)
{
    size_t len = line->len < REFUSAL_SHOWN ? line->len : REFUSAL_SHOWN;

    counters->refused_lines++;
    for (size_t i = 0; i < len && (i || !*in->refused[fault]); i++)
        in->refused[fault][i] = line->at[i] ? line->at[i] : '?';
}

/* The metrics come last, because they take the line's values. */
static void take_line(struct intake *in, struct intake_counters *counters, const struct span *text,
                      const struct recent_line *cut)
{
    bool supported = true;
    struct line line;
    enum line_fault fault = line_parse(text->at, text->len, &line);

    if (fault) {
        refuse(in, counters, fault, text);
        return;
    }
    for (int i = 0; i < in->n_packers; i++)
        supported &= packer_take(&in->packers[i], &line, *text);
    if (in->metrics && line.kind >= METRIC_TYPES)
        supported = false;
    else if (in->metrics) {
        if (!metrics_add(in->metrics, &line, cut, &counters->overflow_lines)) {
            refuse(in, counters, REFUSED_LENGTH, text);
            return;
        }
        counters->late_times += line.timed;
    }
    counters->lines++;
    counters->unsupported_lines += !supported;
}

void intake_take(struct intake *in, struct intake_counters *counters, const char *datagram, size_t len, bool cut)
{
    bool whole = !cut && in->metrics && !in->n_packers;
    struct span rest = {datagram, len}, line;
    struct recent_line parts;

    while (rest.len) {
        bool known = whole && recent_cut(&in->metrics->recent, rest, &parts);

        if (known && metrics_add_recent(in->metrics, &parts, &counters->overflow_lines)) {
            counters->lines++;
            rest = span_of(parts.next, datagram + len);
        } else if (line_split(&rest, &line)) {
            if (cut && line.at + line.len == datagram + len)
                refuse(in, counters, REFUSED_LENGTH, &line);
            else
                take_line(in, counters, &line, known ? &parts : NULL);
        }
    }
}

bool intake_holds_lines(const struct intake *in)
{
    for (int i = 0; i < in->n_packers; i++)
        if (in->packers[i].n)
            return true;
    return false;
}

void intake_flush(struct intake *in)
{
    for (int i = 0; i < in->n_packers; i++)
        packer_flush(&in->packers[i]);
}
