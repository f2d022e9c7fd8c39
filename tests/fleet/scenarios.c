#include "fleet/scenarios.h"

#include <errno.h>
#include <string.h>

#include "output/http_request.h"

static void no_preamble(struct buf *b, const char *resource, size_t resource_len, size_t len)
{
    (void)b, (void)resource, (void)resource_len, (void)len;
}

static uint64_t read_rejected(const char *body, size_t len, char *out, size_t cap)
{
    (void)cap;
    *out = '\0';
    return len ? (uint64_t)(*body - '0') : 0;
}

static const struct posting posting = {
    .type = "text/plain", .headers = "", .preamble = no_preamble, .rejected = read_rejected};
/* Stands in for the format that http names as its default. */
const struct encoder encoder_influx = {.name = "lines", .timestamps = true, .record = record_line};
static const struct encoder untimed = {.name = "gauges", .record = record_line};
static const struct encoder posted = {.name = "posted", .timestamps = true, .record = record_line, .post = &posting};
static const struct http_settings http_settings = {.headers = "", .hidden = ""};

#define ENDPOINT(t, f, n)            \
    {.name = "fleet:",               \
     .format = &f,                   \
     .transport = &output_##t,       \
     .target = {{"a", 1}, {"b", 2}}, \
     .n_targets = n,                 \
     .path = "/write",               \
     .http = &http_settings,         \
     .hidden = ""}
static const struct endpoint tcp = ENDPOINT(tcp, encoder_influx, 1), tcp_pair = ENDPOINT(tcp, encoder_influx, 2),
                             http = ENDPOINT(http, encoder_influx, 1), udp = ENDPOINT(udp, untimed, 1),
                             partial = ENDPOINT(http, posted, 1);

/* --- what happens --------------------------------------------------------------------------- */

static struct answers answers_away;

/* The aggregator's program is ended, which ends its connections in order. */
static void refuse(void)
{
    aggregator.place[0].state = PLACE_REFUSES;
    network_cut(0, 0, false);
}

/* A tenth of the machines can connect in a second, for the others' packets there is no room. */
static void accept_again(void)
{
    aggregator.place[0].state = PLACE_ANSWERS;
    aggregator.place[0].accepts = n_nodes / 10;
}

/* Its machine is gone, and no connection knows. */
static void lose_power(void)
{
    aggregator.place[0].state = PLACE_SILENT;
    network_cut(0, 0, true);
}

static void boot(void)
{
    accept_again();
    network_reset(0);
}

/* A proxy before it is restarted, or it crashes and is there at once. */
static void restart_at_once(void)
{
    network_cut(0, -ECONNRESET, false);
}

/* Its name leads to another machine at the moment when this one is gone. */
static void move(void)
{
    lose_power();
    aggregator.named[0] = 1;
}

static void answer_otherwise(void)
{
    aggregator.answers = answers_away;
    aggregator.answers.takes = answers_away.takes * n_nodes / 1000;
    if (answers_away.until_ns)
        aggregator.answers.until_ns += clock_ns;
}

static void answer_well(void)
{
    aggregator.answers = (struct answers){.status = 200};
}

static void nothing(void)
{
}

/* --- the scenarios ------------------------------------------------------------------------------ */

/* clang-format off */
const struct scenario scenarios[] = {
    {"tcp, nothing happens",      &tcp,       0, 110, nothing,          nothing,      {0}, 0, {.lines = .11, .late_s = 1}},
    {"tcp, is back at once",      &tcp,       0, 110, restart_at_once,  nothing,      {0}, 0, {.back = .22, .lines = .8, .again = .5, .late_s = 1}},
    {"tcp, is away for 30 s",     &tcp,      30, 150, refuse,           accept_again, {0}, 0, {.away = .65, .back = .1, .lines = .5, .again = .3, .late_s = 36}},
    {"tcp, has no power for 60 s", &tcp,     60, 180, lose_power,       boot,         {0}, 0, {.away = .65, .back = .3, .lines = 1.2, .again = .3, .late_s = 40}},
    {"tcp, outbox too small",     &tcp,     120, 230, refuse,           accept_again, {0}, 16384, {.away = .65, .back = .1, .lines = .5, .again = .3, .late_s = 36, .lost = 10}},
    {"tcp, moves",                &tcp,       0, 130, move,             nothing,      {0}, 0, {.back = .11, .lines = .8, .again = .5, .late_s = 31}},
    {"tcp, fails over for 60 s",  &tcp_pair, 60, 180, refuse,           accept_again, {0}, 0, {.away = .22, .back = .07, .lines = .5, .again = .5, .late_s = 2}},
    {"http, is away for 30 s",    &http,     30, 150, refuse,           accept_again, {0}, 0, {.away = .65, .back = .1, .requests = .2, .lines = .5, .again = .05, .late_s = 36}},
    {"http, has no power for 60 s", &http,   60, 180, lose_power,       boot,         {0}, 0, {.away = .65, .back = .3, .requests = .3, .lines = 1, .again = .1, .late_s = 40}},
    {"http, answers after 10 s",  &http,     60, 150, answer_otherwise, answer_well,  {.status = 200, .delay_ns = 10 * SECOND}, 0, {.requests = .15, .lines = .11, .again = .01, .late_s = 1}},
    {"http, answers after 25 s",  &http,     60, 180, answer_otherwise, answer_well,  {.status = 200, .delay_ns = 25 * SECOND}, 0, {.away = .11, .back = .11, .requests = .3, .lines = 1, .again = .3, .late_s = 36}},
    {"http, answers 503",         &http,     60, 160, answer_otherwise, answer_well,  {.status = 503}, 0, {.away = .65, .back = .1, .requests = .2, .lines = .6, .again = .7, .late_s = 31}},
    {"http, 429, again after 1 s", &http,    60, 160, answer_otherwise, answer_well,  {.status = 429, .retry_after_s = 1}, 0, {.away = .65, .back = .1, .requests = .2, .lines = .6, .again = .7, .late_s = 32}},
    {"http, 429, again after 30 s", &http,   60, 180, answer_otherwise, answer_well,  {.status = 429, .retry_after_s = 30}, 0, {.away = .12, .back = .12, .requests = .4, .lines = 1.5, .again = .2, .late_s = 46}},
    {"http, 429 until a time",    &http,     60, 160, answer_otherwise, answer_well,  {.status = 429, .until_ns = 60 * SECOND}, 0, {.away = .12, .back = .2, .requests = .4, .lines = 1.5, .again = .1, .late_s = 31}},
    {"http, 429 beyond half",     &http,     60, 180, answer_otherwise, answer_well,  {.status = 200, .takes = 50}, 0, {.away = .5, .back = .2, .requests = .3, .lines = .6, .again = .7, .late_s = 31}},
    {"http, refuses one line",    &partial,  60, 150, answer_otherwise, answer_well,  {.status = 200, .rejects = 1}, 0, {.requests = .11, .lines = .11, .late_s = 1, .lost = .4}},
    {"udp, moves",                &udp,      30, 150, move,             nothing,      {0}, 0, {.lines = .11, .late_s = 60, .lost = 7, .uncounted = true}},
    {.name = NULL},
};
/* clang-format on */

static const struct scenario *playing;

void scenario_begin(const struct scenario *s)
{
    playing = s;
    answers_away = s->answers;
    aggregator = (struct aggregator){.named = {0, 1}, .answers = {.status = 200}};
    lines_sent = 0;
}

void scenario_second(unsigned second)
{
    if (second == FROM_S)
        playing->away();
    if (second != FROM_S + playing->away_s)
        return;
    aggregator.back_ns = clock_ns;
    playing->back();
}
