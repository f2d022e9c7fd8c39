#include "count/tally.h"

#include <string.h>

#include "count/discovery.h"
#include "count/tally_order.h"

static void clear(struct series *s)
{
    memset(s->count, 0, sizeof s->count);
    s->hint.n = 0;
    s->hint.listening = false;
    s->owner.lost = false;
    s->close_wait_oldest_s = 0;
    memset(s->bytes, 0, sizeof s->bytes);
    queue_clear(&s->queue);
}

void tally_begin(struct tally *t, uint64_t now_ms)
{
    t->step_ms = now_ms - t->now_ms;
    t->now_ms = now_ms;
    memset(t->total, 0, sizeof t->total);
    t->close_wait.overflow = t->drops.last.overflow = 0;
    for (uint32_t i = 0; i < t->n_slots; i++)
        clear(&t->series[i]);
    if (t->ephemeral)
        ephemeral_clear(t->ephemeral);
    if (!t->listening)
        return;
    *t->listened = *t->listening;
    memset(t->listening, 0, sizeof *t->listening);
}

void tally_enter_view(struct tally *t, uint64_t view)
{
    t->view = view;
    if (t->listening)
        memset(t->listening, 0, sizeof *t->listening);
}

/* Returns the series of a rule that counts s, or NULL. */
static struct series *series_of(struct tally *t, int rule, const struct sock *s, bool create)
{
    static const uint8_t no_address[16];
    struct discovery_key k = {.rule = rule,
                              .ip_version = s->ip_version,
                              .port = rule_discovers(&t->rules->rule[rule]) ? s->local_port : 0,
                              .view = t->view,
                              .address = no_address};

    if (t->explicit_of[rule]) {
        struct series *first = &t->series[t->explicit_of[rule] - 1];

        return first->ip_version == s->ip_version ? first : first + 1;
    }
    if (t->rules->rule[rule].kind == RULE_MATCH) {
        if (!(s->known & SOCK_ADDRESS))
            return NULL;
        k.address = s->local;
    }
    return discovery_find(t, &k, create);
}

/* Notes how long a socket of these series, or of one of them, has been in CLOSE_WAIT. */
static void note_age(struct tally *t, struct series *const of[2], uint64_t cookie)
{
    bool fresh;
    uint64_t *since = notes_find(&t->close_wait, cookie, &fresh);
    uint32_t age_s;

    if (!since)
        return;
    if (fresh)
        *since = t->now_ms;
    age_s = (uint32_t)((t->now_ms - *since) / 1000);
    for (int i = 0; i < 2; i++)
        if (of[i] && age_s > of[i]->close_wait_oldest_s)
            of[i]->close_wait_oldest_s = age_s;
}

static void add_bytes(uint64_t bytes[QUEUE_BYTES], const struct sock *s)
{
    if (s->protocol == PROTOCOL_UDP) {
        bytes[UDP_RX_BYTES] += s->rx_queue;
        return;
    }
    bytes[TCP_RX_BYTES] += s->rx_queue;
    bytes[TCP_TX_BYTES] += s->tx_queue;
}

static void add_drops(struct tally *t, struct series *series, uint32_t lost)
{
    if (!series->drops_index)
        series->drops_index = drops_take(&t->drops);
    if (series->drops_index)
        t->drops.total[series->drops_index] += lost;
    series->drops += lost;
}

/* Counts in the rule's series, if there is a rule. lost: datagrams since the poll before. Returns it, or NULL. */
static struct series *count_in(struct tally *t, int rule, const struct sock *s, unsigned field, uint64_t n,
                               uint32_t lost)
{
    struct series *series = rule == RULE_NONE ? NULL : series_of(t, rule, s, true);

    if (!series)
        return NULL;
    series->count[field] += (uint32_t)n;
    if (field == STATE_LISTEN)
        queue_add(&series->queue, s, n);
    else if (s->known & SOCK_QUEUE)
        add_bytes(series->bytes, s);
    if (lost)
        add_drops(t, series, lost);
    if (s->known & (SOCK_OWNER | SOCK_PID) && s->inode && series->rule != RULE_NONE)
        owner_hint_add(&series->hint, s);
    return series;
}

void tally_sock(void *tally, const struct sock *s, uint64_t n)
{
    struct tally *t = tally;
    struct total *total = &t->total[s->ip_version == 6];
    unsigned field = s->protocol == PROTOCOL_UDP ? FIELD_UDP : s->state;
    uint32_t lost = s->known & SOCK_DROPS ? drops_since(&t->drops, s) : 0;
    struct series *of[2];

    total->count[field] += n;
    t->drops.total[s->ip_version == 6 ? DROPS_IPV6 : DROPS_IPV4] += lost;
    if (s->known & SOCK_QUEUE && field != STATE_LISTEN)
        add_bytes(total->bytes, s);
    if (s->known & SOCK_LIMIT && queue_percent(s) > total->fullest)
        total->fullest = queue_percent(s);
    if (!t->rules->n || !(s->known & SOCK_PORT))
        return;
    if (field == STATE_LISTEN && t->listening)
        ports_add(t->listening, s->local_port);
    of[0] = count_in(t, rules_find(t->rules, s, t->listening), s, field, n, lost);
    of[1] = count_in(t, rules_find_remote(t->rules, s), s, field, n, lost);
    if (of[1] && t->ephemeral)
        ephemeral_add(t->ephemeral, s, (uint32_t)(of[1] - t->series));
    if (field == STATE_CLOSE_WAIT && s->cookie && (of[0] || of[1]))
        note_age(t, of, s->cookie);
}

static void clear_bytes(uint64_t bytes[QUEUE_BYTES], enum protocol protocol)
{
    if (protocol == PROTOCOL_UDP)
        bytes[UDP_RX_BYTES] = 0;
    else
        bytes[TCP_RX_BYTES] = bytes[TCP_TX_BYTES] = 0;
}

/* Keeps what sockets lost: it was seen, and is not seen again. */
void tally_discard(struct tally *t, enum protocol protocol)
{
    unsigned first = protocol == PROTOCOL_UDP ? FIELD_UDP : 0;
    size_t n = protocol == PROTOCOL_UDP ? 1 : STATE_COUNT;

    for (int i = 0; i < 2; i++) {
        memset(&t->total[i].count[first], 0, n * sizeof t->total[i].count[0]);
        clear_bytes(t->total[i].bytes, protocol);
    }
    for (uint32_t i = 0; i < t->n_slots; i++) {
        memset(&t->series[i].count[first], 0, n * sizeof t->series[i].count[0]);
        clear_bytes(t->series[i].bytes, protocol);
        if (protocol == PROTOCOL_TCP) { /* TCP is read first, so all hints are TCP's */
            memset(&t->series[i].hint, 0, sizeof t->series[i].hint);
            t->series[i].close_wait_oldest_s = 0;
            queue_clear(&t->series[i].queue);
        }
    }
    if (protocol == PROTOCOL_UDP) {
        t->drops.last.overflow = 0;
        return;
    }
    t->close_wait.overflow = 0;
    t->total[0].fullest = t->total[1].fullest = 0;
    if (t->ephemeral)
        ephemeral_clear(t->ephemeral);
    if (t->listening) /* UDP sockets need these ports for "listen" rules */
        *t->listening = *t->listened;
}

/* Sets how full the busiest route of each series is. */
static void note_ephemeral(struct tally *t)
{
    const struct ephemeral *e = t->ephemeral;
    uint32_t ports = ports_count(&e->ports);

    for (uint32_t i = 0; i < t->n_explicit; i++)
        t->series[i].ephemeral_percent = ports ? 0 : EPHEMERAL_UNKNOWN;
    for (uint32_t i = 0; i < e->n; i++) {
        uint8_t percent = ephemeral_percent(e->route[i].used, ports);
        struct series *s = &t->series[e->route[i].series];

        if (percent > s->ephemeral_percent)
            s->ephemeral_percent = percent;
    }
}

void tally_end(struct tally *t)
{
    if (t->ephemeral)
        note_ephemeral(t);
    if (t->max_discovered)
        discovery_settle(t);
    if (t->reorder)
        tally_order(t);
}

void tally_end_tcp(struct tally *t, bool peaks, bool all)
{
    t->lost_all_tcp = t->all_tcp && !all;
    t->all_tcp = all;
    notes_end(&t->close_wait);
    for (uint32_t i = 0; i < t->n_slots; i++)
        queue_end(&t->series[i].queue, t->series[i].count[STATE_LISTEN], peaks);
}

void tally_end_udp(struct tally *t, bool drops)
{
    t->drops.known = drops;
    notes_end(&t->drops.last);
}

uint64_t tally_untracked(const struct tally *t)
{
    return t->close_wait.overflow + t->drops.last.overflow + (t->ephemeral ? t->ephemeral->left_out : 0);
}

void tally_begin_sample(struct tally *t)
{
    t->sample++;
    t->sample += !t->sample;
}

void tally_sample(void *tally, const struct sock *s, uint64_t n)
{
    struct tally *t = tally;
    int rule = s->known & SOCK_PORT ? rules_find(t->rules, s, t->listening) : RULE_NONE;
    struct series *series = rule == RULE_NONE ? NULL : series_of(t, rule, s, false);

    if (series)
        queue_sample(&series->queue, s, n, t->sample);
}
