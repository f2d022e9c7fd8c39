/* The screen of --top: totals, and what the kernel counts; the ports are in top_ports.c. */
#include "encode/top.h"

#include "base/format.h"
#include "base/log.h"
#include "encode/fields.h"
#include "encode/top_ports.h"

#define TOTAL_AT 8  /* the column where the totals begin */
#define TOTAL    8  /* columns of a total */
#define HEADINGS 16 /* lines that are not ports, at most */

static void put_title(struct page *p, const struct top *t)
{
    char time[40];
    struct buf b = {.data = time, .cap = sizeof time - 1};

    if (t->time_ms < 0)
        buf_text(&b, "the clock is not set");
    else
        log_put_time(&b, t->time_ms / 1000);
    time[b.len] = '\0';
    page_line(p, NULL, "sockpush  %s  %s  every %lld ms  %s", t->reading->name, time, (long long)t->interval_ms,
              t->host ? t->host : "");
}

static void put_unread(struct page *p, const struct top *t)
{
    const bool *read = t->reading->read;

    if (!read[PROTOCOL_TCP] || !read[PROTOCOL_UDP])
        page_line(p, PAGE_BOLD, "%s%s%s cannot be read: %s", read[PROTOCOL_TCP] ? "" : "TCP",
                  read[PROTOCOL_TCP] || read[PROTOCOL_UDP] ? "" : ", ", read[PROTOCOL_UDP] ? "" : "UDP", t->why);
}

/* The states of each total. */
static const struct {
    char heading[8];
    uint16_t fields; /* bits */
} totals[] = {
    {"ESTAB", 1 << STATE_ESTABLISHED},
    {"SYN_S", 1 << STATE_SYN_SENT},
    {"SYN_R", 1 << STATE_SYN_RECV},
    {"FIN_W", 1 << STATE_FIN_WAIT1 | 1 << STATE_FIN_WAIT2},
    {"TIME_W", 1 << STATE_TIME_WAIT},
    {"CLOSE_W", 1 << STATE_CLOSE_WAIT},
    {"OTHER", 1 << STATE_CLOSE | 1 << STATE_LAST_ACK | 1 << STATE_CLOSING | 1 << STATE_UNKNOWN},
    {"LISTEN", 1 << STATE_LISTEN},
    {"UDP", 1 << FIELD_UDP},
};

#define N_TOTALS (sizeof totals / sizeof *totals)

static void put_total(struct page *p, const struct top *t, const char *name, const struct total *total)
{
    page_begin_line(p, NULL);
    page_put(p, name);
    page_pad_to(p, TOTAL_AT);
    for (size_t i = 0; i < N_TOTALS; i++) {
        uint64_t n = 0;

        for (unsigned field = 0; field < FIELD_COUNT; field++)
            n += totals[i].fields >> field & 1 ? total->count[field] : 0;
        if (t->reading->read[i == N_TOTALS - 1 ? PROTOCOL_UDP : PROTOCOL_TCP])
            page_put_number(p, n, TOTAL);
        else
            page_put_right(p, "-", TOTAL);
    }
    page_end_line(p);
}

static void put_totals(struct page *p, const struct top *t)
{
    page_begin_line(p, NULL);
    page_put(p, "IP");
    page_pad_to(p, TOTAL_AT);
    for (size_t i = 0; i < N_TOTALS; i++)
        page_put_right(p, totals[i].heading, TOTAL);
    page_end_line(p);
    put_total(p, t, "4  all", &t->tally->total[0]);
    if (t->reading->report.ipv6)
        put_total(p, t, "6  all", &t->tally->total[1]);
}

struct counter {
    uint8_t counter; /* enum kernel_counter */
    char name[20];
};

static const struct counter gauges[] = {
    {TCP_MEM_PAGES, "TCP pages"},     {TCP_ORPHAN, "orphans"},    {SOCKETS_USED, "sockets"},
    {CONNTRACK_COUNT, "connections"}, {CONNTRACK_MAX, "at most"},
};

static const struct counter rises[] = {
    {PASSIVE_OPENS, "accepted"},
    {ACTIVE_OPENS, "opened"},
    {RETRANS_SEGS, "resent"},
    {LISTEN_OVERFLOWS, "queue overflows"},
};

/* Puts those of n counters that are known, in one line that begins with `name`, as far as it has room. */
static void put_counters(struct page *p, const struct top *t, const char *name, const struct counter *c, size_t n,
                         uint32_t known)
{
    char text[PAGE_TEXT_MAX], number[PAGE_NUMBER_MAX];
    struct buf b = {.data = text, .cap = sizeof text - 1};

    for (; n; c++, n--) {
        unsigned i = c->counter;
        uint64_t since = i < KERNEL_GAUGES ? 0 : t->before->n[i];
        size_t whole = b.len;

        if (known >> i & 1)
            buf_format(&b, "%s %s %s", whole ? "," : name, c->name, page_fit(t->kernel->n[i] - since, 5, number));
        if (b.len > p->width) {
            buf_cut(&b, whole);
            break;
        }
    }
    text[b.len] = '\0';
    if (b.len)
        page_line(p, NULL, "%s", text);
}

static void put_kernel(struct page *p, const struct top *t)
{
    char name[40];

    put_counters(p, t, "Kernel:", gauges, sizeof gauges / sizeof *gauges, t->kernel->known);
    text_format(name, sizeof name, "In %llu ms:", (unsigned long long)t->passed_ms);
    if (t->passed_ms)
        put_counters(p, t, name, rises, sizeof rises / sizeof *rises, t->kernel->known & t->before->known);
}

size_t top_size(const struct tally *t)
{
    return ((size_t)t->n_room * 2 + HEADINGS) * PAGE_LINE_MAX;
}

void top_put(const struct top *t, struct buf *out)
{
    struct page p;

    page_begin(&p, t->lines, t->columns, out);
    put_title(&p, t);
    put_unread(&p, t);
    put_totals(&p, t);
    put_kernel(&p, t);
    top_put_ports(&p, t);
    page_end(&p);
}
