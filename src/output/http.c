/* http://HOST[:PORT]/PATH?QUERY and https://…: a POST, whose answer says whether its lines are stored. One at a time over
 * a connection that stays; whatever leaves an answer in doubt ends it, and the lines are sent again over the next. */
#include <errno.h>
#include <string.h>

#include "base/format.h"
#include "base/log.h"
#include "output/http_answer.h"
#include "output/http_request.h"
#include "output/link.h"
#include "output/secrets.h"

#define SEND_NS (20ull * 1000000000)
#define ANSWER_NS (20ull * 1000000000)
#define BODY_NS (2ull * 1000000000) /* for the rest of an answer whose verdict is known */
#define HEAR_PAUSE_MS 50            /* while it waits to write, whether the receiver says something */
#define SLOW_MS 30000               /* between two attempts when only an operator can help */
#define LINE_MAX_BYTES 16383
#define BATCH_MAX 65536

static int open_http(struct link *l)
{
    return link_connect(l, NULL);
}

static int open_https(struct link *l)
{
    return link_connect(l, link_shake_hands);
}

/* --- the exchange -------------------------------------------------------------------- */

/* What came of the answer: 1: something, 0: nothing yet, -EPIPE: the connection ended, or another -errno. */
static int hear_answer(struct link *l, struct http_answer *a)
{
    char in[1024];
    long n = link_receive_some(l, in, sizeof in);

    if (n <= 0)
        return n == -EAGAIN ? 0 : n ? (int)n : -EPIPE;
    if (http_answer_take(a, in, (size_t)n) < (size_t)n)
        a->closes = true; /* there is more than the answer */
    return 1;
}

/* 0: all is written; -EALREADY: there is an answer before that; or another -errno. */
static int put(struct link *l, struct http_answer *a, const char *data, size_t len, uint64_t deadline_ns)
{
    while (len) {
        long n = link_send_some(l, data, len);
        int ret;

        if (n > 0) {
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (n != -EAGAIN)
            return (int)n;
        if ((ret = hear_answer(l, a)) < 0)
            return ret;
        if (a->wrong || http_answer_known(a))
            return -EALREADY;
        if (platform_monotonic_ns() > deadline_ns) {
            link_explain(l, "the receiver did not take all within 20 s");
            return -ETIMEDOUT;
        }
        net_wait_writable(l->fd, HEAR_PAUSE_MS);
    }
    return 0;
}

/* Waits for more of the answer: 0: some came, or -errno. */
static int await_answer(struct link *l, struct http_answer *a, uint64_t deadline_ns)
{
    int ret = hear_answer(l, a);
    uint64_t now = platform_monotonic_ns();

    if (ret)
        return ret < 0 ? ret : 0;
    if (now >= deadline_ns)
        return -ETIMEDOUT;
    net_wait_readable(l->fd, (int)((deadline_ns - now) / 1000000) + 1);
    return 0;
}

/* 0: the answer's verdict is known, or -errno with l->why. */
static int get_answer(struct link *l, struct http_answer *a)
{
    uint64_t deadline_ns = platform_monotonic_ns() + ANSWER_NS;
    int ret = 0;

    while (!ret && !a->wrong && !http_answer_known(a))
        ret = await_answer(l, a, deadline_ns);
    if (a->wrong) {
        link_explain(l, "%s", a->wrong);
        return -EPROTO;
    }
    if (ret == -EPIPE)
        link_explain(l, a->head_len ? "the receiver ended the connection amid its answer" : "the receiver ended the connection without an answer");
    if (ret == -ETIMEDOUT)
        link_explain(l, "the receiver gave no answer for 20 s");
    if (ret)
        return ret;
    deadline_ns = platform_monotonic_ns() + BODY_NS;
    while (!ret && a->stage != HTTP_WHOLE)
        ret = await_answer(l, a, deadline_ns);
    if (ret == -ETIMEDOUT)
        log_event(LOG_DEBUG, "output", l->to->name, "the rest of the answer did not come within %u s", (unsigned)(BODY_NS / 1000000000));
    http_answer_end(a);
    return 0;
}

/* --- the verdict ------------------------------------------------------------------------ */

/* "413 Request Entity Too Large: "words"" */
static void explain_answer(struct link *l, struct http_answer *a)
{
    char target[sizeof a->location + 4], *texts[] = {a->reason, a->words, a->location};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        secrets_mask_words(texts[i], l->to->hidden);
        secrets_mask_words(texts[i], l->to->http->hidden);
    }
    text_format(target, sizeof target, "%s%s", a->location[0] ? " to " : "", a->location);
    link_explain(l, "the receiver answers %d%s%s%s%s%s%s", a->status, *a->reason ? " " : "", a->reason, a->status / 100 == 3 ? target : "",
                 *a->words ? ": \"" : "", a->words, *a->words ? "\"" : "");
}

static int judge(struct link *l, struct http_answer *a)
{
    if (a->status / 100 == 2)
        return 0;
    explain_answer(l, a);
    switch (a->status) {
    case 400:
    case 413:
    case 422:
        return -EBADMSG;
    case 408:
    case 425:
    case 429:
        break;
    default:
        if (a->status / 100 != 5) { /* a wrong path, no rights, a redirection */
            l->wait_ms = SLOW_MS;
            return -EACCES;
        }
    }
    l->wait_ms = (unsigned)a->wait_s * 1000;
    return -EBUSY;
}

static int send_http(struct link *l, const char *lines, size_t len)
{
    char text[HTTP_REQUEST_MAX];
    struct buf head = {.data = text, .cap = sizeof text};
    struct http_answer answer;
    uint64_t deadline_ns = platform_monotonic_ns() + SEND_NS;
    int sent, ret;

    http_answer_init(&answer);
    http_request_put(&head, l->to, &l->to->target[l->target], len);
    sent = put(l, &answer, head.data, head.len, deadline_ns);
    if (!sent)
        sent = put(l, &answer, lines, len, deadline_ns);
    /* Whoever refuses a request may end the connection before it has read all of it, but say why. */
    ret = sent == -ETIMEDOUT ? sent : get_answer(l, &answer);
    if (!ret)
        ret = judge(l, &answer);
    else
        l->torn = true;
    /* It may have ended the connection while this was on its way: both are right. */
    if (l->answered && !answer.head_len && (ret == -EPIPE || ret == -ECONNRESET))
        return -ENOTCONN;
    l->answered = true;
    log_event(LOG_DEBUG, "output", l->to->name, "%zu bytes posted: %d", len, answer.status);
    if (!ret && sent) {
        link_explain(l, "the receiver answers %d before it has all", answer.status);
        return -EPROTO;
    }
    if ((!ret || ret == -EBADMSG) && (sent || answer.closes)) {
        link_close(l);
        l->fd = -1;
    }
    return ret;
}

/* Between two requests there is nothing to hear but the connection's end. */
static int hear_http(struct link *l)
{
    char in[64];
    long n = link_receive_some(l, in, sizeof in);

    return n == -EAGAIN ? 0 : n < 0 ? (int)n : -EPIPE;
}

const struct output_kind output_http = {
    .scheme = "http",
    .has_host = true,
    .has_path = true,
    .fails_over = true,
    .answers = true,
    .port = 80,
    .format = &encoder_influx,
    .line_max = LINE_MAX_BYTES,
    .batch_max = BATCH_MAX,
    .retry_max_ms = 30000,
    .open = open_http,
    .send = send_http,
    .hear = hear_http,
    .finish = link_finish,
    .close = link_close,
};

const struct output_kind output_https = {
    .scheme = "https",
    .has_host = true,
    .has_path = true,
    .fails_over = true,
    .has_tls = true,
    .answers = true,
    .port = 443,
    .format = &encoder_influx,
    .line_max = LINE_MAX_BYTES,
    .batch_max = BATCH_MAX,
    .retry_max_ms = 30000,
    .open = open_https,
    .send = send_http,
    .hear = hear_http,
    .finish = link_finish,
    .close = link_close,
};
