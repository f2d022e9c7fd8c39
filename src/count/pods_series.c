/* The series of netstat_pod: one for each set of tags, with the places that they take. */
#include <string.h>

#include "base/format.h"
#include "count/discovery.h"
#include "count/pods.h"

const char *pod_text(const struct pod_texts *t, enum pod_tag tag)
{
    const char *const text[POD_TAGS] = {t->name_space, t->name, t->uid, t->container, t->netns};

    return text[tag];
}

/* Leaves out the tags that are not chosen. Without a chosen one, the first that is known stays: a namespace is never
 * pushed without a name. */
static void choose(const struct pods *p, struct pod_texts *t)
{
    bool chosen = false;

    for (unsigned i = 0; i < POD_TAGS; i++)
        chosen |= p->want.tags >> i & 1 && *pod_text(t, i);
    for (unsigned i = 0; i < POD_TAGS; i++) {
        char *text = (char *)pod_text(t, i);
        bool stays = chosen ? p->want.tags >> i & 1 : i >= POD_UID;

        chosen |= !chosen && stays && *text;
        if (!stays)
            memset(text, 0, strlen(text));
    }
}

/* Returns the series that has been without a namespace for longest, or p->want.max. */
static uint32_t longest_gone(const struct pods *p)
{
    uint32_t found = p->want.max;

    for (uint32_t i = 0; i < p->n_series; i++)
        if (!p->series[i].views && (found == p->want.max || p->series[i].seen_ms < p->series[found].seen_ms))
            found = i;
    return found;
}

/* Makes a series in a free place, or in that of one that has ended and would push zeros for a while. Returns NULL if
 * there is none. */
static struct pod_series *create(struct pods *p, const struct pod_texts *t)
{
    uint32_t i = 0, generation;

    while (i < p->n_series && p->series[i].live)
        i++;
    if (i == p->want.max && (i = longest_gone(p)) == p->want.max)
        return NULL;
    p->n_series += i == p->n_series;
    generation = p->series[i].generation + 1;
    p->series[i] = (struct pod_series){
        .text = *t, .live = true, .generation = generation, .seen_ms = p->now_ms, .start_ms = p->time_ms};
    return &p->series[i];
}

static struct pod_series *find(struct pods *p, const struct pod_texts *t)
{
    for (uint32_t i = 0; i < p->n_series; i++)
        if (p->series[i].live && !memcmp(&p->series[i].text, t, sizeof *t))
            return &p->series[i];
    return NULL;
}

void pods_leave(struct pod_view *v)
{
    if (v->series)
        v->series->views--;
    v->series = NULL;
}

void pods_assign(struct pods *p, struct pod_view *v)
{
    struct pod_texts t = {.netns = ""};
    struct pod_series *s;

    strcpy(t.name_space, v->pod_space);
    strcpy(t.name, v->pod_name);
    strcpy(t.uid, v->owner.uid);
    strcpy(t.container, v->owner.container);
    text_format(t.netns, sizeof t.netns, "%llu", (unsigned long long)v->name_space);
    choose(p, &t);
    if (v->series && !memcmp(&v->series->text, &t, sizeof t))
        return;
    s = find(p, &t);
    pods_leave(v);
    v->series = s ? s : create(p, &t);
    if (v->series) {
        v->series->views++;
        v->series->unread |= v->read; /* its numbers of this poll are in the other one */
    }
}

void pods_note_origins(struct pods *p)
{
    for (uint32_t i = 0; i < p->n_series; i++)
        *p->series[i].origin = '\0';
    for (uint32_t i = 0; i < p->n_views; i++) {
        const struct pod_view *v = &p->view[i];

        if (v->series && v->series->views == 1 && v->owner.by_id)
            text_format(v->series->origin, sizeof v->series->origin, "%s", v->owner.container);
    }
}

void pods_expire(struct pods *p)
{
    for (uint32_t i = 0; i < p->n_series; i++) {
        struct pod_series *s = &p->series[i];
        uint64_t gone_ms = p->now_ms - s->seen_ms;
        bool over;

        if (!s->live || s->views || !gone_ms)
            continue;
        if (s->zero_polls < UINT8_MAX)
            s->zero_polls++;
        over = discovery_is_over(s->zero_polls, gone_ms, p->want.interval_ms);
        if (s->ending || (over && !p->want.marks_ends))
            s->live = false;
        else
            s->ending = over;
    }
    if (p->ports)
        tally_expire(p->ports);
}
