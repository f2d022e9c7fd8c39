#include "fuzz/config/encode_poll.h"

#include "encode/snapshot.h"
#include "fuzz/count/put_sockets.h"
#include "fuzz/encode/whole.h"
#include "fuzz/fuzz.h"

static void encode(const struct snapshot *s, const struct encoder *format, size_t line_max)
{
    uint64_t predicted;
    struct buf out = {.cap = snapshot_max(s, format, line_max, &predicted)};
    struct sink sink = {.out = &out, .line_max = line_max, .state = s->state};

    out.data = malloc(out.cap + 1);
    snapshot_encode(s, format, &sink);
    MUST(predicted || !sink.oversized);
    must_be_whole(&sink, format);
    free(out.data);
}

void encode_poll(struct config *c, const uint8_t *data, size_t size)
{
    static _Alignas(16) char state[65536]; /* of formats that collect points */
    const struct reading reading = {
        .report = {.sockets = size, .ipv6 = size & 1}, .read = {true, true}, .name = "netlink"};
    struct series_tags tags, agent_tags;
    struct tally tally;
    struct snapshot s = {.prefix = c->v.prefix,
                         .sections = "",
                         .tags = &tags,
                         .agent_tags = &agent_tags,
                         .tally = &tally,
                         .reading = &reading,
                         .time_ms = 1700000000000,
                         .start_ms = 1690000000000,
                         .state = state,
                         .pids = c->v.pid,
                         .push_self = c->v.self,
                         .n_outputs = c->n_outputs};

    tally_init(&tally, &c->rules, (uint32_t)least((size_t)c->v.max_series, 20), &c->arena);
    series_tags_init(&tags, c->tags, c->n_tags, &c->rules, &c->arena);
    if (c->for_agent)
        series_tags_init(&agent_tags, c->agent_tags, c->n_tags + 1, &c->rules, &c->arena);
    put_sockets(&tally, data, size);
    for (int i = 0; i < c->n_outputs; i++)
        s.output[i].name = c->output[i].name;
    for (int i = 0; i < c->n_outputs; i++)
        encode(&s, c->output[i].format, transport_line_max(c->output[i].transport, (size_t)c->v.mtu));
}
