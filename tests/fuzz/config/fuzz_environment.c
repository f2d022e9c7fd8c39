/* Reads an environment, its texts separated by NUL or newline. A valid one must encode a poll into whole lines. */
#include <string.h>

#include "config/config.h"
#include "encode/snapshot.h"
#include "fuzz/encode/whole.h"
#include "fuzz/fuzz.h"

#define ENV_MAX 64

static void put_sockets(struct tally *t, const uint8_t *data, size_t size)
{
    tally_begin(t, 1000);
    for (size_t i = 0; i + 4 < size && i < 400; i += 4) {
        struct sock s = {.protocol = data[i] & 1,
                         .ip_version = data[i] & 2 ? 6 : 4,
                         .state = data[i + 1] % STATE_COUNT,
                         .known = SOCK_ADDRESS | SOCK_PORT | SOCK_OWNER,
                         .local_port = (uint16_t)(data[i + 2] % 100),
                         .inode = data[i + 3]};

        s.local[3] = data[i + 3];
        tally_sock(t, &s, data[i]);
    }
    tally_end(t);
}

static void encode(struct config *c, const uint8_t *data, size_t size)
{
    struct reading reading = {.report = {.sockets = size, .ipv6 = size & 1}, .read = {true, true}, .name = "netlink"};
    static _Alignas(16) char state[65536]; /* of formats that collect points */
    struct series_tags tags, agent_tags;
    struct tally tally;
    /* clang-format off */
    struct snapshot s = {.prefix = c->v.prefix, .sections = "", .tags = &tags, .agent_tags = &agent_tags, .tally = &tally,
                         .reading = &reading, .time_ms = 1700000000000, .start_ms = 1690000000000, .state = state, .pids = c->v.pid, .push_self = c->v.self,
                         .n_outputs = c->n_outputs};
    /* clang-format on */

    tally_init(&tally, &c->rules, (uint32_t)(c->v.max_series < 20 ? c->v.max_series : 20), &c->arena);
    series_tags_init(&tags, c->tags, c->n_tags, &c->rules, &c->arena);
    if (c->for_agent)
        series_tags_init(&agent_tags, c->agent_tags, c->n_tags + 1, &c->rules, &c->arena);
    put_sockets(&tally, data, size);
    for (int i = 0; i < c->n_outputs; i++)
        s.output[i].name = c->output[i].name;
    for (int i = 0; i < c->n_outputs; i++) {
        const struct encoder *format = c->output[i].format;
        size_t line_max = transport_line_max(c->output[i].transport, (size_t)c->v.mtu);
        uint64_t predicted;
        struct buf out = {.cap = snapshot_max(&s, format, line_max, &predicted)};
        struct sink sink = {.out = &out, .line_max = line_max, .state = s.state};

        out.data = malloc(out.cap + 1);
        snapshot_encode(&s, format, &sink);
        MUST(predicted || !sink.oversized);
        must_be_whole(&sink, format);
        free(out.data);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *env[ENV_MAX + 1];
    char *text = text_of(data, size);
    size_t n = 0;
    struct config c;
    unsigned warnings;
    struct diag d = quiet_diag(&warnings);

    for (size_t at = 0; at < size && n < ENV_MAX; at += strlen(text + at) + 1) {
        text[at + strcspn(text + at, "\n")] = '\0';
        env[n++] = text + at;
    }
    env[n] = NULL;
    config_read(&c, env, size % 3 ? "box" : NULL, &d);
    MUST(d.errors || c.n_outputs > 0);
    MUST(c.v.interval_ms >= 100 && c.v.interval_ms <= 3600000 && c.v.mtu >= 512 && c.v.mtu <= 65467);
    if (!d.errors && c.rules.n <= 1000)
        encode(&c, data, size);
    arena_free(&c.arena);
    free(text);
    return 0;
}
