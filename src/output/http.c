/* http://HOST[:PORT]/PATH?QUERY and https://…: each batch is one POST, and its answer decides whether the lines are
 * stored. Requests go one by one over a persistent connection. An answer in doubt ends it, and the lines are sent
 * again. */
#include <errno.h>
#include <string.h>

#include "base/deadline.h"
#include "base/format.h"
#include "base/log.h"
#include "output/http_answer.h"
#include "output/http_request.h"
#include "output/limits.h"
#include "output/secrets.h"
#include "output/stream.h"
#include "output/transport.h"

#define LINE_MAX_BYTES 16383
#define BATCH_MAX      65536

/* --- the exchange -------------------------------------------------------------------- */

/* Rejects bytes outside an answer: the connection is then unusable. Returns -EPIPE. */
static int take_unasked(void *ctx, const char *data, size_t len)
{
    (void)ctx, (void)data, (void)len;
    return -EPIPE;
}

static int open_http(struct link *l)
{
    l->take = take_unasked;
    return link_connect(l, NULL);
}

static int open_https(struct link *l)
{
    l->take = take_unasked;
    return link_connect(l, link_handshake);
}

/* Parses a part of the answer. Returns -EALREADY once the verdict is known, even amid the request. */
static int take_answer(void *ctx, const char *data, size_t len)
{
    struct http_answer *a = ctx;

    if (http_answer_take(a, data, len) < len)
        a->closes = true; /* bytes follow the answer */
    return a->wrong || http_answer_known(a) ? -EALREADY : 0;
}

/* Waits for more of the answer, until the deadline. Returns 0 or -errno. */
static int await_answer(struct link *l, uint64_t deadline_ns)
{
    int ret = stream_drain(l), left_ms = deadline_left_ms(deadline_ns);

    if (ret)
        return ret;
    if (!left_ms)
        return -ETIMEDOUT;
    net_wait_readable(l->fd, left_ms);
    return 0;
}

static void await_rest(struct link *l, struct http_answer *a)
{
    uint64_t deadline_ns = deadline_in(BODY_MS);
    int ret = 0;

    while ((!ret || ret == -EALREADY) && a->stage != HTTP_WHOLE)
        ret = await_answer(l, deadline_ns);
    if (ret == -ETIMEDOUT)
        log_event(LOG_DEBUG, "output", l->endpoint->name, "the rest of the answer did not come within %u s",
                  BODY_MS / 1000);
    http_answer_end(a);
}

/* Waits for the answer until the deadline, which comes after ms. Returns 0 once its verdict is known, or -errno with
 * l->why. */
static int get_answer(struct link *l, struct http_answer *a, uint64_t deadline_ns, unsigned ms)
{
    int ret = 0;

    while (!ret && !a->wrong && !http_answer_known(a))
        ret = await_answer(l, deadline_ns);
    if (a->wrong) {
        link_explain(l, "%s", a->wrong);
        return -EPROTO;
    }
    if (http_answer_known(a)) {
        await_rest(l, a);
        return 0;
    }
    if (ret == -EPIPE)
        link_explain(l, a->head_len ? "the receiver ended the connection amid its answer"
                                    : "the receiver ended the connection without an answer");
    if (ret == -ETIMEDOUT)
        link_explain(l, ms % 1000 ? "the receiver gave no answer for %u ms" : "the receiver gave no answer for %u s",
                     ms % 1000 ? ms : ms / 1000);
    return ret;
}

/* --- the verdict ------------------------------------------------------------------------ */

/* Sets l->why, as in: the receiver answers 413 Request Entity Too Large: "words" */
static void explain_answer(struct link *l, struct http_answer *a)
{
    char target[sizeof a->location + 4], *texts[] = {a->reason, a->words, a->location};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        secrets_mask_words(texts[i], l->endpoint->hidden);
        secrets_mask_words(texts[i], l->endpoint->http->hidden);
    }
    text_format(target, sizeof target, "%s%s", a->location[0] ? " to " : "", a->location);
    link_explain(l, "the receiver answers %d%s%s%s%s%s%s%s", a->status, *a->reason ? " " : "", a->reason,
                 a->status / 100 == 3 ? target : "", *a->words ? ": \"" : "", a->words, *a->words ? "\"" : "",
                 a->status == 401 ? ": set SOCKPUSH_HTTP_TOKEN to a token that it accepts" : "");
}

/* Notes what the receiver did not store of a request that it accepted, or its warning. */
static void take_partial(struct link *l, struct http_answer *a)
{
    const struct posting *post = l->endpoint->format->post;

    if (!post || !post->rejected)
        return;
    l->rejected = post->rejected(a->body, a->kept_len, a->words, sizeof a->words);
    if (l->rejected || *a->words)
        explain_answer(l, a);
}

static int judge(struct link *l, struct http_answer *a)
{
    const struct posting *post = l->endpoint->format->post;

    if (a->status / 100 == 2) {
        take_partial(l, a);
        return 0;
    }
    if (post && post->reason) {
        char words[sizeof a->words];

        post->reason(a->body, a->kept_len, words, sizeof words);
        if (*words)
            memcpy(a->words, words, sizeof words);
    }
    explain_answer(l, a);
    switch (a->status) {
    case 400:
    case 422: return -EBADMSG;
    case 413: return -E2BIG;
    case 429:
    case 502:
    case 503:
    case 504: break;
    case 408:
    case 425:
        if (post && post->few_retries)
            return -EBADMSG;
        break;
    default:
        if (post && post->few_retries && a->status / 100 != 3 && a->status != 401 && a->status != 403 &&
            a->status != 404)
            return -EBADMSG;
        if (a->status < 500) { /* a wrong path, no rights, a redirection */
            l->wait_ms = OPERATOR_MS;
            return -EACCES;
        }
    }
    l->wait_ms = (unsigned)a->wait_s * 1000;
    return -EBUSY;
}

/* Sends the request. Returns 0, -EALREADY if the verdict came before its end, or another -errno with l->why. */
static int put(struct link *l, const char *lines, size_t len, uint64_t deadline_ns)
{
    char text[HTTP_REQUEST_MAX];
    struct buf head = {.data = text, .cap = sizeof text};
    int ret;

    http_request_put(&head, l->endpoint, &l->endpoint->target[l->target], len);
    ret = stream_send_all(l, head.data, head.len, deadline_ns);
    return ret ? ret : stream_send_all(l, lines, len, deadline_ns);
}

static int exchange(struct link *l, struct http_answer *a, const char *lines, size_t len)
{
    unsigned whole_ms = l->endpoint->http->timeout_ms;
    uint64_t whole_ns = deadline_in(whole_ms);
    int sent = put(l, lines, len, whole_ms ? whole_ns : deadline_in(SEND_MS)), ret;

    /* A receiver that refuses a request may end the connection before it has read all of it, but still answer. */
    if (sent && sent != -EALREADY && sent != -EPIPE && sent != -ECONNRESET)
        return sent;
    if (sent)
        l->why[0] = '\0';
    ret = get_answer(l, a, whole_ms ? whole_ns : deadline_in(ANSWER_MS), whole_ms ? whole_ms : ANSWER_MS);
    if (!ret)
        ret = judge(l, a);
    if (!ret && sent) {
        link_explain(l, "the receiver answers %d amid the request", a->status);
        return -EPROTO;
    }
    if ((!ret || ret == -EBADMSG || ret == -E2BIG) && (sent || a->closes))
        link_close(l);
    return ret;
}

/* Posts lines. Returns as send does. */
static int post(struct link *l, struct http_answer *answer, const char *lines, size_t len)
{
    bool answered = l->answered;
    int ret;

    http_answer_init(answer);
    l->take = take_answer;
    l->take_ctx = answer;
    ret = exchange(l, answer, lines, len);
    l->take = take_unasked;
    l->cut |= !http_answer_known(answer);
    l->answered = true;
    log_event(LOG_DEBUG, "output", l->endpoint->name, "%zu bytes posted: %d", len, answer->status);
    /* The receiver may end an idle connection while a request is under way (RFC 9112, 9.5), which is not an error. */
    return answered && !answer->head_len && (ret == -EPIPE || ret == -ECONNRESET) ? -ENOTCONN : ret;
}

static int send_http(struct link *l, const char *lines, size_t len)
{
    struct http_answer answer;

    return post(l, &answer, lines, len);
}

/* Posts no lines. A missing database or path, or a wrong token, is reported all the same. InfluxDB 2 ("writing requires
 * points") and DataKit answer 400 though all is well; others answer 400 to a wrong path. */
static int probe_http(struct link *l)
{
    struct http_answer answer;
    int ret = post(l, &answer, "", 0);
    char why[sizeof l->why];

    if (!ret)
        explain_answer(l, &answer);
    memcpy(why, l->why, sizeof why);
    link_explain(l, "an empty POST: %s%s", *why ? why : platform_error_text(-ret),
                 ret == -EBADMSG ? "; with lines it may answer otherwise" : "");
    return ret == -EBADMSG ? PROBE_UNKNOWN : ret;
}

const struct transport output_http = {
    .scheme = "http",
    .has_host = true,
    .has_path = true,
    .acknowledged = ACKNOWLEDGED_BY_ANSWER,
    .port = 80,
    .format = &encoder_influx,
    .line_max = LINE_MAX_BYTES,
    .batch_max = BATCH_MAX,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_http,
    .send = send_http,
    .probe = probe_http,
};

const struct transport output_https = {
    .scheme = "https",
    .has_host = true,
    .has_path = true,
    .has_tls = true,
    .acknowledged = ACKNOWLEDGED_BY_ANSWER,
    .port = 443,
    .format = &encoder_influx,
    .line_max = LINE_MAX_BYTES,
    .batch_max = BATCH_MAX,
    .backoff_max_ms = BACKOFF_MAX_MS,
    .open = open_https,
    .send = send_http,
    .probe = probe_http,
};
