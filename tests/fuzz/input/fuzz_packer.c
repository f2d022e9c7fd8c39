/* Packs a datagram of StatsD lines for each dialect. The packets must have good lines only, and no more than fit. */
#include <string.h>

#include "fuzz/fuzz.h"
#include "input/intake.h"

/* Checks a packet. ctx is its packer. */
static void check_packet(void *ctx, const char *lines, size_t len, uint32_t n)
{
    const struct packer *p = ctx;
    const char *end = lines + len, *lf;

    MUST(len && len <= p->packet_max + 1 && end[-1] == '\n');
    for (; lines != end; lines = lf + 1, n--) {
        struct span section;
        struct line l;

        lf = memchr(lines, '\n', (size_t)(end - lines));
        MUST(n && lf != lines && line_parse(lines, (size_t)(lf - lines), &l) == LINE_GOOD);
        MUST(p->dialect == PACK_DATADOG || l.kind < METRIC_EVENT);
        while (p->dialect == PACK_STATSD && line_next_section(&l.sections, &section))
            MUST(*section.at == '@' && strspn(section.at + 1, "0123456789.") == section.len - 1);
    }
    MUST(!n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = text_of(data, len);
    static const struct packer_tags ours = {
        .text = {"host:a,k", 8}, .n = 2, .tag = {{{"host:a,k", 6}, 4}, {{"k", 1}, 1}}};
    struct packer p[2 * (PACK_STATSD + 1)];
    struct intake_counters counters = {0};
    struct intake in = {.packers = p, .n_packers = sizeof p / sizeof *p};

    for (int i = 0; i < in.n_packers; i++) {
        p[i] = (struct packer){.dialect = (enum pack_dialect)(i / 2), .absolute = i & 1, .send = check_packet};
        p[i].packet_max = i & 1 ? 1432 : 10 + len % 64; /* the datagram's length selects it */
        p[i].bytes = malloc(p[i].packet_max + 1);
        p[i].ctx = &p[i];
        p[i].tags = i & 1 ? &ours : NULL;
    }
    intake_take(&in, &counters, text, len, false);
    intake_flush(&in);
    MUST(!intake_holds_lines(&in));
    for (int i = 0; i < in.n_packers; i++)
        free(p[i].bytes);
    free(text);
    return 0;
}
