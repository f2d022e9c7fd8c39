#include "unit/encode/pods_helper.h"

#include <string.h>

#include "unit/helper.h"

static struct tag user_tag[] = {{"host", "h"}};
const struct tags pods_users = {user_tag, 1};
struct pod_series pods_series[PODS_PLACES];
uint64_t pods_added[ADDED_PODS(PODS_PLACES)];
uint32_t pods_generation[ADDED_PODS(PODS_PLACES)];
char pods_text[4 << 20];
size_t pods_text_len;

void pods_set_up(struct scene *c, const struct tags *tags)
{
    memset(c, 0, sizeof *c);
    memset(pods_series, 0, sizeof pods_series);
    polls_init(&c->polls, "", 5);
    poll_begin(&c->polls);
    poll_end(&c->polls);
    series_tags_init(&c->tags, tags, 1, &c->polls.rules, &c->polls.arena);
    c->reading = (struct reading){.report.ipv6 = true, .read = {true, true}, .name = "netlink"};
    c->pods = (struct pods){.want = {.tags = PODS_SPACE | PODS_NAME, .max = PODS_PLACES}, .series = pods_series};
    for (unsigned i = 0; i < COUNT_OF(pods_added); i++) {
        pods_added[i] = i < ADDED ? 0 : 1 + i % 900;
        pods_generation[i] = i < ADDED ? 0 : i % 7;
    }
    c->s = (struct snapshot){.prefix = "",
                             .sections = "|c:ci-self|card:low",
                             .tags = &c->tags,
                             .agent_tags = &c->tags,
                             .tally = &c->polls.tally,
                             .reading = &c->reading,
                             .time_ms = PODS_TIME_MS,
                             .start_ms = PODS_TIME_MS - 90000,
                             .state = format_state(),
                             .pods = &c->pods,
                             .added = {.n = pods_added, .generation = pods_generation, .count = COUNT_OF(pods_added)}};
}

void pods_tear_down(struct scene *c)
{
    polls_free(&c->polls);
}

struct pod_series *pods_add(struct scene *c, const char *name_space, const char *name)
{
    struct pod_series *s = &pods_series[c->pods.n_series++];
    unsigned n = 10;

    *s = (struct pod_series){
        .live = true, .ipv6 = true, .listeners = true, .views = 1, .start_ms = PODS_TIME_MS - 5000};
    strcpy(s->text.name_space, name_space);
    strcpy(s->text.name, name);
    for (unsigned i = 0; i < 2; i++) {
        s->family[i].tcp_inuse = n++;
        s->family[i].accept_queue = n++;
        for (unsigned k = 0; k < FIELD_COUNT; k++)
            s->family[i].count[k] = n++;
    }
    s->time_wait = n++;
    s->current = n++;
    for (unsigned i = 0; i < POD_INCREASES; i++)
        s->total[i] = n++;
    return s;
}

const char *pods_encode(const struct scene *c, const struct encoder *format)
{
    struct buf out = {.data = pods_text, .cap = sizeof pods_text - 1};
    struct sink sink = {.out = &out, .line_max = 16383, .state = c->s.state};

    if (format->begin)
        format->begin(&sink);
    buf_cut(&out, 0);
    source_pods.put(&c->s, format, &sink);
    if (format->end)
        format->end(&sink);
    assert_int_equal(sink.oversized, 0);
    pods_text[out.len] = '\0';
    pods_text_len = out.len;
    return pods_text;
}
